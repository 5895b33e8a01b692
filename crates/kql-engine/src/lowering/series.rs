//! `make-series`: aggregated per key and bin by DataFusion, then laid out as arrays.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, Expr, Rel, RelOp, SeriesAggregate};
use kql::types::Type;

use super::aggregate::is_order_sensitive;
use super::collected::apart;
use super::expression::{kernel, lit};
use super::{Lowering, build, column, has, name, names};
use crate::error::{EngineError, Result};
use crate::operators::make_series::{Axis, Layout, Series, assemble, column as take_column, empty};
use crate::operators::rows::{ColumnRef, Groups};
use crate::staging::{batch_plan, named_batch, parts_plan, with_columns};
use crate::values::{ColumnBuilder, Datum, Reader};

/// Rows beside the bins they belong to.
struct Placed {
    rows: LogicalPlan,
    /// The column that says which of `lines`, where there may be several.
    line: Option<String>,
    bin: String,
    lines: Vec<Axis>,
}

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
            nonempty,
        } = &rel.op
        else {
            return Err(EngineError::Internal("not a make-series".into()));
        };
        let plan = self.lower(input).await?;
        let scopes: Vec<String> = self
            .scopes
            .iter()
            .filter(|s| has(&plan, s))
            .cloned()
            .collect();
        let bounds = Bounds {
            ty: axis.ty,
            from: from.as_ref().map(|from| self.datum(from)).transpose()?,
            to: to.as_ref().map(|to| self.datum(to)).transpose()?,
            step: self.datum(step)?,
        };
        let ordered = input.serialized && aggregates.iter().any(reads_order);
        let placed = match (bounds.known().filter(|_| !ordered), from) {
            (Some(line), Some(from)) => self.place_as_read(plan, line, [axis, from, step])?,
            _ => self.place_collected(plan, axis, &bounds, &scopes).await?,
        };
        let key_names: Vec<String> = scopes
            .iter()
            .cloned()
            .chain(keys.iter().map(|(id, _)| name(*id)))
            .collect();
        let no_keys = key_names.is_empty();
        let bins = self
            .aggregate_bins(&placed, &scopes, keys, aggregates)
            .await?;
        let layout = Layout {
            line: placed.line,
            keys: key_names,
            bin: placed.bin,
            series: self.series(aggregates)?,
            axis: name(*axis_column),
            lines: placed.lines,
        };
        let layout = Arc::new(layout);
        let parts = self.assembled(bins, &layout).await?;
        if *nonempty && no_keys && parts.iter().flatten().all(|batch| batch.num_rows() == 0) {
            return match bounds.line(std::iter::empty())? {
                Some(line) => batch_plan(empty(&layout.series, &layout.axis, &line)?),
                None => self.empty_series(rel),
            };
        }
        let schema = parts.iter().flatten().map(RecordBatch::schema).next();
        match schema {
            Some(schema) => parts_plan(schema, parts),
            None => self.empty_series(rel),
        }
    }

    /// The rows as they are read, where the query says where the axis starts and ends.
    fn place_as_read(
        &mut self,
        plan: LogicalPlan,
        line: Axis,
        [axis, from, step]: [&Expr; 3],
    ) -> Result<Placed> {
        let points = i64::try_from(line.points).unwrap_or(i64::MAX);
        let args = vec![
            (axis.ty, self.expr(axis)?),
            (from.ty, lit(self.constant(from)?)),
            (step.ty, lit(self.constant(step)?)),
            (Type::Long, lit(ScalarValue::Int64(Some(points)))),
        ];
        let place = kernel("op:series_bin", args, Type::Long, axis.span)?;
        let bin = self.fresh("b");
        let columns = names(&plan).into_iter().map(column);
        let columns = columns.chain([place.alias(bin.clone())]);
        Ok(Placed {
            rows: build(LogicalPlanBuilder::from(plan).project(columns)?)?,
            line: None,
            bin,
            lines: vec![line],
        })
    }

    /// The rows collected: where the axis starts and ends depends on them.
    async fn place_collected(
        &mut self,
        plan: LogicalPlan,
        axis: &Expr,
        bounds: &Bounds,
        scopes: &[String],
    ) -> Result<Placed> {
        let axis_name = self.fresh("v");
        let value = self.expr(axis)?.alias(axis_name.clone());
        let batch = self.collect_with(plan, vec![value]).await?;
        let (lines, [of_line, bins]) = lines(bounds, &batch, &axis_name, scopes)?;
        let (line, bin) = (self.fresh("g"), self.fresh("b"));
        let places = vec![(line.clone(), of_line), (bin.clone(), bins)];
        let rows = batch_plan(with_columns(&batch, places)?)?;
        let rows = LogicalPlanBuilder::from(rows).filter(column(&line).is_not_null())?;
        Ok(Placed {
            rows: build(rows)?,
            line: Some(line),
            bin,
            lines,
        })
    }

    /// The aggregates of the bins as series that are not laid out yet.
    fn series(&self, aggregates: &[SeriesAggregate]) -> Result<Vec<Series>> {
        let series = aggregates.iter().map(|series| {
            let output = series.aggregate.outputs.first();
            let output = output
                .ok_or_else(|| EngineError::Internal("an aggregate without output".into()))?;
            let empty = match (output.ty, self.datum(&series.default)?) {
                (Type::Real, whole @ (Datum::Int(_) | Datum::Long(_))) => {
                    Datum::Real(whole.as_f64().unwrap_or_default())
                }
                (_, default) => default,
            };
            Ok(Series {
                name: name(output.id),
                ty: output.ty,
                empty: crate::values::dynamic::to_json(&empty).to_string(),
            })
        });
        series.collect()
    }

    /// The series of each part of the bins.
    async fn assembled(
        &self,
        bins: Vec<Vec<RecordBatch>>,
        layout: &Arc<Layout>,
    ) -> Result<Vec<Vec<RecordBatch>>> {
        let parts = bins.into_iter().map(|bins| {
            let layout = Arc::clone(layout);
            apart(move |cancel| Ok(assemble(&bins, &layout, cancel)?))
        });
        let parts = futures::future::try_join_all(parts).await?;
        for batch in parts.iter().flatten() {
            self.staging.keep(batch)?;
        }
        Ok(parts)
    }

    /// One row per line, key and bin, with the aggregates; those of one series are in one part.
    async fn aggregate_bins(
        &mut self,
        placed: &Placed,
        scopes: &[String],
        keys: &[(ColumnId, Expr)],
        aggregates: &[SeriesAggregate],
    ) -> Result<Vec<Vec<RecordBatch>>> {
        let rows = placed.rows.clone();
        let identity = placed.line.iter().chain(scopes);
        let mut groups: Vec<DfExpr> = identity.clone().map(column).collect();
        groups.push(column(&placed.bin));
        for (id, expr) in keys {
            groups.push(self.expr(expr)?.alias(name(*id)));
        }
        let mut calls = Vec::new();
        for series in aggregates {
            let inner = match series.inner.as_slice() {
                [] => std::slice::from_ref(&series.aggregate),
                inner => inner,
            };
            for aggregate in inner {
                let label = self.fresh("a");
                calls.push(self.aggregate(aggregate, &label, &rows)?);
            }
        }
        let exprs: Vec<DfExpr> = if calls.is_empty() {
            vec![df::count(lit(ScalarValue::Int64(Some(1))))]
        } else {
            calls.iter().map(|c| c.expr.clone()).collect()
        };
        let plan = build(LogicalPlanBuilder::from(rows).aggregate(groups, exprs)?)?;
        let identity = identity
            .cloned()
            .chain(keys.iter().map(|(id, _)| name(*id)));
        let mut kept: Vec<DfExpr> = identity.map(column).collect();
        let n_identity = kept.len();
        kept.push(column(&placed.bin));
        let outputs = calls.into_iter().flat_map(|call| call.outputs);
        let outputs = outputs.map(|(id, value)| value.alias(name(id)));
        let plan =
            build(LogicalPlanBuilder::from(plan).project(kept.iter().cloned().chain(outputs))?)?;
        let mut values = Vec::new();
        for series in aggregates {
            let output = series
                .aggregate
                .outputs
                .first()
                .map(|output| name(output.id));
            let output = output.unwrap_or_default();
            values.push(match series.aggregate.args.first() {
                Some(expression) if !series.inner.is_empty() => {
                    self.expr(expression)?.alias(output)
                }
                _ => column(output),
            });
        }
        let plan = LogicalPlanBuilder::from(plan).project(kept.into_iter().chain(values))?;
        self.staging.collect_by_keys(build(plan)?, n_identity).await
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

/// What the query says about the axis.
struct Bounds {
    ty: Type,
    from: Option<Datum<'static>>,
    to: Option<Datum<'static>>,
    step: Datum<'static>,
}

/// Whether a value of the series depends on the order of the rows.
pub(super) fn reads_order(series: &SeriesAggregate) -> bool {
    let mut aggregates = series.inner.iter().chain([&series.aggregate]);
    aggregates.any(|aggregate| is_order_sensitive(aggregate.function))
}

impl Bounds {
    /// The axis that the query gives without looking at rows.
    fn known(&self) -> Option<Axis> {
        self.from.as_ref().and(self.to.as_ref())?;
        // A mistake in it is for the first rows to find.
        self.line(std::iter::empty()).ok().flatten()
    }

    /// The axis over these values; none where nothing says where it starts or ends.
    fn line<'d>(&self, values: impl Iterator<Item = Datum<'d>> + Clone) -> Result<Option<Axis>> {
        let values = values.filter(|value| !value.is_null());
        let start = match &self.from {
            Some(from) => from.clone(),
            None => least(values.clone(), &self.step),
        };
        let (end, inclusive) = match &self.to {
            Some(to) => (to.clone(), false),
            None => {
                let greatest = values.max_by(order);
                (greatest.map_or(Datum::Null, Datum::into_static), true)
            }
        };
        if start.is_null() || end.is_null() {
            return Ok(None);
        }
        let line = Axis::new(self.ty, start, &end, inclusive, self.step.clone())?;
        Ok(Some(line))
    }
}

