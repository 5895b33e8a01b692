//! What the tests of the lake share: a lake with a clock of its own, rows, and counting them.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::prelude::{Expr, SessionContext, col};
use jiff::Timestamp;
use lake::{Frame, FrameCounts, Lake, LakeOptions, ManualClock, ReceiptPart};
use schema::{Catalog, Row, RowsBuilder};

/// A number from the environment.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

pub(crate) const START: &str = "2026-03-01T08:00:00Z";

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

/// Options that leave flushing, time and the disk to the test.
pub(crate) fn options(dir: &Path) -> LakeOptions {
    let mut options = LakeOptions::new(dir);
    options.background = false;
    options.disk_guard_bytes = 0;
    options
}

pub(crate) struct TestLake {
    pub(crate) root: tempfile::TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) lake: Lake,
}

impl TestLake {
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("lake")
    }

    /// Closes the lake without a flush and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { root, clock, lake } = self;
        drop(lake);
        let lake = Lake::open(options(&root.path().join("lake")), Arc::new(clock.clone()));
        Self {
            root,
            clock,
            lake: lake.unwrap(),
        }
    }
}

pub(crate) fn new_lake() -> TestLake {
    new_lake_with(|_| {})
}

pub(crate) fn new_lake_with(change: impl FnOnce(&mut LakeOptions)) -> TestLake {
    let root = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(start());
    let mut options = options(&root.path().join("lake"));
    change(&mut options);
    let lake = Lake::open(options, Arc::new(clock.clone())).unwrap();
    TestLake { root, clock, lake }
}

/// Rows of `Syslog` with ids `first..first + count` in `ProcessID`-like text, one a second.
pub(crate) fn syslog(first: usize, count: usize, from: Timestamp) -> RecordBatch {
    let table = Arc::clone(Catalog::builtin().table("Syslog").unwrap());
    let mut rows = RowsBuilder::new(Arc::clone(&table), true);
    for id in first..first + count {
        let mut row = Row::new(Arc::clone(&table));
        let at = from + jiff::SignedDuration::from_millis((id - first) as i64);
        row.set("TimeGenerated", at);
        row.set("Computer", format!("host{}", id % 7));
        row.set(
            "SyslogMessage",
            format!("message {id} {}", "x".repeat(id % 50)),
        );
        row.set("_ItemId", format!("{id}"));
        rows.push(&row);
    }
    rows.finish().unwrap()
}

pub(crate) fn frame(table: &str, batch: RecordBatch, received: Timestamp) -> Frame {
    let rows = batch.num_rows() as u64;
    Frame {
        source: "test".into(),
        received,
        receipt: None,
        counts: FrameCounts {
            records_in: rows,
            rows,
            ..Default::default()
        },
        batches: vec![(table.to_owned(), batch)],
    }
}

pub(crate) fn frame_with(part: ReceiptPart, batch: RecordBatch, received: Timestamp) -> Frame {
    Frame {
        receipt: Some(part),
        ..frame("Syslog", batch, received)
    }
}

/// Appends `count` rows of `Syslog`, received now.
pub(crate) async fn append(lake: &TestLake, first: usize, count: usize) -> u64 {
    use lake::Clock;
    let now = lake.clock.now();
    match lake
        .lake
        .append(frame("Syslog", syslog(first, count, now), now))
        .await
        .unwrap()
    {
        lake::Appended::Stored { position } => position,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn rows(lake: &Lake, table: &str, filter: Option<Expr>) -> Vec<RecordBatch> {
    let session = SessionContext::new();
    let table = lake.table(table).unwrap();
    let mut frame = session.read_table(Arc::new(table)).unwrap();
    if let Some(filter) = filter {
        frame = frame.filter(filter).unwrap();
    }
    frame.collect().await.unwrap()
}

pub(crate) async fn count(lake: &Lake, table: &str) -> usize {
    rows(lake, table, None)
        .await
        .iter()
        .map(RecordBatch::num_rows)
        .sum()
}

/// The ids of all rows of `Syslog`, sorted.
pub(crate) async fn ids(lake: &Lake) -> Vec<usize> {
    let session = SessionContext::new();
    let table = lake.table("Syslog").unwrap();
    let frame = session.read_table(Arc::new(table)).unwrap();
    let batches = frame
        .select(vec![col("\"_ItemId\"")])
        .unwrap()
        .collect()
        .await
        .unwrap();
    let mut ids: Vec<usize> = batches
        .iter()
        .flat_map(|batch| {
            let texts = batch.column(0).as_string::<i32>();
            texts
                .iter()
                .map(|text| text.unwrap().parse().unwrap())
                .collect::<Vec<usize>>()
        })
        .collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn int64(batch: &RecordBatch, column: &str) -> Vec<i64> {
    let column = batch.column_by_name(column).unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) fn files_of(dir: &Path, table: &str) -> Vec<PathBuf> {
    let dir = dir.join("tables").join(table);
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .map(|entries| entries.map(|e| e.unwrap().path()).collect())
        .unwrap_or_default();
    files.retain(|f| f.extension().is_some_and(|e| e == "parquet"));
    files.sort();
    files
}

pub(crate) fn segments_of(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir.join("wal"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "wal"));
    files.sort();
    files
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
