//! Text that a regular expression cannot match without.
//!
//! A thousand expressions are cheap when each waits behind a literal that the shared automaton
//! looks for anyway.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::pattern::fold;

/// Most alternatives worth looking for.
const ALTERNATIVES_MAX: usize = 64;
/// Shortest text worth looking for, in bytes.
const LENGTH_MIN: usize = 2;

/// Folded texts of which at least one is in the folded form of every text the expression matches.
/// `None` when there is no such set worth using.
pub(crate) fn required(source: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::Parser::new().parse(source).ok()?;
    of(&hir)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    if let Some(text) = exact(hir) {
        return useful(vec![text]);
    }
    match hir.kind() {
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Alternation(branches) => {
            let mut texts = Vec::new();
            for branch in branches {
                texts.extend(of(branch)?);
            }
            useful(texts)
        }
        _ => None,
    }
}

/// The best of: the longest run of exact parts, and what any part needs by itself.
fn of_concat(parts: &[Hir]) -> Option<Vec<String>> {
    let mut candidates = Vec::new();
    let mut run = String::new();
    for part in parts {
        match exact(part) {
            Some(text) => run.push_str(&text),
            None => {
                candidates.extend(useful(vec![std::mem::take(&mut run)]));
                candidates.extend(of(part));
            }
        }
    }
    candidates.extend(useful(vec![run]));
    candidates.into_iter().max_by_key(|texts| shortest(texts))
}

fn shortest(texts: &[String]) -> usize {
    texts.iter().map(String::len).min().unwrap_or(0)
}

fn useful(texts: Vec<String>) -> Option<Vec<String>> {
    (shortest(&texts) >= LENGTH_MIN && texts.len() <= ALTERNATIVES_MAX).then_some(texts)
}

/// The one text, folded, that the part matches whatever the case; empty for assertions.
fn exact(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(fold),
        HirKind::Class(Class::Unicode(class)) => {
            let mut chars = class.iter().flat_map(|range| range.start()..=range.end());
            let first = fold(&chars.next()?.to_string());
            // `(?i)k` is k, K and the Kelvin sign; more than a few are no letter's cases.
            let mut others = chars.take(4);
            let same = others
                .by_ref()
                .take(3)
                .all(|c| fold(&c.to_string()) == first);
            (same && others.next().is_none()).then_some(first)
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(exact).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_what_must_be_there() {
        let cases: [(&str, Option<&[&str]>); 8] = [
            (r"abc\d+", Some(&["abc"])),
            (r"(?i)IEX\s", Some(&["iex"])),
            (r"(foo|barbaz)\d", Some(&["foo", "barbaz"])),
            (r"\d+", None),
            (r"a?bc*", None),
            (r"x(abcd)+y", Some(&["abcd"])),
            (r"(?i)kind", Some(&["kind"])),
            (r"(abc)?", None),
        ];
        for (source, expected) in cases {
            let found = required(source);
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|texts| texts.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{source}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_has_a_required_text(
            source in "(\\(\\?i\\))?[abk(){}|?+*.x1-2\\[\\]]{1,10}",
            text in "[aAbBkK\u{212A}x12]{0,12}",
        ) {
            let Ok(regex) = regex::Regex::new(&source) else { return Ok(()) };
            if let (Some(texts), true) = (required(&source), regex.is_match(&text)) {
                prop_assert!(texts.iter().any(|needle| fold(&text).contains(needle)));
            }
        }
    }
}
