//! One stored table: its columns, its rows, its Delta log, and the flush that moves rows from
//! memory to files.
//!
//! A flush keeps this order, and the tests hold it to it: Parquet file synced, its folder
//! synced, Delta entry synced and named, its folder synced, rows swapped. Only then may the
//! ledger be saved and the log trimmed.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};

use crate::columns::{Columns, TIME};
use crate::data_file::{DataFile, DataFileWriter, event_day, sorted};
use crate::delta::{DeltaEngine, DeltaTable, SIDECAR_DIR, stored_schema};
use crate::durable::{create_dir, sync_dir};
use crate::error::{LakeError, Result};
use crate::ledger::day_of;
use crate::options::{LakeOptions, Step};
use crate::rows::{MemoryBatch, Rows, RowsSnapshot};

/// Files of one flush at most; event days beyond share a mixed file, so that hostile times can't
/// make thousands of files.
const DAYS_PER_FLUSH: usize = 16;

pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) columns: RwLock<Arc<Columns>>,
    pub(crate) rows: RwLock<Rows>,
    /// Held while the table's log or files change.
    pub(crate) writer: Mutex<TableWriter>,
    /// Position up to which the log's frames are in files.
    watermark: AtomicU64,
}

/// The writing half of a table.
pub(crate) struct TableWriter {
    /// `None` until the first flush, and after a failed commit, whose outcome is read back.
    pub(crate) delta: Option<DeltaTable>,
    /// Replaced files and when: they go once no snapshot holds them and time has passed.
    pub(crate) replaced: Vec<(Arc<DataFile>, Timestamp)>,
}

impl Table {
    /// A table without files.
    pub(crate) fn new(name: &str, dir: PathBuf, columns: Columns) -> Self {
        Self {
            name: name.to_owned(),
            dir,
            columns: RwLock::new(Arc::new(columns)),
            rows: RwLock::default(),
            writer: Mutex::new(TableWriter {
                delta: None,
                replaced: Vec::new(),
            }),
            watermark: AtomicU64::new(0),
        }
    }

    /// Opens a table that has a folder.
    pub(crate) fn open(
        name: &str,
        dir: PathBuf,
        columns: Columns,
        engine: &Arc<DeltaEngine>,
        stream: &str,
        now: Timestamp,
    ) -> Result<Self> {
        let table = Self::new(name, dir, columns);
        table.reload(&mut table.writer.lock(), engine, stream, now)?;
        Ok(table)
    }

    pub(crate) fn columns(&self) -> Arc<Columns> {
        Arc::clone(&self.columns.read())
    }

    pub(crate) fn snapshot(&self) -> RowsSnapshot {
        self.rows.read().snapshot()
    }

    pub(crate) fn watermark(&self) -> u64 {
        self.watermark.load(Ordering::Acquire)
    }

    pub(crate) fn columns_path(dir: &Path) -> PathBuf {
        dir.join(SIDECAR_DIR).join("columns.json")
    }

    /// Takes new columns of a batch into a custom table, saved before any row uses them.
    pub(crate) fn accept(&self, batch: &Schema) -> Result<Arc<Columns>> {
        let columns = self.columns();
        if columns.check(batch)?.is_none() {
            return Ok(columns);
        }
        let mut current = self.columns.write();
        if let Some(wider) = current.check(batch)? {
            self.store_columns(&wider)?;
            *current = Arc::new(wider);
        }
        Ok(Arc::clone(&current))
    }

    pub(crate) fn store_columns(&self, columns: &Columns) -> Result<()> {
        create_dir(&self.dir.join(SIDECAR_DIR))?;
        columns.save(&Self::columns_path(&self.dir))
    }

    /// Makes rows visible.
    pub(crate) fn push(&self, batch: MemoryBatch, now: Timestamp) {
        let columns = self.columns();
        self.rows.write().push(&columns, batch, now);
    }

    /// Reads the table's log and takes what it says for true: rows at or below its watermark
    /// are in its files, and files it does not name (of a flush cut off, or replaced before the
    /// lake was closed) are to be removed.
    fn reload(
        &self,
        writer: &mut TableWriter,
        engine: &Arc<DeltaEngine>,
        stream: &str,
        now: Timestamp,
    ) -> Result<()> {
        let Some(delta) = DeltaTable::open(engine, &self.name, &self.dir)? else {
            return Ok(());
        };
        let watermark = delta.watermark(stream)?;
        let files = delta.files()?;
        let known: HashSet<&str> = files
            .iter()
            .chain(writer.replaced.iter().map(|(file, _)| file))
            .map(|file| file.name.as_str())
            .collect();
        let names = parquet_names(&self.dir)?;
        crate::index::sweep(&self.dir, &names);
        let orphans: Vec<_> = names
            .iter()
            .filter(|n| !known.contains(n.as_str()))
            .collect();
        for orphan in orphans {
            writer
                .replaced
                .push((Arc::new(DataFile::from_log(orphan, 0, None)), now));
        }
        self.rows.write().end_flush(files, watermark);
        self.watermark.fetch_max(watermark, Ordering::AcqRel);
        writer.delta = Some(delta);
        Ok(())
    }

    /// Makes sure that the table's log is open and has all columns.
    pub(crate) fn ensure_delta(
        &self,
        writer: &mut TableWriter,
        engine: &Arc<DeltaEngine>,
        stream: &str,
        now: Timestamp,
    ) -> Result<()> {
        if writer.delta.is_none() {
            self.reload(writer, engine, stream, now)?;
        }
        let wanted = stored_schema(&self.columns());
        match &mut writer.delta {
            None => {
                let delta = DeltaTable::create(engine, &self.name, &self.dir, &wanted)?;
                writer.delta = Some(delta);
            }
            Some(delta) => {
                let present = delta.column_names();
                let missing: Vec<_> = wanted
                    .fields()
                    .iter()
                    .filter(|f| !present.contains(f.name()))
                    .cloned()
                    .collect();
                if !missing.is_empty() {
                    delta.add_columns(&Schema::new(missing))?;
                }
            }
        }
        Ok(())
    }

