//! Watchfloor's own rows on their way into the lake: changes to cases (from the case store's
//! outbox, exactly once) and records of its own doings.

use std::sync::Arc;

use detect::{Journal, OWN_SOURCE};
use jiff::Timestamp;
use lake::{Frame, FrameCounts, Lake, ReceiptKey, ReceiptPart};
use schema::{Catalog, Row, RowsBuilder};

/// Rows of one frame.
const BATCH: u32 = 5_000;

/// Moves what waits in the outbox. The lake's receipt is the position: a crash between the append
/// and the removal repeats nothing.
pub(crate) async fn deliver(
    store: &soc::Store,
    lake: &Lake,
    tenant: &str,
    now: Timestamp,
) -> anyhow::Result<u64> {
    let key = ReceiptKey::file(*blake3::hash(b"watchfloor case outbox").as_bytes());
    let mut delivered = 0;
    loop {
        let done = lake.receipt(&key).map_or(0, |receipt| receipt.records_done);
        let rows = store.outbox_after(i64::try_from(done)?, BATCH).await?;
        let Some(last) = rows.last().map(|row| row.id) else {
            break;
        };
        let mut batches = Batches::default();
        for row in &rows {
            let json: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&row.row_json)?;
            if let Some(table) = Catalog::builtin().table(&row.table) {
                let mut out = Row::new(Arc::clone(table));
                for (column, value) in &json {
                    out.set_json(column, value);
                }
                out.set("_ItemId", row.item_id.as_str());
                batches.push(out, tenant, now);
            }
        }
        let to = u64::try_from(last)?;
        let receipt = ReceiptPart {
            key,
            from: done,
            to,
            last: false,
        };
        delivered += rows.len() as u64;
        lake.append(batches.frame(Some(receipt), now)?).await?;
        store.outbox_done(last).await?;
    }
    Ok(delivered)
}

/// Stores the waiting records of the journal; when that fails they wait on.
pub(crate) async fn write_journal(
    journal: &Journal,
    lake: &Lake,
    tenant: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (rows, dropped) = journal.drain();
    if dropped > 0 {
        tracing::error!(
            dropped,
            "records of queries and rule runs were lost: too many at once"
        );
    }
    if rows.is_empty() {
        return Ok(());
    }
    let stored = write_rows(&rows, lake, tenant, now).await;
    if stored.is_err() {
        journal.put_back(rows);
    }
    stored
}

/// Stores rows at once.
pub(crate) async fn write_rows(
    rows: &[Row],
    lake: &Lake,
    tenant: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut batches = Batches::default();
    for row in rows {
        batches.push(row.clone(), tenant, now);
    }
    lake.append(batches.frame(None, now)?).await?;
    Ok(())
}

#[derive(Default)]
struct Batches {
    tables: Vec<RowsBuilder>,
    rows: u64,
}

impl Batches {
    fn push(&mut self, mut row: Row, tenant: &str, now: Timestamp) {
        let name = row.table().name.clone();
        row.set("Type", name.as_str());
        if row.text("TenantId").is_empty() {
            row.set("TenantId", tenant);
        }
        if row.text("SourceSystem").is_empty() {
            row.set("SourceSystem", "Watchfloor");
        }
        if row.text("_ItemId").is_empty() {
            row.set("_ItemId", uuid::Uuid::new_v4().simple().to_string());
        }
        row.set("_TimeReceived", now);
        row.fold_extra();
        let at = match self
            .tables
            .iter()
            .position(|builder| builder.table().name == name)
        {
            Some(at) => at,
            None => {
                self.tables
                    .push(RowsBuilder::new(Arc::clone(row.table()), false));
                self.tables.len() - 1
            }
        };
        self.tables[at].push(&row);
        self.rows += 1;
    }

    fn frame(self, receipt: Option<ReceiptPart>, now: Timestamp) -> anyhow::Result<Frame> {
        let mut batches = Vec::new();
        for builder in self.tables {
            let name = builder.table().name.clone();
            batches.push((name, builder.finish()?));
        }
        Ok(Frame {
            source: OWN_SOURCE.into(),
            received: now,
            receipt,
            counts: FrameCounts {
                records_in: self.rows,
                rows: self.rows,
                ..FrameCounts::default()
            },
            batches,
        })
    }
}
