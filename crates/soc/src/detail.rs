//! Everything about one incident, for its page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schema::{Alert, EntityKind};
use serde::Serialize;

use crate::case::alert_record::{self, AlertRecord};
use crate::case::{Incident, MissingLink, PriorityPart, incident};
use crate::clock::{Clock, Metric, MetricState, clock};
use crate::query::IncidentListItem;
use crate::{Activity, Result, Store, activity};

/// Most links shown; the graph says nothing with more.
const LINKS_MAX: usize = 300;

/// Everything about one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentDetail {
    /// What the queue shows.
    pub item: IncidentListItem,
    /// Description.
    pub description: String,
    /// What the priority is made of.
    pub priority_parts: Vec<PriorityPart>,
    /// The six metrics.
    pub clock: Clock,
    /// Alerts, earliest first.
    pub alerts: Vec<AlertView>,
    /// Entities, each once.
    pub entities: Vec<EntityView>,
    /// How entities belong together.
    pub links: Vec<Link>,
    /// Links that would be there with more known.
    pub missing_links: Vec<MissingLink>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// The history, oldest first.
    pub activity: Vec<Activity>,
    /// `ClassificationReason`.
    pub classification_reason: String,
    /// Why each alert is in the incident.
    pub joined_because: Vec<JoinedBecause>,
    /// Techniques.
    pub techniques: Vec<String>,
    /// Products that raised the alerts.
    pub products: Vec<String>,
}

/// An alert of an incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertView {
    /// The alert as it came.
    #[serde(skip)]
    pub alert: Alert,
    /// Its id.
    pub id: String,
    /// Whether a person saw it.
    pub acknowledged: bool,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Its own time to acknowledge.
    pub tta: Metric,
    /// When it joined.
    pub joined_at: Timestamp,
    /// Why.
    pub joined_because: String,
}

/// An entity of an incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntityView {
    /// Names it within the incident.
    pub key: String,
    /// Kind, as in `SecurityAlert.Entities`.
    pub kind: String,
    /// Text for people.
    pub label: String,
    /// All identifiers that alerts gave.
    pub identifiers: BTreeMap<String, String>,
    /// Criticality of the asset behind it.
    pub criticality: Option<i64>,
    /// Sensitivity or privileged role of the identity behind it.
    pub sensitivity: Option<String>,
    /// The identity behind it.
    pub identity: Option<String>,
    /// Alerts that name it.
    pub alerts: Vec<String>,
    /// Why it does not link alerts, or which link is missing.
    pub reason: Option<String>,
}

/// Two entities that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Key of an entity.
    pub from: String,
    /// Key of another.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

/// Why an alert is in the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinedBecause {
    /// The alert.
    pub alert_id: String,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Everything about incident `number` at `now`.
    ///
    /// # Errors
    /// [`crate::Error::NoIncident`]; [`crate::Error::Database`].
    pub async fn detail(&self, number: i64, now: Timestamp) -> Result<IncidentDetail> {
        // One read transaction: the parts fit together.
        let mut tx = self.pool.begin().await?;
        let incident = incident::load(&mut tx, number).await?;
        let records = alert_record::of_incident(&mut tx, number).await?;
        let activity = activity::of_incident(&mut tx, number).await?;
        tx.commit().await?;
        Ok(assemble(&incident, &records, activity, now))
    }

    /// Alerts of an incident as they came, earliest first.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn alerts(&self, number: i64) -> Result<Vec<Alert>> {
        let mut conn = self.pool.acquire().await?;
        let records = alert_record::of_incident(&mut conn, number).await?;
        Ok(records.into_iter().map(|record| record.alert).collect())
    }
}

fn assemble(
    incident: &Incident,
    records: &[AlertRecord],
    activity: Vec<Activity>,
    now: Timestamp,
) -> IncidentDetail {
    let comments = activity
        .iter()
        .filter(|entry| entry.action == "comment")
        .map(|entry| Comment {
            at: entry.at,
            author: entry.actor.clone(),
            text: entry.comment.clone(),
        })
        .collect();
    IncidentDetail {
        item: IncidentListItem::new(incident, now),
        description: incident.description.clone(),
        priority_parts: incident.priority_parts.clone(),
        clock: clock(
            &incident.marks,
            incident.status,
            incident.classification,
            now,
        ),
        alerts: records
            .iter()
            .map(|record| alert_view(incident, record, now))
            .collect(),
        entities: entities(records),
        links: links(records),
        missing_links: incident.facts.missing_links.clone(),
        comments,
        activity,
        classification_reason: incident.classification_reason.clone(),
        joined_because: records
            .iter()
            .map(|record| JoinedBecause {
                alert_id: record.alert.id.to_string(),
                reason: record.joined_reason.clone(),
            })
            .collect(),
        techniques: incident.facts.techniques.clone(),
        products: incident.facts.products.clone(),
    }
}

