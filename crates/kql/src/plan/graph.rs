//! Graphs in the plan. A graph is a [`Rel`] whose operator is [`GraphOp::Make`] or one that passes a graph on; its columns
//! are those of the nodes. The edges' columns are the ones of the table that `make-graph` reads.

use super::{Column, ColumnId, Expr, Rel};

/// The graph operators.
#[derive(Clone, Debug, PartialEq)]
pub enum GraphOp {
    /// `make-graph`: one edge per row of `edges`. A node is every key of `nodes` and every end of an edge.
    Make {
        /// Edges.
        edges: Box<Rel>,
        /// Start and end of an edge: over the edges' columns.
        ends: Box<(Expr, Expr)>,
        /// Tables of nodes. Keys they lack, and columns they do not share, are null (or "").
        nodes: Vec<GraphNodes>,
        /// `with_node_id`: the column that holds the node's key.
        node_id: Option<ColumnId>,
        /// What every node has besides.
        about: AboutNode,
        /// `source -- target`: edges may be walked both ways.
        undirected: bool,
    },
    /// `graph-where-nodes`, `graph-where-edges`: what the predicate does not hold for is left out, with the edges of a
    /// node that is.
    Where {
        /// The graph.
        graph: Box<Rel>,
        /// Over the edges' columns, not the nodes'.
        edges: bool,
        /// Bool.
        predicate: Box<Expr>,
    },
    /// `graph-mark-components`: a node's component, counted from 0, as a further column of the nodes.
    MarkComponents {
        /// The graph.
        graph: Box<Rel>,
        /// The direction of edges counts: everything in a component can be reached from everything in it.
        strong: bool,
        /// The new column.
        column: ColumnId,
    },
    /// `graph-to-table`: rows of all nodes or of all edges.
    ToTable {
        /// The graph.
        graph: Box<Rel>,
        /// Edges, not nodes.
        edges: bool,
        /// Output id and what it holds, in the order of [`Rel::columns`].
        columns: Vec<(ColumnId, GraphColumn)>,
    },
    /// `graph-match` and `graph-shortest-paths`: one row per match.
    Match(GraphMatch),
}

/// Columns that graph functions read of a node; no table has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AboutNode {
    /// `node_id(n)`: the key as a string.
    pub key: ColumnId,
    /// `node_degree_in(n)`: edges that end in the node, a long.
    pub degree_in: ColumnId,
    /// `node_degree_out(n)`: edges that begin in it, a long.
    pub degree_out: ColumnId,
}

/// A table of nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNodes {
    /// Rows.
    pub table: Rel,
    /// The node's key, over the table's columns.
    pub key: Expr,
    /// The graph's column and the table's it is filled from.
    pub columns: Vec<(ColumnId, ColumnId)>,
}

/// What a column of `graph-to-table` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphColumn {
    /// A column of the nodes or edges.
    Column(ColumnId),
    /// The node's own number.
    NodeId,
    /// The number of the edge's first node.
    SourceId,
    /// The number of the edge's second node.
    TargetId,
}

/// The pattern of `graph-match` or `graph-shortest-paths`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphMatch {
    /// The graph.
    pub graph: Box<Rel>,
    /// Nodes and edges: a name that stands in several places of the pattern is one element.
    pub elements: Vec<GraphElement>,
    /// The pattern: each path alternates nodes and edges (places in `elements`) and begins and ends with a node.
    pub paths: Vec<Vec<usize>>,
    /// Values that expressions name by id besides the elements' columns.
    pub values: Vec<(ColumnId, GraphValue)>,
    /// `where`; bool.
    pub condition: Option<Expr>,
    /// `project`: output id and value, in the order of [`Rel::columns`].
    pub items: Vec<(ColumnId, Expr)>,
    /// `cycles` of `graph-match`.
    pub cycles: GraphCycles,
    /// `graph-shortest-paths`: only the shortest paths between two nodes; one of them, or all.
    pub shortest: Option<ShortestPaths>,
}

/// An element of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphElement {
    /// An edge, not a node.
    pub edge: bool,
    /// A path of so many edges, both included.
    pub hops: Option<(u32, u32)>,
    /// Which way the edge points.
    pub arrow: GraphArrow,
    /// `name.Column`: the id by which expressions name it and the column of the nodes or edges. Of a path of several edges
    /// it is a dynamic array.
    pub columns: Vec<(Column, ColumnId)>,
}

/// Which way an edge of a pattern points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GraphArrow {
    Forward,
    Backward,
    Either,
}

/// Whether a match may pass a place twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraphCycles {
    /// No edge twice (the default).
    #[default]
    UniqueEdges,
    /// No node twice.
    None,
    /// Whatever the lengths allow.
    All,
}

/// `output` of `graph-shortest-paths`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortestPaths {
    /// One for each pair of nodes.
    Any,
    /// All of the least length.
    All,
}

/// What a graph function gives.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphValue {
    /// Which.
    pub function: GraphFunction,
    /// The element of the pattern.
    pub element: usize,
    /// `inner_nodes(element)`: the nodes between the edges of a path, not its edges.
    pub inner: bool,
    /// Over the columns of the edges or, with `inner`, of the nodes.
    pub expr: Box<Expr>,
}

/// A graph function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFunction {
    /// True when the condition holds for each.
    All,
    /// True when it holds for one.
    Any,
    /// The expression's values, an array.
    Map,
}
