//! `hunt`: Sigma and analytics rules over files, and what is said when something is wrong.
#![allow(clippy::unwrap_used)]

#[path = "support/scene.rs"]
mod scene;
mod support;

use std::collections::BTreeSet;
use std::path::Path;

use scene::{PER_ROW, SIGMA, SUMMARISED, Scene, json_lines, of_rule, records, stderr, stdout};
use serde_json::{Value as Json, json};

#[test]
fn a_sigma_rule_and_the_same_as_kql_find_the_same_records() {
    let scene = Scene::new();
    scene.sample();
    scene
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    let rows = scene.rows(&[]);
    let (sigma, kql) = (of_rule(&rows, "a01"), of_rule(&rows, "a02"));
    assert!(sigma.len() > 10, "{}", sigma.len());
    assert_eq!(records(&sigma), records(&kql));
    assert_eq!(
        sigma.len(),
        kql.len(),
        "overlapping windows repeat a finding"
    );
    let members = [
        "rule_id",
        "rule",
        "level",
        "file",
        "record_id",
        "time",
        "computer",
        "channel",
        "event_id",
        "fields",
    ];
    for row in &rows {
        let names: Vec<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, members, "{row}");
        assert!(Path::new(row["file"].as_str().unwrap()).is_file(), "{row}");
        assert!(
            row["time"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .is_ok(),
            "{row}"
        );
        assert_eq!(row["event_id"], 4625, "{row}");
        assert!(row["computer"].as_str().unwrap().contains('.'), "{row}");
        assert!(row["fields"].as_object().unwrap().len() > 5, "{row}");
    }
    let levels: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, BTreeSet::from(["low", "medium"]));
}

#[test]
fn a_summarised_row_names_the_records_behind_it() {
    let scene = Scene::new();
    scene.sample();
    scene
        .write("rules/a.yml", SIGMA)
        .write("rules/c.yaml", SUMMARISED);
    let rows = scene.rows(&[]);
    let failed = records(&of_rule(&rows, "a01"));
    let summarised = of_rule(&rows, "a03");
    assert!(!summarised.is_empty());
    for row in summarised {
        assert_eq!(row["level"], "high");
        assert!(row["fields"]["Failures"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["computer"], row["fields"]["Computer"]);
        let behind: Vec<&Json> = row["evidence"].as_array().unwrap().iter().collect();
        assert!(!behind.is_empty(), "{row}");
        assert!(records(&behind).is_subset(&failed), "{row}");
        assert!(records(&[row]).is_subset(&failed), "{row}");
    }
}

#[test]
fn threads_and_formats_change_nothing_about_what_is_found() {
    let scene = Scene::new();
    scene.sample();
    scene
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW)
        .write("rules/c.yaml", SUMMARISED);
    let sorted = |mut rows: Vec<Json>| {
        rows.sort_by_key(ToString::to_string);
        rows
    };
    let one = sorted(scene.rows(&["--threads", "1"]));
    assert_eq!(one, sorted(scene.rows(&["--threads", "4"])));
    let array = scene.hunt(&["--format", "json"]);
    assert_eq!(sorted(serde_json::from_str(&stdout(&array)).unwrap()), one);
    let csv = stdout(&scene.hunt(&["--format", "csv"]));
    assert_eq!(
        csv::Reader::from_reader(csv.as_bytes()).records().count(),
        one.len()
    );
}

#[test]
fn level_and_times_bound_what_is_reported() {
    let scene = Scene::new();
    scene.sample();
    scene
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW)
        .write("rules/c.yaml", SUMMARISED);
    let level = scene.rows(&["--min-level", "Medium"]);
    assert!(of_rule(&level, "a01").is_empty());
    assert!(!of_rule(&level, "a02").is_empty() && !of_rule(&level, "a03").is_empty());
    let all = scene.rows(&[]);
    let mut times: Vec<&str> = of_rule(&all, "a01")
        .iter()
        .map(|r| r["time"].as_str().unwrap())
        .collect();
    times.sort_unstable();
    let (since, until) = (times[times.len() / 4], times[times.len() / 2]);
    let within = |row: &&Json| (since..until).contains(&row["time"].as_str().unwrap());
    let bounded = scene.rows(&["--since", since, "--until", until]);
    let expected: Vec<&Json> = all.iter().filter(within).collect();
    for rule in ["a01", "a02"] {
        let of = |rows: Vec<&Json>| {
            rows.into_iter()
                .filter(|r| r["rule_id"].as_str().unwrap().ends_with(rule))
                .cloned()
                .collect::<Vec<_>>()
        };
        let (found, expected) = (of(bounded.iter().collect()), of(expected.clone()));
        assert!(!found.is_empty());
        let (found, expected): (Vec<&Json>, Vec<&Json>) =
            (found.iter().collect(), expected.iter().collect());
        assert_eq!(records(&found), records(&expected), "{rule}");
    }
    let wrong = scene.hunt(&["--min-level", "loud"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("unknown level `loud`"));
    let reversed = scene.hunt(&["--since", until, "--until", since]);
    assert_eq!(reversed.status.code(), Some(2));
}

