//! Entra categories: `properties` holds the Graph object, whose members are the table's columns
//! with a small first letter (reference: Microsoft Entra, sign-in log schema).

use std::collections::HashMap;

use jiff::Timestamp;
use schema::{Row, TableSchema};
use serde_json::{Map, Value as Json};

use crate::time::first_time;

/// Members whose column has another name. `""`: told elsewhere.
const RENAMED: &[(&str, &str)] = &[
    ("callerIpAddress", "IPAddress"),
    ("tenantId", "AADTenantId"),
    ("operationType", "AADOperationType"),
    ("time", ""),
    ("properties", ""),
    ("riskEventTypes_v2", "RiskEventTypes_V2"),
    (
        "appliedConditionalAccessPolicies",
        "ConditionalAccessPolicies",
    ),
    ("ipAddress", "IPAddress"),
    ("clientAppUsed", "ClientAppUsed"),
    ("location", "LocationDetails"),
    ("originalRequestId", "OriginalRequestId"),
    ("durationMs", "DurationMs"),
];

/// Fills the row from the record and its properties; gives the event's time.
pub(super) fn fill(row: &mut Row, record: &Map<String, Json>) -> Option<Timestamp> {
    let table = std::sync::Arc::clone(row.table());
    let columns: HashMap<String, &str> = table
        .columns
        .iter()
        .map(|column| (column.name.to_ascii_lowercase(), column.name.as_str()))
        .collect();
    let parsed;
    let properties = match record.get("properties") {
        Some(Json::Object(properties)) => properties,
        Some(Json::String(text)) => {
            parsed = serde_json::from_str(text).unwrap_or_default();
            &parsed
        }
        _ => {
            parsed = Map::new();
            &parsed
        }
    };
    for (name, value) in record {
        if name == "location" {
            // At the top it is the country of the sign-in, within `properties` its details.
            row.set_json("Location", value);
        } else if name == "Level" || name == "level" {
            row.set_json("Level", value);
        } else {
            set(row, &table, &columns, name, value, true);
        }
    }
    for (name, value) in properties {
        set(row, &table, &columns, name, value, false);
    }
    if row.text("Location").is_empty()
        && let Some(country) = properties
            .get("location")
            .and_then(|l| l.get("countryOrRegion"))
    {
        row.set_json("Location", country);
    }
    if let Some(code) = properties
        .get("status")
        .and_then(|status| status.get("errorCode"))
        && row.text("ResultType").is_empty()
    {
        row.set_json("ResultType", code);
    }
    first_time(properties, &["createdDateTime", "activityDateTime"])
}

fn set(
    row: &mut Row,
    table: &TableSchema,
    columns: &HashMap<String, &str>,
    name: &str,
    value: &Json,
    is_outer: bool,
) {
    let renamed = RENAMED
        .iter()
        .find(|(member, _)| *member == name)
        .map(|(_, column)| *column)
        .filter(|column| column.is_empty() || table.position(column).is_some());
    if renamed == Some("") {
        return;
    }
    let column = renamed.or_else(|| columns.get(&name.to_ascii_lowercase()).copied());
    match column {
        // The time columns are set for every row alike.
        Some("TimeGenerated" | "Type" | "_ItemId" | "_TimeReceived" | "TenantId") | None => {
            row.keep(name, value.clone());
        }
        // What the envelope says and the properties repeat empty stays.
        Some(_) if !is_outer && value.as_str() == Some("") => {}
        Some(column) => row.set_json(column, value),
    }
}
