//! Operators that make tables: `range`, `datatable`, `externaldata`, `evaluate`.

use crate::diagnostic::Code;
use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, ExprKind, Name, OpKind};
use crate::types::Type;

impl Parser<'_> {
    pub(in crate::syntax) fn range(&mut self) -> OpKind {
        let name = self.name("a column");
        self.expect_word("from");
        let from = self.expression();
        self.expect_word("to");
        let to = self.expression();
        self.expect_word("step");
        OpKind::Range {
            name,
            from,
            to,
            step: self.expression(),
        }
    }

    pub(super) fn datatable(&mut self) -> OpKind {
        self.options(&[]);
        let (columns, _) = self.schema();
        let values = self.bracketed();
        for value in &values {
            let literal = matches!(value.kind, ExprKind::Literal(_) | ExprKind::Missing);
            if !literal {
                let message =
                    "the values of a datatable are literals; it has no room for an expression";
                self.error(Code::Expected, value.span, message);
            }
        }
        OpKind::Datatable { columns, values }
    }

    /// `[a, b, ]`.
    fn bracketed(&mut self) -> Vec<Expr> {
        if !self.expect("[") {
            return Vec::new();
        }
        let values = self.loose_list("]", Self::expression);
        self.expect("]");
        values
    }

    pub(super) fn external_data(&mut self) -> OpKind {
        let (columns, _) = self.schema();
        let uris = self.bracketed();
        self.files(columns, uris)
    }

    /// `inline_external_table (a:string) kind=storage partition by (...) pathformat=(...) dataformat=csv ("uri") with (...)`.
    /// How the files are laid out does not matter to what the table looks like.
    pub(super) fn inline_external_table(&mut self) -> OpKind {
        let columns = if self.at("(") {
            self.schema().0
        } else {
            Vec::new()
        };
        for clause in ["kind", "partition", "pathformat", "dataformat"] {
            if !self.eat_word(clause) {
                continue;
            }
            if clause == "partition" {
                self.expect_word("by");
                self.skip_group();
            } else if self.expect("=") && self.at("(") {
                self.skip_group();
            } else {
                self.any_name();
            }
        }
        let mut uris = Vec::new();
        if self.expect("(") {
            uris = self.loose_list(")", Self::expression);
            self.expect(")");
        }
        self.files(columns, uris)
    }

    /// The table of these files, with `with (...)` where it follows.
    fn files(&mut self, columns: Vec<(Name, Type)>, uris: Vec<Expr>) -> OpKind {
        let options = if self.eat_word("with") {
            self.option_list(&[])
        } else {
            Vec::new()
        };
        OpKind::ExternalData {
            columns,
            uris,
            options,
        }
    }

    /// Skips what stands in parentheses.
    fn skip_group(&mut self) {
        if self.expect("(") {
            self.recover();
            self.expect(")");
        }
    }

    pub(super) fn evaluate(&mut self) -> OpKind {
        self.options(&[]);
        self.note_want(Want::Plugin);
        let call = self.unary();
        let schema = self.eat(":").then(|| self.schema());
        OpKind::Evaluate { call, schema }
    }
}
