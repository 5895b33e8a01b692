//! Operators over several tables: `join`, `lookup`, `union`, `search`, `find`.

use super::option::{Choice, JOIN_STRATEGY};
use crate::diagnostic::Code;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, ExprKind, OpKind};
use crate::types::Span;

const JOIN_KINDS: &[&str] = &[
    "inner",
    "innerunique",
    "leftouter",
    "rightouter",
    "fullouter",
    "leftanti",
    "anti",
    "leftantisemi",
    "rightanti",
    "rightantisemi",
    "leftsemi",
    "rightsemi",
];
const LOOKUP_KINDS: &[&str] = &["leftouter", "inner"];

impl Parser<'_> {
    pub(in crate::syntax) fn join(&mut self, lookup: bool, start: Span) -> OpKind {
        let kinds = if lookup { LOOKUP_KINDS } else { JOIN_KINDS };
        let options = self.options(&[("kind", Choice::Words(kinds)), JOIN_STRATEGY]);
        let right = self.table_operand();
        // The language takes `where` for `on`, as it takes `filter` for `where`.
        let on = if self.eat_word("on") || self.eat_word("where") {
            self.columns_required()
        } else {
            let span = self.since(start);
            self.error(
                Code::Expected,
                span,
                "expected `on` and at least one column",
            );
            Vec::new()
        };
        OpKind::Join {
            options,
            right,
            on,
            lookup,
        }
    }

    /// A table: a name, a call, or a pipeline in parentheses.
    pub(super) fn table_operand(&mut self) -> Expr {
        if matches!(self.word(0), "datatable" | "externaldata")
            && self.ahead(1, "(")
            && let Some(op) = self.source_operator()
        {
            return Expr {
                span: op.span,
                kind: ExprKind::Source(Box::new(op)),
            };
        }
        self.unary()
    }

    pub(super) fn union(&mut self) -> OpKind {
        let options = self.options(&[
            ("kind", Choice::Words(&["inner", "outer"])),
            ("withsource", Choice::Any),
            ("with_source", Choice::Any),
            ("isfuzzy", Choice::Switch),
            ("best_effort", Choice::Switch),
        ]);
        let inputs = self.list(|p| p.patterns(Self::table_operand));
        OpKind::Union { options, inputs }
    }

    pub(super) fn search(&mut self) -> OpKind {
        let kinds = &["default", "case_insensitive", "case_sensitive"];
        let options = self.options(&[("kind", Choice::Words(kinds))]);
        let mut tables = Vec::new();
        if self.at_word("in") && self.ahead(1, "(") {
            self.advance();
            self.advance();
            tables = self.table_list();
        }
        OpKind::Search {
            options,
            tables,
            predicate: self.expression(),
        }
    }

    fn table_list(&mut self) -> Vec<Expr> {
        let tables = self.list(|p| p.patterns(Self::table_operand));
        self.expect(")");
        tables
    }

    pub(in crate::syntax) fn find(&mut self) -> OpKind {
        let options = self.options(&[
            ("withsource", Choice::Any),
            ("with_source", Choice::Any),
            ("datascope", Choice::Words(&["all", "hotcache"])),
        ]);
        let mut tables = Vec::new();
        if self.at_word("in") && self.ahead(1, "(") {
            self.advance();
            self.advance();
            tables = self.table_list();
        }
        let predicate = if self.eat_word("where") {
            Some(self.expression())
        } else if self.at_boundary() {
            None
        } else {
            Some(self.expression())
        };
        let mut project = None;
        if self.eat_word("project") {
            let mut columns = Vec::new();
            loop {
                let expr = self.unary();
                // `name:type` reads as a search term; take it apart again.
                let ty = if self.eat(":") {
                    self.type_name()
                } else {
                    None
                };
                columns.push((expr, ty));
                if !self.eat(",") {
                    break;
                }
            }
            project = Some(columns);
        } else {
            let (word, tokens) = self.dashed();
            if word == "project-smart" {
                self.skip(tokens);
            }
        }
        OpKind::Find {
            options,
            tables,
            predicate,
            project,
        }
    }
}
