//! `dynamic`: JSON text in a string column, read lazily by path.
//!
//! The only module that knows how a dynamic is stored. Text that isn't JSON is the string it spells, as
//! `todynamic()` has it. Paths are followed over the text without building a tree.

use serde_json::Value;

use super::{Datum, convert, datetime, json_text, number, timespan};
use kql::types::Type;

/// Parses stored text. "" is null; text that isn't JSON is a JSON string.
pub(crate) fn parse(text: &str) -> Value {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(trimmed).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// JSON of any value: datetimes and timespans become their text, as `pack()` does.
pub(crate) fn to_json(value: &Datum<'_>) -> Value {
    match value {
        Datum::Null => Value::Null,
        Datum::Bool(v) => Value::Bool(*v),
        Datum::Int(v) => Value::from(*v),
        Datum::Long(v) => Value::from(*v),
        Datum::Real(v) => real_json(*v),
        Datum::Decimal(v) => Value::String(super::decimal::format(*v)),
        Datum::Str(v) | Datum::Guid(v) => Value::String(v.to_string()),
        Datum::DateTime(v) => Value::String(datetime::format(*v)),
        Datum::TimeSpan(v) => Value::String(timespan::format(*v)),
        Datum::Dynamic(v) => parse(v),
    }
}

fn real_json(value: f64) -> Value {
    serde_json::Number::from_f64(value)
        .map_or_else(|| Value::String(number::format_real(value)), Value::Number)
}

/// The JSON text to store for any value, or `None` for null.
pub(crate) fn to_text(value: &Datum<'_>) -> Option<String> {
    match to_json(value) {
        Value::Null => None,
        json => Some(json.to_string()),
    }
}

/// `tostring(dynamic)`: strings without quotes, everything else as compact JSON, null as "".
pub(crate) fn to_plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Converts a JSON value to a scalar type as `toT()` does; null (or "") when it doesn't convert.
pub(crate) fn to_type(value: &Value, ty: Type) -> Datum<'static> {
    match (ty, value) {
        (Type::Dynamic | Type::Unknown, value) => Datum::json(value),
        (Type::String, value) => Datum::string(to_plain_text(value)),
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => Datum::Null,
        (ty, Value::Bool(v)) => convert::to_type(&Datum::Bool(*v), ty).into_static(),
        (ty, Value::String(text)) => {
            convert::to_type(&Datum::string(text.as_str()), ty).into_static()
        }
        (ty, Value::Number(n)) => {
            let datum = match n.as_i64() {
                Some(v) => Datum::Long(v),
                None => n.as_f64().map_or(Datum::Null, Datum::Real),
            };
            convert::to_type(&datum, ty).into_static()
        }
    }
}

/// The natural scalar of a JSON value: what comparisons see.
pub(crate) fn to_scalar(value: &Value) -> Datum<'static> {
    match value {
        Value::Null => Datum::Null,
        Value::Bool(v) => Datum::Bool(*v),
        Value::Number(n) => match n.as_i64() {
            Some(v) => Datum::Long(v),
            None => n.as_f64().map_or(Datum::Null, Datum::Real),
        },
        Value::String(text) => Datum::string(text.as_str()),
        other => Datum::json(other),
    }
}

/// Equality of two dynamics: numbers by value, the rest by structure.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x == y,
            _ => x.as_f64() == y.as_f64(),
        },
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| equal(v, w)))
        }
        _ => a == b,
    }
}

/// The raw JSON text of property `name` of the object in `text`; `None` when it isn't there.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
    };
    scan.blanks();
    scan.expect(b'{')?;
    loop {
        scan.blanks();
        if scan.peek()? == b'}' {
            return None;
        }
        let (start, end) = scan.string()?;
        let key = text.get(start..end)?;
        scan.blanks();
        scan.expect(b':')?;
        scan.blanks();
        let from = scan.at;
        scan.value(0)?;
        if key_is(key, name) {
            return text.get(from..scan.at);
        }
        scan.blanks();
        match scan.next()? {
            b',' => {}
            _ => return None,
        }
    }
}

