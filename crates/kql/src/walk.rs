//! Walks over plans: renaming ids, collecting what is read.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{
    Aggregate, ColumnId, ColumnName, Expr, ExprKind, ParsePiece, PluginArg, Rel, RelOp, SortKey, TableRead,
};

/// What an id stands for where it is met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The operator makes it.
    Defines,
    /// The operator reads it.
    Reads,
    /// It is only listed among the output.
    Lists,
    /// An id of a shared sub-plan.
    Shared,
}

/// What to do on the way.
pub(crate) struct Visit<'v> {
    /// Called for every id.
    pub(crate) id: &'v mut dyn FnMut(&mut ColumnId, Use),
    /// Called for every operator.
    pub(crate) rel: &'v mut dyn FnMut(&Rel),
}

fn ids(tree: &mut Rel, id: &mut dyn FnMut(&mut ColumnId, Use)) {
    rel(
        tree,
        &mut Visit {
            id,
            rel: &mut |_| {},
        },
    );
}

/// Visits every id in a tree.
pub(crate) fn rel(node: &mut Rel, visit: &mut Visit<'_>) {
    (visit.rel)(node);
    op(&mut node.op, visit);
    let leaf = matches!(
        node.op,
        RelOp::MissingTable { .. }
            | RelOp::Watchlist { .. }
            | RelOp::ExternalData { .. }
            | RelOp::Values { .. }
            | RelOp::Range { .. }
            | RelOp::Count { .. }
            | RelOp::GetSchema { .. }
            | RelOp::Evaluate { .. }
            | RelOp::Union { .. }
            | RelOp::Error
    );
    for column in &mut node.columns {
        (visit.id)(&mut column.id, if leaf { Use::Defines } else { Use::Lists });
    }
}

fn op(op: &mut RelOp, visit: &mut Visit<'_>) {
    match op {
        RelOp::Table { columns, .. } => columns
            .iter_mut()
            .for_each(|(id, _)| (visit.id)(id, Use::Defines)),
        RelOp::MissingTable { .. }
        | RelOp::ExternalData { .. }
        | RelOp::SubInput
        | RelOp::Error => {}
        RelOp::Watchlist { alias } => expr(alias, visit),
        RelOp::Values { rows } => rows.iter_mut().flatten().for_each(|cell| expr(cell, visit)),
        RelOp::Print { items } => self::items(items, visit),
        RelOp::Range { from, to, step } => {
            [from, to, step].into_iter().for_each(|e| expr(e, visit))
        }
        RelOp::Filter { input, predicate } => {
            rel(input, visit);
            expr(predicate, visit);
        }
        RelOp::Project { input, items } | RelOp::Distinct { input, items } => {
            rel(input, visit);
            self::items(items, visit);
        }
        RelOp::Summarize {
            input,
            keys,
            aggregates,
        } => {
            rel(input, visit);
            items(keys, visit);
            aggregates.iter_mut().for_each(|a| aggregate(a, visit));
        }
        RelOp::Sort { input, keys } => {
            rel(input, visit);
            sort_keys(keys, visit);
        }
        RelOp::Top { input, count, keys } => {
            rel(input, visit);
            expr(count, visit);
            sort_keys(keys, visit);
        }
        RelOp::Take { input, count } | RelOp::Sample { input, count } => {
            rel(input, visit);
            expr(count, visit);
        }
        RelOp::SampleDistinct { input, count, item } => {
            rel(input, visit);
            expr(count, visit);
            items(std::slice::from_mut(item), visit);
        }
        RelOp::Count { input } | RelOp::Serialize { input } | RelOp::GetSchema { input } => {
            rel(input, visit)
        }
        RelOp::Join {
            left, right, on, ..
        } => {
            rel(left, visit);
            rel(right, visit);
            for (l, r) in on {
                expr(l, visit);
                expr(r, visit);
            }
        }
        RelOp::Union { inputs, .. } => {
            for input in inputs {
                rel(&mut input.rel, visit);
                input
                    .columns
                    .ids_mut()
                    .for_each(|id| (visit.id)(id, Use::Reads));
            }
        }
        RelOp::MvExpand {
            input,
            items,
            index,
            limit,
            ..
        } => {
            rel(input, visit);
            expansions(items, index, limit, visit);
        }
        RelOp::MvApply {
            input,
            items,
            index,
            limit,
            subquery,
        } => {
            rel(input, visit);
            expansions(items, index, limit, visit);
            rel(subquery, visit);
        }
        RelOp::Partition {
            input,
            key,
            subquery,
        } => {
            rel(input, visit);
            (visit.id)(key, Use::Reads);
            rel(subquery, visit);
        }
        RelOp::Parse {
            input,
            value,
            pieces,
            ..
        } => {
            rel(input, visit);
            expr(value, visit);
            for piece in pieces {
                if let ParsePiece::Column { id, .. } = piece {
                    (visit.id)(id, Use::Defines);
                }
            }
        }
        RelOp::ParseKv {
            input, value, keys, ..
        } => {
            rel(input, visit);
            expr(value, visit);
            keys.iter_mut()
                .for_each(|key| (visit.id)(&mut key.id, Use::Defines));
        }
        RelOp::Materialized { columns, .. } => {
            for (id, inner) in columns {
                (visit.id)(id, Use::Defines);
                (visit.id)(inner, Use::Shared);
            }
        }
        RelOp::MakeSeries {
            input,
            aggregates,
            axis,
            axis_column,
            from,
            to,
            step,
            keys,
        } => {
            rel(input, visit);
            for (a, default) in aggregates {
                aggregate(a, visit);
                expr(default, visit);
            }
            [Some(axis), from.as_mut(), to.as_mut(), Some(step)]
                .into_iter()
                .flatten()
                .for_each(|e| expr(e, visit));
            (visit.id)(axis_column, Use::Defines);
            items(keys, visit);
        }
        RelOp::TopNested { input, levels } => {
            rel(input, visit);
            for level in levels {
                level
                    .count
                    .iter_mut()
                    .chain(level.others.as_mut())
                    .for_each(|e| expr(e, visit));
                items(std::slice::from_mut(&mut level.value), visit);
                aggregate(&mut level.aggregate, visit);
            }
        }
        RelOp::Evaluate { input, args, .. } => {
            if let Some(input) = input {
                rel(input, visit);
            }
            for arg in args {
                match arg {
                    PluginArg::Expr(e) | PluginArg::Named(_, e) => expr(e, visit),
                    PluginArg::Aggregate(a) => aggregate(a, visit),
                    PluginArg::Rel(r) => rel(r, visit),
                }
            }
        }
    }
}

