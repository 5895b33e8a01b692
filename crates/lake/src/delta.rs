//! The only module that speaks to the Delta kernel: it opens, creates and commits to the tables'
//! logs, durably.
//!
//! Commits go through the kernel's own transaction (delta-rs's `CommitBuilder` gets slower with
//! every commit) and a committer that syncs the log entry before it gets its name, so that a
//! power cut leaves a whole entry or none. The kernel writes no checkpoint by itself;
//! [`DeltaTable::checkpoint_if_due`] does, and drops log entries that two checkpoints cover.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, Schema};
use delta_kernel::committer::{
    CommitMetadata, CommitResponse, Committer, FileSystemCommitter, PublishMetadata,
};
use delta_kernel::engine::arrow_conversion::TryIntoKernel;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::{StructField, StructType};
use delta_kernel::snapshot::{Snapshot, SnapshotRef};
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::{CommitResult, Transaction};
use delta_kernel::{DeltaResult, DeltaResultIterator, Engine, FileMeta, FilteredEngineData};
use delta_kernel_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_engine::{DefaultEngine, DefaultEngineBuilder};
use object_store::local::LocalFileSystem;
use url::Url;

use crate::columns::TIME;
use crate::data_file::{DataFile, add_actions};
use crate::durable::{create_dir, sync_dir, sync_file};
use crate::error::{AtPath, LakeError, Result};
use crate::options::{LakeOptions, Step};

const ENGINE_INFO: &str = concat!("watchfloor/", env!("CARGO_PKG_VERSION"));
/// Folder of ours inside a table; Delta readers skip names that begin with `_`.
pub(crate) const SIDECAR_DIR: &str = "_watchfloor";

/// The kernel's I/O.
pub(crate) struct DeltaEngine {
    engine: DefaultEngine<TokioMultiThreadExecutor>,
    options: Arc<LakeOptions>,
}

impl DeltaEngine {
    pub(crate) fn new(handle: tokio::runtime::Handle, options: Arc<LakeOptions>) -> Self {
        let executor = Arc::new(TokioMultiThreadExecutor::new(handle));
        let engine = DefaultEngineBuilder::new(Arc::new(LocalFileSystem::new()))
            .with_task_executor(executor)
            .build();
        Self { engine, options }
    }

    fn committer(&self, dir: &Path) -> Box<dyn Committer> {
        Box::new(DurableCommitter {
            log: dir.join("_delta_log"),
            scratch: dir.join(SIDECAR_DIR).join("commit.json"),
            options: Arc::clone(&self.options),
        })
    }
}

/// Writes the entry aside, syncs it, and only then gives it its name. A hard link fails when the
/// name is taken, which is what makes it a commit.
struct DurableCommitter {
    log: PathBuf,
    scratch: PathBuf,
    options: Arc<LakeOptions>,
}

impl DurableCommitter {
    fn write(&self, name: &str) -> Result<bool> {
        sync_file(&self.scratch)?;
        create_dir(&self.log)?;
        match fs::hard_link(&self.scratch, self.log.join(name)) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
            Err(e) => return Err(e).at(&self.log.join(name)),
        }
        self.options.step(Step::DeltaCommitted);
        sync_dir(&self.log)?;
        self.options.step(Step::DeltaSynced);
        // The second name of the entry; a leftover one is overwritten by the next commit.
        let _ = fs::remove_file(&self.scratch);
        Ok(true)
    }
}

impl Committer for DurableCommitter {
    fn commit(
        &self,
        engine: &dyn Engine,
        actions: DeltaResultIterator<'_, FilteredEngineData>,
        commit: CommitMetadata,
    ) -> DeltaResult<CommitResponse> {
        let version = commit.version();
        // A leftover would share its bytes with a committed entry: never write through it.
        let _ = fs::remove_file(&self.scratch);
        let scratch = Url::from_file_path(&self.scratch)
            .map_err(|()| delta_kernel::Error::generic("the lake's path is not absolute"))?;
        let size = engine
            .json_handler()
            .write_json_file(&scratch, Box::new(actions), true)?;
        let written = self
            .write(&format!("{version:020}.json"))
            .map_err(|e| delta_kernel::Error::generic(e.to_string()))?;
        if !written {
            return Ok(CommitResponse::Conflict { version });
        }
        let file_meta = FileMeta::new(
            commit.published_commit_path()?,
            commit.in_commit_timestamp(),
            size,
        );
        Ok(CommitResponse::Committed { file_meta })
    }

