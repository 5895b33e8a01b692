//! Graph operators. A graph is held in memory while the operators over it run.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use datafusion::common::ToDFSchema as _;
use datafusion::logical_expr::LogicalPlan;
use futures::future::BoxFuture;
use kql::plan::{AboutNode, ColumnId, Expr, GraphColumn, GraphNodes, GraphOp, Rel, RelOp};
use kql::types::Type;

use super::collected::apart;
use super::{Lowering, name};
use crate::error::{EngineError, Result};
use crate::operators::graph::{Graph, number};
use crate::operators::make_series::column as take_column;
use crate::operators::rows::Key;
use crate::staging::{batch_plan, named_batch, with_columns};
use crate::values::{ColumnBuilder, Datum, Reader, convert};

/// A node while the graph is put together.
struct Node {
    key: Datum<'static>,
    cells: HashMap<ColumnId, Datum<'static>>,
}

/// Nodes by key, in order of appearance.
#[derive(Default)]
struct Nodes {
    all: Vec<Node>,
    places: HashMap<Key, u32>,
}

impl Nodes {
    fn place(&mut self, key: &Datum<'_>) -> Result<u32> {
        let of = Key::of(key);
        if let Some(place) = self.places.get(&of) {
            return Ok(*place);
        }
        let place = number(self.all.len())?;
        self.places.insert(of, place);
        self.all.push(Node {
            key: key.clone().into_static(),
            cells: HashMap::new(),
        });
        Ok(place)
    }
}

impl<'q> Lowering<'q> {
    /// An operator that makes a table of a graph.
    pub(super) async fn graph(&mut self, rel: &'q Rel, graph: &'q GraphOp) -> Result<LogicalPlan> {
        if !self.scopes.is_empty() {
            return self.run_by_run(rel).await;
        }
        match graph {
            GraphOp::ToTable {
                graph,
                edges,
                columns,
            } => {
                let graph = self.graph_of(graph).await?;
                to_table(&graph, *edges, columns)
            }
            GraphOp::Match(pattern) => self.graph_match(pattern).await,
            // A query may end with a graph: its nodes are shown.
            _ => {
                let graph = self.graph_of(rel).await?;
                batch_plan(graph.nodes)
            }
        }
    }

    /// The graph that an operator makes or passes on.
    pub(super) fn graph_of<'s>(&'s mut self, rel: &'q Rel) -> BoxFuture<'s, Result<Graph>>
    where
        'q: 's,
    {
        Box::pin(self.graph_of_boxed(rel))
    }

    async fn graph_of_boxed(&mut self, rel: &'q Rel) -> Result<Graph> {
        let RelOp::Graph(op) = &rel.op else {
            return Err(EngineError::Internal(
                "a table where a graph is needed".into(),
            ));
        };
        self.compute_subqueries(rel).await?;
        match op.as_ref() {
            GraphOp::Make {
                edges,
                ends,
                nodes,
                node_id,
                about,
                undirected,
            } => {
                let (edges, source, target) = self.graph_edges(edges, ends).await?;
                let mut known = Nodes::default();
                for table in nodes {
                    self.graph_nodes(table, &mut known).await?;
                }
                let ends = joined(&edges, &source, &target, &mut known, ends)?;
                let graph = Graph {
                    nodes: node_batch(rel, &known, *node_id, about)?,
                    edges,
                    ends,
                    undirected: *undirected,
                };
                self.staging.keep(&graph.nodes)?;
                Ok(graph.with_degrees(&name(about.degree_in), &name(about.degree_out))?)
            }
            GraphOp::Where {
                graph,
                edges,
                predicate,
            } => {
                let about = about(graph);
                let graph = self.graph_of(graph).await?;
                let rows = if *edges { &graph.edges } else { &graph.nodes };
                let mask = self.mask(predicate, rows)?;
                let graph = if *edges {
                    graph.keep_edges(&mask)?
                } else {
                    graph.keep_nodes(&mask)?
                };
                match about {
                    Some(about) => {
                        Ok(graph.with_degrees(&name(about.degree_in), &name(about.degree_out))?)
                    }
                    None => Ok(graph),
                }
            }
            GraphOp::MarkComponents {
                graph,
                strong,
                column,
            } => {
                let mut graph = self.graph_of(graph).await?;
                let (copy, strong) = (graph.clone(), *strong);
                let marks = apart(move |cancel| Ok(copy.components(strong, cancel)?)).await?;
                let marks: ArrayRef = std::sync::Arc::new(Int64Array::from(marks));
                graph.nodes = with_columns(&graph.nodes, vec![(name(*column), marks)])?;
                Ok(graph)
            }
            GraphOp::ToTable { .. } | GraphOp::Match(_) => Err(EngineError::Internal(
                "a table where a graph is needed".into(),
            )),
        }
    }

    /// The rows of the edges, and the names of the columns that hold their ends.
    async fn graph_edges(
        &mut self,
        edges: &'q Rel,
        ends: &'q (Expr, Expr),
    ) -> Result<(RecordBatch, String, String)> {
        let plan = self.lower(edges).await?;
        let plan = self.drop_raw(plan)?;
        let (source, target) = (self.fresh("u"), self.fresh("u"));
        let more = vec![
            self.expr(&ends.0)?.alias(source.clone()),
            self.expr(&ends.1)?.alias(target.clone()),
        ];
        let batch = self.collect_with(plan, more).await?;
        Ok((batch, source, target))
    }

