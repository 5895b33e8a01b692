//! Parts of a query that can give no row. `union *` and `search` name every known table, some 900;
//! an installation has rows in a few dozen. The others are not planned at all.

use kql::plan::{ColumnId, ExprKind, Rel, RelOp};

use super::Lowering;

impl Lowering<'_> {
    /// Whether no table below an operator holds a row, and the operator makes none of its own.
    pub(super) fn is_empty(&self, rel: &Rel) -> bool {
        match &rel.op {
            RelOp::Table { name, .. } => !self.tables.holds_rows(name),
            RelOp::MissingTable { .. } => true,
            RelOp::Filter { input, .. }
            | RelOp::Project { input, .. }
            | RelOp::Sort { input, .. }
            | RelOp::Take { input, .. }
            | RelOp::Top { input, .. }
            | RelOp::Distinct { input, .. }
            | RelOp::Serialize { input } => self.is_empty(input),
            RelOp::Summarize { input, keys, .. } => !keys.is_empty() && self.is_empty(input),
            RelOp::Union { inputs, .. } => inputs.iter().all(|input| self.is_empty(&input.rel)),
            _ => false,
        }
    }

    /// Whether the plan of an operator would carry a column: what nobody reads of a table is left
    /// out. Errs towards yes.
    pub(super) fn carries(&self, rel: &Rel, id: ColumnId) -> bool {
        match &rel.op {
            RelOp::Table { name, columns } => {
                let stored = columns.iter().find(|(column, _)| *column == id);
                let read = self.reads.get(name.as_str());
                stored.is_some_and(|(_, stored)| {
                    read.is_none_or(|columns| columns.contains(stored.as_str()))
                })
            }
            RelOp::MissingTable { .. } => false,
            RelOp::Filter { input, .. }
            | RelOp::Sort { input, .. }
            | RelOp::Take { input, .. }
            | RelOp::Top { input, .. }
            | RelOp::Serialize { input } => self.carries(input, id),
            RelOp::Project { input, items } => {
                let item = items.iter().find(|(column, _)| *column == id);
                item.is_some_and(|(_, value)| match &value.kind {
                    ExprKind::Column(from) => {
                        self.parameters.contains_key(from) || self.carries(input, *from)
                    }
                    _ => true,
                })
            }
            RelOp::Union { inputs, source } => {
                let at = rel.columns.iter().position(|column| column.id == id);
                *source == Some(id)
                    || at.is_some_and(|at| {
                        inputs.iter().any(|input| {
                            let from = input.columns.get(at);
                            from.is_some_and(|from| self.carries(&input.rel, from))
                        })
                    })
            }
            _ => true,
        }
    }
}
