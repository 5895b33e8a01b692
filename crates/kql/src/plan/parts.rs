//! What a plan's nodes are made of, for whoever looks through one: an engine's passes, tests.

use super::{Expr, ExprKind, GraphOp, PluginArg, Query, Rel, RelOp};

impl Query {
    /// Visits every operator, those of subqueries and of shared parts too.
    pub fn each_rel<'q>(&'q self, visit: &mut impl FnMut(&'q Rel)) {
        for rel in self.results.iter().chain(&self.materialized) {
            rel.each(visit);
        }
    }
}

impl Rel {
    /// Visits the operator and all below it, those inside expressions too.
    pub fn each<'r>(&'r self, visit: &mut impl FnMut(&'r Rel)) {
        visit(self);
        for input in self.inputs() {
            input.each(visit);
        }
        for expr in self.expressions() {
            expr.each(&mut |part| match &part.kind {
                ExprKind::InSubquery { input, .. } => input.each(visit),
                ExprKind::ToScalar(input) => input.each(visit),
                _ => {}
            });
        }
    }

    /// The operators directly below, tables that a plugin is given included; not those inside expressions.
    #[must_use]
    pub fn inputs(&self) -> Vec<&Rel> {
        match &self.op {
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
            RelOp::Scan(_) | RelOp::Graph(_) => pattern_inputs(&self.op),
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

    /// The expressions that the operator itself evaluates.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expr> {
        match &self.op {
            RelOp::Values { rows } => rows.iter().flatten().collect(),
            RelOp::Print { items }
            | RelOp::Project { items, .. }
            | RelOp::Distinct { items, .. } => items.iter().map(|(_, e)| e).collect(),
            RelOp::Range { from, to, step } => vec![from, to, step],
            RelOp::Filter { predicate, .. } => vec![predicate],
            RelOp::Summarize {
                keys, aggregates, ..
            } => keys
                .iter()
                .map(|(_, e)| e)
                .chain(aggregates.iter().flat_map(|a| &a.args))
                .collect(),
            RelOp::Sort { keys, .. } => keys.iter().map(|k| &k.expr).collect(),
            RelOp::Top { keys, count, .. } => keys
                .iter()
                .map(|k| &k.expr)
                .chain([count.as_ref()])
                .collect(),
            RelOp::Take { count, .. } | RelOp::Sample { count, .. } => vec![count],
            RelOp::SampleDistinct { count, item, .. } => vec![count, &item.1],
            RelOp::Join { on, .. } => on.iter().flat_map(|(l, r)| [l, r]).collect(),
            RelOp::MvExpand { items, limit, .. } | RelOp::MvApply { items, limit, .. } => items
                .iter()
                .map(|i| &i.value)
                .chain(limit.iter().map(AsRef::as_ref))
                .collect(),
            RelOp::Parse { value, .. } | RelOp::ParseKv { value, .. } => vec![value],
            RelOp::MakeSeries {
                aggregates,
                axis,
                from,
                to,
                step,
                keys,
                ..
            } => aggregates
                .iter()
                .flat_map(|series| {
                    let inner = series.inner.iter().flat_map(|a| &a.args);
                    let aggregate = series.aggregate.args.iter();
                    aggregate.chain(inner).chain([&series.default])
                })
                .chain([axis.as_ref(), step.as_ref()])
                .chain(from.iter().chain(to).map(AsRef::as_ref))
                .chain(keys.iter().map(|(_, e)| e))
                .collect(),
            RelOp::TopNested { levels, .. } => levels
                .iter()
                .flat_map(|level| {
                    let inner = level.inner.iter().flat_map(|a| &a.args);
                    let aggregate = level.aggregate.args.iter();
                    aggregate.chain(inner).chain([&level.value.1])
                })
                .collect(),
            RelOp::Scan(_) | RelOp::Graph(_) => pattern_expressions(&self.op),
            RelOp::Evaluate { args, .. } => args
                .iter()
                .flat_map(|arg| match arg {
                    PluginArg::Expr(e) | PluginArg::Named(_, e) => vec![e],
                    PluginArg::Aggregate(a) => a.args.iter().collect(),
                    PluginArg::Rel(_) => Vec::new(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Expr {
    /// The direct parts (those inside the plan of a subquery left out).
    #[must_use]
    pub fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Call { args, .. } | ExprKind::Window { args, .. } => args.iter().collect(),
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::Negate(value) | ExprKind::Cast(value) => vec![value],
            ExprKind::Between {
                value, low, high, ..
            } => vec![value, low, high],
            ExprKind::In { value, list, .. } => {
                std::iter::once(value.as_ref()).chain(list).collect()
            }
            ExprKind::InSubquery { value, .. } | ExprKind::Member { value, .. } => vec![value],
            ExprKind::Index { value, index } => vec![value, index],
            ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::ToScalar(_) => Vec::new(),
        }
    }

    /// Visits the expression and all of its parts.
    pub fn each<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        visit(self);
        for part in self.parts() {
            part.each(visit);
        }
    }
}

fn pattern_inputs(op: &RelOp) -> Vec<&Rel> {
    match op {
        RelOp::Scan(scan) => vec![&scan.input],
        RelOp::Graph(graph) => match graph.as_ref() {
            GraphOp::Make { edges, nodes, .. } => {
                let tables = nodes.iter().map(|nodes| &nodes.table);
                std::iter::once(edges.as_ref()).chain(tables).collect()
            }
            GraphOp::Where { graph, .. }
            | GraphOp::MarkComponents { graph, .. }
            | GraphOp::ToTable { graph, .. } => vec![graph],
            GraphOp::Match(pattern) => vec![&pattern.graph],
        },
        _ => Vec::new(),
    }
}

fn pattern_expressions(op: &RelOp) -> Vec<&Expr> {
    match op {
        RelOp::Scan(scan) => {
            let steps = scan.steps.iter().flat_map(|step| {
                let assigned = step.assignments.iter().map(|(_, value)| value);
                std::iter::once(&step.condition).chain(assigned)
            });
            let defaults = scan.declared.iter().filter_map(|(_, value)| value.as_ref());
            steps.chain(defaults).chain(&scan.partition).collect()
        }
        RelOp::Graph(graph) => match graph.as_ref() {
            GraphOp::Make { ends, nodes, .. } => {
                let keys = nodes.iter().map(|nodes| &nodes.key);
                [&ends.0, &ends.1].into_iter().chain(keys).collect()
            }
            GraphOp::Where { predicate, .. } => vec![predicate],
            GraphOp::MarkComponents { .. } | GraphOp::ToTable { .. } => Vec::new(),
            GraphOp::Match(pattern) => {
                let items = pattern.items.iter().map(|(_, value)| value);
                let values = pattern.values.iter().map(|(_, value)| value.expr.as_ref());
                items.chain(values).chain(&pattern.condition).collect()
            }
        },
        _ => Vec::new(),
    }
}
