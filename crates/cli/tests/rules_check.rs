//! `rules check`: what is wrong with a rule, and where in its file.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::{Value as Json, json};
use support::{ok, watchfloor};

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const SENTINEL: &str = "id: 5a0c8f0e-8a2b-4d0e-9f57-0d6d3c1b2a39
name: Log cleared
severity: High
kind: Scheduled
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
tactics: [DefenseEvasion]
";

const SIGMA: &str = "title: Log cleared
id: 0f1c7a3e-5b8d-4c39-9e6a-2d4b8f0a6c11
status: test
level: high
";

#[test]
fn rules_check_says_what_is_wrong_and_where() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path();
    let sentinel = |query: &str| format!("{SENTINEL}query: {query}\n");
    let sigma = |rest: &str| {
        // An id of its own each.
        let id = rest.len();
        format!("{}{rest}", SIGMA.replace("6c11", &format!("{id:04}")))
    };
    let windows = "logsource: {product: windows, service: security}\n";
    let files = [
        (
            "a-good.yml",
            sentinel("SecurityEvent | where EventID == 1102"),
        ),
        (
            "b-column.yml",
            sentinel("|\n  SecurityEvent\n    | where EventId == 1102"),
        ),
        ("c-plain.yml", sentinel("SecurityEvent | where Nope == 1")),
        ("d-syntax.yml", sentinel("|\n  SecurityEvent\n  | where (")),
        ("e-yaml.yml", "id: x\n  name: [\n".to_owned()),
        (
            "f-good-sigma.yml",
            sigma(&format!(
                "{windows}detection:\n  a:\n    EventID: 1102\n  condition: a\n"
            )),
        ),
        (
            "g-condition.yml",
            sigma(&format!(
                "{windows}detection:\n  a:\n    EventID: 1102\n  condition: a and b\n"
            )),
        ),
        (
            "h-unroutable.yml",
            sigma(
                "logsource: {product: windows, service: unheard_of}\ndetection:\n  a:\n    F: x\n  condition: a\n",
            ),
        ),
        ("i-other.yml", "colour: red\n".to_owned()),
    ];
    for (name, text) in &files {
        write(path, name, text);
    }
    let output = watchfloor(
        data.path(),
        &["rules", "check", &path.display().to_string()],
    );
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Json> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), files.len(), "{lines:#?}");
    let of = |name: &str| {
        let found = lines
            .iter()
            .find(|line| line["path"].as_str().unwrap().ends_with(name));
        found.unwrap().clone()
    };
    for line in &lines {
        let members: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            ["path", "kind", "id", "ok", "state", "diagnostics"]
        );
        assert_eq!(line["ok"] == false, line["state"] == "broken", "{line}");
        let has_error = line["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .any(|found| found["severity"] == "error");
        assert_eq!(has_error, line["state"] != "ready", "{line}");
    }
    let expected = [
        ("a-good.yml", "sentinel", "ready"),
        ("b-column.yml", "sentinel", "broken"),
        ("e-yaml.yml", "sentinel", "broken"),
        ("f-good-sigma.yml", "sigma", "ready"),
        ("g-condition.yml", "sigma", "broken"),
        ("h-unroutable.yml", "sigma", "unroutable"),
        ("i-other.yml", "sentinel", "broken"),
    ];
    for (name, kind, state) in expected {
        let line = of(name);
        assert_eq!(
            (&line["kind"], &line["state"]),
            (&json!(kind), &json!(state)),
            "{line}"
        );
    }
    assert_eq!(
        of("a-good.yml")["id"],
        "5a0c8f0e-8a2b-4d0e-9f57-0d6d3c1b2a39"
    );
    assert_eq!(
        of("b-column.yml")["id"],
        "5a0c8f0e-8a2b-4d0e-9f57-0d6d3c1b2a39"
    );
    // The place is that in the file, whose line holds the word that is wrong.
    for (name, word) in [
        ("b-column.yml", "EventId"),
        ("c-plain.yml", "Nope"),
        ("g-condition.yml", "b\n"),
    ] {
        let found = &of(name)["diagnostics"][0];
        let text = &files.iter().find(|(file, _)| *file == name).unwrap().1;
        let at = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap();
        let line = text.split_inclusive('\n').nth(at("line") - 1).unwrap();
        let rest: String = line.chars().skip(at("column") - 1).collect();
        assert!(rest.starts_with(word), "{name}: {found}");
        assert!(!found["message"].as_str().unwrap().is_empty());
    }
    for name in ["d-syntax.yml", "e-yaml.yml"] {
        let found = &of(name)["diagnostics"][0];
        assert!(found["line"].as_u64().unwrap() > 0, "{name}: {found}");
        assert!(found["column"].as_u64().unwrap() > 0, "{name}: {found}");
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("9 checked, 6 broken"), "{stderr}");
}

#[test]
fn rules_check_ends_with_the_status_of_what_it_found() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let good = write(
        folder.path(),
        "good.yml",
        &format!("{SENTINEL}query: SecurityEvent | where EventID == 1102\n"),
    );
    let output = watchfloor(data.path(), &["rules", "check", &good, "--quiet"]);
    assert_eq!(
        (output.status.code(), output.stderr.len()),
        (Some(0), 0),
        "{output:?}"
    );
    let json: Json = serde_json::from_str(&ok(
        data.path(),
        &["rules", "check", &good, "--format", "json"],
    ))
    .unwrap();
    assert_eq!(json[0]["state"], "ready");
    let csv = ok(data.path(), &["rules", "check", &good, "--format", "csv"]);
    assert!(
        csv.starts_with("path,kind,id,ok,state,diagnostics\n"),
        "{csv}"
    );
    let missing = watchfloor(data.path(), &["rules", "check", "no-such-rule.yml"]);
    assert_eq!(missing.status.code(), Some(2));
}
