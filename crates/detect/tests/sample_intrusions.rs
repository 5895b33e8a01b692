//! The starter rules over whole samples: every stage of an intrusion raises an alert whose span
//! meets the stage's, and everyday business raises none.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kql_engine::{Engine, EngineOptions};
use sample::Truth;
use schema::{Alert, Event};

mod sample_run;

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

fn engine() -> Arc<Engine> {
    Arc::new(Engine::new(EngineOptions::default()).unwrap())
}

/// Stages without an alert that speaks of their technique at their time; a stage that is itself a
/// native alert needs that one.
fn missed(truth: &Truth, alerts: &[Alert]) -> Vec<String> {
    let slack = SignedDuration::from_mins(5);
    let mut missed = Vec::new();
    for stage in truth
        .intrusions
        .iter()
        .flat_map(|intrusion| &intrusion.stages)
    {
        let first: Timestamp = stage.first.parse().unwrap();
        let last: Timestamp = stage.last.parse().unwrap();
        let is_native = stage
            .sources
            .iter()
            .any(|source| source.starts_with("alerts/"));
        let speaks = |alert: &Alert| {
            let native = alert.origin == schema::AlertOrigin::Native;
            // A native alert's stage is when the vendor raised it, some time after the events.
            let end = if native {
                alert.end_at.max(alert.created_at)
            } else {
                alert.end_at
            };
            let near = alert.start_at <= last + slack && end >= first - slack;
            near && native == is_native && (native || alert.techniques.contains(&stage.technique))
        };
        if !alerts.iter().any(speaks) {
            missed.push(format!("{} ({})", stage.id, stage.technique));
        }
    }
    missed
}

/// Everyday business: before the first malicious record there is nothing else.
fn benign_only(seed: u64) -> Vec<Event> {
    let received: Timestamp = "2026-03-06T16:50:00Z".parse().unwrap();
    let sample = sample_run::sample(seed, false, sample::BENIGN_EVENTS);
    let first: Timestamp = sample.truth.intrusions[0].first_event.parse().unwrap();
    let mut events = sample_run::events(&sample, received);
    events.retain(|event| event.time.is_some_and(|time| time < first));
    events
}

/// Identifiers of everything that the intrusions took over or came from.
fn of_intruders(truth: &Truth) -> Vec<String> {
    let mut known = Vec::new();
    for intrusion in &truth.intrusions {
        for account in &intrusion.accounts {
            known.extend(
                [
                    &account.sid,
                    &account.aad_user_id,
                    &account.nt_name,
                    &account.upn,
                ]
                .map(String::clone),
            );
        }
        known.extend(intrusion.ips.iter().cloned());
        known.extend(intrusion.aws.iter().map(|aws| aws.session_arn.clone()));
    }
    known
}

/// Whether one of the alert's entities is the intruders'.
fn speaks_of(alert: &Alert, known: &[String]) -> bool {
    alert.entities.iter().any(|entity| {
        let name = entity.get("Name");
        let names = [
            format!("{}\\{name}", entity.get("NTDomain")),
            format!("{name}@{}", entity.get("UPNSuffix")),
        ];
        let mut values = entity.identifiers.values().chain(&names);
        values.any(|value| known.iter().any(|known| known.eq_ignore_ascii_case(value)))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_raises_an_alert_and_every_alert_speaks_of_an_intruder() {
    for seed in [1, 7] {
        let sample = sample_run::sample(seed, true, sample::BENIGN_EVENTS);
        let events = sample_run::events(&sample, "2026-03-06T16:50:00Z".parse().unwrap());
        let alerts = sample_run::alerts(&events, &rules(), engine(), 4).await;
        let known = of_intruders(&sample.truth);
        for alert in &alerts {
            println!(
                "seed {seed}: {} {:?} {} [{} rows]",
                alert.start_at,
                alert.severity,
                alert.name,
                alert.evidence.len()
            );
            assert!(
                !alert.evidence.is_empty(),
                "seed {seed}: {} has no evidence",
                alert.name
            );
            assert!(
                speaks_of(alert, &known),
                "seed {seed}: {} {:?}",
                alert.name,
                alert.entities
            );
        }
        assert_eq!(
            missed(&sample.truth, &alerts),
            Vec::<String>::new(),
            "seed {seed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyday_business_raises_none() {
    let seed = 2;
    let alerts = sample_run::alerts(&benign_only(seed), &rules(), engine(), 6).await;
    let names: Vec<&String> = alerts.iter().map(|alert| &alert.name).collect();
    assert!(names.is_empty(), "seed {seed}: {names:?}");
}
