//! Keys of values, terms and addresses.
//!
//! The same folding and the same cutting on both sides: a text that passes a test has every key
//! that [`Needle::keys`] gives for it. Folding maps what compares equal without case to one
//! text; it may map more together, never less.

use twox_hash::XxHash3_64;

/// Longest part of an IPv4 address.
const OCTET_DIGITS: usize = 3;
/// Lengths of the parts of a GUID.
const GUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// What cutting a text up needs, kept from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    folded: String,
    terms: Vec<(usize, usize)>,
}

/// Calls `f` with the keys of a value: its own, and those of what is in it.
pub(crate) fn keys_of(value: &str, scratch: &mut Scratch, f: &mut impl FnMut(u64)) {
    let Scratch { folded, terms } = scratch;
    fold(value, folded);
    f(hash(folded));
    parts_of(folded, terms, &mut |part| f(hash(part)));
}

/// Key of a whole value.
pub(crate) fn value_key(value: &str) -> u64 {
    let mut folded = String::new();
    fold(value, &mut folded);
    hash(&folded)
}

/// Keys of the terms that every text has in which `text` occurs, its first term whole to the
/// left if `starts`, its last one whole to the right if `ends`.
pub(crate) fn needle_keys(text: &str, starts: bool, ends: bool) -> Vec<u64> {
    // Only there do all ways to ignore case agree with folding.
    if !text.is_ascii() {
        return Vec::new();
    }
    let mut folded = String::new();
    fold(text, &mut folded);
    let mut whole = folded.as_str();
    if !starts {
        whole = whole.trim_start_matches(is_term);
    }
    if !ends {
        whole = whole.trim_end_matches(is_term);
    }
    let mut keys = Vec::new();
    parts_of(whole, &mut Vec::new(), &mut |part| {
        // In a text it may be a part of a GUID, and those have no keys.
        if !(GUID_PARTS.contains(&part.len()) && is_hex(part)) {
            keys.push(hash(part));
        }
    });
    keys
}

/// Terms, and what they make together: IPv4 addresses, and GUIDs, which stand for their parts.
/// Identifiers fill log columns; with a key for each part the index would be as large as they are.
fn parts_of(folded: &str, terms: &mut Vec<(usize, usize)>, f: &mut impl FnMut(&str)) {
    terms.clear();
    terms.extend(terms_in(folded));
    let mut at = 0;
    while let Some((start, end)) = terms.get(at).copied() {
        if let Some(guid) = guid(folded, terms.get(at..).unwrap_or_default()) {
            f(guid);
            at += GUID_PARTS.len();
            continue;
        }
        f(folded.get(start..end).unwrap_or_default());
        if let Some(address) = address(folded, terms.get(at..).unwrap_or_default()) {
            f(address);
        }
        at += 1;
    }
}

/// The GUID that terms begin with.
fn guid<'t>(text: &'t str, terms: &[(usize, usize)]) -> Option<&'t str> {
    let parts = terms.get(..GUID_PARTS.len())?;
    let fits = parts.iter().zip(GUID_PARTS).all(|((start, end), length)| {
        end - start == length && text.get(*start..*end).is_some_and(is_hex)
    });
    joined(text, parts, '-').filter(|_| fits)
}

/// The address that terms begin with: four short numbers.
fn address<'t>(text: &'t str, terms: &[(usize, usize)]) -> Option<&'t str> {
    let octets = terms.get(..4)?;
    let fits = octets.iter().all(|(start, end)| {
        let octet = text.get(*start..*end).unwrap_or_default();
        end - start <= OCTET_DIGITS && octet.bytes().all(|byte| byte.is_ascii_digit())
    });
    joined(text, octets, '.').filter(|_| fits)
}

/// The text of terms that have this character between them, and no other.
fn joined<'t>(text: &'t str, terms: &[(usize, usize)], by: char) -> Option<&'t str> {
    let between = terms.windows(2).all(|pair| match pair {
        [(_, end), (start, _)] => text.get(*end..*start).is_some_and(|t| t.chars().eq([by])),
        _ => false,
    });
    let (start, end) = (terms.first()?.0, terms.last()?.1);
    text.get(start..end).filter(|_| between)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Byte ranges of the terms.
