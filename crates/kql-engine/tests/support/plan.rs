//! Walks over a typed plan: its operators, and the expressions each of them evaluates.

use kql::plan::{Expr, ExprKind, GraphOp, PluginArg, Query, Rel, RelOp};

/// Visits every operator of a query, those of subqueries and shared parts too.
pub fn each_rel<'q>(query: &'q Query, visit: &mut impl FnMut(&'q Rel)) {
    for rel in query.results.iter().chain(&query.materialized) {
        below(rel, visit);
    }
}

fn below<'q>(rel: &'q Rel, visit: &mut impl FnMut(&'q Rel)) {
    visit(rel);
    for input in inputs(rel) {
        below(input, visit);
    }
    for expr in expressions(rel) {
        each_expr(expr, &mut |part| match &part.kind {
            ExprKind::InSubquery { input, .. } => below(input, visit),
            ExprKind::ToScalar(input) => below(input, visit),
            _ => {}
        });
    }
}

/// Visits an expression and its parts.
pub fn each_expr<'q>(expr: &'q Expr, visit: &mut impl FnMut(&'q Expr)) {
    visit(expr);
    let parts: Vec<&Expr> = match &expr.kind {
        ExprKind::Call { args, .. } | ExprKind::Window { args, .. } => args.iter().collect(),
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Negate(value)
        | ExprKind::Cast(value)
        | ExprKind::InSubquery { value, .. }
        | ExprKind::Member { value, .. } => vec![value],
        ExprKind::Between {
            value, low, high, ..
        } => vec![value, low, high],
        ExprKind::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
        ExprKind::Index { value, index } => vec![value, index],
        ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::ToScalar(_) => Vec::new(),
    };
    for part in parts {
        each_expr(part, visit);
    }
}

fn inputs(rel: &Rel) -> Vec<&Rel> {
    match &rel.op {
        RelOp::Filter { input, .. }
        | RelOp::Project { input, .. }
        | RelOp::Summarize { input, .. }
        | RelOp::Sort { input, .. }
        | RelOp::Take { input, .. }
        | RelOp::Top { input, .. }
        | RelOp::Distinct { input, .. }
        | RelOp::Count { input }
        | RelOp::MvExpand { input, .. }
        | RelOp::Parse { input, .. }
        | RelOp::ParseKv { input, .. }
        | RelOp::Serialize { input }
        | RelOp::Sample { input, .. }
        | RelOp::SampleDistinct { input, .. }
        | RelOp::MakeSeries { input, .. }
        | RelOp::TopNested { input, .. }
        | RelOp::GetSchema { input } => vec![input],
        RelOp::MvApply {
            input, subquery, ..
        }
        | RelOp::Partition {
            input, subquery, ..
        } => vec![input, subquery],
        RelOp::Join { left, right, .. } => vec![left, right],
        RelOp::Union { inputs, .. } => inputs.iter().map(|input| &input.rel).collect(),
        RelOp::Scan(scan) => vec![&scan.input],
        RelOp::Graph(graph) => match graph.as_ref() {
            GraphOp::Make { edges, nodes, .. } => std::iter::once(edges.as_ref())
                .chain(nodes.iter().map(|nodes| &nodes.table))
                .collect(),
            GraphOp::Where { graph, .. }
            | GraphOp::MarkComponents { graph, .. }
            | GraphOp::ToTable { graph, .. } => vec![graph],
            GraphOp::Match(pattern) => vec![&pattern.graph],
        },
        RelOp::Evaluate { input, args, .. } => {
            let tables = args.iter().filter_map(|arg| match arg {
                PluginArg::Rel(rel) => Some(rel),
                _ => None,
            });
            input.iter().map(AsRef::as_ref).chain(tables).collect()
        }
        _ => Vec::new(),
    }
}

/// The expressions an operator evaluates; those of graph patterns and scans are left out, no rule filters by them.
pub fn expressions(rel: &Rel) -> Vec<&Expr> {
    match &rel.op {
        RelOp::Values { rows } => rows.iter().flatten().collect(),
        RelOp::Print { items } | RelOp::Project { items, .. } | RelOp::Distinct { items, .. } => {
            items.iter().map(|(_, value)| value).collect()
        }
        RelOp::Range { from, to, step } => vec![from, to, step],
        RelOp::Filter { predicate, .. } => vec![predicate],
        RelOp::Summarize {
            keys, aggregates, ..
        } => keys
            .iter()
            .map(|(_, key)| key)
            .chain(aggregates.iter().flat_map(|aggregate| &aggregate.args))
            .collect(),
        RelOp::Sort { keys, .. } | RelOp::Top { keys, .. } => {
            keys.iter().map(|key| &key.expr).collect()
        }
        RelOp::Join { on, .. } => on.iter().flat_map(|(l, r)| [l, r]).collect(),
        RelOp::MvExpand { items, .. } | RelOp::MvApply { items, .. } => {
            items.iter().map(|item| &item.value).collect()
        }
        RelOp::Parse { value, .. } | RelOp::ParseKv { value, .. } => vec![value],
        RelOp::MakeSeries {
            aggregates,
            axis,
            keys,
            ..
        } => aggregates
            .iter()
            .flat_map(|series| std::iter::once(&series.aggregate).chain(&series.inner))
            .flat_map(|aggregate| &aggregate.args)
            .chain([axis.as_ref()])
            .chain(keys.iter().map(|(_, key)| key))
            .collect(),
        RelOp::Evaluate { args, .. } => args
            .iter()
            .flat_map(|arg| match arg {
                PluginArg::Expr(value) | PluginArg::Named(_, value) => vec![value],
                PluginArg::Aggregate(aggregate) => aggregate.args.iter().collect(),
                PluginArg::Rel(_) => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}
