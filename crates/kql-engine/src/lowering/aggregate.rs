//! `summarize`: DataFusion's aggregates where they mean the same, ours otherwise, with Kusto's values for empty
//! groups ("Aggregates default values" of the summarize page).

use arrow::datatypes::DataType;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{
    Expr as DfExpr, ExprFunctionExt as _, LogicalPlan, LogicalPlanBuilder, cast, try_cast, when,
};
use datafusion::scalar::ScalarValue;
use kql::plan::{Aggregate, ColumnId, Expr, ExprKind, Rel};
use kql::types::Type;

use super::expression::{filled, kernel, lit};
use super::predicate::raw_column;
use super::{Lowering, build, column, name, unsupported};
use crate::aggregates::hll::precision;
use crate::aggregates::{aggregate_udf, field_name};
use crate::error::{EngineError, Result};
use crate::values::arrow_type;

/// Names of the aggregation functions that run.
pub(crate) const AGGREGATES: &[&str] = &[
    "arg_max",
    "arg_min",
    "avg",
    "avgif",
    "binary_all_and",
    "binary_all_or",
    "binary_all_xor",
    "buildschema",
    "count",
    "count_distinct",
    "count_distinctif",
    "countif",
    "covariance",
    "covarianceif",
    "covariancep",
    "covariancepif",
    "dcount",
    "dcountif",
    "hll",
    "hll_if",
    "hll_merge",
    "make_bag",
    "make_bag_if",
    "make_list",
    "make_list_if",
    "make_list_with_nulls",
    "make_set",
    "make_set_if",
    "max",
    "maxif",
    "min",
    "minif",
    "percentile",
    "percentiles",
    "percentiles_array",
    "percentilesw",
    "percentilesw_array",
    "percentilew",
    "stdev",
    "stdevif",
    "stdevp",
    "sum",
    "sumif",
    "take_any",
    "take_anyif",
    "tdigest",
    "tdigest_merge",
    "variance",
    "varianceif",
    "variancep",
    "variancepif",
];

/// Aggregates whose result follows the order of their input.
pub(super) fn is_order_sensitive(function: &str) -> bool {
    matches!(
        function,
        "make_list"
            | "make_list_if"
            | "make_list_with_nulls"
            | "make_set"
            | "make_set_if"
            | "make_bag"
            | "make_bag_if"
    )
}

/// One lowered aggregate: the call, and its outputs as expressions over the call's column.
pub(super) struct Call {
    pub(super) expr: DfExpr,
    pub(super) outputs: Vec<(ColumnId, DfExpr)>,
}

impl<'q> Lowering<'q> {
    pub(super) async fn summarize(
        &mut self,
        input: &'q Rel,
        keys: &'q [(ColumnId, Expr)],
        aggregates: &'q [Aggregate],
    ) -> Result<LogicalPlan> {
        let mut plan = self.lower(input).await?;
        if input.serialized && aggregates.iter().any(|a| is_order_sensitive(a.function)) {
            // Sorting is lost on the way into an aggregation unless the rows are fixed first.
            plan = self.stage(plan).await?;
        }
        if let Some(latest) = self.latest_rows(input, keys, aggregates, &plan)? {
            plan = latest;
        }
        let scopes = self.scope_columns(&plan);
        let per_run = !scopes.is_empty() && keys.is_empty();
        let runs = per_run.then(|| self.sub_inputs.last().cloned()).flatten();
        let mut groups = scopes.clone();
        for (id, expr) in keys {
            groups.push(self.expr(expr)?.alias(name(*id)));
        }
        let mut calls = Vec::new();
        for aggregate in aggregates {
            let label = self.fresh("a");
            calls.push(self.aggregate(aggregate, &label, &plan)?);
        }
        let exprs: Vec<DfExpr> = calls.iter().map(|c| c.expr.clone()).collect();
        let aggregated = if exprs.is_empty() {
            let plan = build(LogicalPlanBuilder::from(plan).project(groups)?)?;
            build(LogicalPlanBuilder::from(plan).distinct()?)?
        } else {
            build(LogicalPlanBuilder::from(plan).aggregate(groups, exprs)?)?
        };
        let aggregated = match runs {
            Some(runs) => self.every_run(runs, aggregated)?,
            None => aggregated,
        };
        let mut out: Vec<DfExpr> = self.scope_columns(&aggregated);
        out.extend(keys.iter().map(|(id, _)| column(name(*id))));
        for call in calls {
            out.extend(
                call.outputs
                    .into_iter()
                    .map(|(id, value)| value.alias(name(id))),
            );
        }
        build(LogicalPlanBuilder::from(aggregated).project(out)?)
    }

