//! Flushing, trimming the log, compaction, retention and vacuum, and the task that does them in
//! the background.
//!
//! Tables are not partitioned: a file holds one UTC day of event times (or is mixed) and was
//! received on one day, both in its name. That bounds files by days without a folder per day,
//! keeps statistics sharp, and lets retention drop whole files.
//!
//! Retention counts from receipt, as Kusto's does from ingestion: an import of old logs is not
//! gone the next morning. A file goes when the day its newest row came in has passed by more
//! than the table's days; rows go with it, none earlier.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlanProperties;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use crate::columns::{Columns, TIME};
use crate::data_file::{DataFile, DataFileWriter};
use crate::durable::sync_dir;
use crate::error::{AtPath, LakeError, Result};
use crate::lake::{Inner, Lake};
use crate::ledger::day_of;
use crate::options::Step;
use crate::scan::{FileScan, LeftOut};
use crate::scan_parts::FilePart;
use crate::shared::Shared;
use crate::table::{Table, TableWriter};
use crate::wal;

/// Files of one size class in one group that start a merge.
const MERGE_FILES: usize = 8;
/// Files merged at a time: each is an open reader.
const MERGE_FILES_MAX: usize = 64;
/// Size classes are powers of this, from 256 kB up.
const CLASS_FACTOR: u64 = 4;

/// What maintenance did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Files merged into larger ones.
    pub merged_files: usize,
    /// Files dropped because their rows expired.
    pub expired_files: usize,
    /// Rows in them.
    pub expired_rows: u64,
    /// Files removed from disk.
    pub removed_files: usize,
}

impl Lake {
    /// Moves all rows in memory to files and trims the log.
    pub async fn flush(&self) -> Result<()> {
        self.blocking(|inner| inner.flush_tables(|_| true)).await
    }

    /// Flushes the tables whose rows are many or old enough.
    pub async fn flush_due(&self) -> Result<()> {
        self.blocking(Inner::flush_due).await
    }

    /// Merges small files, drops expired ones, and removes from disk what no reader needs.
    pub async fn maintain(&self) -> Result<Maintained> {
        self.blocking(Inner::maintain).await
    }

    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        let task = self.inner.handle.spawn_blocking(move || work(&inner));
        task.await
            .map_err(|_| LakeError::Interrupted("a task on the lake panicked"))?
    }
}

/// Starts the background task; it ends with the lake.
pub(crate) fn spawn(inner: &Arc<Inner>) {
    let weak: Weak<Inner> = Arc::downgrade(inner);
    let wake = Arc::clone(&inner.shared.wake);
    let handle = inner.handle.clone();
    inner.handle.spawn(async move {
        loop {
            let _ = tokio::time::timeout(Duration::from_secs(1), wake.notified()).await;
            let Some(inner) = weak.upgrade() else { return };
            let tick = handle.spawn_blocking(move || inner.tick());
            match tick.await {
                Ok(Ok(())) => {}
                Ok(Err(LakeError::Closed)) => return,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the lake's upkeep failed; it is tried again")
                }
                Err(_) => tracing::error!("the lake's upkeep panicked; it is tried again"),
            }
        }
    });
}

impl Inner {
    fn check_open(&self) -> Result<()> {
        if self.closing.load(Ordering::Acquire) {
            return Err(LakeError::Closed);
        }
        Ok(())
    }

    fn tick(&self) -> Result<()> {
        self.flush_due()?;
        let now = self.shared.clock.now();
        let every = SignedDuration::try_from(self.shared.options.maintain_every);
        let due = every.is_ok_and(|every| now.duration_since(*self.maintained.lock()) >= every);
        if due {
            *self.maintained.lock() = now;
            self.maintain()?;
        }
        Ok(())
    }

    fn flush_due(&self) -> Result<()> {
        let now = self.shared.clock.now();
        let options = Arc::clone(&self.shared.options);
        let age = SignedDuration::try_from(options.flush_age).unwrap_or(SignedDuration::MAX);
        self.flush_tables(|table| {
            let rows = table.rows.read();
            let (count, bytes, oldest) = rows.fresh_size();
            rows.has_leftover()
                || count >= options.flush_rows
                || bytes >= options.flush_bytes as u64
                || oldest.is_some_and(|oldest| now.duration_since(oldest) >= age)
        })
    }

