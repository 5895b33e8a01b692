//! `hunt`: its formats, with hostile values in every column, and its output file.
#![allow(clippy::unwrap_used)]

#[path = "support/scene.rs"]
mod scene;
mod support;

use scene::{SIGMA, SUMMARISED, Scene, of_rule, stderr, stdout};
use serde_json::json;
use support::watchfloor;

/// In every place that an attacker can write to.
const HOSTILE: [&str; 6] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "line one\r\nline two",
    "user\u{202e}gpj.exe\u{2066}\u{9b}31m",
    "javascript:alert(1)//\"'` onload=",
];

fn is_inert(c: char) -> bool {
    let reorders =
        matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c == '\n' || !c.is_control()) && !reorders
}

/// Logs, a rule of each kind and a file name that are hostile wherever they can be.
fn hostile(value: &str) -> Scene {
    let scene = Scene::new();
    let quoted = json!(value).to_string();
    let sigma = format!(
        "title: {quoted}\nid: {quoted}\nlevel: high\nlogsource: {{product: windows, service: security}}\ndetection:\n  s:\n    EventID: 1102\n  condition: s\n"
    );
    scene.write("rules/s.yml", &sigma);
    let kql = format!(
        "id: 6a2e2d0c-54b1-4f27-9d6b-0d3c6e6f0a04\nname: {quoted}\nseverity: Medium\nkind: Scheduled\nqueryFrequency: 1h\nqueryPeriod: 1h\ntriggerOperator: gt\ntriggerThreshold: 0\nquery: |\n  Syslog\n  | project TimeGenerated, Computer, Channel = SyslogMessage, EventID = SyslogMessage, _ItemId, Extra = bag_pack(SyslogMessage, SyslogMessage)\n"
    );
    scene.write("rules/k.yaml", &kql);
    let windows = json!({"TimeCreated": "2026-02-10T09:00:00Z", "EventID": 1102, "Channel": "Security", "Provider": "Microsoft-Windows-Eventlog", "Computer": value, value: value});
    let name = format!("{}.json", value.replace('/', ""));
    scene.write(&format!("evidence/{name}"), &format!("{windows}\n"));
    let row = json!({"Type": "Syslog", "TimeGenerated": "2026-02-10T09:00:00Z", "Computer": value, "SyslogMessage": value});
    scene.write("evidence/rows.ndjson", &format!("{row}\n"));
    scene
}

#[test]
fn hostile_values_are_inert_in_every_column_of_every_format() {
    for value in HOSTILE {
        let scene = hostile(value);
        let table = scene.hunt(&[]);
        assert!(table.status.success(), "{}", stderr(&table));
        assert!(stderr(&table).chars().all(is_inert), "{value:?}");
        let text = stdout(&table);
        assert!(text.chars().all(is_inert), "{value:?}: {text}");
        assert!(!text.contains("\nline two"), "{text}");
        assert_eq!(text.lines().count(), 6, "{text}");

        let csv = stdout(&scene.hunt(&["--format", "csv"]));
        assert!(csv.chars().all(is_inert), "{value:?}: {csv}");
        let mut cells = 0;
        for record in csv::Reader::from_reader(csv.as_bytes()).records() {
            for cell in &record.unwrap() {
                cells += 1;
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "{cell}"
                );
                assert!(!cell.contains('\n'), "{cell}");
            }
        }
        assert_eq!(cells, 20);

        for format in ["ndjson", "json"] {
            let text = stdout(&scene.hunt(&["--format", format]));
            assert!(text.chars().all(is_inert), "{value:?}: {text}");
        }
        let rows = scene.rows(&[]);
        assert_eq!(rows.len(), 2, "{rows:?}");
        for row in &rows {
            assert_eq!(row["computer"], value, "JSON keeps the value itself");
            assert_eq!(row["rule"], value);
        }

        let page = stdout(&scene.hunt(&["--format", "html"]));
        assert!(page.chars().all(is_inert), "{value:?}");
        let lower = page.to_ascii_lowercase();
        for forbidden in [
            "<script",
            "<img",
            "<a ",
            "href",
            "src=x onerror=alert(1)>",
            "onload=\"",
        ] {
            assert!(!lower.contains(forbidden), "{forbidden} in {page}");
        }
        assert_eq!(page.matches("Content-Security-Policy").count(), 1);
        assert!(
            page.contains("default-src 'none'; style-src 'sha256-"),
            "{page}"
        );
        assert!(!page.contains("unsafe-inline"));
    }
}

#[test]
fn the_page_tells_the_whole_hunt_and_filters_by_level_without_a_script() {
    let scene = Scene::new();
    scene
        .sample()
        .write("rules/a.yml", SIGMA)
        .write("rules/c.yaml", SUMMARISED);
    scene.write("rules/broken.yml", "title: Broken\ndetection: 1\n");
    let rows = scene.rows(&[]);
    let page = stdout(&scene.hunt(&["--format", "html"]));
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(
        page.matches("<tr class=\"high\"><td class=\"time\">")
            .count(),
        of_rule(&rows, "a03").len()
    );
    assert_eq!(
        page.matches("<tr class=\"low\"><td class=\"time\">")
            .count(),
        of_rule(&rows, "a01").len()
    );
    for level in ["critical", "high", "medium", "low", "informational"] {
        assert!(
            page.contains(&format!("id=\"show-{level}\" checked")),
            "{level}"
        );
        assert!(
            page.contains(&format!("#show-{level}:not(:checked) ~ table tr.{level}")),
            "{level}"
        );
    }
    for part in [
        "prefers-color-scheme: dark",
        "@media print",
        "Rules not loaded: 1",
        "broken.yml",
        "record behind it",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    let elsewhere = watchfloor(
        scene.folder.path(),
        &["sources", "list", "--format", "html"],
    );
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(
        stderr(&elsewhere).contains("`--format html` is for `hunt` only"),
        "{}",
        stderr(&elsewhere)
    );
}

#[test]
fn output_goes_to_a_file_that_is_never_half_there_and_not_overwritten_unasked() {
    let scene = Scene::new();
    scene.sample().write("rules/a.yml", SIGMA);
    let out = scene.path("out.ndjson");
    let args = ["--format", "ndjson", "--output", out.to_str().unwrap()];
    let first = scene.hunt(&args);
    assert!(first.status.success(), "{}", stderr(&first));
    assert_eq!(stdout(&first), "");
    let written = std::fs::read_to_string(&out).unwrap();
    assert_eq!(written.lines().count(), scene.rows(&[]).len());
    scene.write("out.ndjson", "mine");
    let refused = scene.hunt(&args);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("exists already"),
        "{}",
        stderr(&refused)
    );
    assert!(stderr(&refused).contains("--force"), "{}", stderr(&refused));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
    let mut forced = args.to_vec();
    forced.push("--force");
    assert!(scene.hunt(&forced).status.success());
    assert_eq!(
        std::fs::read_to_string(&out).unwrap().lines().count(),
        written.lines().count()
    );
    let nowhere = scene.path("no/such/out.html");
    let failed = scene.hunt(&["--format", "html", "--output", nowhere.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(2));
    let mut left: Vec<String> = std::fs::read_dir(scene.folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["evidence", "out.ndjson", "rules"]);
}
