//! `make-series`: aggregated per key and bin by DataFusion, then laid out as arrays.

use std::sync::Arc;

use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use kql::plan::{Aggregate, Expr, Rel, RelOp};
use kql::types::Type;

use super::expression::lit;
use super::{Lowering, build, column, name, names};
use crate::error::{EngineError, Result};
use crate::operators::make_series::{Axis, assemble, column as take_column};
use crate::staging::{batch_plan, named_batch, with_columns};
use crate::values::{ColumnBuilder, Datum, Reader};

impl<'q> Lowering<'q> {
    pub(super) async fn make_series(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        let RelOp::MakeSeries {
            input,
            aggregates,
            axis,
            axis_column,
            from,
            to,
            step,
            keys,
        } = &rel.op
        else {
            return Err(EngineError::Internal("not a make-series".into()));
        };
        let plan = self.lower(input).await?;
        // The axis value becomes a column; rows are kept because the axis may depend on them.
        let axis_name = self.fresh("v");
        let mut exprs: Vec<DfExpr> = names(&plan).into_iter().map(column).collect();
        exprs.push(self.expr(axis)?.alias(axis_name.clone()));
        let batch = self
            .staging
            .collect(build(LogicalPlanBuilder::from(plan).project(exprs)?)?)
            .await?;
        let axis_array = take_column(&batch, &axis_name)?;
        let reader = Reader::new(axis.ty, &axis_array, false)?;
        let step_value = self.datum(step)?;
        let start = match from {
            Some(from) => self.datum(from)?,
            None => least(&reader, batch.num_rows(), &step_value),
        };
        let (end, inclusive) = match to {
            Some(to) => (self.datum(to)?, false),
            None => (greatest(&reader, batch.num_rows()), true),
        };
        if start.is_null() || end.is_null() {
            return self.empty_series(rel);
        }
        let line = Axis::new(axis.ty, start, &end, inclusive, step_value)?;
        let mut bins = ColumnBuilder::new(Type::Long, batch.num_rows());
        for row in 0..batch.num_rows() {
            let bin = line
                .bin(&reader.get(row))
                .and_then(|b| i64::try_from(b).ok());
            bins.push(&bin.map_or(Datum::Null, Datum::Long));
        }
        let bin_name = self.fresh("b");
        let rows = batch_plan(with_columns(
            &batch,
            vec![(bin_name.clone(), bins.finish())],
        )?)?;
        let grouped = self
            .aggregate_bins(rows, keys, aggregates, &bin_name)
            .await?;
        let key_arrays = keys
            .iter()
            .map(|(id, _)| take_column(&grouped, &name(*id)))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let mut series = Vec::new();
        for (aggregate, default) in aggregates {
            let output = aggregate
                .outputs
                .first()
                .ok_or_else(|| EngineError::Internal("an aggregate without output".into()))?;
            let array = take_column(&grouped, &name(output.id))?;
            let element = crate::values::arrow_type(Type::Long);
            let ty = match array.data_type() {
                ty if *ty == element => Type::Long,
                arrow::datatypes::DataType::Float64 => Type::Real,
                arrow::datatypes::DataType::Int32 => Type::Int,
                arrow::datatypes::DataType::Boolean => Type::Bool,
                _ => Type::Dynamic,
            };
            let default = match (ty, self.datum(default)?) {
                (Type::Real, Datum::Long(whole)) => {
                    Datum::Real(Datum::Long(whole).as_f64().unwrap_or_default())
                }
                (_, default) => default,
            };
            series.push((ty, array, default));
        }
        let (keys_out, arrays, n_rows) = assemble(
            &key_arrays,
            &take_column(&grouped, &bin_name)?,
            &series,
            &line,
            grouped.num_rows(),
        )?;
        let mut columns: Vec<(String, arrow::array::ArrayRef)> =
            keys.iter().map(|(id, _)| name(*id)).zip(keys_out).collect();
        for ((aggregate, _), array) in aggregates.iter().zip(arrays) {
            columns.extend(aggregate.outputs.first().map(|o| (name(o.id), array)));
        }
        let axis_text = line.json();
        let axis_values: arrow::array::StringArray =
            (0..n_rows).map(|_| Some(axis_text.as_str())).collect();
        columns.push((name(*axis_column), Arc::new(axis_values)));
        batch_plan(named_batch(columns, n_rows)?)
    }

    async fn aggregate_bins(
        &mut self,
        rows: LogicalPlan,
        keys: &[(kql::plan::ColumnId, Expr)],
        aggregates: &[(Aggregate, Expr)],
        bin: &str,
    ) -> Result<arrow::array::RecordBatch> {
        let mut groups = Vec::new();
        for (id, expr) in keys {
            groups.push(self.expr(expr)?.alias(name(*id)));
        }
        groups.push(column(bin));
        let mut calls = Vec::new();
        for (aggregate, _) in aggregates {
            let label = self.fresh("a");
            calls.push(self.aggregate(aggregate, &label, &rows)?);
        }
        let exprs: Vec<DfExpr> = if calls.is_empty() {
            vec![df::count(lit(ScalarValue::Int64(Some(1))))]
        } else {
            calls.iter().map(|c| c.expr.clone()).collect()
        };
        let plan = build(LogicalPlanBuilder::from(rows).aggregate(groups, exprs)?)?;
        let mut out: Vec<DfExpr> = keys
            .iter()
            .map(|(id, _)| column(name(*id)))
            .chain([column(bin)])
            .collect();
        for call in calls {
            out.extend(
                call.outputs
                    .into_iter()
                    .map(|(id, value)| value.alias(name(id))),
            );
        }
        self.staging
            .collect(build(LogicalPlanBuilder::from(plan).project(out)?)?)
            .await
    }

    fn empty_series(&self, rel: &Rel) -> Result<LogicalPlan> {
        let columns = rel
            .columns
            .iter()
            .map(|c| (name(c.id), ColumnBuilder::new(c.ty, 0).finish()))
            .collect();
        batch_plan(named_batch(columns, 0)?)
    }

    /// A constant as a value of its KQL type.
    pub(super) fn datum(&self, expr: &Expr) -> Result<Datum<'static>> {
        let array = self.constant(expr)?.to_array()?;
        Ok(Reader::new(expr.ty, &array, true)?.get(0).into_static())
    }
}

/// The first bin's start when none is given: the least value, rounded down to a multiple of the step.
fn least(reader: &Reader, rows: usize, step: &Datum<'_>) -> Datum<'static> {
    let best = (0..rows)
        .map(|row| reader.get(row))
        .filter(|v| !v.is_null())
        .min_by(order);
    match (best.map(Datum::into_static), step.as_i64()) {
        (Some(Datum::DateTime(v)), Some(s)) if s > 0 => Datum::DateTime(v - v.rem_euclid(s)),
        (Some(Datum::Long(v)), Some(s)) if s > 0 => Datum::Long(v - v.rem_euclid(s)),
        (found, _) => found.unwrap_or(Datum::Null),
    }
}

fn greatest(reader: &Reader, rows: usize) -> Datum<'static> {
    let best = (0..rows)
        .map(|row| reader.get(row))
        .filter(|v| !v.is_null())
        .max_by(order);
    best.map_or(Datum::Null, Datum::into_static)
}

pub(super) fn order(a: &Datum<'_>, b: &Datum<'_>) -> std::cmp::Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a
            .as_f64()
            .unwrap_or(f64::NAN)
            .total_cmp(&b.as_f64().unwrap_or(f64::NAN)),
    }
}
