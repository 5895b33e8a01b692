//! Places inside of string literals: "The string data type" in the Kusto reference.

use super::escape;

/// Where in a string literal as written the byte `offset` of its value stands; `None` when `raw` is no string literal
/// with that value.
pub(crate) fn place_in_string(raw: &str, value: &str, offset: usize) -> Option<usize> {
    let body = raw.strip_prefix(['h', 'H']).unwrap_or(raw);
    let fence = ["```", "~~~"].into_iter().find(|f| body.starts_with(f));
    if let Some(fence) = fence {
        let inside = body.strip_prefix(fence)?.strip_suffix(fence)?;
        let start = raw.len() - body.len() + fence.len();
        return (inside == value && offset <= value.len()).then_some(start + offset);
    }
    let plain = body.strip_prefix('@');
    let quoted = plain.unwrap_or(body);
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let start = raw.len() - quoted.len() + quote.len_utf8();
    let (mut at, mut expected) = (0, value.char_indices());
    loop {
        let next = expected.next();
        let decoded = next.map_or(value.len(), |(decoded, _)| decoded);
        if decoded == offset {
            return Some(start + at);
        }
        let (_, expected) = next?;
        let (found, length) = character(inside.get(at..)?, quote, plain.is_some())?;
        if found != expected {
            return None;
        }
        at += length;
    }
}

/// The next character of a quoted text and the bytes it takes there.
fn character(rest: &str, quote: char, verbatim: bool) -> Option<(char, usize)> {
    let c = rest.chars().next()?;
    let behind = rest.get(c.len_utf8()..)?;
    if verbatim {
        let doubled = c == quote && behind.starts_with(quote);
        return Some((c, if doubled { 2 } else { c.len_utf8() }));
    }
    if c != '\\' {
        return Some((c, c.len_utf8()));
    }
    let (decoded, length) = escape(behind);
    decoded.map(|decoded| (decoded, 1 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_value_is_found_in_the_text() {
        assert_eq!(place_in_string(r#""a\\b""#, r"a\b", 2), Some(4));
        assert_eq!(place_in_string(r#"h'é\tb'"#, "é\tb", 3), Some(6));
        assert_eq!(place_in_string(r#"@"a""b""#, "a\"b", 2), Some(5));
        assert_eq!(place_in_string("```a\nb```", "a\nb", 2), Some(5));
        assert_eq!(place_in_string("'ab'", "ab", 2), Some(3));
    }

    #[test]
    fn what_is_no_such_literal_has_no_places() {
        assert_eq!(place_in_string("name", "ab", 1), None);
        assert_eq!(place_in_string("'a' 'b'", "ab", 1), Some(2));
        assert_eq!(place_in_string("'a' 'b'", "ab", 2), None);
        assert_eq!(place_in_string("'ac'", "ab", 2), None);
        assert_eq!(place_in_string("'ab'", "ab", 3), None);
        assert_eq!(place_in_string("'", "", 0), None);
    }
}
