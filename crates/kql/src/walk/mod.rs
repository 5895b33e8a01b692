//! Walks over plans.

use crate::plan::{
    Aggregate, ColumnId, Expr, ExprKind, ParsePiece, PluginArg, Rel, RelOp, SortKey,
};

pub(crate) mod patterns;
mod reads;
mod renaming;

pub(crate) use reads::reads;
pub(crate) use renaming::Renaming;

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

/// What to do on the way. Each visitor is compiled into a walk of its own: what it does not ask for costs nothing.
pub(crate) trait Visitor {
    /// Called for every id.
    fn id(&mut self, _id: &mut ColumnId, _used: Use) {}
    /// Called for every operator.
    fn rel(&mut self, _rel: &Rel) {}
    /// Called on the way into an expression (one node), or an operator with so many columns.
    fn down(&mut self, _nodes: usize) {}
    /// Called on the way out.
    fn up(&mut self) {}
}

/// A visitor of ids alone.
pub(crate) struct Ids<F>(pub(crate) F);

impl<F: FnMut(&mut ColumnId, Use)> Visitor for Ids<F> {
    fn id(&mut self, id: &mut ColumnId, used: Use) {
        (self.0)(id, used);
    }
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

impl Visitor for Size {
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
    let mut size = Size::default();
    expr(tree, &mut size);
    size
}

/// Visits every id in a tree.
pub(crate) fn rel<V: Visitor>(node: &mut Rel, visit: &mut V) {
    visit.rel(node);
    visit.down(node.columns.len());
    op(&mut node.op, visit);
    visit.up();
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
        visit.id(&mut column.id, if leaf { Use::Defines } else { Use::Lists });
    }
}

fn op<V: Visitor>(op: &mut RelOp, visit: &mut V) {
    match op {
        RelOp::Table { columns, .. } => columns
            .iter_mut()
            .for_each(|(id, _)| visit.id(id, Use::Defines)),
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
                        visit.id(source, Use::Lists);
                        *id = *source;
                    }
                    _ => {
                        expr(value, visit);
                        visit.id(id, Use::Defines);
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
        RelOp::Union { inputs, source } => {
            for input in inputs {
                rel(&mut input.rel, visit);
                input
                    .columns
                    .ids_mut()
                    .for_each(|id| visit.id(id, Use::Lists));
            }
            source.iter_mut().for_each(|id| visit.id(id, Use::Defines));
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
            visit.id(key, Use::Reads);
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
                    visit.id(id, Use::Defines);
                }
            }
        }
        RelOp::ParseKv {
            input, value, keys, ..
        } => {
            rel(input, visit);
            expr(value, visit);
            keys.iter_mut()
                .for_each(|key| visit.id(&mut key.id, Use::Defines));
        }
        RelOp::Materialized { columns, .. } => {
            for (id, inner) in columns {
                visit.id(id, Use::Defines);
                visit.id(inner, Use::Shared);
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
            nonempty: _,
        } => {
            rel(input, visit);
            for series in aggregates {
                series.inner.iter_mut().for_each(|a| aggregate(a, visit));
                aggregate(&mut series.aggregate, visit);
                expr(&mut series.default, visit);
            }
            [Some(axis), from.as_mut(), to.as_mut(), Some(step)]
                .into_iter()
                .flatten()
                .for_each(|e| expr(e, visit));
            visit.id(axis_column, Use::Defines);
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

fn items<V: Visitor>(items: &mut [(ColumnId, Expr)], visit: &mut V) {
    for (id, value) in items {
        let passes = matches!(&value.kind, ExprKind::Column(source) if source == id);
        expr(value, visit);
        visit.id(id, if passes { Use::Lists } else { Use::Defines });
    }
}

fn sort_keys<V: Visitor>(keys: &mut [SortKey], visit: &mut V) {
    keys.iter_mut().for_each(|key| expr(&mut key.expr, visit));
}

fn aggregate<V: Visitor>(aggregate: &mut Aggregate, visit: &mut V) {
    aggregate.args.iter_mut().for_each(|arg| expr(arg, visit));
    aggregate
        .outputs
        .iter_mut()
        .for_each(|column| visit.id(&mut column.id, Use::Defines));
}

fn expansions<V: Visitor>(
    items: &mut [crate::plan::MvItem],
    index: &mut Option<ColumnId>,
    limit: &mut Option<Box<Expr>>,
    visit: &mut V,
) {
    for item in items {
        expr(&mut item.value, visit);
        visit.id(&mut item.output, Use::Defines);
    }
    index.iter_mut().for_each(|id| visit.id(id, Use::Defines));
    limit.iter_mut().for_each(|e| expr(e, visit));
}

/// Visits every id in an expression.
pub(crate) fn expr<V: Visitor>(node: &mut Expr, visit: &mut V) {
    visit.down(1);
    match &mut node.kind {
        ExprKind::Literal(_) => {}
        ExprKind::Column(id) => visit.id(id, Use::Reads),
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
    visit.up();
}

/// A subquery's first column is its value.
fn subquery<V: Visitor>(input: &mut Rel, visit: &mut V) {
    rel(input, visit);
    if let Some(first) = input.columns.first_mut() {
        visit.id(&mut first.id, Use::Yields);
    }
}
