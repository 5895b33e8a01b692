//! The public Sigma rules and event logs of attacks, when `WATCHFLOOR_CORPORA` names them.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schema::LogSource;
use serde_json::Value;
use sigma::{Rule, RuleSet, RuleState, Scratch};

fn all_rules(corpora: &Path) -> Vec<Rule> {
    let files = support::rule_files(&corpora.join("sigma/rules"));
    files.into_iter().flat_map(|file| file.rules).collect()
}

#[test]
fn every_public_rule_loads_and_all_but_a_few_are_routed() {
    let Some(corpora) = support::corpora() else {
        return;
    };
    let started = std::time::Instant::now();
    let files = support::rule_files(&corpora.join("sigma/rules"));
    let read = started.elapsed();
    let broken: Vec<_> = files.iter().flat_map(|file| &file.broken).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    let rules: Vec<Rule> = files.into_iter().flat_map(|file| file.rules).collect();
    assert_eq!(rules.len(), 3_754);
    let (set, reports) = RuleSet::compile(rules);
    eprintln!(
        "read in {read:?}, all in {:?}: {:?}",
        started.elapsed(),
        set.stats()
    );
    let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in reports.iter().flat_map(|report| &report.diagnostics) {
        if diagnostic.is_error() {
            *reasons.entry(&diagnostic.message).or_default() += 1;
        } else {
            *warnings.entry(&diagnostic.message).or_default() += 1;
        }
    }
    eprintln!("not run: {reasons:#?}\nwarnings: {warnings:#?}");
    let unroutable = reports
        .iter()
        .filter(|report| report.state == RuleState::Unroutable)
        .count();
    assert!(unroutable <= 25, "{unroutable} rules are unroutable");
}

#[test]
fn every_regression_case_matches_its_rule() {
    let Some(corpora) = support::corpora() else {
        return;
    };
    let (set, _) = RuleSet::compile(all_rules(&corpora));
    // The expected counts of these are lower than the true matches; the corpus's README says so.
    let wrong_counts = ["8fbf3271", "0b9ad457", "45e112d0", "c7dcacd0"];
    let mut failures = Vec::new();
    let mut cases = 0;
    for info in support::files(&corpora.join("sigma/regression"), "info.yml") {
        let text = std::fs::read_to_string(&info).expect("text");
        let field = |name: &str| {
            let line = text
                .lines()
                .find(|line| line.trim_start_matches([' ', '-']).starts_with(name))?;
            line.split_once(": ")
                .map(|(_, value)| value.trim().to_owned())
        };
        let rule_id = text
            .split("rule_metadata:")
            .nth(1)
            .and_then(|rest| {
                rest.lines()
                    .find_map(|line| line.trim().strip_prefix("- id: "))
            })
            .expect("a rule id");
        let expected: Option<usize> = field("match_count").and_then(|count| count.parse().ok());
        let folder = info.parent().expect("a folder");
        for evtx in support::files(folder, ".evtx") {
            cases += 1;
            let mut scratch = Scratch::default();
            let mut hits = 0;
            for (_, event) in support::evtx_events(&evtx) {
                set.matches(
                    &LogSource::new("windows", ""),
                    &event,
                    &mut scratch,
                    |rule| {
                        hits += usize::from(set.rule(rule).is_some_and(|rule| rule.id == rule_id));
                    },
                );
            }
            let right = match expected {
                Some(expected) if wrong_counts.iter().any(|id| rule_id.starts_with(id)) => {
                    hits >= expected
                }
                Some(expected) => hits == expected,
                None => hits > 0,
            };
            if !right {
                failures.push(format!("{rule_id}: {hits} for {expected:?} in {evtx:?}"));
            }
        }
    }
    eprintln!(
        "{} of {cases} regression cases as expected",
        cases - failures.len()
    );
    assert!(cases >= 120);
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What all Windows rules report on a folder of EVTX, as (file, record, rule).
fn detections(
    corpora: &Path,
    folder: &str,
    set: &RuleSet,
) -> (usize, BTreeSet<(String, u64, String)>) {
    let mut found = BTreeSet::new();
    let mut events = 0;
    let mut scratch = Scratch::default();
    for path in support::files(&corpora.join(folder), ".evtx") {
        let file = path.strip_prefix(corpora).expect("below the corpora");
        let file = file.to_string_lossy().into_owned();
        for (record, event) in support::evtx_events(&path) {
            events += 1;
            set.matches(
                &LogSource::new("windows", ""),
                &event,
                &mut scratch,
                |rule| {
                    let rule = set.rule(rule).expect("a rule of the set");
                    found.insert((file.clone(), record, rule.id.clone()));
                },
            );
        }
    }
    (events, found)
}

fn expected(path: &Path) -> BTreeSet<(String, u64, String)> {
    let text = std::fs::read_to_string(path).expect("readable");
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        (
            text("file"),
            value["record"].as_u64().unwrap_or_default(),
            text("rule"),
        )
    };
    text.lines().map(line).collect()
}

#[test]
fn detections_on_attack_logs_are_the_expected_ones() {
    let Some(corpora) = support::corpora() else {
        return;
    };
    let (set, _) = RuleSet::compile(all_rules(&corpora));
    let sets = [
        ("sigma/regression", "sigma_regression.jsonl"),
        ("evtx", "evtx.jsonl"),
    ];
    for (folder, file) in sets {
        let expected = expected(&corpora.join("sigma/expected").join(file));
        let (events, found) = detections(&corpora, folder, &set);
        let missing: Vec<_> = expected.difference(&found).collect();
        let extra: Vec<_> = found.difference(&expected).collect();
        eprintln!(
            "{folder}: {events} events, {} detections, {} expected, {} missing, {} extra",
            found.len(),
            expected.len(),
            missing.len(),
            extra.len()
        );
        for (what, list) in [("missing", &missing), ("extra", &extra)] {
            list.iter()
                .take(40)
                .for_each(|one| eprintln!("  {what}: {one:?}"));
        }
        assert!(missing.is_empty() && extra.is_empty());
    }
}