    /// Flushes the chosen tables. One table's failure does not keep the others from it.
    pub(crate) fn flush_tables(&self, chosen: impl Fn(&Table) -> bool) -> Result<()> {
        let shared = &self.shared;
        let mut failure = None;
        let mut flushed = 0;
        for table in shared.all_tables() {
            if !chosen(&table) {
                continue;
            }
            let _layout = self.layout.read();
            let now = shared.clock.now();
            match table.flush(&shared.engine, &shared.stream, &shared.options, now) {
                Ok(rows) => flushed += rows,
                Err(error) => {
                    tracing::error!(table = %table.name, %error, "a flush failed; its rows stay in memory");
                    failure.get_or_insert(error);
                }
            }
        }
        if flushed > 0 {
            shared.measure_memory();
        }
        match failure {
            Some(error) => Err(error),
            None => self.trim_log(),
        }
    }

    /// Removes log segments that nothing needs any more, after saving the ledger.
    pub(crate) fn trim_log(&self) -> Result<()> {
        let shared = &self.shared;
        let _layout = self.layout.read();
        self.check_open()?;
        let _one_at_a_time = self.trimming.lock();
        let bound = shared.trim_bound();
        let ends_here = match shared.segments.lock().last() {
            Some(active) => active.first <= active.last && active.last <= bound,
            None => false,
        };
        if ends_here {
            self.appender.rotate()?;
        }
        let any = {
            let segments = shared.segments.lock();
            segments.len() > 1 && segments[0].last <= bound
        };
        if !any {
            return Ok(());
        }
        let ledger = shared.ledger.lock().copy_for_saving(shared.clock.now());
        ledger.save(&shared.ledger_path())?;
        shared.options.step(Step::LedgerSaved);
        wal::trim(&shared.segments, bound)?;
        shared.options.step(Step::LogTrimmed);
        Ok(())
    }

