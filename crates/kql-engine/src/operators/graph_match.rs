//! `graph-match` and `graph-shortest-paths`: the search for a pattern in a graph.

use std::collections::{HashMap, VecDeque};

use arrow::array::{Array, BooleanArray};
use datafusion::error::Result;
use kql::plan::{GraphArrow, GraphCycles};

use super::graph::Graph;
use super::rows::{Cancel, limit};

/// Most matches of a pattern.
const MATCHES_MAX: usize = 1_000_000;

/// Most edges that a search walks over.
const STEPS_MAX: usize = 100_000_000;

/// Longest path that is followed.
const DEPTH_MAX: usize = 1_000;

/// An element of the pattern.
pub(crate) struct Element {
    pub(crate) hops: Option<(u32, u32)>,
    pub(crate) arrow: GraphArrow,
    /// What the element, or each edge of its path, has to be; all when absent.
    pub(crate) mask: Option<BooleanArray>,
    /// What each node between the edges of its path has to be.
    pub(crate) inner: Option<BooleanArray>,
}

/// A pattern. Paths alternate nodes and edges, by place among the elements.
pub(crate) struct Pattern {
    pub(crate) elements: Vec<Element>,
    pub(crate) paths: Vec<Vec<usize>>,
    pub(crate) cycles: GraphCycles,
    /// Only shortest paths.
    pub(crate) shortest: bool,
}

/// What an element stands for in a match.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Bound {
    /// Nothing yet.
    #[default]
    Free,
    Node(u32),
    Edge(u32),
    /// The edges of a path, and the nodes between them.
    Path(Vec<u32>, Vec<u32>),
}

/// The elements of one match.
pub(crate) type Match = Vec<Bound>;

/// The nodes that each path of a match begins and ends with.
type Ends = Vec<(Option<Bound>, Option<Bound>)>;

/// What is left to be found: a path's next edge and node, or where a path begins.
#[derive(Clone, Copy)]
enum Step {
    Begin(usize),
    Hop {
        edge: usize,
        node: usize,
        arrow: GraphArrow,
        /// The path is searched from its end.
        reversed: bool,
    },
}

struct Search<'s> {
    pattern: &'s Pattern,
    steps: Vec<Step>,
    out: Vec<Vec<(u32, u32)>>,
    into: Vec<Vec<(u32, u32)>>,
    undirected: bool,
    bound: Match,
    /// Edges of the match so far, in order.
    walked: Vec<u32>,
    /// Nodes of the match so far.
    visited: Vec<u32>,
    n_steps: usize,
    found: Vec<Match>,
    cancel: &'s Cancel,
}

fn allowed(mask: Option<&BooleanArray>, at: u32) -> bool {
    mask.is_none_or(|mask| {
        let at = at as usize;
        at < mask.len() && mask.is_valid(at) && mask.value(at)
    })
}

fn flipped(arrow: GraphArrow) -> GraphArrow {
    match arrow {
        GraphArrow::Forward => GraphArrow::Backward,
        GraphArrow::Backward => GraphArrow::Forward,
        GraphArrow::Either => GraphArrow::Either,
    }
}

/// All matches of a pattern.
///
/// # Errors
/// For more matches, or more steps on the way to them, than a search may take.
pub(crate) fn search(graph: &Graph, pattern: &Pattern, cancel: &Cancel) -> Result<Vec<Match>> {
    let mut search = Search {
        pattern,
        steps: steps(pattern),
        out: graph.outgoing(),
        into: graph.incoming(),
        undirected: graph.undirected,
        bound: vec![Bound::Free; pattern.elements.len()],
        walked: Vec::new(),
        visited: Vec::new(),
        n_steps: 0,
        found: Vec::new(),
        cancel,
    };
    if pattern.shortest {
        search.shortest()?;
    } else {
        search.go(0)?;
    }
    Ok(search.found)
}

