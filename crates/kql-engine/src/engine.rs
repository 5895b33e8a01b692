//! The engine: sessions with a shared memory pool, and running one query under its limits.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{FutureExt as _, StreamExt as _};
use kql::plan::Query;
use kql::types::Type;

use crate::error::{EngineError, Result};
use crate::lowering::{Lowered, Lowering};
use crate::optimiser;
use crate::profile::Profile;
use crate::result::{QueryResult, ResultTable, Statistics};
use crate::table_source::TableSource;
use crate::yielding::YieldAfterMany;

/// Rows of a batch between operators: with half as many, reading takes up to a sixth longer.
const BATCH_ROWS: usize = 16_384;

/// Up to this size a join's smaller side is made once, not in each partition.
const BROADCAST_BYTES_MAX: usize = 64 << 20;
const BROADCAST_ROWS_MAX: usize = 1_000_000;

/// How an engine uses the machine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Memory all queries together may use.
    pub memory_bytes: usize,
    /// Partitions one query runs in: about the number of cores.
    pub target_partitions: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 2 << 30,
            target_partitions: std::thread::available_parallelism().map_or(4, usize::from),
        }
    }
}

/// Bounds of one query.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Wall-clock time, lowering included.
    pub timeout: Duration,
    /// Rows of one result table; more are cut and `truncated` is set.
    pub max_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(180),
            max_rows: 500_000,
        }
    }
}

/// What applies to one run besides the query.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Bounds.
    pub limits: Limits,
    /// Only rows with `TimeGenerated` in `[from, to)`, in ticks of 100 ns since 0001-01-01, of every table that has
    /// the column.
    pub time_range: Option<(i64, i64)>,
}

/// Runs queries. Cheap to share; all queries draw on one memory pool.
///
/// Planning recurses as deep as the query is nested. Run it on threads with a stack of 32 MB or more (a tokio
/// runtime's `thread_stack_size`): generated queries nest hundreds of operators.
pub struct Engine {
    options: EngineOptions,
    runtime: Arc<RuntimeEnv>,
    /// Rows of a batch, where not left to DataFusion.
    batch_rows: Option<usize>,
    optimised: bool,
}

impl Engine {
    /// An engine with its own memory pool.
    ///
    /// # Errors
    /// When the runtime cannot be set up.
    pub fn new(options: EngineOptions) -> Result<Self> {
        let pool = Arc::new(FairSpillPool::new(options.memory_bytes));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .build_arc()?;
        Ok(Self {
            options,
            runtime,
            batch_rows: None,
            optimised: true,
        })
    }

    /// The engine without the rewrites that only save time. Its answers are the same, which is what it is for:
    /// to find the rewrite that changes one.
    #[must_use]
    pub fn unoptimised(mut self) -> Self {
        self.optimised = false;
        self
    }

