//! A table as DataFusion sees it.
//!
//! [`LakeTable`] is one snapshot: take one per query and every scan of that query sees the same
//! rows. Files outside a filter's time range are left out by the statistics of the table's log;
//! row groups and pages are left out by Parquet's, when the filter reaches the scan, and row groups
//! without the texts that a filter looks for by the term index ([`crate::index`]).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::union::UnionExec;
use object_store::ObjectStore;

use crate::adapter::LakeAdapterFactory;
use crate::columns::{Columns, TIME};
use crate::data_file::DataFile;
use crate::index::{IndexCache, Lookup, Rows, TextCalls, read_filters};
use crate::rows::{MemoryBatch, RowsSnapshot};
use crate::scan_parts::{FilePart, Parts, groups};
use crate::time_bounds::TimeBounds;
use crate::view_source::ViewSource;

/// Per-file statistics cost a value per column: they are attached while this many are enough.
const FILE_STATISTICS_MAX: usize = 20_000;

/// Where the scan finds a lake's files: an object store that shows only the tables' folder.
#[derive(Clone)]
pub(crate) struct TableStore {
    pub(crate) url: ObjectStoreUrl,
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The folder it shows.
    pub(crate) dir: Arc<Path>,
    pub(crate) index: Arc<IndexCache>,
}

/// One table at one instant: rows in memory and in files together.
#[derive(Clone)]
pub struct LakeTable {
    pub(crate) name: String,
    pub(crate) columns: Arc<Columns>,
    pub(crate) snapshot: RowsSnapshot,
    pub(crate) store: TableStore,
    pub(crate) calls: Option<Arc<dyn TextCalls>>,
}

impl LakeTable {
    /// The same table, for filters in which `calls` knows the tests of text.
    #[must_use]
    pub fn with_text_calls(mut self, calls: Arc<dyn TextCalls>) -> Self {
        self.calls = Some(calls);
        self
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table's columns with their KQL types.
    pub fn table_schema(&self) -> &Arc<schema::TableSchema> {
        &self.columns.table
    }

    /// Rows in the snapshot; `None` when a file of another writer does not state its rows.
    pub fn rows(&self) -> Option<u64> {
        let memory: u64 = self
            .snapshot
            .memory
            .iter()
            .map(|b| b.batch.num_rows() as u64)
            .sum();
        let files = self
            .snapshot
            .files
            .iter()
            .map(|f| (f.rows > 0).then_some(f.rows));
        Some(memory + files.sum::<Option<u64>>()?)
    }

    /// Files in the snapshot.
    pub fn files(&self) -> usize {
        self.snapshot.files.len()
    }

    /// Which files and batches a filter may match.
    fn prune(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<(Vec<Arc<DataFile>>, Vec<MemoryBatch>)> {
        let all = || (self.snapshot.files.to_vec(), self.snapshot.memory.clone());
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(all());
        };
        let schema = DFSchema::try_from(Arc::clone(&self.columns.arrow))?;
        let Ok(filter) = state.create_physical_expr(filter, &schema) else {
            return Ok(all());
        };
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(&self.columns.arrow))
            .try_build(filter);
        let Ok(predicate) = predicate else {
            return Ok(all());
        };
        let files: Vec<_> = self.snapshot.files.iter().map(|f| f.time).collect();
        let memory: Vec<_> = self.snapshot.memory.iter().map(|b| b.time).collect();
        let keep_files = predicate.prune(&TimeRanges(files))?;
        let keep_memory = predicate.prune(&TimeRanges(memory))?;
        let (mut files, mut memory) = all();
        let mut keep = keep_files.into_iter();
        files.retain(|_| keep.next().unwrap_or(true));
        let mut keep = keep_memory.into_iter();
        memory.retain(|_| keep.next().unwrap_or(true));
        Ok((files, memory))
    }

    /// The parts of files that may hold the texts which the filters look for.
    fn look_up(
        &self,
        files: Vec<Arc<DataFile>>,
        filters: &[Expr],
        left_out: &mut LeftOut,
    ) -> Vec<FilePart> {
        let indexed = |name: &str| self.columns.is_indexed(name);
        let lookup = read_filters(filters, self.calls.as_deref(), &indexed);
        if lookup == Lookup::Any {
            return files.into_iter().map(FilePart::whole).collect();
        }
        let dir = self.store.dir.join(&self.name);
        let stored = |name: &str| self.columns.stored_name(name).to_owned();
        files
            .into_iter()
            .filter_map(|file| {
                let Some(sidecar) = self.store.index.sidecar(&dir, &file) else {
                    return Some(FilePart::whole(file));
                };
                let groups = sidecar.select(&lookup, &stored);
                let part = FilePart::chosen(file, &groups);
                match part {
                    Some(_) => {
                        let none = groups.iter().filter(|rows| **rows == Rows::None);
                        left_out.groups_by_index += none.count();
                    }
                    None => left_out.files_by_index += 1,
                }
                part
            })
            .collect()
    }

