//! Encodings: base64, URL, and random GUIDs.

use std::hash::{BuildHasher, Hasher};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::Value;

use super::array::{items, json};
use super::regex_fn::text;
use super::{Body, Call, Kernel, lenient, strict};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    lenient(
        &["base64_encode_tostring", "base64_encodestring"],
        |_, args| Datum::string(STANDARD.encode(text(args, 0))),
    ),
    lenient(
        &["base64_decode_tostring", "base64_decodestring"],
        |_, args| {
            Datum::string(
                decode(text(args, 0))
                    .and_then(|b| String::from_utf8(b).ok())
                    .unwrap_or_default(),
            )
        },
    ),
    lenient(&["base64_decode_toarray"], |_, args| {
        match STANDARD.decode(text(args, 0)).ok() {
            Some(bytes) => json(bytes.into_iter().map(Value::from).collect()),
            None => Datum::Null,
        }
    }),
    strict(&["base64_encode_fromarray"], |_, args| {
        let bytes: Option<Vec<u8>> = items(args, 0).and_then(|a| {
            a.iter()
                .map(|v| v.as_u64().and_then(|b| u8::try_from(b).ok()))
                .collect()
        });
        bytes.map_or(Datum::Null, |bytes| Datum::string(STANDARD.encode(bytes)))
    }),
    lenient(&["base64_decode_toguid"], |_, args| {
        decode(text(args, 0)).map_or(Datum::Null, |bytes| guid(&bytes))
    }),
    strict(&["base64_encode_fromguid"], |_, args| {
        Datum::string(guid_bytes(text(args, 0)).map_or(String::new(), |b| STANDARD.encode(b)))
    }),
    lenient(&["url_encode"], |_, args| url_encode(text(args, 0), "+")),
    lenient(&["url_encode_component"], |_, args| {
        url_encode(text(args, 0), "%20")
    }),
    lenient(&["url_decode"], |_, args| {
        Datum::string(url_decode(text(args, 0)))
    }),
    Kernel {
        names: &["new_guid"],
        body: Body::Lenient(new_guid),
        deterministic: false,
    },
];

fn decode(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    LENIENT.decode(text.trim()).ok()
}

/// Text position of each byte of a guid in memory: .NET stores the first three groups little-endian.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// The bytes of a guid's text as .NET has them in memory.
pub(super) fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    let bytes = u128::from_str_radix(&hex, 16).ok()?.to_be_bytes();
    (hex.len() == 32).then(|| GUID_ORDER.map(|at| bytes.get(at).copied().unwrap_or(0)))
}

fn guid<'a>(bytes: &[u8]) -> Datum<'a> {
    if bytes.len() != GUID_ORDER.len() {
        return Datum::Null;
    }
    let ordered = GUID_ORDER.map(|at| bytes.get(at).copied().unwrap_or(0));
    let hex = format!("{:032x}", u128::from_be_bytes(ordered));
    crate::values::number::parse_guid(&hex).map_or(Datum::Null, |text| Datum::Guid(text.into()))
}

fn url_encode<'a>(url: &str, space: &str) -> Datum<'a> {
    let mut out = String::new();
    for byte in url.bytes() {
        match byte {
            b' ' => out.push_str(space),
            // What .NET's encoder leaves as it is.
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'*'
            | b'('
            | b')' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02x}")),
        }
    }
    Datum::string(out)
}

/// Decodes `%xx`; a lone or malformed `%` stays. Bytes that aren't UTF-8 become U+FFFD.
pub(super) fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (byte, hex) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn new_guid<'a>(_call: &Call<'_>, _args: &[Datum<'a>]) -> Datum<'a> {
    let random = || {
        std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish()
    };
    let bits = (u128::from(random()) << 64) | u128::from(random());
    // Version 4, variant 1 (RFC 9562 section 5.4).
    let bits = bits & !(0xf << 76) | (4 << 76);
    let bits = bits & !(0x3 << 62) | (2 << 62);
    let hex = format!("{bits:032x}");
    Datum::Guid(
        crate::values::number::parse_guid(&hex)
            .unwrap_or_default()
            .into(),
    )
}
