//! gzip (RFC 1952) and zlib (RFC 1950) streams as Base64 text.
//!
//! A short text is stored rather than squeezed, as the service does it, so its documented outputs come out byte
//! for byte; any decoder reads both forms.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::DeflateEncoder;

use super::regex_fn::text;
use super::{Kernel, lenient};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["gzip_compress_to_base64_string"], |_, args| {
        Datum::string(STANDARD.encode(gzip(text(args, 0).as_bytes())))
    }),
    lenient(&["zlib_compress_to_base64_string"], |_, args| {
        Datum::string(STANDARD.encode(zlib(text(args, 0).as_bytes())))
    }),
    lenient(&["gzip_decompress_from_base64_string"], |_, args| {
        inflated(text(args, 0), |bytes| read(MultiGzDecoder::new(bytes)))
    }),
    lenient(&["zlib_decompress_from_base64_string"], |_, args| {
        inflated(text(args, 0), |bytes| read(ZlibDecoder::new(bytes)))
    }),
];

/// Longest text that decompression gives: a small text can hold a very long one.
const INFLATED_BYTES_MAX: u64 = 16 << 20;

/// A text is squeezed when that saves at least this much.
const SAVING_BYTES_MIN: usize = 64;

fn deflate(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    // Writing to a vector doesn't fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The deflate stream (RFC 1951).
fn body(bytes: &[u8]) -> Vec<u8> {
    let squeezed = deflate(bytes, Compression::default());
    if squeezed.len() + SAVING_BYTES_MIN <= bytes.len() {
        squeezed
    } else {
        deflate(bytes, Compression::none())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // No flags, no time, no statement about level and system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    out.extend(body(bytes));
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    out.extend(body(bytes));
    out.extend(adler32(bytes).to_be_bytes());
    out
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % MODULUS;
        (a, (a + b) % MODULUS)
    });
    b << 16 | a
}

fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let n_bytes = decoder
        .take(INFLATED_BYTES_MAX + 1)
        .read_to_end(&mut out)
        .ok()?;
    (u64::try_from(n_bytes).ok()? <= INFLATED_BYTES_MAX).then_some(out)
}

/// "" when the text isn't Base64 of such a stream, or the stream isn't UTF-8 text.
fn inflated<'a>(source: &str, read: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Datum<'a> {
    let out = STANDARD
        .decode(source)
        .ok()
        .and_then(|bytes| read(&bytes))
        .and_then(|bytes| String::from_utf8(bytes).ok());
    Datum::string(out.unwrap_or_default())
}
