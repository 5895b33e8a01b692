//! Operators around aggregates: `summarize`, `make-series`, `top-nested`.

use super::option::{Choice, SHUFFLE_STRATEGY};
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Level, OpKind, SeriesItem};

impl Parser<'_> {
    pub(super) fn summarize(&mut self) -> OpKind {
        self.options(&[SHUFFLE_STRATEGY]);
        let aggregates = if self.at_boundary() || self.at_word("by") {
            Vec::new()
        } else {
            self.list(|p| p.named(false))
        };
        let by = if self.eat_word("by") {
            self.columns_required()
        } else {
            Vec::new()
        };
        OpKind::Summarize { aggregates, by }
    }

    pub(super) fn make_series(&mut self) -> OpKind {
        let options = self.options(&[("kind", Choice::Words(&["nonempty"]))]);
        let mut items = Vec::new();
        loop {
            let expr = self.named(false);
            let default = if self.eat_word("default") {
                self.expect("=");
                Some(self.expression())
            } else {
                None
            };
            items.push(SeriesItem { expr, default });
            if !self.eat(",") {
                break;
            }
        }
        self.expect_word("on");
        let axis = self.named_sum();
        let (mut from, mut to) = (None, None);
        let step;
        if self.eat_word("in") {
            self.expect_word("range");
            self.expect("(");
            from = Some(self.expression());
            self.expect(",");
            to = Some(self.expression());
            self.expect(",");
            step = self.expression();
            self.expect(")");
        } else {
            if self.eat_word("from") {
                from = Some(self.expression());
            }
            if self.eat_word("to") {
                to = Some(self.expression());
            }
            self.expect_word("step");
            step = self.expression();
        }
        let by = if self.eat_word("by") {
            self.columns_required()
        } else {
            Vec::new()
        };
        OpKind::MakeSeries {
            options,
            items,
            axis,
            from,
            to,
            step,
            by,
        }
    }

    pub(super) fn top_nested(&mut self) -> OpKind {
        let mut levels = Vec::new();
        loop {
            let count = if self.at_word("of") {
                None
            } else {
                Some(self.sum())
            };
            self.expect_word("of");
            let of = self.named(false);
            let mut others = None;
            if self.at_words("with", "others") {
                self.advance();
                self.advance();
                self.expect("=");
                others = Some(self.sum());
            }
            self.expect_word("by");
            let by = self.named(false);
            let descending = self.direction().is_none_or(|descending| descending);
            self.nulls_first();
            levels.push(Level {
                count,
                of,
                others,
                by,
                descending,
            });
            if !self.eat(",") {
                return OpKind::TopNested(levels);
            }
            let (word, tokens) = self.dashed();
            if word == "top-nested" {
                self.skip(tokens);
            } else {
                self.expected("`top-nested`");
                return OpKind::TopNested(levels);
            }
        }
    }
}
