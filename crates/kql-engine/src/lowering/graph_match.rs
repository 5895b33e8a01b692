//! `graph-match` and `graph-shortest-paths`: conditions on single elements narrow the search; the whole condition is
//! then computed over all matches at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{and, filter_record_batch, take};
use datafusion::logical_expr::LogicalPlan;
use kql::plan::{
    ColumnId, Expr, ExprKind, GraphFunction, GraphMatch, GraphValue, Operator, Rel, ShortestPaths,
};
use kql::types::Type;
use serde_json::Value;

use super::collected::apart;
use super::{Lowering, name, unsupported};
use crate::error::Result;
use crate::operators::graph::Graph;
use crate::operators::graph_match::{Bound, Element, Match, Pattern, search};
use crate::staging::{batch_plan, named_batch};
use crate::values::{ColumnBuilder, Datum, Reader, dynamic};

impl<'q> Lowering<'q> {
    pub(super) async fn graph_match(&mut self, found: &'q GraphMatch) -> Result<LogicalPlan> {
        let graph = self.graph_of(&found.graph).await?;
        let pattern = self.pattern(found, &graph)?;
        let searched = graph.clone();
        let matches = apart(move |cancel| Ok(search(&searched, &pattern, cancel)?)).await?;
        let mut batch = self.matched(found, &graph, &matches)?;
        self.staging.keep(&batch)?;
        let mut matches = matches;
        if let Some(condition) = &found.condition {
            let mask = self.mask(condition, &batch)?;
            let holds = |at: usize| mask.is_valid(at) && mask.value(at);
            batch =
                filter_record_batch(&batch, &(0..mask.len()).map(|a| Some(holds(a))).collect())?;
            let mut at = 0..;
            matches.retain(|_| at.next().is_some_and(holds));
        }
        if found.shortest == Some(ShortestPaths::Any) {
            batch = filter_record_batch(&batch, &one_of_each(found, &matches))?;
        }
        let mut columns = Vec::new();
        for (id, value) in &found.items {
            columns.push((name(*id), self.computed(value, &batch)?));
        }
        batch_plan(named_batch(columns, batch.num_rows())?)
    }

    /// The pattern with what its elements have to be.
    fn pattern(&self, found: &GraphMatch, graph: &Graph) -> Result<Pattern> {
        let mut conjuncts = Vec::new();
        if let Some(condition) = &found.condition {
            split(condition, &mut conjuncts);
        }
        let mut elements: Vec<Element> = found
            .elements
            .iter()
            .map(|element| Element {
                hops: element.hops,
                arrow: element.arrow,
                mask: None,
                inner: None,
            })
            .collect();
        for conjunct in conjuncts {
            if let Some((at, inner, mask)) = self.narrowing(found, graph, conjunct)?
                && let Some(element) = elements.get_mut(at)
            {
                let slot = if inner {
                    &mut element.inner
                } else {
                    &mut element.mask
                };
                *slot = Some(match slot.take() {
                    Some(known) => and(&known, &mask)?,
                    None => mask,
                });
            }
        }
        Ok(Pattern {
            elements,
            paths: found.paths.clone(),
            cycles: found.cycles,
            shortest: found.shortest.is_some(),
        })
    }

    /// What a part of the condition says about a single element: which, whether of its inner nodes, and which nodes or
    /// edges of the graph fit.
    fn narrowing(
        &self,
        found: &GraphMatch,
        graph: &Graph,
        conjunct: &Expr,
    ) -> Result<Option<(usize, bool, BooleanArray)>> {
        if let ExprKind::Column(id) = &conjunct.kind
            && let Some((_, value)) = found.values.iter().find(|(known, _)| known == id)
            && value.function == GraphFunction::All
        {
            let rows = if value.inner {
                &graph.nodes
            } else {
                &graph.edges
            };
            let many = found
                .elements
                .get(value.element)
                .is_some_and(|e| e.hops.is_some());
            if !many || !reads_only(&value.expr, rows) {
                return Ok(None);
            }
            let mask = self.mask(&value.expr, rows)?;
            return Ok(Some((value.element, value.inner, mask)));
        }
        let mut of = HashSet::new();
        let mut subquery = false;
        conjunct.each(&mut |part| match &part.kind {
            ExprKind::Column(id) => {
                let element = found.elements.iter().position(|element| {
                    let mut columns = element.columns.iter();
                    element.hops.is_none() && columns.any(|(column, _)| column.id == *id)
                });
                of.insert(element);
            }
            ExprKind::Call { function, .. } => subquery |= matches!(*function, "rand" | "new_guid"),
            _ => {}
        });
        let only: Vec<Option<usize>> = of.into_iter().collect();
        let ([Some(at)], false) = (only.as_slice(), subquery) else {
            return Ok(None);
        };
        let Some(element) = found.elements.get(*at) else {
            return Ok(None);
        };
        let rows = if element.edge {
            &graph.edges
        } else {
            &graph.nodes
        };
        let columns = element.columns.iter().filter_map(|(column, from)| {
            let array = rows.column_by_name(&name(*from))?;
            Some((name(column.id), Arc::clone(array)))
        });
        let rows = named_batch(columns.collect(), rows.num_rows())?;
        Ok(Some((*at, false, self.mask(conjunct, &rows)?)))
    }

