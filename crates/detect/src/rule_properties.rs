//! Rule files from strangers: whatever is in them, reading gives a report for each rule, a broken
//! one has its reason, and no rule stops another. And rows of any shape make an alert's parts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kql_engine::{Engine, EngineOptions};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};

use crate::diagnostic::Findings;
use crate::journal::Journal;
use crate::library::{RuleLibrary, RuleReport, RuleState};
use crate::mapping;
use crate::memory_tables::MemoryTables;
use crate::queries::Queries;
use crate::result::ResultRows;
use crate::rule::{AnalyticsRule, RuleKind, resources};

/// A share of the cases proptest is asked for: a rule's query is bound at every one.
fn cases(share: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: (asked.cases / share).max(1),
        ..asked
    }
}

/// The rules that come with Watchfloor, as files.
static RULES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/analytics");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let texts = paths.iter().map(std::fs::read_to_string);
    let texts: Vec<String> = texts.map(Result::unwrap).collect();
    assert!(texts.len() >= 10, "{} rules", texts.len());
    texts
});

/// A rule in the shape of ARM and REST JSON, with every setting that is read.
static ARM: LazyLock<String> = LazyLock::new(|| {
    let rule = json!({"resources": [{
        "name": "2b1f1c9e-0000-4000-8000-000000000001",
        "kind": "Scheduled",
        "properties": {
            "displayName": "Many failed logons",
            "description": "'Text in quotes'",
            "severity": "High",
            "enabled": true,
            "query": "SecurityEvent\n| where EventID == 4625\n| summarize Failures = count() by Account, Computer\n| where Failures > 10",
            "queryFrequency": "PT1H",
            "queryPeriod": "P1DT2H",
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 0,
            "suppressionEnabled": true,
            "suppressionDuration": "PT5H",
            "tactics": ["CredentialAccess", "InitialAccess"],
            "techniques": ["T1110", "T1078"],
            "entityMappings": [
                {"entityType": "Account", "fieldMappings": [{"identifier": "FullName", "columnName": "Account"}]},
                {"entityType": "Host", "fieldMappings": [{"identifier": "HostName", "columnName": "Computer"}]}
            ],
            "customDetails": {"Failures": "Failures"},
            "alertDetailsOverride": {
                "alertDisplayNameFormat": "{{Failures}} failures of {{ Account }}",
                "alertSeverityColumnName": "Severity"
            },
            "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
            "incidentConfiguration": {
                "createIncident": true,
                "groupingConfiguration": {
                    "enabled": true, "reopenClosedIncident": false, "lookbackDuration": "PT5H",
                    "matchingMethod": "Selected", "groupByEntities": ["Account"],
                    "groupByAlertDetails": ["DisplayName"], "groupByCustomDetails": ["Failures"]
                }
            }
        }
    }]});
    serde_json::to_string_pretty(&rule).unwrap()
});

const PIECES: &[&str] = &[
    "\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "---\n",
    "...\n",
    "#",
    "'",
    "\"",
    "|",
    ">",
    "&a",
    "*a",
    "<<: *a",
    "!!binary ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "%YAML 9\n",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "null",
    "~",
    "yes",
    "-1",
    "1e999",
    "99999999999999999999",
    "P99999999999D",
    "PT-1H",
    "P1Y",
    "1d",
    "kind: Fusion\n",
    "detection:\n",
    "severity: Severe\n",
    "query: ",
    "triggerThreshold: many\n",
    "tactics: [Winning]\n",
    "entityMappings: 7\n",
    "| where Nope == 1",
    "{{",
    "}}",
    "let x = ",
    "customDetails: [a]\n",
];

/// An edit of a text: where, characters cut, what is put in their place.
type Edit = (Index, usize, String);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let deep = prop::sample::select(vec!["[", "{a: ", "- ", "(", "\n "]);
    let put = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => (deep, 1_usize..3000).prop_map(|(open, depth)| open.repeat(depth)),
        1 => (1_usize..100_000).prop_map(|length| "x".repeat(length)),
    ];
    prop::collection::vec((any::<Index>(), 0_usize..60, put), 1..5)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, cut, put) in edits {
        let from = at.index(text.len() + 1);
        text.splice(from..(from + cut).min(text.len()), put.chars());
    }
    text.into_iter().collect()
}

fn now() -> Timestamp {
    "2026-03-06T12:00:00Z".parse().unwrap()
}

fn load(texts: Vec<(String, String)>) -> RuleLibrary {
    static QUERIES: LazyLock<Queries> = LazyLock::new(|| {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        let tables = Arc::new(MemoryTables::default());
        Queries::new(tables, Arc::new(engine), Journal::default())
    });
    RuleLibrary::load(texts, &[], &QUERIES, &|_| true, now())
}

