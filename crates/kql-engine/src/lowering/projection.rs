//! Projections over projections.
//!
//! A rule may extend its rows fifty times, a column at a time. Each step is a projection of all columns, and every rule
//! of the optimiser walks all columns of all steps: they are put together as they come.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};

use super::build;
use crate::error::Result;

/// A projection of a plan's rows. It becomes one with a projection below where that computes nothing twice.
pub(super) fn project(plan: LogicalPlan, exprs: Vec<DfExpr>) -> Result<LogicalPlan> {
    match merged(&plan, &exprs)? {
        Some((input, exprs)) => build(LogicalPlanBuilder::from(input).project(exprs)?),
        None => build(LogicalPlanBuilder::from(plan).project(exprs)?),
    }
}

/// The input of a projection and the expressions over it that give the same, unless one of its values is read other than
/// by being passed on once.
fn merged(plan: &LogicalPlan, exprs: &[DfExpr]) -> Result<Option<(LogicalPlan, Vec<DfExpr>)>> {
    let LogicalPlan::Projection(lower) = plan else {
        return Ok(None);
    };
    let fields = lower.schema.fields().iter();
    let mut values: HashMap<&str, (&DfExpr, usize)> = fields
        .zip(&lower.expr)
        .map(|(field, expr)| (field.name().as_str(), (value(expr), 0)))
        .collect();
    for expr in exprs {
        let passed = matches!(value(expr), DfExpr::Column(_));
        for column in expr.column_refs() {
            let Some((value, uses)) = values.get_mut(column.name.as_str()) else {
                return Ok(None);
            };
            *uses += 1;
            if !is_plain(value) && (!passed || *uses > 1) {
                return Ok(None);
            }
        }
    }
    let written_out = |expr: &DfExpr| {
        let name = match expr {
            DfExpr::Alias(alias) => alias.name.clone(),
            DfExpr::Column(column) => column.name.clone(),
            other => other.schema_name().to_string(),
        };
        let expr = value(expr).clone().transform(|part| {
            Ok(match &part {
                DfExpr::Column(column) => match values.get(column.name.as_str()) {
                    Some((value, _)) => Transformed::yes((*value).clone()),
                    None => Transformed::no(part),
                },
                _ => Transformed::no(part),
            })
        })?;
        Ok(expr.data.alias(name))
    };
    let exprs = exprs.iter().map(written_out).collect::<Result<Vec<_>>>()?;
    Ok(Some((lower.input.as_ref().clone(), exprs)))
}

/// The expression without the name it is given.
fn value(expr: &DfExpr) -> &DfExpr {
    match expr {
        DfExpr::Alias(alias) if alias.relation.is_none() => &alias.expr,
        other => other,
    }
}

/// What costs nothing to read twice.
fn is_plain(expr: &DfExpr) -> bool {
    matches!(expr, DfExpr::Column(_) | DfExpr::Literal(..))
}