#[test]
fn the_summary_ends_with_the_counts() {
    let scene = Scene::new();
    scene.sample().write("rules/a.yml", SIGMA);
    let output = scene.hunt(&["--format", "ndjson"]);
    let text = stderr(&output);
    let last = text.lines().last().unwrap();
    let words: Vec<&str> = last
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(
        [words[0], words[2], words[4], words[6], words[8]],
        ["hunt:", "events", "matches", "s", "events/s"],
        "{last}"
    );
    assert_eq!(
        words[3].parse::<usize>().unwrap(),
        stdout(&output).lines().count()
    );
    assert!(
        text.contains("hunt: 1 rules loaded (1 Sigma, 0 analytics), 0 not loaded"),
        "{text}"
    );
    assert!(text.contains("hunt: low: "), "{text}");
}

#[test]
fn a_broken_rule_is_named_with_its_line_and_the_others_run() {
    let scene = Scene::new();
    scene.sample();
    scene
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    scene.write("rules/broken-sigma.yml", "title: Broken\nlogsource: {product: windows}\ndetection:\n  s:\n    EventID|nosuch: 1\n  condition: s\n");
    scene.write(
        "rules/broken-yaml.yml",
        "title: Broken\ndetection:\n  - [unclosed\n",
    );
    scene.write(
        "rules/broken-kql.yaml",
        &PER_ROW
            .replace("a02", "a09")
            .replace("| where EventID", "| wherever EventID"),
    );
    scene.write(
        "rules/off.yaml",
        &format!("{}enabled: false\n", PER_ROW.replace("a02", "a08")),
    );
    let output = scene.hunt(&["--format", "ndjson"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = json_lines(&output);
    assert!(!of_rule(&rows, "a01").is_empty() && !of_rule(&rows, "a02").is_empty());
    assert!(of_rule(&rows, "a08").is_empty());
    let text = stderr(&output);
    assert!(
        text.contains("hunt: 2 rules loaded (1 Sigma, 1 analytics), 4 not loaded"),
        "{text}"
    );
    for (file, reason) in [
        ("broken-sigma.yml:5: ", "nosuch"),
        ("broken-yaml.yml:", ""),
        ("broken-kql.yaml:11: ", "wherever"),
        ("off.yaml: ", "switched off"),
    ] {
        let line = text.lines().find(|line| line.contains(file));
        assert!(
            line.is_some_and(|line| line.contains(reason)),
            "{file}: {text}"
        );
    }
    let quiet = stderr(&scene.hunt(&["--quiet"]));
    assert!(
        quiet.contains("broken-sigma.yml:5: ") && !quiet.contains("switched off"),
        "{quiet}"
    );
}

#[test]
fn a_rule_that_fires_on_silence_finds_the_silent_windows_between_the_rows() {
    let scene = Scene::new();
    let rule = PER_ROW
        .replace("| where EventID == 4625", "")
        .replace("  SecurityEvent", "  Syslog")
        .replace("queryPeriod: 12h", "queryPeriod: 1h")
        .replace("queryFrequency: 6h", "queryFrequency: 1h")
        .replace("triggerOperator: gt", "triggerOperator: lt")
        .replace("triggerThreshold: 0", "triggerThreshold: 1");
    scene.write("rules/silence.yaml", &rule);
    let row = |time: &str| json!({"Type": "Syslog", "TimeGenerated": time, "SyslogMessage": "up"});
    let rows = format!(
        "{}\n{}\n",
        row("2026-02-10T09:00:00Z"),
        row("2026-02-10T12:00:30Z")
    );
    scene.write("evidence/rows.ndjson", &rows);
    let found = scene.rows(&[]);
    let times: Vec<&str> = found.iter().map(|r| r["time"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-02-10T10:01:00Z", "2026-02-10T11:01:00Z"]);
    for row in &found {
        assert_eq!((&row["file"], &row["record_id"]), (&json!(""), &json!(0)));
        assert_eq!(
            (&row["fields"], &row["channel"]),
            (&json!({}), &json!("Syslog"))
        );
    }
}

#[test]
fn a_folder_without_rules_beside_one_with_some_is_named() {
    let scene = Scene::new();
    scene.sample().write("rules/a.yml", SIGMA);
    std::fs::create_dir(scene.path("empty")).unwrap();
    let output = scene.hunt(&["--rules", scene.path("empty").to_str().unwrap()]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("empty: there is no rule in it"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn rules_that_cant_run_at_all_are_an_error() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/broken.yml", "title: Broken\ndetection: 1\n");
    let output = scene.hunt(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("broken.yml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_rule_that_fails_when_it_runs_is_an_error_and_the_others_run() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    let failing = PER_ROW
        .replace("a02", "a07")
        .replace("Failed logon, as KQL", "Too much")
        .replace(
            "| where EventID == 4625",
            "| where EventID == toscalar(range x from 1 to 30000000 step 1 | count)",
        );
    scene.write("rules/failing.yaml", &failing);
    let output = scene.hunt(&["--format", "ndjson"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error: Too much: the window from "), "{text}");
    let rows = json_lines(&output);
    assert!(!of_rule(&rows, "a01").is_empty() && !of_rule(&rows, "a02").is_empty());
    assert!(text.lines().last().unwrap().starts_with("hunt: "), "{text}");
}

#[test]
fn what_a_limit_leaves_out_is_said_and_is_no_success() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    let memory = scene.hunt(&["--format", "ndjson", "--memory", "10KB"]);
    assert_eq!(memory.status.code(), Some(1));
    assert!(
        stderr(&memory).contains("no analytics rule was run"),
        "{}",
        stderr(&memory)
    );
    let rows = json_lines(&memory);
    assert!(!of_rule(&rows, "a01").is_empty() && of_rule(&rows, "a02").is_empty());
    let windows = scene.hunt(&["--format", "ndjson", "--max-windows", "1"]);
    assert_eq!(windows.status.code(), Some(1));
    assert!(
        stderr(&windows).contains("only the newest 1 windows were run"),
        "{}",
        stderr(&windows)
    );
    let table = scene.hunt(&["--max-rows", "3"]);
    assert!(table.status.success());
    assert!(
        stderr(&table).contains("partial: the 3 most severe matches are shown"),
        "{}",
        stderr(&table)
    );
    let lines = stdout(&table);
    assert_eq!(lines.matches(" medium ").count(), 3, "{lines}");
    assert_eq!(lines.matches(" low ").count(), 0, "{lines}");
}

#[test]
fn damaged_and_foreign_files_are_named_and_the_others_are_read() {
    let scene = Scene::new();
    scene.write("rules/a.yml", SIGMA);
    scene.write("evidence/notes.txt", "call the helpdesk about this one");
    scene.write("evidence/logs.json", "{\"EventID\": 4625, \"Channel\": \"Security\", \"TimeCreated\": \"2026-02-10T09:00:00Z\", \"Computer\": \"dc1.example\"}\n{\"EventID\": 46\n");
    std::fs::write(scene.path("evidence/cut.gz"), [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    let output = scene.hunt(&["--format", "ndjson"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(json_lines(&output).len(), 1, "{text}");
    assert!(text.contains("cut.gz"), "{text}");
    let skipped = text
        .lines()
        .find(|line| line.contains("notes.txt"))
        .unwrap();
    assert!(skipped.starts_with("skipped: "), "{text}");
    assert!(
        text.contains("hunt: 1 records could not be decoded"),
        "{text}"
    );
}

#[test]
fn explain_says_which_selection_held() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    let row = &scene.rows(&[])[0];
    let place = format!("{}:{}", row["file"].as_str().unwrap(), row["record_id"]);
    for rule in [
        "Failed logon",
        "6A2E2D0C-54b1-4f27-9d6b-0d3c6e6f0a01",
        scene.path("rules/a.yml").to_str().unwrap(),
    ] {
        let output = scene.hunt(&["--explain", rule, &place, "--format", "json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let told: Json = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(
            (&told["matched"], &told["routed"]),
            (&json!(true), &json!(true)),
            "{told}"
        );
        let held: Vec<(&str, bool)> = told["selections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["name"].as_str().unwrap(), s["held"].as_bool().unwrap()))
            .collect();
        assert!(
            held.contains(&("failed", true)) && held.contains(&("none_such", false)),
            "{told}"
        );
    }
    let words = stdout(&scene.hunt(&["--explain", "Failed logon", &place]));
    assert!(words.contains("result     matches"), "{words}");
    assert!(
        words.contains("[held] failed") && words.contains("[not]  none_such"),
        "{words}"
    );
    assert!(
        words.contains("[held] EventID: the record has \"4625\""),
        "{words}"
    );
}

#[test]
fn explain_refuses_what_it_cant_find_with_a_hint() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/a.yml", SIGMA)
        .write("rules/b.yaml", PER_ROW);
    let row = &scene.rows(&[])[0];
    let file = row["file"].as_str().unwrap();
    let place = format!("{file}:{}", row["record_id"]);
    for (rule, place, message) in [
        (
            "no such rule",
            place.as_str(),
            "there is no rule `no such rule`",
        ),
        ("Failed logon, as KQL", &place, "is an analytics rule"),
        ("Failed logon", &format!("{file}:0"), "has no record 0"),
        ("Failed logon", file, "is no FILE:RECORD"),
        (
            "Failed logon",
            "/no/such/file:1",
            "`/no/such/file` does not exist",
        ),
    ] {
        let output = scene.hunt(&["--explain", rule, place]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(message) && text.contains("help: "), "{text}");
    }
}
