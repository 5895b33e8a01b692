//! Doing an action to a stored incident: load, check the version, change, history, outbox.

use jiff::Timestamp;
use schema::AlertId;

use super::incident::{self, Incident};
use super::life::{self, Action};
use crate::activity::{self, NewEntry};
use crate::case::alert_record;
use crate::store::{Conn, micros};
use crate::{Actor, Error, Result, Settings, Store, lake_rows};

impl Store {
    /// Does `action` to incident `number` and returns the incident as it is then.
    ///
    /// `expected_version` is the version that the caller saw; `None` takes whatever is there.
    ///
    /// # Errors
    /// [`Error::NoIncident`], [`Error::Merged`], [`Error::Conflict`], [`Error::Transition`],
    /// [`Error::NotAllowed`], [`Error::Invalid`]; [`Error::Database`].
    pub async fn act(
        &self,
        number: i64,
        action: &Action,
        actor: &Actor,
        expected_version: Option<i64>,
        now: Timestamp,
    ) -> Result<Incident> {
        let mut tx = self.write().await?;
        let mut incident = open_for_change(tx.conn(), number, expected_version).await?;
        let before = incident.clone();
        let entries = life::apply(&mut incident, action, actor, now)?;
        if incident == before {
            return Ok(incident);
        }
        if before.marks.acknowledged.is_none() && incident.marks.acknowledged.is_some() {
            acknowledge_alerts(tx.conn(), number, actor, now).await?;
        }
        let status_changed = incident.status.sentinel() != before.status.sentinel()
            || incident.classification != before.classification;
        finish(
            tx.conn(),
            &self.settings,
            &mut incident,
            entries,
            status_changed,
            actor,
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(incident)
    }

    /// Notes that a person opened an alert, which acknowledges it. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`Error::NoAlert`], [`Error::NotAllowed`]; [`Error::Database`].
    pub async fn open_alert(&self, id: AlertId, actor: &Actor, now: Timestamp) -> Result<()> {
        actor.must_be_person("opening an alert")?;
        let id = id.to_string();
        let mut tx = self.write().await?;
        let record = alert_record::find(tx.conn(), &id)
            .await?
            .ok_or_else(|| Error::NoAlert(id.clone()))?;
        if record.acknowledged.is_some() {
            return Ok(());
        }
        sqlx::query("UPDATE alerts SET acknowledged_at = $1, acknowledged_by = $2 WHERE id = $3")
            .bind(micros(now))
            .bind(&actor.name)
            .bind(&id)
            .execute(tx.conn())
            .await?;
        let entry = NewEntry::new("alert opened").alert(&id);
        match record.incident {
            Some(number) => {
                let mut incident = incident::load(tx.conn(), number).await?;
                finish(
                    tx.conn(),
                    &self.settings,
                    &mut incident,
                    vec![entry],
                    false,
                    actor,
                    now,
                )
                .await?;
            }
            None => {
                let activity = activity::append(tx.conn(), None, entry, actor, now).await?;
                lake_rows::activity(tx.conn(), &self.settings, &activity, None).await?;
            }
        }
        tx.commit().await
    }
}

/// Loads an incident that is about to change.
pub(crate) async fn open_for_change(
    conn: &mut Conn,
    number: i64,
    expected_version: Option<i64>,
) -> Result<Incident> {
    let incident = incident::load(conn, number).await?;
    if let Some(into) = incident.merged_into {
        return Err(Error::Merged { number, into });
    }
    match expected_version {
        Some(expected) if expected != incident.version => Err(Error::Conflict {
            number,
            expected,
            found: incident.version,
        }),
        _ => Ok(incident),
    }
}

/// Whoever acknowledges an incident has seen the alerts it has by then.
async fn acknowledge_alerts(
    conn: &mut Conn,
    number: i64,
    actor: &Actor,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE alerts SET acknowledged_at = $1, acknowledged_by = $2
         WHERE incident = $3 AND acknowledged_at IS NULL",
    )
    .bind(micros(now))
    .bind(&actor.name)
    .bind(number)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a change in the caller's transaction: version and modification marks, the record, its
/// history entries, and the rows for the lake.
pub(crate) async fn finish(
    conn: &mut Conn,
    settings: &Settings,
    incident: &mut Incident,
    entries: Vec<NewEntry>,
    alerts_changed: bool,
    actor: &Actor,
    now: Timestamp,
) -> Result<()> {
    let is_new = incident.version == 0;
    incident.version += 1;
    incident.last_modified_at = now;
    incident.modified_by.clone_from(&actor.name);
    if !is_new && incident.first_modified_at.is_none() {
        incident.first_modified_at = Some(now);
    }
    incident::save(conn, incident).await?;
    for entry in entries {
        let activity = activity::append(conn, Some(incident.number), entry, actor, now).await?;
        lake_rows::activity(conn, settings, &activity, Some(incident)).await?;
    }
    lake_rows::incident(conn, settings, incident, now).await?;
    if alerts_changed {
        for record in alert_record::of_incident(conn, incident.number).await? {
            lake_rows::alert(conn, settings, &record, Some(incident), now).await?;
        }
    }
    Ok(())
}
