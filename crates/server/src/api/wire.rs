//! Incidents and alerts as the API shows them, converted by hand from the case store's types.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schema::Entity;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use super::words;

/// An incident in the queue.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentItem {
    number: i64,
    title: String,
    #[schema(value_type = words::IncidentStatus)]
    status: String,
    #[schema(value_type = words::Severity)]
    severity: String,
    /// 0 to 100.
    priority: u8,
    #[schema(required)]
    owner: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    first_activity_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    /// How many alerts.
    #[serde(rename = "alerts")]
    alert_count: i64,
    environments: Vec<String>,
    tactics: Vec<String>,
    /// The entities that matter most.
    #[serde(rename = "entities")]
    top_entities: Vec<Label>,
    acknowledged: bool,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    acknowledged_at: Option<Timestamp>,
    /// Since the first alert, to now or to the closing.
    age_seconds: i64,
    #[schema(value_type = Option<words::Classification>, required)]
    classification: Option<String>,
    labels: Vec<String>,
    /// Made of old data only; stays out of the figures.
    backfill: bool,
    #[schema(required)]
    merged_into: Option<i64>,
    /// For a change that must not overwrite another's.
    version: i64,
}

/// An entity by kind and text.
#[derive(Serialize, ToSchema)]
pub(super) struct Label {
    kind: String,
    label: String,
}

impl From<soc::IncidentListItem> for IncidentItem {
    fn from(item: soc::IncidentListItem) -> Self {
        Self {
            number: item.number,
            title: item.title,
            status: item.status.to_owned(),
            severity: item.severity.to_owned(),
            priority: item.priority,
            owner: item.owner,
            created_at: item.created_at,
            first_activity_at: item.first_activity_at,
            last_activity_at: item.last_activity_at,
            alert_count: item.alerts,
            environments: item.environments,
            tactics: item.tactics.into_iter().map(str::to_owned).collect(),
            top_entities: item
                .entities
                .into_iter()
                .map(|entity| Label {
                    kind: entity.kind,
                    label: entity.label,
                })
                .collect(),
            acknowledged: item.acknowledged,
            acknowledged_at: item.acknowledged_at,
            age_seconds: item.age_seconds,
            classification: item.classification.map(str::to_owned),
            labels: item.labels,
            backfill: item.backfill,
            merged_into: item.merged_into,
            version: item.version,
        }
    }
}

/// One incident with everything about it.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentView {
    number: i64,
    title: String,
    #[schema(value_type = words::IncidentStatus)]
    status: String,
    #[schema(value_type = words::Severity)]
    severity: String,
    /// 0 to 100.
    priority: u8,
    #[schema(required)]
    owner: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    first_activity_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
    environments: Vec<String>,
    tactics: Vec<String>,
    techniques: Vec<String>,
    products: Vec<String>,
    acknowledged: bool,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    acknowledged_at: Option<Timestamp>,
    age_seconds: i64,
    #[schema(value_type = Option<words::Classification>, required)]
    classification: Option<String>,
    classification_reason: String,
    labels: Vec<String>,
    backfill: bool,
    #[schema(required)]
    merged_into: Option<i64>,
    version: i64,
    description: String,
    /// What the priority is made of.
    priority_parts: Vec<PriorityPart>,
    clock: ClockView,
    alerts: Vec<AlertView>,
    entities: Vec<EntityView>,
    links: Vec<LinkView>,
    /// Links that would be there if more were known.
    missing_links: Vec<MissingLink>,
    comments: Vec<CommentView>,
    activity: Vec<ActivityView>,
    joined_because: Vec<JoinedBecause>,
}

/// A part of the priority.
#[derive(Serialize, ToSchema)]
pub(super) struct PriorityPart {
    name: String,
    points: u8,
    max: u8,
    reason: String,
}

/// The six figures, each with its two instants.
#[derive(Serialize, ToSchema)]
pub(super) struct ClockView {
    tta: MetricView,
    ttc: MetricView,
    ttr: MetricView,
    time_to_recover: MetricView,
    time_to_detect: MetricView,
    dwell: MetricView,
}

/// A figure.
#[derive(Serialize, ToSchema)]
pub(super) struct MetricView {
    #[schema(required)]
    seconds: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    from: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    to: Option<Timestamp>,
    #[schema(value_type = words::MetricState)]
    state: Json,
    #[schema(required)]
    note: Option<String>,
}

/// An alert.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertView {
    id: String,
    name: String,
    description: String,
    #[schema(value_type = words::Severity)]
    severity: String,
    #[schema(value_type = words::AlertOrigin)]
    origin: Json,
    rule_id: String,
    vendor: String,
    product: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    start_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_at: Timestamp,
    tactics: Vec<String>,
    techniques: Vec<String>,
    entities: Vec<AlertEntity>,
    evidence_count: usize,
    #[schema(required)]
    query: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    query_from: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    query_to: Option<Timestamp>,
    acknowledged: bool,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    acknowledged_at: Option<Timestamp>,
    tta: MetricView,
    joined_because: String,
    /// Text, never a live link.
    link: String,
    remediation_steps: Vec<String>,
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    custom_details: Map<String, Json>,
    backfill: bool,
}

/// An entity of an alert.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertEntity {
    kind: String,
    label: String,
    identifiers: BTreeMap<String, String>,
}

/// An entity of an incident.
#[derive(Serialize, ToSchema)]
pub(super) struct EntityView {
    key: String,
    kind: String,
    label: String,
    identifiers: BTreeMap<String, String>,
    /// 0 (most critical) to 3.
    #[schema(required)]
    criticality: Option<i64>,
    #[schema(required)]
    sensitivity: Option<String>,
    #[schema(required)]
    identity: Option<String>,
    alerts: Vec<String>,
    #[schema(required)]
    reason: Option<String>,
}

