//! Result rows to alert parts: entities, custom details, names with placeholders
//! (Sentinel rule format, sections 4 and 5).

use schema::{Entity, EntityKind, Severity, Tactic};
use serde_json::{Map, Value as Json};

use crate::result::ResultRows;
use crate::rule::AnalyticsRule;

/// Entities of one alert at most; Sentinel's cap. What is cut is counted in the alert.
const ENTITIES_MAX: usize = 500;

/// Columns that old rules name instead of mapping entities.
const LEGACY: &[(&str, EntityKind, &str)] = &[
    ("AccountCustomEntity", EntityKind::Account, "FullName"),
    ("HostCustomEntity", EntityKind::Host, "FullName"),
    ("IPCustomEntity", EntityKind::Ip, "Address"),
    ("URLCustomEntity", EntityKind::Url, "Url"),
    ("FileHashCustomEntity", EntityKind::FileHash, "Value"),
];

/// Entities of one row, in mapping order.
pub(crate) fn row_entities(rule: &AnalyticsRule, result: &ResultRows, row: &[Json]) -> Vec<Entity> {
    let mut entities = Vec::new();
    for mapping in &rule.entities {
        let entity = mapping.fields.iter().fold(
            Entity::new(mapping.kind),
            |entity, (identifier, column)| {
                entity.with(canonical(identifier), result.text(row, column))
            },
        );
        push(&mut entities, entity);
    }
    if rule.entities.is_empty() {
        for (column, kind, identifier) in LEGACY {
            push(
                &mut entities,
                Entity::new(*kind).with(identifier, result.text(row, column)),
            );
        }
    }
    entities
}

/// Adds an entity unless it says nothing or is there already.
pub(crate) fn push(entities: &mut Vec<Entity>, entity: Entity) {
    if entity.is_meaningful() && !entities.contains(&entity) {
        entities.push(entity);
    }
}

/// Identifier names compare without case and are written back in Sentinel's spelling.
fn canonical(identifier: &str) -> &str {
    const NAMES: &[&str] = &[
        "Name",
        "FullName",
        "NTDomain",
        "DnsDomain",
        "UPNSuffix",
        "Sid",
        "AadTenantId",
        "AadUserId",
        "PUID",
        "DisplayName",
        "ObjectGuid",
        "HostName",
        "NetBiosName",
        "AzureID",
        "OMSAgentID",
        "Address",
        "Url",
        "ResourceId",
        "AppId",
        "DomainName",
        "Directory",
        "Algorithm",
        "Value",
        "ProcessId",
        "CommandLine",
        "CreationTimeUtc",
        "MailboxPrimaryAddress",
        "Arn",
    ];
    NAMES
        .iter()
        .find(|name| name.eq_ignore_ascii_case(identifier))
        .copied()
        .unwrap_or(identifier)
}

/// What the rows of one alert add up to.
pub(crate) struct AlertParts {
    pub name: String,
    pub description: String,
    pub severity: Severity,
    pub tactics: Vec<Tactic>,
    pub entities: Vec<Entity>,
    pub entities_cut: usize,
    pub custom_details: Map<String, Json>,
}

/// Collects the parts of an alert over its rows; overrides are taken from the first row.
pub(crate) fn parts(rule: &AnalyticsRule, result: &ResultRows, rows: &[&Vec<Json>]) -> AlertParts {
    let mut entities = Vec::new();
    for row in rows {
        for entity in row_entities(rule, result, row) {
            push(&mut entities, entity);
        }
    }
    let entities_cut = entities.len().saturating_sub(ENTITIES_MAX);
    entities.truncate(ENTITIES_MAX);
    let mut custom_details = Map::new();
    for (key, column) in &rule.custom_details {
        let mut values: Vec<Json> = Vec::new();
        for row in rows {
            let value = Json::String(result.text(row, column));
            if !values.contains(&value) && values.len() < 100 {
                values.push(value);
            }
        }
        custom_details.insert(key.clone(), Json::Array(values));
    }
    let empty = Vec::new();
    let first = rows.first().copied().unwrap_or(&empty);
    let filled = |format: &Option<String>, default: &str| match format {
        Some(format) => fill(format, result, first),
        None => default.to_owned(),
    };
    let column = |name: &Option<String>| name.as_deref().map(|name| result.text(first, name));
    AlertParts {
        name: filled(&rule.overrides.display_name, &rule.name),
        description: filled(&rule.overrides.description, &rule.description),
        severity: column(&rule.overrides.severity_column)
            .and_then(|text| Severity::parse(&text))
            .unwrap_or(rule.severity),
        tactics: column(&rule.overrides.tactics_column)
            .map(|text| {
                text.split(',')
                    .filter_map(Tactic::parse)
                    .collect::<Vec<_>>()
            })
            .filter(|tactics| !tactics.is_empty())
            .unwrap_or_else(|| rule.tactics.clone()),
        entities,
        entities_cut,
        custom_details,
    }
}

/// Replaces `{{Column}}` by the row's value. Blanks inside the braces are accepted.
fn fill(format: &str, result: &ResultRows, row: &[Json]) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        match after.split_once("}}") {
            Some((column, tail)) => {
                out.push_str(&result.text(row, column.trim()));
                rest = tail;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_take_the_row() {
        let result = ResultRows {
            columns: vec![("Ip".into(), "string".into())],
            rows: vec![vec!["203.0.113.9".into()]],
        };
        assert_eq!(
            fill("Spray from {{Ip}}!", &result, &result.rows[0]),
            "Spray from 203.0.113.9!"
        );
        assert_eq!(
            fill("{{ Ip }} {{Nope}}|{{", &result, &result.rows[0]),
            "203.0.113.9 |{{"
        );
    }
}
