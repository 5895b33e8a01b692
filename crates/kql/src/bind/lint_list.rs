//! Warnings: lists of values, and conditions that exclude each other.

use super::Binder;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{ColumnId, Expr, ExprKind, InOperator, Literal, Operator};
use crate::syntax::tree::{Constant, Expr as Syntax, ExprKind as S};
use crate::types::Span;
use std::collections::HashMap;

/// How many conditions joined by `and` or `or` are compared with the one behind them.
const COMPARED: usize = 32;

impl Binder<'_> {
    /// Looks at the list of `in`, `has_any` and the like, as written.
    pub(super) fn lint_list(&mut self, op: InOperator, list: &[Syntax], span: Span) {
        use InOperator::{HasAll, HasAny, In, InIgnoreCase, NotIn, NotInIgnoreCase};
        if let [only] = list
            && matches!(&only.kind, S::Literal(Constant::Dynamic(json)) if json == "[]")
        {
            match op {
                In | InIgnoreCase | HasAny => {
                    let message = "nothing is in an empty list";
                    self.suspicious(span, message, "write the values into the list");
                }
                NotIn | NotInIgnoreCase => {
                    let message = "everything is outside of an empty list";
                    self.suspicious(span, message, "write the values into the list");
                }
                HasAll => {}
            }
        }
        let fold = !matches!(op, In | NotIn);
        let mut first: HashMap<String, Span> = HashMap::new();
        let mut again = Vec::new();
        for item in list {
            let Some(key) = key(item, fold) else { continue };
            match first.get(&key) {
                Some(place) => again.push((*place, item.span)),
                None => {
                    first.insert(key, item.span);
                }
            }
        }
        // A long list may have many: it is one finding.
        let Some((place, span)) = again.first() else {
            return;
        };
        let mut found =
            Diagnostic::warning(Code::Repeated, *span, "this value is in the list already")
                .related(*place, "first here");
        if again.len() > 1 {
            found = found.hint(format!("{} values of this list repeat one", again.len()));
        }
        self.report(found);
    }

    /// `a == 1 and a == 2` holds for no row, `a != 1 or a != 2` for every row with a value.
    pub(super) fn lint_contradiction(&mut self, op: Operator, (left, right): (&Expr, &Expr)) {
        let (inner, message, hint) = match op {
            Operator::And => (
                Operator::Equal,
                "a column has one value: these conditions exclude each other",
                "join them with `or`, or use `in (...)`",
            ),
            Operator::Or => (
                Operator::NotEqual,
                "a column has one value: one of these conditions always holds",
                "join them with `and`, or use `!in (...)`",
            ),
            _ => return,
        };
        let Some((column, value)) = compared(right, inner) else {
            return;
        };
        let mut next = Some(left);
        for _ in 0..COMPARED {
            let Some(here) = next else { return };
            let (last, before) = match &here.kind {
                ExprKind::Binary { op: o, left, right } if *o == op => (&**right, Some(&**left)),
                _ => (here, None),
            };
            if let Some((other, before)) = compared(last, inner)
                && other == column
                && differ(value, before)
            {
                let found = Diagnostic::warning(Code::Suspicious, right.span, message).hint(hint);
                self.report(found.related(last.span, "and this"));
                return;
            }
            next = before;
        }
    }
}

/// A literal as text that is the same for equal ones.
fn key(item: &Syntax, fold: bool) -> Option<String> {
    match &item.kind {
        S::Literal(Constant::String(text)) if fold => Some(text.to_lowercase()),
        S::Literal(Constant::String(text)) => Some(text.clone()),
        S::Literal(Constant::Long(n)) => Some(n.to_string()),
        _ => None,
    }
}

/// The column and the literal of `column op literal`.
fn compared(expr: &Expr, op: Operator) -> Option<(ColumnId, &Literal)> {
    let ExprKind::Binary {
        op: found,
        left,
        right,
    } = &expr.kind
    else {
        return None;
    };
    match (&left.kind, &right.kind) {
        (ExprKind::Column(id), ExprKind::Literal(value)) if *found == op => Some((*id, value)),
        _ => None,
    }
}

fn differ(left: &Literal, right: &Literal) -> bool {
    match (left, right) {
        (Literal::String(left), Literal::String(right)) => left != right,
        (Literal::Long(left), Literal::Long(right)) => left != right,
        _ => false,
    }
}