fn items(items: &mut [(ColumnId, Expr)], visit: &mut Visit<'_>) {
    for (id, value) in items {
        let passes = matches!(&value.kind, ExprKind::Column(source) if source == id);
        expr(value, visit);
        (visit.id)(id, if passes { Use::Lists } else { Use::Defines });
    }
}

fn sort_keys(keys: &mut [SortKey], visit: &mut Visit<'_>) {
    keys.iter_mut().for_each(|key| expr(&mut key.expr, visit));
}

fn aggregate(aggregate: &mut Aggregate, visit: &mut Visit<'_>) {
    aggregate.args.iter_mut().for_each(|arg| expr(arg, visit));
    aggregate
        .outputs
        .iter_mut()
        .for_each(|column| (visit.id)(&mut column.id, Use::Defines));
}

fn expansions(
    items: &mut [crate::plan::MvItem],
    index: &mut Option<ColumnId>,
    limit: &mut Option<Box<Expr>>,
    visit: &mut Visit<'_>,
) {
    for item in items {
        expr(&mut item.value, visit);
        (visit.id)(&mut item.output, Use::Defines);
    }
    index.iter_mut().for_each(|id| (visit.id)(id, Use::Defines));
    limit.iter_mut().for_each(|e| expr(e, visit));
}

/// Visits every id in an expression.
pub(crate) fn expr(node: &mut Expr, visit: &mut Visit<'_>) {
    match &mut node.kind {
        ExprKind::Literal(_) => {}
        ExprKind::Column(id) => (visit.id)(id, Use::Reads),
        ExprKind::Call { args, .. } | ExprKind::Window { args, .. } => {
            args.iter_mut().for_each(|arg| expr(arg, visit))
        }
        ExprKind::Binary { left, right, .. } => {
            expr(left, visit);
            expr(right, visit);
        }
        ExprKind::Negate(value) | ExprKind::Cast(value) | ExprKind::Member { value, .. } => {
            expr(value, visit)
        }
        ExprKind::Between {
            value, low, high, ..
        } => [value, low, high].into_iter().for_each(|e| expr(e, visit)),
        ExprKind::In { value, list, .. } => {
            expr(value, visit);
            list.iter_mut().for_each(|e| expr(e, visit));
        }
        ExprKind::InSubquery { value, input, .. } => {
            expr(value, visit);
            rel(input, visit);
        }
        ExprKind::Index { value, index } => {
            expr(value, visit);
            expr(index, visit);
        }
        ExprKind::ToScalar(input) => rel(input, visit),
    }
}