/// The order of the search: a path begins where fewer nodes are possible.
fn steps(pattern: &Pattern) -> Vec<Step> {
    let mut steps = Vec::new();
    for path in &pattern.paths {
        let masked = |place: Option<&usize>| {
            let element = place.and_then(|place| pattern.elements.get(*place));
            element.is_some_and(|element| element.mask.is_some())
        };
        let reversed = !masked(path.first()) && masked(path.last()) && !pattern.shortest;
        let order: Vec<usize> = if reversed {
            path.iter().rev().copied().collect()
        } else {
            path.clone()
        };
        steps.extend(order.first().map(|node| Step::Begin(*node)));
        for pair in order.get(1..).unwrap_or_default().chunks_exact(2) {
            if let [edge, node] = pair {
                let arrow = pattern.elements.get(*edge).map(|e| e.arrow);
                let arrow = arrow.unwrap_or(GraphArrow::Forward);
                steps.push(Step::Hop {
                    edge: *edge,
                    node: *node,
                    arrow: if reversed { flipped(arrow) } else { arrow },
                    reversed,
                });
            }
        }
    }
    steps
}

impl Search<'_> {
    fn element(&self, at: usize) -> Option<&Element> {
        self.pattern.elements.get(at)
    }

    fn set(&mut self, at: usize, bound: Bound) {
        if let Some(slot) = self.bound.get_mut(at) {
            *slot = bound;
        }
    }

    fn node_at(&self, at: usize) -> Option<u32> {
        match self.bound.get(at) {
            Some(Bound::Node(node)) => Some(*node),
            _ => None,
        }
    }

    /// One more edge looked at.
    fn count(&mut self) -> Result<()> {
        self.n_steps += 1;
        if self.n_steps.is_multiple_of(1024) {
            self.cancel.check()?;
        }
        if self.n_steps > STEPS_MAX {
            return Err(limit(format!(
                "a graph pattern takes more than {STEPS_MAX} steps to find"
            )));
        }
        Ok(())
    }

    fn edges_at(&self, node: u32, arrow: GraphArrow) -> Vec<(u32, u32)> {
        let list = |lists: &[Vec<(u32, u32)>]| lists.get(node as usize).cloned();
        let both = self.undirected || arrow == GraphArrow::Either;
        let mut edges = Vec::new();
        if both || arrow == GraphArrow::Forward {
            edges.extend(list(&self.out).unwrap_or_default());
        }
        if both || arrow == GraphArrow::Backward {
            let into = list(&self.into).unwrap_or_default();
            // A loop is at its node once.
            edges.extend(
                into.into_iter()
                    .filter(|(_, other)| !both || *other != node),
            );
        }
        edges
    }

    /// Whether the match may go over this edge, to this node.
    fn may(&self, edge: u32, to: u32) -> bool {
        match self.pattern.cycles {
            GraphCycles::All => true,
            GraphCycles::UniqueEdges => !self.walked.contains(&edge),
            GraphCycles::None => !self.walked.contains(&edge) && !self.visited.contains(&to),
        }
    }

    fn go(&mut self, step: usize) -> Result<()> {
        let Some(next) = self.steps.get(step).copied() else {
            self.found.push(self.bound.clone());
            if self.found.len() > MATCHES_MAX {
                return Err(limit(format!(
                    "a graph pattern has more than {MATCHES_MAX} matches"
                )));
            }
            return Ok(());
        };
        match next {
            Step::Begin(node) => self.begin(node, step),
            Step::Hop {
                edge,
                node,
                arrow,
                reversed,
            } => {
                // The node before is the one the path has come to.
                let Some(at) = self.came_to(step) else {
                    return Ok(());
                };
                match self.element(edge).and_then(|element| element.hops) {
                    Some(hops) => {
                        let mut path = (Vec::new(), Vec::new());
                        self.walk(step, (edge, node, arrow, reversed), hops, at, &mut path)
                    }
                    None => self.hop(step, (edge, node, arrow), at),
                }
            }
        }
    }

    fn came_to(&self, step: usize) -> Option<u32> {
        let before = step.checked_sub(1)?;
        match self.steps.get(before)? {
            Step::Begin(node) | Step::Hop { node, .. } => self.node_at(*node),
        }
    }

    fn begin(&mut self, node: usize, step: usize) -> Result<()> {
        if self.node_at(node).is_some() {
            return self.go(step + 1);
        }
        let nodes = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        for candidate in 0..nodes {
            self.count()?;
            self.arrive(step, node, candidate)?;
        }
        Ok(())
    }

    /// Over a single edge.
    fn hop(
        &mut self,
        step: usize,
        (edge, node, arrow): (usize, usize, GraphArrow),
        at: u32,
    ) -> Result<()> {
        for (candidate, to) in self.edges_at(at, arrow) {
            self.count()?;
            let mask = self.element(edge).and_then(|element| element.mask.as_ref());
            if !allowed(mask, candidate) || !self.may(candidate, to) {
                continue;
            }
            self.set(edge, Bound::Edge(candidate));
            self.walked.push(candidate);
            self.arrive(step, node, to)?;
            self.walked.pop();
            self.set(edge, Bound::Free);
        }
        Ok(())
    }

    /// Comes to a node of the pattern and goes on.
    fn arrive(&mut self, step: usize, node: usize, to: u32) -> Result<()> {
        if let Some(known) = self.node_at(node) {
            return if known == to {
                self.go(step + 1)
            } else {
                Ok(())
            };
        }
        let mask = self.element(node).and_then(|element| element.mask.as_ref());
        if !allowed(mask, to) {
            return Ok(());
        }
        self.set(node, Bound::Node(to));
        self.visited.push(to);
        self.go(step + 1)?;
        self.visited.pop();
        self.set(node, Bound::Free);
        Ok(())
    }

    /// Over a path of several edges.
    fn walk(
        &mut self,
        step: usize,
        hop: (usize, usize, GraphArrow, bool),
        hops: (u32, u32),
        at: u32,
        path: &mut (Vec<u32>, Vec<u32>),
    ) -> Result<()> {
        let (edge, node, arrow, reversed) = hop;
        if path.0.len() >= DEPTH_MAX {
            return Err(limit(format!("a path has more than {DEPTH_MAX} edges")));
        }
        let length = u32::try_from(path.0.len()).unwrap_or(u32::MAX);
        if length >= hops.0 {
            let (mut edges, mut nodes) = path.clone();
            // The last node is the one that the path has come to.
            nodes.pop();
            if reversed {
                edges.reverse();
                nodes.reverse();
            }
            self.set(edge, Bound::Path(edges, nodes));
            let came = self.visited.len();
            // Where the walk stands is put down again as the pattern's node.
            if length > 0 {
                self.visited.pop();
            }
            self.arrive(step, node, at)?;
            self.visited.truncate(came);
            if self.visited.len() < came {
                self.visited.push(at);
            }
            self.set(edge, Bound::Free);
        }
        if length >= hops.1 {
            return Ok(());
        }
        let inner = self
            .element(edge)
            .and_then(|element| element.inner.as_ref());
        if length > 0 && !allowed(inner, at) {
            return Ok(());
        }
        for (candidate, to) in self.edges_at(at, arrow) {
            self.count()?;
            let mask = self.element(edge).and_then(|element| element.mask.as_ref());
            if !allowed(mask, candidate) || !self.may(candidate, to) {
                continue;
            }
            self.walked.push(candidate);
            self.visited.push(to);
            path.0.push(candidate);
            path.1.push(to);
            self.walk(step, hop, hops, to, path)?;
            path.0.pop();
            path.1.pop();
            self.visited.pop();
            self.walked.pop();
        }
        Ok(())
    }

    /// Only shortest paths: of a single path of edges by distances, of other patterns by comparing all matches.
    fn shortest(&mut self) -> Result<()> {
        let (first, edge, node, arrow) = match self.steps.as_slice() {
            [
                Step::Begin(first),
                Step::Hop {
                    edge, node, arrow, ..
                },
            ] => (*first, *edge, *node, *arrow),
            _ => {
                self.go(0)?;
                return self.keep_shortest();
            }
        };
        let Some((least, most)) = self.element(edge).and_then(|e| e.hops) else {
            return self.go(0);
        };
        let nodes = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let mask = |search: &Self, at: usize, node: u32| {
            allowed(search.element(at).and_then(|e| e.mask.as_ref()), node)
        };
        for last in (0..nodes)
            .filter(|n| mask(self, node, *n))
            .collect::<Vec<_>>()
        {
            let distances = self.distances(last, edge, flipped(arrow), most)?;
            for start in (0..nodes)
                .filter(|n| mask(self, first, *n))
                .collect::<Vec<_>>()
            {
                self.count()?;
                let distance = distances.get(&start).copied();
                // From a node to itself there is nothing to walk.
                if start == last {
                    continue;
                }
                let Some(distance) = distance.filter(|d| *d <= most) else {
                    continue;
                };
                self.set(first, Bound::Node(start));
                self.set(node, Bound::Node(last));
                let before = self.found.len();
                let mut length = distance.max(least);
                while length <= most && self.found.len() == before {
                    let mut path = (Vec::new(), Vec::new());
                    self.exact(edge, arrow, (start, last), length, &distances, &mut path)?;
                    length += 1;
                }
            }
        }
        self.set(first, Bound::Free);
        self.set(node, Bound::Free);
        Ok(())
    }

    /// How far nodes are from one, walking over allowed edges and inner nodes only.
    fn distances(
        &mut self,
        from: u32,
        edge: usize,
        arrow: GraphArrow,
        most: u32,
    ) -> Result<HashMap<u32, u32>> {
        let mut known = HashMap::from([(from, 0)]);
        let mut queue = VecDeque::from([(from, 0)]);
        while let Some((at, distance)) = queue.pop_front() {
            let inner = self.element(edge).and_then(|e| e.inner.as_ref());
            if distance >= most || (distance > 0 && !allowed(inner, at)) {
                continue;
            }
            for (candidate, to) in self.edges_at(at, arrow) {
                self.count()?;
                let mask = self.element(edge).and_then(|e| e.mask.as_ref());
                if allowed(mask, candidate) && !known.contains_key(&to) {
                    known.insert(to, distance + 1);
                    queue.push_back((to, distance + 1));
                }
            }
        }
        Ok(known)
    }

    /// The paths of exactly this length.
    fn exact(
        &mut self,
        edge: usize,
        arrow: GraphArrow,
        (at, last): (u32, u32),
        length: u32,
        distances: &HashMap<u32, u32>,
        path: &mut (Vec<u32>, Vec<u32>),
    ) -> Result<()> {
        if length == 0 {
            if at == last {
                let (edges, mut nodes) = path.clone();
                nodes.pop();
                self.set(edge, Bound::Path(edges, nodes));
                self.found.push(self.bound.clone());
                if self.found.len() > MATCHES_MAX {
                    return Err(limit(format!(
                        "a graph pattern has more than {MATCHES_MAX} matches"
                    )));
                }
                self.set(edge, Bound::Free);
            }
            return Ok(());
        }
        if path.0.len() >= DEPTH_MAX {
            return Err(limit(format!("a path has more than {DEPTH_MAX} edges")));
        }
        for (candidate, to) in self.edges_at(at, arrow) {
            self.count()?;
            let element = self.element(edge);
            let mask = element.and_then(|e| e.mask.as_ref());
            let inner = element.and_then(|e| e.inner.as_ref());
            let near = distances.get(&to).is_some_and(|d| *d < length);
            let passes = length == 1 || allowed(inner, to);
            if !near || !passes || !allowed(mask, candidate) || path.0.contains(&candidate) {
                continue;
            }
            path.0.push(candidate);
            path.1.push(to);
            self.exact(edge, arrow, (to, last), length - 1, distances, path)?;
            path.0.pop();
            path.1.pop();
        }
        Ok(())
    }

    fn keep_shortest(&mut self) -> Result<()> {
        let ends = |found: &Match, path: &[usize]| {
            let at = |place: Option<&usize>| place.and_then(|p| found.get(*p)).cloned();
            (at(path.first()), at(path.last()))
        };
        let length = |found: &Match| -> usize {
            let of = |bound: &Bound| match bound {
                Bound::Edge(_) => 1,
                Bound::Path(edges, _) => edges.len(),
                _ => 0,
            };
            found.iter().map(of).sum()
        };
        let mut kept: Vec<Match> = std::mem::take(&mut self.found);
        kept.sort_by_key(length);
        let paths = &self.pattern.paths;
        let mut best: Vec<(Ends, usize)> = Vec::new();
        for found in kept {
            self.cancel.check()?;
            let key: Ends = paths.iter().map(|path| ends(&found, path)).collect();
            let length = length(&found);
            match best.iter().find(|(known, _)| *known == key) {
                Some((_, least)) if *least < length => continue,
                Some(_) => {}
                None => best.push((key, length)),
            }
            self.found.push(found);
        }
        Ok(())
    }
}
