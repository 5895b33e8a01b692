//! How large a query may become. Functions and `let`s are inlined where they are used, `*` stands for all columns, and a
//! short text can double its size with every line: what binding makes is counted, and refused from a limit on.

use super::Binder;
use crate::diagnostic::Code;
use crate::plan::Expr;
use crate::types::Span;
use crate::walk::{self, Size};

/// Expressions and columns of all operators together. A text of the greatest length has fewer by itself.
const MAX_NODES: usize = 1_000_000;
/// Deepest nesting of what is being bound: expressions, queries in them and the bodies of functions they call.
const MAX_NESTING: usize = 400;
/// Greatest height of the tree that a name stands for.
const MAX_HEIGHT: usize = 800;

/// What has been made.
#[derive(Default)]
pub(super) struct Budget {
    nodes: usize,
    nesting: usize,
    refused: bool,
}

impl Binder<'_> {
    /// Counts nodes; false once there are too many, which is reported once.
    pub(super) fn spend(&mut self, nodes: usize, span: Span) -> bool {
        self.budget.nodes = self.budget.nodes.saturating_add(nodes);
        let fits = self.budget.nodes <= MAX_NODES;
        if !fits && !std::mem::replace(&mut self.budget.refused, true) {
            let message =
                format!("the query has more than {MAX_NODES} expressions and columns once inlined");
            self.error(Code::TooLarge, span, message);
        }
        fits
    }

    /// Nodes counted so far.
    pub(super) fn spent(&self) -> usize {
        self.budget.nodes
    }

    /// Goes one level deeper; false where that is too deep or there are too many nodes.
    pub(super) fn enter(&mut self, span: Span) -> bool {
        if !self.spend(1, span) {
            return false;
        }
        if self.budget.nesting >= MAX_NESTING {
            self.too_high(span);
            return false;
        }
        self.budget.nesting += 1;
        true
    }

    /// Comes back from where [`Binder::enter`] went.
    pub(super) fn leave(&mut self) {
        self.budget.nesting -= 1;
    }

    /// Counts a copy of what a name stands for; false when it is too much.
    pub(super) fn admit(&mut self, copy: Size, span: Span) -> bool {
        if copy.height > MAX_HEIGHT {
            self.too_high(span);
            return false;
        }
        self.spend(copy.nodes, span)
    }

    /// The same for an expression.
    pub(super) fn admit_expr(&mut self, copy: &mut Expr, span: Span) -> bool {
        let size = walk::size(copy);
        self.admit(size, span)
    }

    fn too_high(&mut self, span: Span) {
        let message = "the query is nested too deeply once inlined";
        self.error(Code::TooLarge, span, message);
    }
}
