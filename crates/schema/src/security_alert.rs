//! Rows of `SecurityAlert` and their `Entities` JSON, both ways (reference: the table's page in
//! Azure Monitor, and Sentinel's entity types).

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::{
    Alert, AlertId, AlertOrigin, Entity, EntityKind, IncidentGrouping, Row, Severity, Tactic, Value,
};

/// Writes entities in the form of `SecurityAlert.Entities`: an array of objects with `$id` and
/// `Type`.
pub fn entities_to_json(entities: &[Entity]) -> Json {
    let list = entities
        .iter()
        .enumerate()
        .map(|(at, entity)| {
            let mut object = Map::new();
            object.insert("$id".into(), json!((at + 2).to_string()));
            for (name, value) in &entity.identifiers {
                object.insert(name.clone(), json!(value));
            }
            object.insert("Type".into(), json!(entity.kind.json_type()));
            Json::Object(object)
        })
        .collect();
    Json::Array(list)
}

/// Reads `SecurityAlert.Entities`. Unknown types and nested objects are passed over; a nested
/// `Host` reference does not become an identifier.
pub fn entities_from_json(json: &Json) -> Vec<Entity> {
    let Json::Array(list) = json else {
        return Vec::new();
    };
    let mut entities: Vec<Entity> = Vec::new();
    for item in list {
        let Some(object) = item.as_object() else {
            continue;
        };
        let Some(kind) = object
            .get("Type")
            .and_then(Json::as_str)
            .and_then(EntityKind::parse)
        else {
            continue;
        };
        let mut entity = Entity::new(kind);
        for (name, value) in object {
            if name.starts_with('$') || name == "Type" {
                continue;
            }
            match value {
                Json::String(text) => entity = entity.with(name, text),
                Json::Number(number) => entity = entity.with(name, number.to_string()),
                _ => {}
            }
        }
        if entity.is_meaningful() && !entities.contains(&entity) {
            entities.push(entity);
        }
    }
    entities
}

/// Makes an [`Alert`] of a `SecurityAlert` row that a native control raised. `received` is the time
/// of receipt; the alert's creation is the vendor's time (`TimeGenerated`).
///
/// The id is derived from vendor, product and `VendorOriginalId` (else `SystemAlertId`, else
/// `_ItemId`), so that the same alert delivered twice is one.
pub fn alert_from_row(row: &Row, received: Timestamp) -> Alert {
    let time = |column: &str| match row.get(column) {
        Some(Value::DateTime(at)) => Some(*at),
        _ => None,
    };
    let created_at = time("TimeGenerated").unwrap_or(received);
    let start_at = time("StartTime").unwrap_or(created_at);
    let unique = ["VendorOriginalId", "SystemAlertId", "_ItemId"]
        .into_iter()
        .map(|column| row.text(column))
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    Alert {
        id: AlertId::derive(&[row.text("VendorName"), row.text("ProductName"), unique]),
        origin: AlertOrigin::Native,
        rule_id: row.text("AlertType").to_owned(),
        name: first_text(row, &["DisplayName", "AlertName", "AlertType"]),
        description: row.text("Description").to_owned(),
        severity: Severity::parse(row.text("AlertSeverity")).unwrap_or(Severity::Medium),
        confidence: match row.get("ConfidenceScore") {
            Some(Value::Real(score)) => Some(*score),
            _ => None,
        },
        vendor: row.text("VendorName").to_owned(),
        product: row.text("ProductName").to_owned(),
        provider: row.text("ProviderName").to_owned(),
        vendor_id: row.text("VendorOriginalId").to_owned(),
        created_at,
        received_at: received,
        start_at,
        end_at: time("EndTime").unwrap_or(start_at),
        tactics: list(row.text("Tactics"))
            .iter()
            .filter_map(|t| Tactic::parse(t))
            .collect(),
        techniques: list(row.text("Techniques")),
        entities: serde_json::from_str(row.text("Entities"))
            .map(|json| entities_from_json(&json))
            .unwrap_or_default(),
        evidence: Vec::new(),
        query: None,
        custom_details: Map::new(),
        link: row.text("AlertLink").to_owned(),
        remediation_steps: serde_json::from_str(row.text("RemediationSteps")).unwrap_or_default(),
        grouping: IncidentGrouping::default(),
        backfill: false,
    }
}

fn first_text(row: &Row, columns: &[&str]) -> String {
    columns
        .iter()
        .map(|column| row.text(column))
        .find(|text| !text.is_empty())
        .unwrap_or("Alert without a name")
        .to_owned()
}

/// Newer rows hold a JSON array, older ones text with commas: readers must take both.
fn list(text: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(items) => items,
        Err(_) => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_survive_both_ways() {
        let entities = vec![
            Entity::account("ann@corp.example"),
            Entity::ip("203.0.113.9"),
        ];
        assert_eq!(entities_from_json(&entities_to_json(&entities)), entities);
    }

    #[test]
    fn lists_read_in_both_spellings() {
        assert_eq!(
            list("InitialAccess, Persistence"),
            ["InitialAccess", "Persistence"]
        );
        assert_eq!(list("[\"T1078\"]"), ["T1078"]);
    }
}
