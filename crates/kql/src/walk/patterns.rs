//! The walk over `scan` and the graph operators.

use super::{Use, Visitor, expr, items, rel};
use crate::plan::{GraphColumn, GraphMatch, GraphOp, Rel, RelOp, Scan};

/// The operators below a `scan` or a graph operator.
pub(crate) fn inputs<'r>(op: &'r RelOp, f: &mut dyn FnMut(&'r Rel)) {
    match op {
        RelOp::Scan(scan) => f(&scan.input),
        RelOp::Graph(graph) => match graph.as_ref() {
            GraphOp::Make { edges, nodes, .. } => {
                f(edges);
                nodes.iter().for_each(|nodes| f(&nodes.table));
            }
            GraphOp::Where { graph, .. }
            | GraphOp::MarkComponents { graph, .. }
            | GraphOp::ToTable { graph, .. }
            | GraphOp::Match(GraphMatch { graph, .. }) => f(graph),
        },
        _ => {}
    }
}

pub(super) fn scan<V: Visitor>(scan: &mut Scan, visit: &mut V) {
    rel(&mut scan.input, visit);
    scan.partition.iter_mut().for_each(|e| expr(e, visit));
    for (column, default) in &mut scan.declared {
        default.iter_mut().for_each(|e| expr(e, visit));
        visit.id(&mut column.id, Use::Defines);
    }
    let ids = scan.match_id.iter_mut();
    ids.for_each(|id| visit.id(id, Use::Defines));
    for (id, of) in scan.steps.iter_mut().flat_map(|step| &mut step.state) {
        visit.id(id, Use::Defines);
        visit.id(of, Use::Reads);
    }
    for step in &mut scan.steps {
        expr(&mut step.condition, visit);
        for (target, value) in &mut step.assignments {
            visit.id(target, Use::Lists);
            expr(value, visit);
        }
    }
}

pub(super) fn graph<V: Visitor>(graph: &mut GraphOp, visit: &mut V) {
    match graph {
        GraphOp::Make {
            edges,
            ends,
            nodes,
            node_id,
            about,
            ..
        } => {
            rel(edges, visit);
            expr(&mut ends.0, visit);
            expr(&mut ends.1, visit);
            for nodes in nodes {
                rel(&mut nodes.table, visit);
                expr(&mut nodes.key, visit);
                for (id, from) in &mut nodes.columns {
                    visit.id(id, Use::Defines);
                    visit.id(from, Use::Reads);
                }
            }
            node_id
                .iter_mut()
                .chain([&mut about.key, &mut about.degree_in, &mut about.degree_out])
                .for_each(|id| visit.id(id, Use::Defines));
        }
        GraphOp::Where {
            graph, predicate, ..
        } => {
            rel(graph, visit);
            expr(predicate, visit);
        }
        GraphOp::MarkComponents { graph, column, .. } => {
            rel(graph, visit);
            visit.id(column, Use::Defines);
        }
        GraphOp::ToTable { graph, columns, .. } => {
            rel(graph, visit);
            for (id, from) in columns {
                visit.id(id, Use::Defines);
                if let GraphColumn::Column(from) = from {
                    visit.id(from, Use::Reads);
                }
            }
        }
        GraphOp::Match(pattern) => matched(pattern, visit),
    }
}

fn matched<V: Visitor>(pattern: &mut GraphMatch, visit: &mut V) {
    rel(&mut pattern.graph, visit);
    let columns = pattern.elements.iter_mut().flat_map(|e| &mut e.columns);
    for (column, from) in columns {
        visit.id(&mut column.id, Use::Defines);
        visit.id(from, Use::Reads);
    }
    for (id, value) in &mut pattern.values {
        visit.id(id, Use::Defines);
        expr(&mut value.expr, visit);
    }
    pattern.condition.iter_mut().for_each(|e| expr(e, visit));
    items(&mut pattern.items, visit);
}
