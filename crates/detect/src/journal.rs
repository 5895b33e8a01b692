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

    /// Gives rows back that could not be stored; they come first next time.
    pub fn put_back(&self, mut rows: Vec<Row>) {
        let mut waiting = self.inner.lock();
        rows.append(&mut waiting.rows);
        let over = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        waiting.rows = rows;
        waiting.dropped += over as u64;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_given_back_come_first_and_what_does_not_fit_is_counted() {
        let journal = Journal::default();
        let row = |name: &str| {
            let mut row = Journal::row("SentinelHealth", Timestamp::UNIX_EPOCH).unwrap();
            row.set("OperationName", name);
            row
        };
        journal.add(row("new"));
        journal.put_back(vec![row("old"); 2]);
        let (rows, dropped) = journal.drain();
        let names: Vec<_> = rows.iter().map(|row| row.text("OperationName")).collect();
        assert_eq!((names.as_slice(), dropped), (&["old", "old", "new"][..], 0));
        journal.add(row("new"));
        journal.put_back(vec![row("old"); ROWS_MAX]);
        let (rows, dropped) = journal.drain();
        assert_eq!((rows.len(), dropped), (ROWS_MAX, 1));
    }
}
