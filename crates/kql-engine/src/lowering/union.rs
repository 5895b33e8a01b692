//! `union`.

use arrow::datatypes::DataType;
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
        let carried = self.carried(rel, source, inputs, &absent, &plans);
        let ingested = plans.iter().all(|plan| has(plan, super::INGESTED));
        let mut projected: Vec<std::sync::Arc<LogicalPlan>> = Vec::with_capacity(plans.len());
        for (input, plan) in inputs.iter().zip(plans) {
            let mut exprs: Vec<DfExpr> = self.scope_columns(&plan);
            let mut filled = input.columns.iter().peekable();
            for ((idx, column_out), raw) in rel.columns.iter().enumerate().zip(&raw) {
                let from = filled.next_if(|(at, _)| *at == idx).map(|(_, id)| id);
                if carried.get(idx) != Some(&true) {
                    continue;
                }
                let from = from.filter(|id| has(&plan, &name(*id)));
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
            let plan = super::projection::project(plan, exprs)?;
            projected.push(std::sync::Arc::new(plan));
        }
        if let [only] = projected.as_slice() {
            return Ok(only.as_ref().clone());
        }
        let all = LogicalPlan::Union(Union::try_new_with_loose_types(projected)?);
        let exprs: Vec<DfExpr> = names(&all).into_iter().map(column).collect();
        build(LogicalPlanBuilder::from(all).project(exprs)?)
    }

    /// Which output columns the plan has. One that no input carries is read by nothing: `union *` has thousands of those.
    fn carried(
        &self,
        rel: &Rel,
        source: Option<ColumnId>,
        inputs: &[&UnionInput],
        absent: &[&UnionInput],
        plans: &[LogicalPlan],
    ) -> Vec<bool> {
        let columns = rel.columns.iter();
        let mut carried: Vec<bool> = columns.map(|out| Some(out.id) == source).collect();
        for (input, plan) in inputs.iter().zip(plans) {
            for (at, id) in input.columns.iter() {
                if let Some(carried) = carried.get_mut(at) {
                    *carried = *carried || has(plan, &name(id));
                }
            }
        }
        for input in absent {
            for (at, id) in input.columns.iter() {
                if let Some(carried) = carried.get_mut(at) {
                    *carried = *carried || self.carries(&input.rel, id);
                }
            }
        }
        carried
    }

    /// For each output column, the stored type when every input that has the column carries its stored form.
    fn raw_types(
        rel: &Rel,
        inputs: &[&UnionInput],
        plans: &[LogicalPlan],
    ) -> Vec<Option<DataType>> {
        // Not met, or met with or without one stored type.
        let mut found: Vec<Option<Option<DataType>>> = vec![None; rel.columns.len()];
        for (input, plan) in inputs.iter().zip(plans) {
            for (at, id) in input.columns.iter() {
                let Some(known) = found.get_mut(at).filter(|_| has(plan, &name(id))) else {
                    continue;
                };
                let field = plan.schema().field_with_unqualified_name(&raw_name(id));
                let ty = field.ok().map(|field| field.data_type().clone());
                *known = Some(match known.take() {
                    Some(before) => before.filter(|before| Some(before) == ty.as_ref()),
                    None => ty,
                });
            }
        }
        found.into_iter().map(Option::flatten).collect()
    }
}