    fn is_catalog_committer(&self) -> bool {
        false
    }

    fn publish(&self, engine: &dyn Engine, metadata: PublishMetadata) -> DeltaResult<()> {
        FileSystemCommitter::new().publish(engine, metadata)
    }
}

/// One table's log, at the version this process last saw. Only this process commits to it.
pub(crate) struct DeltaTable {
    name: String,
    dir: PathBuf,
    engine: Arc<DeltaEngine>,
    snapshot: SnapshotRef,
    commits_since_checkpoint: u64,
}

impl DeltaTable {
    /// Opens the table in `dir`, `None` when there is none yet.
    ///
    /// # Errors
    /// [`LakeError::UnsupportedTable`] for a table with deletion vectors or column mapping: this
    /// reader would return wrong rows.
    pub(crate) fn open(engine: &Arc<DeltaEngine>, name: &str, dir: &Path) -> Result<Option<Self>> {
        let log = dir.join("_delta_log");
        if !log.is_dir() || fs::read_dir(&log).at(&log)?.next().is_none() {
            return Ok(None);
        }
        let snapshot = Snapshot::builder_for(url(dir)?).build(&engine.engine)?;
        let properties = snapshot.table_properties();
        let mapped = !matches!(
            properties.column_mapping_mode,
            None | Some(ColumnMappingMode::None)
        );
        let feature = if mapped {
            "column mapping"
        } else if properties.enable_deletion_vectors == Some(true) {
            "deletion vectors"
        } else {
            ""
        };
        if !feature.is_empty() {
            return Err(LakeError::UnsupportedTable {
                table: name.to_owned(),
                feature,
            });
        }
        let checkpointed = last_checkpoint(&log)?.unwrap_or(0);
        Ok(Some(Self {
            name: name.to_owned(),
            dir: dir.to_owned(),
            engine: Arc::clone(engine),
            commits_since_checkpoint: snapshot.version().saturating_sub(checkpointed),
            snapshot,
        }))
    }

    /// Creates an empty table with the given columns.
    pub(crate) fn create(
        engine: &Arc<DeltaEngine>,
        name: &str,
        dir: &Path,
        columns: &Schema,
    ) -> Result<Self> {
        create_dir(&dir.join(SIDECAR_DIR))?;
        let schema: StructType = columns.try_into_kernel()?;
        let transaction = create_table(url(dir)?, Arc::new(schema), ENGINE_INFO)
            .with_table_properties([
                ("delta.dataSkippingStatsColumns", TIME),
                ("delta.checkpointInterval", "32"),
            ])
            .build(&engine.engine, engine.committer(dir))?;
        let committed = transaction.commit(&engine.engine)?;
        if !committed.is_committed() {
            return Err(LakeError::ForeignCommit {
                table: name.to_owned(),
                version: 0,
            });
        }
        sync_dir(dir)?;
        Self::open(engine, name, dir)?.ok_or(LakeError::Interrupted("the new table is not there"))
    }

