//! Graph operators.
//!
//! A graph is a relation whose operator is `make-graph` or one of those that pass a graph on. Its columns are those of
//! the nodes; those of the edges are the columns of the table that `make-graph` reads.

use super::rel;
use std::rc::Rc;

use crate::diagnostic::Code;
use crate::plan::{
    AboutNode, Column, Expr, ExprKind, GraphArrow, GraphColumn, GraphCycles, GraphElement,
    GraphFunction, GraphMatch, GraphNodes, GraphOp, GraphValue, Literal, Rel, RelOp, ShortestPaths,
};
use crate::syntax::tree::{
    Arrow, Expr as Syntax, ExprKind as S, GraphElement as ElementSyntax, GraphMatch as MatchSyntax,
    MakeGraph, Option_,
};
use crate::types::{Span, Type};

use super::Binder;
use super::coerce::cast;
use super::names::Names;
use super::project::split;
use super::scan::ids_read;
use super::scope::{Binding, Cx, Element, Env, Row};
use super::search::mentioned_names;
use super::table::option_text;

/// Longest path an edge of a pattern may stand for when it does not say.
const HOPS_MAX: u32 = 100;

/// What a graph has: columns of its edges, and what is known of every node.
struct Graph<'r> {
    edges: &'r [Column],
    about: AboutNode,
}

/// The graph that an operator gives; `None` for a table.
fn graph_of(rel: &Rel) -> Option<Graph<'_>> {
    let RelOp::Graph(graph) = &rel.op else {
        return None;
    };
    match graph.as_ref() {
        GraphOp::Make { edges, about, .. } => Some(Graph {
            edges: &edges.columns,
            about: *about,
        }),
        GraphOp::Where { graph, .. } | GraphOp::MarkComponents { graph, .. } => graph_of(graph),
        GraphOp::ToTable { .. } | GraphOp::Match(_) => None,
    }
}

/// What the conditions of a graph pattern see.
pub(super) struct GraphScope {
    nodes: Vec<Column>,
    edges: Vec<Column>,
    about: AboutNode,
    /// Elements by name, and the columns that graph functions read of them.
    elements: Vec<(String, Option<AboutNode>)>,
    values: Vec<(crate::plan::ColumnId, GraphValue)>,
}

fn graph(op: GraphOp, columns: Vec<Column>, span: Span) -> Rel {
    rel::closed(RelOp::Graph(Box::new(op)), columns, span)
}

