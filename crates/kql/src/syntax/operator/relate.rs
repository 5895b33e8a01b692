//! Operators over several tables: `join`, `lookup`, `union`, `search`, `find`.

use super::option::{Choice, JOIN_STRATEGY};
use crate::diagnostic::Code;
use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, ExprKind, OpKind};
use crate::types::{Span, Type};

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
        self.note_want(Want::Table);
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
        if self.word(0) == "project" && self.dashed().1 == 1 {
            self.advance();
            project = Some(self.found_columns());
        } else if self.dashed().0 == "project-smart" {
            let tokens = self.dashed().1;
            self.skip(tokens);
        }
        let mut away = Vec::new();
        if self.dashed().0 == "project-away" {
            let tokens = self.dashed().1;
            self.skip(tokens);
            away = self
                .found_columns()
                .into_iter()
                .map(|(name, _)| name)
                .collect();
        }
        OpKind::Find {
            options,
            tables,
            predicate,
            project,
            away,
        }
    }

    /// Columns of `find`, each with the type it is wanted in; `pack(*)` stands for all others.
    fn found_columns(&mut self) -> Vec<(Expr, Option<Type>)> {
        self.list(|p| {
            let expr = if p.at("*") { p.star() } else { p.unary() };
            let column = match &expr.kind {
                ExprKind::Name(_) | ExprKind::Star | ExprKind::Missing => true,
                ExprKind::Call { name, args, .. } => {
                    let all =
                        matches!(args.as_slice(), [only] if matches!(only.kind, ExprKind::Star));
                    name.text == "pack" && all
                }
                _ => false,
            };
            if !column {
                let message =
                    "`find` lists columns as they are: a name, a name with its type, or `pack(*)`";
                p.error(Code::Expected, expr.span, message);
            }
            let ty = if p.eat(":") { p.type_name() } else { None };
            (expr, ty)
        })
    }
}
