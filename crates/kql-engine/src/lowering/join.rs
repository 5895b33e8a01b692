//! `join` and `lookup`.

use std::collections::HashSet;

use datafusion::common::JoinType;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, when};
use kql::plan::{ColumnId, Expr, JoinKind, Rel};
use kql::types::Type;

use super::{Lowering, build, column, has, missing, name, names, parse_extra};
use crate::error::Result;

impl<'q> Lowering<'q> {
    pub(super) async fn join(
        &mut self,
        rel: &'q Rel,
        kind: JoinKind,
        left: &'q Rel,
        right: &'q Rel,
        on: &'q [(Expr, Expr)],
    ) -> Result<LogicalPlan> {
        if !self.scopes.is_empty() {
            return self.run_by_run(rel).await;
        }
        let left_plan = self.lower(left).await?;
        let right_plan = self.lower(right).await?;
        let (left_plan, left_keys) = self.keyed(left_plan, on.iter().map(|(l, _)| l))?;
        let (right_plan, right_keys) = self.keyed(right_plan, on.iter().map(|(_, r)| r))?;
        let left_plan = if kind == JoinKind::InnerUnique {
            first_per_key(left_plan, &left_keys)?
        } else {
            left_plan
        };
        // Names of run-time columns may clash: the left one stays.
        let taken: HashSet<String> = names(&left_plan).into_iter().collect();
        let right_plan = if one_sided(kind) {
            right_plan
        } else {
            let kept: Vec<DfExpr> = names(&right_plan)
                .into_iter()
                .filter(|n| !taken.contains(n))
                .map(column)
                .collect();
            build(LogicalPlanBuilder::from(right_plan).project(kept)?)?
        };
        let join_type = match kind {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightAnti => JoinType::RightAnti,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::RightSemi => JoinType::RightSemi,
        };
        let builder = LogicalPlanBuilder::from(left_plan);
        let joined = if on.is_empty() {
            builder.cross_join(right_plan)?
        } else {
            let keys = (
                left_keys
                    .iter()
                    .map(datafusion::common::Column::new_unqualified)
                    .collect::<Vec<_>>(),
                right_keys
                    .iter()
                    .map(datafusion::common::Column::new_unqualified)
                    .collect::<Vec<_>>(),
            );
            builder.join(right_plan, join_type, keys, None)?
        };
        self.join_output(rel, kind, build(joined)?)
    }

    /// Adds the key expressions as columns.
    fn keyed<'e>(
        &mut self,
        plan: LogicalPlan,
        on: impl Iterator<Item = &'e Expr>,
    ) -> Result<(LogicalPlan, Vec<String>)> {
        let mut exprs: Vec<DfExpr> = names(&plan).into_iter().map(column).collect();
        let mut keys = Vec::new();
        for expr in on {
            let key = self.fresh("k");
            exprs.push(self.expr(expr)?.alias(key.clone()));
            keys.push(key);
        }
        Ok((super::projection::project(plan, exprs)?, keys))
    }

    /// Unmatched rows have null in the other side's columns, and "" in its strings.
    fn join_output(&self, rel: &Rel, kind: JoinKind, plan: LogicalPlan) -> Result<LogicalPlan> {
        let outer = matches!(
            kind,
            JoinKind::LeftOuter | JoinKind::RightOuter | JoinKind::FullOuter
        );
        let mut exprs = Vec::new();
        let mut done: HashSet<ColumnId> = HashSet::new();
        for out in &rel.columns {
            if !has(&plan, &name(out.id)) || !done.insert(out.id) {
                continue;
            }
            let value = column(name(out.id));
            exprs.push(if outer && out.ty == Type::String {
                when(value.clone().is_null(), missing(Type::String))
                    .otherwise(value)?
                    .alias(name(out.id))
            } else {
                value
            });
            let raw = super::raw_name(out.id);
            if !outer && has(&plan, &raw) {
                exprs.push(column(raw));
            }
        }
        if rel.open {
            exprs.extend(
                names(&plan)
                    .into_iter()
                    .filter(|n| parse_extra(n).is_some())
                    .map(column),
            );
        }
        if exprs.is_empty() {
            exprs.extend(names(&plan).into_iter().take(1).map(column));
        }
        build(LogicalPlanBuilder::from(plan).project(exprs)?)
    }
}

fn one_sided(kind: JoinKind) -> bool {
    matches!(
        kind,
        JoinKind::LeftAnti | JoinKind::RightAnti | JoinKind::LeftSemi | JoinKind::RightSemi
    )
}

/// One row of each key: what `innerunique` does to its left side.
fn first_per_key(plan: LogicalPlan, keys: &[String]) -> Result<LogicalPlan> {
    let on = keys.iter().map(|k| column(k.clone())).collect();
    let select = names(&plan).into_iter().map(column).collect();
    let plan = build(LogicalPlanBuilder::from(plan).distinct_on(on, select, None)?)?;
    let exprs: Vec<DfExpr> = plan
        .schema()
        .columns()
        .into_iter()
        .map(|c| {
            let name = c.name.clone();
            DfExpr::Column(c).alias(name)
        })
        .collect();
    build(LogicalPlanBuilder::from(plan).project(exprs)?)
}