    /// The counts of a subquery's runs, those without a row as well.
    pub(super) fn counted_runs(&mut self, counts: LogicalPlan, out: &str) -> Result<LogicalPlan> {
        let Some(runs) = self.sub_inputs.last().cloned() else {
            return Ok(counts);
        };
        if self.scope_columns(&counts).is_empty() {
            return Ok(counts);
        }
        let plan = self.every_run(runs, counts)?;
        let mut exprs = self.scope_columns(&plan);
        let count = column(out);
        let zero = lit(ScalarValue::Int64(Some(0)));
        let filled = when(count.clone().is_null(), zero).otherwise(count)?;
        exprs.push(filled.alias(out));
        build(LogicalPlanBuilder::from(plan).project(exprs)?)
    }

    /// A run whose rows were all filtered away still gives one row when there are no keys.
    fn every_run(&mut self, runs: LogicalPlan, aggregated: LogicalPlan) -> Result<LogicalPlan> {
        let known = |scope: &&String| super::has(&runs, scope) && super::has(&aggregated, scope);
        let scopes: Vec<String> = self.scopes.iter().filter(known).cloned().collect();
        if scopes.is_empty() {
            return Ok(aggregated);
        }
        let others: Vec<String> = scopes.iter().map(|_| self.fresh("t")).collect();
        let numbers = scopes.iter().zip(&others);
        let numbers = numbers.map(|(scope, other)| column(scope).alias(other));
        let all = LogicalPlanBuilder::from(runs).project(numbers.collect::<Vec<_>>())?;
        let key = |names: &[String]| -> Vec<datafusion::common::Column> {
            let names = names.iter();
            names
                .map(datafusion::common::Column::new_unqualified)
                .collect()
        };
        let joined = all.distinct()?.join(
            aggregated,
            datafusion::common::JoinType::Left,
            (key(&others), key(&scopes)),
            None,
        )?;
        let joined = build(joined)?;
        let numbers = scopes.iter().zip(&others);
        let numbers = numbers.map(|(scope, other)| column(other).alias(scope));
        let rest = super::names(&joined).into_iter();
        let rest = rest.filter(|n| !scopes.contains(n) && !others.contains(n));
        let exprs: Vec<DfExpr> = numbers.chain(rest.map(column)).collect();
        build(LogicalPlanBuilder::from(joined).project(exprs)?)
    }