    async fn graph_nodes(&mut self, table: &'q GraphNodes, known: &mut Nodes) -> Result<()> {
        let plan = self.lower(&table.table).await?;
        let plan = self.drop_raw(plan)?;
        let key = self.fresh("u");
        let more = vec![self.expr(&table.key)?.alias(key.clone())];
        let batch = self.collect_with(plan, more).await?;
        let keys = Reader::new(table.key.ty, &take_column(&batch, &key)?, false)?;
        let mut readers = Vec::new();
        for (id, from) in &table.columns {
            let column = table.table.columns.iter().find(|c| c.id == *from);
            let array = batch.column_by_name(&name(*from));
            if let (Some(column), Some(array)) = (column, array) {
                readers.push((*id, Reader::new(column.ty, array, false)?));
            }
        }
        for row in 0..batch.num_rows() {
            let place = known.place(&keys.get(row))?;
            if let Some(node) = known.all.get_mut(place as usize) {
                for (id, reader) in &readers {
                    let value = reader.get(row).into_static();
                    node.cells.entry(*id).or_insert(value);
                }
            }
        }
        Ok(())
    }

    /// The rows of a batch for which a condition holds.
    pub(super) fn mask(&self, condition: &Expr, batch: &RecordBatch) -> Result<BooleanArray> {
        let value = self.computed(condition, batch)?;
        Ok(value.as_boolean().clone())
    }

    /// An expression's values over a batch.
    pub(super) fn computed(&self, expr: &Expr, batch: &RecordBatch) -> Result<ArrayRef> {
        let schema = batch.schema().to_dfschema()?;
        let value = self.physical(&self.expr(expr)?, &schema)?;
        Ok(value.evaluate(batch)?.into_array(batch.num_rows())?)
    }
}

/// What is known of the nodes of a graph.
pub(super) fn about(rel: &Rel) -> Option<AboutNode> {
    let RelOp::Graph(op) = &rel.op else {
        return None;
    };
    match op.as_ref() {
        GraphOp::Make { about, .. } => Some(*about),
        GraphOp::Where { graph, .. } | GraphOp::MarkComponents { graph, .. } => about(graph),
        GraphOp::ToTable { .. } | GraphOp::Match(_) => None,
    }
}

/// Each edge's nodes; those that no table of nodes has are added.
fn joined(
    edges: &RecordBatch,
    source: &str,
    target: &str,
    known: &mut Nodes,
    ends: &(Expr, Expr),
) -> Result<Vec<(u32, u32)>> {
    let sources = Reader::new(ends.0.ty, &take_column(edges, source)?, false)?;
    let targets = Reader::new(ends.1.ty, &take_column(edges, target)?, false)?;
    number(edges.num_rows())?;
    (0..edges.num_rows())
        .map(|row| {
            let from = known.place(&sources.get(row))?;
            Ok((from, known.place(&targets.get(row))?))
        })
        .collect()
}

fn node_batch(
    rel: &Rel,
    known: &Nodes,
    node_id: Option<ColumnId>,
    about: &AboutNode,
) -> Result<RecordBatch> {
    let rows = known.all.len();
    let mut columns = Vec::new();
    for column in &rel.columns {
        let mut values = ColumnBuilder::new(column.ty, rows);
        for node in &known.all {
            let value = if node_id == Some(column.id) {
                Some(&node.key)
            } else {
                node.cells.get(&column.id)
            };
            let value = value.unwrap_or(&Datum::Null);
            values.push(&convert::to_type(value, column.ty));
        }
        columns.push((name(column.id), values.finish()));
    }
    let mut keys = ColumnBuilder::new(Type::String, rows);
    for node in &known.all {
        keys.push(&Datum::Str(convert::to_text(&node.key)));
    }
    columns.push((name(about.key), keys.finish()));
    named_batch(columns, rows)
}

fn to_table(
    graph: &Graph,
    edges: bool,
    columns: &[(ColumnId, GraphColumn)],
) -> Result<LogicalPlan> {
    let rows = if edges { &graph.edges } else { &graph.nodes };
    let numbers = |of: &dyn Fn(usize) -> i64| -> ArrayRef {
        let all = (0..rows.num_rows()).map(of);
        std::sync::Arc::new(Int64Array::from_iter_values(all))
    };
    let end = |at: usize, second: bool| {
        let ends = graph.ends.get(at).copied().unwrap_or_default();
        i64::from(if second { ends.1 } else { ends.0 })
    };
    let mut out = Vec::new();
    for (id, of) in columns {
        let array = match of {
            GraphColumn::Column(from) => match rows.column_by_name(&name(*from)) {
                Some(array) => ArrayRef::clone(array),
                None => continue,
            },
            GraphColumn::NodeId => numbers(&|at| i64::try_from(at).unwrap_or(i64::MAX)),
            GraphColumn::SourceId => numbers(&|at| end(at, false)),
            GraphColumn::TargetId => numbers(&|at| end(at, true)),
        };
        out.push((name(*id), array));
    }
    batch_plan(named_batch(out, rows.num_rows())?)
}
