//! The printer over every right query there is, in wide and narrow lines, and over real queries with comments put
//! between any two of their tokens: it changes blanks only, what it gives it gives again, and the result's columns stay.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::path::{Path, PathBuf};

use kql::syntax::trivia::{Element, elements};
use kql::{Bound, Code, FormatOptions, StaticCatalog, Type, format};
use proptest::prelude::*;
use support::Workspace;
use support::printed::check;

/// The printer's own.
const DEFAULT: usize = 120;

/// A narrow pane and a terminal.
const NARROW: [usize; 2] = [40, 80];

/// Columns and codes: what printing must leave as they are.
fn meaning(bound: &Bound) -> (Vec<(String, Type)>, Vec<Code>) {
    let columns = bound.columns.iter();
    let columns = columns.map(|column| (column.name.to_string(), column.ty));
    let codes = bound.diagnostics.iter().map(|found| found.code);
    (columns.collect(), codes.collect())
}

/// Prints a text in the default width and in one of the narrow ones; gives whether it was one that may be printed.
fn printed_everywhere(text: &str, bind: impl Fn(&str) -> Bound) -> bool {
    let before = meaning(&bind(text));
    let narrow = NARROW[text.len() % NARROW.len()];
    [DEFAULT, narrow].into_iter().all(|width| {
        let options = FormatOptions {
            width,
            ..FormatOptions::default()
        };
        let result = format(text, &options);
        check(text, &result, &options);
        // The same tree means the same; binding once shows that nothing else counts.
        if result.text != text && width == DEFAULT {
            assert_eq!(meaning(&bind(&result.text)), before, "meaning of\n{text}");
        }
        result.diagnostics.is_empty()
    })
}

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no {extension} in {}", folder.display());
    files
}

#[test]
fn the_analyzers_queries_mean_the_same_when_printed() {
    let csv = std::fs::read_to_string(data("analyzer/tables.csv")).unwrap();
    let catalog: StaticCatalog = support::tables(&csv, |ty| Type::parse(ty).unwrap());
    let (mut all, mut printed) = (0, 0);
    for file in files(&data("analyzer"), "jsonl") {
        for case in support::lines(&file) {
            let text = case["query"].as_str().unwrap();
            all += 1;
            printed += usize::from(printed_everywhere(text, |text| {
                support::bind_in(text, &catalog)
            }));
        }
    }
    println!("{printed} of {all} queries printed");
    assert!(printed * 2 > all, "too many are left alone");
}

#[test]
fn texts_found_by_fuzzing_mean_the_same_when_printed() {
    let catalog = support::table(&[("a", Type::Long), ("s", Type::String)]);
    for file in files(&data("fuzzed"), "kql") {
        let text = std::fs::read_to_string(file).unwrap();
        printed_everywhere(&text, |text| support::bind_in(text, &catalog));
    }
}

#[test]
fn real_queries_mean_the_same_when_printed() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let workspace = Workspace::load(&folder);
    let queries = support::corpus_queries();
    let printed = queries.iter().filter(|query| {
        let text = query["query"].as_str().unwrap();
        printed_everywhere(text, |text| workspace.bind(text, &query["dialect"]))
    });
    let printed = printed.count();
    println!("{printed} of {} queries printed", queries.len());
    assert!(printed * 50 > queries.len() * 49, "too many are left alone");
}

/// Those mutants that the official analyzer takes: odd, but right.
#[test]
fn right_mutants_mean_the_same_when_printed() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let workspace = Workspace::load(&folder);
    let queries = support::mutants::queries();
    let edits = files(&data("mutations"), "jsonl");
    let edits = edits.iter().flat_map(|file| support::lines(file));
    let (mut all, mut printed) = (0, 0);
    for edit in edits.filter(|edit| edit["rejected"] == false) {
        let (text, dialect) = &queries[edit["query"].as_str().unwrap()];
        let mutant = support::mutants::apply(text, &edit).unwrap();
        all += 1;
        printed += usize::from(printed_everywhere(&mutant, |text| {
            workspace.bind(text, dialect)
        }));
    }
    println!("{printed} of {all} mutants printed");
    assert!(printed * 50 > all * 49, "too many are left alone");
}

/// Small queries with what is laid out in its own way.
const QUERIES: &[&str] = &[
    "let f = (a:long, t:(x:string)) { t | where x has_any ('a', 'b') };\nf(1, T)",
    "T | join kind=inner (union withsource=n Device*, (U | take 5)) on $left.a == $right.b, c",
    "T | summarize a = dcountif(x, y !in~ ('a')), b = make_set(d.e[0]['f'], 10) by bin(t, 1h), g",
    "print x = case(a == 1, 'one', a == 2 and b, strcat('t', \"wo\"), 'more'), -1 - -2, 'a' 'b'",
    "let d = dynamic({\"a\": [1, -2.5], 'b': datetime(2020-01-01)}); print d.a",
    "T | make-series n = count() default=0 on t from ago(1d) to now() step 1h by k | render timechart with (title=\"x\")",
    "T | parse kind=regex m with * 'a' x:long ' ' y * | project-away a*, *b | top 5 by x asc nulls last",
    "E | make-graph s --> t with N on id | graph-match (a)-[e*1..3]->(b)<--(c) where a.x > 1 project a.x",
    "T | scan declare (n:long = 0) with (step s: a > 1 => n = s.n + 1; step t output=all: true;)",
    "datatable(a:long, b:string)[1, 'x', 2, 'y'] | fork (count) (take 1)",
    "T | mv-apply x = d to typeof(string) on (where x has 'a' | summarize c = count()) | top-nested 2 of a by count(), top-nested of b by max(c)",
];

/// Every text a comment may go into: small queries, and a part of the corpora's.
fn texts() -> Vec<String> {
    support::corpus_queries()
        .iter()
        .step_by(5)
        .filter_map(|query| query["query"].as_str().map(str::to_owned))
        .chain(QUERIES.iter().map(|query| (*query).to_owned()))
        .collect()
}

/// A comment as authors write them: at the end of a line, on its own, with blank lines round it.
const COMMENTS: &[&str] = &[
    " // end of line\n",
    "//close\n",
    "\n// own line\n",
    "\n\n    // after a blank line   \n",
    " // two\n // of them\n",
    "\n//\n\n",
    " // | where x == 'not a query' ; {\n",
];

/// A text with comments between its tokens, one in so many gaps.
fn commented() -> impl Strategy<Value = String> {
    let gaps = prop::collection::vec((0..8usize, prop::sample::select(COMMENTS)), 1..60);
    (prop::sample::select(texts()), gaps, 1..8usize).prop_map(|(text, gaps, density)| {
        let mut out = String::with_capacity(text.len() * 2);
        for (at, element) in elements(&text).iter().enumerate() {
            let (drawn, comment) = gaps[at % gaps.len()];
            if matches!(element, Element::Token(_)) && drawn < density {
                out.push_str(comment);
            }
            out.push_str(&text[element.span().range()]);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn comments_anywhere_stay(text in commented(), width in prop::sample::select(&[40, 80, DEFAULT])) {
        let options = FormatOptions { width, ..FormatOptions::default() };
        check(&text, &format(&text, &options), &options);
    }
}
