//! Sort keys: `sort`, `top`, `project-reorder`.

use crate::syntax::parser::Parser;
use crate::syntax::tree::{OpKind, Order};

impl Parser<'_> {
    fn order(&mut self) -> Order {
        let expr = self.named(false);
        let descending = if self.eat_word("desc") {
            Some(true)
        } else if self.eat_word("asc") || self.eat_granny_asc() {
            Some(false)
        } else {
            None
        };
        let nulls_first = self.eat_word("nulls").then(|| {
            let first = self.eat_word("first");
            if !first {
                self.expect_word("last");
            }
            first
        });
        Order {
            expr,
            descending,
            nulls_first,
        }
    }

    /// `granny-asc` of project-reorder (numbers in names sort by value).
    fn eat_granny_asc(&mut self) -> bool {
        let (word, tokens) = self.dashed();
        let hit = word == "granny-asc" || word == "granny-desc";
        if hit {
            self.skip(tokens);
        }
        hit
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
