//! Operators with pipelines or steps of their own: `partition`, `scan`, `fork`, `facet`, `macro-expand`.

use super::option::Choice;
use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, ExprKind, MacroExpand, Name, OpKind, ScanStep, Script};
use crate::types::Type;

impl Parser<'_> {
    /// `legacy` is the spelling `__partitionby Column (...)`.
    pub(super) fn partition(&mut self, legacy: bool) -> OpKind {
        let mut options = self.options(&[]);
        if !legacy || self.at_word("by") {
            self.expect_word("by");
        }
        // Not an expression: `by Name (...)` would read as a call.
        self.note_want(Want::Column);
        let start = self.span();
        let by = Expr {
            kind: ExprKind::Name(self.name("a column").text),
            span: self.since(start),
        };
        options.append(&mut self.options(&[]));
        // The legacy form takes whole queries in braces.
        if self.eat("{") {
            let query = self.pipeline();
            self.expect("}");
            return OpKind::PartitionQuery { by, query };
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
            ("with_step_name", Choice::Any),
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
        loop {
            if partition.is_empty() && self.eat_word("partition") {
                self.expect_word("by");
                partition = self.plain_list();
            } else if order.is_empty() && self.eat_word("order") {
                self.expect_word("by");
                order = self.orders();
            } else {
                break;
            }
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
    fn declarations(&mut self) -> Vec<(Name, Type, Option<Expr>)> {
        let mut list = Vec::new();
        self.expect("(");
        while !self.at(")") && !self.at_end() {
            let name = self.name("a column");
            self.expect(":");
            let ty = self.type_name().unwrap_or(Type::Unknown);
            let default = self.eat("=").then(|| self.expression());
            list.push((name, ty, default));
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
        let mut output = None;
        if self.at_word("output") {
            self.advance();
            self.expect("=");
            output = Some(self.word(0).to_owned());
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
            output,
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
        let body = if !self.eat_word("with") {
            Vec::new()
        } else if self.at("(") {
            self.subpipeline()
        } else {
            vec![self.operator()]
        };
        OpKind::Facet { by, body }
    }

    /// `macro-expand entity_group [database("a"), database("b")] as X (X.T | take 1)`.
    pub(super) fn macro_expand(&mut self) -> OpKind {
        self.options(&[
            ("isfuzzy", Choice::Switch),
            ("best_effort", Choice::Switch),
            ("force_remote", Choice::Switch),
        ]);
        if self.at("(") {
            self.absent("a group of databases, without parentheses");
        }
        let group = self.unary();
        let name = self.eat_word("as").then(|| self.name("a name"));
        let start = self.span();
        let body = if self.expect("(") {
            self.script(Some(")"))
        } else {
            Script {
                statements: Vec::new(),
                span: start,
            }
        };
        self.expect(")");
        OpKind::MacroExpand(Box::new(MacroExpand { group, name, body }))
    }
}
