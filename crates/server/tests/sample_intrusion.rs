//! The sample intrusion ends as one incident with evidence of all environments, for every seed;
//! two unrelated intrusions end as two; without the identity table there is no false link.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use intake::FileOptions;
use jiff::{SignedDuration, Timestamp};
use lake::ManualClock;
use server::{Config, DataFolder, Platform};
use soc::{IncidentDetail, ListFilter};

struct Installation {
    platform: Arc<Platform>,
    _folder: tempfile::TempDir,
}

async fn loaded(options: &sample::Options, with_identities: bool) -> Installation {
    let folder = tempfile::tempdir().unwrap();
    let now = options
        .end
        .checked_add(SignedDuration::from_mins(10))
        .unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let data = DataFolder::own(&folder.path().join("data")).unwrap();
    let config = Config {
        disk_guard_bytes: 0,
        ..Config::default()
    };
    let platform = Platform::open(data, config, clock).await.unwrap();
    let made = sample::generate(options);
    let actor = soc::Actor::system();
    let logs = folder.path().join("logs");
    for file in &made.files {
        match file.path.as_str() {
            "context/identities.csv" if with_identities => {
                platform
                    .store()
                    .import_identities(&file.bytes, "test", &actor, now)
                    .await
                    .unwrap();
            }
            "context/identities.csv" => {}
            "context/assets.csv" => {
                platform
                    .store()
                    .import_assets(&file.bytes, "test", &actor, now)
                    .await
                    .unwrap();
            }
            path => {
                let path = logs.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &file.bytes).unwrap();
            }
        }
    }
    let report = platform
        .intake()
        .files(vec![logs], FileOptions::default(), |_| {})
        .await
        .unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    for source in &report.sources {
        assert_eq!(source.rejects, 0, "{source:?}");
    }
    platform.settle().await.unwrap();
    Installation {
        platform,
        _folder: folder,
    }
}

impl Installation {
    async fn incidents(&self) -> Vec<IncidentDetail> {
        let now = self.platform.now();
        let page = self
            .platform
            .store()
            .list(
                &ListFilter {
                    limit: 1000,
                    ..ListFilter::default()
                },
                now,
            )
            .await
            .unwrap();
        let mut all = Vec::new();
        for item in page.items {
            all.push(
                self.platform
                    .store()
                    .detail(item.number, now)
                    .await
                    .unwrap(),
            );
        }
        all
    }
}

fn describe(incidents: &[IncidentDetail]) -> String {
    incidents
        .iter()
        .map(|incident| {
            let alerts: Vec<_> = incident
                .alerts
                .iter()
                .map(|a| {
                    format!(
                        "    {} [{}] {}",
                        a.alert.name,
                        a.joined_because,
                        a.alert
                            .entities
                            .iter()
                            .map(schema::Entity::label)
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                })
                .collect();
            format!(
                "  #{} {} {:?}\n{}",
                incident.item.number,
                incident.item.title,
                incident.item.environments,
                alerts.join("\n")
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn end() -> Timestamp {
    "2026-03-06T16:40:00Z".parse().unwrap()
}

/// Seeds of this run: all 20 in a long one, a few in a short one.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let long = std::env::var("WATCHFLOOR_SOAK_SECONDS")
        .ok()
        .and_then(|s| s.parse::<u64>().ok())
        .unwrap_or(0)
        >= 120;
    if long { 1..=20 } else { 1..=4 }
}

fn assert_whole(incident: &IncidentDetail, all: &[IncidentDetail], seed: u64) {
    for environment in ["on-premises", "azure", "aws"] {
        assert!(
            incident.item.environments.iter().any(|e| e == environment),
            "seed {seed}: no evidence of {environment}\n{}",
            describe(all)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn soak_one_intrusion_is_one_incident_for_every_seed() {
    for seed in seeds() {
        let installation = loaded(&sample::Options::new(seed, end()), true).await;
        let incidents = installation.incidents().await;
        assert_eq!(incidents.len(), 1, "seed {seed}\n{}", describe(&incidents));
        assert_whole(&incidents[0], &incidents, seed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_unrelated_intrusions_are_two_incidents() {
    for seed in seeds().take(3) {
        let options = sample::Options {
            second_intrusion: true,
            ..sample::Options::new(seed, end())
        };
        let installation = loaded(&options, true).await;
        let incidents = installation.incidents().await;
        assert_eq!(incidents.len(), 2, "seed {seed}\n{}", describe(&incidents));
        let keys: Vec<std::collections::BTreeSet<String>> = incidents
            .iter()
            .map(|incident| {
                let entities = incident.alerts.iter().flat_map(|a| &a.alert.entities);
                entities
                    .filter(|e| e.kind == schema::EntityKind::Account)
                    .flat_map(schema::Entity::strong_keys)
                    .collect()
            })
            .collect();
        let shared: Vec<_> = keys[0].intersection(&keys[1]).collect();
        assert!(
            shared.is_empty(),
            "seed {seed}: {shared:?}\n{}",
            describe(&incidents)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_identity_table_nothing_is_linked_falsely_and_the_gap_is_named() {
    let installation = loaded(&sample::Options::new(1, end()), false).await;
    let incidents = installation.incidents().await;
    for incident in &incidents {
        let of = |name: &str| incident.item.environments.iter().any(|e| e == name);
        assert!(
            !(of("aws") && (of("on-premises") || of("azure"))),
            "{}",
            describe(&incidents)
        );
    }
    let aws = incidents
        .iter()
        .find(|i| i.item.environments.iter().any(|e| e == "aws"));
    let aws = aws.unwrap_or_else(|| panic!("no AWS incident\n{}", describe(&incidents)));
    assert!(!aws.missing_links.is_empty(), "{}", describe(&incidents));
}
