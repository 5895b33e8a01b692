//! Walks over plans: renaming ids, collecting what is read.

use std::collections::BTreeMap;

use crate::plan::{
    Aggregate, ColumnId, ColumnName, Expr, ExprKind, ParsePiece, PluginArg, Rel, RelOp, SortKey,
    TableRead,
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
    /// What was met.
    pub(crate) size: Size,
}

/// How large a tree is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    /// Expressions, and columns of operators.
    pub(crate) nodes: usize,
    /// Longest way down.
    pub(crate) height: usize,
    level: usize,
}

impl Size {
    fn down(&mut self, nodes: usize) {
        self.nodes += nodes;
        self.level += 1;
        self.height = self.height.max(self.level);
    }

    fn up(&mut self) {
        self.level -= 1;
    }
}

/// The size of an expression.
pub(crate) fn size(tree: &mut Expr) -> Size {
    let mut visit = Visit {
        id: &mut |_, _| {},
        rel: &mut |_| {},
        size: Size::default(),
    };
    expr(tree, &mut visit);
    visit.size
}

fn ids(tree: &mut Rel, id: &mut dyn FnMut(&mut ColumnId, Use)) -> Size {
    let mut visit = Visit {
        id,
        rel: &mut |_| {},
        size: Size::default(),
    };
    rel(tree, &mut visit);
    visit.size
}

/// Visits every id in a tree.
pub(crate) fn rel(node: &mut Rel, visit: &mut Visit<'_>) {
    (visit.rel)(node);
    visit.size.down(node.columns.len());
    op(&mut node.op, visit);
    visit.size.up();
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
    visit.size.down(1);
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
    visit.size.up();
}

/// A table by id: ids count up from 1, so their numbers are places.
#[derive(Default)]
pub(crate) struct Renaming {
    /// The new id at the old one's place, or what is known of it.
    fresh: Vec<u32>,
    touched: Vec<ColumnId>,
}

/// Not met yet.
const NEW: u32 = 0;
/// Met, but not where it is defined.
const OUTER: u32 = u32::MAX;

impl Renaming {
    /// Gives every id that the tree defines a fresh one. Ids from outside (of a lambda's arguments) stay.
    pub(crate) fn refresh(&mut self, tree: &mut Rel, next: &mut u32) -> Size {
        self.fresh.resize(*next as usize + 1, NEW);
        // Nearly always an id is defined before it is used.
        let mut late = false;
        let size = ids(tree, &mut |id, used| {
            let Some(new) = self.fresh.get_mut(id.0 as usize) else {
                return;
            };
            if used == Use::Shared {
                return;
            }
            if *new == NEW {
                self.touched.push(*id);
            }
            if used == Use::Defines && matches!(*new, NEW | OUTER) {
                late |= *new == OUTER;
                *next += 1;
                *new = *next;
            }
            match *new {
                NEW => *new = OUTER,
                OUTER => {}
                new => *id = ColumnId(new),
            }
        });
        if late {
            ids(tree, &mut |id, used| {
                let new = self.fresh.get(id.0 as usize).copied();
                if let Some(new) = new.filter(|new| used != Use::Shared && *new != OUTER) {
                    *id = ColumnId(new);
                }
            });
        }
        for id in self.touched.drain(..) {
            if let Some(new) = self.fresh.get_mut(id.0 as usize) {
                *new = NEW;
            }
        }
        size
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
                size: Size::default(),
            },
        );
    }
    whole.into_iter().for_each(|id| used.insert(id));
    let mut tables: BTreeMap<String, Vec<ColumnName>> = BTreeMap::new();
    for tree in trees {
        let mut collect = |node: &Rel| {
            if let RelOp::Table { name, columns } = &node.op {
                let read = columns.iter().filter(|(id, _)| used.contains(*id));
                let read = read.map(|(_, name)| name.clone());
                match tables.get_mut(name) {
                    Some(list) => list.extend(read),
                    None => {
                        tables.insert(name.clone(), read.collect());
                    }
                }
            }
        };
        rel(
            tree,
            &mut Visit {
                id: &mut |_, _| {},
                rel: &mut collect,
                size: Size::default(),
            },
        );
    }
    tables
        .into_iter()
        .map(|(table, mut columns)| {
            columns.sort_unstable();
            columns.dedup();
            TableRead {
                table,
                columns: columns.into_iter().map(String::from).collect(),
            }
        })
        .collect()
}
