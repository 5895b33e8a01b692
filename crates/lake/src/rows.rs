//! The rows of one table as queries see them: data files, plus what is only in memory.
//!
//! All of it changes in one place and one step at a time, so a snapshot never shows a row twice
//! or not at all.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use jiff::Timestamp;

use crate::columns::Columns;
use crate::data_file::DataFile;
use crate::error::Result;

/// Batches below this size are joined, so that a query meets hundreds of batches, not millions.
const SMALL_ROWS: usize = 1024;
const SMALL_COUNT: usize = 32;

/// Rows in memory, from one frame or several.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBatch {
    /// Log positions covered.
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) batch: RecordBatch,
    /// Event times, microseconds.
    pub(crate) time: Option<(i64, i64)>,
    pub(crate) bytes: u64,
    /// Receipt of the newest row.
    pub(crate) received: Timestamp,
}

/// What a query reads: fixed at one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowsSnapshot {
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    pub(crate) memory: Vec<MemoryBatch>,
}

/// The rows of one table.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    files: Arc<Vec<Arc<DataFile>>>,
    /// Being written to files; still read from here until the swap.
    flushing: Vec<MemoryBatch>,
    fresh: Vec<MemoryBatch>,
    fresh_rows: usize,
    fresh_bytes: u64,
    /// When the oldest fresh row came.
    oldest: Option<Timestamp>,
}

impl Rows {
    pub(crate) fn set_files(&mut self, files: Vec<Arc<DataFile>>) {
        self.files = Arc::new(files);
    }

    pub(crate) fn files(&self) -> &Arc<Vec<Arc<DataFile>>> {
        &self.files
    }

    pub(crate) fn snapshot(&self) -> RowsSnapshot {
        RowsSnapshot {
            files: Arc::clone(&self.files),
            memory: self.flushing.iter().chain(&self.fresh).cloned().collect(),
        }
    }

    /// Adds rows; they come in the order of the log.
    pub(crate) fn push(&mut self, columns: &Columns, batch: MemoryBatch, now: Timestamp) {
        self.fresh_rows += batch.batch.num_rows();
        self.fresh_bytes += batch.bytes;
        self.oldest.get_or_insert(now);
        self.fresh.push(batch);
        let small = self
            .fresh
            .iter()
            .rev()
            .take_while(|b| b.batch.num_rows() < SMALL_ROWS);
        if small.take(SMALL_COUNT).count() == SMALL_COUNT {
            let from = self.fresh.len() - SMALL_COUNT;
            // Joining is for speed only: when it fails the batches stay as they are.
            if let Ok(joined) = join(columns, &self.fresh[from..]) {
                self.fresh.truncate(from);
                self.fresh.push(joined);
            }
        }
    }

    /// Moves the fresh rows to those being flushed and gives all of these.
    pub(crate) fn begin_flush(&mut self) -> Vec<MemoryBatch> {
        self.flushing.append(&mut self.fresh);
        self.fresh_rows = 0;
        self.fresh_bytes = 0;
        self.oldest = None;
        self.flushing.clone()
    }

    /// Swaps the rows up to `position` that were being flushed for the files that hold them.
    pub(crate) fn end_flush(&mut self, files: Vec<Arc<DataFile>>, position: u64) {
        self.files = Arc::new(files);
        self.flushing.retain(|batch| batch.last > position);
    }

    /// Position of the first frame with rows that no file holds.
    pub(crate) fn first_unflushed(&self) -> Option<u64> {
        self.flushing
            .iter()
            .chain(&self.fresh)
            .map(|b| b.first)
            .min()
    }

    pub(crate) fn fresh_size(&self) -> (usize, u64, Option<Timestamp>) {
        (self.fresh_rows, self.fresh_bytes, self.oldest)
    }

    /// Rows and bytes in memory.
    pub(crate) fn memory_size(&self) -> (u64, u64) {
        let all = self.flushing.iter().chain(&self.fresh);
        all.fold((0, 0), |(rows, bytes), b| {
            (rows + b.batch.num_rows() as u64, bytes + b.bytes)
        })
    }

    /// Whether a flush that failed left rows behind.
    pub(crate) fn has_leftover(&self) -> bool {
        !self.flushing.is_empty()
    }
}

fn join(columns: &Columns, batches: &[MemoryBatch]) -> Result<MemoryBatch> {
    let present = |name: &str| {
        batches
            .iter()
            .any(|b| b.batch.column_by_name(name).is_some())
    };
    let fields: Vec<Field> = columns
        .arrow
        .fields()
        .iter()
        .filter(|field| present(field.name()))
        .map(|field| field.as_ref().clone())
        .collect();
    let wanted = Arc::new(Schema::new(fields));
    let projected: Vec<RecordBatch> = batches
        .iter()
        .map(|b| columns.project(&b.batch, &wanted))
        .collect::<Result<_>>()?;
    let batch = concat_batches(&wanted, &projected)?;
    let time = batches
        .iter()
        .filter_map(|b| b.time)
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    Ok(MemoryBatch {
        first: batches.iter().map(|b| b.first).min().unwrap_or(0),
        last: batches.iter().map(|b| b.last).max().unwrap_or(0),
        time,
        bytes: batches.iter().map(|b| b.bytes).sum(),
        received: batches.iter().map(|b| b.received).max().unwrap_or_default(),
        batch,
    })
}
