//! Graphs in memory: nodes and edges as batches, and which nodes an edge joins.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::error::Result;

use super::rows::{Cancel, limit};
use crate::staging::with_columns;

/// Most nodes or edges of a graph.
const SIZE_MAX: usize = 20_000_000;

/// A graph. Nodes and edges are the rows of the batches.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) nodes: RecordBatch,
    pub(crate) edges: RecordBatch,
    /// The nodes an edge begins and ends at.
    pub(crate) ends: Vec<(u32, u32)>,
    /// Edges may be walked both ways.
    pub(crate) undirected: bool,
}

/// # Errors
/// For more nodes or edges than a graph may have.
pub(crate) fn number(at: usize) -> Result<u32> {
    if at >= SIZE_MAX {
        let what = format!("a graph has more than {SIZE_MAX} nodes or edges");
        return Err(limit(what));
    }
    Ok(u32::try_from(at).unwrap_or(u32::MAX))
}

fn holds(mask: &BooleanArray, at: usize) -> bool {
    use arrow::array::Array;
    at < mask.len() && mask.is_valid(at) && mask.value(at)
}

impl Graph {
    /// Without the nodes for which the mask does not hold, and their edges.
    pub(crate) fn keep_nodes(mut self, mask: &BooleanArray) -> Result<Self> {
        let mut new = vec![None; self.nodes.num_rows()];
        let mut next = 0;
        for (node, slot) in new.iter_mut().enumerate() {
            if holds(mask, node) {
                *slot = Some(next);
                next += 1;
            }
        }
        let renumbered = |node: u32| new.get(node as usize).copied().flatten();
        let ends: Vec<Option<(u32, u32)>> = self
            .ends
            .iter()
            .map(|(a, b)| renumbered(*a).zip(renumbered(*b)))
            .collect();
        let kept: BooleanArray = ends.iter().map(|ends| Some(ends.is_some())).collect();
        let mask: BooleanArray = (0..new.len()).map(|at| Some(holds(mask, at))).collect();
        self.nodes = filter_record_batch(&self.nodes, &mask)?;
        self.edges = filter_record_batch(&self.edges, &kept)?;
        self.ends = ends.into_iter().flatten().collect();
        Ok(self)
    }

    /// Without the edges for which the mask does not hold.
    pub(crate) fn keep_edges(mut self, mask: &BooleanArray) -> Result<Self> {
        let kept: BooleanArray = (0..self.ends.len())
            .map(|at| Some(holds(mask, at)))
            .collect();
        let ends = self.ends.iter().enumerate();
        let ends = ends.filter(|(at, _)| holds(mask, *at)).map(|(_, e)| *e);
        self.ends = ends.collect();
        self.edges = filter_record_batch(&self.edges, &kept)?;
        Ok(self)
    }

