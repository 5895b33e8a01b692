//! Records of Watchfloor's own doings (`LAQueryLogs`, `SentinelHealth`), waiting to be appended.
//!
//! The wiring drains it into the lake. It is bounded; what does not fit is counted and said in
//! the next record, never lost in silence.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use schema::{Catalog, Row};

const ROWS_MAX: usize = 100_000;

/// The waiting records. Cheap to clone.
#[derive(Clone, Default)]
pub struct Journal {
    inner: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    rows: Vec<Row>,
    dropped: u64,
}

impl Journal {
    /// Starts a row of one of Watchfloor's own tables; `None` when there is no such table.
    pub fn row(table: &str, at: Timestamp) -> Option<Row> {
        let mut row = Row::new(Arc::clone(Catalog::builtin().table(table)?));
        row.set("TimeGenerated", at);
        Some(row)
    }

    /// Adds a row.
    pub fn add(&self, row: Row) {
        let mut waiting = self.inner.lock();
        if waiting.rows.len() < ROWS_MAX {
            waiting.rows.push(row);
        } else {
            waiting.dropped += 1;
        }
    }

    /// Takes all rows, and the number that did not fit since the last call.
    pub fn drain(&self) -> (Vec<Row>, u64) {
        let mut waiting = self.inner.lock();
        (
            std::mem::take(&mut waiting.rows),
            std::mem::take(&mut waiting.dropped),
        )
    }
}