impl Binder<'_> {
    pub(super) fn make_graph(
        &mut self,
        mut rel: Rel,
        syntax: &MakeGraph,
        span: Span,
        env: &Env,
    ) -> Rel {
        let [source, target] = self.over(&mut rel, env, |b, cx| {
            [&syntax.source, &syntax.target].map(|end| b.graph_key(end, cx))
        });
        let mut columns = Vec::new();
        let mut node_id = None;
        if let Some(name) = &syntax.node_id {
            let column = self.column(&name.text, source.ty);
            node_id = Some(column.id);
            columns.push(column);
        }
        let mut nodes = Vec::new();
        for (table, key) in &syntax.nodes {
            let mut table = self.table(table, env);
            let key = self.over(&mut table, env, |b, cx| b.graph_key(key, cx));
            let mut filled = Vec::new();
            for column in &table.columns {
                let known = columns
                    .iter()
                    .find(|known: &&Column| known.name == column.name);
                let id = match known {
                    Some(known) => known.id,
                    None => {
                        let fresh = self.column(column.name.clone(), column.ty);
                        columns.push(fresh.clone());
                        fresh.id
                    }
                };
                filled.push((id, column.id));
            }
            nodes.push(GraphNodes {
                table,
                key,
                columns: filled,
            });
        }
        let op = GraphOp::Make {
            edges: Box::new(rel),
            ends: Box::new((source, target)),
            nodes,
            node_id,
            about: self.about_node(),
            undirected: syntax.undirected,
        };
        graph(op, columns, span)
    }

    fn about_node(&mut self) -> AboutNode {
        AboutNode {
            key: self.fresh(),
            degree_in: self.fresh(),
            degree_out: self.fresh(),
        }
    }

    fn graph_key(&mut self, key: &Syntax, cx: &Cx<'_>) -> Expr {
        let value = self.scalar(key, cx);
        if value.ty == Type::Dynamic {
            let message = "a node's id cannot be `dynamic`";
            self.error(Code::TypeMismatch, key.span, message);
        }
        value
    }

    /// The edges' columns of the operator's input, which has to be a graph.
    fn graph_edges(&mut self, rel: &Rel, span: Span) -> Option<Vec<Column>> {
        let found = graph_of(rel).map(|graph| graph.edges.to_vec());
        if found.is_none() && !matches!(rel.op, RelOp::Error) {
            let message = "this operator needs a graph, as `make-graph` makes it";
            self.error(Code::TableExpected, span, message);
        }
        found
    }

    pub(super) fn graph_match(
        &mut self,
        rel: Rel,
        syntax: &MatchSyntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let (Some(edges), Some(about)) = (
            self.graph_edges(&rel, span),
            graph_of(&rel).map(|graph| graph.about),
        ) else {
            return Self::error_rel(span);
        };
        let mut pattern = Pattern::default();
        let mut scope = env.clone();
        for element in &syntax.pattern {
            if !pattern.place(element) {
                continue;
            }
            let columns = if element.edge { &edges } else { &rel.columns };
            let copies = self.copies(columns);
            let own = (!element.edge).then(|| self.about_node());
            let hops = element.bounds.as_ref().map(|bounds| self.hops(bounds, env));
            pattern.add(element, hops, (&copies, columns), own.zip(Some(about)));
            if let Some(name) = &element.name {
                let element = Element {
                    columns: copies,
                    open: false,
                    many: element.many,
                };
                scope = scope.with(&name.text, Binding::Element(Rc::new(element)));
            }
        }
        let elements = pattern.names();
        let outer = self.graph.replace(GraphScope {
            nodes: rel.columns.clone(),
            edges,
            about,
            elements,
            values: Vec::new(),
        });
        let cx = Cx::top(&scope);
        let condition = syntax.condition.as_ref();
        let condition = condition.map(|condition| self.predicate(condition, &cx));
        let (columns, items) = self.graph_items(syntax, &scope, &cx);
        let inner = std::mem::replace(&mut self.graph, outer);
        let read = ids_read(condition.iter().chain(items.iter().map(|(_, value)| value)));
        pattern
            .elements
            .iter_mut()
            .for_each(|element| element.columns.retain(|(copy, _)| read.contains(&copy.id)));
        let op = GraphOp::Match(GraphMatch {
            graph: Box::new(rel),
            elements: pattern.elements,
            paths: pattern.paths,
            values: inner.map(|scope| scope.values).unwrap_or_default(),
            condition,
            items,
            cycles: match option(&syntax.options, "cycles").as_str() {
                "none" => GraphCycles::None,
                "all" => GraphCycles::All,
                _ => GraphCycles::UniqueEdges,
            },
            shortest: (syntax.keyword == "graph-shortest-paths").then(|| {
                match option(&syntax.options, "output").as_str() {
                    "all" => ShortestPaths::All,
                    _ => ShortestPaths::Any,
                }
            }),
        });
        graph(op, columns, span)
    }

    fn graph_items(
        &mut self,
        syntax: &MatchSyntax,
        scope: &Env,
        cx: &Cx<'_>,
    ) -> (Vec<Column>, Vec<(crate::plan::ColumnId, Expr)>) {
        let mut names = Names::default();
        let mut columns = Vec::new();
        let mut items = Vec::new();
        for item in syntax.project.iter().flatten() {
            let (given, syntax) = split(item);
            let mut value = self.scalar(syntax, cx);
            // What is read along a path of several edges has a value for each of them.
            let mut mentioned = Vec::new();
            mentioned_names(syntax, &mut mentioned);
            let many =
                |name: &String| matches!(scope.get(name), Some(Binding::Element(e)) if e.many);
            if mentioned.iter().any(many) {
                value = cast(value, Type::Dynamic);
            }
            let name = match given.first() {
                Some(name) => self.take_name(&mut names, &name.text, item.span),
                None => names.computed(syntax, &[]),
            };
            let column = self.column(name, value.ty);
            items.push((column.id, value));
            columns.push(column);
        }
        (columns, items)
    }

    /// The bounds of a path's length.
    fn hops(&mut self, (least, most): &(Syntax, Syntax), env: &Env) -> (u32, u32) {
        let mut bound = |syntax: &Syntax, default: u32| {
            let value = self.scalar(syntax, &Cx::top(env));
            match value.kind {
                ExprKind::Literal(Literal::Long(n)) => u32::try_from(n.max(0)).unwrap_or(u32::MAX),
                ExprKind::Literal(Literal::Int(n)) => u32::try_from(n.max(0)).unwrap_or(u32::MAX),
                _ => default,
            }
        };
        (bound(least, 1), bound(most, HOPS_MAX))
    }

    /// `all(e, x > 1)`, `any(...)`, `map(...)` and the functions of nodes, inside a graph's conditions.
    pub(super) fn graph_call(
        &mut self,
        name: &str,
        args: &[Rc<Syntax>],
        span: Span,
        cx: &Cx<'_>,
    ) -> Option<Expr> {
        let graph = self.graph.as_ref()?;
        let ty = match name {
            "all" | "any" => Type::Bool,
            "map" | "inner_nodes" | "labels" => Type::Dynamic,
            "node_id" => Type::String,
            "node_degree_in" | "node_degree_out" => Type::Long,
            _ => return None,
        };
        let (nodes, edges) = (graph.nodes.clone(), graph.edges.clone());
        let per_element = matches!(name, "all" | "any" | "map");
        if args.len() > 2 || (args.len() != 2 && per_element) {
            let message = format!("`{name}` takes a part of the pattern and an expression");
            self.error(Code::ArgumentCount, span, message);
        }
        if let Some(part) = args.first() {
            self.scalar(part, cx);
        }
        let mut kind = ExprKind::Literal(Literal::Null);
        if per_element && let [part, expression] = args {
            let inner = matches!(&part.kind, S::Call { name, .. } if name.text == "inner_nodes");
            let row = Row {
                columns: if inner { &nodes } else { &edges },
                ..Default::default()
            };
            let value = self.scalar(expression, &Cx { env: cx.env, row });
            if name != "map" && !matches!(value.ty, Type::Bool | Type::Unknown) {
                let message = format!("`{name}` takes a condition, not a `{}`", value.ty);
                self.error(Code::TypeMismatch, expression.span, message);
            }
            kind = self.graph_value(name, part, inner, value).unwrap_or(kind);
        } else if name == "labels" {
            kind = ExprKind::Literal(Literal::Dynamic("[]".to_owned()));
        } else if let Some(id) = self.about(name, args.first()) {
            kind = ExprKind::Column(id);
        }
        Some(Expr { kind, ty, span })
    }

    /// The column that holds what `all`, `any` or `map` gives.
    fn graph_value(
        &mut self,
        name: &str,
        part: &Syntax,
        inner: bool,
        value: Expr,
    ) -> Option<ExprKind> {
        let id = self.fresh();
        let scope = self.graph.as_mut()?;
        let element = scope.element(part)?;
        let (function, value) = match name {
            "all" => (GraphFunction::All, cast(value, Type::Bool)),
            "any" => (GraphFunction::Any, cast(value, Type::Bool)),
            _ => (GraphFunction::Map, value),
        };
        let value = GraphValue {
            function,
            element,
            inner,
            expr: Box::new(value),
        };
        scope.values.push((id, value));
        Some(ExprKind::Column(id))
    }

    /// The column that a function of a node reads: of the element it names, or of the node at hand.
    fn about(&self, name: &str, part: Option<&Rc<Syntax>>) -> Option<crate::plan::ColumnId> {
        let scope = self.graph.as_ref()?;
        let about = match part {
            Some(part) => {
                let element = scope.element(part)?;
                scope.elements.get(element)?.1?
            }
            None => scope.about,
        };
        match name {
            "node_id" => Some(about.key),
            "node_degree_in" => Some(about.degree_in),
            "node_degree_out" => Some(about.degree_out),
            _ => None,
        }
    }

    pub(super) fn graph_to_table(
        &mut self,
        rel: Rel,
        outputs: &[(bool, Vec<Option_>)],
        span: Span,
    ) -> Rel {
        if self.graph_edges(&rel, span).is_none() {
            return Self::error_rel(span);
        }
        let mut tables = Vec::new();
        for (edge, options) in outputs {
            let input = self.instance(&rel);
            let mut columns = Vec::new();
            let mut filled = Vec::new();
            let numbers = [
                ("with_node_id", GraphColumn::NodeId),
                ("with_source_id", GraphColumn::SourceId),
                ("with_target_id", GraphColumn::TargetId),
            ];
            for (id, number) in numbers {
                if let Some(option) = options.iter().find(|option| option.name == id) {
                    let column = self.column(option_text(&option.value), Type::Long);
                    filled.push((column.id, number));
                    columns.push(column);
                }
            }
            let edges = graph_of(&input).map_or(&[][..], |graph| graph.edges);
            for column in if *edge { edges } else { &input.columns } {
                let fresh = self.column(column.name.clone(), column.ty);
                filled.push((fresh.id, GraphColumn::Column(column.id)));
                columns.push(fresh);
            }
            let op = GraphOp::ToTable {
                graph: Box::new(input),
                edges: *edge,
                columns: filled,
            };
            tables.push(graph(op, columns, span));
        }
        let mut tables = tables.into_iter();
        let first = tables.next().unwrap_or_else(|| Self::error_rel(span));
        self.side_results.extend(tables);
        first
    }

    pub(super) fn graph_mark_components(
        &mut self,
        rel: Rel,
        options: &[Option_],
        span: Span,
    ) -> Rel {
        if self.graph_edges(&rel, span).is_none() {
            return Self::error_rel(span);
        }
        let name = match option(options, "with_component_id") {
            name if name.is_empty() => "ComponentId".to_owned(),
            name => name,
        };
        let mut columns = rel.columns.clone();
        let column = self.column(name, Type::Long);
        columns.push(column.clone());
        let op = GraphOp::MarkComponents {
            graph: Box::new(rel),
            strong: option(options, "kind") == "strong",
            column: column.id,
        };
        graph(op, columns, span)
    }

    pub(super) fn graph_where(
        &mut self,
        rel: Rel,
        edge: bool,
        predicate: &Syntax,
        span: Span,
        env: &Env,
    ) -> Rel {
        let Some(edges) = self.graph_edges(&rel, span) else {
            return Self::error_rel(span);
        };
        let row = Row {
            columns: if edge { &edges } else { &rel.columns },
            ..Default::default()
        };
        let predicate = Box::new(self.predicate(predicate, &Cx { env, row }));
        let columns = rel.columns.clone();
        let op = GraphOp::Where {
            graph: Box::new(rel),
            edges: edge,
            predicate,
        };
        graph(op, columns, span)
    }
}

