//! Case files: a detection, events it matches and events it doesn't, by the matcher and by the
//! explanation.

use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use schema::LogSource;
use serde_json::{Map, Value};
use sigma::{RuleIdx, RuleSet, Scratch, parse_rules};

struct Case {
    about: String,
    detection: String,
    events: Vec<(Map<String, Value>, bool)>,
}

fn text(node: &Yaml<'_>, key: &str) -> String {
    match node.as_mapping_get(key) {
        Some(Yaml::Value(Scalar::String(text))) => text.to_string(),
        other => panic!("`{key}` must be text: {other:?}"),
    }
}

fn events(node: &Yaml<'_>, key: &str, matches: bool) -> Vec<(Map<String, Value>, bool)> {
    let items = node
        .as_mapping_get(key)
        .and_then(|items| items.as_vec())
        .expect(key);
    items
        .iter()
        .map(|item| {
            let json = item.as_str().expect("an event is JSON text");
            (serde_json::from_str(json).expect(json), matches)
        })
        .collect()
}

fn cases(path: &Path) -> Vec<Case> {
    let content = std::fs::read_to_string(path).expect("readable");
    let documents = Yaml::load_from_str(&content).expect("YAML");
    let list = documents[0].as_vec().expect("a list of cases");
    list.iter()
        .map(|node| {
            let mut all = events(node, "match", true);
            all.extend(events(node, "no_match", false));
            Case {
                about: text(node, "about"),
                detection: text(node, "detection"),
                events: all,
            }
        })
        .collect()
}

fn rule_text(detection: &str) -> String {
    let indented: String = detection
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect();
    format!("title: t\nid: i\nlevel: low\nlogsource: {{product: test}}\ndetection:\n{indented}")
}

#[test]
fn events_match_as_the_case_files_say() {
    let mut seen = 0;
    for file in ["text", "encodings", "typed", "structure"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        for case in cases(&folder.join(format!("{file}.yml"))) {
            let parsed = parse_rules(&rule_text(&case.detection), file);
            assert!(
                parsed.diagnostics.is_empty(),
                "{file}: {}: {:?}",
                case.about,
                parsed.diagnostics
            );
            let (set, _) = RuleSet::compile(parsed.rules);
            let source = LogSource::new("test", "");
            let mut scratch = Scratch::default();
            for (event, expected) in &case.events {
                let mut hits = 0;
                set.matches(&source, event, &mut scratch, |_| hits += 1);
                assert_eq!(hits == 1, *expected, "{file}: {}: {event:?}", case.about);
                let explained = set.explain(RuleIdx(0), &source, event).expect("rule 0");
                assert_eq!(
                    explained.matched, *expected,
                    "{file}: {}: {explained:#?}",
                    case.about
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} events in the case files");
}