    /// The engine with at most so many rows in a batch between operators (at least one). Answers are the same.
    #[must_use]
    pub fn with_batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = Some(rows.max(1));
        self
    }

    /// Runs a query. Dropping the future cancels it.
    ///
    /// # Errors
    /// See [`EngineError`]; a panic inside becomes [`EngineError::Internal`].
    pub async fn run(
        &self,
        query: &Query,
        tables: &dyn TableSource,
        options: &RunOptions,
    ) -> Result<QueryResult> {
        self.guarded(options, self.run_unguarded(query, tables, options))
            .await
    }

    /// Runs a query and tells how: what was read and left out, and the time of each operator. Of the rows only their
    /// number is kept.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn profile(
        &self,
        query: &Query,
        tables: &dyn TableSource,
        options: &RunOptions,
    ) -> Result<Profile> {
        self.guarded(options, async {
            let started = Instant::now();
            let session = self.session(query);
            let lowered = self
                .lowering(&session, tables, query, options)
                .lower_query()
                .await?;
            let mut profile = Profile {
                planning: started.elapsed(),
                ..Profile::default()
            };
            for part in &lowered {
                let planning = Instant::now();
                let plan = DataFrame::new(session.state(), part.plan.clone())
                    .create_physical_plan()
                    .await?;
                profile.planning += planning.elapsed();
                let running = Instant::now();
                let mut stream = execute_stream(Arc::clone(&plan), session.task_ctx())?;
                while let Some(batch) = stream.next().await {
                    batch?;
                }
                profile.execution += running.elapsed();
                profile.add(&plan);
            }
            Ok(profile)
        })
        .await
    }

    async fn guarded<T>(
        &self,
        options: &RunOptions,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let timeout = options.limits.timeout;
        let caught = AssertUnwindSafe(tokio::time::timeout(timeout, work))
            .catch_unwind()
            .await;
        match caught {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(EngineError::Timeout {
                seconds: timeout.as_secs_f64(),
            }),
            Err(panic) => {
                let what = panic
                    .downcast_ref::<&str>()
                    .map(ToString::to_string)
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                tracing::error!(panic = what.as_deref().unwrap_or("?"), "a query panicked");
                Err(EngineError::Internal(
                    what.unwrap_or_else(|| "panic".to_owned()),
                ))
            }
        }
    }

    async fn run_unguarded(
        &self,
        query: &Query,
        tables: &dyn TableSource,
        options: &RunOptions,
    ) -> Result<QueryResult> {
        let started = Instant::now();
        let session = self.session(query);
        let lowered = self
            .lowering(&session, tables, query, options)
            .lower_query()
            .await?;
        let mut result = QueryResult {
            tables: Vec::new(),
            truncated: false,
            stats: Statistics::default(),
        };
        for (idx, part) in lowered.into_iter().enumerate() {
            let (batches, cut) =
                fetch(&session, part.plan.clone(), options.limits.max_rows).await?;
            let name = if idx == 0 {
                "PrimaryResult".to_owned()
            } else {
                format!("Table_{idx}")
            };
            let table = result_table(name, &part, batches)?;
            result.stats.rows += table.n_rows();
            result.truncated |= cut;
            result.tables.push(table);
        }
        result.stats.elapsed = started.elapsed();
        Ok(result)
    }

    fn lowering<'q>(
        &self,
        session: &SessionContext,
        tables: &'q dyn TableSource,
        query: &'q Query,
        options: &RunOptions,
    ) -> Lowering<'q> {
        let lowering = Lowering::new(session.clone(), tables, query, options.time_range);
        if self.optimised {
            lowering.with_partitions(self.options.target_partitions)
        } else {
            lowering.without_stored_forms().without_fused_calls()
        }
    }

    fn session(&self, query: &Query) -> SessionContext {
        // One partition keeps row order between operators without sorting again.
        let partitions = if crate::lowering::depends_on_order(query) {
            1
        } else {
            self.options.target_partitions
        };
        let mut config = SessionConfig::new()
            .with_target_partitions(partitions.max(1))
            .with_batch_size(self.batch_rows.unwrap_or(BATCH_ROWS));
        let options = config.options_mut();
        options.execution.parquet.schema_force_view_types = false;
        options.execution.parquet.pushdown_filters = true;
        // Plans come out of the lowering nearly final: further passes cost as much as the first and
        // change nothing. Rules run hundreds of times a day over small windows.
        options.optimizer.max_passes = 1;
        // Nullability differs harmlessly between logical and physical plans of our expressions.
        options.execution.skip_physical_aggregate_schema_check = true;
        // A join's smaller side is mostly small: one table of it for all partitions saves dealing out the larger one.
        options.optimizer.hash_join_single_partition_threshold = BROADCAST_BYTES_MAX;
        options.optimizer.hash_join_single_partition_threshold_rows = BROADCAST_ROWS_MAX;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.runtime))
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(YieldAfterMany))
            .build();
        let session = SessionContext::new_with_state(state);
        if !self.optimised {
            return optimiser::unoptimised(&session);
        }
        optimiser::in_service(&session);
        session
    }
}

async fn fetch(
    session: &SessionContext,
    plan: LogicalPlan,
    max_rows: usize,
) -> Result<(Vec<RecordBatch>, bool)> {
    let mut stream = DataFrame::new(session.state(), plan)
        .execute_stream()
        .await?;
    let mut batches = Vec::new();
    let mut left = max_rows;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if batch.num_rows() > left {
            if left > 0 {
                batches.push(batch.slice(0, left));
            }
            return Ok((batches, true));
        }
        left -= batch.num_rows();
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok((batches, false))
}

fn result_table(name: String, part: &Lowered, batches: Vec<RecordBatch>) -> Result<ResultTable> {
    let columns: Vec<(String, Type)> = part
        .columns
        .iter()
        .map(|c| (c.name.clone(), c.ty))
        .collect();
    let mut named = Vec::with_capacity(batches.len());
    for batch in batches {
        let arrays = columns
            .iter()
            .enumerate()
            .map(|(idx, (name, _))| (name.clone(), Arc::clone(batch.column(idx))))
            .collect();
        named.push(crate::staging::named_batch(arrays, batch.num_rows())?);
    }
    Ok(ResultTable {
        name,
        columns,
        batches: named,
    }
    .settle_types())
}
