//! The lake itself: opening, appending, and looking at what is there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use datafusion::execution::object_store::ObjectStoreUrl;
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use parking_lot::{Mutex, RwLock};
use schema::{Catalog, TableSchema};
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::columns::Columns;
use crate::delta::DeltaEngine;
use crate::durable::create_dir;
use crate::error::{AtPath, LakeError, Result};
use crate::format;
use crate::frame::{Frame, ReceiptKey};
use crate::ledger::{Ledger, Receipt, SourceCounts, SourceStats, Usage, instant};
use crate::options::LakeOptions;
use crate::rows::RowsSnapshot;
use crate::scan::{LakeTable, TableStore};
use crate::shared::{PendingFrame, Shared, check_name, known_columns};
use crate::stream::load_cursors;
use crate::table::Table;
use crate::wal::{Appender, LogDir, Refusal, Segment, Writer};

/// A lake. Clones share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) appender: Appender<PendingFrame>,
    /// Read while files, ledger or log change; written while a backup takes its copy.
    pub(crate) layout: RwLock<()>,
    /// Set when the lake closes: no flush or upkeep starts any more.
    pub(crate) closing: AtomicBool,
    /// Held while the ledger is saved and the log is trimmed.
    pub(crate) trimming: Mutex<()>,
    /// When maintenance last ran.
    pub(crate) maintained: Mutex<Timestamp>,
    /// Runs the Delta kernel's I/O, compaction and the background task.
    pub(crate) handle: tokio::runtime::Handle,
    _runtime: IoRuntime,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.appender.close();
    }
}

/// A runtime that may be dropped anywhere, in an async context too.
struct IoRuntime(Option<tokio::runtime::Runtime>);

impl Drop for IoRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is durable, and visible to queries, at this log position.
    Stored {
        /// Position of the frame in the log.
        position: u64,
    },
    /// Its records were stored before; nothing changed.
    AlreadyDone(Receipt),
}

/// A table in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStats {
    /// The table.
    pub name: String,
    /// Rows that queries see.
    pub rows: u64,
    /// Those of them that are only in memory (and in the log).
    pub memory_rows: u64,
    /// Bytes they take there.
    pub memory_bytes: u64,
    /// Data files.
    pub files: usize,
    /// Their size on disk.
    pub file_bytes: u64,
    /// Earliest event time, to the millisecond or two for rows in files.
    pub first_event: Option<Timestamp>,
    /// Latest event time, as exact.
    pub last_event: Option<Timestamp>,
    /// Latest receipt, over all sources.
    pub last_received: Option<Timestamp>,
}

/// The lake in numbers.
#[derive(Debug, Clone)]
pub struct LakeStats {
    /// Tables that have rows, by name.
    pub tables: Vec<TableStats>,
    /// Rows by source and table.
    pub sources: Vec<SourceStats>,
    /// Records by source.
    pub intake: Vec<SourceCounts>,
    /// Position of the last frame.
    pub position: u64,
    /// Size of the log, bytes.
    pub log_bytes: u64,
    /// Free bytes on the disk, `None` when it can't be measured.
    pub free_bytes: Option<u64>,
}

