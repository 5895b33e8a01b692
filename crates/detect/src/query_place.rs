//! Where in a rule's file a place of its query is.

/// Line and column in the file of a place in the query, all from 1. `query_line` is the line where
/// the query's text begins.
///
/// A query that the file doesn't hold line by line (folded, or with escaped line ends as in JSON)
/// is named by its first line, with column 0.
pub(crate) fn in_file(file: &str, query: &str, query_line: u32, place: (u32, u32)) -> (u32, u32) {
    let (line, column) = on_a_word(query, place);
    let text = nth_line(query, line).trim_end();
    let trimmed = text.trim_start();
    let indent = chars(text) - chars(trimmed);
    // A reader may name a block scalar by the line of its `|`, above the text.
    for candidate in [query_line + line - 1, query_line + line] {
        let row = nth_line(file, candidate);
        let Some(at) = row.find(trimmed).filter(|_| !trimmed.is_empty()) else {
            continue;
        };
        // Blanks that the query's own line begins with stand before `at` in the file.
        let first = (chars(&row[..at]) + 1).saturating_sub(indent);
        return (candidate, first + column - 1);
    }
    (query_line, 0)
}

/// The place, or the end of the last line with a word before it: what is missing at the end of a
/// query is missing there, not on the empty line below.
fn on_a_word(query: &str, (line, column): (u32, u32)) -> (u32, u32) {
    let mut at = line;
    while at > 1 && nth_line(query, at).trim().is_empty() {
        at -= 1;
    }
    match at == line {
        true => (line, column),
        false => (at, chars(nth_line(query, at).trim_end()) + 1),
    }
}

fn nth_line(text: &str, number: u32) -> &str {
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    text.lines().nth(at.saturating_sub(1)).unwrap_or_default()
}

fn chars(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::in_file;

    #[test]
    fn a_place_is_found_under_a_block_beside_the_key_and_in_quotes() {
        let block = "id: x\nquery: |\n  SecurityEvent\n    | where Nope == 1\n";
        let query = "SecurityEvent\n  | where Nope == 1\n";
        assert_eq!(in_file(block, query, 3, (2, 11)), (4, 13));
        assert_eq!(in_file(block, query, 2, (2, 11)), (4, 13));
        assert_eq!(in_file(block, query, 3, (3, 1)), (4, 22));
        let twice = "query: |\n  T\n  | take 1\n  | take 1\n";
        assert_eq!(in_file(twice, "T\n| take 1\n| take 1\n", 2, (2, 3)), (3, 5));
        let plain = "id: x\nquery: SecurityEvent | where Nope == 1\n";
        assert_eq!(
            in_file(plain, "SecurityEvent | where Nope == 1", 2, (1, 23)),
            (2, 30)
        );
        let quoted = "query: 'SecurityEvent | where Nope == 1'";
        assert_eq!(
            in_file(quoted, "SecurityEvent | where Nope == 1", 1, (1, 1)),
            (1, 9)
        );
    }

    #[test]
    fn a_query_with_escaped_line_ends_is_named_by_its_line() {
        let json = "{\n\"query\": \"SecurityEvent\\n| where Nope == 1\"}";
        let query = "SecurityEvent\n| where Nope == \"\"";
        assert_eq!(in_file(json, query, 2, (2, 9)), (2, 0));
    }
}
