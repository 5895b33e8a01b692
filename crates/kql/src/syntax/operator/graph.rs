//! Graph operators: `make-graph`, `graph-match`, `graph-shortest-paths`, `graph-to-table` and the like.

use super::option::{Choice, Known};
use crate::syntax::expected::Want;
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Arrow, Expr, ExprKind, GraphElement, GraphMatch, MakeGraph, OpKind};

const MATCH_OPTIONS: &[Known] = &[("cycles", Choice::Words(&["none", "all", "unique_edges"]))];
const PATH_OPTIONS: &[Known] = &[("output", Choice::Words(&["any", "all"]))];
const COMPONENT_OPTIONS: &[Known] = &[
    ("kind", Choice::Words(&["weak", "strong"])),
    ("with_component_id", Choice::Any),
];
const NODE_OPTIONS: &[Known] = &[("with_node_id", Choice::Any)];
const EDGE_OPTIONS: &[Known] = &[
    ("with_source_id", Choice::Any),
    ("with_target_id", Choice::Any),
];

impl Parser<'_> {
    /// `source --> target with nodes on key, more on key`.
    pub(super) fn make_graph(&mut self) -> OpKind {
        self.options(&[]);
        let source = self.column_reference();
        // `--` is the undirected form; the lexer knows it as two signs.
        let undirected = self.at("-") && self.ahead(1, "-");
        if undirected {
            self.advance();
            self.advance();
        } else if !self.eat("-->") {
            self.expected("`-->`");
        }
        let target = self.column_reference();
        let mut node_id = None;
        let mut nodes = Vec::new();
        if self.at_word("with_node_id") && self.ahead(1, "=") {
            self.advance();
            self.advance();
            node_id = Some(self.name("a name"));
        } else if self.eat_word("with") {
            nodes = self.list(|p| {
                let table = p.table_operand();
                p.expect_word("on");
                (table, p.column_reference())
            });
        }
        if self.at_word("partitioned") {
            self.recover();
        }
        OpKind::MakeGraph(Box::new(MakeGraph {
            source,
            target,
            node_id,
            nodes,
            undirected,
        }))
    }

    /// A column's name where an expression would take too much: `a --> b` subtracts.
    fn column_reference(&mut self) -> Expr {
        self.note_want(Want::Column);
        let start = self.span();
        match self.reference() {
            Some(name) => Expr {
                kind: ExprKind::Name(name.text),
                span: self.since(start),
            },
            None => {
                self.absent("a column");
                self.missing()
            }
        }
    }

    pub(super) fn graph_match(&mut self, keyword: &'static str) -> OpKind {
        let options = self.options(if keyword == "graph-match" {
            MATCH_OPTIONS
        } else {
            PATH_OPTIONS
        });
        let mut pattern = Vec::new();
        loop {
            self.graph_path(&mut pattern);
            if !self.eat(",") {
                break;
            }
        }
        let condition = self.eat_word("where").then(|| self.expression());
        let project = if self.eat_word("project") {
            Some(self.list(|p| p.named(false)))
        } else {
            None
        };
        OpKind::GraphMatch(Box::new(GraphMatch {
            keyword,
            options,
            pattern,
            condition,
            project,
        }))
    }

    /// `(a)-[e]->(b)<-[f*1..3]-(c)`.
    fn graph_path(&mut self, pattern: &mut Vec<GraphElement>) {
        let mut begins = true;
        loop {
            if !self.expect("(") {
                return;
            }
            let name = if self.at(")") {
                None
            } else {
                Some(self.name("a name"))
            };
            self.expect(")");
            pattern.push(GraphElement {
                name,
                edge: false,
                many: false,
                bounds: None,
                arrow: Arrow::default(),
                begins: std::mem::take(&mut begins),
            });
            let edge = ["-", "<", "-->", "<--"].iter().any(|mark| self.at(mark));
            if !edge {
                return;
            }
            let edge = self.graph_edge();
            pattern.push(edge);
        }
    }

    /// `-[e*1..3]->`, `<-[e]-`, `-[e]-`, `-->`, `<--`, `--`.
    fn graph_edge(&mut self) -> GraphElement {
        let mut edge = GraphElement {
            name: None,
            edge: true,
            many: false,
            bounds: None,
            arrow: Arrow::Forward,
            begins: false,
        };
        if self.eat("-->") {
            return edge;
        }
        if self.eat("<--") {
            edge.arrow = Arrow::Backward;
            return edge;
        }
        let backward = self.eat("<");
        self.expect("-");
        if self.eat("-") {
            edge.arrow = Arrow::Either;
            return edge;
        }
        self.expect("[");
        if matches!(self.token(0).kind, TokenKind::Name) {
            edge.name = Some(self.name("a name"));
        }
        if self.eat("*") {
            edge.many = true;
            let least = self.sum();
            self.expect("..");
            edge.bounds = Some((least, self.sum()));
        }
        self.expect("]");
        self.expect("-");
        edge.arrow = match (backward, self.eat(">")) {
            (false, true) => Arrow::Forward,
            (true, false) => Arrow::Backward,
            // As in the service, arrows at both ends say no more than none.
            _ => Arrow::Either,
        };
        edge
    }

    pub(super) fn graph_to_table(&mut self) -> OpKind {
        let outputs = self.list(|p| {
            let edges = p.at_word("edges");
            if !edges && !p.at_word("nodes") {
                p.expected("`nodes` or `edges`");
                p.recover();
                return (false, Vec::new());
            }
            p.advance();
            if p.eat_word("as") {
                p.name("a name");
            }
            let options = p.options(if edges { EDGE_OPTIONS } else { NODE_OPTIONS });
            (edges, options)
        });
        OpKind::GraphToTable(outputs)
    }

    pub(super) fn graph_mark_components(&mut self) -> OpKind {
        OpKind::GraphMarkComponents(self.options(COMPONENT_OPTIONS))
    }
}
