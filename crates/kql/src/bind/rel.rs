//! Making operators of the plan.

use crate::plan::{Column, ColumnId, Expr, Rel, RelOp};
use crate::types::Span;

/// A table with these columns only, its rows in no order.
pub(super) fn closed(op: RelOp, columns: Vec<Column>, span: Span) -> Rel {
    Rel {
        op,
        columns,
        open: false,
        serialized: false,
        span,
    }
}

/// The same, with more columns at run time if `open`.
pub(super) fn unordered(op: RelOp, columns: Vec<Column>, open: bool, span: Span) -> Rel {
    Rel {
        open,
        ..closed(op, columns, span)
    }
}

/// A table with these columns only, its rows in a defined order.
pub(super) fn ordered(op: RelOp, columns: Vec<Column>, span: Span) -> Rel {
    Rel {
        serialized: true,
        ..closed(op, columns, span)
    }
}

/// The input's rows with these columns; `open` passes on those nobody named, too.
pub(super) fn project(
    input: Rel,
    columns: Vec<Column>,
    items: Vec<(ColumnId, Expr)>,
    open: bool,
    span: Span,
) -> Rel {
    let serialized = input.serialized;
    Rel {
        op: RelOp::Project {
            input: Box::new(input),
            items,
        },
        columns,
        open,
        serialized,
        span,
    }
}

/// An operator over the input that has these columns and is as open and as ordered as the input.
pub(super) fn like(
    input: Rel,
    columns: Vec<Column>,
    span: Span,
    op: impl FnOnce(Box<Rel>) -> RelOp,
) -> Rel {
    let (open, serialized) = (input.open, input.serialized);
    Rel {
        op: op(Box::new(input)),
        columns,
        open,
        serialized,
        span,
    }
}

/// An operator that passes all columns on.
pub(super) fn passing(input: Rel, span: Span, op: impl FnOnce(Box<Rel>) -> RelOp) -> Rel {
    let columns = input.columns.clone();
    like(input, columns, span, op)
}

/// An operator that passes all columns on and orders the rows.
pub(super) fn sorted(input: Rel, span: Span, op: impl FnOnce(Box<Rel>) -> RelOp) -> Rel {
    Rel {
        serialized: true,
        ..passing(input, span, op)
    }
}