    /// Moves the rows in memory to files. Returns the rows written.
    pub(crate) fn flush(
        &self,
        engine: &Arc<DeltaEngine>,
        stream: &str,
        options: &LakeOptions,
        now: Timestamp,
    ) -> Result<u64> {
        let mut writer = self.writer.lock();
        if self.rows.read().first_unflushed().is_none() {
            return Ok(0);
        }
        self.ensure_delta(&mut writer, engine, stream, now)?;
        let batches = self.rows.write().begin_flush();
        let Some(position) = batches.iter().map(|b| b.last).max() else {
            return Ok(0);
        };
        // The kernel takes a repeated or lower position without a word: the check is ours.
        if position <= self.watermark() {
            let files = self.rows.read().files().to_vec();
            self.rows.write().end_flush(files, position);
            return Ok(0);
        }
        let files = self.write_files(&batches, options)?;
        let rows = files.iter().map(|f| f.rows).sum();
        self.commit(&mut writer, files, stream, position)?;
        options.step(Step::RowsSwapped);
        if let Some(delta) = &mut writer.delta
            && let Err(error) = delta.checkpoint_if_due()
        {
            tracing::warn!(table = %self.name, %error, "no checkpoint was written");
        }
        Ok(rows)
    }

    /// Runs one commit. When it fails (or panics) the writer stays closed: whether the commit
    /// took place is read from disk before the next one.
    pub(crate) fn commit_with(
        &self,
        writer: &mut TableWriter,
        commit: impl FnOnce(&mut DeltaTable) -> Result<()>,
    ) -> Result<()> {
        let mut delta = writer
            .delta
            .take()
            .ok_or(LakeError::Interrupted("the table's log is not open"))?;
        commit(&mut delta)?;
        writer.delta = Some(delta);
        Ok(())
    }

    /// Commits written files at `position` and swaps the rows.
    fn commit(
        &self,
        writer: &mut TableWriter,
        files: Vec<Arc<DataFile>>,
        stream: &str,
        position: u64,
    ) -> Result<()> {
        self.commit_with(writer, |delta| delta.append(&files, stream, position))?;
        let mut rows = self.rows.write();
        let mut all = rows.files().to_vec();
        all.extend(files);
        rows.end_flush(all, position);
        self.watermark.fetch_max(position, Ordering::AcqRel);
        Ok(())
    }

    /// Writes batches as files by event day, synced, folder included.
    fn write_files(
        &self,
        batches: &[MemoryBatch],
        options: &LakeOptions,
    ) -> Result<Vec<Arc<DataFile>>> {
        let received = batches.iter().map(|b| b.received).max().unwrap_or_default();
        let batches: Vec<RecordBatch> = batches.iter().map(|b| b.batch.clone()).collect();
        let batch = sorted(&self.columns(), &batches)?;
        let mut files = Vec::new();
        for (day, part) in split_by_day(&batch)? {
            let mut file = DataFileWriter::create(
                &self.dir,
                &self.columns(),
                part.schema(),
                day_of(received),
                day,
                options.row_group_rows.max(1),
            )?;
            file.write(&part)?;
            files.push(file.finish(&self.dir)?);
        }
        options.step(Step::ParquetWritten);
        sync_dir(&self.dir)?;
        options.step(Step::ParquetSynced);
        Ok(files)
    }
}

/// Splits a sorted batch by UTC day of event time. The smallest days beyond
/// [`DAYS_PER_FLUSH`] are joined into one part without a day.
fn split_by_day(batch: &RecordBatch) -> Result<Vec<(Option<i64>, RecordBatch)>> {
    let times = batch
        .column_by_name(TIME)
        .and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
        .ok_or(LakeError::Interrupted("rows without an event time"))?;
    let mut days: BTreeMap<i64, usize> = BTreeMap::new();
    for time in times.values() {
        *days.entry(event_day(*time)).or_default() += 1;
    }
    let mut by_size: Vec<(i64, usize)> = days.iter().map(|(d, n)| (*d, *n)).collect();
    by_size.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let own: HashSet<i64> = if by_size.len() <= DAYS_PER_FLUSH {
        days.keys().copied().collect()
    } else {
        by_size
            .iter()
            .take(DAYS_PER_FLUSH - 1)
            .map(|(d, _)| *d)
            .collect()
    };
    let mut parts = Vec::new();
    let mut at = 0;
    for (day, count) in &days {
        if own.contains(day) {
            parts.push((Some(*day), batch.slice(at, *count)));
        }
        at += count;
    }
    if own.len() < days.len() {
        let mixed: BooleanArray = times
            .values()
            .iter()
            .map(|t| Some(!own.contains(&event_day(*t))))
            .collect();
        parts.push((None, filter_record_batch(batch, &mixed)?));
    }
    Ok(parts)
}

fn parquet_names(dir: &Path) -> Result<Vec<String>> {
    use crate::error::AtPath;
    let mut names = Vec::new();
    if !dir.is_dir() {
        return Ok(names);
    }
    for entry in std::fs::read_dir(dir).at(dir)? {
        if let Ok(name) = entry.at(dir)?.file_name().into_string()
            && name.ends_with(".parquet")
        {
            names.push(name);
        }
    }
    Ok(names)
}
