//! Walks over plans: renaming ids, collecting what is read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::plan::{
    Aggregate, ColumnId, Expr, ExprKind, ParsePiece, PluginArg, Rel, RelOp, SortKey, TableRead,
};

/// What an id stands for where it is met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The operator makes it.
    Defines,
    /// The operator reads it.
    Reads,
    /// It is only handed on to the output.
    Lists,
    /// It is the value of a subquery.
    Yields,
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
        RelOp::Project { input, items } => {
            rel(input, visit);
            for (id, value) in items {
                match &mut value.kind {
                    ExprKind::Column(source) if source == id => {
                        (visit.id)(source, Use::Lists);
                        *id = *source;
                    }
                    _ => {
                        expr(value, visit);
                        (visit.id)(id, Use::Defines);
                    }
                }
            }
        }
        RelOp::Distinct { input, items } => {
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
                    .iter_mut()
                    .flatten()
                    .for_each(|id| (visit.id)(id, Use::Lists));
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
            subquery(input, visit);
        }
        ExprKind::Index { value, index } => {
            expr(value, visit);
            expr(index, visit);
        }
        ExprKind::ToScalar(input) => subquery(input, visit),
    }
}

/// A subquery's first column is its value.
fn subquery(input: &mut Rel, visit: &mut Visit<'_>) {
    rel(input, visit);
    if let Some(first) = input.columns.first_mut() {
        (visit.id)(&mut first.id, Use::Yields);
    }
}

/// Gives every id that the tree defines a fresh one. Ids from outside (of a lambda's arguments) stay.
pub(crate) fn refresh(tree: &mut Rel, next: &mut u32) {
    let mut fresh: HashMap<ColumnId, ColumnId> = HashMap::new();
    ids(tree, &mut |id, used| {
        if used == Use::Defines {
            fresh.entry(*id).or_insert_with(|| {
                *next += 1;
                ColumnId(*next)
            });
        }
    });
    ids(tree, &mut |id, used| {
        if used != Use::Shared
            && let Some(new) = fresh.get(id)
        {
            *id = *new;
        }
    });
}

/// Whether a plugin reads every column of its input, the ones that are not read afterwards too. `bag_unpack` only hands
/// on what it does not unpack; `pivot` groups by all that it is not told otherwise of.
fn reads_all(plugin: &str, args: &[PluginArg]) -> bool {
    let columns = args.iter().filter(|arg| matches!(arg, PluginArg::Expr(_)));
    match plugin {
        "bag_unpack" | "ipv4_lookup" | "ipv6_lookup" => false,
        "pivot" => columns.count() <= 1,
        _ => true,
    }
}

/// What results depend on: ids that are read, and which output column is read out of which input column.
#[derive(Default)]
struct Demand {
    used: HashSet<ColumnId>,
    feeds: HashMap<ColumnId, Vec<ColumnId>>,
}

impl Demand {
    fn columns(&mut self, rel: &Rel) {
        self.used.extend(rel.columns.iter().map(|column| column.id));
    }

    /// What an operator reads besides its expressions.
    fn operator(&mut self, node: &Rel) {
        match &node.op {
            RelOp::Evaluate {
                plugin,
                input,
                args,
                ..
            } => {
                if let Some(input) = input
                    && reads_all(plugin, args)
                {
                    self.columns(input);
                }
                for arg in args {
                    if let PluginArg::Rel(table) = arg {
                        self.columns(table);
                    }
                }
            }
            RelOp::Union { inputs, .. } => {
                for input in inputs {
                    for (out, from) in node.columns.iter().zip(&input.columns) {
                        self.feeds.entry(out.id).or_default().extend(from);
                    }
                }
            }
            RelOp::Materialized { columns, .. } => {
                for (out, from) in columns {
                    self.feeds.entry(*out).or_default().push(*from);
                }
            }
            _ => {}
        }
    }

    /// Follows what is read to where it comes from.
    fn follow(&mut self) {
        let mut new: Vec<ColumnId> = self.used.iter().copied().collect();
        while let Some(id) = new.pop() {
            for from in self.feeds.remove(&id).unwrap_or_default() {
                if self.used.insert(from) {
                    new.push(from);
                }
            }
        }
    }
}

/// The stored tables and columns that results depend on. A column that is only handed from operator to operator and
/// dropped in the end is not read.
pub(crate) fn reads(results: &mut [Rel], materialized: &mut [Rel]) -> Vec<TableRead> {
    let mut demand = Demand::default();
    for tree in results.iter() {
        demand.columns(tree);
    }
    let mut trees: Vec<&mut Rel> = results.iter_mut().chain(materialized.iter_mut()).collect();
    for tree in &mut trees {
        ids(tree, &mut |id, kind| {
            if matches!(kind, Use::Reads | Use::Yields) {
                demand.used.insert(*id);
            }
        });
        let visit = &mut Visit {
            id: &mut |_, _| {},
            rel: &mut |node| demand.operator(node),
        };
        rel(tree, visit);
    }
    demand.follow();
    tables_read(trees, &demand.used)
}

fn tables_read(trees: Vec<&mut Rel>, used: &HashSet<ColumnId>) -> Vec<TableRead> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut collect = |node: &Rel| {
        if let RelOp::Table { name, columns } = &node.op {
            let list = tables.entry(name.clone()).or_default();
            let read = columns.iter().filter(|(id, _)| used.contains(id));
            list.extend(read.map(|(_, name)| name.clone()));
        }
    };
    for tree in trees {
        let visit = &mut Visit {
            id: &mut |_, _| {},
            rel: &mut collect,
        };
        rel(tree, visit);
    }
    let read = |(table, columns): (String, BTreeSet<String>)| TableRead {
        table,
        columns: columns.into_iter().collect(),
    };
    tables.into_iter().map(read).collect()
}
