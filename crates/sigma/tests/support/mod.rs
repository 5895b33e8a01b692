//! Reading the public corpora: rule folders, and Windows events as a shipper would hand them over.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sigma::{ParsedFile, parse_rules};

/// The corpora's folder; `None`, with a line on stderr, when the environment names none.
pub(crate) fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("WATCHFLOOR_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: WATCHFLOOR_CORPORA is not set");
    }
    folder
}

/// All files below a folder with this ending, sorted.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every rule file below a folder.
pub(crate) fn rule_files(folder: &Path) -> Vec<ParsedFile> {
    files(folder, ".yml")
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a rule file is text");
            parse_rules(&text, &path.to_string_lossy())
        })
        .collect()
}

/// A Windows event in the `evtx` crate's JSON, flat: `EventData` beside the system fields.
pub(crate) fn flatten(event: &Value) -> Map<String, Value> {
    let mut flat = Map::new();
    let event = &event["Event"];
    if let Some(system) = event["System"].as_object() {
        for (key, value) in system {
            match value {
                Value::Object(object) => {
                    if let Some(text) = object.get("#text") {
                        flat.insert(key.clone(), text.clone());
                    }
                }
                value => drop(flat.insert(key.clone(), value.clone())),
            }
        }
    }
    let provider = &event["System"]["Provider"]["#attributes"]["Name"];
    flat.insert("Provider_Name".to_owned(), provider.clone());
    for part in ["EventData", "UserData"] {
        if let Some(data) = event[part].as_object() {
            leaves(data, &mut flat);
        }
    }
    flat
}

fn leaves(data: &Map<String, Value>, flat: &mut Map<String, Value>) {
    for (key, value) in data {
        if key == "#attributes" {
            continue;
        }
        match value {
            Value::Object(object) => match object.get("#text") {
                Some(text) => drop(flat.insert(key.clone(), text.clone())),
                None => leaves(object, flat),
            },
            value => drop(flat.insert(key.clone(), value.clone())),
        }
    }
}

/// The events of an EVTX file: record id and flat event. Broken records are left out.
pub(crate) fn evtx_events(path: &Path) -> Vec<(u64, Map<String, Value>)> {
    let settings = evtx::ParserSettings::default().num_threads(1);
    let parser = evtx::EvtxParser::from_path(path).expect("an EVTX file");
    let mut parser = parser.with_configuration(settings);
    let records = parser.records_json_value().filter_map(Result::ok);
    let flat = records.map(|record| flatten(&record.data));
    // The event's own number: the one in the record's header can be another after an export.
    flat.map(|event| {
        (
            event
                .get("EventRecordID")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            event,
        )
    })
    .collect()
}
