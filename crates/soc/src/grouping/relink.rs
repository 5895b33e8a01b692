//! Looking at open incidents again after the identity or asset table changed: a link that was
//! missing is made, priorities follow. Links are only added; what a person sees together is not
//! taken apart by an import.

use jiff::Timestamp;
use sqlx::Row;

use super::candidates::{self, DEFAULT_SCOPE};
use super::ingest::{insert_keys, link_keys};
use super::merge;
use super::resolve::resolve;
use crate::activity::NewEntry;
use crate::case::alert_record::{self, AlertRecord};
use crate::case::life_store::finish;
use crate::case::{facts, incident};
use crate::store::{Conn, to_json};
use crate::{Actor, Result, Settings, Store};

impl Store {
    /// Resolves the entities of all open incidents again and merges those that are connected now.
    /// Returns the numbers of the incidents that changed. Call it after an import.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn relink(&self, now: Timestamp) -> Result<Vec<i64>> {
        let rows = sqlx::query(
            "SELECT number FROM incidents WHERE status <> 'Closed' AND merged_into IS NULL ORDER BY number",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut changed = Vec::new();
        for row in rows {
            let number: i64 = row.try_get("number")?;
            // One transaction each: alerts can come in between.
            let mut tx = self.write().await?;
            if relink_one(tx.conn(), &self.settings, number, now).await? {
                changed.push(number);
            }
            tx.commit().await?;
        }
        Ok(changed)
    }
}

async fn relink_one(
    conn: &mut Conn,
    settings: &Settings,
    number: i64,
    now: Timestamp,
) -> Result<bool> {
    let mut one = incident::load(conn, number).await?;
    if one.merged_into.is_some() || !one.status.is_open() {
        return Ok(false);
    }
    let mut alerts = alert_record::of_incident(conn, number).await?;
    let mut changed = false;
    for record in &mut alerts {
        changed |= renew(conn, settings, record, number).await?;
    }
    if !changed {
        return Ok(false);
    }
    facts::refresh(&mut one, &alerts);
    let entry = NewEntry::new("links renewed").comment("the identity or asset table changed");
    finish(
        conn,
        settings,
        &mut one,
        vec![entry],
        false,
        &Actor::system(),
        now,
    )
    .await?;
    if one.grouping_scope == DEFAULT_SCOPE {
        merge::close_over(conn, settings, &mut one, now).await?;
    }
    Ok(true)
}

async fn renew(
    conn: &mut Conn,
    settings: &Settings,
    record: &mut AlertRecord,
    number: i64,
) -> Result<bool> {
    let mut resolved = resolve(conn, settings, &record.alert).await?;
    candidates::drop_hubs(conn, settings, &record.alert, &mut resolved).await?;
    if resolved == record.resolved {
        return Ok(false);
    }
    record.resolved = resolved;
    let id = record.alert.id.to_string();
    sqlx::query("UPDATE alerts SET resolved = $1 WHERE id = $2")
        .bind(to_json("entities", &record.resolved)?)
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM alert_keys WHERE alert_id = $1")
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    insert_keys(conn, record, &link_keys(record), number).await?;
    Ok(true)
}
