//! Hashes: xxHash64 over the bytes of a value, and cryptographic ones over its text.
//!
//! Facts from the reference pages of `hash()`, `hash_many()` and `hash_sha256()`. How `hash_combine()` mixes is
//! not documented and may change there; here it is the mixing step of boost's `hash_combine`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use twox_hash::XxHash64;

use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, convert};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["hash", "hash_xxhash64"], |_, args| hash(args)),
    strict(&["hash_combine"], |_, args| {
        combined(
            args.iter()
                .filter_map(Datum::as_i64)
                .map(i64::cast_unsigned),
        )
    }),
    lenient(&["hash_many"], |_, args| combined(args.iter().map(xxhash))),
    lenient(&["hash_md5"], digest::<Md5>),
    lenient(&["hash_sha1"], digest::<Sha1>),
    lenient(&["hash_sha256"], digest::<Sha256>),
];

/// xxHash64 with seed 0 of a value's bytes: UTF-8 of a string, little-endian of anything else.
fn xxhash(value: &Datum<'_>) -> u64 {
    let oneshot = |bytes: &[u8]| XxHash64::oneshot(0, bytes);
    match value {
        Datum::Null => oneshot(&[]),
        Datum::Bool(v) => oneshot(&[u8::from(*v)]),
        Datum::Int(v) => oneshot(&v.to_le_bytes()),
        Datum::Long(v) | Datum::DateTime(v) | Datum::TimeSpan(v) => oneshot(&v.to_le_bytes()),
        Datum::Real(v) => oneshot(&v.to_le_bytes()),
        Datum::Decimal(v) => oneshot(&v.to_le_bytes()),
        Datum::Guid(text) => oneshot(&super::encoding::guid_bytes(text).unwrap_or_default()),
        Datum::Str(text) | Datum::Dynamic(text) => oneshot(text.as_bytes()),
    }
}

/// With a modulus, the hash counts as unsigned: the result lies in `0..modulus`.
fn hash<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let Some(hash) = args.first().map(xxhash) else {
        return Datum::Null;
    };
    match args.get(1).map(Datum::as_i64) {
        None => Datum::Long(hash.cast_signed()),
        Some(modulus) => modulus
            .and_then(|m| u64::try_from(m).ok())
            .and_then(|m| hash.checked_rem(m))
            .map_or(Datum::Null, |rest| Datum::Long(rest.cast_signed())),
    }
}

fn combined(hashes: impl Iterator<Item = u64>) -> Datum<'static> {
    /// 2^64 divided by the golden ratio.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = hashes.reduce(|seed, hash| {
        seed ^ hash
            .wrapping_add(GOLDEN)
            .wrapping_add(seed << 6)
            .wrapping_add(seed >> 2)
    });
    mixed.map_or(Datum::Null, |hash| Datum::Long(hash.cast_signed()))
}

fn digest<'a, D: Digest>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let text = args
        .first()
        .map_or(std::borrow::Cow::Borrowed(""), convert::to_text);
    Datum::string(hex(&D::digest(text.as_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)))
        .collect()
}
