//! Query operators: what stands between two pipes. This module knows their keywords; the others read their operands.

use crate::diagnostic::{Code, Diagnostic, foreign};
use crate::syntax::expected::Want;
use crate::syntax::keyword;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, Op, OpKind};
use crate::types::Span;
mod aggregate;
mod expand;
mod graph;
mod option;
mod order;
mod relate;
mod source;
mod subquery;

pub(crate) use option::{Choice, HINTS, Known};

/// Operators that may follow a pipe, for "did you mean".
pub(crate) const OPERATORS: &[&str] = &[
    "as",
    "assert-schema",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "facet",
    "filter",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "invoke",
    "join",
    "limit",
    "lookup",
    "macro-expand",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// Operators that may start a query.
pub(crate) const SOURCES: &[&str] = &[
    "datatable",
    "evaluate",
    "external_data",
    "externaldata",
    "find",
    "macro-expand",
    "print",
    "range",
    "search",
    "union",
];

/// Most operators of one pipeline: each is a level of the plan.
const MAX_OPERATORS: usize = 150;

impl Parser<'_> {
    /// A word with dashes, such as `project-away`, and how many tokens it takes.
    fn dashed(&self) -> (String, usize) {
        let mut word = self.word(0).to_owned();
        let mut taken = 1;
        while !word.is_empty()
            && self.ahead(taken, "-")
            && !self.word(taken + 1).is_empty()
            && self.token(taken - 1).span.end == self.token(taken).span.start
            && self.token(taken).span.end == self.token(taken + 1).span.start
        {
            word.push('-');
            word.push_str(self.word(taken + 1));
            taken += 2;
        }
        (word, taken)
    }

    fn skip(&mut self, tokens: usize) {
        for _ in 0..tokens {
            self.advance();
        }
    }

    /// An operator at the start of a query.
    pub(in crate::syntax) fn source_operator(&mut self) -> Option<Op> {
        self.note_want(Want::Source);
        let start = self.span();
        let (word, tokens) = self.dashed();
        let followed = !self.ahead(1, "=") && !self.ahead(1, "|") && !self.ahead(1, ".");
        if !SOURCES.contains(&word.as_str()) {
            return None;
        }
        let source = match word.as_str() {
            "macro-expand" => true,
            "print" | "union" | "search" | "find" | "range" | "evaluate" => {
                followed && !(self.ahead(1, "(") && word == "range") && !self.ahead(1, ")")
            }
            "datatable" | "externaldata" => self.ahead(1, "("),
            "external_data" => self.ahead(1, "("),
            "inline_external_table" => self.ahead(1, "(") || self.word(1) == "kind",
            _ => false,
        };
        if !source {
            return None;
        }
        self.skip(tokens);
        let kind = match word.as_str() {
            "print" => OpKind::Print(self.columns_required()),
            "union" => self.union(),
            "search" => self.search(),
            "find" => self.find(),
            "range" => self.range(),
            "evaluate" => self.evaluate(),
            "datatable" => self.datatable(),
            "macro-expand" => self.macro_expand(),
            "inline_external_table" => self.inline_external_table(),
            _ => self.external_data(),
        };
        Some(Op {
            kind,
            span: self.since(start),
        })
    }

    /// An operator that needs a table before it where a query starts.
    pub(in crate::syntax) fn misplaced_operator(&mut self) -> Option<Op> {
        let (word, _) = self.dashed();
        let operator = OPERATORS.contains(&word.as_str())
            && (word.contains('-') || !keyword::refers(&word))
            && !matches!(
                word.as_str(),
                "print" | "search" | "find" | "union" | "macro-expand"
            )
            && !self.ahead(1, "(");
        if !operator {
            return None;
        }
        let span = self.span();
        let message = format!("`{word}` needs a table before it, as in `Table | {word} ...`");
        self.error(Code::Expected, span, message);
        Some(self.operator())
    }

    /// `| op | op ...`.
    pub(in crate::syntax) fn operators(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        while self.at("|") {
            self.advance();
            // A pipe at the end, or two in a row, is a half-typed query.
            let op = self.operator();
            ops.push(op);
            if ops.len() > MAX_OPERATORS {
                self.too_deep();
            }
        }
        ops
    }

    fn operator(&mut self) -> Op {
        self.note_want(Want::Operator);
        let start = self.span();
        let depth = self.depth;
        let (word, tokens) = self.dashed();
        let kind = self.operator_body(&word, tokens, start);
        self.depth = depth;
        if !self.at_boundary() {
            self.stray("`|` or the end of the query");
            self.recover();
        }
        Op {
            kind,
            span: self.since(start),
        }
    }

    fn operator_body(&mut self, word: &str, tokens: usize, start: Span) -> OpKind {
        if !word.is_empty() {
            self.skip(tokens);
        }
        match word {
            "where" | "filter" => {
                self.options(&[]);
                OpKind::Where(self.named(false))
            }
            "extend" => OpKind::Extend(self.columns_required()),
            "project" => OpKind::Project(self.columns()),
            "project-away" => OpKind::ProjectAway(self.patterns(Self::columns)),
            "project-keep" => OpKind::ProjectKeep(self.patterns(Self::columns)),
            "project-rename" => OpKind::ProjectRename(self.columns()),
            "project-reorder" if self.at_boundary() => OpKind::ProjectReorder(Vec::new()),
            "project-reorder" => OpKind::ProjectReorder(self.patterns(Self::orders)),
            "summarize" => self.summarize(),
            "sort" | "order" => {
                self.options(&[option::SORT_STRATEGY]);
                self.expect_word("by");
                OpKind::Sort(self.orders())
            }
            "top" => self.top(),
            "take" | "limit" => {
                self.options(&[]);
                OpKind::Take(self.sum())
            }
            "distinct" => {
                self.options(&[option::SHUFFLE_STRATEGY]);
                OpKind::Distinct(self.columns_required())
            }
            "count" => OpKind::Count(self.eat_word("as").then(|| self.name("a name"))),
            "join" => self.join(false, start),
            "lookup" => self.join(true, start),
            "union" => self.union(),
            "mv-expand" | "mvexpand" => self.mv_expand(),
            "mv-apply" | "mvapply" => self.mv_apply(),
            "parse" => self.parse_operator(false),
            "parse-where" => self.parse_operator(true),
            "parse-kv" => self.parse_kv(),
            "print" => OpKind::Print(self.columns()),
            "search" => self.search(),
            "find" => self.find(),
            "as" => {
                self.options(&[]);
                OpKind::As(self.name("a name"))
            }
            "serialize" => {
                self.options(&[]);
                OpKind::Serialize(self.columns())
            }
            "sample" => {
                self.options(&[]);
                OpKind::Sample(self.sum())
            }
            "sample-distinct" => {
                self.options(&[]);
                let count = self.sum();
                self.expect_word("of");
                OpKind::SampleDistinct {
                    count,
                    of: self.named(false),
                }
            }
            "render" => self.render(),
            "evaluate" => self.evaluate(),
            "invoke" => {
                self.note_want(Want::Invoked);
                OpKind::Invoke(self.unary())
            }
            "getschema" => {
                self.options(&[("kind", Choice::Words(&["csl"]))]);
                OpKind::GetSchema
            }
            "consume" => {
                self.options(&[("decodeblocks", Choice::Switch)]);
                OpKind::Consume
            }
            "make-series" => self.make_series(),
            "top-nested" => self.top_nested(),
            "top-hitters" => {
                let count = self.sum();
                self.expect_word("of");
                let of = self.named(false);
                OpKind::TopHitters {
                    count,
                    of,
                    by: self.eat_word("by").then(|| self.expression()),
                }
            }
            "partition" | "__partitionby" => self.partition(word != "partition"),
            "reduce" => {
                let options = self.options(&[("kind", Choice::Words(&["source"]))]);
                self.expect_word("by");
                let by = self.expression();
                let mut given = Vec::new();
                if self.eat_word("with") {
                    let known = [("threshold", Choice::Any), ("characters", Choice::Any)];
                    loop {
                        let mut some = self.options(&known);
                        let more = !some.is_empty() && self.eat(",");
                        given.append(&mut some);
                        if !more {
                            break;
                        }
                    }
                }
                OpKind::Reduce {
                    by,
                    source: options.iter().any(|option| option.name == "kind"),
                    options: given,
                }
            }
            "scan" => self.scan(),
            "fork" => self.fork(),
            "facet" => self.facet(),
            "assert-schema" => OpKind::AssertSchema(self.schema().0),
            "project-by-names" => OpKind::ProjectByNames(self.columns_required()),
            "make-graph" => self.make_graph(),
            "graph-match" => self.graph_match("graph-match"),
            "graph-shortest-paths" => self.graph_match("graph-shortest-paths"),
            "graph-to-table" => self.graph_to_table(),
            "graph-mark-components" => self.graph_mark_components(),
            "graph-where-nodes" => OpKind::GraphWhere(false, self.expression()),
            "graph-where-edges" => OpKind::GraphWhere(true, self.expression()),
            "macro-expand" => self.macro_expand(),
            "__executeAndCache" => OpKind::Consume,
            "" => {
                self.absent("an operator");
                OpKind::Error
            }
            _ => {
                let end = self.previous_end();
                let span = Span {
                    start: start.start,
                    end,
                };
                let message = format!("unknown operator `{word}`");
                let found = Diagnostic::error(Code::UnknownOperator, span, message);
                self.report(match foreign::operator(word) {
                    Some(hint) => found.hint(hint),
                    None => found.near(word, OPERATORS.iter().copied()),
                });
                self.recover();
                OpKind::Error
            }
        }
    }

    /// Reads where name patterns may stand.
    fn patterns<T>(&mut self, read: fn(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.patterns, true);
        let result = read(self);
        self.patterns = outer;
        result
    }

    fn columns_required(&mut self) -> Vec<Expr> {
        self.list(|p| p.named(false))
    }

    /// `( op | op )`.
    fn subpipeline(&mut self) -> Vec<Op> {
        if !self.expect("(") {
            return Vec::new();
        }
        let ops = self.deeper(
            |_| Vec::new(),
            |p| {
                let mut ops = if p.at("|") || p.at(")") {
                    if p.at(")") {
                        p.absent("an operator");
                    }
                    Vec::new()
                } else {
                    vec![p.operator()]
                };
                ops.append(&mut p.operators());
                ops
            },
        );
        self.expect(")");
        ops
    }

    fn plain_list(&mut self) -> Vec<Expr> {
        let mut list = vec![self.expression()];
        while self.eat(",") {
            list.push(self.expression());
        }
        list
    }
}
