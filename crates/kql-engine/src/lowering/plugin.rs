//! `evaluate`: `bag_unpack`, `pivot`, `narrow`-like plugins whose schema comes from the rows.

use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use kql::plan::{Aggregate, Expr, ExprKind, PluginArg, Rel, RelOp};
use kql::types::Type;

use super::{Lowering, build, column, extra_name, name, names, parse_extra, unsupported};
use crate::error::{EngineError, Result};
use crate::operators::make_series::column as take_column;
use crate::operators::{bag_unpack, pivot};
use crate::staging::{batch_plan, named_batch};
use crate::values::{ColumnBuilder, Datum, Reader, convert};

impl<'q> Lowering<'q> {
    pub(super) async fn evaluate(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        let RelOp::Evaluate {
            input,
            plugin,
            args,
            ..
        } = &rel.op
        else {
            return Err(EngineError::Internal("not an evaluate".into()));
        };
        let Some(input) = input.as_deref() else {
            return self.starting_plugin(rel, plugin);
        };
        if plugin == "partition" {
            return self.partition_query(rel, input, args).await;
        }
        if !matches!(plugin.as_str(), "bag_unpack" | "pivot") {
            return self.row_plugin(rel, input, plugin, args).await;
        }
        let plan = self.lower(input).await?;
        let plan = self.drop_raw(plan)?;
        match plugin.as_str() {
            "bag_unpack" => self.bag_unpack(rel, input, plan, args).await,
            _ => self.pivot(rel, input, plan, args).await,
        }
    }