    fn maintain(&self) -> Result<Maintained> {
        let mut done = Maintained::default();
        let mut failure = None;
        for table in self.shared.all_tables() {
            let _layout = self.layout.read();
            self.check_open()?;
            if let Err(error) = self.maintain_table(&table, &mut done) {
                tracing::error!(table = %table.name, %error, "maintenance of a table failed");
                failure.get_or_insert(error);
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(done),
        }
    }

    fn maintain_table(&self, table: &Table, done: &mut Maintained) -> Result<()> {
        let mut writer = table.writer.lock();
        let now = self.shared.clock.now();
        self.expire(table, &mut writer, now, done)?;
        while let Some(inputs) = choose_merge(table, now, self.shared.options.target_file_bytes) {
            done.merged_files += inputs.len();
            self.merge(table, &mut writer, &inputs, now)?;
        }
        if let Some(delta) = &mut writer.delta {
            delta.checkpoint_if_due()?;
        }
        done.removed_files += self.vacuum(table, &mut writer, now)?;
        Ok(())
    }

    /// Drops the files whose newest row was received too long ago.
    fn expire(
        &self,
        table: &Table,
        writer: &mut TableWriter,
        now: Timestamp,
        done: &mut Maintained,
    ) -> Result<()> {
        let Some(days) = self.shared.options.retention.days(&table.name) else {
            return Ok(());
        };
        let oldest = day_of(now) - i64::from(days);
        let files = Arc::clone(table.rows.read().files());
        let expired: Vec<Arc<DataFile>> = files
            .iter()
            .filter(|f| f.received_day.is_some_and(|day| day < oldest))
            .cloned()
            .collect();
        if expired.is_empty() {
            return Ok(());
        }
        done.expired_files += expired.len();
        done.expired_rows += expired.iter().map(|f| f.rows).sum::<u64>();
        self.replace(table, writer, &expired, &[], true, now)
    }

    /// Merges files into one, sorted by event time, in one commit.
    fn merge(
        &self,
        table: &Table,
        writer: &mut TableWriter,
        inputs: &[Arc<DataFile>],
        now: Timestamp,
    ) -> Result<()> {
        let columns = table.columns();
        let merged = self
            .handle
            .block_on(write_merged(&self.shared, table, &columns, inputs))?;
        sync_dir(&table.dir)?;
        self.replace(table, writer, inputs, &[merged], false, now)
    }

    /// Commits a replacement and swaps the files that queries see.
    fn replace(
        &self,
        table: &Table,
        writer: &mut TableWriter,
        old: &[Arc<DataFile>],
        new: &[Arc<DataFile>],
        data_change: bool,
        now: Timestamp,
    ) -> Result<()> {
        let shared = &self.shared;
        table.ensure_delta(writer, &shared.engine, &shared.stream, now)?;
        let names: HashSet<&str> = old.iter().map(|f| f.name.as_str()).collect();
        table.commit_with(writer, |delta| delta.replace(new, &names, data_change))?;
        let mut rows = table.rows.write();
        let mut files = rows.files().to_vec();
        files.retain(|f| !names.contains(f.name.as_str()));
        files.extend(new.iter().cloned());
        rows.set_files(files);
        drop(rows);
        writer
            .replaced
            .extend(old.iter().map(|f| (Arc::clone(f), now)));
        shared.options.step(Step::FilesReplaced);
        Ok(())
    }

    /// Removes replaced files that are old enough and that no snapshot or plan holds.
    fn vacuum(&self, table: &Table, writer: &mut TableWriter, now: Timestamp) -> Result<usize> {
        let after = SignedDuration::try_from(self.shared.options.vacuum_after)
            .unwrap_or(SignedDuration::MAX);
        let mut removed = 0;
        let mut kept = Vec::new();
        for (file, since) in std::mem::take(&mut writer.replaced) {
            let free = Arc::strong_count(&file) == 1 && now.duration_since(since) >= after;
            if !free {
                kept.push((file, since));
                continue;
            }
            let path = table.dir.join(&file.name);
            // A sidecar without its file is never read; one that stays is swept at the next start.
            let _ = std::fs::remove_file(crate::index::path_of(&table.dir, &file.name));
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    kept.push((file, since));
                    tracing::warn!(path = %path.display(), error = %e, "a file could not be removed");
                }
                _ => removed += 1,
            }
        }
        writer.replaced = kept;
        if removed > 0 {
            sync_dir(&table.dir)?;
            self.shared.options.step(Step::FilesRemoved);
        }
        Ok(removed)
    }
}

impl Shared {
    /// Position up to which no frame is needed any more: all rows are in files and all cursors
    /// are past it. The order of reading matters: frames that become visible meanwhile are above
    /// the position read first.
    pub(crate) fn trim_bound(&self) -> u64 {
        let applied = self.applied.load(Ordering::Acquire);
        let tables = self.all_tables();
        let unflushed = tables
            .iter()
            .filter_map(|t| t.rows.read().first_unflushed())
            .min();
        let cursor = self.cursors.lock().values().copied().min();
        let flushed = unflushed.map_or(applied, |first| first.saturating_sub(1));
        applied.min(flushed).min(cursor.unwrap_or(u64::MAX))
    }
}

/// Picks files to merge: of one event day and one day of receipt, of like size, enough of them;
/// or, once the day of receipt is over, whatever is small and fits into one file.
fn choose_merge(table: &Table, now: Timestamp, target: u64) -> Option<Vec<Arc<DataFile>>> {
    let files = Arc::clone(table.rows.read().files());
    let mut groups: BTreeMap<(i64, Option<i64>), Vec<&Arc<DataFile>>> = BTreeMap::new();
    for file in files.iter().filter(|f| f.bytes < target / 2) {
        if let Some(received) = file.received_day {
            groups
                .entry((received, file.event_day))
                .or_default()
                .push(file);
        }
    }
    for ((received, _), mut group) in groups {
        group.sort_by_key(|file| file.bytes);
        if received < day_of(now) {
            if let Some(chosen) = fitting(&group, target, 2) {
                return Some(chosen);
            }
            continue;
        }
        let mut classes: HashMap<u32, Vec<&Arc<DataFile>>> = HashMap::new();
        for file in group {
            let class = (file.bytes / (256 * 1024)).max(1).ilog(CLASS_FACTOR);
            classes.entry(class).or_default().push(file);
        }
        let chosen = classes
            .values()
            .find_map(|class| fitting(class, target, MERGE_FILES));
        if chosen.is_some() {
            return chosen;
        }
    }
    None
}