/// A table by id: ids count up from 1, so their numbers are places.
#[derive(Default)]
pub(crate) struct Renaming {
    /// The new id at the old one's place, 0 where there is none.
    fresh: Vec<u32>,
    defined: Vec<ColumnId>,
}

impl Renaming {
    /// Gives every id that the tree defines a fresh one. Ids from outside (of a lambda's arguments) stay.
    pub(crate) fn refresh(&mut self, tree: &mut Rel, next: &mut u32) {
        self.fresh.resize(*next as usize + 1, 0);
        ids(tree, &mut |id, used| {
            if used == Use::Defines
                && let Some(new @ 0) = self.fresh.get_mut(id.0 as usize)
            {
                *next += 1;
                *new = *next;
                self.defined.push(*id);
            }
        });
        ids(tree, &mut |id, used| {
            if used != Use::Shared
                && let Some(new @ 1..) = self.fresh.get(id.0 as usize)
            {
                *id = ColumnId(*new);
            }
        });
        for id in self.defined.drain(..) {
            if let Some(new) = self.fresh.get_mut(id.0 as usize) {
                *new = 0;
            }
        }
    }
}

/// `pivot` without a list of columns groups by all that it is not told otherwise of, whether they
/// are read afterwards or not.
fn groups_by_the_rest(plugin: &str, args: &[PluginArg]) -> bool {
    let columns = args.iter().filter(|arg| matches!(arg, PluginArg::Expr(_)));
    plugin == "pivot" && columns.count() <= 1
}

/// A set of ids.
struct Ids(Vec<bool>);

impl Ids {
    fn insert(&mut self, id: ColumnId) {
        let at = id.0 as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, false);
        }
        if let Some(slot) = self.0.get_mut(at) {
            *slot = true;
        }
    }

    fn contains(&self, id: ColumnId) -> bool {
        self.0.get(id.0 as usize).is_some_and(|found| *found)
    }
}

/// The stored tables and columns that results depend on.
pub(crate) fn reads(results: &mut [Rel], materialized: &mut [Rel]) -> Vec<TableRead> {
    let mut used = Ids(Vec::new());
    for column in results.iter().flat_map(|tree| &tree.columns) {
        used.insert(column.id);
    }
    let mut trees: Vec<&mut Rel> = results.iter_mut().chain(materialized.iter_mut()).collect();
    let mut whole: Vec<ColumnId> = Vec::new();
    for tree in &mut trees {
        let mut read = |id: &mut ColumnId, kind: Use| {
            if matches!(kind, Use::Reads | Use::Shared) {
                used.insert(*id);
            }
        };
        let mut grouped = |node: &Rel| {
            if let RelOp::Evaluate {
                plugin,
                input: Some(input),
                args,
                ..
            } = &node.op
                && groups_by_the_rest(plugin, args)
            {
                whole.extend(input.columns.iter().map(|column| column.id));
            }
        };
        rel(
            tree,
            &mut Visit {
                id: &mut read,
                rel: &mut grouped,
            },
        );
    }
    whole.into_iter().for_each(|id| used.insert(id));
    let mut tables: BTreeMap<String, BTreeSet<ColumnName>> = BTreeMap::new();
    for tree in trees {
        let mut collect = |node: &Rel| {
            if let RelOp::Table { name, columns } = &node.op {
                let list = tables.entry(name.clone()).or_default();
                for (id, name) in columns {
                    if used.contains(*id) && !list.contains(name) {
                        list.insert(name.clone());
                    }
                }
            }
        };
        rel(
            tree,
            &mut Visit {
                id: &mut |_, _| {},
                rel: &mut collect,
            },
        );
    }
    tables
        .into_iter()
        .map(|(table, columns)| TableRead {
            table,
            columns: columns.into_iter().map(String::from).collect(),
        })
        .collect()
}