    async fn bag_unpack(
        &mut self,
        rel: &Rel,
        input: &Rel,
        plan: LogicalPlan,
        args: &[PluginArg],
    ) -> Result<LogicalPlan> {
        let expr = |idx: usize| match args.get(idx) {
            Some(PluginArg::Expr(e)) => Some(e),
            _ => None,
        };
        let named = |wanted: &str| {
            args.iter().find_map(|arg| match arg {
                PluginArg::Named(name, e) if name.eq_ignore_ascii_case(wanted) => Some(e),
                _ => None,
            })
        };
        let bag = expr(0).ok_or_else(|| unsupported("bag_unpack without a column", rel.span))?;
        let prefix = match expr(1).or_else(|| named("OutputColumnPrefix")) {
            Some(prefix) => self.datum(prefix)?.text().to_owned(),
            None => String::new(),
        };
        let ignored: Vec<String> = match expr(3).or_else(|| named("ignoredProperties")) {
            Some(list) => match crate::values::dynamic::to_json(&self.datum(list)?) {
                serde_json::Value::Array(items) => items
                    .iter()
                    .map(crate::values::dynamic::to_plain_text)
                    .collect(),
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        let temp = self.fresh("u");
        let source = match &bag.kind {
            ExprKind::Column(id) => Some(name(*id)),
            _ => None,
        };
        let mut exprs: Vec<DfExpr> = names(&plan)
            .into_iter()
            .filter(|n| Some(n) != source.as_ref())
            .map(column)
            .collect();
        exprs.push(self.expr(bag)?.alias(temp.clone()));
        let batch = self
            .staging
            .collect(build(LogicalPlanBuilder::from(plan).project(exprs)?)?)
            .await?;
        let new = bag_unpack::unpack(&batch, &take_column(&batch, &temp)?, &prefix)?;
        let mut columns: Vec<(String, arrow::array::ArrayRef)> = batch
            .schema()
            .fields()
            .iter()
            .zip(batch.columns())
            .filter(|(f, _)| *f.name() != temp)
            .map(|(f, c)| (f.name().clone(), c.clone()))
            .collect();
        for (new_name, ty, array) in new
            .into_iter()
            .filter(|(n, ..)| !ignored.iter().any(|i| format!("{prefix}{i}") == *n))
        {
            place(rel, input, &mut columns, &new_name, ty, array)?;
        }
        fill_missing(rel, &mut columns, batch.num_rows());
        batch_plan(named_batch(columns, batch.num_rows())?)
    }

    async fn pivot(
        &mut self,
        rel: &Rel,
        input: &Rel,
        plan: LogicalPlan,
        args: &[PluginArg],
    ) -> Result<LogicalPlan> {
        let key = match args.first() {
            Some(PluginArg::Expr(e)) => e,
            _ => return Err(unsupported("pivot without a column", rel.span)),
        };
        let aggregate = args.iter().find_map(|arg| match arg {
            PluginArg::Aggregate(aggregate) => Some(aggregate),
            _ => None,
        });
        let groups = self.pivot_groups(input, args, key, aggregate);
        let (key_name, value_name) = (self.fresh("u"), self.fresh("u"));
        let mut group_exprs: Vec<DfExpr> = groups.iter().map(|(n, _)| column(n.clone())).collect();
        group_exprs.push(self.expr(key)?.alias(key_name.clone()));
        let (aggregated, value_ty) = match aggregate {
            Some(aggregate) => {
                let call = self.aggregate(aggregate, &value_name, &plan)?;
                let grouped =
                    build(LogicalPlanBuilder::from(plan).aggregate(group_exprs, [call.expr])?)?;
                let value = call.outputs.into_iter().next().map(|(_, v)| v);
                let ty = aggregate.outputs.first().map_or(Type::Long, |o| o.ty);
                (
                    project_value(grouped, &groups, &key_name, &value_name, value)?,
                    ty,
                )
            }
            None => {
                use datafusion::functions_aggregate::expr_fn::count;
                let counted = count(super::expression::lit(
                    datafusion::scalar::ScalarValue::Int64(Some(1)),
                ))
                .alias(value_name.clone());
                (
                    build(LogicalPlanBuilder::from(plan).aggregate(group_exprs, [counted])?)?,
                    Type::Long,
                )
            }
        };
        let batch = self.staging.collect(aggregated).await?;
        let arrays: Vec<_> = groups
            .iter()
            .map(|(n, _)| take_column(&batch, n))
            .collect::<std::result::Result<_, _>>()?;
        let counts = aggregate.is_none_or(|a| {
            matches!(
                a.function,
                "count" | "countif" | "sum" | "sumif" | "dcount" | "dcountif"
            )
        });
        let empty = if counts { Datum::Long(0) } else { Datum::Null };
        let spread = pivot::pivot(
            &batch,
            &arrays,
            (key.ty, &take_column(&batch, &key_name)?),
            (value_ty, &take_column(&batch, &value_name)?),
            &empty,
        )?;
        let mut columns: Vec<_> = groups
            .into_iter()
            .map(|(n, _)| n)
            .zip(spread.groups)
            .collect();
        for (new_name, array) in spread.columns {
            place(rel, input, &mut columns, &new_name, value_ty, array)?;
        }
        fill_missing(rel, &mut columns, spread.rows);
        batch_plan(named_batch(columns, spread.rows)?)
    }

    /// The columns rows are grouped by: the ones listed, or all that are neither pivoted nor aggregated.
    fn pivot_groups(
        &self,
        input: &Rel,
        args: &[PluginArg],
        key: &Expr,
        aggregate: Option<&Aggregate>,
    ) -> Vec<(String, Type)> {
        let listed: Vec<_> = args
            .iter()
            .skip(1)
            .filter_map(|arg| match arg {
                PluginArg::Expr(Expr {
                    kind: ExprKind::Column(id),
                    ty,
                    ..
                }) => Some((name(*id), *ty)),
                _ => None,
            })
            .collect();
        if !listed.is_empty() {
            return listed;
        }
        let mut used = Vec::new();
        for expr in std::iter::once(key).chain(aggregate.iter().flat_map(|a| &a.args)) {
            expr.each(&mut |part| {
                if let ExprKind::Column(id) = part.kind {
                    used.push(id);
                }
            });
        }
        input
            .columns
            .iter()
            .filter(|c| !used.contains(&c.id))
            .map(|c| (name(c.id), c.ty))
            .collect()
    }
}

fn project_value(
    plan: LogicalPlan,
    groups: &[(String, Type)],
    key: &str,
    value: &str,
    result: Option<DfExpr>,
) -> Result<LogicalPlan> {
    let mut exprs: Vec<DfExpr> = groups.iter().map(|(n, _)| column(n.clone())).collect();
    exprs.push(column(key));
    exprs.push(result.unwrap_or_else(|| column(value)).alias(value));
    build(LogicalPlanBuilder::from(plan).project(exprs)?)
}

/// Adds a run-time column: under its id when the query names it, else as an extra one. A name the input already
/// has stays with the input.
fn place(
    rel: &Rel,
    input: &Rel,
    columns: &mut Vec<(String, arrow::array::ArrayRef)>,
    new_name: &str,
    ty: Type,
    array: arrow::array::ArrayRef,
) -> Result<()> {
    if let Some(known) = rel.columns.iter().find(|c| c.name == new_name) {
        if columns.iter().any(|(n, _)| *n == name(known.id)) {
            return Ok(());
        }
        let reader = Reader::new(ty, &array, false)?;
        let mut converted = ColumnBuilder::new(known.ty, array.len());
        (0..array.len())
            .for_each(|row| converted.push(&convert::to_type(&reader.get(row), known.ty)));
        columns.push((name(known.id), converted.finish()));
        return Ok(());
    }
    let taken = input
        .columns
        .iter()
        .any(|c| c.name == new_name && columns.iter().any(|(n, _)| *n == name(c.id)))
        || columns
            .iter()
            .any(|(n, _)| parse_extra(n).is_some_and(|(_, known)| known == new_name));
    if !taken {
        columns.push((extra_name(new_name, ty), array));
    }
    Ok(())
}

/// Columns the query names and no row has: null (or "").
fn fill_missing(rel: &Rel, columns: &mut Vec<(String, arrow::array::ArrayRef)>, rows: usize) {
    for known in &rel.columns {
        if !columns.iter().any(|(n, _)| *n == name(known.id)) {
            let mut empty = ColumnBuilder::new(known.ty, rows);
            (0..rows).for_each(|_| empty.push(&Datum::Null));
            columns.push((name(known.id), empty.finish()));
        }
    }
}
