//! `mv-expand`, `mv-apply` and `partition`.
//!
//! A subquery that means "for each row" or "for each key" is not run once for each: its rows carry the number of
//! their run in a scope column, which grouping, limits and ordering inside of it respect.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::common::{Column, JoinType, NullHandling, UnnestOptions};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, when};
use kql::plan::{BagExpansion, ColumnId, Expr, MvItem, Rel, RelOp};
use kql::types::Type;

use super::collected::runs;
use super::{Lowering, build, call, column, has, missing, name, names, parse_extra};
use crate::error::{EngineError, Result};
use crate::operators::mv_expand::{index_udf, items_udf};
use crate::staging::{batch_plan, with_columns};

impl<'q> Lowering<'q> {
    pub(super) fn mv_expand(
        &self,
        plan: LogicalPlan,
        items: &[MvItem],
        index: Option<ColumnId>,
        limit: Option<&Expr>,
        bag: BagExpansion,
        keep_empty: bool,
    ) -> Result<LogicalPlan> {
        let limit = match limit {
            Some(limit) => self.count(limit)?,
            None => i64::MAX as usize,
        };
        let outputs: Vec<String> = items
            .iter()
            .map(|i| name(i.output))
            .chain(index.map(name))
            .collect();
        let raws: Vec<String> = items.iter().map(|i| super::raw_name(i.output)).collect();
        let mut exprs: Vec<DfExpr> = names(&plan)
            .into_iter()
            .filter(|n| !outputs.contains(n) && !raws.contains(n))
            .map(column)
            .collect();
        let mut values = Vec::new();
        for item in items {
            let value = if item.value.ty.is_dynamic() {
                self.expr(&item.value)?
            } else {
                self.cast(&item.value, Type::Dynamic)?
            };
            let udf = items_udf(item.ty, bag == BagExpansion::Array, limit);
            exprs.push(call(udf, vec![value.clone()]).alias(name(item.output)));
            values.push(value);
        }
        if let Some(index) = index {
            exprs.push(call(index_udf(values.len(), limit), values).alias(name(index)));
        }
        let null_handling = if keep_empty {
            NullHandling::Preserve
        } else {
            NullHandling::Drop
        };
        let options = UnnestOptions {
            null_handling,
            recursions: Vec::new(),
        };
        let unnested = outputs.iter().map(Column::new_unqualified).collect();
        let plan = build(
            LogicalPlanBuilder::from(plan)
                .project(exprs)?
                .unnest_columns_with_options(unnested, options)?,
        )?;
        // Strings are never null.
        let strings: Vec<String> = items
            .iter()
            .filter(|i| i.ty == Type::String)
            .map(|i| name(i.output))
            .collect();
        let exprs = names(&plan)
            .into_iter()
            .map(|n| {
                let value = column(n.clone());
                if !strings.contains(&n) {
                    return Ok(value);
                }
                Ok(when(value.clone().is_null(), missing(Type::String))
                    .otherwise(value)?
                    .alias(n))
            })
            .collect::<Result<Vec<_>>>()?;
        build(LogicalPlanBuilder::from(plan).project(exprs)?)
    }