    /// Position up to which frames of the log `stream` are in the table.
    pub(crate) fn watermark(&self, stream: &str) -> Result<u64> {
        let version = self
            .snapshot
            .get_app_id_version(stream, &self.engine.engine)?;
        Ok(version.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
    }

    /// Names of the stored columns.
    pub(crate) fn column_names(&self) -> HashSet<String> {
        self.snapshot
            .schema()
            .fields()
            .map(|field| field.name().clone())
            .collect()
    }

    /// Adds columns; rows stored before read them as missing.
    pub(crate) fn add_columns(&mut self, columns: &Schema) -> Result<()> {
        let fields: StructType = columns.try_into_kernel()?;
        let mut fields = fields.into_fields();
        let Some(first) = fields.next() else {
            return Ok(());
        };
        let nullable =
            |f: StructField| StructField::nullable(f.name().clone(), f.data_type().clone());
        let builder = Arc::clone(&self.snapshot)
            .alter_table()
            .add_column(nullable(first));
        let builder = fields.fold(builder, |builder, f| builder.add_column(nullable(f)));
        let transaction = builder.build(&self.engine.engine, self.engine.committer(&self.dir))?;
        let result = transaction.commit(&self.engine.engine)?;
        self.finish(result)
    }

    /// Adds files, recording that frames of `stream` are stored up to `position`.
    pub(crate) fn append(
        &mut self,
        files: &[Arc<DataFile>],
        stream: &str,
        position: u64,
    ) -> Result<()> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let mut transaction = self
            .transaction("WRITE")?
            .with_transaction_id(stream.to_owned(), position)
            .with_data_change(true);
        if !files.is_empty() {
            transaction.add_files(Box::new(ArrowEngineData::new(add_actions(files)?)));
        }
        let result = transaction.commit(&self.engine.engine)?;
        self.finish(result)
    }

    /// Replaces files by others in one commit. `data_change` is false for a mere rewrite.
    pub(crate) fn replace(
        &mut self,
        add: &[Arc<DataFile>],
        remove: &HashSet<&str>,
        data_change: bool,
    ) -> Result<()> {
        let operation = if data_change { "DELETE" } else { "OPTIMIZE" };
        let mut transaction = self.transaction(operation)?.with_data_change(data_change);
        let scan = Arc::clone(&self.snapshot).scan_builder().build()?;
        for metadata in scan.scan_metadata(&self.engine.engine)? {
            let (data, live) = metadata?.scan_files.into_parts();
            let data = ArrowEngineData::try_from_engine_data(data)?;
            let selected = select(data.record_batch(), &live, remove);
            if selected.contains(&true) {
                transaction.remove_files(FilteredEngineData::try_new(data, selected)?);
            }
        }
        if !add.is_empty() {
            transaction.add_files(Box::new(ArrowEngineData::new(add_actions(add)?)));
        }
        let result = transaction.commit(&self.engine.engine)?;
        self.finish(result)
    }

    fn transaction(&self, operation: &str) -> Result<Transaction> {
        Ok(Arc::clone(&self.snapshot)
            .transaction(self.engine.committer(&self.dir), &self.engine.engine)?
            .with_operation(operation.to_owned())
            .with_engine_info(ENGINE_INFO))
    }

    fn finish<S>(&mut self, result: CommitResult<S>) -> Result<()> {
        match result {
            CommitResult::CommittedTransaction(committed) => {
                self.snapshot = match committed.post_commit_snapshot() {
                    Some(snapshot) => Arc::clone(snapshot),
                    None => Snapshot::builder_for(url(&self.dir)?).build(&self.engine.engine)?,
                };
                self.commits_since_checkpoint += 1;
                Ok(())
            }
            CommitResult::ConflictedTransaction(conflict) => Err(LakeError::ForeignCommit {
                table: self.name.clone(),
                version: conflict.conflict_version(),
            }),
            CommitResult::RetryableTransaction(retry) => Err(retry.error.into()),
        }
    }

    /// Writes a checkpoint when enough commits have passed. Failing only makes opening slower,
    /// so the caller logs it.
    pub(crate) fn checkpoint_if_due(&mut self) -> Result<()> {
        if self.commits_since_checkpoint < self.engine.options.checkpoint_commits.max(1) {
            return Ok(());
        }
        let log = self.dir.join("_delta_log");
        let before = last_checkpoint(&log)?;
        let (_, snapshot) = self.snapshot.checkpoint(&self.engine.engine, None)?;
        self.snapshot = snapshot;
        self.commits_since_checkpoint = 0;
        sync_checkpoint(&log, self.snapshot.version())?;
        if let Some(before) = before {
            drop_entries_below(&log, before)?;
        }
        Ok(())
    }

