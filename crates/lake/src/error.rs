//! What can go wrong in the lake.

use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;

/// Why the lake could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The operating system refused to read or write.
    #[error("`{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A stored file does not hold what was written to it. Nothing was changed: restore the file,
    /// or move it aside when its content may be lost.
    #[error("`{file}` is damaged at byte {offset}: {reason}")]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// Where in it, bytes from its start.
        offset: u64,
        /// What was found.
        reason: &'static str,
    },
    /// The folder was written by a newer Watchfloor.
    #[error(
        "`{path}` has format {found}, this version reads up to {supported}: use a newer Watchfloor"
    )]
    NewerFormat {
        /// The file that states the format.
        path: PathBuf,
        /// Format found.
        found: u32,
        /// Newest format this version knows.
        supported: u32,
    },
    /// Free space is below the guard; nothing was stored. Retry later or free some space.
    #[error("only {free_bytes} bytes are free, {guard_bytes} are kept in reserve")]
    DiskFull {
        /// Free bytes now.
        free_bytes: u64,
        /// Bytes that must stay free.
        guard_bytes: u64,
    },
    /// A table that is neither built in nor a custom one (`*_CL`).
    #[error("unknown table `{table}`")]
    UnknownTable {
        /// The name given.
        table: String,
    },
    /// A built-in table was given a column it does not have.
    #[error("table `{table}` has no column `{column}`")]
    UnknownColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column came with another type than the table's.
    #[error("column `{column}` of table `{table}` holds {expected}, not {found}")]
    ColumnType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The stored type.
        expected: DataType,
        /// The type given.
        found: DataType,
    },
    /// A name of a table, column or cursor that can't be stored.
    #[error("`{name}` can't be used as a name: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// One frame above the limit; split it.
    #[error("a frame of {bytes} bytes is above the limit of {limit}")]
    FrameTooLarge {
        /// Its encoded size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A frame of an input does not follow the last one stored for the same receipt.
    #[error("records {from} and on were sent, but {expected} are stored: continue there")]
    ReceiptGap {
        /// Records stored so far.
        expected: u64,
        /// First record of the frame.
        from: u64,
    },
    /// The idempotency key of an HTTP request came with another body, stored or being stored.
    /// Nothing of this one is.
    #[error("the idempotency key was used for another body")]
    KeyReused,
    /// A cursor stands before the oldest frame that is kept.
    #[error("cursor `{cursor}` needs position {needed}, the log starts at {first}")]
    CursorGap {
        /// The cursor.
        cursor: String,
        /// Position it needs next.
        needed: u64,
        /// First position there is.
        first: u64,
    },
    /// A write to the log failed earlier in a way that leaves its state unknown. Open the lake
    /// again: what was acknowledged is there.
    #[error("the write-ahead log stopped after a failed write: {reason}")]
    LogStopped {
        /// The first failure.
        reason: String,
    },
    /// The lake was closed.
    #[error("the lake is closed")]
    Closed,
    /// A Delta table uses a feature that would make this reader return wrong rows.
    #[error("table `{table}` uses {feature}, which is not supported")]
    UnsupportedTable {
        /// The table.
        table: String,
        /// The feature.
        feature: &'static str,
    },
    /// Another process committed to a table of this lake.
    #[error("another writer committed version {version} of table `{table}`")]
    ForeignCommit {
        /// The table.
        table: String,
        /// The version.
        version: u64,
    },
    /// The Delta kernel failed.
    #[error("delta: {0}")]
    Delta(#[from] Box<delta_kernel::Error>),
    /// Arrow failed.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// Parquet failed.
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),
    /// DataFusion failed (compaction).
    #[error(transparent)]
    DataFusion(#[from] Box<datafusion::error::DataFusionError>),
    /// A background thread ended before its work was done.
    #[error("the work was cut off: {0}")]
    Interrupted(&'static str),
}

impl From<delta_kernel::Error> for LakeError {
    fn from(error: delta_kernel::Error) -> Self {
        Self::Delta(Box::new(error))
    }
}

impl From<datafusion::error::DataFusionError> for LakeError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::DataFusion(Box::new(error))
    }
}

impl LakeError {
    /// Whether the same call may succeed later without any change by the caller.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }
}

/// Result of this crate.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;

/// Puts the path into an I/O error.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| LakeError::Io {
            path: path.to_owned(),
            source,
        })
    }
}
