//! `summarize arg_max(TimeGenerated, *) by key`: the latest row of each key, read in two steps.
//!
//! Most of a wide table's bytes are in columns of which one row a key is wanted. So the keys and
//! times are read first, and then of all columns only the rows with a key's latest time: the join
//! hands its keys down to the scan, which decodes the other columns for those rows alone.

use datafusion::common::{Column, NullEquality};
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::{JoinType, LogicalPlan, LogicalPlanBuilder};
use kql::plan::{Aggregate, ColumnId, Expr, ExprKind, Rel, RelOp};
use kql::types::Type;

use super::predicate::raw_column;
use super::{Lowering, build, column, has, name};
use crate::error::Result;

/// With fewer columns than this, one read of all is as fast.
const COLUMNS_MIN: usize = 8;

impl<'q> Lowering<'q> {
    /// The rows of `plan` (the lowered `input`) that can be a key's latest or earliest; `None` where the
    /// detour is not worth it, or might lose a row: where a key or a time could be null.
    pub(super) fn latest_rows(
        &mut self,
        input: &'q Rel,
        keys: &'q [(ColumnId, Expr)],
        aggregates: &'q [Aggregate],
        plan: &LogicalPlan,
    ) -> Result<Option<LogicalPlan>> {
        let [aggregate] = aggregates else {
            return Ok(None);
        };
        let Some(time) = latest_by(aggregate) else {
            return Ok(None);
        };
        let keyed = !keys.is_empty()
            && keys
                .iter()
                .all(|(_, key)| key.ty == Type::String && matches!(key.kind, ExprKind::Column(_)));
        if !keyed || !self.scopes.is_empty() || !self.is_stored_in_full(input) {
            return Ok(None);
        }
        let Some((raw, _)) = raw_column(time, plan) else {
            return Ok(None);
        };
        let groups: Vec<(String, String)> = keys
            .iter()
            .filter_map(|(_, key)| match key.kind {
                ExprKind::Column(id) if has(plan, &name(id)) => Some((name(id), self.fresh("g"))),
                _ => None,
            })
            .collect();
        if groups.len() != keys.len() {
            return Ok(None);
        }
        let newest = self.fresh("g");
        let best = if aggregate.function == "arg_max" {
            df::max(raw.clone())
        } else {
            df::min(raw.clone())
        };
        let by = groups
            .iter()
            .map(|(key, alias)| column(key.as_str()).alias(alias.as_str()));
        let best = build(
            LogicalPlanBuilder::from(plan.clone()).aggregate(by, [best.alias(newest.as_str())])?,
        )?;
        let unqualified = |name: &str| Column::new_unqualified(name);
        let time_name = super::raw_name(time);
        let small: Vec<Column> = groups
            .iter()
            .map(|(_, alias)| unqualified(alias))
            .chain([unqualified(&newest)])
            .collect();
        let large: Vec<Column> = groups
            .iter()
            .map(|(key, _)| unqualified(key))
            .chain([unqualified(&time_name)])
            .collect();
        let joined = LogicalPlanBuilder::from(best).join_detailed(
            plan.clone(),
            JoinType::RightSemi,
            (small, large),
            None,
            NullEquality::NullEqualsNothing,
        )?;
        Ok(Some(build(joined)?))
    }

    /// Filters over a stored table all of whose rows have a time.
    fn is_stored_in_full(&self, rel: &Rel) -> bool {
        match &rel.op {
            RelOp::Table { name, .. } => self.tables.rows_have_time(name),
            RelOp::Filter { input, predicate } => {
                let mut plain = true;
                predicate.each(&mut |part| {
                    plain &= match &part.kind {
                        ExprKind::Call { function, .. } => {
                            crate::functions::is_deterministic(function)
                        }
                        ExprKind::InSubquery { .. }
                        | ExprKind::ToScalar(_)
                        | ExprKind::Window { .. } => false,
                        _ => true,
                    };
                });
                plain && self.is_stored_in_full(input)
            }
            _ => false,
        }
    }
}

/// The time column of an `arg_max` or `arg_min` with many columns.
fn latest_by(aggregate: &Aggregate) -> Option<ColumnId> {
    if !matches!(aggregate.function, "arg_max" | "arg_min") || aggregate.args.len() < COLUMNS_MIN {
        return None;
    }
    match aggregate.args.first() {
        Some(Expr {
            kind: ExprKind::Column(id),
            ty: Type::DateTime,
            ..
        }) => Some(*id),
        _ => None,
    }
}
