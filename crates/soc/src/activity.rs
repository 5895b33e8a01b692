//! The history: who changed what and when, in a hash chain that can't be rewritten unseen.
//!
//! Entries are numbered 1, 2, 3 ... without a gap over the whole store. The hash of an entry is
//! BLAKE3 of the hash before it and of its content, each field with its length in front, so that
//! no two contents read alike. [`crate::Store::verify_history`] walks the chain. What it can't see
//! is a cut at the very end: compare [`crate::Store::history_head`] with `IncidentActivity` in the
//! lake, which has the same entries.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};
use sqlx::Row;

use crate::store::{Conn, DbRow, from_json, micros, timestamp};
use crate::{Actor, ActorKind, Error, Result, Store};

/// An entry on its way into the history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewEntry {
    pub(crate) action: &'static str,
    pub(crate) alert_id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) comment: String,
    pub(crate) details: Json,
}

impl NewEntry {
    pub(crate) fn new(action: &'static str) -> Self {
        Self {
            action,
            alert_id: String::new(),
            from: String::new(),
            to: String::new(),
            comment: String::new(),
            details: json!({}),
        }
    }

    pub(crate) fn change(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.from = from.into();
        self.to = to.into();
        self
    }

    pub(crate) fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = comment.into();
        self
    }

    pub(crate) fn alert(mut self, alert_id: impl Into<String>) -> Self {
        self.alert_id = alert_id.into();
        self
    }

    pub(crate) fn details(mut self, details: Json) -> Self {
        self.details = details;
        self
    }
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activity {
    /// Number, from 1, without a gap.
    pub id: i64,
    /// Incident; `None` for changes of the context tables.
    pub incident: Option<i64>,
    /// Alert, `""` when the change is about none.
    pub alert_id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What that is.
    pub actor_kind: ActorKind,
    /// `created`, `alert joined`, `acknowledged`, `assigned`, `status`, `comment`, `labels`,
    /// `title`, `contained`, `remediated`, `recovering`, `recovered`, `closed`, `reopened`,
    /// `merged`, `split`, `alert opened`, `links renewed`, `identities imported`, `assets imported`.
    pub action: String,
    /// Value before.
    pub from: String,
    /// Value after.
    pub to: String,
    /// What was said about it.
    pub comment: String,
    /// More, as JSON.
    pub details: Json,
    /// Hash of the entry before, `""` for the first.
    pub previous_hash: String,
    /// Hash of this entry.
    pub hash: String,
}

impl Activity {
    fn content_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut field = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        field(self.previous_hash.as_bytes());
        field(&self.id.to_le_bytes());
        field(&self.incident.unwrap_or(0).to_le_bytes());
        field(&micros(self.at).to_le_bytes());
        for text in [
            self.alert_id.as_str(),
            &self.actor,
            self.actor_kind.as_str(),
            &self.action,
            &self.from,
            &self.to,
            &self.comment,
            &self.details.to_string(),
        ] {
            field(text.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn from_row(row: &DbRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            incident: row.try_get("incident")?,
            alert_id: row.try_get("alert_id")?,
            at: timestamp(row.try_get("at")?)?,
            actor: row.try_get("actor")?,
            actor_kind: ActorKind::parse(row.try_get("actor_kind")?)?,
            action: row.try_get("action")?,
            from: row.try_get("from_value")?,
            to: row.try_get("to_value")?,
            comment: row.try_get("comment")?,
            details: from_json("details", row.try_get("details")?)?,
            previous_hash: row.try_get("previous_hash")?,
            hash: row.try_get("hash")?,
        })
    }
}

/// Appends an entry in the caller's transaction and gives it back with its hash.
pub(crate) async fn append(
    conn: &mut Conn,
    incident: Option<i64>,
    entry: NewEntry,
    actor: &Actor,
    now: Timestamp,
) -> Result<Activity> {
    let last = sqlx::query("SELECT id, hash FROM activity ORDER BY id DESC LIMIT 1")
        .fetch_optional(&mut *conn)
        .await?;
    let (last_id, previous_hash): (i64, String) = match &last {
        Some(row) => (row.try_get("id")?, row.try_get("hash")?),
        None => (0, String::new()),
    };
    let mut activity = Activity {
        id: last_id + 1,
        incident,
        alert_id: entry.alert_id,
        // Stored in microseconds: hash what will be read back.
        at: timestamp(micros(now))?,
        actor: actor.name.clone(),
        actor_kind: actor.kind,
        action: entry.action.to_owned(),
        from: entry.from,
        to: entry.to,
        comment: entry.comment,
        details: entry.details,
        previous_hash,
        hash: String::new(),
    };
    activity.hash = activity.content_hash();
    sqlx::query(
        "INSERT INTO activity (id, incident, alert_id, at, actor, actor_kind, action, from_value,
         to_value, comment, details, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(activity.id)
    .bind(activity.incident)
    .bind(&activity.alert_id)
    .bind(micros(activity.at))
    .bind(&activity.actor)
    .bind(activity.actor_kind.as_str())
    .bind(&activity.action)
    .bind(&activity.from)
    .bind(&activity.to)
    .bind(&activity.comment)
    .bind(activity.details.to_string())
    .bind(&activity.previous_hash)
    .bind(&activity.hash)
    .execute(conn)
    .await?;
    Ok(activity)
}

/// Reads the history of one incident and of those merged into it, oldest first.
pub(crate) async fn of_incident(conn: &mut Conn, number: i64) -> Result<Vec<Activity>> {
    let rows = sqlx::query(
        "SELECT * FROM activity WHERE incident IN
         (SELECT number FROM incidents WHERE number = $1 OR merged_into = $1) ORDER BY id",
    )
    .bind(number)
    .fetch_all(conn)
    .await?;
    rows.iter().map(Activity::from_row).collect()
}

impl Store {
    /// Number and hash of the newest entry, to compare with `IncidentActivity` in the lake.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn history_head(&self) -> Result<Option<(i64, String)>> {
        let row = sqlx::query("SELECT id, hash FROM activity ORDER BY id DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((row.try_get("id")?, row.try_get("hash")?)))
            .transpose()
    }

    /// Walks the whole history and returns the number of entries.
    ///
    /// # Errors
    /// [`Error::History`] at the first entry that is missing, changed or out of place.
    pub async fn verify_history(&self) -> Result<u64> {
        const PAGE: i64 = 1_000;
        let mut count = 0_u64;
        let mut last_id = 0_i64;
        let mut previous = String::new();
        loop {
            let rows = sqlx::query("SELECT * FROM activity WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(last_id)
                .bind(PAGE)
                .fetch_all(&self.pool)
                .await?;
            if rows.is_empty() {
                return Ok(count);
            }
            for row in &rows {
                let entry: i64 = row.try_get("id")?;
                let broken = |why| Error::History { entry, why };
                // A value that no longer reads was changed as well.
                let activity =
                    Activity::from_row(row).map_err(|_| broken("a value does not read"))?;
                if activity.id != last_id + 1 {
                    return Err(broken("entries before it are missing"));
                }
                if activity.previous_hash != previous {
                    return Err(broken("it does not follow the entry before it"));
                }
                if activity.hash != activity.content_hash() {
                    return Err(broken("its content was changed"));
                }
                last_id = activity.id;
                previous = activity.hash;
                count += 1;
            }
        }
    }
}
