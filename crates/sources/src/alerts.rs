//! What the native alert sources share: an alert as its vendor tells it, written as a row of
//! `SecurityAlert` (reference: Azure Monitor, `SecurityAlert`; Sentinel, security alert schema).

use std::sync::Arc;

use jiff::Timestamp;
use schema::{
    AlertId, Entity, EntityKind, LogSource, Row, Severity, TableSchema, Tactic, entities_to_json,
};
use serde_json::{Map, Value as Json, json};

use crate::json_source::Mapped;

/// One native alert. Empty text and lists mean that the vendor says nothing.
#[derive(Debug, Default)]
pub(crate) struct NativeAlert {
    /// `VendorName`, `ProductName`, `ProviderName`: spelled as published content reads them.
    pub(crate) vendor: &'static str,
    pub(crate) product: String,
    pub(crate) provider: String,
    pub(crate) component: String,
    pub(crate) vendor_id: String,
    pub(crate) alert_type: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) severity: Option<Severity>,
    pub(crate) status: String,
    pub(crate) confidence: Option<f64>,
    pub(crate) compromised_entity: String,
    pub(crate) created: Option<Timestamp>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) tactics: Vec<Tactic>,
    /// Techniques and sub-techniques together.
    pub(crate) techniques: Vec<String>,
    pub(crate) entities: Vec<Entity>,
    /// Entities that the vendor already writes as Sentinel does.
    pub(crate) vendor_entities: Vec<Json>,
    pub(crate) remediation_steps: Vec<String>,
    pub(crate) link: String,
    pub(crate) extended_links: Vec<Json>,
    pub(crate) resource_id: String,
    pub(crate) extended_properties: Map<String, Json>,
    pub(crate) is_incident: bool,
}

impl NativeAlert {
    /// The alert as a mapped record; `native` is the vendor's own.
    pub(crate) fn map(
        self,
        table: &Arc<TableSchema>,
        native: Map<String, Json>,
        source: LogSource,
    ) -> Mapped {
        let mut row = Row::new(Arc::clone(table));
        self.fill(&mut row);
        let mut mapped = Mapped::new(row, native, source);
        mapped.time = self.created.or(self.end).or(self.start);
        mapped
    }

    fn fill(&self, row: &mut Row) {
        let severity = self.severity.unwrap_or(Severity::Medium);
        let id = AlertId::derive(&[self.vendor, &self.product, &self.vendor_id]);
        let (sub_techniques, techniques): (Vec<&String>, Vec<&String>) = self
            .techniques
            .iter()
            .partition(|technique| technique.contains('.'));
        let tactics: Vec<&str> = self.tactics.iter().map(|tactic| tactic.as_str()).collect();
        for (column, value) in [
            ("VendorName", self.vendor),
            ("ProductName", &self.product),
            ("ProviderName", &self.provider),
            ("ProductComponentName", &self.component),
            ("VendorOriginalId", &self.vendor_id),
            ("AlertType", &self.alert_type),
            ("DisplayName", &self.name),
            ("AlertName", &self.name),
            ("Description", &self.description),
            ("AlertSeverity", severity.as_str()),
            (
                "Status",
                if self.status.is_empty() {
                    "New"
                } else {
                    &self.status
                },
            ),
            ("CompromisedEntity", &self.compromised_entity),
            ("AlertLink", &self.link),
            ("ResourceId", &self.resource_id),
            ("SourceSystem", "Detection"),
        ] {
            if !value.is_empty() {
                row.set(column, value);
            }
        }
        row.set("SystemAlertId", id.to_string());
        row.set("Tactics", tactics.join(", "));
        // `Techniques` holds all of them, because alerts are read back from this column;
        // `SubTechniques` repeats the finer ones, as Sentinel does.
        let mut all: Vec<&String> = techniques;
        all.extend(&sub_techniques);
        row.set("Techniques", json!(all).to_string());
        row.set("SubTechniques", json!(sub_techniques).to_string());
        row.set("Entities", Json::Array(self.entity_list()).to_string());
        row.set(
            "RemediationSteps",
            json!(self.remediation_steps).to_string(),
        );
        row.set("ExtendedLinks", json!(self.extended_links).to_string());
        row.set(
            "ExtendedProperties",
            Json::Object(self.extended_properties.clone()).to_string(),
        );
        row.set("IsIncident", self.is_incident);
        if let Some(score) = self.confidence {
            row.set("ConfidenceScore", score);
        }
        for (column, at) in [
            ("StartTime", self.start.or(self.created)),
            ("EndTime", self.end.or(self.start).or(self.created)),
            ("ProcessingEndTime", self.created),
        ] {
            if let Some(at) = at {
                row.set(column, at);
            }
        }
    }

