//! Merging incidents and taking them apart.
//!
//! A merge moves the alerts, keeps the earlier start of the clock and the earlier acknowledgement,
//! and closes the other incident with a pointer and the label [`REDIRECTED`]. Marks of containment,
//! remediation and recovery are the surviving incident's own: that a part was contained does not
//! mean the whole is. Alerts nobody had seen stay unacknowledged, each with a clock of its own.

use jiff::Timestamp;
use schema::AlertId;
use serde_json::json;
use uuid::Uuid;

use super::candidates;
use super::ingest::note_alert;
use crate::activity::NewEntry;
use crate::case::alert_record::{self, AlertRecord};
use crate::case::life_store::{finish, open_for_change};
use crate::case::{Incident, facts, incident};
use crate::clock::{Mark, Marks};
use crate::store::Conn;
use crate::{Actor, Classification, Error, Result, Settings, Status, Store};

/// Label of an incident that was merged into another.
pub(crate) const REDIRECTED: &str = "Redirected";

impl Store {
    /// Merges incident `number` into `into` and returns the latter.
    ///
    /// # Errors
    /// [`Error::NoIncident`], [`Error::Merged`], [`Error::Invalid`] when both are the same, the
    /// target is closed, or the result would hold too many alerts; [`Error::Database`].
    pub async fn merge(
        &self,
        number: i64,
        into: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Incident> {
        let invalid = |why: String| Error::Invalid { what: "merge", why };
        if number == into {
            return Err(invalid("an incident can't be merged into itself".into()));
        }
        let mut tx = self.write().await?;
        let source = open_for_change(tx.conn(), number, None).await?;
        let mut target = open_for_change(tx.conn(), into, None).await?;
        if !target.status.is_open() {
            return Err(invalid(format!(
                "incident {into} is closed: reopen it first"
            )));
        }
        if source.alert_count + target.alert_count > self.settings.alerts_max {
            return Err(invalid(format!(
                "more than {} alerts together",
                self.settings.alerts_max
            )));
        }
        let reason = format!("merged by {}", actor.name);
        absorb(
            tx.conn(),
            &self.settings,
            &mut target,
            source,
            &reason,
            actor,
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(target)
    }

    /// Takes alerts out of incident `number` into a new one, which is returned. The machine will
    /// not merge the two again.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no alert is named, one is not in the incident, or none would stay;
    /// [`Error::NoIncident`], [`Error::Merged`]; [`Error::Database`].
    pub async fn split(
        &self,
        number: i64,
        alerts: &[AlertId],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Incident> {
        let mut tx = self.write().await?;
        let old = open_for_change(tx.conn(), number, None).await?;
        let all = alert_record::of_incident(tx.conn(), number).await?;
        let (leaving, staying): (Vec<AlertRecord>, Vec<AlertRecord>) = all
            .into_iter()
            .partition(|record| alerts.contains(&record.alert.id));
        let invalid = |why: String| Err(Error::Invalid { what: "split", why });
        if let Some(missing) = alerts
            .iter()
            .find(|id| !leaving.iter().any(|record| record.alert.id == **id))
        {
            return invalid(format!("alert {missing} is not in incident {number}"));
        }
        if leaving.is_empty() || staying.is_empty() {
            return invalid("some alerts must leave and some must stay".into());
        }
        let new = take_apart(tx.conn(), &self.settings, old, leaving, staying, actor, now).await?;
        tx.commit().await?;
        Ok(new)
    }
}

/// Merges until no open incident is left that shares a key with `target` within the window.
/// Returns the numbers that were merged; `target` is the surviving incident.
pub(crate) async fn close_over(
    conn: &mut Conn,
    settings: &Settings,
    target: &mut Incident,
    now: Timestamp,
) -> Result<Vec<i64>> {
    let mut merged = Vec::new();
    while let Some((other, key)) = next_to_merge(conn, settings, target).await? {
        // The one that a person works on survives, else the older one.
        let rank = |one: &Incident| (one.marks.acknowledged.is_none(), one.number);
        let (mut keep, gone) = if rank(&other) < rank(target) {
            (other, target.clone())
        } else {
            (target.clone(), other)
        };
        let reason = connection(conn, &gone, &keep, &key).await?;
        merged.push(gone.number);
        absorb(
            conn,
            settings,
            &mut keep,
            gone,
            &reason,
            &Actor::system(),
            now,
        )
        .await?;
        *target = keep;
    }
    Ok(merged)
}

async fn next_to_merge(
    conn: &mut Conn,
    settings: &Settings,
    target: &Incident,
) -> Result<Option<(Incident, String)>> {
    let keys = candidates::keys_of(conn, target.number).await?;
    let span = (target.first_activity_at, target.last_activity_at);
    let found = candidates::sharing(conn, settings, &keys, span, Some(target.number)).await?;
    for (other, key) in found {
        let both_taken = other.marks.acknowledged.is_some() && target.marks.acknowledged.is_some();
        let fits = other.alert_count + target.alert_count <= settings.alerts_max;
        if fits
            && !both_taken
            && !candidates::are_separated(conn, other.number, target.number).await?
        {
            return Ok(Some((other, key)));
        }
    }
    Ok(None)
}

/// Words for the link between two incidents.
async fn connection(
    conn: &mut Conn,
    gone: &Incident,
    keep: &Incident,
    key: &str,
) -> Result<String> {
    for record in alert_record::of_incident(conn, gone.number).await? {
        if record
            .resolved
            .iter()
            .any(|entity| entity.link.iter().any(|one| one == key))
        {
            return candidates::reason(conn, &record, keep.number, key).await;
        }
    }
    Ok(format!("shares `{key}`"))
}

async fn absorb(
    conn: &mut Conn,
    settings: &Settings,
    target: &mut Incident,
    mut source: Incident,
    reason: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<()> {
    move_alerts(conn, source.number, target.number).await?;
    sqlx::query("UPDATE incidents SET merged_into = $1 WHERE merged_into = $2")
        .bind(target.number)
        .bind(source.number)
        .execute(&mut *conn)
        .await?;
    let alerts = alert_record::of_incident(conn, target.number).await?;
    merge_people(target, &source);
    merge_marks(&mut target.marks, &source.marks);
    if target.marks.acknowledged.is_some() {
        sqlx::query(
            "UPDATE alerts SET joined_late = TRUE WHERE incident = $1 AND acknowledged_at IS NULL",
        )
        .bind(target.number)
        .execute(&mut *conn)
        .await?;
    }
    target.comment_count += source.comment_count;
    facts::refresh(target, &alerts);

    let note = json!({
        "first_alert_at": target.marks.first_alert_at,
        "contained_at": source.marks.contained.as_ref().map(|mark| mark.at),
        "remediated_at": source.marks.remediated.as_ref().map(|mark| mark.at),
        "alerts": source.alert_count,
    });
    let from = source.status;
    retire(&mut source, target.number, now);
    let entry = NewEntry::new("merged")
        .change(from.as_str(), Status::Closed.as_str())
        .comment(format!("into incident {}: {reason}", target.number));
    finish(conn, settings, &mut source, vec![entry], false, actor, now).await?;
    let entry = NewEntry::new("merged")
        .change(source.number.to_string(), target.number.to_string())
        .comment(format!("took in incident {}: {reason}", source.number))
        .details(note);
    finish(conn, settings, target, vec![entry], true, actor, now).await
}

async fn move_alerts(conn: &mut Conn, from: i64, to: i64) -> Result<()> {
    sqlx::query("UPDATE alerts SET incident = $1 WHERE incident = $2")
        .bind(to)
        .bind(from)
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE alert_keys SET incident = $1 WHERE incident = $2")
        .bind(to)
        .bind(from)
        .execute(conn)
        .await?;
    Ok(())
}

fn merge_people(target: &mut Incident, source: &Incident) {
    if target.owner.is_none() {
        target.owner.clone_from(&source.owner);
    }
    if target.status == Status::New && source.marks.acknowledged.is_some() {
        target.status = Status::Active;
    }
    for label in &source.labels {
        if label != REDIRECTED && !target.labels.contains(label) {
            target.labels.push(label.clone());
        }
    }
}

fn merge_marks(target: &mut Marks, source: &Marks) {
    let earlier = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    target.first_alert_at = earlier(target.first_alert_at, source.first_alert_at);
    target.first_event_at = earlier(target.first_event_at, source.first_event_at);
    let at = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.at);
    let source_was_first = match (at(&target.acknowledged), at(&source.acknowledged)) {
        (Some(target), Some(source)) => source < target,
        (None, Some(_)) => true,
        _ => false,
    };
    if source_was_first {
        target.acknowledged.clone_from(&source.acknowledged);
    }
}

/// Closes an incident whose alerts have gone elsewhere.
fn retire(source: &mut Incident, into: i64, now: Timestamp) {
    source.status = Status::Closed;
    source.classification = Some(Classification::Undetermined);
    source.classification_reason.clear();
    source.classification_comment = format!("merged into incident {into}");
    source.marks.closed_at = Some(now);
    source.merged_into = Some(into);
    source.alert_count = 0;
    if !source.labels.iter().any(|label| label == REDIRECTED) {
        source.labels.push(REDIRECTED.to_owned());
    }
}

async fn take_apart(
    conn: &mut Conn,
    settings: &Settings,
    mut old: Incident,
    leaving: Vec<AlertRecord>,
    staying: Vec<AlertRecord>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Incident> {
    let number = incident::next_number(conn).await?;
    let seed = format!("incident/{number}/split/{}", old.name);
    let mut new = Incident {
        number,
        name: Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()).to_string(),
        title_by_person: false,
        // Whoever acknowledged the whole has seen the part; the rest of the response starts over.
        status: if old.marks.acknowledged.is_some() {
            Status::Active
        } else {
            Status::New
        },
        classification: None,
        classification_reason: String::new(),
        classification_comment: String::new(),
        created_at: now,
        first_modified_at: None,
        marks: Marks {
            acknowledged: old.marks.acknowledged.clone(),
            ..Marks::default()
        },
        labels: Vec::new(),
        comment_count: 0,
        version: 0,
        ..old.clone()
    };
    restart_clock(&mut new.marks, &leaving);
    let (first_alert, acknowledged) = (old.marks.first_alert_at, old.marks.acknowledged.clone());
    restart_clock(&mut old.marks, &staying);
    // The start moves only when the alert it came from has left.
    if staying
        .iter()
        .any(|record| Some(record.alert.created_at) == first_alert)
    {
        old.marks.first_alert_at = first_alert;
    }
    old.marks.acknowledged = acknowledged;
    facts::refresh(&mut new, &leaving);
    facts::refresh(&mut old, &staying);
    incident::save(conn, &new).await?;
    for record in &leaving {
        let id = record.alert.id.to_string();
        for table in ["alerts", "alert_keys"] {
            let column = if table == "alerts" { "id" } else { "alert_id" };
            let sql = format!("UPDATE {table} SET incident = $1 WHERE {column} = $2");
            sqlx::query(crate::store::composed(sql))
                .bind(number)
                .bind(&id)
                .execute(&mut *conn)
                .await?;
        }
        let reason = format!("taken out of incident {} by {}", old.number, actor.name);
        sqlx::query("UPDATE alerts SET joined_reason = $1 WHERE id = $2")
            .bind(reason)
            .bind(&id)
            .execute(&mut *conn)
            .await?;
    }
    separate(conn, old.number, number).await?;
    let ids: Vec<String> = leaving
        .iter()
        .map(|record| record.alert.id.to_string())
        .collect();
    let details = json!({ "alerts": ids });
    let entry = NewEntry::new("split")
        .change(old.number.to_string(), number.to_string())
        .comment(format!(
            "{} alerts went to incident {number}",
            leaving.len()
        ))
        .details(details.clone());
    finish(conn, settings, &mut old, vec![entry], false, actor, now).await?;
    let entry = NewEntry::new("created")
        .change("", new.status.as_str())
        .comment(format!("taken out of incident {}", old.number))
        .details(details);
    finish(conn, settings, &mut new, vec![entry], true, actor, now).await?;
    Ok(new)
}

fn restart_clock(marks: &mut Marks, alerts: &[AlertRecord]) {
    marks.first_alert_at = None;
    marks.first_event_at = None;
    let acknowledged = marks.acknowledged.take();
    // Those that were there at the acknowledgement decide; if none was, the earliest of all.
    let early: Vec<&AlertRecord> = alerts.iter().filter(|record| !record.joined_late).collect();
    for record in if early.is_empty() {
        alerts.iter().collect()
    } else {
        early
    } {
        note_alert(marks, &record.alert);
    }
    marks.acknowledged = acknowledged;
    for record in alerts {
        note_alert(marks, &record.alert);
    }
}

async fn separate(conn: &mut Conn, a: i64, b: i64) -> Result<()> {
    sqlx::query("INSERT INTO separations (low, high) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(a.min(b))
        .bind(a.max(b))
        .execute(conn)
        .await?;
    Ok(())
}
