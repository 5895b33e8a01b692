//! Categories without a table of their own, to `AzureDiagnostics`: properties become columns
//! with a suffix for their type, as Azure writes them.

use jiff::Timestamp;
use schema::Row;
use serde_json::{Map, Value as Json};

use crate::time::first_time;

/// Members of the envelope and their columns.
const ENVELOPE: &[(&str, &str)] = &[
    ("category", "Category"),
    ("operationName", "OperationName"),
    ("operationVersion", "OperationVersion"),
    ("resultType", "ResultType"),
    ("resultSignature", "ResultSignature"),
    ("resultDescription", "ResultDescription"),
    ("durationMs", "DurationMs"),
    ("callerIpAddress", "CallerIPAddress"),
    ("correlationId", "CorrelationId"),
    ("level", "Level"),
    ("resourceId", "_ResourceId"),
];

/// Fills the row; gives the event's time.
pub(super) fn fill(row: &mut Row, record: &Map<String, Json>) -> Option<Timestamp> {
    for (name, value) in record {
        match (name.as_str(), value) {
            ("time", _) => {}
            ("properties", Json::Object(properties)) => {
                for (property, value) in properties {
                    set_property(row, property, value);
                }
            }
            (name, value) => match ENVELOPE.iter().find(|(member, _)| *member == name) {
                Some((_, column)) => row.set_json(column, value),
                None => row.keep(name, value.clone()),
            },
        }
    }
    first_time(record, &["time"])
}

/// `name_s`, `name_d`, `name_b`, `name_g` or `name_t` where the table has it, else kept.
fn set_property(row: &mut Row, name: &str, value: &Json) {
    let suffixes: &[&str] = match value {
        Json::String(_) => &["s", "g", "t"],
        Json::Number(_) => &["d"],
        Json::Bool(_) => &["b"],
        _ => &["s"],
    };
    let column = suffixes
        .iter()
        .map(|suffix| format!("{name}_{suffix}"))
        .find(|column| row.table().position(column).is_some());
    match column {
        Some(column) => row.set_json(&column, value),
        None => row.keep(name, value.clone()),
    }
}
