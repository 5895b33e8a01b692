//! A stored alert: what the detection said, what its entities are, and how it came to its incident.

use jiff::Timestamp;
use schema::{Alert, AlertOrigin};
use sqlx::Row;

use crate::Result;
use crate::case::incident::severity_number;
use crate::clock::Mark;
use crate::grouping::resolve::ResolvedEntity;
use crate::store::{Conn, DbRow, from_json, micros, timestamp, timestamp_opt, to_json};

/// A stored alert.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlertRecord {
    pub(crate) alert: Alert,
    pub(crate) incident: Option<i64>,
    pub(crate) resolved: Vec<ResolvedEntity>,
    pub(crate) joined_at: Timestamp,
    pub(crate) joined_reason: String,
    /// The incident was acknowledged already: the alert has a clock of its own.
    pub(crate) joined_late: bool,
    pub(crate) acknowledged: Option<Mark>,
}

impl AlertRecord {
    pub(crate) fn from_row(row: &DbRow) -> Result<Self> {
        let by: Option<String> = row.try_get("acknowledged_by")?;
        Ok(Self {
            alert: from_json("alert", row.try_get("body")?)?,
            incident: row.try_get("incident")?,
            resolved: from_json("entities", row.try_get("resolved")?)?,
            joined_at: timestamp(row.try_get("joined_at")?)?,
            joined_reason: row.try_get("joined_reason")?,
            joined_late: row.try_get("joined_late")?,
            acknowledged: timestamp_opt(row.try_get("acknowledged_at")?)?.map(|at| Mark {
                at,
                by: by.unwrap_or_default(),
            }),
        })
    }

    /// Entities with what they turned out to be.
    pub(crate) fn entities(&self) -> impl Iterator<Item = (&schema::Entity, &ResolvedEntity)> {
        self.alert.entities.iter().zip(&self.resolved)
    }
}

/// Alerts of an incident, earliest creation first.
pub(crate) async fn of_incident(conn: &mut Conn, number: i64) -> Result<Vec<AlertRecord>> {
    let rows = sqlx::query("SELECT * FROM alerts WHERE incident = $1 ORDER BY created_at, id")
        .bind(number)
        .fetch_all(conn)
        .await?;
    rows.iter().map(AlertRecord::from_row).collect()
}

/// The alert of an incident that was created first.
pub(crate) async fn first_of_incident(conn: &mut Conn, number: i64) -> Result<Option<AlertRecord>> {
    let row =
        sqlx::query("SELECT * FROM alerts WHERE incident = $1 ORDER BY created_at, id LIMIT 1")
            .bind(number)
            .fetch_optional(conn)
            .await?;
    row.as_ref().map(AlertRecord::from_row).transpose()
}

/// One alert by id.
pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<AlertRecord>> {
    let row = sqlx::query("SELECT * FROM alerts WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(AlertRecord::from_row).transpose()
}

/// Stores a new alert.
pub(crate) async fn insert(conn: &mut Conn, record: &AlertRecord) -> Result<()> {
    let alert = &record.alert;
    sqlx::query(
        "INSERT INTO alerts (id, incident, rule_id, severity, native, backfill, created_at,
         received_at, start_at, end_at, joined_at, joined_reason, joined_late, acknowledged_at,
         acknowledged_by, body, resolved)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL, NULL, $14, $15)",
    )
    .bind(alert.id.to_string())
    .bind(record.incident)
    .bind(&alert.rule_id)
    .bind(severity_number(alert.severity))
    .bind(alert.origin == AlertOrigin::Native)
    .bind(alert.backfill)
    .bind(micros(alert.created_at))
    .bind(micros(alert.received_at))
    .bind(micros(alert.start_at))
    .bind(micros(alert.end_at))
    .bind(micros(record.joined_at))
    .bind(&record.joined_reason)
    .bind(record.joined_late)
    .bind(to_json("alert", alert)?)
    .bind(to_json("entities", &record.resolved)?)
    .execute(conn)
    .await?;
    Ok(())
}
