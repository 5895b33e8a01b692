//! What the first bytes of an input tell: the first JSON record, even when it is longer than the
//! head.

use serde_json::{Map, Value as Json};

use crate::json_records::{JsonRecords, Piece};
use crate::{Limits, NamedInput};

/// Wrappings that any JSON source may have.
const ENVELOPES: &[&str] = &["Records", "records", "value", "Findings"];

/// Broken pieces passed over before the first record.
const TRIES: usize = 5;

/// The first JSON object of the input, with the members that lie within the head.
pub(crate) fn first_record(head: &[u8]) -> Option<Map<String, Json>> {
    if !starts_like_json(head) {
        return None;
    }
    let mut input = NamedInput::from_bytes("", head);
    let mut records = JsonRecords::new(&mut input, ENVELOPES, &Limits::default());
    for _ in 0..TRIES {
        match records.next()? {
            Piece::Record { map, .. } => return Some(map),
            Piece::Broken { raw, .. } => {
                if let Some(map) = close(raw) {
                    return Some(map);
                }
            }
        }
    }
    None
}

/// Whether the first byte that is no blank opens an object or an array.
pub(crate) fn starts_like_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Reads an object that is cut off: up to the last comma between two of its own members.
fn close(raw: &[u8]) -> Option<Map<String, Json>> {
    let mut depth = 0_u32;
    let mut in_string = false;
    let mut last_comma = None;
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => last_comma = Some(at),
            _ => {}
        }
        at += 1;
    }
    let mut closed = raw.get(..last_comma?)?.to_vec();
    closed.push(b'}');
    serde_json::from_slice(&closed).ok()
}

/// A string member, `""` when it is missing or of another type.
pub(crate) fn text<'a>(map: &'a Map<String, Json>, key: &str) -> &'a str {
    map.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// Whether all these members are there.
pub(crate) fn has_all(map: &Map<String, Json>, keys: &[&str]) -> bool {
    keys.iter().all(|key| map.contains_key(*key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_is_found_whole_or_cut() {
        assert_eq!(text(&first_record(b"{\"a\":\"b\"}\n{").unwrap(), "a"), "b");
        assert_eq!(
            text(
                &first_record(b"{\"Records\":[{\"a\":\"b\",\"c\":{\"d\":[1,2").unwrap(),
                "a"
            ),
            "b"
        );
        assert_eq!(first_record(b"<13>a log line"), None);
        assert_eq!(first_record(b""), None);
    }
}
