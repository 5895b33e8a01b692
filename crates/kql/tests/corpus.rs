//! Measures the binder against the verdicts of the official analyzer, over the corpora named by `WATCHFLOOR_CORPORA`:
//! where it reports no semantic error we report none, and the result columns are the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use kql::{Bound, StaticCatalog};
use serde_json::Value;
use support::Workspace;

#[derive(Default)]
struct Score {
    total: usize,
    clean: usize,
    same: usize,
    shown: usize,
}

impl Score {
    fn percent(part: usize, of: usize) -> f64 {
        part as f64 * 100.0 / of.max(1) as f64
    }

    fn add(&mut self, id: &str, text: &str, expected: &[Value], bound: &Bound, verbose: bool) {
        self.total += 1;
        if let Some(found) = bound.diagnostics.iter().find(|d| d.is_error()) {
            self.show(verbose, || format!("{id}\n{}", found.render(text, "query")));
            return;
        }
        self.clean += 1;
        let ours: Vec<(String, String)> = bound
            .columns
            .iter()
            .map(|column| (column.name.to_string(), column.ty.name().to_owned()))
            .collect();
        let theirs: Vec<(String, String)> = expected
            .iter()
            .map(|column| {
                (
                    column["name"].as_str().unwrap().to_owned(),
                    column["type"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        // What only the data tells has no type, and here need not be known.
        let told: Vec<_> = theirs
            .iter()
            .filter(|(_, ty)| ty != "unknown")
            .cloned()
            .collect();
        if ours == theirs || (bound.open && ours == told) {
            self.same += 1;
            return;
        }
        self.show(verbose, || {
            let missing: Vec<_> = theirs
                .iter()
                .filter(|column| !ours.contains(column))
                .collect();
            let extra: Vec<_> = ours
                .iter()
                .filter(|column| !theirs.contains(column))
                .collect();
            format!(
                "{id}: columns: missing {missing:?} extra {extra:?} of {} / {}",
                ours.len(),
                theirs.len()
            )
        });
    }

    fn show(&mut self, verbose: bool, text: impl FnOnce() -> String) {
        self.shown += 1;
        if verbose {
            println!("{}", text());
        }
    }

    fn report(&self, name: &str) -> (f64, f64) {
        let (clean, same) = (
            Self::percent(self.clean, self.total),
            Self::percent(self.same, self.total),
        );
        println!(
            "{name}: {} queries, {clean:.2} % without error, {same:.2} % with equal columns",
            self.total
        );
        (clean, same)
    }
}

#[test]
fn rules_bind_as_the_official_analyzer_binds_them() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let workspace = Workspace::load(&folder);
    let mut score = Score::default();
    let (mut faulted, mut rejected) = (0, 0);
    for query in support::lines(&folder.join("kql-rules/queries.jsonl")) {
        let text = query["query"].as_str().unwrap();
        let faults = query["official"]["semantic_errors"].as_array().unwrap();
        let bound = workspace.bind(text, &query["dialect"]);
        if !faults.is_empty() {
            faulted += 1;
            rejected += usize::from(!bound.ok());
            if bound.ok() && verbose {
                println!("accepted {}: {}", query["id"], faults[0]);
            }
            continue;
        }
        let expected = query["official"]["columns"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        score.add(
            query["id"].as_str().unwrap(),
            text,
            &expected,
            &bound,
            verbose,
        );
    }
    let (clean, same) = score.report("rules");
    assert!(clean > 99.9 && same > 99.5, "worse than it was");
    println!("of {faulted} queries the official analyzer faults, {rejected} are rejected here");
}

#[test]
fn documentation_examples_bind() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let catalog = StaticCatalog::new();
    let mut score = Score::default();
    for case in support::lines(&folder.join("kql-docs/conformance.jsonl")) {
        if case.get("official_semantic_errors").is_some() {
            continue;
        }
        let expected = case["columns"].as_array().cloned().unwrap_or_default();
        let text = case["query"].as_str().unwrap();
        let bound = support::bind_in(text, &catalog);
        score.add(
            case["id"].as_str().unwrap(),
            text,
            &expected,
            &bound,
            verbose,
        );
    }
    let (clean, same) = score.report("documentation");
    assert!(clean > 99.9 && same > 99.9, "worse than it was");
}
