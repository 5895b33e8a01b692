//! Sort keys: `sort`, `top`, `project-reorder`.

use crate::syntax::parser::Parser;
use crate::syntax::tree::{OpKind, Order};

impl Parser<'_> {
    fn order(&mut self) -> Order {
        let expr = self.named(false);
        let descending = self.direction();
        let nulls_first = self.nulls_first();
        Order {
            expr,
            descending,
            nulls_first,
        }
    }

    /// `asc` or `desc`, and their `granny-` forms (numbers in names sort by value); true for `desc`.
    pub(super) fn direction(&mut self) -> Option<bool> {
        // Asked for one by one, so that completion hears of them.
        if self.eat_word("asc") {
            return Some(false);
        }
        if self.eat_word("desc") {
            return Some(true);
        }
        let (word, tokens) = self.dashed();
        let descending = match word.as_str() {
            "granny-desc" => true,
            "granny-asc" => false,
            _ => return None,
        };
        self.skip(tokens);
        Some(descending)
    }

    /// `nulls first` or `nulls last`; true for the former.
    pub(super) fn nulls_first(&mut self) -> Option<bool> {
        self.eat_word("nulls").then(|| {
            let first = self.eat_word("first");
            if !first {
                self.expect_word("last");
            }
            first
        })
    }

    pub(super) fn orders(&mut self) -> Vec<Order> {
        let mut list = vec![self.order()];
        while self.eat(",") {
            list.push(self.order());
        }
        list
    }

    pub(super) fn top(&mut self) -> OpKind {
        self.options(&[]);
        let count = self.sum();
        self.expect_word("by");
        OpKind::Top {
            count,
            by: vec![self.order()],
        }
    }
}