/// The axes (one, or one for each run of the enclosing subqueries), and of each row which one and where on it.
fn lines(
    bounds: &Bounds,
    batch: &RecordBatch,
    axis: &str,
    scopes: &[String],
) -> Result<(Vec<Axis>, [ArrayRef; 2])> {
    let reader = Reader::new(bounds.ty, &take_column(batch, axis)?, false)?;
    let scopes: Vec<ColumnRef> = scopes.iter().map(|s| ColumnRef::number(s)).collect();
    let mut lines = Vec::new();
    let mut of_line: Vec<Option<i64>> = vec![None; batch.num_rows()];
    let mut bins = of_line.clone();
    for rows in &Groups::by(&scopes.iter().collect::<Vec<_>>(), batch)?.rows {
        let Some(line) = bounds.line(rows.iter().map(|row| reader.get(*row)))? else {
            continue;
        };
        let number = i64::try_from(lines.len()).ok();
        for row in rows {
            if let (Some(of_line), Some(bin)) = (of_line.get_mut(*row), bins.get_mut(*row)) {
                *of_line = number;
                *bin = line
                    .bin(&reader.get(*row))
                    .and_then(|bin| i64::try_from(bin).ok());
            }
        }
        lines.push(line);
    }
    let array = |numbers: Vec<Option<i64>>| Arc::new(Int64Array::from(numbers)) as ArrayRef;
    Ok((lines, [array(of_line), array(bins)]))
}

/// The first bin's start when none is given: the least value, rounded down to a multiple of the step.
fn least<'d>(values: impl Iterator<Item = Datum<'d>>, step: &Datum<'_>) -> Datum<'static> {
    match (values.min_by(order).map(Datum::into_static), step.as_i64()) {
        (Some(Datum::DateTime(v)), Some(s)) if s > 0 => Datum::DateTime(v - v.rem_euclid(s)),
        (Some(Datum::TimeSpan(v)), Some(s)) if s > 0 => Datum::TimeSpan(v - v.rem_euclid(s)),
        (Some(Datum::Long(v)), Some(s)) if s > 0 => Datum::Long(v - v.rem_euclid(s)),
        (found, _) => found.unwrap_or(Datum::Null),
    }
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
