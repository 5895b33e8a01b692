//! JSON for property tests: well formed, nearly so, and not at all.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|n| Value::from(f64::from(n) / 100.0)),
        any::<f64>().prop_map(Value::from),
        "[ -~\\\\\"é東\u{1F600}\u{1}\n]{0,20}".prop_map(Value::from),
        "(null|true|7|-1\\.5|0x1f|1e400|)".prop_map(Value::from),
        Just(json!("2026-03-06T12:34:56.7890000Z")),
        Just(json!("1.02:03:04.5")),
        Just(json!("72f988bf-86f1-41af-91ab-2d7cd011db47")),
    ]
}

/// Keys of few, so that paths meet them.
pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", "[a\"\\\\é]{1,2}", Just(String::new())]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Text of a value, in one line or many.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    (value(), any::<bool>()).prop_map(|(value, pretty)| {
        if pretty {
            format!("{value:#}")
        } else {
            value.to_string()
        }
    })
}

/// Text put into another text, or in place of some of it.
const PIECES: &[&str] = &[
    "",
    "\"",
    "\\",
    "\\u00e",
    "\\ud83d",
    "\\u0061",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\u{a0}",
    "\t",
    "\u{1}",
    "é",
    "0",
    "-",
    ".",
    "e",
    "1e999",
    "-0",
    "00",
    "null",
    "nul",
    "\"a\":1,",
    "\"a\":{\"b\":2},",
    "{\"\\u0061\":[",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// JSON, JSON with up to three places changed, blanks, or any text.
pub(crate) fn maybe_json() -> impl Strategy<Value = String> {
    let place = || {
        (
            any::<prop::sample::Index>(),
            0_usize..4,
            prop::sample::select(PIECES),
        )
    };
    let changed = (json_text(), prop::collection::vec(place(), 1..4)).prop_map(|(text, places)| {
        places.into_iter().fold(text, |text, (at, gone, piece)| {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            let end = (at + gone).min(chars.len());
            let (before, after) = (chars.get(..at), chars.get(end..));
            let before = before.unwrap_or_default().iter();
            let after = after.unwrap_or_default().iter();
            before
                .copied()
                .chain(piece.chars())
                .chain(after.copied())
                .collect()
        })
    });
    prop_oneof![
        3 => json_text(),
        6 => changed,
        1 => "[ \t\n\u{a0}]{0,2}(null|\\{\\}|\\[1\\])?[ \t\n\u{a0}]{0,2}",
        1 => "\\PC{0,40}",
        1 => deep(),
    ]
}

/// A value inside so many arrays and bags that a reader may give up.
fn deep() -> impl Strategy<Value = String> {
    (120_usize..135, any::<bool>(), scalar()).prop_map(|(depth, bags, inner)| {
        let (open, close) = if bags { ("{\"a\":", "}") } else { ("[", "]") };
        let deep = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
        format!("{{\"b\": {deep}, \"a\": {{\"b\": 1}}}}")
    })
}
