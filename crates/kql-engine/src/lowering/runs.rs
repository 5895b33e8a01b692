//! What is planned and run once for each of several values: `partition by x { ... }`, and inside of a subquery the
//! operators that need their rows apart from those of other runs.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::compute::{cast, concat, take_record_batch};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, ExprKind, PluginArg, Rel};
use kql::types::Type;

use super::collected::{numbered, runs};
use super::{Lowering, build, has, missing, missing_value, name, parse_extra};
use crate::error::{EngineError, Result};
use crate::operators::make_series::column as take_column;
use crate::staging::{batch_plan, named_batch};
use crate::values::{ColumnBuilder, Datum, arrow_type};

/// Most values `partition by x { ... }` runs its query for ("partition operator", legacy strategy).
const PARTITIONS_MAX: usize = 64;

impl<'q> Lowering<'q> {
    /// `partition by x { query }`: the query for each value of a column of the input.
    pub(super) async fn partition_query(
        &mut self,
        rel: &'q Rel,
        input: &'q Rel,
        args: &'q [PluginArg],
    ) -> Result<LogicalPlan> {
        let [
            PluginArg::Expr(key),
            PluginArg::Expr(value),
            PluginArg::Rel(query),
        ] = args
        else {
            return Err(EngineError::Internal("not a partition".into()));
        };
        let (ExprKind::Column(key_id), ExprKind::Column(parameter)) = (&key.kind, &value.kind)
        else {
            return Err(EngineError::Internal("a partition without a key".into()));
        };
        let plan = self.lower(input).await?;
        let found = self.fresh("v");
        let column = if has(&plan, &name(*key_id)) {
            self.expr(key)?
        } else {
            missing(key.ty)
        };
        let values = LogicalPlanBuilder::from(plan).project([column.alias(found.clone())])?;
        let batch = self.staging.collect(build(values.distinct()?)?).await?;
        if batch.num_rows() > PARTITIONS_MAX {
            let what =
                format!("partition has more than {PARTITIONS_MAX} values to run its query for");
            return Err(EngineError::BadArgument {
                what,
                span: key.span,
            });
        }
        let values = take_column(&batch, &found)?;
        let mut pieces = Vec::new();
        for row in 0..values.len() {
            let mut value = ScalarValue::try_from_array(&values, row)?;
            if value.is_null() {
                value = missing_value(key.ty);
            }
            pieces.push(self.with_parameter(*parameter, value, query).await?);
        }
        together(rel, &pieces, &[])
    }

    /// The rows of a query that reads a value.
    async fn with_parameter(
        &mut self,
        parameter: ColumnId,
        value: ScalarValue,
        query: &'q Rel,
    ) -> Result<RecordBatch> {
        // What the query shares may depend on the value, too.
        let shared = self.materialized.clone();
        self.parameters.insert(parameter, value);
        let lowered = self.lower(query).await;
        self.parameters.remove(&parameter);
        self.materialized = shared;
        let plan = self.drop_raw(lowered?)?;
        self.staging.collect(plan).await
    }

    /// An operator inside of a subquery, once for the rows of each of the subquery's runs.
    pub(super) async fn run_by_run(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        let input = self.sub_inputs.last().cloned();
        let input = input.ok_or_else(|| EngineError::Internal("a subquery has no input".into()))?;
        let scopes: Vec<String> = self
            .scopes
            .iter()
            .filter(|s| has(&input, s))
            .cloned()
            .collect();
        let batch = self.staging.collect(input).await?;
        let outside = std::mem::take(&mut self.scopes);
        let mut pieces = Vec::new();
        let mut failed = None;
        for rows in runs(&batch, &scopes)? {
            let run = take_record_batch(&batch, &rows)?;
            match self.one_run(rel, &run, &scopes).await {
                Ok(made) => pieces.push(numbered(&run, made, &scopes)?),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        self.scopes = outside;
        match failed {
            Some(error) => Err(error),
            None => together(rel, &pieces, &scopes),
        }
    }

    async fn one_run(
        &mut self,
        rel: &'q Rel,
        run: &RecordBatch,
        scopes: &[String],
    ) -> Result<RecordBatch> {
        let schema = run.schema();
        let columns = schema.fields().iter().zip(run.columns());
        let kept = columns.filter(|(field, _)| !scopes.contains(field.name()));
        let kept = kept.map(|(field, array)| (field.name().clone(), Arc::clone(array)));
        let rows = batch_plan(named_batch(kept.collect(), run.num_rows())?)?;
        let shared = self.materialized.clone();
        self.sub_inputs.push(rows);
        let lowered = self.lower(rel).await;
        self.sub_inputs.pop();
        self.materialized = shared;
        let plan = self.drop_raw(lowered?)?;
        self.staging.collect(plan).await
    }
}

/// The rows of several runs of one operator, in its columns. Not each run has each of the run-time columns.
fn together(rel: &Rel, pieces: &[RecordBatch], scopes: &[String]) -> Result<LogicalPlan> {
    let mut wanted: Vec<(String, Type)> = scopes.iter().map(|s| (s.clone(), Type::Long)).collect();
    wanted.extend(
        rel.columns
            .iter()
            .map(|column| (name(column.id), column.ty)),
    );
    for piece in pieces {
        for field in piece.schema().fields() {
            let known = wanted.iter().any(|(key, _)| key == field.name());
            if let Some((ty, _)) = parse_extra(field.name()).filter(|_| !known) {
                wanted.push((field.name().clone(), ty));
            }
        }
    }
    let mut done = std::collections::HashSet::new();
    wanted.retain(|(key, _)| done.insert(key.clone()));
    let mut columns = Vec::with_capacity(wanted.len());
    for (key, ty) in wanted {
        let arrays = pieces.iter().map(|piece| match piece.column_by_name(&key) {
            Some(array) => Ok(cast(array, &arrow_type(ty))?),
            None => Ok(nulls(ty, piece.num_rows())),
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>>>()?;
        let arrays: Vec<&dyn arrow::array::Array> = arrays.iter().map(AsRef::as_ref).collect();
        let column = match arrays.as_slice() {
            [] => nulls(ty, 0),
            arrays => concat(arrays)?,
        };
        columns.push((key, column));
    }
    let rows = pieces.iter().map(RecordBatch::num_rows).sum();
    batch_plan(named_batch(columns, rows)?)
}

fn nulls(ty: Type, rows: usize) -> ArrayRef {
    let mut column = ColumnBuilder::new(ty, rows);
    (0..rows).for_each(|_| column.push(&Datum::Null));
    column.finish()
}