/// The raw JSON text of element `index` (negative counts from the end) of the array in `text`.
pub(crate) fn element(text: &str, index: i64) -> Option<&str> {
    let at = if index < 0 {
        let mut n_elements = 0_i64;
        each_element(text, |_| n_elements += 1)?;
        n_elements.checked_add(index)?
    } else {
        index
    };
    let mut left = usize::try_from(at).ok()?;
    let mut found = None;
    // To the end: in text that is malformed further on there is no element.
    each_element(text, |range| {
        if left == 0 && found.is_none() {
            found = Some(range);
        }
        left = left.saturating_sub(1);
    })?;
    let (from, to) = found?;
    text.get(from..to)
}

/// Byte ranges of the elements of the array in `text`; `None` when it isn't an array.
pub(crate) fn elements(text: &str) -> Option<Vec<(usize, usize)>> {
    let mut spans = Vec::new();
    each_element(text, |span| spans.push(span))?;
    Some(spans)
}

fn each_element(text: &str, mut each: impl FnMut((usize, usize))) -> Option<()> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
    };
    scan.blanks();
    scan.expect(b'[')?;
    scan.blanks();
    if scan.peek()? == b']' {
        return Some(());
    }
    loop {
        scan.blanks();
        let from = scan.at;
        scan.value(0)?;
        each((from, scan.at));
        scan.blanks();
        match scan.next()? {
            b',' => {}
            b']' => return Some(()),
            _ => return None,
        }
    }
}

/// Whether a key, with its quotes, spells a name.
pub(super) fn key_is(raw: &str, name: &str) -> bool {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
    if !inner.contains('\\') {
        return inner == name;
    }
    serde_json::from_str::<String>(raw).is_ok_and(|key| key == name)
}

/// Deepest nesting that a path walks over.
pub(super) const DEPTH_MAX: usize = 128;

/// Walks JSON text without building anything. Malformed text gives `None`, never a panic.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            self.at = json_text::plain_end(self.bytes, self.at);
            match self.next()? {
                b'"' => return Some((start, self.at)),
                b'\\' => {
                    self.next()?;
                }
                _ => {}
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.container(b'}', true, depth),
            b'[' => self.container(b']', false, depth),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|b| {
                    !matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
                }) {
                    self.at += 1;
                }
                (self.at > start).then_some(())
            }
        }
    }

    fn container(&mut self, close: u8, keyed: bool, depth: usize) -> Option<()> {
        self.at += 1;
        self.blanks();
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            self.blanks();
            if keyed {
                self.string()?;
                self.blanks();
                self.expect(b':')?;
                self.blanks();
            }
            self.value(depth + 1)?;
            self.blanks();
            match self.next()? {
                b',' => {}
                byte if byte == close => return Some(()),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_skip_over_strings_with_brackets() {
        let text = r#" { "a{": "}\"", "b" : [1, {"c": "x]"}, -2.5] } "#;
        assert_eq!(member(text, "a{"), Some(r#""}\"""#));
        let b = member(text, "b").unwrap();
        assert_eq!(member(element(b, 1).unwrap(), "c"), Some(r#""x]""#));
        assert_eq!(element(b, -1), Some("-2.5"));
        assert_eq!(element(b, 7), None);
        assert_eq!(member("[1]", "b"), None);
        assert_eq!(member("{\"a\":", "a"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_panic(text in "\\PC{0,80}", name in "[a-z\"\\\\]{0,3}", index in -3i64..3) {
            let _ = member(&text, &name);
            let _ = element(&text, index);
            let _ = parse(&text);
        }

        #[test]
        fn a_member_reads_as_the_tree_does(
            keys in prop::collection::btree_map("[a-c\"\\\\é]{1,2}", any::<i32>(), 0..5), want in "[a-c\"\\\\é]{1,2}"
        ) {
            let json = serde_json::to_string_pretty(&keys).unwrap();
            let got = member(&json, &want).and_then(|t| t.parse::<i32>().ok());
            prop_assert_eq!(got, keys.get(&want).copied());
        }
    }
}
