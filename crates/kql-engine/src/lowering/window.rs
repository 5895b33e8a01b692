//! Window functions: the rows below are fixed in order, the functions computed over them, and their columns
//! added.

use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use futures::future::BoxFuture;
use kql::plan::{Expr, ExprKind, Rel};

use super::{Lowering, build, column, key, names, unsupported};
use crate::error::{EngineError, Result};
use crate::operators::window::{self, Call, NAMES};
use crate::staging::{batch_plan, named_batch};

impl<'q> Lowering<'q> {
    /// An operator's lowered input with the window functions in the operator's expressions.
    pub(super) fn window_input<'s>(
        &'s mut self,
        rel: &'q Rel,
        input: &'q Rel,
    ) -> BoxFuture<'s, Result<LogicalPlan>>
    where
        'q: 's,
    {
        if windows(rel).is_empty() {
            Box::pin(async move {
                let plan = self.lower(input).await?;
                self.know_ingestion(&plan);
                Ok(plan)
            })
        } else {
            Box::pin(async move {
                let plan = self.lower_in_order(input).await?;
                self.compute_windows(rel, plan).await
            })
        }
    }

    /// Computes the window functions in an operator's expressions over its lowered input, if there are any.
    pub(super) async fn compute_windows(
        &mut self,
        rel: &'q Rel,
        plan: LogicalPlan,
    ) -> Result<LogicalPlan> {
        let mut plan = plan;
        let mut left = windows(rel);
        while !left.is_empty() {
            // Those whose arguments need no other are computed together: each round copies the rows.
            let (ready, later): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|expr| self.has_arguments(expr));
            if ready.is_empty() {
                return Err(EngineError::Internal(
                    "window functions of each other".into(),
                ));
            }
            plan = self.compute_round(&ready, plan).await?;
            left = later;
        }
        self.know_ingestion(&plan);
        Ok(plan)
    }

    fn know_ingestion(&self, plan: &LogicalPlan) {
        let known = super::has(plan, super::INGESTED);
        self.ingestion_known
            .store(known, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether the window functions in an expression's arguments are computed.
    fn has_arguments(&self, expr: &Expr) -> bool {
        let mut computed = true;
        expr.each(&mut |part| {
            let other = !std::ptr::eq(part, expr) && matches!(part.kind, ExprKind::Window { .. });
            computed &= !other || self.windows.contains_key(&key(part));
        });
        computed
    }

    async fn compute_round(
        &mut self,
        found: &[&'q Expr],
        plan: LogicalPlan,
    ) -> Result<LogicalPlan> {
        let kept = names(&plan);
        let mut exprs: Vec<DfExpr> = kept.iter().map(|n| column(n.clone())).collect();
        let mut calls = Vec::with_capacity(found.len());
        for expr in found {
            let ExprKind::Window { function, args } = &expr.kind else {
                continue;
            };
            if !NAMES.contains(function) {
                return Err(unsupported(*function, expr.span));
            }
            let mut labels = Vec::with_capacity(args.len());
            for arg in args {
                let (label, value) = self.argument(arg)?;
                exprs.extend(value.map(|value| value.alias(label.clone())));
                labels.push((arg.ty, label));
            }
            calls.push((*expr, *function, labels));
        }
        let plan = build(LogicalPlanBuilder::from(plan).project(exprs)?)?;
        let batch = self.staging.collect(plan).await?;
        let scope = self.scopes.last();
        let group = scope.and_then(|scope| batch.column_by_name(scope));
        let mut more = Vec::with_capacity(calls.len());
        for (expr, function, labels) in calls {
            let columns = labels.into_iter().filter_map(|(ty, label)| {
                let array = batch.column_by_name(&label)?;
                Some((ty, array.clone()))
            });
            let call = Call {
                function,
                args: columns.collect(),
                ret: expr.ty,
            };
            let array = window::evaluate(&call, batch.num_rows(), group)?;
            let label = self.fresh("w");
            more.push((label.clone(), array));
            self.windows.insert(key(expr), label);
        }
        // The arguments' own columns are done with.
        let kept = kept.iter().filter_map(|name| {
            let array = batch.column_by_name(name)?;
            Some((name.clone(), array.clone()))
        });
        batch_plan(named_batch(kept.chain(more).collect(), batch.num_rows())?)
    }

    /// The column of an argument: one that the rows have, or a value to add.
    fn argument(&mut self, arg: &Expr) -> Result<(String, Option<DfExpr>)> {
        let value = self.expr(arg)?;
        Ok(match value {
            DfExpr::Column(column) => (column.name, None),
            value => (self.fresh("w"), Some(value)),
        })
    }
}

/// The window functions in an operator's expressions.
fn windows(rel: &Rel) -> Vec<&Expr> {
    let mut found = Vec::new();
    for expr in rel.expressions() {
        expr.each(&mut |part| {
            if matches!(part.kind, ExprKind::Window { .. }) {
                found.push(part);
            }
        });
    }
    found
}
