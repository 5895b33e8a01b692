//! What the lake's threads share: tables, ledger, cursors, and the position they have reached.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use parking_lot::{Mutex, RwLock};
use schema::Catalog;
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::columns::{Columns, batch_bytes, time_range};
use crate::delta::DeltaEngine;
use crate::error::{LakeError, Result};
use crate::frame::Frame;
use crate::ledger::{FrameShare, Ledger, TableShare};
use crate::options::LakeOptions;
use crate::rows::MemoryBatch;
use crate::scan::TableStore;
use crate::table::Table;
use crate::wal::{Pending, Refusal, Segment};

pub(crate) struct Shared {
    pub(crate) options: Arc<LakeOptions>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Identity of the log.
    pub(crate) stream: String,
    pub(crate) engine: Arc<DeltaEngine>,
    pub(crate) store: TableStore,
    pub(crate) tables: RwLock<HashMap<String, Arc<Table>>>,
    pub(crate) ledger: Mutex<Ledger>,
    /// Position of the last frame that is visible.
    pub(crate) applied: AtomicU64,
    pub(crate) segments: Arc<Mutex<Vec<Segment>>>,
    /// Position of the last frame that is durable and visible, for those who wait for one.
    pub(crate) durable: watch::Receiver<u64>,
    /// Saved position of each cursor.
    pub(crate) cursors: Mutex<BTreeMap<String, u64>>,
    /// Bytes of rows in memory, near enough to decide on back-pressure.
    pub(crate) memory: AtomicU64,
    /// Wakes the background task.
    pub(crate) wake: Arc<Notify>,
}

impl Shared {
    pub(crate) fn tables_dir(&self) -> PathBuf {
        self.options.dir.join("tables")
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.options.dir.join("ledger.json")
    }

    pub(crate) fn cursors_dir(&self) -> PathBuf {
        self.options.dir.join("cursors")
    }

    pub(crate) fn all_tables(&self) -> Vec<Arc<Table>> {
        self.tables.read().values().cloned().collect()
    }

    /// The table of that name, made in memory when it is known but has no rows yet.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<Table>> {
        if let Some(table) = self.tables.read().get(name) {
            return Ok(Arc::clone(table));
        }
        let columns = known_columns(name)?;
        let mut tables = self.tables.write();
        let made = || Arc::new(Table::new(name, self.tables_dir().join(name), columns));
        Ok(Arc::clone(
            tables.entry(name.to_owned()).or_insert_with(made),
        ))
    }

    /// Checks a frame and prepares its rows, off the log's thread.
    pub(crate) fn prepare(
        self: &Arc<Self>,
        frame: &Frame,
        payload: Vec<u8>,
    ) -> Result<PendingFrame> {
        let mut rows = Vec::with_capacity(frame.batches.len());
        let mut tables = Vec::with_capacity(frame.batches.len());
        for (name, batch) in &frame.batches {
            let table = self.table(name)?;
            let columns = table.accept(&batch.schema())?;
            if batch.num_rows() == 0 {
                continue;
            }
            let batch = columns.normalise(batch, frame.received)?;
            let bytes = batch_bytes(&batch);
            let time = time_range(&batch);
            tables.push(TableShare {
                table: name.clone(),
                rows: batch.num_rows() as u64,
                bytes,
                event_max_us: time.map(|(_, max)| max),
            });
            rows.push(PreparedRows {
                table,
                batch,
                bytes,
                time,
            });
        }
        Ok(PendingFrame {
            shared: Arc::clone(self),
            payload,
            rows,
            share: FrameShare {
                source: frame.source.clone(),
                received: frame.received,
                receipt: frame.receipt,
                counts: frame.counts,
                tables,
            },
        })
    }

    /// Adds up the rows in memory again.
    pub(crate) fn measure_memory(&self) {
        let bytes = self
            .all_tables()
            .iter()
            .map(|t| t.rows.read().memory_size().1)
            .sum();
        self.memory.store(bytes, Ordering::Relaxed);
    }
}

/// Columns of a table that is built in or may be custom.
pub(crate) fn known_columns(name: &str) -> Result<Columns> {
    if let Some(table) = Catalog::builtin().table(name) {
        return Ok(Columns::new(Arc::clone(table), false));
    }
    if !name.ends_with("_CL") {
        return Err(LakeError::UnknownTable {
            table: name.to_owned(),
        });
    }
    check_name(name)?;
    Ok(Columns::empty_custom(name))
}

/// Names that become file names: letters, digits, `_`, and `-` or `.` inside.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let good = (1..=100).contains(&name.len())
        && name.chars().all(plain)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if good {
        Ok(())
    } else {
        Err(LakeError::BadName {
            name: name.to_owned(),
            reason: "it must be 1 to 100 of A-Z a-z 0-9 _ - . and begin with a letter or digit",
        })
    }
}

struct PreparedRows {
    table: Arc<Table>,
    batch: RecordBatch,
    bytes: u64,
    time: Option<(i64, i64)>,
}

/// A frame between its check and its publication.
pub(crate) struct PendingFrame {
    shared: Arc<Shared>,
    payload: Vec<u8>,
    rows: Vec<PreparedRows>,
    share: FrameShare,
}

impl PendingFrame {
    /// Publishes a frame that is read back from the log: only the parts that are not in files
    /// or in the saved ledger yet.
    pub(crate) fn replay(mut self, position: u64) {
        self.rows.retain(|rows| position > rows.table.watermark());
        self.publish(position);
    }
}

impl Pending for PendingFrame {
    fn take_payload(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.payload)
    }

    fn admit(&self) -> Result<(), Refusal> {
        match &self.share.receipt {
            Some(part) => self
                .shared
                .ledger
                .lock()
                .admit(part, self.shared.clock.now()),
            None => Ok(()),
        }
    }

    fn retract(&self) {
        if let Some(part) = &self.share.receipt {
            self.shared.ledger.lock().retract(part);
        }
    }

    fn publish(self, position: u64) {
        let shared = &self.shared;
        let now = shared.clock.now();
        for rows in self.rows {
            shared.memory.fetch_add(rows.bytes, Ordering::Relaxed);
            let batch = MemoryBatch {
                first: position,
                last: position,
                batch: rows.batch,
                time: rows.time,
                bytes: rows.bytes,
                received: self.share.received,
            };
            rows.table.push(batch, now);
            let (count, bytes, _) = rows.table.rows.read().fresh_size();
            let options = &shared.options;
            if count >= options.flush_rows || bytes >= options.flush_bytes as u64 {
                shared.wake.notify_one();
            }
        }
        let mut ledger = shared.ledger.lock();
        if position > ledger.position {
            ledger.apply(position, &self.share, now);
        }
        drop(ledger);
        shared.applied.store(position, Ordering::Release);
    }
}
