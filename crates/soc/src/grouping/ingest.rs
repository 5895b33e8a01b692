//! Taking in one alert: once, into the right incident, with the reason.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schema::{Alert, AlertId, EntityKind};
use serde_json::json;
use uuid::Uuid;

use super::candidates::{self, DEFAULT_SCOPE};
use super::merge;
use super::resolve::{ResolvedEntity, resolve};
use crate::activity::NewEntry;
use crate::case::alert_record::{self, AlertRecord};
use crate::case::life_store::finish;
use crate::case::{Action, Facts, Incident, facts, incident};
use crate::clock::Marks;
use crate::store::{Conn, micros};
use crate::{Actor, Result, Settings, Status, Store, lake_rows};

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It opened an incident.
    Opened,
    /// It joined one.
    Joined,
    /// Its rule makes no incidents: it is kept as an alert.
    AlertOnly,
    /// It was there already; nothing changed.
    Duplicate,
}

/// What became of an alert, with the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// The alert.
    pub alert: AlertId,
    /// Its incident.
    pub incident: Option<i64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is where it is.
    pub reason: String,
    /// Incidents that the alert connected and that were merged into this one.
    pub merged: Vec<i64>,
}

impl Store {
    /// Takes in an alert: resolves its entities, finds or opens its incident, merges incidents that
    /// it connects. The same id again changes nothing. See the module `grouping` for the rules.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn ingest_alert(&self, alert: &Alert, now: Timestamp) -> Result<Ingested> {
        let mut tx = self.write().await?;
        let ingested = ingest_one(tx.conn(), &self.settings, alert, now).await?;
        if ingested.outcome != Outcome::Duplicate {
            tx.commit().await?;
        }
        Ok(ingested)
    }

    /// Takes in alerts in their order and in one transaction: all or none. Faster than one by one
    /// where many come at once; the answers are in the same order.
    ///
    /// # Errors
    /// [`crate::Error::Database`]; then none was taken in.
    pub async fn ingest_alerts(&self, alerts: &[Alert], now: Timestamp) -> Result<Vec<Ingested>> {
        let mut tx = self.write().await?;
        let mut ingested = Vec::with_capacity(alerts.len());
        for alert in alerts {
            ingested.push(ingest_one(tx.conn(), &self.settings, alert, now).await?);
        }
        tx.commit().await?;
        Ok(ingested)
    }
}

async fn ingest_one(
    conn: &mut Conn,
    settings: &Settings,
    alert: &Alert,
    now: Timestamp,
) -> Result<Ingested> {
    if let Some(known) = alert_record::find(conn, &alert.id.to_string()).await? {
        return Ok(Ingested {
            alert: alert.id,
            incident: known.incident,
            outcome: Outcome::Duplicate,
            reason: known.joined_reason,
            merged: Vec::new(),
        });
    }
    let mut resolved = resolve(conn, settings, alert).await?;
    candidates::drop_hubs(conn, settings, alert, &mut resolved).await?;
    let record = AlertRecord {
        alert: alert.clone(),
        incident: None,
        resolved,
        joined_at: now,
        joined_reason: String::new(),
        joined_late: false,
        acknowledged: None,
    };
    Intake {
        conn,
        settings,
        record,
        now,
    }
    .run()
    .await
}

struct Intake<'a> {
    conn: &'a mut Conn,
    settings: &'a Settings,
    record: AlertRecord,
    now: Timestamp,
}

