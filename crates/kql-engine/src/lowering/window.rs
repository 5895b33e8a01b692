//! Window functions: the rows below are fixed in order, the functions computed over them, and their columns
//! added.

use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use kql::plan::{Expr, ExprKind, Rel};

use super::{Lowering, build, column, key, names, unsupported};
use crate::error::Result;
use crate::operators::window::{self, Call, NAMES};
use crate::staging::{batch_plan, with_columns};

impl<'q> Lowering<'q> {
    /// Computes the window functions in an operator's expressions over its lowered input, if there are any.
    pub(super) async fn compute_windows(
        &mut self,
        rel: &'q Rel,
        plan: LogicalPlan,
    ) -> Result<LogicalPlan> {
        let mut found: Vec<&'q Expr> = Vec::new();
        for expr in rel.expressions() {
            expr.each(&mut |part| {
                if matches!(part.kind, ExprKind::Window { .. }) {
                    found.push(part);
                }
            });
        }
        let mut plan = plan;
        // The innermost come last in visiting order; they are computed first.
        while let Some(expr) = found.pop() {
            plan = self.compute_window(expr, plan).await?;
        }
        let known = super::has(&plan, super::INGESTED);
        self.ingestion_known
            .store(known, std::sync::atomic::Ordering::Relaxed);
        Ok(plan)
    }

    async fn compute_window(&mut self, expr: &'q Expr, plan: LogicalPlan) -> Result<LogicalPlan> {
        let ExprKind::Window { function, args } = &expr.kind else {
            return Ok(plan);
        };
        if !NAMES.contains(function) {
            return Err(unsupported(*function, expr.span));
        }
        let kept = names(&plan);
        let mut exprs: Vec<DfExpr> = kept.iter().map(|n| column(n.clone())).collect();
        let mut labels = Vec::new();
        for arg in args {
            let label = self.fresh("w");
            exprs.push(self.expr(arg)?.alias(label.clone()));
            labels.push(label);
        }
        let batch = self
            .staging
            .collect(build(LogicalPlanBuilder::from(plan).project(exprs)?)?)
            .await?;
        let columns = labels
            .iter()
            .zip(args)
            .filter_map(|(label, arg)| {
                batch
                    .column_by_name(label)
                    .map(|array| (arg.ty, array.clone()))
            })
            .collect();
        let call = Call {
            function,
            args: columns,
            ret: expr.ty,
        };
        let group = self
            .scopes
            .last()
            .and_then(|scope| batch.column_by_name(scope));
        let array = window::evaluate(&call, batch.num_rows(), group)?;
        let label = self.fresh("w");
        let batch = with_columns(&batch, vec![(label.clone(), array)])?;
        self.windows.insert(key(expr), label);
        batch_plan(batch)
    }
}
