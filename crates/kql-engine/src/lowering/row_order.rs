//! Whether a query reads rows in the order an earlier operator made, and what of it still runs in several partitions.

use datafusion::logical_expr::LogicalPlan;
use kql::plan::{ExprKind, Query, Rel, RelOp};

use super::Lowering;
use super::aggregate::is_order_sensitive;
use super::series::reads_order;
use crate::error::Result;
use crate::staging::batch_plan;

impl<'q> Lowering<'q> {
    /// Lowers the input of an operator that reads its rows in order. One that ends in a sort makes that order itself:
    /// it is computed at once, in several partitions.
    pub(super) async fn lower_in_order(&mut self, input: &'q Rel) -> Result<LogicalPlan> {
        let plan = self.lower(input).await?;
        let RelOp::Sort { input: below, .. } = &input.op else {
            return Ok(plan);
        };
        let free = self.scopes.is_empty() && self.sub_inputs.is_empty();
        let unordered = free && !ordered(below) && !self.query.materialized.iter().any(ordered);
        if !unordered || !self.staging.has_more_partitions() {
            return Ok(plan);
        }
        batch_plan(self.staging.collect_sorted(plan).await?)
    }
}

/// True when some operator of the query reads rows in the order an earlier one made.
pub(crate) fn depends_on_order(query: &Query) -> bool {
    query.results.iter().chain(&query.materialized).any(ordered)
}

/// Plugins that put out rows in the order they came in, or choose by it.
fn reads_rows_in_order(rel: &Rel) -> bool {
    matches!(&rel.op, RelOp::Evaluate { plugin, .. } if matches!(
        plugin.as_str(),
        "rows_near" | "narrow" | "schema_merge" | "preview"
    ))
}

fn ordered(rel: &Rel) -> bool {
    if let RelOp::Summarize {
        input, aggregates, ..
    } = &rel.op
        && input.serialized
        && aggregates.iter().any(|a| is_order_sensitive(a.function))
    {
        return true;
    }
    if let RelOp::MakeSeries {
        input, aggregates, ..
    } = &rel.op
        && input.serialized
        && aggregates.iter().any(reads_order)
    {
        return true;
    }
    if matches!(rel.op, RelOp::Serialize { .. } | RelOp::Scan(_)) || reads_rows_in_order(rel) {
        return true;
    }
    let mut found = false;
    for expr in rel.expressions() {
        expr.each(&mut |part| match &part.kind {
            ExprKind::Window { .. } => found = true,
            ExprKind::InSubquery { input, .. } => found |= ordered(input),
            ExprKind::ToScalar(input) => found |= ordered(input),
            _ => {}
        });
    }
    found || rel.inputs().into_iter().any(ordered)
}
