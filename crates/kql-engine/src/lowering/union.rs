//! `union`.

use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, Union};
use datafusion::scalar::ScalarValue;
use kql::plan::{ColumnId, Rel, UnionInput};

use super::expression::lit;
use super::{Lowering, build, column, has, missing, name, names, parse_extra, raw_name};
use crate::error::Result;

impl<'q> Lowering<'q> {
    pub(super) async fn union(
        &mut self,
        rel: &'q Rel,
        inputs: &'q [UnionInput],
        source: Option<ColumnId>,
    ) -> Result<LogicalPlan> {
        let (absent, inputs): (Vec<&UnionInput>, Vec<&UnionInput>) =
            inputs.iter().partition(|input| self.is_empty(&input.rel));
        if inputs.is_empty() {
            return self.no_rows(rel);
        }
        let inputs = inputs.as_slice();
        let mut plans = Vec::with_capacity(inputs.len());
        for input in inputs {
            plans.push(self.lower(&input.rel).await?);
        }
        let raw = Self::raw_types(rel, inputs, &plans);
        let extras: Vec<String> = {
            let mut all: Vec<String> = plans
                .iter()
                .flat_map(names)
                .filter(|n| parse_extra(n).is_some())
                .collect();
            all.sort();
            all.dedup();
            if rel.open { all } else { Vec::new() }
        };
        // A column that no input carries is read by nothing: `union *` has thousands of those.
        let carried: Vec<bool> = rel
            .columns
            .iter()
            .enumerate()
            .map(|(idx, column_out)| {
                Some(column_out.id) == source
                    || inputs.iter().zip(&plans).any(|(input, plan)| {
                        let from = input.columns.get(idx);
                        from.is_some_and(|id| has(plan, &name(id)))
                    })
                    || absent.iter().any(|input| {
                        let from = input.columns.get(idx);
                        from.is_some_and(|id| self.carries(&input.rel, id))
                    })
            })
            .collect();
        let ingested = plans.iter().all(|plan| has(plan, super::INGESTED));
        let mut projected: Vec<std::sync::Arc<LogicalPlan>> = Vec::with_capacity(plans.len());
        for (input, plan) in inputs.iter().zip(plans) {
            let mut exprs: Vec<DfExpr> = self.scope_columns(&plan);
            for ((idx, column_out), raw) in rel.columns.iter().enumerate().zip(&raw) {
                if carried.get(idx) != Some(&true) {
                    continue;
                }
                let from = input.columns.get(idx).filter(|id| has(&plan, &name(*id)));
                let value = match from {
                    Some(id) => column(name(id)),
                    None if Some(column_out.id) == source => {
                        lit(ScalarValue::Utf8(Some(input.source_name.clone())))
                    }
                    None => missing(column_out.ty),
                };
                exprs.push(value.alias(name(column_out.id)));
                if let Some(ty) = raw {
                    let value = match from {
                        Some(id) => column(raw_name(id)),
                        None => lit(ScalarValue::try_from(ty)?),
                    };
                    exprs.push(value.alias(raw_name(column_out.id)));
                }
            }
            for extra in &extras {
                let value = match parse_extra(extra) {
                    Some((ty, _)) if !has(&plan, extra) => missing(ty),
                    _ => column(extra.clone()),
                };
                exprs.push(value.alias(extra.clone()));
            }
            exprs.extend(ingested.then(|| column(super::INGESTED)));
            if exprs.is_empty() {
                // `union A, B | count` reads no column; one constant keeps the rows countable.
                exprs.push(lit(ScalarValue::Int64(Some(0))).alias("k0"));
            }
            let plan = build(LogicalPlanBuilder::from(plan).project(exprs)?)?;
            projected.push(std::sync::Arc::new(plan));
        }
        if let [only] = projected.as_slice() {
            return Ok(only.as_ref().clone());
        }
        let all = LogicalPlan::Union(Union::try_new_with_loose_types(projected)?);
        let exprs: Vec<DfExpr> = names(&all).into_iter().map(column).collect();
        build(LogicalPlanBuilder::from(all).project(exprs)?)
    }

    /// For each output column, the stored type when every input that has the column carries its stored form.
    fn raw_types(
        rel: &Rel,
        inputs: &[&UnionInput],
        plans: &[LogicalPlan],
    ) -> Vec<Option<arrow::datatypes::DataType>> {
        let of = |idx: usize| {
            let mut found = None;
            for (input, plan) in inputs.iter().zip(plans) {
                if let Some(id) = input.columns.get(idx).filter(|id| has(plan, &name(*id))) {
                    let ty = plan
                        .schema()
                        .field_with_unqualified_name(&raw_name(id))
                        .ok()?
                        .data_type()
                        .clone();
                    if found.as_ref().is_some_and(|known| *known != ty) {
                        return None;
                    }
                    found = Some(ty);
                }
            }
            found
        };
        (0..rel.columns.len()).map(of).collect()
    }
}