fn terms_in(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(is_term)?;
        let tail = text.get(start..)?;
        let end = start + tail.find(|c| !is_term(c)).unwrap_or(tail.len());
        from = end;
        Some((start, end))
    })
}

fn is_term(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        c.is_alphanumeric()
    }
}

fn fold(text: &str, folded: &mut String) {
    folded.clear();
    if text.is_ascii() {
        folded.push_str(text);
        folded.make_ascii_lowercase();
        return;
    }
    // Among the letters outside ASCII these two are equal to one inside.
    folded.extend(text.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }));
}

fn hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(value: &str) -> Vec<u64> {
        let mut found = Vec::new();
        keys_of(value, &mut Scratch::default(), &mut |key| found.push(key));
        found
    }

    fn holds(value: &str, needle: &str, starts: bool, ends: bool) -> bool {
        let have = keys(value);
        needle_keys(needle, starts, ends)
            .iter()
            .all(|key| have.contains(key))
    }

    #[test]
    fn addresses_are_found_as_a_whole() {
        let line = "Failed password from 203.0.113.77 port 22, not 203.0.113.7";
        assert!(holds(line, "203.0.113.77", true, true));
        assert!(holds("1.203.0.113.77.9", "203.0.113.77", true, true));
        assert!(!holds(line, "203.0.113.78", true, true));
        assert!(!holds("203.0 113.77", "203.0.113.77", true, true));
        // Its own parts in another order are another address.
        assert!(!holds("113.77.203.0", "203.0.113.77", true, true));
    }

    #[test]
    fn identifiers_are_one_key() {
        let guid = "3F2504E0-4F89-41D3-9A0C-0305E82C3301";
        assert_eq!(keys(guid), [value_key(guid), value_key(guid)]);
        let path = format!("/subscriptions/{guid}/x");
        assert!(holds(&path, guid, true, true));
        assert!(!holds(
            &path,
            "3F2504E0-4F89-41D3-9A0C-0305E82C3302",
            true,
            true
        ));
        // A part of one is found in texts with the whole: it is not asked for.
        assert!(holds(&path, "4f89-41d3", true, true));
        assert!(holds(&path, "subscriptions 0305e82c3301", true, true));
        // Of another shape, the parts are terms.
        let other = format!("{guid}0");
        assert!(holds(&other, "0305E82C33010", true, true));
        assert!(!holds("nothing", "0305E82C33010", true, true));
    }

    #[test]
    fn parts_of_terms_are_not_asked_for() {
        assert!(holds("myurlcachefiles", "urlcache", false, false));
        assert!(!holds("myurlcachefiles", "urlcache", true, true));
        assert!(holds(
            "(webclient).downloadfile",
            "client).download",
            false,
            false
        ));
        assert!(!holds("nothing", "a urlcache b", false, false));
    }

    #[test]
    fn case_is_folded_as_comparisons_do() {
        assert!(holds(
            "\u{212a}ELVIN \u{17f}hell",
            "kelvin shell",
            true,
            true
        ));
        assert_eq!(value_key("ABC"), value_key("abc"));
        assert_eq!(value_key("É"), keys("É")[0]);
    }

    proptest! {
        /// Any piece of a text that is cut at the ends of terms has its keys in the text's.
        #[test]
        fn pieces_are_found(text in "[ -~éſK]{0,60}|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[- .]?){1,2}|([0-9]{1,3}[.]){3,6}[0-9]{1,3}", from in 0_usize..60, len in 0_usize..60) {
            let chars: Vec<char> = text.chars().collect();
            let from = from.min(chars.len());
            let to = (from + len).min(chars.len());
            let piece: String = chars[from..to].iter().collect();
            let starts = from == 0 || !is_term(chars[from - 1]) || chars.get(from).is_some_and(|c| !is_term(*c));
            let ends = to == chars.len() || !is_term(chars[to]) || to > 0 && !is_term(chars[to - 1]);
            prop_assert!(holds(&text, &piece, starts, ends));
            prop_assert!(holds(&text, &piece.to_ascii_uppercase(), starts, ends));
        }
    }
}
