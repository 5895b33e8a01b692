//! Graph operators. They are checked and typed, but their plan only names them.
//!
//! A graph is a relation whose operator is `make-graph` or one of those that pass a graph on. Its columns are those of
//! the nodes; those of the edges are the columns of the table that `make-graph` reads.

use super::rel;
use std::rc::Rc;

use crate::diagnostic::Code;
use crate::plan::{Column, Expr, PluginArg, Rel, RelOp};
use crate::syntax::tree::{Expr as Syntax, ExprKind as S, GraphMatch, MakeGraph, Option_};
use crate::types::{Span, Type};

use super::Binder;
use super::names::Names;
use super::project::split;
use super::scope::{Binding, Cx, Element, Env, Row};
use super::search::mentioned_names;
use super::table::option_text;

const PASSING: &[&str] = &["graph-mark-components", "graph-where"];

/// Columns of a graph's edges; `None` for a table.
fn edges(graph: &Rel) -> Option<&[Column]> {
    let RelOp::Evaluate {
        input: Some(input),
        plugin,
        ..
    } = &graph.op
    else {
        return None;
    };
    match plugin.as_str() {
        "make-graph" => Some(&input.columns),
        name if PASSING.contains(&name) => edges(input),
        _ => None,
    }
}

fn named(plugin: &str, input: Rel, args: Vec<PluginArg>, columns: Vec<Column>, span: Span) -> Rel {
    rel::closed(
        RelOp::Evaluate {
            input: Some(Box::new(input)),
            plugin: plugin.to_owned(),
            args,
            declared: false,
        },
        columns,
        span,
    )
}

impl Binder<'_> {
    pub(super) fn make_graph(
        &mut self,
        mut rel: Rel,
        graph: &MakeGraph,
        span: Span,
        env: &Env,
    ) -> Rel {
        let ends = self.over(&mut rel, env, |b, cx| {
            [&graph.source, &graph.target].map(|end| b.graph_key(end, cx))
        });
        let mut columns = Vec::new();
        if let Some(name) = &graph.node_id {
            columns.push(self.column(&name.text, ends[0].ty));
        }
        let mut args = Vec::new();
        for (table, key) in &graph.nodes {
            let mut nodes = self.table(table, env);
            self.over(&mut nodes, env, |b, cx| b.graph_key(key, cx));
            for column in &nodes.columns {
                if !columns
                    .iter()
                    .any(|known: &Column| known.name == column.name)
                {
                    let fresh = self.column(column.name.clone(), column.ty);
                    columns.push(fresh);
                }
            }
            args.push(PluginArg::Rel(nodes));
        }
        named("make-graph", rel, args, columns, span)
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
        let found = edges(rel).map(<[Column]>::to_vec);
        if found.is_none() && !matches!(rel.op, RelOp::Error) {
            let message = "this operator needs a graph, as `make-graph` makes it";
            self.error(Code::TableExpected, span, message);
        }
        found
    }

    pub(super) fn graph_match(
        &mut self,
        rel: Rel,
        graph: &GraphMatch,
        span: Span,
        env: &Env,
    ) -> Rel {
        let Some(edges) = self.graph_edges(&rel, span) else {
            return Self::error_rel(span);
        };
        let mut scope = env.clone();
        for element in &graph.pattern {
            let Some(name) = &element.name else {
                continue;
            };
            let columns = if element.edge {
                edges.clone()
            } else {
                rel.columns.clone()
            };
            let element = Element {
                columns,
                open: false,
                many: element.many,
            };
            scope = scope.with(&name.text, Binding::Element(Rc::new(element)));
        }
        let outer = self.graph.replace((rel.columns.clone(), edges));
        let cx = Cx::top(&scope);
        if let Some(condition) = &graph.condition {
            self.predicate(condition, &cx);
        }
        let mut names = Names::default();
        let mut columns = Vec::new();
        for item in graph.project.iter().flatten() {
            let (given, syntax) = split(item);
            let mut ty = self.scalar(syntax, &cx).ty;
            // What is read along a path of several edges has a value for each of them.
            let mut mentioned = Vec::new();
            mentioned_names(syntax, &mut mentioned);
            let many =
                |name: &String| matches!(scope.get(name), Some(Binding::Element(e)) if e.many);
            if mentioned.iter().any(many) {
                ty = Type::Dynamic;
            }
            let name = match given.first() {
                Some(name) => self.take_name(&mut names, &name.text, item.span),
                None => names.computed(syntax, &[]),
            };
            columns.push(self.column(name, ty));
        }
        self.graph = outer;
        named(graph.keyword, rel, Vec::new(), columns, span)
    }

    /// `all(e, x > 1)`, `any(...)`, `map(...)` and the functions of nodes, inside a graph's conditions.
    pub(super) fn graph_call(
        &mut self,
        name: &str,
        args: &[Rc<Syntax>],
        span: Span,
        cx: &Cx<'_>,
    ) -> Option<Expr> {
        let (nodes, edges) = self.graph.clone()?;
        let ty = match name {
            "all" | "any" => Type::Bool,
            "map" | "inner_nodes" | "labels" => Type::Dynamic,
            "node_id" => Type::String,
            "node_degree_in" | "node_degree_out" => Type::Long,
            _ => return None,
        };
        let per_element = matches!(name, "all" | "any" | "map");
        if args.len() > 2 || (args.len() != 2 && per_element) {
            let message = format!("`{name}` takes a part of the pattern and an expression");
            self.error(Code::ArgumentCount, span, message);
        }
        if let Some(part) = args.first() {
            self.scalar(part, cx);
        }
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
        }
        Some(Expr {
            ty,
            ..Self::unknown(span)
        })
    }

    pub(super) fn graph_to_table(
        &mut self,
        rel: Rel,
        outputs: &[(bool, Vec<Option_>)],
        span: Span,
    ) -> Rel {
        let Some(edges) = self.graph_edges(&rel, span) else {
            return Self::error_rel(span);
        };
        let mut tables = Vec::new();
        for (edge, options) in outputs {
            let mut columns = Vec::new();
            for id in ["with_node_id", "with_source_id", "with_target_id"] {
                if let Some(option) = options.iter().find(|option| option.name == id) {
                    columns.push(self.column(option_text(&option.value), Type::Long));
                }
            }
            for column in if *edge { &edges } else { &rel.columns } {
                let fresh = self.column(column.name.clone(), column.ty);
                columns.push(fresh);
            }
            let input = self.instance(&rel);
            tables.push(named("graph-to-table", input, Vec::new(), columns, span));
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
        let name = options
            .iter()
            .find(|option| option.name == "with_component_id")
            .map_or_else(
                || "ComponentId".to_owned(),
                |option| option_text(&option.value),
            );
        let mut columns = rel.columns.clone();
        columns.push(self.column(name, Type::Long));
        named("graph-mark-components", rel, Vec::new(), columns, span)
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
        self.predicate(predicate, &Cx { env, row });
        let columns = rel.columns.clone();
        named("graph-where", rel, Vec::new(), columns, span)
    }
}