/// What every report says.
fn check(report: &RuleReport) {
    assert_eq!(report.ok, report.state != RuleState::Broken, "{report:?}");
    let errors: Vec<_> = report.diagnostics.iter().filter(|f| f.is_error()).collect();
    let is_broken = report.state == RuleState::Broken;
    assert!(
        !is_broken || !errors.is_empty(),
        "broken without a reason: {report:?}"
    );
    for finding in &report.diagnostics {
        assert!(
            !finding.code.is_empty() && !finding.message.is_empty(),
            "{finding:?}"
        );
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn a_damaged_rule_has_a_report_and_stops_no_other(
        rule in any::<Index>(),
        as_json in any::<bool>(),
        edits in edits(),
    ) {
        let text = if as_json { &*ARM } else { &RULES[rule.index(RULES.len())] };
        let broken = edited(text, &edits);
        let library = load(vec![
            ("first.yaml".to_owned(), RULES[0].clone()),
            ("broken.yaml".to_owned(), broken.clone()),
            ("last.json".to_owned(), ARM.clone()),
        ]);
        library.reports.iter().for_each(check);
        for name in ["first.yaml", "last.json"] {
            let ready = library.reports.iter().any(|r| r.path == name && r.state == RuleState::Ready);
            prop_assert!(ready, "{}", name);
        }
        let about = library.reports.iter().filter(|r| r.path == "broken.yaml");
        let is_blank = sigma::yaml::load(&broken)
            .iter()
            .all(|document| document.as_ref().is_ok_and(crate::rule::is_empty));
        prop_assert!(is_blank || about.count() > 0, "no report for {:?}", broken);
        // What runs has a report that says so.
        for rule in &library.analytics {
            prop_assert!(library.reports.iter().any(|r| r.ok && r.path == rule.path && r.id == rule.id));
        }
    }
}

/// One key of the JSON shape holds something else than it should.
fn surprise() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[]]])),
        Just(json!({"a": {"b": [1]}})),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ]
}

/// Every place of a document, as pointers.
fn places(json: &Json, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match json {
        Json::Object(members) => members
            .iter()
            .for_each(|(name, value)| places(value, &format!("{at}/{name}"), all)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, value)| places(value, &format!("{at}/{n}"), all)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn a_rule_with_a_surprise_in_any_place_is_read_or_refused_with_a_reason(
        place in any::<Index>(),
        surprise in surprise(),
    ) {
        let mut rule: Json = serde_json::from_str(&ARM).unwrap();
        let mut all = Vec::new();
        places(&rule, "", &mut all);
        *rule.pointer_mut(&all[place.index(all.len())]).unwrap() = surprise;
        let library = load(vec![("rule.json".to_owned(), rule.to_string())]);
        library.reports.iter().for_each(check);
        prop_assert!(library.reports.len() <= 1);
        prop_assert_eq!(library.analytics.len(), library.reports.iter().filter(|r| r.ok).count());
    }
}

fn cell() -> impl Strategy<Value = Json> {
    prop_oneof![
        surprise(),
        Just(Json::from("203.0.113.9")),
        Just(Json::from("CORP\\ann")),
        Just(Json::from("ann@corp.example")),
        Just(Json::from("{{Account}}")),
        Just(Json::from("High")),
        Just(Json::from("Execution, ,Nothing")),
    ]
}

const COLUMNS: &[&str] = &[
    "Account",
    "Computer",
    "Failures",
    "Severity",
    "AccountCustomEntity",
    "IPCustomEntity",
    "",
    "{{",
];

proptest! {
    #[test]
    fn rows_of_any_shape_make_the_parts_of_an_alert(
        columns in prop::collection::vec(prop::sample::select(COLUMNS), 0..9),
        rows in prop::collection::vec(prop::collection::vec(cell(), 0..10), 0..20),
        format in prop_oneof![Just("{{Failures}} of {{ Account }}".to_owned()), "[{} A-Za-z]{0,20}", any::<String>()],
        is_mapped in any::<bool>(),
    ) {
        let document = sigma::yaml::load(&ARM).remove(0).unwrap();
        let mut rule = AnalyticsRule::read(resources(&document)[0], "rule.json", &mut Findings::default()).unwrap();
        rule.overrides.display_name = Some(format.clone());
        rule.overrides.tactics_column = Some("Account".to_owned());
        if !is_mapped {
            rule.entities.clear();
        }
        let result = ResultRows {
            columns: columns.iter().map(|name| ((*name).to_owned(), "dynamic".to_owned())).collect(),
            rows,
        };
        let all: Vec<&Vec<Json>> = result.rows.iter().collect();
        let parts = mapping::parts(&rule, &result, &all);
        prop_assert!(parts.entities.iter().all(schema::Entity::is_meaningful));
        prop_assert!(parts.entities.len() <= 500);
        // Where there is no row and no placeholder, the text is as it was given.
        if !format.contains("{{") {
            prop_assert_eq!(parts.name, format);
        }
        let kept = result.clone().without_empty_columns();
        prop_assert_eq!(kept.rows.len(), result.rows.len());
        prop_assert!(kept.columns.len() <= result.columns.len());
    }
}

/// An export holds as many rules as were chosen for it, each with its kind and its name outside of
/// its properties.
#[test]
fn every_resource_of_an_export_is_a_rule() {
    let mut export: Json = serde_json::from_str(&ARM).unwrap();
    let list = export["resources"].as_array_mut().unwrap();
    let mut other = list[0].clone();
    other["name"] = "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/id-2')]".into();
    other["kind"] = "NRT".into();
    let mut broken = list[0].clone();
    broken["kind"] = "Fusion".into();
    list.extend([other, broken]);
    let library = load(vec![("export.json".to_owned(), export.to_string())]);
    library.reports.iter().for_each(check);
    let ids: Vec<(&str, RuleKind)> = library
        .analytics
        .iter()
        .map(|rule| (rule.id.as_str(), rule.kind))
        .collect();
    let first = "2b1f1c9e-0000-4000-8000-000000000001";
    assert_eq!(ids, [(first, RuleKind::Scheduled), ("id-2", RuleKind::Nrt)]);
    assert_eq!(library.reports.len(), 3);
    let why = &library.reports[2].diagnostics[0].message;
    assert!(why.contains("`fusion`"), "{why}");
}
