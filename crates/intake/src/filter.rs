//! Dropping rows before they are stored, by a KQL filter per source (`source | where ...`).

use arrow::array::{BooleanArray, RecordBatch};

/// A filter could not be applied. The rows are then kept: a broken filter never loses data.
#[derive(Debug, thiserror::Error)]
#[error("the filter of source `{source_name}` failed, its rows are kept: {reason}")]
pub struct FilterError {
    /// The source.
    pub source_name: String,
    /// Why, for a person.
    pub reason: String,
}

/// Decides which rows of a source are stored. The wiring implements it with the query engine.
pub trait RowFilter: Send + Sync {
    /// For each row of `batch` whether it is kept; `None` keeps all. A null counts as false, as
    /// in `where`.
    ///
    /// # Errors
    /// [`FilterError`] when the filter can't be evaluated.
    fn keep(
        &self,
        source: &str,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>, FilterError>;
}

/// Keeps every row.
pub struct NoFilter;

impl RowFilter for NoFilter {
    fn keep(&self, _: &str, _: &str, _: &RecordBatch) -> Result<Option<BooleanArray>, FilterError> {
        Ok(None)
    }
}
