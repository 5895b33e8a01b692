//! The starter pack (`rules/`): every rule has a test of its own and passes it, names nothing of
//! the sample, and all of them together find the sample's intrusions and nothing else.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::{AlertFacts, Expected, RuleLibrary, test_events, test_rule};
use kql_engine::{Engine, EngineOptions};

mod sample_run;

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

fn engine() -> Arc<Engine> {
    Arc::new(Engine::new(EngineOptions::default()).unwrap())
}

/// Rule files with the name of their test.
fn rules() -> Vec<(PathBuf, String)> {
    let mut rules = Vec::new();
    for folder in ["analytics", "sigma"] {
        for entry in std::fs::read_dir(rules_folder().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            rules.push((path, stem));
        }
    }
    rules.sort();
    rules
}

#[test]
fn every_rule_has_a_test_and_every_test_a_rule() {
    let stems: BTreeSet<String> = rules().into_iter().map(|(_, stem)| stem).collect();
    let tests: BTreeSet<String> = std::fs::read_dir(rules_folder().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(stems, tests);
    assert_eq!(stems.len(), rules().len(), "two rules share a name");
    assert!(stems.len() >= 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_find_their_matches_and_leave_the_near_misses() {
    let engine = engine();
    let mut wrong = Vec::new();
    for (path, stem) in rules() {
        let folder = rules_folder().join("tests").join(&stem);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let rule = std::fs::read_to_string(&path).unwrap();
        let expected = Expected::read(&read("expected.yml")).unwrap();
        for (records, wanted) in [
            ("match.ndjson", expected.alerts.clone()),
            ("near_miss.ndjson", Vec::new()),
        ] {
            let events = test_events(&read(records)).unwrap();
            match test_rule(&stem, &rule, events, expected.at, Arc::clone(&engine)).await {
                Ok(alerts) => {
                    let mut found: Vec<AlertFacts> = alerts.iter().map(AlertFacts::from).collect();
                    found.sort();
                    if found != wanted {
                        wrong.push(format!(
                            "{stem}/{records}\n  expected {wanted:#?}\n  found {found:#?}"
                        ));
                    }
                }
                Err(error) => wrong.push(format!("{stem}/{records}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_load_without_a_warning_and_say_what_to_do() {
    let queries = sample_run::queries(detect::MemoryTables::default(), engine());
    let now = "2026-03-06T17:00:00Z".parse().unwrap();
    let folders = ["analytics", "sigma"].map(|name| rules_folder().join(name));
    let library = RuleLibrary::load(Vec::new(), &folders, &queries, &|_| true, now);
    let mut ids = BTreeSet::new();
    for report in &library.reports {
        assert!(report.diagnostics.is_empty(), "{report:#?}");
        assert_eq!(report.state, detect::RuleState::Ready, "{}", report.path);
        assert!(!report.tactics.is_empty(), "{}", report.path);
        assert!(ids.insert(report.id.clone()), "{} is used twice", report.id);
    }
    assert_eq!(library.reports.len(), rules().len());
    for rule in &library.analytics {
        assert!(
            rule.description.len() > 150 && !rule.techniques.is_empty(),
            "{}",
            rule.path
        );
        assert!(
            !rule.entities.is_empty() && rule.alert_per_result,
            "{}",
            rule.path
        );
        assert!(rule.query.len() <= 10_000, "{}", rule.path);
        let bound = queries.bind(&rule.query, now);
        let columns: Vec<String> = bound
            .columns
            .iter()
            .map(|column| column.name.to_string())
            .collect();
        let entity_columns = rule
            .entities
            .iter()
            .flat_map(|entity| entity.fields.iter().map(|(_, c)| c));
        for column in entity_columns.chain(rule.custom_details.iter().map(|(_, column)| column)) {
            assert!(
                columns.contains(column),
                "{}: no column {column}",
                rule.path
            );
        }
    }
}

#[test]
fn no_rule_names_anything_of_the_sample() {
    let texts: Vec<(PathBuf, String)> = rules()
        .into_iter()
        .map(|(path, _)| {
            (
                path.clone(),
                std::fs::read_to_string(&path).unwrap().to_lowercase(),
            )
        })
        .collect();
    for seed in 1..=20 {
        let truth = sample_run::sample(seed, true, 200).truth;
        let mut names = vec![
            truth.company.clone(),
            truth.domain.clone(),
            truth.tenant_id.clone(),
        ];
        for intrusion in &truth.intrusions {
            for account in &intrusion.accounts {
                let sam = account
                    .nt_name
                    .split('\\')
                    .next_back()
                    .unwrap_or_default()
                    .to_owned();
                names.extend(
                    [&account.display_name, &account.upn, &account.nt_name].map(String::clone),
                );
                names.extend([account.sid.clone(), account.aad_user_id.clone(), sam]);
            }
            names.extend(intrusion.hosts.iter().flat_map(|host| {
                [
                    host.clone(),
                    host.split('.').next().unwrap_or_default().to_owned(),
                ]
            }));
            names.extend(intrusion.ips.iter().chain(&intrusion.inside_ips).cloned());
            names.extend(intrusion.azure_resources.iter().flat_map(|id| {
                [
                    id.clone(),
                    id.rsplit('/').next().unwrap_or_default().to_owned(),
                ]
            }));
            if let Some(aws) = &intrusion.aws {
                names.extend(
                    [&aws.account_id, &aws.role, &aws.session_name, &aws.iam_user]
                        .map(String::clone),
                );
            }
        }
        for name in names
            .iter()
            .map(|name| name.to_lowercase())
            .filter(|name| name.len() > 3)
        {
            for (path, text) in &texts {
                assert!(
                    !text.contains(&name),
                    "{} names `{name}` (seed {seed})",
                    path.display()
                );
            }
        }
    }
}
