//! Text values of Sigma rules: wildcards, escapes, dashes and placeholders, and how they match.
//!
//! Sigma compares without regard to case. Both sides are folded with [`fold_into`], character by
//! character, so that a pattern and a value fold alike whatever the alphabet.

/// A piece of a text value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// These characters.
    Text(String),
    /// `*`: any number of any characters.
    Any,
    /// `?`: exactly one character.
    One,
    /// One of the dashes that Windows programs take for an option sign (`windash`).
    Dash,
    /// `%name%` of a value with `expand`, to be replaced by values from outside.
    Placeholder(String),
}

/// What [`Part::Dash`] stands for: hyphen, slash, en dash, em dash, horizontal bar.
pub const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A text value of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Reads a value as rules write it: `*` and `?` are wildcards, a backslash makes the next
    /// wildcard or backslash literal, and any other backslash is itself.
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let wildcard = match c {
                '\\' => {
                    match chars.peek() {
                        Some(&next @ ('*' | '?' | '\\')) => {
                            literal.push(next);
                            chars.next();
                        }
                        _ => literal.push('\\'),
                    }
                    continue;
                }
                '*' => Part::Any,
                '?' => Part::One,
                _ => {
                    literal.push(c);
                    continue;
                }
            };
            pattern.push(Part::Text(std::mem::take(&mut literal)));
            pattern.push(wildcard);
        }
        pattern.push(Part::Text(literal));
        pattern
    }

    /// A value without wildcards, taken as it is.
    pub fn literal(text: &str) -> Self {
        let mut pattern = Self::default();
        pattern.push(Part::Text(text.to_owned()));
        pattern
    }

    /// Its pieces: no empty text, no two texts or two `*` in a row.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
            (Some(Part::Any), Part::Any) => {}
            (_, part) => self.parts.push(part),
        }
    }

    /// The text when there is nothing but text.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// `value` becomes `value*`.
    #[must_use]
    pub fn with_any_after(mut self) -> Self {
        self.push(Part::Any);
        self
    }

    /// `value` becomes `*value`.
    #[must_use]
    pub fn with_any_before(self) -> Self {
        let mut pattern = Self {
            parts: vec![Part::Any],
        };
        self.parts.into_iter().for_each(|part| pattern.push(part));
        pattern
    }

    /// Turns each option dash into [`Part::Dash`]: a hyphen or slash with a word character after
    /// it and none before it (pySigma's `windash`, `\B[-/]\b`).
    #[must_use]
    pub fn with_dashes(self) -> Self {
        let mut pattern = Self::default();
        for part in self.parts {
            let Part::Text(text) = part else {
                pattern.push(part);
                continue;
            };
            let mut literal = String::new();
            let mut previous_is_word = false;
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let next_is_word = chars.peek().copied().is_some_and(is_word);
                if matches!(c, '-' | '/') && !previous_is_word && next_is_word {
                    pattern.push(Part::Text(std::mem::take(&mut literal)));
                    pattern.push(Part::Dash);
                } else {
                    literal.push(c);
                }
                previous_is_word = is_word(c);
            }
            pattern.push(Part::Text(literal));
        }
        pattern
    }

    /// Turns each `%name%` into [`Part::Placeholder`].
    #[must_use]
    pub fn with_placeholders(self) -> Self {
        let mut pattern = Self::default();
        for part in self.parts {
            let Part::Text(text) = part else {
                pattern.push(part);
                continue;
            };
            let mut rest = text.as_str();
            while let Some((before, name, after)) = first_placeholder(rest) {
                pattern.push(Part::Text(before.to_owned()));
                pattern.push(Part::Placeholder(name.to_owned()));
                rest = after;
            }
            pattern.push(Part::Text(rest.to_owned()));
        }
        pattern
    }

    /// Names of the placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The pattern with one placeholder's first occurrence replaced by a value (itself a pattern).
    #[must_use]
    pub fn replace_placeholder(&self, name: &str, value: &Self) -> Self {
        let mut pattern = Self::default();
        let mut replaced = false;
        for part in &self.parts {
            match part {
                Part::Placeholder(this) if this == name && !replaced => {
                    replaced = true;
                    value
                        .parts
                        .iter()
                        .for_each(|part| pattern.push(part.clone()));
                }
                part => pattern.push(part.clone()),
            }
        }
        pattern
    }

    /// The pattern with its text folded, to be matched with folded values.
    #[must_use]
    pub fn folded(&self) -> Self {
        let mut pattern = Self::default();
        for part in &self.parts {
            pattern.push(match part {
                Part::Text(text) => Part::Text(fold(text)),
                part => part.clone(),
            });
        }
        pattern
    }

    /// The longest text in it.
    pub fn longest_text(&self) -> Option<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .max_by_key(|text| text.len())
    }

    /// Whether the whole of `value` matches, compared as it stands (fold both sides for Sigma's
    /// default). A placeholder matches nothing.
    ///
    /// Linear in the value for each `*`; never worse than value length times pattern length.
    pub fn matches(&self, value: &str) -> bool {
        let parts = &self.parts;
        let mut position = 0;
        let mut part_idx = 0;
        // Where to go on when a part fails: the part after the last `*`, and how far into the
        // value that `*` reaches already.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let step = match parts.get(part_idx) {
                None if position == value.len() => return true,
                None => None,
                Some(Part::Any) => {
                    if part_idx + 1 == parts.len() {
                        return true;
                    }
                    retry = Some((part_idx + 1, position));
                    part_idx += 1;
                    continue;
                }
                Some(part) => value.get(position..).and_then(|rest| part.length_at(rest)),
            };
            if let Some(length) = step {
                position += length;
                part_idx += 1;
                continue;
            }
            let Some((after_any, reached)) = retry else {
                return false;
            };
            let Some(next) = self.next_start(after_any, value, reached) else {
                return false;
            };
            retry = Some((after_any, next));
            position = next;
            part_idx = after_any;
        }
    }

    /// The next place after `reached` where the part behind a `*` may begin.
    fn next_start(&self, after_any: usize, value: &str, reached: usize) -> Option<usize> {
        let rest = value.get(reached..)?;
        let first = rest.chars().next()?.len_utf8();
        match self.parts.get(after_any) {
            Some(Part::Text(text)) => {
                let skipped = rest.get(first..)?;
                memchr::memmem::find(skipped.as_bytes(), text.as_bytes())
                    .map(|offset| reached + first + offset)
            }
            _ => Some(reached + first),
        }
    }
}