    /// Lowers one aggregate over `plan` under the name `label`.
    pub(super) fn aggregate(
        &self,
        aggregate: &Aggregate,
        label: &str,
        plan: &LogicalPlan,
    ) -> Result<Call> {
        let (function, filter, args) = split_condition(aggregate);
        if !AGGREGATES.contains(&aggregate.function) {
            return Err(unsupported(
                aggregate.function,
                args.first().map(|a| a.span).unwrap_or_default(),
            ));
        }
        let filter = match filter {
            Some(condition) => Some(self.predicate(condition, plan)?),
            None => None,
        };
        let span = args.first().map(|a| a.span).unwrap_or_default();
        let first = args.first().copied();
        let value = match first {
            Some(arg) => Some(self.expr(arg)?),
            None => None,
        };
        let ty = first.map_or(Type::Long, |a| a.ty);
        let out_ty = aggregate.outputs.first().map_or(Type::Dynamic, |o| o.ty);
        let out = |value: DfExpr| -> Vec<(ColumnId, DfExpr)> {
            aggregate
                .outputs
                .iter()
                .take(1)
                .map(|o| (o.id, value.clone()))
                .collect()
        };
        let col = column(label);
        let need = || value.clone().ok_or_else(|| unsupported(function, span));
        let filled = |default: ScalarValue| -> Result<DfExpr> {
            Ok(when(col.clone().is_null(), lit(default)).otherwise(col.clone())?)
        };
        let zero = || ScalarValue::Int64(Some(0));
        let as_real = |v: DfExpr| {
            if ty == Type::Real {
                v
            } else {
                cast(v, arrow_type(Type::Real))
            }
        };
        let (call, outputs) = match function {
            "count" => (
                df::count(lit(ScalarValue::Int64(Some(1)))),
                out(filled(zero())?),
            ),
            "count_distinct" => (df::count_distinct(need()?), out(filled(zero())?)),
            "sum" => {
                let total = when(col.clone().is_null(), cast(lit(zero()), arrow_type(out_ty)))
                    .otherwise(cast(col.clone(), arrow_type(out_ty)))?;
                (df::sum(need()?), out(total))
            }
            "avg" => match ty {
                // Ticks exceed what a double holds exactly.
                Type::TimeSpan | Type::DateTime => (
                    df::avg(cast(need()?, DataType::Decimal128(20, 0))),
                    out(try_cast(col.clone(), arrow_type(out_ty))),
                ),
                Type::Decimal => (df::avg(need()?), out(cast(col.clone(), arrow_type(out_ty)))),
                _ => (
                    df::avg(as_real(need()?)),
                    out(filled(ScalarValue::Float64(Some(f64::NAN)))?),
                ),
            },
            "min" | "max" => self.min_max(function, need()?, first, plan, &out, &col, out_ty)?,
            "stdev" => (
                df::stddev(as_real(need()?)),
                out(filled(ScalarValue::Float64(Some(0.0)))?),
            ),
            "stdevp" => (
                df::stddev_pop(as_real(need()?)),
                out(filled(ScalarValue::Float64(Some(0.0)))?),
            ),
            "variance" => (
                df::var_sample(as_real(need()?)),
                out(filled(ScalarValue::Float64(Some(0.0)))?),
            ),
            "variancep" => (
                df::var_pop(as_real(need()?)),
                out(filled(ScalarValue::Float64(Some(0.0)))?),
            ),
            "covariance" | "covariancep" => {
                let other = args.get(1).ok_or_else(|| unsupported(function, span))?;
                let (a, b) = (
                    as_real(need()?),
                    cast(self.expr(other)?, arrow_type(Type::Real)),
                );
                let call = if function == "covariance" {
                    df::covar_samp(a, b)
                } else {
                    df::covar_pop(a, b)
                };
                (call, out(filled(ScalarValue::Float64(Some(0.0)))?))
            }
            "binary_all_and" | "binary_all_or" | "binary_all_xor"
                if matches!(ty, Type::Real | Type::Decimal) =>
            {
                return Err(EngineError::BadArgument {
                    what: format!("{function}() takes whole numbers, not {}", ty.name()),
                    span,
                });
            }
            "binary_all_and" => (df::bit_and(need()?), out(col.clone())),
            "binary_all_or" => (df::bit_or(need()?), out(col.clone())),
            "binary_all_xor" => (df::bit_xor(need()?), out(col.clone())),
            _ => self.own(aggregate, function, &args, &col)?,
        };
        let call = match filter {
            Some(filter) => call.filter(filter).build()?,
            None => call,
        };
        Ok(Call {
            expr: call.alias(label),
            outputs,
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn min_max(
        &self,
        function: &str,
        value: DfExpr,
        arg: Option<&Expr>,
        plan: &LogicalPlan,
        out: &dyn Fn(DfExpr) -> Vec<(ColumnId, DfExpr)>,
        col: &DfExpr,
        out_ty: Type,
    ) -> Result<(DfExpr, Vec<(ColumnId, DfExpr)>)> {
        let raw = match arg.map(|a| (&a.kind, a.ty, a.span)) {
            Some((ExprKind::Column(id), Type::DateTime, span)) => {
                raw_column(*id, plan).map(|(raw, _)| (raw, span))
            }
            _ => None,
        };
        let (value, result) = match raw {
            Some((raw, span)) => {
                let micros = cast(col.clone(), arrow::datatypes::DataType::Int64);
                (
                    raw,
                    kernel("op:ticks", vec![(Type::Long, micros)], Type::DateTime, span)?,
                )
            }
            None if out_ty == Type::String => (
                value,
                filled(col.clone(), arg.map(|a| a.span).unwrap_or_default())?,
            ),
            None => (value, col.clone()),
        };
        let call = if function == "min" {
            df::min(value)
        } else {
            df::max(value)
        };
        Ok((call, out(result)))
    }

    /// Aggregates of `crate::aggregates`.
    fn own(
        &self,
        aggregate: &Aggregate,
        function: &str,
        args: &[&Expr],
        col: &DfExpr,
    ) -> Result<(DfExpr, Vec<(ColumnId, DfExpr)>)> {
        let span = args.first().map(|a| a.span).unwrap_or_default();
        let structured = matches!(function, "arg_max" | "arg_min" | "take_any");
        let percentile = function.starts_with("percentile");
        let (values, constants) = if structured {
            (args, [].as_slice())
        } else {
            // Some take a weight, too.
            let values = match function {
                "percentilew" | "percentilesw" | "percentilesw_array" | "tdigest" => 2,
                _ => 1,
            };
            args.split_at(args.len().min(values))
        };
        let mut parameters = Vec::new();
        for constant in constants {
            let value = self.constant(constant)?;
            if percentile && constant.ty.is_dynamic() {
                let list = crate::values::dynamic::parse(&value.to_string());
                let each = list.as_array().cloned().unwrap_or_default();
                parameters.extend(
                    each.iter()
                        .filter_map(serde_json::Value::as_f64)
                        .map(thousandths),
                );
            } else if let ScalarValue::Float64(Some(v)) = value.cast_to(&arrow_type(Type::Real))? {
                parameters.push(if percentile {
                    thousandths(v)
                } else {
                    crate::values::number::real_to_long(v).unwrap_or(0)
                });
            } else if percentile {
                return Err(EngineError::BadArgument {
                    what: "a percentile must be a number, not null".to_owned(),
                    span: constant.span,
                });
            }
        }
        let sketched = matches!(function, "dcount" | "hll");
        if sketched && parameters.iter().any(|a| precision(*a).is_none()) {
            return Err(EngineError::BadArgument {
                what: format!("the accuracy of {function}() must be a number from 0 to 4"),
                span,
            });
        }
        let types: Vec<Type> = values.iter().map(|a| a.ty).collect();
        let udf = aggregate_udf(function, &types, &parameters)
            .ok_or_else(|| unsupported(aggregate.function, span))?;
        let exprs = values
            .iter()
            .map(|a| self.expr(a))
            .collect::<Result<Vec<_>>>()?;
        let call = DfExpr::AggregateFunction(AggregateFunction::new_udf(
            std::sync::Arc::new(udf),
            exprs,
            false,
            None,
            Vec::new(),
            None,
        ));
        let outputs = aggregate.outputs.iter().enumerate().map(|(idx, output)| {
            let value = match function {
                "arg_max" | "arg_min" | "take_any" | "percentile" | "percentiles"
                | "percentilew" | "percentilesw" => get_field(col.clone(), field_name(idx)),
                "make_bag" => fill(col, "{}")?,
                "dcount" => when(col.clone().is_null(), lit(ScalarValue::Int64(Some(0))))
                    .otherwise(col.clone())?,
                "hll" | "hll_merge" | "tdigest" | "tdigest_merge" | "buildschema" => col.clone(),
                _ => fill(col, "[]")?,
            };
            let value = if output.ty == Type::String {
                filled(value, span)?
            } else {
                value
            };
            Ok((output.id, value))
        });
        Ok((call, outputs.collect::<Result<Vec<_>>>()?))
    }
}

fn fill(col: &DfExpr, default: &str) -> Result<DfExpr> {
    Ok(when(
        col.clone().is_null(),
        lit(ScalarValue::Utf8(Some(default.to_owned()))),
    )
    .otherwise(col.clone())?)
}

fn thousandths(percentage: f64) -> i64 {
    crate::values::number::real_to_long((percentage * 1000.0).round()).unwrap_or(0)
}

/// An `...if` aggregate as its plain form, the condition, and the remaining arguments.
fn split_condition(aggregate: &Aggregate) -> (&'static str, Option<&Expr>, Vec<&Expr>) {
    let plain = match aggregate.function {
        "countif" => Some("count"),
        "sumif" => Some("sum"),
        "avgif" => Some("avg"),
        "minif" => Some("min"),
        "maxif" => Some("max"),
        "dcountif" => Some("dcount"),
        "count_distinctif" => Some("count_distinct"),
        "stdevif" => Some("stdev"),
        "varianceif" => Some("variance"),
        "variancepif" => Some("variancep"),
        "hll_if" => Some("hll"),
        "make_list_if" => Some("make_list"),
        "make_set_if" => Some("make_set"),
        "make_bag_if" => Some("make_bag"),
        "take_anyif" => Some("take_any"),
        "covarianceif" => Some("covariance"),
        "covariancepif" => Some("covariancep"),
        "count" if !aggregate.args.is_empty() => Some("count"),
        _ => None,
    };
    let args = &aggregate.args;
    let Some(plain) = plain else {
        return (aggregate.function, None, args.iter().collect());
    };
    let at = match plain {
        "count" => 0,
        "covariance" | "covariancep" => 2,
        _ => 1,
    };
    let rest = args
        .iter()
        .enumerate()
        .filter(|(idx, _)| *idx != at)
        .map(|(_, e)| e)
        .collect();
    (plain, args.get(at), rest)
}