    fn memory_plan(
        &self,
        batches: &[MemoryBatch],
        schema: &SchemaRef,
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batches: Vec<RecordBatch> = batches
            .iter()
            .map(|b| self.columns.project(&b.batch, schema))
            .collect::<crate::Result<_>>()
            .map_err(|e| DataFusionError::External(Box::new(e)))?;
        let size = batches.len().div_ceil(partitions.max(1)).max(1);
        let mut parts: Vec<Vec<RecordBatch>> = batches.chunks(size).map(<[_]>::to_vec).collect();
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        Ok(MemorySourceConfig::try_new_exec(
            &parts,
            Arc::clone(schema),
            None,
        )?)
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns.arrow)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // A range of event times is held to here, so that files within it need not be tested. Other
        // filters leave out files and row groups; the rows that stay are still filtered above.
        let exact = |filter: &&Expr| TimeBounds::of(filter).is_some();
        let held = filters.iter().map(|filter| match exact(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        });
        Ok(held.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (files, memory) = self.prune(state, filters)?;
        let mut left_out = LeftOut {
            files: self.snapshot.files.len(),
            files_by_time: self.snapshot.files.len() - files.len(),
            ..LeftOut::default()
        };
        let files = self.look_up(files, filters, &mut left_out);
        let parts = Parts { files, memory };
        let Some(bounds) = TimeBounds::of_all(filters) else {
            return UnionExec::try_new(
                self.plans(state, parts, projection, filters, limit, left_out)?,
            );
        };
        let (within, across) = parts.split(bounds);
        let mut plans = Vec::new();
        if !within.is_empty() || across.is_empty() {
            let counted = match within.files.is_empty() {
                true => LeftOut::default(),
                false => std::mem::take(&mut left_out),
            };
            plans = self.plans(state, within, projection, filters, limit, counted)?;
        }
        if !across.is_empty() {
            plans.push(self.filtered(state, across, projection, filters, left_out)?);
        }
        UnionExec::try_new(plans)
    }
}

impl LakeTable {
    /// Plans of memory rows and of files: together, the rows.
    fn plans(
        &self,
        state: &dyn Session,
        parts: Parts,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
        left_out: LeftOut,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let Parts { files, memory } = parts;
        let partitions = state.config().target_partitions();
        let mut plans = Vec::new();
        if !memory.is_empty() || files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.columns.arrow.project(columns)?),
                None => Arc::clone(&self.columns.arrow),
            };
            plans.push(self.memory_plan(&memory, &schema, partitions)?);
        }
        if !files.is_empty() {
            let store = &self.store;
            state
                .runtime_env()
                .register_object_store(store.url.as_ref(), Arc::clone(&store.store));
            let scan = FileScan {
                table: &self.name,
                columns: &self.columns,
                store,
                projection: projection.cloned(),
                limit,
                in_order: false,
                filtered: filters.iter().any(|f| TimeBounds::of(f).is_none()),
                calls: self.calls.clone(),
                left_out,
            };
            plans.push(scan.plan(groups(files, partitions), Some(state))?);
        }
        Ok(plans)
    }

    /// The rows within the filters' bounds of event times.
    fn filtered(
        &self,
        state: &dyn Session,
        parts: Parts,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        left_out: LeftOut,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let time = self.columns.arrow.index_of(TIME)?;
        let wanted = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.columns.arrow.fields().len()).collect(),
        };
        let mut read = wanted.clone();
        if !read.contains(&time) {
            read.push(time);
        }
        let schema = DFSchema::try_from(Arc::new(self.columns.arrow.project(&read)?))?;
        let bounds = filters.iter().filter(|f| TimeBounds::of(f).is_some());
        let Some(filter) = conjunction(bounds.cloned()) else {
            return UnionExec::try_new(
                self.plans(state, parts, projection, filters, None, left_out)?,
            );
        };
        let filter = state.create_physical_expr(filter, &schema)?;
        let rows =
            UnionExec::try_new(self.plans(state, parts, Some(&read), filters, None, left_out)?)?;
        let kept = (read.len() > wanted.len()).then(|| (0..wanted.len()).collect());
        let filter = FilterExecBuilder::new(filter, rows).apply_projection(kept)?;
        Ok(Arc::new(filter.build()?))
    }
}

impl fmt::Debug for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeTable")
            .field("name", &self.name)
            .field("files", &self.snapshot.files.len())
            .field("memory_batches", &self.snapshot.memory.len())
            .finish()
    }
}

/// A scan over data files of one table. The only place that builds a Parquet source: one that
/// carries its own codec for distributed plans goes in here.
pub(crate) struct FileScan<'a> {
    pub(crate) table: &'a str,
    pub(crate) columns: &'a Columns,
    pub(crate) store: &'a TableStore,
    pub(crate) projection: Option<Vec<usize>>,
    pub(crate) limit: Option<usize>,
    /// Whether each group must come out file by file, unsplit, in the order given.
    pub(crate) in_order: bool,
    /// Whether rows will be left out for more than their time.
    pub(crate) filtered: bool,
    /// What the filters' functions mean.
    pub(crate) calls: Option<Arc<dyn TextCalls>>,
    /// What was left out before, for the plan's metrics.
    pub(crate) left_out: LeftOut,
}

