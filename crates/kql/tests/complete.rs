//! Completion, hover and signature help on the cases of `data/complete`, `data/hover` and `data/signature`: a text with
//! a caret mark, a line `---`, and what must and must not be offered there. A new case is a new file.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use kql::complete::MAX_ITEMS;
use kql::{
    BindOptions, CompletionItem, Completions, Dialect, FunctionDef, StaticCatalog, TableDef, Type,
    complete, hover, signature_help,
};
use proptest::prelude::*;

const OPTIONS: BindOptions = BindOptions {
    now: 638_000_000_000_000_000,
    dialect: Dialect::Sentinel,
};
const CARET: char = '▮';

fn catalog() -> StaticCatalog {
    let mut catalog = support::table(&[
        ("a", Type::Long),
        ("b", Type::String),
        ("d", Type::Dynamic),
        ("t", Type::DateTime),
    ]);
    let other = [
        ("b", Type::String),
        ("c", Type::Long),
        ("odd name", Type::Real),
    ];
    for (name, columns) in [("Other", other.as_slice()), ("Odd-Table", &other[..1])] {
        let columns = columns.iter().map(|(name, ty)| ((*name).into(), *ty));
        catalog.add_table(TableDef {
            name: name.to_owned(),
            columns: columns.collect(),
        });
    }
    catalog.add_function(FunctionDef {
        name: "Recent".to_owned(),
        parameters: "(n:long = 5)".to_owned(),
        body: "T | where a > n | project a, b".to_owned(),
    });
    catalog
}

/// A case: the text without its mark, where the mark was, and the lines that say what is expected.
struct Case {
    name: String,
    text: String,
    position: usize,
    expected: Vec<(String, String)>,
}

fn cases(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| case(path)).collect()
}

fn case(path: &Path) -> Case {
    let whole = std::fs::read_to_string(path).unwrap();
    let (text, expected) = whole.split_once("\n---\n").unwrap();
    let position = text.find(CARET).unwrap();
    let expected = expected.lines().map(|line| {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        (key.to_owned(), value.to_owned())
    });
    Case {
        text: text.replace(CARET, ""),
        position,
        expected: expected.collect(),
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
    }
}

/// What is not as the case says, of all cases at once.
fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What is wrong with an answer as far as this line of the case goes.
fn fault(case: &Case, found: &Completions, key: &str, value: &str) -> Option<String> {
    let labels: Vec<&str> = found.items.iter().map(|item| item.label.as_str()).collect();
    let words: Vec<&str> = value.split(", ").collect();
    let any = |fits: &dyn Fn(&CompletionItem) -> bool| found.items.iter().any(fits);
    let wrong = match key {
        "none" => !labels.is_empty(),
        "not" => words.iter().any(|word| labels.contains(word)),
        "no" => any(&|item| item.kind.name() == value),
        "first" => !labels.starts_with(&words),
        "replace" => case.text[found.replace.range()] != *value,
        "insert" => !any(&|item| item.insert == value),
        "detail" => !any(&|item| item.detail == value),
        kind => !words
            .iter()
            .all(|word| any(&|item| item.label == *word && item.kind.name() == kind)),
    };
    let some = &labels[..labels.len().min(30)];
    wrong.then(|| format!("{}: {key}: {value}: {some:?}", case.name))
}

#[test]
fn completions_are_as_the_cases_say() {
    let catalog = catalog();
    let cases = cases("complete");
    assert!(cases.len() >= 50 && cases.iter().all(|case| !case.expected.is_empty()));
    let mut faults = Vec::new();
    for case in &cases {
        let found = complete(&case.text, case.position, &catalog, &OPTIONS);
        let lines = case.expected.iter();
        faults.extend(lines.filter_map(|(key, value)| fault(case, &found, key, value)));
    }
    report(faults);
}

#[test]
fn hovers_are_as_the_cases_say() {
    let catalog = catalog();
    let mut faults = Vec::new();
    for case in cases("hover") {
        let found = hover(&case.text, case.position, &catalog, &OPTIONS);
        for (key, value) in &case.expected {
            let fits = match (key.as_str(), &found) {
                ("none", found) => found.is_none(),
                ("title", Some(found)) => found.title == *value,
                ("doc", Some(found)) => found.doc.contains(value.as_str()),
                ("word", Some(found)) => case.text[found.span.range()] == **value,
                ("example", Some(found)) => found.example.contains(value.as_str()),
                _ => false,
            };
            if !fits {
                faults.push(format!("{}: {key}: {value}: {found:?}", case.name));
            }
        }
    }
    report(faults);
}

#[test]
fn signatures_are_as_the_cases_say() {
    let catalog = catalog();
    let mut faults = Vec::new();
    for case in cases("signature") {
        let found = signature_help(&case.text, case.position, &catalog, &OPTIONS);
        for (key, value) in &case.expected {
            let fits = match (key.as_str(), &found) {
                ("none", found) => found.is_none(),
                ("signature", Some(found)) => found.signatures[found.active_signature] == *value,
                ("of", Some(found)) => found.signatures[found.active_signature].starts_with(value),
                ("parameter", Some(found)) => found.active_parameter.to_string() == *value,
                _ => false,
            };
            if !fits {
                faults.push(format!("{}: {key}: {value}: {found:?}", case.name));
            }
        }
    }
    report(faults);
}

const PIECES: &[&str] = &[
    "T",
    "|",
    "where",
    "a",
    "b",
    "d.x",
    "summarize",
    "count()",
    "by",
    "join",
    "kind=",
    "(",
    ")",
    "on",
    "$left.",
    "$right.b",
    "let f = (",
    "x:",
    "{",
    "}",
    "[",
    "]",
    ";",
    "=",
    "==",
    "\"a",
    "'",
    "1",
    "1d",
    "dynamic({",
    "datetime(",
    "// c\n",
    ",",
    "mv-expand",
    "project-",
    "hint.",
    "!",
    "in~",
    "render",
    "evaluate",
    "union",
    "é",
    "▮",
    "-",
    "*",
    "to typeof(",
    "make-series",
    "graph-match",
    "scan",
    "with",
    "\n",
];

fn check(text: &str, position: usize) {
    let catalog = catalog();
    let found = complete(text, position, &catalog, &OPTIONS);
    let replace = found.replace.range();
    assert!(
        text.get(replace.clone()).is_some(),
        "{text:?} {position} {replace:?}"
    );
    assert!(replace.start <= position.min(text.len()));
    assert!(found.items.len() <= MAX_ITEMS);
    assert!(found.items.is_sorted_by_key(|item| item.rank));
    for item in &found.items {
        assert!(
            !item.label.is_empty() && !item.insert.is_empty(),
            "{item:?}"
        );
        assert!(!item.label.contains("__caret__"), "{text:?} {position}");
    }
    if let Some(found) = hover(text, position, &catalog, &OPTIONS) {
        assert!(
            text.get(found.span.range()).is_some(),
            "{text:?} {position}"
        );
        assert!(!found.title.is_empty());
    }
    if let Some(found) = signature_help(text, position, &catalog, &OPTIONS) {
        assert!(found.active_signature < found.signatures.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_and_place_gives_an_answer(text in "\\PC{0,60}", position in 0usize..90) {
        check(&text, position);
    }

    #[test]
    fn half_queries_give_an_answer_everywhere(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        let text = pieces.join(" ");
        for position in 0..=text.len() + 1 {
            check(&text, position);
        }
    }
}
