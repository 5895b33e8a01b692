//! `column_names_of(T)`: the names of a table's columns.

use super::Args;
use crate::bind::Binder;
use crate::bind::scope::Cx;
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind, Literal};
use crate::types::{Span, Type};

impl Binder<'_> {
    pub(super) fn column_names_of(&mut self, args: &Args, span: Span, cx: &Cx<'_>) -> Expr {
        let [table] = args else {
            self.error(Code::ArgumentCount, span, "`column_names_of` takes a table");
            return Self::unknown(span);
        };
        let table = self.table(table, cx.env);
        if table.open {
            // Only the data tells all names.
            return Expr {
                ty: Type::Dynamic,
                ..Self::unknown(span)
            };
        }
        let names = table.columns.iter().map(|column| column.name.as_str());
        Expr {
            kind: ExprKind::Literal(Literal::Dynamic(
                names.collect::<serde_json::Value>().to_string(),
            )),
            ty: Type::Dynamic,
            span,
        }
    }
}