    pub(super) async fn mv_apply(&mut self, rel: &'q Rel) -> Result<LogicalPlan> {
        let RelOp::MvApply {
            input,
            items,
            index,
            limit,
            subquery,
        } = &rel.op
        else {
            return Err(EngineError::Internal("not an mv-apply".into()));
        };
        let plan = self.lower(input).await?;
        let batch = self.staging.collect(plan).await?;
        let scope = self.fresh("s");
        let n_rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n_rows));
        let outer = batch_plan(with_columns(&batch, vec![(scope.clone(), numbers)])?)?;
        self.scopes.push(scope.clone());
        let lowered = self
            .apply(outer.clone(), items, *index, limit.as_deref(), subquery)
            .await;
        self.scopes.pop();
        self.beside(rel, outer, lowered?, &scope)
    }

    async fn apply(
        &mut self,
        outer: LogicalPlan,
        items: &[MvItem],
        index: Option<ColumnId>,
        limit: Option<&Expr>,
        subquery: &'q Rel,
    ) -> Result<LogicalPlan> {
        let expanded = self.mv_expand(outer, items, index, limit, BagExpansion::Bag, false)?;
        self.sub_inputs.push(expanded);
        let lowered = self.lower(subquery).await;
        self.sub_inputs.pop();
        lowered
    }

    /// The subquery's columns beside those of the row it was run for.
    fn beside(
        &mut self,
        rel: &Rel,
        outer: LogicalPlan,
        inner: LogicalPlan,
        scope: &str,
    ) -> Result<LogicalPlan> {
        let inner_scope = self.fresh("t");
        let inner_names = names(&inner);
        // The subquery's own columns win over the row's (an expanded column replaces its source).
        let outer_names: Vec<String> = names(&outer)
            .into_iter()
            .filter(|n| n == scope || self.scopes.contains(n) || !inner_names.contains(n))
            .collect();
        let inner_exprs: Vec<DfExpr> = inner_names
            .iter()
            .filter(|n| *n == scope || !self.scopes.contains(n))
            .map(|n| {
                if n == scope {
                    column(n.clone()).alias(inner_scope.clone())
                } else {
                    column(n.clone())
                }
            })
            .collect();
        let inner = build(LogicalPlanBuilder::from(inner).project(inner_exprs)?)?;
        let outer =
            build(LogicalPlanBuilder::from(outer).project(outer_names.into_iter().map(column))?)?;
        let keys = (
            vec![Column::new_unqualified(&inner_scope)],
            vec![Column::new_unqualified(scope)],
        );
        let joined =
            build(LogicalPlanBuilder::from(inner).join(outer, JoinType::Inner, keys, None)?)?;
        let mut exprs = self.scope_columns(&joined);
        let mut done = std::collections::HashSet::new();
        exprs.extend(
            rel.columns
                .iter()
                .filter(|c| done.insert(c.id) && has(&joined, &name(c.id)))
                .map(|c| column(name(c.id))),
        );
        exprs.extend(
            names(&joined)
                .into_iter()
                .filter(|n| parse_extra(n).is_some())
                .map(column),
        );
        build(LogicalPlanBuilder::from(joined).project(exprs)?)
    }

    pub(super) async fn partition(
        &mut self,
        input: &'q Rel,
        key: ColumnId,
        subquery: &'q Rel,
    ) -> Result<LogicalPlan> {
        let plan = self.lower(input).await?;
        let batch = self.staging.collect(plan).await?;
        let scope = self.fresh("s");
        // A run is one of this operator's inside of one of the enclosing subqueries'.
        let mut apart: Vec<String> = self.scopes.clone();
        apart.push(name(key));
        let (batch, numbers) = by_run(&batch, &apart)?;
        let rows = batch_plan(with_columns(&batch, vec![(scope.clone(), numbers)])?)?;
        self.scopes.push(scope.clone());
        self.sub_inputs.push(rows);
        let lowered = self.lower(subquery).await;
        self.sub_inputs.pop();
        self.scopes.pop();
        let plan = lowered?;
        let kept: Vec<DfExpr> = names(&plan)
            .into_iter()
            .filter(|n| *n != scope)
            .map(column)
            .collect();
        build(LogicalPlanBuilder::from(plan).project(kept)?)
    }
}

/// The rows with equal values in some columns next to each other, otherwise in their order, and the number of each run.
fn by_run(batch: &RecordBatch, columns: &[String]) -> Result<(RecordBatch, ArrayRef)> {
    let known: Vec<String> = columns
        .iter()
        .filter(|name| batch.column_by_name(name).is_some())
        .cloned()
        .collect();
    if known.is_empty() {
        let numbers = Int64Array::from(vec![0; batch.num_rows()]);
        return Ok((batch.clone(), Arc::new(numbers)));
    }
    let runs = runs(batch, &known)?;
    let of_run = |(number, rows): (i64, &UInt32Array)| vec![number; rows.len()];
    let numbers: Vec<i64> = (0..).zip(&runs).flat_map(of_run).collect();
    let order: UInt32Array = runs.iter().flatten().collect();
    Ok((
        take_record_batch(batch, &order)?,
        Arc::new(Int64Array::from(numbers)),
    ))
}