/// Two entities that belong together.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkView {
    from: String,
    to: String,
    reason: String,
}

/// A link that is missing.
#[derive(Serialize, ToSchema)]
pub(super) struct MissingLink {
    entity: String,
    reason: String,
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub(super) struct CommentView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    author: String,
    text: String,
}

/// An entry of the history.
#[derive(Serialize, ToSchema)]
pub(super) struct ActivityView {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: String,
    #[schema(value_type = words::ActorKind)]
    actor_kind: String,
    action: String,
    from: String,
    to: String,
    comment: String,
}

/// Why an alert is in the incident.
#[derive(Serialize, ToSchema)]
pub(super) struct JoinedBecause {
    alert_id: String,
    reason: String,
}

fn metric(metric: soc::Metric) -> MetricView {
    MetricView {
        seconds: metric.seconds,
        from: metric.from,
        to: metric.to,
        state: serde_json::to_value(metric.state).unwrap_or_default(),
        note: metric.note,
    }
}

fn alert_entity(entity: &Entity) -> AlertEntity {
    AlertEntity {
        kind: entity.kind.json_type().to_owned(),
        label: entity.label(),
        identifiers: entity.identifiers.clone(),
    }
}

fn alert(view: soc::AlertView) -> AlertView {
    let alert = view.alert;
    AlertView {
        id: view.id,
        name: alert.name,
        description: alert.description,
        severity: alert.severity.to_string(),
        origin: serde_json::to_value(alert.origin).unwrap_or_default(),
        rule_id: alert.rule_id,
        vendor: alert.vendor,
        product: alert.product,
        created_at: alert.created_at,
        received_at: alert.received_at,
        start_at: alert.start_at,
        end_at: alert.end_at,
        tactics: alert
            .tactics
            .iter()
            .map(|t| t.as_str().to_owned())
            .collect(),
        techniques: alert.techniques,
        entities: alert.entities.iter().map(alert_entity).collect(),
        evidence_count: alert.evidence.len(),
        query_from: alert.query.as_ref().map(|q| q.from),
        query_to: alert.query.as_ref().map(|q| q.to),
        query: alert.query.map(|q| q.text),
        acknowledged: view.acknowledged,
        acknowledged_at: view.acknowledged_at,
        tta: metric(view.tta),
        joined_because: view.joined_because,
        link: alert.link,
        remediation_steps: alert.remediation_steps,
        custom_details: alert.custom_details,
        backfill: alert.backfill,
    }
}

impl From<soc::IncidentDetail> for IncidentView {
    fn from(detail: soc::IncidentDetail) -> Self {
        let item = detail.item;
        Self {
            number: item.number,
            title: item.title,
            status: item.status.to_owned(),
            severity: item.severity.to_owned(),
            priority: item.priority,
            owner: item.owner,
            created_at: item.created_at,
            first_activity_at: item.first_activity_at,
            last_activity_at: item.last_activity_at,
            environments: item.environments,
            tactics: item.tactics.into_iter().map(str::to_owned).collect(),
            techniques: detail.techniques,
            products: detail.products,
            acknowledged: item.acknowledged,
            acknowledged_at: item.acknowledged_at,
            age_seconds: item.age_seconds,
            classification: item.classification.map(str::to_owned),
            classification_reason: detail.classification_reason,
            labels: item.labels,
            backfill: item.backfill,
            merged_into: item.merged_into,
            version: item.version,
            description: detail.description,
            priority_parts: detail
                .priority_parts
                .into_iter()
                .map(|p| PriorityPart {
                    name: p.name,
                    points: p.points,
                    max: p.max,
                    reason: p.reason,
                })
                .collect(),
            clock: ClockView {
                tta: metric(detail.clock.tta),
                ttc: metric(detail.clock.ttc),
                ttr: metric(detail.clock.ttr),
                time_to_recover: metric(detail.clock.time_to_recover),
                time_to_detect: metric(detail.clock.time_to_detect),
                dwell: metric(detail.clock.dwell),
            },
            alerts: detail.alerts.into_iter().map(alert).collect(),
            entities: detail.entities.into_iter().map(entity).collect(),
            links: detail
                .links
                .into_iter()
                .map(|l| LinkView {
                    from: l.from,
                    to: l.to,
                    reason: l.reason,
                })
                .collect(),
            missing_links: detail
                .missing_links
                .into_iter()
                .map(|m| MissingLink {
                    entity: m.entity,
                    reason: m.reason,
                })
                .collect(),
            comments: detail
                .comments
                .into_iter()
                .map(|c| CommentView {
                    at: c.at,
                    author: c.author,
                    text: c.text,
                })
                .collect(),
            activity: detail.activity.into_iter().map(activity).collect(),
            joined_because: detail
                .joined_because
                .into_iter()
                .map(|j| JoinedBecause {
                    alert_id: j.alert_id,
                    reason: j.reason,
                })
                .collect(),
        }
    }
}

fn entity(view: soc::EntityView) -> EntityView {
    EntityView {
        key: view.key,
        kind: view.kind,
        label: view.label,
        identifiers: view.identifiers,
        criticality: view.criticality,
        sensitivity: view.sensitivity,
        identity: view.identity,
        alerts: view.alerts,
        reason: view.reason,
    }
}

fn activity(entry: soc::Activity) -> ActivityView {
    ActivityView {
        id: entry.id,
        at: entry.at,
        actor: entry.actor,
        actor_kind: entry.actor_kind.as_str().to_owned(),
        action: entry.action,
        from: entry.from,
        to: entry.to,
        comment: entry.comment,
    }
}