    /// How many edges end and begin at each node, under these names.
    pub(crate) fn with_degrees(mut self, incoming: &str, outgoing: &str) -> Result<Self> {
        let mut degrees = vec![(0i64, 0i64); self.nodes.num_rows()];
        for (from, to) in &self.ends {
            if let Some(node) = degrees.get_mut(*to as usize) {
                node.0 += 1;
            }
            if let Some(node) = degrees.get_mut(*from as usize) {
                node.1 += 1;
            }
        }
        let kept: Vec<(String, ArrayRef)> = self
            .nodes
            .schema()
            .fields()
            .iter()
            .zip(self.nodes.columns())
            .filter(|(field, _)| field.name() != incoming && field.name() != outgoing)
            .map(|(field, column)| (field.name().clone(), Arc::clone(column)))
            .collect();
        let rows = self.nodes.num_rows();
        let nodes = crate::staging::named_batch(kept, rows).map_err(internal)?;
        let column = |of: fn(&(i64, i64)) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(degrees.iter().map(of)))
        };
        let more = vec![
            (incoming.to_owned(), column(|d| d.0)),
            (outgoing.to_owned(), column(|d| d.1)),
        ];
        self.nodes = with_columns(&nodes, more).map_err(internal)?;
        Ok(self)
    }

    /// The edges at each node: by the node they begin at, with the one they end at.
    pub(crate) fn outgoing(&self) -> Vec<Vec<(u32, u32)>> {
        self.adjacent(|(from, to)| (from, to))
    }

    /// By the node they end at, with the one they begin at.
    pub(crate) fn incoming(&self) -> Vec<Vec<(u32, u32)>> {
        self.adjacent(|(from, to)| (to, from))
    }

    fn adjacent(&self, of: fn((u32, u32)) -> (u32, u32)) -> Vec<Vec<(u32, u32)>> {
        let mut lists = vec![Vec::new(); self.nodes.num_rows()];
        for (edge, ends) in (0..).zip(&self.ends) {
            let (at, other) = of(*ends);
            if let Some(list) = lists.get_mut(at as usize) {
                list.push((edge, other));
            }
        }
        lists
    }

    /// Each node's component, counted from 0 in the order of nodes.
    pub(crate) fn components(&self, strong: bool, cancel: &Cancel) -> Result<Vec<i64>> {
        let marks = if strong {
            strong_components(&self.outgoing(), cancel)?
        } else {
            self.weak_components(cancel)?
        };
        let mut seen = HashMap::new();
        let component = |mark: usize| {
            let next = i64::try_from(seen.len()).unwrap_or(i64::MAX);
            *seen.entry(mark).or_insert(next)
        };
        Ok(marks.into_iter().map(component).collect())
    }

    fn weak_components(&self, cancel: &Cancel) -> Result<Vec<usize>> {
        let (out, into) = (self.outgoing(), self.incoming());
        let near = |node: usize, stack: &mut Vec<usize>| {
            let lists = [out.get(node), into.get(node)];
            let near = lists.into_iter().flatten().flatten();
            stack.extend(near.map(|(_, other)| *other as usize));
        };
        let count = self.nodes.num_rows();
        flood(0..count, count, near, cancel)
    }
}

fn internal(error: crate::error::EngineError) -> datafusion::error::DataFusionError {
    datafusion::error::DataFusionError::Internal(error.to_string())
}

/// Kosaraju's algorithm: nodes in the order a search leaves them, then searched backwards against the edges.
fn strong_components(out: &[Vec<(u32, u32)>], cancel: &Cancel) -> Result<Vec<usize>> {
    let mut into = vec![Vec::new(); out.len()];
    for (from, edges) in out.iter().enumerate() {
        for (_, to) in edges {
            if let Some(list) = into.get_mut(*to as usize) {
                list.push(from);
            }
        }
    }
    let mut seen = vec![false; out.len()];
    let mut left = Vec::with_capacity(out.len());
    for start in 0..out.len() {
        cancel.check()?;
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 && std::mem::replace(seen.get_mut(node).unwrap_or(&mut true), true) {
                continue;
            }
            match out.get(node).and_then(|edges| edges.get(next)) {
                Some((_, to)) => {
                    stack.push((node, next + 1));
                    stack.push((*to as usize, 0));
                }
                None => left.push(node),
            }
        }
    }
    let near = |node: usize, stack: &mut Vec<usize>| {
        stack.extend(into.get(node).into_iter().flatten());
    };
    flood(left.into_iter().rev(), out.len(), near, cancel)
}

/// Marks each of `count` nodes with the first of `starts` that reaches it; `near` pushes a node's neighbours.
fn flood(
    starts: impl Iterator<Item = usize>,
    count: usize,
    near: impl Fn(usize, &mut Vec<usize>),
    cancel: &Cancel,
) -> Result<Vec<usize>> {
    let mut mark = vec![usize::MAX; count];
    for start in starts {
        cancel.check()?;
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            match mark.get_mut(node) {
                Some(slot) if *slot == usize::MAX => *slot = start,
                _ => continue,
            }
            near(node, &mut stack);
        }
    }
    Ok(mark)
}
