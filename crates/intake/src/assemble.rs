//! Events and rejects of one input become frames.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use jiff::Timestamp;
use lake::{Frame, FrameCounts, ReceiptKey, ReceiptPart};
use schema::{Event, Reject, RowsBuilder};
use sources::Sink;

use crate::filter::RowFilter;
use crate::reject::{REJECTS_TABLE, reject_row};

/// Records of one frame at most.
const FRAME_RECORDS: u64 = 20_000;
/// Text bytes after which a frame is cut.
const FRAME_BYTES: usize = 16 << 20;

/// What all frames of one input have in common.
pub(crate) struct InputFacts {
    pub source: &'static str,
    pub tenant_id: Arc<str>,
    pub received: Timestamp,
    /// Identifies the input; record ids derive from it.
    pub hash: [u8; 32],
    /// Set when the input may come again.
    pub receipt: Option<ReceiptKey>,
    /// Records stored by an earlier, interrupted try.
    pub already_stored: u64,
}

/// Collects records and hands over a frame whenever one is full.
pub(crate) struct Assembler<'a> {
    facts: InputFacts,
    filter: &'a dyn RowFilter,
    cut: bool,
    emit: &'a mut dyn FnMut(Frame) -> ControlFlow<()>,
    tables: BTreeMap<String, RowsBuilder>,
    counts: FrameCounts,
    /// Records seen of the whole input.
    seen: u64,
    frame_from: u64,
    failure: Option<ArrowError>,
}

impl<'a> Assembler<'a> {
    /// With `cut` false everything becomes one frame, as an HTTP request must.
    pub(crate) fn new(
        facts: InputFacts,
        filter: &'a dyn RowFilter,
        cut: bool,
        emit: &'a mut dyn FnMut(Frame) -> ControlFlow<()>,
    ) -> Self {
        Self {
            frame_from: facts.already_stored,
            facts,
            filter,
            cut,
            emit,
            tables: BTreeMap::new(),
            counts: FrameCounts::default(),
            seen: 0,
            failure: None,
        }
    }

    /// Ends the input with its last frame; an input without records gets an empty one, so that
    /// its receipt is kept. Returns how many of its records an earlier try had stored.
    pub(crate) fn finish(mut self, bytes_in: u64) -> Result<u64, ArrowError> {
        self.counts.bytes_in = bytes_in;
        let _ = self.emit_frame(true);
        match self.failure {
            Some(error) => Err(error),
            None => Ok(self.seen.min(self.facts.already_stored)),
        }
    }

    /// The input, then the record: ids of neighbours differ in their last digits, and a column of
    /// them takes a byte or two a row.
    fn item_id(&self, record: u64) -> String {
        use std::fmt::Write as _;
        let mut id = String::with_capacity(32);
        for byte in self.facts.hash.iter().take(12) {
            let _ = write!(id, "{byte:02x}");
        }
        let _ = write!(id, "{record:08x}");
        id
    }

    /// Counts a record; `None` when an earlier try stored it.
    fn next_record(&mut self) -> Option<u64> {
        let record = self.seen;
        self.seen += 1;
        if record < self.facts.already_stored {
            return None;
        }
        self.counts.records_in += 1;
        Some(record)
    }

    fn builder(&mut self, table: &Arc<schema::TableSchema>, native: bool) -> &mut RowsBuilder {
        self.tables
            .entry(table.name.clone())
            .or_insert_with(|| RowsBuilder::new(Arc::clone(table), native))
    }

    fn cut_when_full(&mut self) -> ControlFlow<()> {
        let bytes: usize = self
            .tables
            .values()
            .map(RowsBuilder::approximate_bytes)
            .sum();
        if self.cut && (self.counts.records_in >= FRAME_RECORDS || bytes >= FRAME_BYTES) {
            return self.emit_frame(false);
        }
        ControlFlow::Continue(())
    }

    fn emit_frame(&mut self, last: bool) -> ControlFlow<()> {
        let mut counts = std::mem::take(&mut self.counts);
        let mut batches = Vec::new();
        for (table, builder) in std::mem::take(&mut self.tables) {
            let rows = builder.len() as u64;
            match self.filtered(&table, builder) {
                Ok(batch) => {
                    let kept = batch.num_rows() as u64;
                    if table != REJECTS_TABLE {
                        counts.rows += kept;
                        counts.filtered += rows - kept;
                    }
                    if kept > 0 {
                        batches.push((table, batch));
                    }
                }
                Err(error) => {
                    self.failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        let receipt = self.facts.receipt.map(|key| ReceiptPart {
            key,
            from: self.frame_from,
            to: self.seen.max(self.frame_from),
            last,
        });
        self.frame_from = self.seen;
        (self.emit)(Frame {
            source: self.facts.source.to_owned(),
            received: self.facts.received,
            receipt,
            counts,
            batches,
        })
    }

    fn filtered(
        &self,
        table: &str,
        builder: RowsBuilder,
    ) -> Result<arrow::array::RecordBatch, ArrowError> {
        let batch = builder.finish()?;
        if table == REJECTS_TABLE {
            return Ok(batch);
        }
        match self.filter.keep(self.facts.source, table, &batch) {
            Ok(None) => Ok(batch),
            Ok(Some(keep)) => filter_record_batch(&batch, &nulls_are_false(&keep)),
            Err(error) => {
                tracing::warn!(%error, table, "ingest filter failed");
                Ok(batch)
            }
        }
    }
}

fn nulls_are_false(mask: &BooleanArray) -> BooleanArray {
    mask.iter().map(|keep| Some(keep == Some(true))).collect()
}

impl Sink for Assembler<'_> {
    fn event(&mut self, mut event: Event) -> ControlFlow<()> {
        let Some(record) = self.next_record() else {
            return ControlFlow::Continue(());
        };
        let item_id = self.item_id(record);
        event.finish(self.facts.received, &self.facts.tenant_id, &item_id);
        native_with_log_source(&mut event);
        let table = Arc::clone(event.row.table());
        self.builder(&table, true).push_event(&event);
        self.cut_when_full()
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        let Some(record) = self.next_record() else {
            return ControlFlow::Continue(());
        };
        self.counts.rejects += 1;
        let item_id = self.item_id(record);
        let row = reject_row(&reject, &self.facts, &item_id);
        let table = Arc::clone(row.table());
        self.builder(&table, false).push(&row);
        self.cut_when_full()
    }
}

/// The matcher needs the log source and the position beside the native fields; they travel in
/// the same JSON under a key that no vendor uses.
fn native_with_log_source(event: &mut Event) {
    event.native.insert(
        "__watchfloor".to_owned(),
        serde_json::json!({
            "product": event.log_source.product,
            "service": event.log_source.service,
            "category": event.log_source.category,
            "file": event.position.file,
            "record": event.position.record,
        }),
    );
}