/// What a scan does not read, by why.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LeftOut {
    /// All of the table's files.
    files: usize,
    files_by_time: usize,
    files_by_index: usize,
    groups_by_index: usize,
}

impl LeftOut {
    /// Counts into a plan's metrics, under names that whoever explains a query knows.
    fn count(self, metrics: &ExecutionPlanMetricsSet) {
        let counts = [
            ("files_total", self.files),
            ("files_pruned_time", self.files_by_time),
            ("files_pruned_index", self.files_by_index),
            ("row_groups_pruned_index", self.groups_by_index),
        ];
        for (name, count) in counts {
            MetricBuilder::new(metrics).counter(name, 0).add(count);
        }
    }
}

impl FileScan<'_> {
    /// The plan; with a session, what it knows of files that it read before is used.
    pub(crate) fn plan(
        &self,
        groups: Vec<Vec<FilePart>>,
        state: Option<&dyn Session>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = &self.columns.arrow;
        let complete = |source: ParquetSource| match state {
            Some(state) => {
                let metadata = state.runtime_env().cache_manager.get_file_metadata_cache();
                let store = Arc::clone(&self.store.store);
                let factory = CachedParquetFileReaderFactory::new(store, metadata);
                source.with_parquet_file_reader_factory(Arc::new(factory))
            }
            None => source,
        };
        let source: Arc<dyn FileSource> = if self.filtered {
            let calls = self.calls.clone();
            Arc::new(ViewSource::new(schema, calls, complete)?)
        } else {
            Arc::new(complete(ParquetSource::new(Arc::clone(schema))))
        };
        self.left_out.count(source.metrics());
        let count: usize = groups.iter().map(Vec::len).sum();
        let with_statistics = count * schema.fields().len() <= FILE_STATISTICS_MAX;
        let mut statistics = self.statistics(groups.iter().flatten().map(|part| &part.file));
        if groups.iter().flatten().any(|part| part.access.is_some()) {
            statistics = statistics.to_inexact();
        }
        let groups = groups
            .into_iter()
            .map(|files| {
                let files = files
                    .into_iter()
                    .map(|f| self.partitioned(f, with_statistics));
                FileGroup::new(files.collect())
            })
            .collect();
        let config = FileScanConfigBuilder::new(self.store.url.clone(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_limit(self.limit)
            .with_preserve_order(self.in_order)
            .with_expr_adapter(Some(Arc::new(LakeAdapterFactory::new(self.columns))))
            .with_projection_indices(self.projection.clone())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn partitioned(&self, part: FilePart, with_statistics: bool) -> PartitionedFile {
        let FilePart { file, access } = part;
        let path = format!("{}/{}", self.table, file.name);
        let mut part = PartitionedFile::new(path, file.bytes);
        if with_statistics && access.is_none() {
            part = part.with_statistics(Arc::new(self.statistics(std::iter::once(&file))));
        }
        if let Some(access) = access {
            part = part.with_extension(access);
        }
        // Holds the file on disk until the plan is gone, whatever compaction does meanwhile.
        part.with_extension(FileLease(file))
    }

    /// Row counts are exact; event times are not (a log keeps milliseconds).
    fn statistics<'f>(&self, files: impl Iterator<Item = &'f Arc<DataFile>>) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.columns.arrow);
        let mut rows = Some(0_u64);
        let mut bytes = 0;
        let mut time: Option<Option<(i64, i64)>> = None;
        for file in files {
            rows = rows.filter(|_| file.rows > 0).map(|rows| rows + file.rows);
            bytes += file.bytes;
            time = Some(match time {
                None => file.time,
                Some(before) => before
                    .zip(file.time)
                    .map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))),
            });
        }
        if let Some(rows) = rows {
            statistics.num_rows = Precision::Exact(rows as usize);
        }
        statistics.total_byte_size = Precision::Inexact(bytes as usize);
        if let (Some(Some((min, max))), Ok(at)) = (time, self.columns.arrow.index_of(TIME)) {
            let scalar = |us| ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()));
            let column = &mut statistics.column_statistics[at];
            column.min_value = Precision::Inexact(scalar(min));
            column.max_value = Precision::Inexact(scalar(max));
        }
        statistics
    }
}

/// Keeps a [`DataFile`] counted as in use.
struct FileLease(#[allow(dead_code, reason = "held, never read")] Arc<DataFile>);

/// Event-time ranges of files or batches, for pruning.
struct TimeRanges(Vec<Option<(i64, i64)>>);

impl TimeRanges {
    fn bound(&self, column: &Column, pick: fn((i64, i64)) -> i64) -> Option<ArrayRef> {
        if column.name != TIME {
            return None;
        }
        let values = self.0.iter().map(|range| range.map(pick));
        Some(Arc::new(
            TimestampMicrosecondArray::from_iter(values).with_timezone("UTC"),
        ))
    }
}

impl PruningStatistics for TimeRanges {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |(min, _)| min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |(_, max)| max)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        (column.name == TIME)
            .then(|| Arc::new(UInt64Array::from_value(0, self.0.len())) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(
        &self,
        _column: &Column,
        _values: &std::collections::HashSet<ScalarValue>,
    ) -> Option<BooleanArray> {
        None
    }
}