impl Intake<'_> {
    async fn run(&mut self) -> Result<Ingested> {
        if !self.record.alert.grouping.create_incident {
            return self.alert_only().await;
        }
        let keys = link_keys(&self.record);
        let scope = match self.record.alert.grouping.matching {
            Some(_) => format!("rule:{}", self.record.alert.rule_id),
            None => DEFAULT_SCOPE.to_owned(),
        };
        let target = if scope == DEFAULT_SCOPE {
            self.by_entities(&keys).await?
        } else {
            self.by_rule(&scope).await?
        };
        let (mut incident, outcome) = match target {
            Some(incident) => (incident, Outcome::Joined),
            None => (self.open(&scope).await?, Outcome::Opened),
        };
        self.add(&mut incident, &keys, outcome).await?;
        let merged = if scope == DEFAULT_SCOPE {
            merge::close_over(self.conn, self.settings, &mut incident, self.now).await?
        } else {
            Vec::new()
        };
        Ok(Ingested {
            alert: self.record.alert.id,
            incident: Some(incident.number),
            outcome,
            reason: self.record.joined_reason.clone(),
            merged,
        })
    }

    async fn by_entities(&mut self, keys: &[String]) -> Result<Option<Incident>> {
        let span = (self.record.alert.start_at, self.record.alert.end_at);
        let found = candidates::sharing(self.conn, self.settings, keys, span, None).await?;
        let Some((incident, key)) = found.into_iter().next() else {
            return Ok(None);
        };
        self.record.joined_reason =
            candidates::reason(self.conn, &self.record, incident.number, &key).await?;
        Ok(Some(incident))
    }

    async fn by_rule(&mut self, scope: &str) -> Result<Option<Incident>> {
        let found =
            candidates::by_rule(self.conn, self.settings, &self.record.alert, scope).await?;
        let Some(mut incident) = found else {
            return Ok(None);
        };
        self.record.joined_reason = "the rule groups its alerts this way".into();
        if !incident.status.is_open() {
            let reopen = Action::Reopen {
                comment: "the rule reopens closed incidents".into(),
            };
            let actor = Actor::system();
            let entries = crate::case::apply(&mut incident, &reopen, &actor, self.now)?;
            finish(
                self.conn,
                self.settings,
                &mut incident,
                entries,
                true,
                &actor,
                self.now,
            )
            .await?;
            self.record
                .joined_reason
                .push_str("; the incident was closed and is open again");
        }
        Ok(Some(incident))
    }

    async fn open(&mut self, scope: &str) -> Result<Incident> {
        let alert = &self.record.alert;
        let number = incident::next_number(self.conn).await?;
        let seed = format!("incident/{number}/{}", alert.id);
        self.record.joined_reason = "opened the incident".into();
        Ok(Incident {
            number,
            name: Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()).to_string(),
            title: alert.name.clone(),
            title_by_person: false,
            description: alert.description.clone(),
            severity: facts::LEAST_SEVERITY,
            status: Status::New,
            priority: 0,
            priority_parts: Vec::new(),
            owner: None,
            classification: None,
            classification_reason: String::new(),
            classification_comment: String::new(),
            created_at: self.now,
            first_activity_at: alert.start_at,
            last_activity_at: alert.end_at,
            first_modified_at: None,
            last_modified_at: self.now,
            modified_by: String::new(),
            marks: Marks::default(),
            labels: Vec::new(),
            grouping_scope: scope.to_owned(),
            merged_into: None,
            source: String::new(),
            rule_id: String::new(),
            alert_count: 0,
            comment_count: 0,
            facts: Facts::default(),
            version: 0,
        })
    }

    /// Stores the alert in the incident, with its keys, and brings the incident up to date.
    async fn add(
        &mut self,
        incident: &mut Incident,
        keys: &[String],
        outcome: Outcome,
    ) -> Result<()> {
        if outcome == Outcome::Opened {
            // The alert refers to it.
            incident::save(self.conn, incident).await?;
        }
        self.record.incident = Some(incident.number);
        self.record.joined_late = incident.marks.acknowledged.is_some();
        note_alert(&mut incident.marks, &self.record.alert);
        alert_record::insert(self.conn, &self.record).await?;
        insert_keys(self.conn, &self.record, keys, incident.number).await?;
        let alerts = alert_record::of_incident(self.conn, incident.number).await?;
        let before = (incident.severity, incident.priority);
        facts::refresh(incident, &alerts);
        let id = self.record.alert.id.to_string();
        let details = json!({
            "alert": self.record.alert.name,
            "severity": { "from": before.0, "to": incident.severity },
            "priority": { "from": before.1, "to": incident.priority },
            "keys": keys,
        });
        let entry = match outcome {
            Outcome::Opened => NewEntry::new("created").change("", Status::New.as_str()),
            _ => NewEntry::new("alert joined"),
        };
        let entry = entry
            .alert(id)
            .comment(self.record.joined_reason.clone())
            .details(details);
        let actor = Actor::system();
        finish(
            self.conn,
            self.settings,
            incident,
            vec![entry],
            false,
            &actor,
            self.now,
        )
        .await?;
        lake_rows::alert(
            self.conn,
            self.settings,
            &self.record,
            Some(incident),
            self.now,
        )
        .await
    }

    async fn alert_only(&mut self) -> Result<Ingested> {
        self.record.joined_reason = "its rule makes no incidents".into();
        alert_record::insert(self.conn, &self.record).await?;
        lake_rows::alert(self.conn, self.settings, &self.record, None, self.now).await?;
        Ok(Ingested {
            alert: self.record.alert.id,
            incident: None,
            outcome: Outcome::AlertOnly,
            reason: self.record.joined_reason.clone(),
            merged: Vec::new(),
        })
    }
}

