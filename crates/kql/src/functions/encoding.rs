//! Hashes, encodings and compression.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "base64_decode_toarray",
        &["(base64_string: string) -> dynamic"],
        "Array of the bytes of a Base64 text.",
    )
    .example("tostring(base64_decode_toarray(\"aGk=\")) == \"[104,105]\""),
    Function::new(
        "base64_decode_toguid",
        &["(base64_string: string) -> guid"],
        "Guid of a Base64 text.",
    )
    .example("base64_decode_toguid(\"AAAAAAAAAAAAAAAAAAAAAA==\") == guid(00000000-0000-0000-0000-000000000000)"),
    Function::new(
        "base64_decode_tostring",
        &["(base64_string: string) -> string"],
        "String of a Base64 text's UTF-8 bytes.",
    )
    .example("base64_decode_tostring(\"aGk=\") == \"hi\""),
    Function::new(
        "base64_decodestring",
        &["(base64_string: string) -> string"],
        "Older spelling of base64_decode_tostring.",
    )
    .example("base64_decodestring(\"aGk=\") == \"hi\"")
    .alias_of("base64_decode_tostring"),
    Function::new(
        "base64_encode_fromarray",
        &["(base64_string_decoded_as_array: array) -> string"],
        "Base64 of an array of bytes.",
    )
    .example("base64_encode_fromarray(dynamic([104, 105])) == \"aGk=\""),
    Function::new(
        "base64_encode_fromguid",
        &["(guid: guid) -> string"],
        "Base64 of a guid.",
    )
    .example("base64_encode_fromguid(guid(00000000-0000-0000-0000-000000000000)) == \"AAAAAAAAAAAAAAAAAAAAAA==\""),
    Function::new(
        "base64_encode_tostring",
        &["(string: string) -> string"],
        "Base64 of a string's UTF-8 bytes.",
    )
    .example("base64_encode_tostring(\"hi\") == \"aGk=\""),
    Function::new(
        "base64_encodestring",
        &["(string: string) -> string"],
        "Older spelling of base64_encode_tostring.",
    )
    .example("base64_encodestring(\"hi\") == \"aGk=\"")
    .alias_of("base64_encode_tostring"),
    Function::new(
        "gzip_compress_to_base64_string",
        &["(string: string) -> string"],
        "Compresses with gzip and codes as Base64.",
    )
    .example("gzip_decompress_from_base64_string(gzip_compress_to_base64_string(\"whoami\")) == \"whoami\""),
    Function::new(
        "gzip_decompress_from_base64_string",
        &["(string: string) -> string"],
        "Decompresses Base64 coded gzip data.",
    )
    .example("gzip_decompress_from_base64_string(extract(@\"FromBase64String\\('(.+?)'\", 1, CommandLine))"),
    Function::new(
        "hash",
        &["(source: plain, mod: integer?) -> long"],
        "xxHash64 of a value, optionally modulo a number.",
    )
    .example("hash(\"World\", 100) == 51"),
    Function::new(
        "hash_combine",
        &["(source: scalar{2}) -> long"],
        "Combines hashes.",
    )
    .example("hash_combine(hash(Account), hash(Computer))"),
    Function::new(
        "hash_many",
        &["(source: plain+) -> long"],
        "Combined hash of several values.",
    )
    .example("hash_many(Account, Computer)"),
    Function::new(
        "hash_md5",
        &["(source: plain) -> string"],
        "MD5 as hexadecimal digits.",
    )
    .example("hash_md5(\"abc\") == \"900150983cd24fb0d6963f7d28e17f72\""),
    Function::new(
        "hash_sha1",
        &["(source: plain) -> string"],
        "SHA-1 as hexadecimal digits.",
    )
    .example("hash_sha1(\"abc\") == \"a9993e364706816aba3e25717850c26c9cd0d89d\""),
    Function::new(
        "hash_sha256",
        &["(source: plain) -> string"],
        "SHA-256 as hexadecimal digits.",
    )
    .example("hash_sha256(\"abc\")"),
    Function::new(
        "hash_xxhash64",
        &["(source: plain, mod: integer?) -> long"],
        "xxHash64, optionally modulo a number.",
    )
    .example("hash_xxhash64(\"World\", 100) == 51"),
    Function::new(
        "zlib_compress_to_base64_string",
        &["(string: string) -> string"],
        "Compresses with zlib and codes as Base64.",
    )
    .example("zlib_decompress_from_base64_string(zlib_compress_to_base64_string(\"whoami\")) == \"whoami\""),
    Function::new(
        "zlib_decompress_from_base64_string",
        &["(string: string) -> string"],
        "Decompresses Base64 coded zlib data.",
    )
    .example("zlib_decompress_from_base64_string(extract(@\"FromBase64String\\('(.+?)'\", 1, CommandLine))"),
];
