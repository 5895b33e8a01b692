//! Operators over collected rows: running them apart from the runtime's threads, once for each run of an enclosing
//! subquery, and stopping them with the query.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take, take_record_batch};
use arrow::row::{RowConverter, SortField};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};

use super::{Lowering, build, column, names};
use crate::error::{EngineError, Result};
use crate::operators::rows::Cancel;
use crate::staging::{batch_plan, with_columns};

impl Lowering<'_> {
    /// Collects a plan's rows with more columns computed over them.
    pub(super) async fn collect_with(
        &mut self,
        plan: LogicalPlan,
        more: Vec<DfExpr>,
    ) -> Result<RecordBatch> {
        let mut exprs: Vec<DfExpr> = names(&plan).into_iter().map(column).collect();
        exprs.extend(more);
        if exprs.is_empty() {
            return self.staging.collect(plan).await;
        }
        let plan = build(LogicalPlanBuilder::from(plan).project(exprs)?)?;
        self.staging.collect(plan).await
    }

    /// Runs `work` over the rows; inside of a subquery that is run per row or key, once for each run.
    pub(super) async fn per_run<F>(&self, batch: RecordBatch, work: F) -> Result<LogicalPlan>
    where
        F: Fn(&RecordBatch, &Cancel) -> Result<RecordBatch> + Send + 'static,
    {
        let known = |scope: &&String| batch.column_by_name(scope).is_some();
        let scopes: Vec<String> = self.scopes.iter().filter(known).cloned().collect();
        let out = apart(move |cancel| {
            if scopes.is_empty() {
                return work(&batch, cancel);
            }
            let mut pieces = Vec::new();
            for rows in runs(&batch, &scopes)? {
                cancel.check()?;
                let piece = take_record_batch(&batch, &rows)?;
                let made = work(&piece, cancel)?;
                pieces.push(numbered(&piece, made, &scopes)?);
            }
            if pieces.is_empty() {
                let made = work(&batch, cancel)?;
                pieces.push(numbered(&batch, made, &scopes)?);
            }
            let schema = pieces
                .first()
                .map(RecordBatch::schema)
                .unwrap_or_else(|| batch.schema());
            Ok(concat_batches(&schema, &pieces)?)
        })
        .await?;
        self.staging.keep(&out)?;
        batch_plan(out)
    }
}

/// Runs `work` on a thread where it may take its time; it is told when the query is dropped.
pub(super) async fn apart<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Cancel) -> Result<T> + Send + 'static,
{
    let cancel = Cancel::default();
    let _guard = cancel.on_drop();
    let seen = cancel.clone();
    match tokio::task::spawn_blocking(move || work(&seen)).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(stopped) => Err(EngineError::Internal(stopped.to_string())),
        },
    }
}

/// The rows of each run, in order.
pub(super) fn runs(batch: &RecordBatch, scopes: &[String]) -> Result<Vec<UInt32Array>> {
    let columns: Vec<ArrayRef> = scopes
        .iter()
        .filter_map(|scope| batch.column_by_name(scope).cloned())
        .collect();
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let converted = RowConverter::new(fields)?.convert_columns(&columns)?;
    let mut seen = std::collections::HashMap::new();
    let mut found: Vec<Vec<u32>> = Vec::new();
    for row in 0..batch.num_rows() {
        let at = *seen.entry(converted.row(row).owned()).or_insert_with(|| {
            found.push(Vec::new());
            found.len() - 1
        });
        if let Some(rows) = found.get_mut(at) {
            rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }
    Ok(found.into_iter().map(UInt32Array::from).collect())
}

/// What was made of a run's rows, with the run's number in every row.
pub(super) fn numbered(
    run: &RecordBatch,
    made: RecordBatch,
    scopes: &[String],
) -> Result<RecordBatch> {
    let missing = |scope: &&String| made.column_by_name(scope).is_none();
    let first = if run.num_rows() > 0 { Some(0) } else { None };
    let picks = UInt32Array::from(vec![first; made.num_rows()]);
    let mut more = Vec::new();
    for scope in scopes.iter().filter(missing) {
        if let Some(number) = run.column_by_name(scope) {
            more.push((scope.clone(), take(number, &picks, None)?));
        }
    }
    with_columns(&made, more)
}
