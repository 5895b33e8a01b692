//! Ways to damage bytes, for the property tests of what reads them.
#![allow(unreachable_pub, reason = "shared by the test binaries of this folder")]
#![allow(clippy::unwrap_used, dead_code)]

use proptest::prelude::*;
use proptest::sample::Index;

/// As many cases as proptest is asked for, over `share`: slow properties do a part of the work.
pub fn cases(share: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: (asked.cases / share).max(1),
        ..asked
    }
}

/// One piece of damage. Places are relative, so that every one fits every input.
#[derive(Debug, Clone)]
pub enum Damage {
    /// Turns bits of a byte.
    Flip { at: Index, bits: u8 },
    /// Takes bytes out.
    Delete { at: Index, count: usize },
    /// Writes a stretch twice.
    Duplicate { at: Index, count: usize },
    /// Puts bytes in.
    Insert { at: Index, bytes: Vec<u8> },
    /// Ends early.
    Truncate { at: Index },
    /// Swaps two records: lines, or else what stands between commas.
    Swap { first: Index, second: Index },
    /// Goes on with the tail of another input.
    Splice { at: Index, from: Index },
    /// Puts a number of another size in the place of one that is there.
    Number { at: Index, digits: &'static str },
}

/// What breaks readers: ends of text and of numbers, marks of structure, bytes that are no text.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"=",
    b"|",
    b"<",
    b">",
    b"</",
    b"&#x0;",
    b"null",
    b"{}",
    b"[]",
    b"\"9999-12-31T23:59:59.9999999Z\"",
    b"0001-01-01T00:00:00Z",
    b"\x1b[31m",
    "\u{202e}\u{1f600}".as_bytes(),
];

const DIGITS: &[&str] = &[
    "",
    "-1",
    "1e999",
    "-1e-999",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "99999999999999999999999999999999999999999999",
    "0x10",
    "00",
];

fn inserted() -> impl Strategy<Value = Vec<u8>> {
    let opening = prop::sample::select(vec!["[", "{\"a\":", "<a>", "(", "{\"a\":[{"]);
    prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => (opening, 1_usize..3000).prop_map(|(open, depth)| open.repeat(depth).into_bytes()),
        1 => (any::<u8>(), 1_usize..70_000).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

/// Damage of any kind.
pub fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 1_u8..).prop_map(|(at, bits)| Damage::Flip { at, bits }),
        2 => (at(), 1_usize..200).prop_map(|(at, count)| Damage::Delete { at, count }),
        1 => (at(), 1_usize..200).prop_map(|(at, count)| Damage::Duplicate { at, count }),
        4 => (at(), inserted()).prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        1 => at().prop_map(|at| Damage::Truncate { at }),
        1 => (at(), at()).prop_map(|(first, second)| Damage::Swap { first, second }),
        1 => (at(), at()).prop_map(|(at, from)| Damage::Splice { at, from }),
        2 => (at(), prop::sample::select(DIGITS)).prop_map(|(at, digits)| Damage::Number { at, digits }),
    ]
}

impl Damage {
    /// The bytes after the damage; `other` is what a splice goes on with.
    pub fn apply(&self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let place = |at: &Index| at.index(bytes.len() + 1);
        let mut out = bytes.to_vec();
        match self {
            Self::Flip { at, bits } => {
                if let Some(byte) = out.get_mut(place(at)) {
                    *byte ^= bits;
                }
            }
            Self::Delete { at, count } => {
                let from = place(at);
                out.drain(from..(from + count).min(bytes.len()));
            }
            Self::Duplicate { at, count } => {
                let from = place(at);
                let twice = bytes[from..(from + count).min(bytes.len())].to_vec();
                out.splice(from..from, twice);
            }
            Self::Insert { at, bytes } => {
                let from = at.index(out.len() + 1);
                out.splice(from..from, bytes.iter().copied());
            }
            Self::Truncate { at } => out.truncate(place(at)),
            Self::Swap { first, second } => out = swapped(bytes, first, second),
            Self::Splice { at, from } => {
                out.truncate(place(at));
                out.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            Self::Number { at, digits } => {
                let is_digit = |at: &usize| bytes[*at].is_ascii_digit();
                let from = place(at);
                if let Some(start) = (from..bytes.len()).find(is_digit) {
                    let end = (start..bytes.len()).find(|at| !is_digit(at));
                    out.splice(start..end.unwrap_or(bytes.len()), digits.bytes());
                }
            }
        }
        out
    }
}

/// All of the damage, one after the other.
pub fn damaged(bytes: &[u8], other: &[u8], damage: &[Damage]) -> Vec<u8> {
    let apply = |bytes: Vec<u8>, damage: &Damage| damage.apply(&bytes, other);
    damage.iter().fold(bytes.to_vec(), apply)
}

fn swapped(bytes: &[u8], first: &Index, second: &Index) -> Vec<u8> {
    let mark = if bytes.trim_ascii_end().contains(&b'\n') {
        b'\n'
    } else {
        b','
    };
    let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == mark).collect();
    let (first, second) = (first.index(parts.len()), second.index(parts.len()));
    parts.swap(first, second);
    parts.join(&mark)
}
