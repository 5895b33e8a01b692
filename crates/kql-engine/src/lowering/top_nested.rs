//! `top-nested`: level by level, the best values of each group that the level before left.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use kql::plan::{Rel, TopNestedLevel};
use kql::types::Type;

use super::series::order;
use super::{Lowering, build, column, name};
use crate::error::Result;
use crate::operators::make_series::column as take_column;
use crate::operators::rows::{ColumnRef, Groups, Key, ROWS_MAX};
use crate::staging::{batch_plan, named_batch, with_columns};
use crate::values::{ColumnBuilder, Datum, Reader};

/// A group: the values of the levels so far.
#[derive(Clone, Default)]
struct Group {
    /// Value and aggregate of each level.
    cells: Vec<(Datum<'static>, Datum<'static>)>,
    /// What did not make it to the top of some level.
    others: bool,
    /// A row of the run of an enclosing subquery that the group is of.
    first: Option<u32>,
}

/// A level's groups: of which group before, the value, the aggregate.
type Ranked = Vec<(usize, Datum<'static>, Datum<'static>)>;

impl<'q> Lowering<'q> {
    pub(super) async fn top_nested(
        &mut self,
        rel: &'q Rel,
        input: &'q Rel,
        levels: &'q [TopNestedLevel],
    ) -> Result<LogicalPlan> {
        let plan = self.lower(input).await?;
        let plan = self.compute_windows(rel, plan).await?;
        let mut values = Vec::new();
        let mut more = Vec::new();
        for level in levels {
            let key = self.fresh("u");
            more.push(self.expr(&level.value.1)?.alias(key.clone()));
            values.push(ColumnRef {
                key,
                title: String::new(),
                ty: level.value.1.ty,
            });
        }
        let batch = self.collect_with(plan, more).await?;
        let scopes: Vec<String> = self
            .scopes
            .iter()
            .filter(|scope| batch.column_by_name(scope).is_some())
            .cloned()
            .collect();
        let (mut groups, mut of_row) = runs(&scopes, &batch)?;
        for (level, value) in levels.iter().zip(&values) {
            (groups, of_row) = self.level(level, value, &batch, groups, of_row).await?;
        }
        let mut columns: Vec<(String, ArrayRef)> = Vec::new();
        let firsts: UInt32Array = groups.iter().map(|group| group.first).collect();
        for scope in &scopes {
            let numbers = take(&take_column(&batch, scope)?, &firsts, None)?;
            columns.push((scope.clone(), numbers));
        }
        for (at, level) in levels.iter().enumerate() {
            let mut value = ColumnBuilder::new(level.value.1.ty, groups.len());
            let rank = level.aggregate.outputs.first();
            let mut ranks = ColumnBuilder::new(rank.map_or(Type::Long, |r| r.ty), groups.len());
            for group in &groups {
                let none = (Datum::Null, Datum::Null);
                let (cell, aggregate) = group.cells.get(at).unwrap_or(&none);
                value.push(cell);
                ranks.push(aggregate);
            }
            columns.push((name(level.value.0), value.finish()));
            columns.extend(rank.map(|rank| (name(rank.id), ranks.finish())));
        }
        batch_plan(named_batch(columns, groups.len())?)
    }