/// Keys that an alert is found by. Without one of its own it is found by its rule and its entities.
pub(crate) fn link_keys(record: &AlertRecord) -> Vec<String> {
    let keys: BTreeSet<String> = record
        .resolved
        .iter()
        .flat_map(|entity| entity.link.iter().cloned())
        .collect();
    if !keys.is_empty() {
        return keys.into_iter().collect();
    }
    let names: BTreeSet<&str> = record
        .resolved
        .iter()
        .map(|entity| entity.key.as_str())
        .collect();
    let text = names.into_iter().collect::<Vec<_>>().join("\u{1f}");
    let hash = blake3::hash(text.as_bytes()).to_hex();
    vec![format!("same/{}/{hash}", record.alert.rule_id)]
}

/// Brings the clock's start in line with an alert that joins.
pub(crate) fn note_alert(marks: &mut Marks, alert: &Alert) {
    if alert.backfill {
        return;
    }
    let earlier =
        |old: Option<Timestamp>, new: Timestamp| Some(old.map_or(new, |old| old.min(new)));
    marks.first_event_at = earlier(marks.first_event_at, alert.start_at);
    // Once acknowledged, the start stands: whoever joins later has a clock of its own.
    if marks.acknowledged.is_none() || marks.first_alert_at.is_none() {
        marks.first_alert_at = earlier(marks.first_alert_at, alert.created_at);
    }
}

pub(crate) async fn insert_keys(
    conn: &mut Conn,
    record: &AlertRecord,
    keys: &[String],
    incident: i64,
) -> Result<()> {
    let actors: BTreeSet<&str> = record
        .entities()
        .filter(|(entity, resolved)| {
            entity.kind == EntityKind::Account && !resolved.link.is_empty()
        })
        .filter_map(|(_, resolved)| actor_key(resolved))
        .collect();
    for key in keys {
        sqlx::query(
            "INSERT INTO alert_keys (key, alert_id, incident, actor, start_at, end_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(key)
        .bind(record.alert.id.to_string())
        .bind(incident)
        .bind(actors.contains(key.as_str()))
        .bind(micros(record.alert.start_at))
        .bind(micros(record.alert.end_at))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The one key that counts an account once, however many it has.
fn actor_key(resolved: &ResolvedEntity) -> Option<&str> {
    match &resolved.identity {
        Some(identity) => Some(identity.id.as_str()),
        None => resolved.link.first().map(String::as_str),
    }
}
