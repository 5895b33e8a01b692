//! Hashes, encodings and compression.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "base64_decode_toarray",
        &["(base64_string: string) -> dynamic"],
        "Array of the bytes of a Base64 text.",
    ),
    Function::new(
        "base64_decode_toguid",
        &["(base64_string: string) -> guid"],
        "Guid of a Base64 text.",
    ),
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
    .alias_of("base64_decode_tostring"),
    Function::new(
        "base64_encode_fromarray",
        &["(base64_string_decoded_as_array: array) -> string"],
        "Base64 of an array of bytes.",
    ),
    Function::new(
        "base64_encode_fromguid",
        &["(guid: guid) -> string"],
        "Base64 of a guid.",
    ),
    Function::new(
        "base64_encode_tostring",
        &["(string: string) -> string"],
        "Base64 of a string's UTF-8 bytes.",
    ),
    Function::new(
        "base64_encodestring",
        &["(string: string) -> string"],
        "Older spelling of base64_encode_tostring.",
    )
    .alias_of("base64_encode_tostring"),
    Function::new(
        "gzip_compress_to_base64_string",
        &["(string: string) -> string"],
        "Compresses with gzip and codes as Base64.",
    ),
    Function::new(
        "gzip_decompress_from_base64_string",
        &["(string: string) -> string"],
        "Decompresses Base64 coded gzip data.",
    ),
    Function::new(
        "hash",
        &["(source: plain, mod: integer?) -> long"],
        "xxHash64 of a value, optionally modulo a number.",
    ),
    Function::new(
        "hash_combine",
        &["(source: scalar{2}) -> long"],
        "Combines hashes.",
    ),
    Function::new(
        "hash_many",
        &["(source: plain+) -> long"],
        "Combined hash of several values.",
    ),
    Function::new(
        "hash_md5",
        &["(source: plain) -> string"],
        "MD5 as hexadecimal digits.",
    ),
    Function::new(
        "hash_sha1",
        &["(source: plain) -> string"],
        "SHA-1 as hexadecimal digits.",
    ),
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
    ),
    Function::new(
        "zlib_compress_to_base64_string",
        &["(string: string) -> string"],
        "Compresses with zlib and codes as Base64.",
    ),
    Function::new(
        "zlib_decompress_from_base64_string",
        &["(string: string) -> string"],
        "Decompresses Base64 coded zlib data.",
    ),
];
