//! Tests of a text against a needle: `has`, `contains`, `startswith`, `endswith`, `=~` and their
//! case-sensitive forms.
//!
//! A term is a maximal run of letters and digits (ASCII or not). `has x` holds where `x` occurs and both of
//! its ends that are a letter or digit are ends of a term ("String operators" in the Kusto reference).

use regex::{Regex, RegexBuilder};

/// What to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
    /// A whole term.
    Has,
    /// The beginning of a term.
    HasPrefix,
    /// The end of a term.
    HasSuffix,
}

/// A needle made ready for many texts.
pub(crate) struct TextTest {
    place: Place,
    needle: String,
    /// Lower-cased when case is ignored.
    folded: Option<String>,
    search: Option<Regex>,
}

impl TextTest {
    pub(crate) fn new(place: Place, needle: &str, ignore_case: bool) -> Self {
        let searches = !matches!(place, Place::Equals | Place::StartsWith | Place::EndsWith);
        let search = (searches && ignore_case)
            .then(|| {
                RegexBuilder::new(&regex::escape(needle))
                    .case_insensitive(true)
                    .size_limit(64 << 20)
                    .build()
                    .ok()
            })
            .flatten();
        Self {
            place,
            needle: needle.to_owned(),
            folded: ignore_case.then(|| needle.to_lowercase()),
            search,
        }
    }

    pub(crate) fn test(&self, text: &str) -> bool {
        match (self.place, &self.folded) {
            (Place::Equals, None) => text == self.needle,
            (Place::StartsWith, None) => text.starts_with(&self.needle),
            (Place::EndsWith, None) => text.ends_with(&self.needle),
            (Place::Equals, Some(folded)) => equals_folded(text, folded),
            (Place::StartsWith, Some(folded)) => starts_folded(text, folded),
            (Place::EndsWith, Some(folded)) => ends_folded(text, folded),
            (Place::Contains, _) => self.find(text, 0).is_some(),
            (Place::Has, _) => self.at_terms(text, true, true),
            (Place::HasPrefix, _) => self.at_terms(text, true, false),
            (Place::HasSuffix, _) => self.at_terms(text, false, true),
        }
    }

    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        if let Some(search) = &self.search {
            return search.find_at(text, from).map(|m| (m.start(), m.end()));
        }
        let at = text.get(from..)?.find(&self.needle)? + from;
        Some((at, at + self.needle.len()))
    }

    fn at_terms(&self, text: &str, start: bool, end: bool) -> bool {
        if self.needle.is_empty() {
            return true;
        }
        let mut from = 0;
        while let Some((left, right)) = self.find(text, from) {
            if (!start || boundary(text, left)) && (!end || boundary(text, right)) {
                return true;
            }
            let step = text
                .get(left..)
                .and_then(|t| t.chars().next())
                .map_or(1, char::len_utf8);
            from = left + step;
        }
        false
    }
}

/// True when no term spans position `at`.
pub(super) fn boundary(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let after = text.get(at..).and_then(|t| t.chars().next());
    !(before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric))
}

fn equals_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(folded);
    }
    text.chars().flat_map(char::to_lowercase).eq(folded.chars())
}

fn starts_folded(text: &str, folded: &str) -> bool {
    let mut have = text.chars().flat_map(char::to_lowercase);
    folded.chars().all(|want| have.next() == Some(want))
}

fn ends_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() && folded.is_ascii() {
        return text
            .len()
            .checked_sub(folded.len())
            .and_then(|at| text.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(folded));
    }
    text.to_lowercase().ends_with(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, needle: &str) -> bool {
        TextTest::new(Place::Has, needle, true).test(text)
    }

    #[test]
    fn a_term_ends_where_letters_and_digits_end() {
        assert!(has("North America", "america"));
        assert!(!has("North America", "amer"));
        assert!(has("cmd.exe /c whoami", "cmd.exe"));
        assert!(has("a.exe", ".exe"));
        assert!(!has("xcmd.exe", "cmd.exe"));
        assert!(has("user_name", "name"));
        assert!(has("über straße", "ÜBER"));
        assert!(!has("größer", "gr"));
        assert!(has("aab ab", "ab"));
    }

    #[test]
    fn prefixes_and_suffixes_of_terms() {
        assert!(TextTest::new(Place::HasPrefix, "ame", true).test("North America"));
        assert!(!TextTest::new(Place::HasSuffix, "ame", true).test("North America"));
        assert!(TextTest::new(Place::HasSuffix, "rica", true).test("North America"));
        assert!(TextTest::new(Place::EndsWith, "É", true).test("café"));
        assert!(TextTest::new(Place::StartsWith, "ÉC", true).test("école"));
    }
}