impl Part {
    /// How many bytes of `rest` this part takes, if it fits there.
    fn length_at(&self, rest: &str) -> Option<usize> {
        match self {
            Self::Text(text) => rest.starts_with(text.as_str()).then_some(text.len()),
            Self::One => rest.chars().next().map(char::len_utf8),
            Self::Dash => rest
                .chars()
                .next()
                .filter(|c| DASHES.contains(c))
                .map(char::len_utf8),
            Self::Any | Self::Placeholder(_) => None,
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('%')?;
        let tail = text.get(start + 1..)?;
        let end = tail.find('%')?;
        let name = tail.get(..end)?;
        if !name.is_empty() && name.chars().all(|c| is_word(c) || c == '-' || c == '.') {
            return Some((text.get(..start)?, name, tail.get(end + 1..)?));
        }
        from = start + 1;
    }
}

/// Appends `text` in lower case, character by character.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase));
    }
}

/// `text` in lower case, character by character.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// The pattern as a rule would write it.
impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    for c in text.chars() {
                        if matches!(c, '*' | '?') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                }
                Part::Any => f.write_str("*")?,
                Part::One => f.write_str("?")?,
                Part::Dash => f.write_str("-")?,
                Part::Placeholder(name) => write!(f, "%{name}%")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_follow_the_specification() {
        let text = |text: &str| Part::Text(text.to_owned());
        let cases: [(&str, &[Part]); 8] = [
            (r"C:\Windows\", &[text(r"C:\Windows\")]),
            (r"a\*b", &[text("a*b")]),
            (r"a\\*", &[text(r"a\"), Part::Any]),
            (r"a\\\*", &[text(r"a\*")]),
            (r"\\\\srv", &[text(r"\\srv")]),
            (r"**a?", &[Part::Any, text("a"), Part::One]),
            ("", &[]),
            (r"\", &[text(r"\")]),
        ];
        for (written, parts) in cases {
            assert_eq!(Pattern::parse(written).parts(), parts, "{written}");
        }
    }

    #[test]
    fn wildcards_match_characters_not_bytes() {
        for (pattern, value, matches) in [
            ("a?c", "aßc", true),
            ("a?c", "ac", false),
            ("*b*d", "abcbd", true),
            ("*b*d", "abcbde", false),
            ("a*", "a", true),
            ("*aab", "aaab", true),
            ("*?b*", "b", false),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(
                Pattern::parse(pattern).matches(value),
                matches,
                "{pattern} {value}"
            );
        }
    }

    #[test]
    fn only_option_dashes_are_widened() {
        let pattern = Pattern::parse(" -exec by-pass a/b /c").with_dashes();
        let dashes = pattern
            .parts()
            .iter()
            .filter(|part| **part == Part::Dash)
            .count();
        assert_eq!(dashes, 2);
        assert!(pattern.matches(" \u{2013}exec by-pass a/b -c"));
        assert!(!pattern.matches(" -exec by/pass a/b -c"));
    }

    /// Textbook matcher, exponential, for short inputs.
    fn naive(pattern: &[char], value: &[char]) -> bool {
        match pattern.first() {
            None => value.is_empty(),
            Some('*') => (0..=value.len()).any(|skip| naive(&pattern[1..], &value[skip..])),
            Some('?') => !value.is_empty() && naive(&pattern[1..], &value[1..]),
            Some(c) => value.first() == Some(c) && naive(&pattern[1..], &value[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_textbook(pattern in "[ab*?é]{0,7}", value in "[abé]{0,9}") {
            let expected = naive(
                &pattern.chars().collect::<Vec<_>>(),
                &value.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(Pattern::parse(&pattern).matches(&value), expected);
        }

        #[test]
        fn printed_patterns_read_back(text in "[ab*?%-]{0,12}") {
            let pattern = Pattern::parse(&text);
            prop_assert_eq!(Pattern::parse(&pattern.to_string()), pattern);
        }

        #[test]
        fn never_panics(pattern in any::<String>(), value in any::<String>()) {
            let pattern = Pattern::parse(&pattern).with_dashes().with_placeholders();
            pattern.folded().matches(&fold(&value));
        }
    }
}
