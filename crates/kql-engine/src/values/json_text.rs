//! The grammar of JSON text (RFC 8259), checked in one pass and without building anything.

use super::dynamic::DEPTH_MAX;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte of `word` that is `byte`: exact up to the first of them.
const fn marked(word: u64, byte: u8) -> u64 {
    let differs = word ^ (LOW * byte as u64);
    differs.wrapping_sub(LOW) & !differs & HIGH
}

/// The same for the control characters, which are below the blank.
const fn marked_controls(word: u64) -> u64 {
    word.wrapping_sub(LOW * 0x20) & !word & HIGH
}

/// The first place from `at` on that may hold a quote, a backslash or a control character. Before it is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let marks = marked(word, b'"') | marked(word, b'\\') | marked_controls(word);
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at
}

/// Whether a text is what it spells inside quotes: no quote, escape or control character.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let rest = bytes.get(plain_end(bytes, 0)..).unwrap_or_default();
    // Less than a word is left, or the first of it is the reason.
    rest.iter().all(|b| !matches!(b, b'"' | b'\\' | 0..0x20))
}

/// Whether a text is one JSON value with blanks around it. A number may be of any size, an escape any code unit, and
/// nesting of any depth: what `serde_json::value::RawValue` takes.
pub(crate) fn is_json(text: &str) -> bool {
    Check::new(text, &[]).document().is_some()
}

/// What a text holds at the end of a path of names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'t> {
    /// The value's text: that of the first of several members of one name.
    Value(&'t str),
    /// There is none.
    Nothing,
    /// The text isn't JSON, or is nested deeper than paths lead.
    Unclear,
}

/// Follows a path while it checks the text.
pub(crate) fn find<'t>(text: &'t str, names: &[&str]) -> Found<'t> {
    let mut check = Check::new(text, names);
    if check.document().is_none() || check.open.deepest > DEPTH_MAX {
        return Found::Unclear;
    }
    if names.is_empty() {
        return Found::Value(text);
    }
    let found = check.found.and_then(|(from, to)| text.get(from..to));
    found.map_or(Found::Nothing, Found::Value)
}

/// The arrays and bags that are open, a bit each: a bag is 1.
#[derive(Default)]
struct Open {
    depth: usize,
    deepest: usize,
    /// The innermost, up to 64.
    kinds: u64,
    /// The outer ones, 64 each.
    outer: Vec<u64>,
}

impl Open {
    fn enter(&mut self, bag: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.kinds);
        }
        self.kinds = (self.kinds << 1) | u64::from(bag);
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn leave(&mut self) {
        self.kinds >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth.is_multiple_of(64)
            && let Some(kinds) = self.outer.pop()
        {
            self.kinds = kinds;
        }
    }

    fn in_bag(&self) -> bool {
        self.kinds & 1 == 1
    }
}

struct Check<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Open,
    /// The names still looked for; none after one that led nowhere.
    names: &'a [&'a str],
    /// How deep the keys lie among which the next of them is looked for.
    key_depth: usize,
    /// Where the value of the last name that was found begins, while it isn't passed.
    from: Option<usize>,
    found: Option<(usize, usize)>,
}

impl<'a> Check<'a> {
    fn new(text: &'a str, names: &'a [&'a str]) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            open: Open::default(),
            names,
            key_depth: 1,
            from: None,
            found: None,
        }
    }

    /// Takes note of a key, with its quotes, at the beginning of its value.
    fn met(&mut self, key: (usize, usize)) {
        let Some((name, rest)) = self.names.split_first() else {
            return;
        };
        if self.open.depth != self.key_depth {
            return;
        }
        let key = self.text.get(key.0..key.1).unwrap_or_default();
        if super::dynamic::key_is(key, name) {
            self.names = rest;
            self.key_depth += 1;
            self.from = Some(self.at);
        }
    }