    /// One level: the groups it makes of those before, and each row's.
    async fn level(
        &mut self,
        level: &'q TopNestedLevel,
        value: &ColumnRef,
        batch: &RecordBatch,
        groups: Vec<Group>,
        of_row: Vec<Option<usize>>,
    ) -> Result<(Vec<Group>, Vec<Option<usize>>)> {
        let most = match &level.count {
            Some(count) => self.count(count)?,
            None => usize::MAX,
        };
        let others = match &level.others {
            Some(label) => Some(self.datum(label)?),
            None => None,
        };
        let ranked = self.aggregated(level, Some(value), batch, &of_row).await?;
        let mut of_group: Vec<Ranked> = vec![Vec::new(); groups.len()];
        for (group, value, rank) in ranked {
            if let Some(list) = of_group.get_mut(group) {
                list.push((group, value, rank));
            }
        }
        let mut next: Vec<Group> = Vec::new();
        let mut chosen: HashMap<(usize, Key), usize> = HashMap::new();
        // Of each group before, the one for what is left of it.
        let mut rest: Vec<Option<usize>> = vec![None; groups.len()];
        let mut rest_of =
            |at: usize, group: &Group, label: &Datum<'static>, next: &mut Vec<Group>| {
                let mut left = group.clone();
                left.others = true;
                left.cells.push((label.clone(), Datum::Null));
                if let Some(slot) = rest.get_mut(at) {
                    *slot = Some(next.len());
                }
                next.push(left);
            };
        for (at, (group, mut list)) in groups.iter().zip(of_group).enumerate() {
            if group.others {
                let label = others.clone().unwrap_or(Datum::Null);
                rest_of(at, group, &label, &mut next);
                continue;
            }
            list.sort_by(|(_, _, a), (_, _, b)| ranking(a, b, level.descending));
            let left = list.len() > most;
            for (_, value, rank) in list.into_iter().take(most) {
                chosen.insert((at, Key::of(&value)), next.len());
                let mut group = group.clone();
                group.cells.push((value, rank));
                next.push(group);
            }
            if let (true, Some(label)) = (left, &others) {
                rest_of(at, group, label, &mut next);
            }
            if next.len() > ROWS_MAX {
                return Err(crate::operators::rows::limit(format!(
                    "top-nested made more than {ROWS_MAX} rows"
                ))
                .into());
            }
        }
        let reader = value.read(batch)?;
        let place = |(row, group): (usize, &Option<usize>)| {
            let group = (*group)?;
            let key = (group, Key::of(&reader.get(row)));
            let found = chosen.get(&key).copied();
            found.or_else(|| rest.get(group).copied().flatten())
        };
        let of_row: Vec<Option<usize>> = of_row.iter().enumerate().map(place).collect();
        if others.is_some() && rest.iter().any(Option::is_some) {
            for (at, _, rank) in self.aggregated(level, None, batch, &of_row).await? {
                let group = next.get_mut(at).filter(|group| group.others);
                if let Some(cell) = group.and_then(|group| group.cells.last_mut()) {
                    cell.1 = rank;
                }
            }
        }
        Ok((next, of_row))
    }

    /// The level's aggregate by group and, if given, value.
    async fn aggregated(
        &mut self,
        level: &'q TopNestedLevel,
        value: Option<&ColumnRef>,
        batch: &RecordBatch,
        of_row: &[Option<usize>],
    ) -> Result<Ranked> {
        let (key, rank) = (self.fresh("g"), self.fresh("a"));
        let numbers: Int64Array = of_row
            .iter()
            .map(|group| group.and_then(|group| i64::try_from(group).ok()))
            .collect();
        let rows = with_columns(batch, vec![(key.clone(), Arc::new(numbers) as ArrayRef)])?;
        let rows =
            build(LogicalPlanBuilder::from(batch_plan(rows)?).filter(column(&key).is_not_null())?)?;
        let mut keys: Vec<DfExpr> = vec![column(&key)];
        keys.extend(value.map(|value| column(&value.key)));
        let calls = if level.inner.is_empty() {
            std::slice::from_ref(&level.aggregate)
        } else {
            level.inner.as_slice()
        };
        let mut lowered = Vec::new();
        for call in calls {
            let label = self.fresh("a");
            lowered.push(self.aggregate(call, &label, &rows)?);
        }
        let exprs: Vec<DfExpr> = lowered.iter().map(|call| call.expr.clone()).collect();
        let mut plan = build(LogicalPlanBuilder::from(rows).aggregate(keys.clone(), exprs)?)?;
        let outputs = lowered.into_iter().flat_map(|call| call.outputs);
        let outputs = outputs.map(|(id, value)| value.alias(name(id)));
        let kept = keys.iter().cloned().chain(outputs);
        plan = build(LogicalPlanBuilder::from(plan).project(kept)?)?;
        let result = match (
            level.aggregate.outputs.first(),
            level.aggregate.args.first(),
        ) {
            (_, Some(expression)) if !level.inner.is_empty() => self.expr(expression)?,
            (Some(output), _) => column(name(output.id)),
            _ => return Ok(Vec::new()),
        };
        let kept = keys.into_iter().chain([result.alias(rank.clone())]);
        plan = build(LogicalPlanBuilder::from(plan).project(kept)?)?;
        let made = self.staging.collect(plan).await?;
        let groups = Reader::new(Type::Long, &take_column(&made, &key)?, false)?;
        let ty = level.aggregate.outputs.first().map_or(Type::Long, |o| o.ty);
        let ranks = Reader::new(ty, &take_column(&made, &rank)?, false)?;
        let values = match value {
            Some(value) => Some(value.read(&made)?),
            None => None,
        };
        let row = |row: usize| {
            let group = usize::try_from(groups.get(row).as_i64()?).ok()?;
            let value = values
                .as_ref()
                .map_or(Datum::Null, |values| values.get(row));
            Some((group, value.into_static(), ranks.get(row).into_static()))
        };
        Ok((0..made.num_rows()).filter_map(row).collect())
    }
}

/// The best first, nulls last.
fn ranking(a: &Datum<'_>, b: &Datum<'_>, descending: bool) -> std::cmp::Ordering {
    match (a.is_null(), b.is_null(), descending) {
        (false, false, true) => order(b, a),
        (false, false, false) => order(a, b),
        (a, b, _) => a.cmp(&b),
    }
}

/// The runs of the enclosing subqueries, or one group of all rows.
fn runs(scopes: &[String], batch: &RecordBatch) -> Result<(Vec<Group>, Vec<Option<usize>>)> {
    let columns: Vec<ColumnRef> = scopes
        .iter()
        .map(|scope| ColumnRef {
            key: scope.clone(),
            title: String::new(),
            ty: Type::Long,
        })
        .collect();
    let columns: Vec<&ColumnRef> = columns.iter().collect();
    let mut of_row = vec![None; batch.num_rows()];
    let mut groups = Vec::new();
    for rows in &Groups::by(&columns, batch)?.rows {
        for row in rows {
            if let Some(slot) = of_row.get_mut(*row) {
                *slot = Some(groups.len());
            }
        }
        groups.push(Group {
            first: rows.first().and_then(|row| u32::try_from(*row).ok()),
            ..Group::default()
        });
    }
    Ok((groups, of_row))
}
