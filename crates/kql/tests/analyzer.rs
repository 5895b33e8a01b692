//! Measures parser and binder against verdicts of the official analyzer on small queries written for this test, one
//! file a topic in `data/analyzer`. A line is `{"query", "columns"}` where the analyzer finds no error, with
//! `"open": true` where it does not know all columns; `{"query", "kind"}` where the result is no table, and only the
//! verdict counts; `{"query", "error"}` with its first code where it finds one.
//! `tables.csv` there is the schema.
//!
//! `KQL_ANALYZER` names another folder of the same layout to measure; nothing is demanded of that one.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::path::{Path, PathBuf};

use kql::{Bound, StaticCatalog, Type};
use serde_json::Value;

/// Least share of equal answers in each file, in percent.
const LEAST: f64 = 99.5;

fn tables(path: &Path) -> StaticCatalog {
    let text = std::fs::read_to_string(path).unwrap();
    support::tables(&text, |ty| Type::parse(ty).unwrap())
}

/// What we say, in the notation of the files.
fn ours(bound: &Bound) -> String {
    if let Some(found) = bound.diagnostics.iter().find(|found| found.is_error()) {
        return format!("error {} {}", found.code.id(), found.message);
    }
    let columns: Vec<String> = bound
        .columns
        .iter()
        .map(|column| format!("{}:{}", column.name, column.ty))
        .collect();
    columns.join(" ")
}

fn theirs(case: &Value) -> String {
    if let Some(code) = case.get("error") {
        return format!("error {}", code.as_str().unwrap());
    }
    if let Some(kind) = case.get("kind") {
        return format!("no table but {kind}");
    }
    let columns = case["columns"].as_array().unwrap();
    let columns: Vec<&str> = columns.iter().map(|c| c.as_str().unwrap()).collect();
    columns.join(" ")
}

fn agrees(bound: &Bound, case: &Value) -> bool {
    if case.get("error").is_some() {
        return !bound.ok();
    }
    if case.get("kind").is_some() {
        return bound.ok();
    }
    let (ours, theirs) = (ours(bound), theirs(case));
    // Of an open result the analyzer lists columns that only their use suggests; here they need not be known.
    let told = theirs
        .split(' ')
        .filter(|column| !column.ends_with(":unknown"));
    bound.ok() && (ours == theirs || (bound.open && ours == told.collect::<Vec<_>>().join(" ")))
}

fn topics(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    files
}

#[test]
fn answers_are_those_of_the_official_analyzer() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/analyzer");
    let other = std::env::var_os("KQL_ANALYZER").map(PathBuf::from);
    let folder = other.as_ref().unwrap_or(&own);
    let catalog = tables(&folder.join("tables.csv"));
    let mut low = Vec::new();
    for path in topics(folder) {
        let topic = path.file_stem().unwrap().to_string_lossy().into_owned();
        let cases = support::lines(&path);
        let mut equal = 0;
        for case in &cases {
            let text = case["query"].as_str().unwrap();
            let bound = support::bind_in(text, &catalog);
            if agrees(&bound, case) {
                equal += 1;
                continue;
            }
            println!(
                "{topic}: {text:?}\n  analyzer: {}\n  here:     {}",
                theirs(case),
                ours(&bound)
            );
        }
        let share = f64::from(equal) * 100.0 / cases.len().max(1) as f64;
        println!("{topic}: {} queries, {share:.2} % equal", cases.len());
        if share < LEAST {
            low.push(topic);
        }
    }
    if other.is_none() {
        assert!(low.is_empty(), "below {LEAST} %: {low:?}");
    }
}

/// Where we differ on purpose, with the reason. A line that differs no longer belongs to the others.
#[test]
fn differences_have_a_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/analyzer");
    let catalog = tables(&folder.join("tables.csv"));
    let mut settled = Vec::new();
    for path in topics(&folder.join("differences")) {
        for case in support::lines(&path) {
            let text = case["query"].as_str().unwrap();
            assert!(
                case["reason"].as_str().is_some_and(|r| !r.is_empty()),
                "{text}"
            );
            if agrees(&support::bind_in(text, &catalog), &case) {
                settled.push(text.to_owned());
            }
        }
    }
    assert!(settled.is_empty(), "these differ no longer: {settled:#?}");
}
