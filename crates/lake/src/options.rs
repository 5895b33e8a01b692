//! Settings of a lake. Every default makes sense on a laptop.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A point in the life of the data on disk; tests stop, copy or record there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Frames are in the log file, not yet synced.
    LogWritten,
    /// Frames are synced; nobody has been told yet.
    LogSynced,
    /// A Parquet file is complete, not yet synced.
    ParquetWritten,
    /// Parquet files and their folder are synced.
    ParquetSynced,
    /// The Delta commit is visible, its folder not yet synced.
    DeltaCommitted,
    /// The Delta commit and its folder are synced.
    DeltaSynced,
    /// Memory rows were dropped for their files in one swap.
    RowsSwapped,
    /// Receipts, cursors' floor and counters are saved and synced.
    LedgerSaved,
    /// Log segments that are no longer needed are gone.
    LogTrimmed,
    /// Small files were replaced by a larger one.
    FilesReplaced,
    /// Files that no snapshot needs are gone.
    FilesRemoved,
}

/// Called at each [`Step`], on the thread that does the work.
pub type StepHook = Arc<dyn Fn(Step) + Send + Sync>;

/// Tells how many bytes are free where a folder is.
pub type FreeSpace = Arc<dyn Fn(&Path) -> std::io::Result<u64> + Send + Sync>;

/// How long rows are kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Days for tables not named below; `None` keeps them for ever.
    pub default_days: Option<u32>,
    /// Days per table; `None` keeps it for ever.
    pub per_table: HashMap<String, Option<u32>>,
}

impl Retention {
    /// Days the rows of `table` are kept, `None` for ever.
    pub fn days(&self, table: &str) -> Option<u32> {
        match self.per_table.get(table) {
            Some(days) => *days,
            None => self.default_days,
        }
    }
}

impl Default for Retention {
    /// 90 days; incidents, alerts and their history never expire.
    fn default() -> Self {
        let exempt = ["SecurityIncident", "SecurityAlert", "IncidentActivity"];
        Self {
            default_days: Some(90),
            per_table: exempt.into_iter().map(|t| (t.to_owned(), None)).collect(),
        }
    }
}

/// Settings of a lake.
#[derive(Clone)]
pub struct LakeOptions {
    /// The lake's folder; made when it does not exist. The caller holds its lock.
    pub dir: PathBuf,
    /// Rows of a table in memory that start its flush.
    pub flush_rows: usize,
    /// Bytes of a table in memory that start its flush.
    pub flush_bytes: usize,
    /// Age of a table's oldest row in memory that starts its flush.
    pub flush_age: Duration,
    /// Bytes in memory over all tables at which `append` waits for a flush.
    pub memory_bytes: usize,
    /// Size at which a log segment ends and the next begins.
    pub segment_bytes: u64,
    /// Commits of a table between two checkpoints of its Delta log (20 to 50 are sensible).
    pub checkpoint_commits: u64,
    /// Rows of a data file's row group: the least that a query reads of a column, and what the
    /// term index tells apart.
    pub row_group_rows: usize,
    /// Compressed size that compaction aims for; larger files are left alone.
    pub target_file_bytes: u64,
    /// How long replaced and expired files stay on disk for readers that still list them.
    pub vacuum_after: Duration,
    /// How often the background task compacts, expires and vacuums.
    pub maintain_every: Duration,
    /// How long rows are kept.
    pub retention: Retention,
    /// Bytes that stay free: `append` fails with [`crate::LakeError::DiskFull`] below.
    pub disk_guard_bytes: u64,
    /// How long an HTTP idempotency key is remembered.
    pub http_receipts: Duration,
    /// Whether a background task flushes and maintains. Tests that own the clock turn it off.
    pub background: bool,
    /// Overrides how free space is measured.
    pub free_space: Option<FreeSpace>,
    /// Called at each [`Step`].
    pub on_step: Option<StepHook>,
}

impl LakeOptions {
    /// The defaults, for a lake in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        const MB: usize = 1024 * 1024;
        Self {
            dir: dir.into(),
            flush_rows: 500_000,
            flush_bytes: 64 * MB,
            flush_age: Duration::from_secs(5 * 60),
            memory_bytes: 512 * MB,
            segment_bytes: 32 * MB as u64,
            checkpoint_commits: 32,
            row_group_rows: 131_072,
            target_file_bytes: 128 * MB as u64,
            vacuum_after: Duration::from_secs(2 * 3600),
            maintain_every: Duration::from_secs(15 * 60),
            retention: Retention::default(),
            disk_guard_bytes: 1024 * MB as u64,
            http_receipts: Duration::from_secs(24 * 3600),
            background: true,
            free_space: None,
            on_step: None,
        }
    }

    pub(crate) fn step(&self, step: Step) {
        if let Some(hook) = &self.on_step {
            hook(step);
        }
    }

    /// Free bytes at the lake's folder.
    pub(crate) fn free_bytes(&self) -> std::io::Result<u64> {
        match &self.free_space {
            Some(measure) => measure(&self.dir),
            None => {
                let stat = rustix::fs::statvfs(&self.dir)?;
                Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
            }
        }
    }
}

impl std::fmt::Debug for LakeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LakeOptions")
            .field("dir", &self.dir)
            .field("flush_bytes", &self.flush_bytes)
            .field("flush_age", &self.flush_age)
            .finish_non_exhaustive()
    }
}
