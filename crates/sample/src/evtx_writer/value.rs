//! Typed values of event data and their BinXML encoding (MS-EVEN6 §2.2.12).

use jiff::Timestamp;
use uuid::Uuid;

/// Seconds between the epochs of FILETIME (1601) and Unix (1970).
const FILETIME_EPOCH_SECONDS: i128 = 11_644_473_600;

/// One substitution value of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value: an attribute that holds it is left out.
    Null,
    /// Text, stored as UTF-16.
    Text(String),
    /// An unsigned 8-bit number.
    U8(u8),
    /// An unsigned 16-bit number.
    U16(u16),
    /// An unsigned 32-bit number.
    U32(u32),
    /// An unsigned 64-bit number.
    U64(u64),
    /// A boolean.
    Bool(bool),
    /// A 32-bit number shown as `0x..`.
    Hex32(u32),
    /// A 64-bit number shown as `0x..`.
    Hex64(u64),
    /// A security identifier in text form, `S-1-5-...`.
    Sid(String),
    /// A GUID.
    Guid(Uuid),
    /// An instant, stored as FILETIME.
    Time(Timestamp),
}

impl Value {
    /// Gives the BinXML type byte a filled value of this kind has.
    pub(super) fn type_byte(&self) -> u8 {
        match self {
            Self::Null => 0x00,
            Self::Text(_) => 0x01,
            Self::U8(_) => 0x04,
            Self::U16(_) => 0x06,
            Self::U32(_) => 0x08,
            Self::U64(_) => 0x0a,
            Self::Bool(_) => 0x0d,
            Self::Guid(_) => 0x0f,
            Self::Time(_) => 0x11,
            Self::Sid(_) => 0x13,
            Self::Hex32(_) => 0x14,
            Self::Hex64(_) => 0x15,
        }
    }

    /// Appends the value's bytes. A malformed SID gives the null SID, `S-1-0-0`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Text(text) => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::U8(number) => out.push(*number),
            Self::U16(number) => out.extend(number.to_le_bytes()),
            Self::U32(number) | Self::Hex32(number) => out.extend(number.to_le_bytes()),
            Self::U64(number) | Self::Hex64(number) => out.extend(number.to_le_bytes()),
            Self::Bool(flag) => out.extend(u32::from(*flag).to_le_bytes()),
            Self::Guid(guid) => out.extend(guid.to_bytes_le()),
            Self::Time(at) => out.extend(filetime(*at).to_le_bytes()),
            Self::Sid(text) => encode_sid(text, out),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Counts 100 ns since 1601; instants before that give 0.
pub(super) fn filetime(at: Timestamp) -> u64 {
    let ticks = at.as_nanosecond().div_euclid(100) + FILETIME_EPOCH_SECONDS * 10_000_000;
    u64::try_from(ticks).unwrap_or(0)
}

/// MS-DTYP §2.4.2.2: revision, count, six bytes of authority (big-endian), sub-authorities.
fn encode_sid(text: &str, out: &mut Vec<u8>) {
    let parts: Option<Vec<u64>> = text
        .strip_prefix("S-1-")
        .map(|rest| rest.split('-').map(|part| part.parse().ok()).collect())
        .unwrap_or_default();
    let parts = parts
        .filter(|p| (2..=16).contains(&p.len()))
        .unwrap_or(vec![0, 0]);
    out.push(1);
    out.push((parts.len() - 1) as u8);
    out.extend(&parts[0].to_be_bytes()[2..]);
    for part in &parts[1..] {
        out.extend((*part as u32).to_le_bytes());
    }
}
