//! What a sample promises as a set of files: the same bytes for the same options, as many records
//! as it says, in formats that others read.

#![allow(clippy::unwrap_used)]

mod common;

use common::{both, lines, options, text, trail, windows};
use sample::{Options, generate};
use serde_json::Value;

#[test]
fn the_same_options_give_the_same_bytes() {
    let (one, two) = (both(7), both(7));
    assert_eq!(one.files, two.files);
    assert_eq!(one.truth, two.truth);
}

#[test]
fn another_seed_gives_another_story() {
    let (one, two) = (generate(&options(7)), generate(&options(8)));
    let (a, b) = (&one.truth.intrusions[0], &two.truth.intrusions[0]);
    assert_ne!(a.accounts[0].sid, b.accounts[0].sid);
    assert_ne!(a.accounts[0].upn, b.accounts[0].upn);
    assert_ne!(a.ips, b.ips);
    assert_ne!(a.stages[0].first, b.stages[0].first);
}

#[test]
fn the_benign_events_are_as_many_as_asked_for() {
    let sample = generate(&options(7));
    assert_eq!(sample.truth.benign_total, 20_000);
    assert!(sample.truth.benign_records["syslog/firewall-cef"] >= 10_000);
}

#[test]
fn every_record_that_is_counted_is_in_a_file() {
    let sample = both(7);
    let told = |source: &str| -> usize {
        let benign = sample
            .truth
            .benign_records
            .get(source)
            .copied()
            .unwrap_or_default();
        let intrusions = sample.truth.intrusions.iter();
        benign
            + intrusions
                .filter_map(|intrusion| intrusion.records.get(source))
                .sum::<usize>()
    };
    assert_eq!(
        windows(&sample, "-Security.evtx").len(),
        told("windows/Security")
    );
    assert_eq!(
        windows(&sample, "-Sysmon.evtx").len(),
        told("windows/Sysmon")
    );
    assert_eq!(trail(&sample).len(), told("cloudtrail"));
    for (path, source) in [
        ("azure/SigninLogs.json", "azure/SigninLogs"),
        ("azure/AuditLogs.json", "azure/AuditLogs"),
        ("azure/AzureActivity.json", "azure/AzureActivity"),
        ("m365/OfficeActivity.ndjson", "m365/OfficeActivity"),
        ("alerts/guardduty.jsonl", "alerts/guardduty"),
        (
            "alerts/defender-for-cloud.json",
            "alerts/defender-for-cloud",
        ),
    ] {
        assert_eq!(lines(&sample, path).len(), told(source), "{path}");
    }
    for (start, source) in [
        ("syslog/firewall", "syslog/firewall-cef"),
        ("syslog/linux", "syslog/linux"),
    ] {
        let file = sample
            .files
            .iter()
            .find(|file| file.path.starts_with(start))
            .unwrap();
        assert_eq!(text(file).lines().count(), told(source), "{start}");
    }
}

#[test]
fn the_last_event_is_at_the_end_and_a_shift_moves_everything() {
    let sample = generate(&options(7));
    let firewall = sample
        .files
        .iter()
        .find(|file| file.path.starts_with("syslog/firewall"))
        .unwrap();
    let end: jiff::Timestamp = "2026-03-06T16:40:00Z".parse().unwrap();
    let last = text(firewall).lines().last().unwrap().to_owned();
    assert!(
        last.contains(&format!("rt={} ", end.as_millisecond())),
        "{last}"
    );

    let later: jiff::Timestamp = "2026-05-01T03:10:00Z".parse().unwrap();
    let moved = generate(&Options {
        shift_to: Some(later),
        ..options(7)
    });
    let distance = later.duration_since(end);
    for (here, there) in sample.truth.intrusions[0]
        .stages
        .iter()
        .zip(&moved.truth.intrusions[0].stages)
    {
        let here: jiff::Timestamp = here.first.parse().unwrap();
        let there: jiff::Timestamp = there.first.parse().unwrap();
        assert_eq!(there.duration_since(here), distance);
    }
    assert_eq!(sample.truth.benign_records, moved.truth.benign_records);
}

#[test]
fn a_sample_is_written_with_its_answer_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let sample = generate(&Options {
        benign_events: 600,
        ..options(5)
    });
    sample.write_to(folder.path()).unwrap();
    for file in &sample.files {
        assert_eq!(
            std::fs::read(folder.path().join(&file.path)).unwrap(),
            file.bytes
        );
    }
    let truth: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    assert_eq!(truth["seed"], 5);
}