fn option(options: &[Option_], name: &str) -> String {
    let found = options.iter().find(|option| option.name == name);
    found.map_or_else(String::new, |option| option_text(&option.value))
}

impl GraphScope {
    /// The place of the element that `e` or `inner_nodes(e)` names.
    fn element(&self, part: &Syntax) -> Option<usize> {
        match &part.kind {
            S::Name(name) => self.elements.iter().position(|(known, _)| known == name),
            S::Call { args, .. } => self.element(args.first()?),
            S::Paren(inner) => self.element(inner),
            _ => None,
        }
    }
}

/// A pattern as it is read: elements by name, paths by place.
#[derive(Default)]
struct Pattern {
    elements: Vec<GraphElement>,
    named: Vec<(String, Option<AboutNode>)>,
    paths: Vec<Vec<usize>>,
}

impl Pattern {
    /// Puts an element at the end of a path; true when it has to be added first.
    fn place(&mut self, element: &ElementSyntax) -> bool {
        if element.begins {
            self.paths.push(Vec::new());
        }
        let name = element.name.as_ref();
        let known = name.and_then(|name| self.named.iter().position(|(n, _)| *n == name.text));
        let at = known.unwrap_or(self.elements.len());
        if let Some(path) = self.paths.last_mut() {
            path.push(at);
        }
        known.is_none()
    }