impl Lake {
    /// Opens the lake in `options.dir`, making it when it is not there, and replays the log.
    ///
    /// The caller makes sure that no other process has it open. Blocks on disk I/O; needs no
    /// async runtime.
    ///
    /// # Errors
    /// [`LakeError::NewerFormat`], [`LakeError::Corrupt`] for damage (a torn last write is not
    /// damage), [`LakeError::UnsupportedTable`], and I/O errors.
    pub fn open(options: LakeOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut options = options;
        options.dir = std::path::absolute(&options.dir).at(&options.dir)?;
        let identity = format::open(&options.dir)?;
        let options = Arc::new(options);
        for part in ["wal", "tables", "cursors"] {
            create_dir(&options.dir.join(part))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lake-io")
            .enable_all()
            .build()
            .at(&options.dir)?;
        let handle = runtime.handle().clone();
        let runtime = IoRuntime(Some(runtime));
        let log = LogDir {
            dir: options.dir.join("wal"),
            stream: identity.stream,
        };
        let segments: Arc<Mutex<Vec<Segment>>> = Arc::default();
        let (durable, durable_seen) = watch::channel(0);
        let ledger_path = options.dir.join("ledger.json");
        let shared = Arc::new(Shared {
            stream: identity.stream.to_string(),
            engine: Arc::new(DeltaEngine::new(handle.clone(), Arc::clone(&options))),
            store: table_store(&options.dir, &identity.stream)?,
            tables: RwLock::default(),
            ledger: Mutex::new(Ledger::load(&ledger_path, options.http_receipts)?),
            applied: AtomicU64::new(0),
            segments: Arc::clone(&segments),
            durable: durable_seen,
            cursors: Mutex::new(load_cursors(&options.dir.join("cursors"))?),
            memory: AtomicU64::new(0),
            wake: Arc::new(Notify::new()),
            clock,
            options: Arc::clone(&options),
        });
        open_tables(&shared)?;
        let recovered = replay(&shared, &log)?;
        let next = next_position(&shared, &recovered);
        shared.applied.store(next - 1, Ordering::Release);
        *segments.lock() = recovered;
        let appender = Writer::start(log, Arc::clone(&options), segments, durable, next)?;
        let inner = Arc::new(Inner {
            maintained: Mutex::new(shared.clock.now()),
            shared,
            appender,
            layout: RwLock::new(()),
            closing: AtomicBool::new(false),
            trimming: Mutex::new(()),
            handle,
            _runtime: runtime,
        });
        if options.background {
            crate::maintain::spawn(&inner);
        }
        Ok(Self { inner })
    }

    /// Appends a frame: all of it or nothing, over its tables.
    ///
    /// Returns once it is synced to disk and visible to the next [`Lake::table`]. Appends that
    /// wait at the same time share one sync. When too many rows are in memory it waits for a
    /// flush first.
    ///
    /// # Errors
    /// Before anything is written: [`LakeError::DiskFull`], unknown tables, columns or types,
    /// [`LakeError::ReceiptGap`] for a part that does not follow the last one of its input,
    /// [`LakeError::KeyReused`] for an idempotency key that came with another body.
    /// [`LakeError::Io`] when the write failed: the frame is not stored.
    /// [`LakeError::LogStopped`] when it is unknown whether it is; reopen and ask
    /// [`Lake::receipt`].
    pub async fn append(&self, frame: Frame) -> Result<Appended> {
        let shared = &self.inner.shared;
        self.guard_disk()?;
        self.wait_for_memory().await?;
        let payload = frame.encode()?;
        let receipt = frame.receipt;
        let pending = shared.prepare(&frame, payload)?;
        drop(frame);
        match (self.inner.appender.append(pending).await?, receipt) {
            (Ok(position), _) => Ok(Appended::Stored { position }),
            (Err(Refusal::Done), Some(part)) => match self.receipt(&part.key) {
                Some(receipt) => Ok(Appended::AlreadyDone(receipt)),
                None => Err(LakeError::Interrupted(
                    "a receipt expired while it was asked for",
                )),
            },
            (Err(Refusal::Gap(expected)), Some(part)) => Err(LakeError::ReceiptGap {
                expected,
                from: part.from,
            }),
            (Err(Refusal::OtherBody), Some(_)) => Err(LakeError::KeyReused),
            (Err(_), None) => Err(LakeError::Interrupted(
                "a frame without receipt was refused",
            )),
        }
    }

    /// Closes the lake for all clones: waits for appends, flushes and upkeep under way, starts
    /// no new ones. Rows stay in the log; nothing is flushed. Afterwards the folder may be
    /// opened again.
    pub async fn close(self) -> Result<()> {
        self.inner.closing.store(true, Ordering::Release);
        self.blocking(|inner| {
            inner.appender.close();
            drop(inner.layout.write());
            Ok(())
        })
        .await
    }

    fn guard_disk(&self) -> Result<()> {
        let options = &self.inner.shared.options;
        let free_bytes = options.free_bytes().at(&options.dir)?;
        if free_bytes < options.disk_guard_bytes {
            return Err(LakeError::DiskFull {
                free_bytes,
                guard_bytes: options.disk_guard_bytes,
            });
        }
        Ok(())
    }

    async fn wait_for_memory(&self) -> Result<()> {
        let shared = &self.inner.shared;
        if shared.memory.load(Ordering::Relaxed) < shared.options.memory_bytes as u64 {
            return Ok(());
        }
        self.flush().await
    }

    /// What is stored of an input, `None` when it is new (or its receipt has expired).
    pub fn receipt(&self, key: &ReceiptKey) -> Option<Receipt> {
        let shared = &self.inner.shared;
        shared
            .ledger
            .lock()
            .receipt(key, shared.clock.now())
            .cloned()
    }

    /// Whether an HTTP request's idempotency key was used for another body of the same source
    /// within the time that keys are remembered.
    pub fn other_body(&self, key: &ReceiptKey) -> bool {
        let shared = &self.inner.shared;
        shared.ledger.lock().other_body(key, shared.clock.now())
    }

    /// A table as it is now, `None` when there is no such table. A known table without rows is
    /// there, and empty.
    ///
    /// The result is one snapshot: take it once per query, and not for longer.
    pub fn table(&self, name: &str) -> Option<LakeTable> {
        let shared = &self.inner.shared;
        let table = shared.tables.read().get(name).cloned();
        let (columns, snapshot) = match table {
            Some(table) => {
                // Columns after rows: a batch's columns are there before its rows are.
                let snapshot = table.snapshot();
                (table.columns(), snapshot)
            }
            None => {
                let builtin = Catalog::builtin().table(name)?;
                let columns = Columns::new(Arc::clone(builtin), false);
                (Arc::new(columns), RowsSnapshot::default())
            }
        };
        Some(LakeTable {
            name: name.to_owned(),
            columns,
            snapshot,
            store: shared.store.clone(),
            calls: None,
        })
    }

    /// Names of the tables that hold rows or were defined here, sorted.
    pub fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.inner.shared.tables.read().keys().cloned().collect();
        names.sort();
        names
    }

