//! Log text on its way to a person: terminals get no control characters, spreadsheets no formulas.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character could steer a terminal, reorder what a person reads, or break a line where
/// none should be.
fn is_hostile(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    // C1 controls too: some terminals read U+009B as an escape sequence.
    (c.is_control() && c != '\n') || reorders || c == '\u{feff}'
}

/// Shows control and reordering characters as `\u{..}`; a tab becomes `\t`. Line breaks stay.
pub(crate) fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if is_hostile(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// One line: as [`for_terminal`], with line breaks shown as `\n`.
pub(crate) fn one_line(text: &str) -> String {
    for_terminal(text).replace('\n', "\\n")
}

/// JSON text with the characters that a terminal obeys written as escapes: the same values, inert
/// where they are shown. (Those below a blank are escaped in every JSON text.)
pub(crate) fn for_json(text: &str) -> Cow<'_, str> {
    let is_raw = |c: char| c >= ' ' && is_hostile(c);
    if !text.chars().any(is_raw) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_raw(c) {
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// A CSV cell that no spreadsheet takes for a formula: one that begins with `= + - @`, a tab or a
/// carriage return gets a leading apostrophe. Plain numbers stay numbers.
pub(crate) fn for_csv(text: &str) -> Cow<'_, str> {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if risky && text.parse::<f64>().is_err() {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(
            for_terminal("a\u{1b}[2Jb\u{9b}c\u{202e}d"),
            "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d"
        );
        assert_eq!(for_terminal("plain, ünïcode"), "plain, ünïcode");
        assert_eq!(one_line("a\r\nb\tc"), "a\\r\\nb\\tc");
    }

    #[test]
    fn json_keeps_its_values_and_loses_its_effects() {
        let value = serde_json::json!({"a": "\u{1b}[2J\u{9b}1m\u{202e}\u{7f}é"});
        let text = value.to_string();
        let safe = for_json(&text);
        assert!(!safe.chars().any(is_hostile), "{safe}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
        assert!(safe.contains('é'));
    }

    #[test]
    fn a_spreadsheet_gets_no_formula_but_its_numbers() {
        for text in ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1"] {
            assert!(for_csv(text).starts_with('\''), "{text}");
        }
        assert_eq!(for_csv("-2.5"), "-2.5");
        assert_eq!(for_csv("a=b"), "a=b");
    }
}
