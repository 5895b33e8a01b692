//! Punycode (RFC 3492) of single strings and of the labels of a domain name.
//!
//! Only the coding: letters keep their case and no character is mapped or refused, as in the service, whose
//! `..._to_string` encodes a domain and whose `..._from_string` decodes one.

use super::regex_fn::text;
use super::{Kernel, lenient};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["punycode_from_string"], |_, args| {
        or_empty(encode(text(args, 0)))
    }),
    lenient(&["punycode_to_string"], |_, args| {
        or_empty(decode(text(args, 0)))
    }),
    lenient(&["punycode_domain_to_string"], |_, args| {
        or_empty(labels(text(args, 0), |label| {
            if label.is_ascii() {
                return Some(label.to_owned());
            }
            Some(format!("{PREFIX}{}", encode(label)?))
        }))
    }),
    lenient(&["punycode_domain_from_string"], |_, args| {
        or_empty(labels(text(args, 0), |label| match after_prefix(label) {
            Some(code) => decode(code),
            None => Some(label.to_owned()),
        }))
    }),
];

/// What marks a coded label (RFC 5890 section 2.3.2.5).
const PREFIX: &str = "xn--";

/// Longest string to code: the algorithm's time grows with the square of the length.
const CHARS_MAX: usize = 3_000;

/// The full stop and what IDNA reads as one (RFC 3490 section 3.1).
const STOPS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn or_empty<'a>(text: Option<String>) -> Datum<'a> {
    Datum::string(text.unwrap_or_default())
}

fn encode(text: &str) -> Option<String> {
    if text.len() > CHARS_MAX {
        return None;
    }
    idna::punycode::encode_str(text)
}

fn decode(code: &str) -> Option<String> {
    if code.len() > CHARS_MAX {
        return None;
    }
    idna::punycode::decode_to_string(code)
}

fn after_prefix(label: &str) -> Option<&str> {
    let (prefix, code) = label.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(code)
}

/// Codes each label. One that can't be coded makes the whole name fail.
fn labels(domain: &str, code: impl Fn(&str) -> Option<String>) -> Option<String> {
    let coded: Option<Vec<String>> = domain.split(STOPS).map(code).collect();
    coded.map(|labels| labels.join("."))
}
