//! Operators that take values apart: `mv-expand`, `mv-apply`, `parse`, `parse-kv`.

use super::option::{Choice, Known};
use crate::diagnostic::Code;
use crate::syntax::lexer::TokenKind;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Constant, Expansion, OpKind, Piece};
use crate::types::Type;

const EXPANSION_OPTIONS: &[Known] = &[
    ("kind", Choice::Words(&["bag", "array"])),
    ("bagexpansion", Choice::Words(&["bag", "array"])),
    ("with_itemindex", Choice::Any),
];
const PARSE_KV_OPTIONS: &[&str] = &[
    "pair_delimiter",
    "kv_delimiter",
    "regex",
    "quote",
    "escape",
    "greedy",
];

impl Parser<'_> {
    fn expansions(&mut self) -> Vec<Expansion> {
        let mut items = Vec::new();
        loop {
            let expr = self.named(false);
            let mut ty = None;
            if self.at_words("to", "typeof") {
                self.advance();
                self.advance();
                self.expect("(");
                ty = self.type_name();
                self.expect(")");
            }
            items.push(Expansion { expr, ty });
            if !self.eat(",") {
                return items;
            }
        }
    }

    pub(super) fn mv_expand(&mut self) -> OpKind {
        let options = self.options(EXPANSION_OPTIONS);
        let items = self.expansions();
        let limit = self.eat_word("limit").then(|| self.sum());
        OpKind::MvExpand {
            options,
            items,
            limit,
        }
    }

    pub(super) fn mv_apply(&mut self) -> OpKind {
        let options = self.options(EXPANSION_OPTIONS);
        let items = self.expansions();
        let limit = self.eat_word("limit").then(|| self.sum());
        // An id that ties the subquery to data handed over by another part of the service.
        if self.eat_word("id") {
            self.eat("=");
            self.unary();
        }
        self.expect_word("on");
        let body = self.subpipeline();
        OpKind::MvApply {
            options,
            items,
            limit,
            body,
        }
    }

    pub(super) fn parse_operator(&mut self, only_matches: bool) -> OpKind {
        let modes = &["simple", "regex", "relaxed"];
        let options = self.options(&[("kind", Choice::Words(modes)), ("flags", Choice::Any)]);
        let value = self.expression();
        self.expect_word("with");
        let mut pieces = Vec::new();
        while !self.at_boundary() {
            let start = self.span();
            if self.at("*") {
                if !matches!(self.token(1).kind, TokenKind::Literal(Constant::String(_)))
                    && !matches!(
                        self.token(1).kind,
                        TokenKind::End | TokenKind::Punctuation("|" | ";" | ")" | "}" | "]")
                    )
                {
                    self.expected("a string behind `*`");
                }
                let place = self.span();
                let after_text = matches!(
                    pieces.last(),
                    Some(Piece::Column(_, None | Some(Type::String)))
                );
                if after_text {
                    let message = "a string column takes all text up to the next string, so `*` has nothing to skip";
                    self.error(Code::Expected, place, message);
                }
                self.advance();
                pieces.push(Piece::Star);
            } else if let Some(text) = self.string() {
                pieces.push(Piece::Text(text, self.since(start)));
            } else if let Some(name) = self.try_name() {
                if matches!(pieces.last(), Some(Piece::Column(..))) {
                    let message = "a string has to stand between two columns";
                    self.error(Code::Expected, name.span, message);
                }
                let ty = if self.eat(":") {
                    self.type_name()
                } else {
                    None
                };
                pieces.push(Piece::Column(name, ty));
            } else {
                self.expected("a string, a column or `*`");
                self.recover();
            }
        }
        OpKind::Parse {
            options,
            value,
            pieces,
            only_matches,
        }
    }

    pub(super) fn parse_kv(&mut self) -> OpKind {
        let value = self.expression();
        self.expect_word("as");
        let (keys, _) = self.schema();
        let options = if self.eat_word("with") {
            self.option_list(PARSE_KV_OPTIONS)
        } else {
            Vec::new()
        };
        OpKind::ParseKv {
            value,
            keys,
            options,
        }
    }
}