/// The first files, smallest first, that fit into one of `target` bytes; at least `least`.
fn fitting(files: &[&Arc<DataFile>], target: u64, least: usize) -> Option<Vec<Arc<DataFile>>> {
    let mut bytes = 0;
    let chosen: Vec<Arc<DataFile>> = files
        .iter()
        .take(MERGE_FILES_MAX)
        .take_while(|file| {
            bytes += file.bytes;
            bytes <= target
        })
        .map(|file| Arc::clone(file))
        .collect();
    (chosen.len() >= least).then_some(chosen)
}

/// Streams the files through a merge by event time into a new one: memory stays at a batch and a
/// row group per input.
async fn write_merged(
    shared: &Shared,
    table: &Table,
    columns: &Columns,
    inputs: &[Arc<DataFile>],
) -> Result<Arc<DataFile>> {
    let present = stored_columns(table, inputs)?;
    let wanted: Vec<usize> = (0..columns.arrow.fields().len())
        .filter(|at| present.contains(columns.stored_name(columns.arrow.field(*at).name())))
        .collect();
    let scan = FileScan {
        table: &table.name,
        columns,
        store: &shared.store,
        projection: Some(wanted),
        limit: None,
        in_order: true,
        filtered: false,
        calls: None,
        left_out: LeftOut::default(),
    };
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(4096);
    let session = SessionContext::new_with_config(config);
    let store = Arc::clone(&shared.store.store);
    session
        .runtime_env()
        .register_object_store(shared.store.url.as_ref(), store);
    let parts = inputs
        .iter()
        .map(|file| vec![FilePart::whole(Arc::clone(file))]);
    let plan = scan.plan(parts.collect(), None)?;
    if plan.output_partitioning().partition_count() != inputs.len() {
        return Err(LakeError::Interrupted("a merge does not read file by file"));
    }
    let time = datafusion::physical_plan::expressions::col(TIME, &plan.schema())?;
    let order = [datafusion::physical_expr::PhysicalSortExpr::new_default(
        time,
    )];
    let order = datafusion::physical_expr::LexOrdering::new(order)
        .ok_or(LakeError::Interrupted("a merge without an order"))?;
    let merge = Arc::new(SortPreservingMergeExec::new(order, plan));
    let mut stream = execute_stream(merge, session.task_ctx())?;
    let stored: Vec<_> = stream
        .schema()
        .fields()
        .iter()
        .map(|f| f.as_ref().clone().with_name(columns.stored_name(f.name())))
        .collect();
    let stored = Arc::new(arrow::datatypes::Schema::new(stored));
    let received = inputs
        .iter()
        .filter_map(|f| f.received_day)
        .max()
        .unwrap_or(0);
    let day = inputs.first().and_then(|f| f.event_day);
    let mut file = DataFileWriter::create(
        &table.dir,
        columns,
        Arc::clone(&stored),
        received,
        day,
        shared.options.row_group_rows.max(1),
    )?;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let batch =
            arrow::array::RecordBatch::try_new(Arc::clone(&stored), batch.columns().to_vec())?;
        file.write(&batch)?;
    }
    let merged = file.finish(&table.dir)?;
    let rows: u64 = inputs.iter().map(|f| f.rows).sum();
    if merged.rows != rows {
        return Err(LakeError::Interrupted(
            "a merge gave another number of rows",
        ));
    }
    Ok(merged)
}

/// Names of the columns that any of the files has.
fn stored_columns(table: &Table, files: &[Arc<DataFile>]) -> Result<HashSet<String>> {
    let mut names = HashSet::new();
    for file in files {
        let path = table.dir.join(&file.name);
        let handle = std::fs::File::open(&path).at(&path)?;
        let metadata = parquet::arrow::arrow_reader::ArrowReaderMetadata::load(
            &handle,
            parquet::arrow::arrow_reader::ArrowReaderOptions::new(),
        )?;
        names.extend(metadata.schema().fields().iter().map(|f| f.name().clone()));
    }
    Ok(names)
}