    /// The table's files, with what the log knows about them.
    pub(crate) fn files(&self) -> Result<Vec<Arc<DataFile>>> {
        let scan = Arc::clone(&self.snapshot).scan_builder().build()?;
        let mut files = Vec::new();
        for metadata in scan.scan_metadata(&self.engine.engine)? {
            let (data, live) = metadata?.scan_files.into_parts();
            let data = ArrowEngineData::try_from_engine_data(data)?;
            let batch = data.record_batch();
            let text = |name: &str| {
                batch
                    .column_by_name(name)
                    .and_then(|c| c.as_string_opt::<i32>())
                    .cloned()
            };
            let paths = text("path");
            let stats = text("stats");
            let sizes = batch
                .column_by_name("size")
                .and_then(|c| c.as_primitive_opt::<Int64Type>())
                .cloned();
            let vectors = batch.column_by_name("deletionVector");
            let (Some(paths), Some(stats), Some(sizes)) = (paths, stats, sizes) else {
                return Err(LakeError::Interrupted(
                    "the kernel's file list has another shape",
                ));
            };
            for row in 0..batch.num_rows() {
                if !live.get(row).copied().unwrap_or(true) || paths.is_null(row) {
                    continue;
                }
                if vectors.is_some_and(|v| !v.is_null(row)) {
                    return Err(LakeError::UnsupportedTable {
                        table: self.name.clone(),
                        feature: "deletion vectors",
                    });
                }
                let stats = (!stats.is_null(row)).then(|| stats.value(row));
                let bytes = u64::try_from(sizes.value(row)).unwrap_or(0);
                files.push(Arc::new(DataFile::from_log(paths.value(row), bytes, stats)));
            }
        }
        Ok(files)
    }
}

/// Marks the live rows whose path is to be removed.
fn select(batch: &RecordBatch, live: &[bool], remove: &HashSet<&str>) -> Vec<bool> {
    let paths = batch
        .column_by_name("path")
        .and_then(|c| c.as_string_opt::<i32>());
    (0..batch.num_rows())
        .map(|row| {
            live.get(row).copied().unwrap_or(true)
                && paths.is_some_and(|p| !p.is_null(row) && remove.contains(p.value(row)))
        })
        .collect()
}

fn url(dir: &Path) -> Result<Url> {
    Url::from_directory_path(dir).map_err(|()| LakeError::BadName {
        name: dir.display().to_string(),
        reason: "the lake's folder must be an absolute path",
    })
}

/// Version in the name of a log file.
fn version_of(name: &str) -> Option<u64> {
    name.get(..20)?.parse().ok()
}

fn log_names(log: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(log).at(log)? {
        if let Ok(name) = entry.at(log)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

fn last_checkpoint(log: &Path) -> Result<Option<u64>> {
    let names = log_names(log)?;
    Ok(names
        .iter()
        .filter(|n| n.contains(".checkpoint"))
        .filter_map(|n| version_of(n))
        .max())
}

fn sync_checkpoint(log: &Path, version: u64) -> Result<()> {
    let prefix = format!("{version:020}.checkpoint");
    for name in log_names(log)? {
        if name.starts_with(&prefix) || name == "_last_checkpoint" {
            sync_file(&log.join(name))?;
        }
    }
    sync_dir(log)
}

/// Drops entries and checkpoints below a checkpoint that is no longer the last: a reader that
/// just listed the log still finds what the last but one needs.
fn drop_entries_below(log: &Path, version: u64) -> Result<()> {
    for name in log_names(log)? {
        if version_of(&name).is_some_and(|v| v < version) {
            let path = log.join(name);
            fs::remove_file(&path).at(&path)?;
        }
    }
    Ok(())
}

/// The Arrow type a stored column has in a schema of stored names.
pub(crate) fn stored_schema(columns: &crate::columns::Columns) -> Schema {
    let fields: Vec<arrow::datatypes::Field> = columns
        .arrow
        .fields()
        .iter()
        .map(|field| {
            let data_type: DataType = field.data_type().clone();
            arrow::datatypes::Field::new(columns.stored_name(field.name()), data_type, true)
        })
        .collect();
    Schema::new(fields)
}