    /// Whether a table holds rows or was defined here.
    pub fn has_table(&self, name: &str) -> bool {
        self.inner.shared.tables.read().contains_key(name)
    }

    /// Schemas of the custom tables (those not in [`Catalog::builtin`]).
    pub fn custom_tables(&self) -> Vec<Arc<TableSchema>> {
        let tables = self.inner.shared.all_tables();
        let columns = tables.iter().map(|table| table.columns());
        columns
            .filter(|c| c.custom)
            .map(|c| Arc::clone(&c.table))
            .collect()
    }

    /// Defines a custom table (`*_CL`) or adds columns to it, so that its `dynamic` and `guid`
    /// columns are known as such. Columns it has keep their type.
    pub fn define_table(&self, schema: &TableSchema) -> Result<()> {
        let table = self.inner.shared.table(&schema.name)?;
        let mut current = table.columns.write();
        if !current.custom {
            return Err(LakeError::BadName {
                name: schema.name.clone(),
                reason: "a built-in table can't be redefined",
            });
        }
        current.check(&schema.arrow_schema())?;
        let wider = current.with(schema.columns.clone());
        table.store_columns(&wider)?;
        *current = Arc::new(wider);
        Ok(())
    }

    /// Rows and bytes received per table and day, the last 400 days. Cumulative: the caller
    /// remembers what it has reported.
    pub fn usage(&self) -> Vec<Usage> {
        self.inner.shared.ledger.lock().usage()
    }

    /// The lake in numbers.
    pub fn stats(&self) -> LakeStats {
        let shared = &self.inner.shared;
        let (sources, intake) = {
            let ledger = shared.ledger.lock();
            (ledger.source_stats(), ledger.source_counts())
        };
        let mut received: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for source in &sources {
            let last = received
                .entry(&source.table)
                .or_insert(source.last_received);
            *last = (*last).max(source.last_received);
        }
        let mut tables: Vec<TableStats> = shared
            .all_tables()
            .iter()
            .map(|table| table_stats(table, received.get(table.name.as_str()).copied()))
            .filter(|stats| stats.rows > 0 || stats.files > 0)
            .collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        LakeStats {
            tables,
            sources,
            intake,
            position: shared.applied.load(Ordering::Acquire),
            log_bytes: shared.segments.lock().iter().map(|s| s.bytes).sum(),
            free_bytes: shared.options.free_bytes().ok(),
        }
    }
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake")
            .field("dir", &self.inner.shared.options.dir)
            .finish()
    }
}

