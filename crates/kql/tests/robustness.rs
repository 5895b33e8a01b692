//! Any text gives an answer: no panic, spans inside the text, bounded depth.

#![allow(clippy::unwrap_used)]

mod support;

use kql::{BindOptions, Dialect, StaticCatalog, Type, bind};
use proptest::prelude::*;

fn catalog() -> StaticCatalog {
    support::table(&[
        ("TimeGenerated", Type::DateTime),
        ("Account", Type::String),
        ("Data", Type::Dynamic),
        ("N", Type::Long),
    ])
}

fn check(text: &str) {
    let bound = bind(
        text,
        &catalog(),
        &BindOptions {
            now: 638_000_000_000_000_000,
            dialect: Dialect::Sentinel,
        },
    );
    for found in &bound.diagnostics {
        assert!(
            found.span.start <= found.span.end && found.span.end as usize <= text.len(),
            "{found:?}"
        );
        assert!(
            text.is_char_boundary(found.span.start as usize),
            "{found:?}"
        );
        assert!(!found.render(text, "query").is_empty());
        assert!(found.to_json(text).line >= 1);
    }
}

/// Pieces of queries, so that random texts get past the first token.
const PIECES: &[&str] = &[
    "T",
    "|",
    "where",
    "extend",
    "project",
    "summarize",
    "count()",
    "by",
    "bin(TimeGenerated, 1h)",
    "join",
    "kind=inner",
    "(",
    ")",
    "on",
    "Account",
    "$left.N == $right.N",
    "union",
    "let x =",
    ";",
    "=",
    "==",
    "1",
    "1.5",
    "1h",
    "\"a\"",
    "'",
    "@'\\'",
    "dynamic([1,",
    "dynamic({\"a\":1})",
    "Data.a['b'][0]",
    "mv-expand",
    "mv-apply",
    "to typeof(long)",
    "parse",
    "with",
    "*",
    ",",
    "has",
    "in",
    "!in~",
    "between",
    "..",
    "ago(1d)",
    "datetime(2020-01-01)",
    "{",
    "}",
    "[",
    "]",
    "-",
    "materialize(",
    "toscalar(",
    "arg_max(N, *)",
    "make-series",
    "default=0",
    "step",
    "from",
    "evaluate",
    "bag_unpack(Data)",
    "pivot(Account)",
    "search",
    "find",
    "top 5 by N",
    "sort by N",
    "serialize",
    "prev(N)",
    "(a:string) {",
    "print",
    "range",
    "datatable(a:long)[1]",
    "//",
    "\n",
    "$left",
    "as",
    "_GetWatchlist('w')",
    "invoke",
    "fork",
    "scan",
    "top-nested",
    "\u{1F600}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_text(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn arbitrary_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        check(&pieces.join(" "));
    }
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let deep = 20_000;
    for text in [
        format!("print {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("print {}1", "-".repeat(deep).replace('-', "- ")),
        format!("print x{}", ".a".repeat(deep)),
        format!("print 1{}", " + 1".repeat(deep)),
        format!("T {}", "| where N > 1 ".repeat(deep)),
        format!("print {}1{}", "strcat(".repeat(deep), ")".repeat(deep)),
        format!("print dynamic({}{})", "[".repeat(deep), "]".repeat(deep)),
        format!("print x[{}0{}]", "x[".repeat(deep), "]".repeat(deep)),
    ] {
        check(&text);
    }
}

/// Inputs that fuzzing found, one a file: they hung or panicked.
#[test]
fn what_fuzzing_found_stays_harmless() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fuzzed");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        check(&text);
        let once = kql::format(&text, &kql::FormatOptions::default());
        let twice = kql::format(&once.text, &kql::FormatOptions::default());
        assert_eq!(once.text, twice.text);
    }
}

#[test]
fn long_lists_and_chains_bind() {
    let options = BindOptions {
        now: 638_000_000_000_000_000,
        dialect: Dialect::Sentinel,
    };
    let terms: Vec<String> = (0..3000).map(|n| format!("Account == \"u{n}\"")).collect();
    assert!(
        bind(
            &format!("T | where {}", terms.join(" or ")),
            &catalog(),
            &options
        )
        .ok()
    );
    let list: Vec<String> = (0..3000).map(|n| format!("\"u{n}\"")).collect();
    assert!(
        bind(
            &format!("T | where Account in ({})", list.join(",")),
            &catalog(),
            &options
        )
        .ok()
    );
}

#[test]
fn doubling_lets_are_refused() {
    let mut text = "let t0 = T;\n".to_owned();
    for n in 1..40 {
        text.push_str(&format!("let t{n} = t{0} | union t{0};\n", n - 1));
    }
    text.push_str("t39");
    let bound = bind(
        &text,
        &catalog(),
        &BindOptions {
            now: 0,
            dialect: Dialect::Sentinel,
        },
    );
    assert!(
        bound
            .diagnostics
            .iter()
            .any(|found| found.code == kql::Code::TooLarge)
    );
}