    /// A row for each match: the elements' columns and the values of graph functions.
    fn matched(&self, found: &GraphMatch, graph: &Graph, matches: &[Match]) -> Result<RecordBatch> {
        let mut columns = Vec::new();
        for (at, element) in found.elements.iter().enumerate() {
            let rows = if element.edge {
                &graph.edges
            } else {
                &graph.nodes
            };
            for (column, from) in &element.columns {
                let Some(array) = rows.column_by_name(&name(*from)) else {
                    continue;
                };
                let array = if element.hops.is_some() {
                    let ty = column_type(&found.graph, *from, column.ty);
                    let lists = matches.iter().map(|m| places(m, at, false));
                    listed(ty, array, lists)?
                } else {
                    let one = |m: &Match| match m.get(at) {
                        Some(Bound::Node(at) | Bound::Edge(at)) => Some(*at),
                        _ => None,
                    };
                    let picks: UInt32Array = matches.iter().map(one).collect();
                    take(array, &picks, None)?
                };
                columns.push((name(column.id), array));
            }
        }
        for (id, value) in &found.values {
            columns.push((name(*id), self.graph_value(value, graph, matches)?));
        }
        named_batch(columns, matches.len())
    }

    fn graph_value(
        &self,
        value: &GraphValue,
        graph: &Graph,
        matches: &[Match],
    ) -> Result<ArrayRef> {
        let rows = if value.inner {
            &graph.nodes
        } else {
            &graph.edges
        };
        if !reads_only(&value.expr, rows) {
            let what = "a graph function over several parts of a pattern";
            return Err(unsupported(what, value.expr.span));
        }
        let array = self.computed(&value.expr, rows)?;
        let lists = matches
            .iter()
            .map(|m| places(m, value.element, value.inner));
        if value.function == GraphFunction::Map {
            return listed(value.expr.ty, &array, lists);
        }
        let reader = Reader::new(Type::Bool, &array, false)?;
        let holds = |at: &u32| reader.get(*at as usize) == Datum::Bool(true);
        let test = |list: Vec<u32>| match value.function {
            GraphFunction::All => list.iter().all(holds),
            _ => list.iter().any(holds),
        };
        let values: BooleanArray = lists.map(|list| Some(test(list))).collect();
        Ok(Arc::new(values))
    }
}

/// Whether an expression reads columns of these rows only.
fn reads_only(expr: &Expr, rows: &RecordBatch) -> bool {
    let mut all = true;
    expr.each(&mut |part| {
        if let ExprKind::Column(id) = &part.kind {
            all &= rows.column_by_name(&name(*id)).is_some();
        }
    });
    all
}

/// The parts of a condition that all have to hold.
fn split<'e>(condition: &'e Expr, out: &mut Vec<&'e Expr>) {
    match &condition.kind {
        ExprKind::Binary {
            op: Operator::And,
            left,
            right,
        } => {
            split(left, out);
            split(right, out);
        }
        _ => out.push(condition),
    }
}

/// The edges, or the nodes between them, that an element stands for.
fn places(found: &Match, element: usize, inner: bool) -> Vec<u32> {
    match found.get(element) {
        Some(Bound::Path(edges, nodes)) => if inner { nodes } else { edges }.clone(),
        Some(Bound::Edge(edge)) if !inner => vec![*edge],
        Some(Bound::Node(node)) => vec![*node],
        _ => Vec::new(),
    }
}

/// An array of values for each match.
fn listed(ty: Type, values: &ArrayRef, lists: impl Iterator<Item = Vec<u32>>) -> Result<ArrayRef> {
    let reader = Reader::new(ty, values, false)?;
    let mut out = ColumnBuilder::new(Type::Dynamic, 0);
    for list in lists {
        let value = |at: u32| dynamic::to_json(&reader.get(at as usize));
        out.push(&Datum::json(&Value::Array(
            list.into_iter().map(value).collect(),
        )));
    }
    Ok(out.finish())
}

/// The type of an edge's column: the pattern's own column of it is an array.
fn column_type(graph: &Rel, id: ColumnId, otherwise: Type) -> Type {
    let mut rel = graph;
    while let kql::plan::RelOp::Graph(op) = &rel.op {
        match op.as_ref() {
            kql::plan::GraphOp::Make { edges, .. } => {
                let found = edges.columns.iter().find(|column| column.id == id);
                return found.map_or(otherwise, |column| column.ty);
            }
            kql::plan::GraphOp::Where { graph, .. }
            | kql::plan::GraphOp::MarkComponents { graph, .. } => rel = graph,
            _ => break,
        }
    }
    otherwise
}

/// The first match of those that begin and end alike.
fn one_of_each(found: &GraphMatch, matches: &[Match]) -> BooleanArray {
    let mut seen: HashMap<Vec<u32>, ()> = HashMap::new();
    let new = |m: &Match| {
        let ends = found
            .paths
            .iter()
            .flat_map(|path| [path.first(), path.last()]);
        let ends = ends.flatten().filter_map(|at| match m.get(*at) {
            Some(Bound::Node(node)) => Some(*node),
            _ => None,
        });
        Some(seen.insert(ends.collect(), ()).is_none())
    };
    matches.iter().map(new).collect()
}
