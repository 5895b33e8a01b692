//! Rows on their way into the lake: written with the change they describe, in one transaction, and
//! removed once the lake has them. A row read twice has the same `item_id` both times.

use sqlx::Row;

use crate::store::Conn;
use crate::{Result, Store};

/// A row for a table of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Position; rises, is never given twice.
    pub id: i64,
    /// `SecurityIncident`, `SecurityAlert` or `IncidentActivity`.
    pub table: String,
    /// Identifies the row (`_ItemId`), so that a repeated delivery can be told.
    pub item_id: String,
    /// Column to value as a JSON object: instants as RFC 3339, dynamic columns as JSON.
    pub row_json: String,
}

pub(crate) async fn push(
    conn: &mut Conn,
    table: &str,
    item_id: &str,
    row: &serde_json::Value,
) -> Result<()> {
    sqlx::query("INSERT INTO outbox (table_name, item_id, row_json) VALUES ($1, $2, $3)")
        .bind(table)
        .bind(item_id)
        .bind(row.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// Rows after position `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn outbox_after(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        let rows = sqlx::query(
            "SELECT id, table_name, item_id, row_json FROM outbox WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxRow {
                    id: row.try_get("id")?,
                    table: row.try_get("table_name")?,
                    item_id: row.try_get("item_id")?,
                    row_json: row.try_get("row_json")?,
                })
            })
            .collect()
    }

    /// Forgets the rows up to and including position `up_to`: the lake has them.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn outbox_done(&self, up_to: i64) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM outbox WHERE id <= $1")
            .bind(up_to)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }
}
