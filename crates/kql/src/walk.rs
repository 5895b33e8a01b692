//! Walks over plans: renaming ids, collecting what is read.

pub(crate) mod patterns;

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
            | RelOp::Scan(_)
            | RelOp::Graph(_)
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
                    .ids_mut()
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
                level.inner.iter_mut().for_each(|a| aggregate(a, visit));
                aggregate(&mut level.aggregate, visit);
            }
        }
        RelOp::Scan(scan) => patterns::scan(scan, visit),
        RelOp::Graph(graph) => patterns::graph(graph, visit),
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
            subquery(input, visit);
        }
        ExprKind::Index { value, index } => {
            expr(value, visit);
            expr(index, visit);
        }
        ExprKind::ToScalar(input) => subquery(input, visit),
    }
    visit.size.up();
}

/// A subquery's first column is its value.
fn subquery(input: &mut Rel, visit: &mut Visit<'_>) {
    rel(input, visit);
    if let Some(first) = input.columns.first_mut() {
        (visit.id)(&mut first.id, Use::Yields);
    }
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

/// What results depend on: ids that are read, and which output column is read out of which input column. Ids count up
/// from 1, so their numbers are places.
#[derive(Default)]
struct Demand {
    used: Vec<bool>,
    feeds: Vec<(ColumnId, ColumnId)>,
}

impl Demand {
    /// True when the id was not read before.
    fn read(&mut self, id: ColumnId) -> bool {
        let at = id.0 as usize;
        if self.used.len() <= at {
            self.used.resize(at + 1, false);
        }
        let before = self
            .used
            .get_mut(at)
            .map(|used| std::mem::replace(used, true));
        before == Some(false)
    }

    fn reads(&self, id: ColumnId) -> bool {
        self.used.get(id.0 as usize).is_some_and(|used| *used)
    }

    fn columns(&mut self, rel: &Rel) {
        for column in &rel.columns {
            self.read(column.id);
        }
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
            RelOp::Scan(_) | RelOp::Graph(_) => {
                patterns::inputs(&node.op, &mut |input| self.columns(input));
            }
            RelOp::Union { inputs, .. } => {
                for input in inputs {
                    let filled = input.columns.iter();
                    self.feeds.extend(filled.filter_map(|(position, from)| {
                        Some((node.columns.get(position)?.id, from))
                    }));
                }
            }
            RelOp::Materialized { columns, .. } => {
                self.feeds.extend(columns);
            }
            _ => {}
        }
    }

    /// Follows what is read to where it comes from.
    fn follow(&mut self) {
        let mut feeds = std::mem::take(&mut self.feeds);
        feeds.sort_unstable();
        feeds.dedup();
        let outs = feeds.iter().map(|(out, _)| *out);
        let mut new: Vec<ColumnId> = outs.filter(|out| self.reads(*out)).collect();
        new.dedup();
        while let Some(id) = new.pop() {
            let first = feeds.partition_point(|(out, _)| *out < id);
            let of_id = feeds.iter().skip(first).take_while(|(out, _)| *out == id);
            for (_, from) in of_id {
                if self.read(*from) {
                    new.push(*from);
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
                demand.read(*id);
            }
        });
        let visit = &mut Visit {
            id: &mut |_, _| {},
            rel: &mut |node| demand.operator(node),
            size: Size::default(),
        };
        rel(tree, visit);
    }
    demand.follow();
    tables_read(trees, &demand)
}

fn tables_read(trees: Vec<&mut Rel>, demand: &Demand) -> Vec<TableRead> {
    let mut tables: BTreeMap<String, Vec<ColumnName>> = BTreeMap::new();
    let mut collect = |node: &Rel| {
        if let RelOp::Table { name, columns } = &node.op {
            let read = columns.iter().filter(|(id, _)| demand.reads(*id));
            let read = read.map(|(_, name)| name.clone());
            match tables.get_mut(name) {
                Some(list) => list.extend(read),
                None => {
                    tables.insert(name.clone(), read.collect());
                }
            }
        }
    };
    for tree in trees {
        let visit = &mut Visit {
            id: &mut |_, _| {},
            rel: &mut collect,
            size: Size::default(),
        };
        rel(tree, visit);
    }
    let read = |(table, mut columns): (String, Vec<ColumnName>)| {
        columns.sort_unstable();
        columns.dedup();
        TableRead {
            table,
            columns: columns.into_iter().map(String::from).collect(),
        }
    };
    tables.into_iter().map(read).collect()
}
