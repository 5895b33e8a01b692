//! Which table a row belongs to when it does not say.

use schema::Catalog;
use serde_json::{Map, Value as Json};

use super::{column, is_empty};
use crate::windows::is_security_audit;

/// Share of a row's columns that the table must have.
const NEEDED: f64 = 0.6;

/// Columns that nearly every table has, and that therefore tell nothing.
const COMMON: &[&str] = &[
    "TimeGenerated",
    "Type",
    "TenantId",
    "SourceSystem",
    "_ResourceId",
    "_SubscriptionId",
    "_ItemId",
    "MG",
    "ManagementGroupName",
    "Timestamp",
    "AdditionalFields",
    "_TimeReceived",
];

/// The table whose columns hold most of the row's members that say something; of two alike, one
/// of the usual tables, then the one with fewer columns. `None` below a share of 60 %, or when
/// fewer than three members fit.
pub(super) fn table<'a>(record: &Map<String, Json>, catalog: &'a Catalog) -> Option<&'a str> {
    if let Some(windows) = windows(record) {
        return Some(windows);
    }
    let members: Vec<&str> = record
        .iter()
        .filter(|(name, value)| !is_empty(value) && !COMMON.contains(&name.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    let (fit, _, _, name) = catalog
        .tables()
        .map(|table| {
            let fit = members
                .iter()
                .filter(|member| column(table, member).is_some())
                .count();
            let usual = super::SPEC.tables.contains(&table.name.as_str());
            let fewest = std::cmp::Reverse(table.columns.len());
            (fit, usual, fewest, table.name.as_str())
        })
        .max()?;
    (fit >= 3 && fit as f64 >= NEEDED * members.len() as f64).then_some(name)
}

/// A Windows event without its table and channel: the audit events' numbers are Windows' own.
fn windows(record: &Map<String, Json>) -> Option<&'static str> {
    let id = record.get("EventID")?;
    let id = id.as_i64().or_else(|| id.as_str()?.parse().ok())?;
    let has = |key: &str| record.contains_key(key);
    if !has("Computer") || !has("TimeGenerated") {
        return None;
    }
    match record.get("Channel").and_then(Json::as_str) {
        Some("Security") => Some("SecurityEvent"),
        None if has("EventLog") && has("Source") => Some("Event"),
        None if is_security_audit(id) => Some("SecurityEvent"),
        _ => None,
    }
}
