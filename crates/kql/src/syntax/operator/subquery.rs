//! Operators with pipelines or steps of their own: `partition`, `scan`, `fork`, `facet`.

use super::option::Choice;
use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, ExprKind, Name, OpKind, ScanStep};
use crate::types::Type;

impl Parser<'_> {
    pub(super) fn partition(&mut self) -> OpKind {
        let mut options = self.options(&[]);
        self.expect_word("by");
        // Not an expression: `by Name (...)` would read as a call.
        self.note_want(Want::Column);
        let start = self.span();
        let by = Expr {
            kind: ExprKind::Name(self.name("a column").text),
            span: self.since(start),
        };
        options.append(&mut self.options(&[]));
        // The legacy form takes whole queries in braces.
        if self.at("{") {
            self.recover();
            return OpKind::Opaque("partition".to_owned());
        }
        OpKind::Partition {
            options,
            by,
            body: self.subpipeline(),
        }
    }

    pub(super) fn scan(&mut self) -> OpKind {
        let options = self.options(&[
            ("with_match_id", Choice::Any),
            ("kind", Choice::Words(&["partial", "full"])),
        ]);
        let mut match_id = None;
        for option in &options {
            if option.name == "with_match_id"
                && let ExprKind::Name(text) = &option.value.kind
            {
                match_id = Some(Name {
                    text: text.clone(),
                    span: option.value.span,
                });
            }
        }
        let mut partition = Vec::new();
        let mut order = Vec::new();
        let mut declare = Vec::new();
        if self.at_word("partition") {
            self.advance();
            self.expect_word("by");
            partition = self.plain_list();
        }
        if self.at_word("order") {
            self.advance();
            self.expect_word("by");
            order = self.orders();
        }
        if self.eat_word("declare") {
            declare = self.declarations();
        }
        self.expect_word("with");
        self.expect("(");
        let mut steps = Vec::new();
        while self.eat_word("step") {
            steps.push(self.scan_step());
        }
        self.expect(")");
        OpKind::Scan {
            partition,
            order,
            declare,
            match_id,
            steps,
        }
    }

    /// `(a:string, b:long = 0)`.
    fn declarations(&mut self) -> Vec<(Name, Type)> {
        let mut list = Vec::new();
        self.expect("(");
        while !self.at(")") && !self.at_end() {
            let name = self.name("a column");
            self.expect(":");
            let ty = self.type_name().unwrap_or(Type::Unknown);
            if self.eat("=") {
                self.expression();
            }
            list.push((name, ty));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        list
    }

    fn scan_step(&mut self) -> ScanStep {
        let name = self.name("a step");
        self.eat_word("optional");
        if self.at_word("output") {
            self.advance();
            self.expect("=");
            self.advance();
        }
        self.expect(":");
        let condition = self.expression();
        let mut assignments = Vec::new();
        if self.eat("=>") {
            loop {
                let target = self.name("a column");
                self.expect("=");
                assignments.push((target, self.expression()));
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.expect(";");
        ScanStep {
            name,
            condition,
            assignments,
        }
    }

    pub(super) fn fork(&mut self) -> OpKind {
        let mut branches = Vec::new();
        while !self.at_boundary() {
            let name = if self.ahead(1, "=") {
                self.try_name()
            } else {
                None
            };
            if name.is_some() {
                self.advance();
            }
            if !self.at("(") {
                self.expected("`(`");
                self.recover();
                break;
            }
            branches.push((name, self.subpipeline()));
        }
        OpKind::Fork(branches)
    }

    pub(super) fn facet(&mut self) -> OpKind {
        self.expect_word("by");
        let by = self.plain_list();
        let body = if self.eat_word("with") {
            self.subpipeline()
        } else {
            Vec::new()
        };
        OpKind::Facet { by, body }
    }
}
