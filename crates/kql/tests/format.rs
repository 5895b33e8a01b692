//! The printer: expected texts as files, and over edited and hostile texts that it changes nothing but blanks. What it
//! does to right queries is in `format_everywhere.rs`.
//!
//! A case is a file of `data/format/`: a query, a line of dashes, and the text it becomes; a line `//! width=40` at the
//! top sets the width. `WATCHFLOOR_UPDATE=1 cargo test -p kql --test format` writes what the printer gives now into the
//! files, to be read as a diff.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::fs;
use std::path::PathBuf;

use kql::syntax::trivia::{Element, elements};
use kql::{FormatOptions, Formatted, format};
use proptest::prelude::*;
use support::printed::check;

/// Between the query and what it becomes.
const RULER: &str = "\n----------\n";

fn printed(text: &str) -> Formatted {
    format(text, &FormatOptions::default())
}

#[test]
fn files_are_printed_as_expected() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/format");
    let update = std::env::var_os("WATCHFLOOR_UPDATE").is_some();
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 30, "cases are missing");
    for file in files {
        let case = fs::read_to_string(&file).unwrap();
        let (input, expected) = case.split_once(RULER).unwrap_or((&case, ""));
        let options = FormatOptions {
            width: width(input).unwrap_or(120),
            ..FormatOptions::default()
        };
        let result = format(input, &options);
        check(input, &result, &options);
        let wrong = file
            .file_stem()
            .is_some_and(|name| name == "syntax_error_stays");
        assert_eq!(result.diagnostics.is_empty(), !wrong, "{}", file.display());
        if update {
            fs::write(&file, format!("{input}{RULER}{}", result.text)).unwrap();
        } else {
            assert_eq!(result.text, expected, "{}", file.display());
        }
    }
}

/// `//! width=40` on the first line.
fn width(input: &str) -> Option<usize> {
    let first = input.lines().next()?;
    first.strip_prefix("//! width=")?.trim().parse().ok()
}

fn joined(text: &str) -> String {
    let slice = |element: &Element| &text[element.span().range()];
    elements(text).iter().map(slice).collect()
}

/// Pieces put between the tokens of real queries.
const PIECES: &[&str] = &[
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "=",
    "-",
    "*",
    ".",
    ":",
    "//c\n",
    "\n// own\n",
    "\n\n",
    "\r\n",
    " ",
    "",
    "dynamic([1, // one\n 2])",
    "'a'",
    "```\nx\n```",
    "1d",
    "by",
    "and",
    "in",
    "!has",
    "let x =",
    "union",
    "a*",
    "\u{feff}",
    "..",
    "<",
    "where x",
    "h\"s\"",
    "\u{1F600}",
];

/// Queries that need no corpus.
const QUERIES: &[&str] = &[
    "let f = (a:long, t:(x:string)) { t | where x has_any ('a', 'b') };",
    "T | join kind = inner (union withsource=n Device*, (U | take -5)) on $left.a == $right.b // end",
    "T\n| summarize a = dcountif(x, y !in~ ('a')), // first\n b = make_set(d.e[0]['f'], 10) by bin(t, 1h), g",
    "let d = dynamic({\"a\": [1, -2.5], 'b': datetime(2020-01-01)});\n\nprint d.a , -1 - -2, x = 'a' 'b'",
    "T | make-series n = count() default = 0 on t from ago(1d) to now() step 1h by k | render timechart with (title = \"x\")",
    "T | parse kind=regex m with * 'a' x:long ' ' y * | project-away a*, *b | extend z = a*b, w=x between(1..2)",
    "E | make-graph s --> t with N on id | graph-match (a)-[e*1..3]->(b)<--(c) where a.x > 1 project a.x",
    "T | scan declare (n:long = 0) with (step s: a > 1 => n = s.n + 1; step t output=all: true;)",
    "datatable(a:long, b:string)[1, 'x', // one\n 2, 'y']",
];

fn text_with_edits() -> impl Strategy<Value = String> {
    let corpus: Vec<String> = support::corpus_queries()
        .iter()
        .step_by(7)
        .filter_map(|query| query["query"].as_str().map(str::to_owned))
        .chain(QUERIES.iter().map(|query| (*query).to_owned()))
        .collect();
    let edit = (
        any::<prop::sample::Index>(),
        0..3usize,
        prop::sample::select(PIECES),
    );
    let edits = prop::collection::vec(edit, 0..4);
    (prop::sample::select(corpus), edits).prop_map(|(mut text, edits)| {
        for (place, cut, put) in edits {
            let all = elements(&text);
            if all.is_empty() {
                continue;
            }
            let first = place.index(all.len());
            let last = (first + cut).min(all.len());
            let start = all[first].span().range().start;
            let end = all.get(last).map_or(text.len(), |e| e.span().range().start);
            text.replace_range(start..end, put);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tokens_and_trivia_are_the_text(text in "(.|\n|//|dynamic\\(|'|```|h\"|\r){0,60}") {
        prop_assert_eq!(joined(&text), text);
    }

    #[test]
    fn tokens_and_trivia_are_the_edited_text(text in text_with_edits()) {
        prop_assert_eq!(joined(&text), text);
    }

    #[test]
    fn edited_texts_keep_their_tokens(text in text_with_edits(), width in 1..140usize, indent in 0..9usize) {
        let options = FormatOptions { width, indent };
        check(&text, &format(&text, &options), &options);
    }
}

#[test]
fn texts_without_a_query_are_printed() {
    for (text, expected) in [
        ("", ""),
        (" \n\n ", ""),
        ("\u{feff}", ""),
        ("  // only a comment  ", "// only a comment\n"),
        ("\n// one\n\n\n\n//two\n", "// one\n\n//two\n"),
    ] {
        let result = printed(text);
        assert_eq!(result.text, expected);
        check(text, &result, &FormatOptions::default());
    }
}

#[test]
fn a_text_too_long_to_read_is_lossless_and_left_alone() {
    let text = "print 1 // x\n".repeat(100_000);
    assert_eq!(joined(&text), text);
    let result = printed(&text);
    assert!(result.text == text && !result.diagnostics.is_empty());
}

#[test]
fn hostile_texts_are_printed_or_left_alone() {
    let (many, half) = (20_000, 1 << 19);
    for text in [
        "(".repeat(2 * half),
        format!("print {}1{}", "(".repeat(half - 10), ")".repeat(half - 10)),
        format!(
            "alias database {}{}",
            "(".repeat(half - 10),
            ")".repeat(half - 10)
        ),
        format!("print dynamic({}{})", "[".repeat(99), "]".repeat(99)),
        format!("print x in ({})", "(1),".repeat(many).trim_end_matches(',')),
        format!("print {}", "f(a, b), ".repeat(many / 2) + "1"),
        format!("print {}1", "f(".repeat(140)) + &")".repeat(140),
        format!(
            "print a = {}true",
            "x has 'a' or // c\n y and ".repeat(many / 10)
        ),
        format!("T | where {}", "a + ".repeat(140) + "b"),
        "print 1;".repeat(many / 4),
        format!("alias database a{}", "-a".repeat(many)),
        format!("print 1{}", "\n//c".repeat(many)),
        format!("print f(1{})", "// c\n, // d\n 1".repeat(many / 8)),
        format!("print dynamic([1{}])", ", {\"a\": [2]}".repeat(many / 4)),
    ] {
        let options = FormatOptions::default();
        let result = format(&text, &options);
        assert!(result.text == text || result.diagnostics.is_empty());
        assert!(format(&result.text, &options).text == result.text);
    }
}