    /// The vendor's own entities, then ours with ids that go on from theirs.
    fn entity_list(&self) -> Vec<Json> {
        let mut list = self.vendor_entities.clone();
        let mut unique: Vec<Entity> = Vec::new();
        for entity in &self.entities {
            if entity.is_meaningful() && !unique.contains(entity) {
                unique.push(entity.clone());
            }
        }
        let taken = highest_id(&list);
        if let Json::Array(ours) = entities_to_json(&unique) {
            for (at, mut entity) in ours.into_iter().enumerate() {
                if let Some(object) = entity.as_object_mut() {
                    object.insert("$id".into(), (taken + at as u64 + 1).to_string().into());
                }
                list.push(entity);
            }
        }
        list
    }
}

/// Ids start at 2 in what Sentinel writes; 1 is the alert itself.
fn highest_id(list: &[Json]) -> u64 {
    fn ids(value: &Json, highest: &mut u64) {
        match value {
            Json::Object(object) => {
                if let Some(id) = object
                    .get("$id")
                    .and_then(Json::as_str)
                    .and_then(|id| id.parse().ok())
                {
                    *highest = (*highest).max(id);
                }
                object.values().for_each(|value| ids(value, highest));
            }
            Json::Array(values) => values.iter().for_each(|value| ids(value, highest)),
            _ => {}
        }
    }
    let mut highest = 1;
    list.iter().for_each(|value| ids(value, &mut highest));
    highest
}

/// Which letter case the first letter of a member gets.
#[derive(Clone, Copy)]
pub(crate) enum FirstLetter {
    Small,
    Capital,
}

/// The same JSON with the first letter of every member changed: vendors deliver one object in
/// both spellings, by way of the API and by way of an export.
pub(crate) fn respell(value: &Json, letter: FirstLetter) -> Json {
    match value {
        Json::Object(object) => Json::Object(respell_members(object, letter)),
        Json::Array(values) => {
            Json::Array(values.iter().map(|value| respell(value, letter)).collect())
        }
        other => other.clone(),
    }
}

/// [`respell`] for an object.
pub(crate) fn respell_members(
    object: &Map<String, Json>,
    letter: FirstLetter,
) -> Map<String, Json> {
    object
        .iter()
        .map(|(name, value)| {
            let mut characters = name.chars();
            let name = match (characters.next(), letter) {
                (Some(first), FirstLetter::Small) => {
                    format!("{}{}", first.to_ascii_lowercase(), characters.as_str())
                }
                (Some(first), FirstLetter::Capital) => {
                    format!("{}{}", first.to_ascii_uppercase(), characters.as_str())
                }
                (None, _) => String::new(),
            };
            (name, respell(value, letter))
        })
        .collect()
}

/// An account known by UPN, directory id or both.
pub(crate) fn directory_account(upn: &str, object_id: &str) -> Entity {
    Entity::new(EntityKind::Account)
        .with("FullName", upn)
        .with("AadUserId", object_id)
}

/// Lines or sentences of advice as steps.
pub(crate) fn steps(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The strings of an array, or the parts of text with commas.
pub(crate) fn strings(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(values)) => values
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Json::String(text)) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
