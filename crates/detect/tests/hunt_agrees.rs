//! A hunt over the sample's files finds what the same rules find in service.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use detect::{Hunt, HuntMatch, HuntOptions, MemoryTables, RuleLibrary};
use jiff::{SignedDuration, Timestamp};
use kql_engine::{Engine, EngineOptions};
use schema::AlertOrigin;

mod sample_run;

/// Hours before the last event that are looked at: all three days would be thousands of runs.
const HOURS: i64 = 4;

fn engine() -> Arc<Engine> {
    Arc::new(Engine::new(EngineOptions::default()).unwrap())
}

async fn hunted(evidence: &Path, rules: &Path, since: Timestamp, now: Timestamp) -> Vec<HuntMatch> {
    let queries = sample_run::queries(MemoryTables::default(), engine());
    let folders = ["analytics", "sigma"].map(|name| rules.join(name));
    let library = RuleLibrary::load(Vec::new(), &folders, &queries, &|_| true, now);
    let options = HuntOptions {
        paths: vec![evidence.to_owned()],
        min_level: None,
        since: Some(since),
        until: None,
        threads: 2,
        memory_bytes: 1 << 30,
        max_windows: 1_000,
        now,
    };
    let hunt = Hunt::new(&library, &queries, &options);
    let mut found = Vec::new();
    let (mut summary, rows) = hunt.files(&mut |one| found.push(one), &|_| {});
    hunt.windows(&rows, &mut summary, &mut |one| found.push(one), &|_| {})
        .await;
    assert!(summary.is_complete(), "{summary:?}");
    assert_eq!(summary.matches, found.len() as u64);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rules_fire_over_files_as_in_service() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let sample = sample_run::sample(1, true, 4_000);
    let folder = tempfile::tempdir().unwrap();
    sample.write_to(folder.path()).unwrap();
    std::fs::remove_dir_all(folder.path().join("context")).unwrap();
    std::fs::remove_file(folder.path().join(sample::TRUTH_FILE)).unwrap();

    let events = sample_run::events(&sample, "2026-03-06T16:50:00Z".parse().unwrap());
    let alerts = sample_run::alerts(&events, &rules, engine(), HOURS).await;
    let end = events.iter().filter_map(|event| event.time).max().unwrap();
    let since = end.checked_sub(SignedDuration::from_hours(HOURS)).unwrap();
    let found = hunted(folder.path(), &rules, since, end).await;

    let in_service = |origin: AlertOrigin, least: Timestamp| -> BTreeSet<String> {
        let alerts = alerts.iter().filter(|alert| alert.origin == origin);
        let alerts = alerts.filter(|alert| alert.end_at >= least);
        alerts.map(|alert| alert.rule_id.clone()).collect()
    };
    let scheduled = in_service(AlertOrigin::Scheduled, Timestamp::MIN);
    let expected: BTreeSet<String> = in_service(AlertOrigin::Sigma, since)
        .union(&scheduled)
        .cloned()
        .collect();
    let rules_found: BTreeSet<String> = found.iter().map(|one| one.rule_id.clone()).collect();
    assert!(scheduled.len() > 5, "{scheduled:?}");
    assert_eq!(rules_found, expected);
    for one in &found {
        assert!(!one.file.is_empty(), "no record behind {one:?}");
    }
}