fn table_stats(table: &Table, last_received: Option<Timestamp>) -> TableStats {
    let snapshot = table.snapshot();
    let memory_rows = snapshot
        .memory
        .iter()
        .map(|b| b.batch.num_rows() as u64)
        .sum();
    let ranges = snapshot.files.iter().filter_map(|f| f.time);
    let time = ranges
        .chain(snapshot.memory.iter().filter_map(|b| b.time))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    TableStats {
        name: table.name.clone(),
        rows: memory_rows + snapshot.files.iter().map(|f| f.rows).sum::<u64>(),
        memory_rows,
        memory_bytes: snapshot.memory.iter().map(|b| b.bytes).sum(),
        files: snapshot.files.len(),
        file_bytes: snapshot.files.iter().map(|f| f.bytes).sum(),
        first_event: time.map(|(min, _)| instant(min)),
        last_event: time.map(|(_, max)| instant(max)),
        last_received,
    }
}

fn table_store(dir: &Path, stream: &uuid::Uuid) -> Result<TableStore> {
    let store =
        LocalFileSystem::new_with_prefix(dir.join("tables")).map_err(|e| LakeError::Io {
            path: dir.to_owned(),
            source: e.into(),
        })?;
    Ok(TableStore {
        url: ObjectStoreUrl::parse(format!("lake://{}", stream.simple()))?,
        store: Arc::new(store),
        dir: dir.join("tables").into(),
        index: Arc::default(),
    })
}

/// Opens the tables that have a folder, several at a time.
fn open_tables(shared: &Arc<Shared>) -> Result<()> {
    let dir = shared.tables_dir();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&dir).at(&dir)? {
        let entry = entry.at(&dir)?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.path().is_dir()
            && check_name(&name).is_ok()
        {
            names.push(name);
        }
    }
    let open = |name: &String| -> Result<Arc<Table>> {
        let dir = dir.join(name);
        let columns = match Columns::load(name, &Table::columns_path(&dir))? {
            Some(columns) => columns,
            None => known_columns(name)?,
        };
        let now = shared.clock.now();
        Table::open(name, dir, columns, &shared.engine, &shared.stream, now).map(Arc::new)
    };
    let size = names.len().div_ceil(4).max(1);
    let opened: Vec<Result<Vec<Arc<Table>>>> = std::thread::scope(|scope| {
        let parts: Vec<_> = names
            .chunks(size)
            .map(|part| scope.spawn(move || part.iter().map(open).collect()))
            .collect();
        let failed = || Err(LakeError::Interrupted("a table's opening panicked"));
        parts
            .into_iter()
            .map(|part| part.join().unwrap_or_else(|_| failed()))
            .collect()
    });
    let mut tables = shared.tables.write();
    for part in opened {
        for table in part? {
            tables.insert(table.name.clone(), table);
        }
    }
    Ok(())
}

/// Puts the log's frames that are not in files yet into memory.
fn replay(shared: &Arc<Shared>, log: &LogDir) -> Result<Vec<Segment>> {
    let mut failure = None;
    let result = log.recover(|position, bytes| {
        let frame = Frame::decode(bytes)?;
        match shared.prepare(&frame, Vec::new()) {
            Ok(pending) => {
                pending.replay(position);
                Ok(())
            }
            Err(error) => {
                failure = Some(error);
                Err("a frame does not fit its tables")
            }
        }
    });
    match failure {
        Some(error) => Err(error),
        None => result,
    }
}

/// The position after everything that any part of the folder knows of.
fn next_position(shared: &Shared, segments: &[Segment]) -> u64 {
    let log = segments.last().map_or(0, |s| s.last);
    let tables = shared
        .all_tables()
        .iter()
        .map(|t| t.watermark())
        .max()
        .unwrap_or(0);
    let cursors = shared.cursors.lock().values().copied().max().unwrap_or(0);
    let ledger = shared.ledger.lock().position;
    log.max(tables).max(cursors).max(ledger) + 1
}