    /// Takes note of the end of a value. The one of the last name found is the first that ends among the keys of that.
    fn passed(&mut self) {
        if let Some(from) = self.from
            && self.open.depth + 1 == self.key_depth
        {
            if self.names.is_empty() {
                self.found = Some((from, self.at));
            }
            self.names = &[];
            self.from = None;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Option<()> {
        self.blanks();
        loop {
            if self.opens()? {
                continue;
            }
            loop {
                self.passed();
                self.blanks();
                if self.open.depth == 0 {
                    return (self.at == self.bytes.len()).then_some(());
                }
                match (self.next()?, self.open.in_bag()) {
                    (b',', bag) => {
                        self.blanks();
                        if bag {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => self.open.leave(),
                    _ => return None,
                }
            }
        }
    }

    /// Passes a value, or the beginning of one that has others inside and gives true.
    fn opens(&mut self) -> Option<bool> {
        match self.next()? {
            b'"' => self.string()?,
            b'{' => {
                self.blanks();
                if self.peek()? != b'}' {
                    self.open.enter(true);
                    self.key()?;
                    return Some(true);
                }
                self.at += 1;
            }
            b'[' => {
                self.blanks();
                if self.peek()? != b']' {
                    self.open.enter(false);
                    return Some(true);
                }
                self.at += 1;
            }
            b'-' => {
                let first = self.next()?;
                self.number(first)?;
            }
            first @ b'0'..=b'9' => self.number(first)?,
            b't' => self.word(b"rue")?,
            b'f' => self.word(b"alse")?,
            b'n' => self.word(b"ull")?,
            _ => return None,
        }
        Some(false)
    }

    /// A key, its colon and the blanks up to its value.
    fn key(&mut self) -> Option<()> {
        let start = self.at;
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        let end = self.at;
        self.blanks();
        if self.next()? != b':' {
            return None;
        }
        self.blanks();
        self.met((start, end));
        Some(())
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        let end = self.at + rest.len();
        (self.bytes.get(self.at..end)? == rest).then(|| self.at = end)
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    /// A number after its first digit.
    fn number(&mut self, first: u8) -> Option<()> {
        match first {
            b'0' if matches!(self.peek(), Some(b'0'..=b'9')) => return None,
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    fn some_digits(&mut self) -> Option<()> {
        if !self.next()?.is_ascii_digit() {
            return None;
        }
        self.digits();
        Some(())
    }

    /// A string after its first quote.
    fn string(&mut self) -> Option<()> {
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let end = self.at + 4;
                let digits = self.bytes.get(self.at..end)?;
                self.at = end;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::sample;
    use proptest::prelude::*;

    fn is_raw_value(text: &str) -> bool {
        serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn json_is_what_serde_json_takes(text in sample::maybe_json()) {
            prop_assert_eq!(is_json(&text), is_raw_value(&text));
        }

        #[test]
        fn numbers_are_what_serde_json_takes(text in "[-+]{0,1}[0-9.eE+-]{0,6}") {
            prop_assert_eq!(is_json(&text), is_raw_value(&text));
        }

        #[test]
        fn strings_are_what_serde_json_takes(text in "[\"\\\\/bu0-9aDé\u{1}\u{1f} \u{7f}]{0,20}") {
            let text = format!("\"{text}\"");
            prop_assert_eq!(is_json(&text), is_raw_value(&text));
            let inner = text.get(1..text.len() - 1).unwrap();
            let spelt = serde_json::from_str::<String>(&text).is_ok_and(|spelt| spelt == inner);
            prop_assert_eq!(is_plain(inner), spelt);
        }
    }

    proptest! {
        #[test]
        fn plain_text_ends_at_its_first_mark(text in "[ a\\x80-\u{20ac}\"\\\\\u{0}\u{1f}]{0,40}", start in 0_usize..9) {
            let is_mark = |b: &u8| matches!(*b, b'"' | b'\\' | 0..0x20);
            let bytes = text.as_bytes();
            let rest = bytes.get(start..).unwrap_or_default();
            let passed = plain_end(bytes, start) - start;
            match rest.iter().position(is_mark) {
                // The last bytes, less than a word, are left to the caller.
                Some(mark) => prop_assert!(passed == mark || passed < mark && rest.len() - passed < 8),
                None => prop_assert!(rest.len() - passed < 8),
            }
        }
    }

    #[test]
    fn nesting_is_of_any_depth() {
        for depth in [1, 63, 64, 65, 127, 128, 129, 200, 1000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let inside = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(depth));
                assert!(is_json(&inside(depth)), "{depth}");
                assert!(!is_json(&inside(depth - 1)), "{depth}");
                assert!(!is_json(&inside(depth + 1)), "{depth}");
            }
            let mixed = format!("{}1{}", "[{\"a\":".repeat(depth), "}]".repeat(depth));
            assert!(is_json(&mixed), "{depth}");
            assert!(!is_json(&mixed.replacen("}]", "]}", 1)), "{depth}");
        }
    }
}
