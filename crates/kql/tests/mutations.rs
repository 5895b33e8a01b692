//! Broken queries: corpus queries with one edit each. The official analyzer's verdict on each was recorded under
//! `data/mutations/`, with the spans it marks; ours has to agree, mutants that are still right included.
//!
//! A line there names the query, the kind of edit, the edit itself (`at`, `cut` bytes, `put`) and the verdict. The
//! edits of `seed-4` and later are chosen by `scripts/kql-mutants`, whose help says how a file is made. The
//! queries stay in the corpora: without `WATCHFLOOR_CORPORA` there is nothing to measure.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use support::Workspace;
use support::mutants::{apply, queries};

fn recorded() -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mutations");
    let mut files: Vec<PathBuf> = match std::env::var_os("KQL_MUTANTS") {
        Some(file) => vec![PathBuf::from(file)],
        None => std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect(),
    };
    files.sort();
    files.iter().flat_map(|file| support::lines(file)).collect()
}

#[derive(Default)]
struct Tally {
    total: usize,
    agree: usize,
    accepted: usize,
    both_reject: usize,
    overlap: usize,
}

impl Tally {
    fn verdicts(&self) -> f64 {
        self.agree as f64 * 100.0 / self.total.max(1) as f64
    }

    fn spans(&self) -> f64 {
        self.overlap as f64 * 100.0 / self.both_reject.max(1) as f64
    }
}

#[test]
fn broken_queries_are_judged_as_the_official_analyzer_judges_them() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let workspace = Workspace::load(&folder);
    let queries = queries();
    let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
    let mut all = Tally::default();
    for edit in recorded() {
        let kind = edit["kind"].as_str().unwrap();
        let (text, dialect) = &queries[edit["query"].as_str().unwrap()];
        let mutant = apply(text, &edit).expect("the edit fits the query");
        let bound = workspace.bind(&mutant, dialect);
        let first = bound.diagnostics.iter().find(|found| found.is_error());
        let rejected = edit["rejected"].as_bool().unwrap();
        let spans: Vec<(u64, u64)> = edit["spans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| (span[0].as_u64().unwrap(), span[1].as_u64().unwrap()))
            .collect();
        let overlap = first.is_some_and(|found| {
            let (start, end) = (u64::from(found.span.start), u64::from(found.span.end));
            spans.iter().any(|(s, e)| start <= *e && *s <= end)
        });
        let agree = rejected == first.is_some();
        for tally in [&mut all, kinds.entry(kind.to_owned()).or_default()] {
            tally.total += 1;
            tally.accepted += usize::from(!rejected);
            tally.agree += usize::from(agree);
            tally.both_reject += usize::from(rejected && first.is_some());
            tally.overlap += usize::from(rejected && overlap);
        }
        if verbose && (!agree || (rejected && !overlap)) {
            let ours = first.map(|found| found.render(&mutant, "mutant"));
            println!(
                "{} {kind} {} at {} cut {} put {:?}; official: {} {}\n{}\n",
                if agree { "SPAN" } else { "VERDICT" },
                edit["query"],
                edit["at"],
                edit["cut"],
                edit["put"].as_str().unwrap(),
                edit["spans"],
                edit["messages"],
                ours.unwrap_or_else(|| {
                    let at = usize::try_from(edit["at"].as_u64().unwrap()).unwrap();
                    let from = mutant[..at]
                        .char_indices()
                        .rev()
                        .nth(90)
                        .map_or(0, |(at, _)| at);
                    let to = mutant[at..]
                        .char_indices()
                        .nth(70)
                        .map_or(mutant.len(), |(n, _)| at + n);
                    format!("   accepted: …{}…", mutant[from..to].replace('\n', "⏎"))
                })
            );
        }
    }
    for (kind, tally) in &kinds {
        println!(
            "{kind:24} {:4} mutants, {:3} right ones; verdict {:5.1} %, span {:5.1} %",
            tally.total,
            tally.accepted,
            tally.verdicts(),
            tally.spans()
        );
    }
    println!(
        "{} mutants, {} right ones: verdict {:.2} %, span {:.2} %",
        all.total,
        all.accepted,
        all.verdicts(),
        all.spans()
    );
    assert!(
        all.verdicts() > 99.5 && all.spans() > 97.5,
        "worse than it was"
    );
}
