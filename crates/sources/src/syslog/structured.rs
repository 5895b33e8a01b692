//! Structured data of RFC 5424 §6.3.

use serde_json::{Map, Value as Json};

/// Most elements and parameters taken; more make the message malformed.
const MAX_ELEMENTS: usize = 128;

/// Reads `-` or `[id name="value" ...]...` and gives what follows. `None` when it is malformed.
/// Each element becomes an object under its id; an element or name that repeats keeps its values
/// in an array.
pub(super) fn parse(text: &str) -> Option<(Map<String, Json>, &str)> {
    let mut elements = Map::new();
    if let Some(rest) = text.strip_prefix('-') {
        // rsyslog counts the space before the text of an RFC 3164 message as part of it.
        return Some((elements, rest.trim_start_matches(' ')));
    }
    if text.is_empty() {
        return Some((elements, ""));
    }
    let mut rest = text;
    let mut count = 0;
    while let Some(inner) = rest.strip_prefix('[') {
        count += 1;
        if count > MAX_ELEMENTS {
            return None;
        }
        let end = inner.find([' ', ']'])?;
        let id = &inner[..end];
        let (parameters, after) = parameters(&inner[end..])?;
        add(&mut elements, id, Json::Object(parameters));
        rest = after;
    }
    (count > 0 && (rest.is_empty() || rest.starts_with(' ')))
        .then(|| (elements, rest.trim_start_matches(' ')))
}

/// Reads ` name="value"` up to and with the `]`.
fn parameters(text: &str) -> Option<(Map<String, Json>, &str)> {
    let mut parameters = Map::new();
    let mut rest = text;
    for _ in 0..=MAX_ELEMENTS {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some((parameters, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        if name.is_empty() || name.contains([' ', ']', '"']) {
            return None;
        }
        let (value, after) = quoted(after)?;
        add(&mut parameters, name, value.into());
        rest = after;
    }
    None
}

/// A value up to its closing quote. `\"`, `\\` and `\]` are escapes, any other backslash stands
/// for itself (§6.3.3).
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()? {
                (_, escaped @ ('"' | '\\' | ']')) => value.push(escaped),
                (_, other) => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

fn add(map: &mut Map<String, Json>, name: &str, value: Json) {
    match map.get_mut(name) {
        None => {
            map.insert(name.to_owned(), value);
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => {
            let earlier = std::mem::take(first);
            *first = Json::Array(vec![earlier, value]);
        }
    }
}