    fn add(
        &mut self,
        element: &ElementSyntax,
        hops: Option<(u32, u32)>,
        (copies, columns): (&[Column], &[Column]),
        about: Option<(AboutNode, AboutNode)>,
    ) {
        let pairs = copies.iter().cloned();
        let mut pairs: Vec<_> = pairs.zip(columns.iter().map(|column| column.id)).collect();
        if let Some((own, of)) = about {
            let of_node = [
                (own.key, of.key, Type::String),
                (own.degree_in, of.degree_in, Type::Long),
                (own.degree_out, of.degree_out, Type::Long),
            ];
            pairs.extend(of_node.map(|(id, from, ty)| {
                let name = String::new().into();
                (Column { id, name, ty }, from)
            }));
        }
        self.elements.push(GraphElement {
            edge: element.edge,
            hops: hops.filter(|_| element.many),
            arrow: match element.arrow {
                Arrow::Forward => GraphArrow::Forward,
                Arrow::Backward => GraphArrow::Backward,
                Arrow::Either => GraphArrow::Either,
            },
            columns: pairs,
        });
        let name = element.name.as_ref().map(|name| name.text.clone());
        self.named
            .push((name.unwrap_or_default(), about.map(|(own, _)| own)));
    }

    fn names(&self) -> Vec<(String, Option<AboutNode>)> {
        self.named.clone()
    }
}
