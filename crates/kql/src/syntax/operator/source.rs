//! Operators that make tables: `range`, `datatable`, `externaldata`, `evaluate`.

use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Expr, OpKind};

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

    pub(super) fn evaluate(&mut self) -> OpKind {
        self.options(&[]);
        self.note_want(Want::Plugin);
        let call = self.unary();
        let schema = self.eat(":").then(|| self.schema());
        OpKind::Evaluate { call, schema }
    }
}