fn alert_view(incident: &Incident, record: &AlertRecord, now: Timestamp) -> AlertView {
    let acknowledged_at = record.acknowledged.as_ref().map(|mark| mark.at);
    AlertView {
        id: record.alert.id.to_string(),
        acknowledged: acknowledged_at.is_some(),
        acknowledged_at,
        tta: alert_clock(incident, record, now),
        joined_at: record.joined_at,
        joined_because: record.joined_reason.clone(),
        alert: record.alert.clone(),
    }
}

/// The clock of one alert: its creation to the moment a person saw it.
fn alert_clock(incident: &Incident, record: &AlertRecord, now: Timestamp) -> Metric {
    let marks = crate::Marks {
        first_alert_at: (!record.alert.backfill).then_some(record.alert.created_at),
        acknowledged: record.acknowledged.clone(),
        ..crate::Marks::default()
    };
    let mut metric = clock(&marks, incident.status, None, now).tta;
    if record.joined_late && metric.state == MetricState::Running {
        metric.note = Some("joined after the incident was acknowledged: waits to be opened".into());
    }
    metric
}

fn entities(records: &[AlertRecord]) -> Vec<EntityView> {
    let mut views: Vec<EntityView> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let alert_id = record.alert.id.to_string();
        for (entity, resolved) in record.entities() {
            let index = *at.entry(resolved.key.clone()).or_insert_with(|| {
                views.push(EntityView {
                    key: resolved.key.clone(),
                    kind: entity.kind.json_type().to_owned(),
                    label: entity.label(),
                    identifiers: BTreeMap::new(),
                    criticality: None,
                    sensitivity: None,
                    identity: None,
                    alerts: Vec::new(),
                    reason: None,
                });
                views.len() - 1
            });
            let Some(view) = views.get_mut(index) else {
                continue;
            };
            for (name, value) in &entity.identifiers {
                view.identifiers
                    .entry(name.clone())
                    .or_insert_with(|| value.clone());
            }
            if view.alerts.last() != Some(&alert_id) {
                view.alerts.push(alert_id.clone());
            }
            if let Some(identity) = &resolved.identity {
                let role = &identity.privileged_role;
                let text = if role.is_empty() {
                    &identity.sensitivity
                } else {
                    role
                };
                view.identity = Some(identity.label.clone());
                view.sensitivity = (!text.is_empty()).then(|| text.clone());
            }
            if let Some(asset) = &resolved.asset {
                view.criticality = asset.criticality;
            }
            if view.reason.is_none() {
                view.reason = resolved.note.clone().or_else(|| resolved.missing.clone());
            }
        }
    }
    views
}

/// Accounts of one identity belong together by the identity table; an account belongs with the other
/// entities of its alert.
fn links(records: &[AlertRecord]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut push = |from: &str, to: &str, reason: String| {
        let pair = if from < to { (from, to) } else { (to, from) };
        let is_new = from != to && seen.insert((pair.0.to_owned(), pair.1.to_owned()));
        if is_new && links.len() < LINKS_MAX {
            links.push(Link {
                from: from.to_owned(),
                to: to.to_owned(),
                reason,
            });
        }
    };
    let mut first_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, resolved) in records.iter().flat_map(AlertRecord::entities) {
        let Some(identity) = &resolved.identity else {
            continue;
        };
        let first = *first_of
            .entry(identity.id.as_str())
            .or_insert(resolved.key.as_str());
        push(
            first,
            &resolved.key,
            format!("one identity, {}, by the identity table", identity.label),
        );
    }
    for record in records {
        let center = record
            .entities()
            .find(|(entity, resolved)| entity.kind == EntityKind::Account && !resolved.target)
            .or_else(|| record.entities().next());
        let Some((_, center)) = center else { continue };
        for (_, resolved) in record.entities() {
            push(
                &center.key,
                &resolved.key,
                format!("named together in \"{}\"", record.alert.name),
            );
        }
    }
    links
}
