//! Rows that are computed once and read again: `materialize`, window functions, and plans whose schema depends
//! on the data. They count against the memory limit for as long as the query runs.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{collect, collect_partitioned};
use datafusion::prelude::SessionContext;

use crate::error::{EngineError, Result};

/// Runs parts of a query and keeps count of what their rows occupy.
pub(crate) struct Staging {
    session: SessionContext,
    /// Partitions that a part runs in when nothing in it reads rows in the order of an earlier one.
    partitions: usize,
    reservation: MemoryReservation,
}

impl Staging {
    pub(crate) fn new(session: SessionContext) -> Self {
        let pool = Arc::clone(&session.runtime_env().memory_pool);
        let reservation = MemoryConsumer::new("rows kept between stages").register(&pool);
        Self {
            partitions: session.state().config().target_partitions(),
            session,
            reservation,
        }
    }

    /// Lets parts run in so many partitions where the query as a whole runs in one.
    pub(crate) fn with_partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// Whether parts can run in more partitions than the query.
    pub(crate) fn has_more_partitions(&self) -> bool {
        self.partitions > self.session.state().config().target_partitions()
    }

    /// Runs a plan to its end, as one batch in row order.
    ///
    /// # Errors
    /// Whatever the run gives, and the memory limit.
    pub(crate) async fn collect(&self, plan: LogicalPlan) -> Result<RecordBatch> {
        self.collect_in(self.session.state(), plan).await
    }

    /// Runs a plan that ends in a sort and reads no order below it, as [`Staging::collect`] does.
    ///
    /// # Errors
    /// As for [`Staging::collect`].
    pub(crate) async fn collect_sorted(&self, plan: LogicalPlan) -> Result<RecordBatch> {
        let state = self.session.state();
        let config = state.config().clone();
        let config = config.with_target_partitions(self.partitions);
        let state = SessionStateBuilder::new_from_existing(state).with_config(config);
        self.collect_in(state.build(), plan).await
    }

    async fn collect_in(&self, state: SessionState, plan: LogicalPlan) -> Result<RecordBatch> {
        let schema: SchemaRef = Arc::clone(plan.schema().inner());
        let batches = DataFrame::new(state, plan).collect().await?;
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        let bytes: usize = batches.iter().map(used_bytes).sum();
        self.reservation
            .try_grow(bytes)
            .map_err(EngineError::from)?;
        Ok(concat_batches(&schema, &batches)?)
    }

    /// Runs a plan to its end, as one part for each partition of the session. Rows with equal values in the first
    /// `n_keys` columns are in one part; every part has a batch.
    ///
    /// # Errors
    /// Whatever the run gives, and the memory limit.
    pub(crate) async fn collect_by_keys(
        &self,
        plan: LogicalPlan,
        n_keys: usize,
    ) -> Result<Vec<Vec<RecordBatch>>> {
        let (state, task) = (self.session.state(), self.session.task_ctx());
        let n_parts = state.config().target_partitions();
        let plan = DataFrame::new(state, plan).create_physical_plan().await?;
        let schema = plan.schema();
        let mut parts = if n_keys == 0 || n_parts == 1 {
            vec![collect(plan, task).await?]
        } else {
            let keys = schema.fields().iter().take(n_keys).enumerate();
            let keys = keys.map(|(idx, key)| Arc::new(Column::new(key.name(), idx)) as _);
            // Wrapped around the finished plan: its optimiser takes out what nobody in it asks for.
            let parts = Partitioning::Hash(keys.collect(), n_parts);
            collect_partitioned(Arc::new(RepartitionExec::try_new(plan, parts)?), task).await?
        };
        for part in &mut parts {
            if part.is_empty() {
                part.push(RecordBatch::new_empty(Arc::clone(&schema)));
            }
        }
        let bytes: usize = parts.iter().flatten().map(used_bytes).sum();
        self.reservation
            .try_grow(bytes)
            .map_err(EngineError::from)?;
        Ok(parts)
    }

    /// Counts rows that were made otherwise.
    ///
    /// # Errors
    /// The memory limit.
    pub(crate) fn keep(&self, batch: &RecordBatch) -> Result<()> {
        self.reservation
            .try_grow(batch.get_array_memory_size())
            .map_err(EngineError::from)
    }
}

/// Bytes of a batch's own rows: it may be a slice of a larger one, whose other slices are counted by themselves.
fn used_bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    let bytes = columns.map(|column| {
        let used = column.to_data().get_slice_memory_size();
        used.unwrap_or_else(|_| column.get_array_memory_size())
    });
    bytes.sum()
}

/// A plan that reads a batch.
///
/// # Errors
/// For a batch with two columns of one name.
pub(crate) fn batch_plan(batch: RecordBatch) -> Result<LogicalPlan> {
    parts_plan(batch.schema(), vec![vec![batch]])
}

/// A plan that reads batches of a schema in as many partitions. There is no order among the rows of different ones: it
/// is for rows that have none.
///
/// # Errors
/// For batches with two columns of one name.
pub(crate) fn parts_plan(schema: SchemaRef, parts: Vec<Vec<RecordBatch>>) -> Result<LogicalPlan> {
    let table = MemTable::try_new(schema, parts)?;
    let scan =
        LogicalPlanBuilder::scan("rows", provider_as_source(Arc::new(table)), None)?.build()?;
    let columns = scan
        .schema()
        .columns()
        .into_iter()
        .map(|c| {
            let name = c.name.clone();
            datafusion::logical_expr::Expr::Column(c).alias(name)
        })
        .collect::<Vec<_>>();
    Ok(LogicalPlanBuilder::from(scan).project(columns)?.build()?)
}

/// The batch with more columns at its end.
///
/// # Errors
/// For columns of another length.
pub(crate) fn with_columns(
    batch: &RecordBatch,
    more: Vec<(String, ArrayRef)>,
) -> Result<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(f, c)| (f.name().clone(), Arc::clone(c)))
        .collect();
    columns.extend(more);
    named_batch(columns, batch.num_rows())
}

/// A batch of these columns, all nullable.
///
/// # Errors
/// For columns of different lengths.
pub(crate) fn named_batch(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<RecordBatch> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, c)| Field::new(name, c.data_type().clone(), true))
        .collect();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    let arrays = columns.into_iter().map(|(_, c)| c).collect();
    Ok(RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        arrays,
        &options,
    )?)
}
