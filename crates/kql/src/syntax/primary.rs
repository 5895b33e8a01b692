//! What operators join: signs, literals, names, calls, members and name patterns.

use super::expected::Want;
use super::lexer::TokenKind;
use super::parser::Parser;
use super::tree::{Constant, Expr, ExprKind, Name};
use crate::diagnostic::{Code, Diagnostic};
use crate::types::{Span, Type};
use std::rc::Rc;

impl Parser<'_> {
    pub(super) fn star(&mut self) -> Expr {
        let span = self.span();
        self.advance();
        Expr {
            kind: ExprKind::Star,
            span,
        }
    }

    /// `-x`, `+x`, or a postfix expression.
    pub(super) fn unary(&mut self) -> Expr {
        let start = self.span();
        if self.eat("-") {
            let value = self.deeper(Self::missing, Self::unary);
            let span = self.since(start);
            return match value.kind {
                // A literal's sign belongs to it, so that the least `long` can be written.
                ExprKind::Literal(Constant::Int(n)) => Expr {
                    kind: ExprKind::Literal(Constant::Int(n.wrapping_neg())),
                    span,
                },
                ExprKind::Literal(Constant::Long(n)) => Expr {
                    kind: ExprKind::Literal(Constant::Long(n.wrapping_neg())),
                    span,
                },
                ExprKind::Literal(Constant::Real(n)) => Expr {
                    kind: ExprKind::Literal(Constant::Real(-n)),
                    span,
                },
                ExprKind::Literal(Constant::TimeSpan(n)) => Expr {
                    kind: ExprKind::Literal(Constant::TimeSpan(n.wrapping_neg())),
                    span,
                },
                _ => {
                    self.grow();
                    Expr {
                        kind: ExprKind::Negate(Box::new(value)),
                        span,
                    }
                }
            };
        }
        if self.eat("+") {
            return self.deeper(Self::missing, Self::unary);
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Expr {
        let mut value = self.primary();
        loop {
            let start = value.span;
            let height = self.height;
            let plain =
                matches!(&value.kind, ExprKind::Literal(c) if !matches!(c, Constant::Dynamic(_)));
            if self.at(".") && !plain {
                self.advance();
                // `value.[0]` is an older spelling of `value[0]`.
                if self.at("[") && self.try_bracketed_name_ahead().is_none() {
                    continue;
                }
                let Some(name) = self.reference() else {
                    self.absent("a property");
                    return self.missing();
                };
                value = if self.at("(") {
                    let args = self.arguments(false);
                    let kind = ExprKind::Call {
                        receiver: Some(Box::new(value)),
                        name,
                        args,
                    };
                    Expr {
                        kind,
                        span: self.since(start),
                    }
                } else {
                    Expr {
                        kind: ExprKind::Member(Box::new(value), name),
                        span: self.since(start),
                    }
                };
            } else if self.at("[") {
                let open = self.span();
                self.advance();
                let index = self.expression();
                self.close("]", open);
                let kind = ExprKind::Element(Box::new(value), Box::new(index));
                value = Expr {
                    kind,
                    span: self.since(start),
                };
            } else {
                return value;
            }
            self.height = self.height.max(height);
            self.grow();
        }
    }

    /// `['name']`, not yet taken.
    fn try_bracketed_name_ahead(&self) -> Option<()> {
        (self.ahead(2, "]")
            && matches!(self.token(1).kind, TokenKind::Literal(Constant::String(_))))
        .then_some(())
    }

    fn primary(&mut self) -> Expr {
        let start = self.span();
        self.height = 1;
        match &self.token(0).kind {
            TokenKind::Literal(Constant::String(_)) => {
                let text = self.string().unwrap_or_default();
                Expr {
                    kind: ExprKind::Literal(Constant::String(text)),
                    span: self.since(start),
                }
            }
            TokenKind::Literal(constant) => {
                let constant = constant.clone();
                self.advance();
                Expr {
                    kind: ExprKind::Literal(constant),
                    span: start,
                }
            }
            TokenKind::Name if !self.word(0).starts_with('!') => self.name_or_call(),
            TokenKind::Punctuation("(") => self.parenthesized(),
            TokenKind::Punctuation("*") => {
                if self.adjacent(1) && self.pattern_part(1) {
                    return self.wildcard(String::new(), start);
                }
                self.star()
            }
            TokenKind::Punctuation("[") => match self.any_name() {
                Some(name) => self.call_or_name(name),
                None => self.name_in_brackets(),
            },
            _ => {
                self.absent("an expression");
                self.missing()
            }
        }
    }

    fn parenthesized(&mut self) -> Expr {
        let start = self.span();
        self.advance();
        let outer = std::mem::take(&mut self.patterns);
        let inner = self.pipeline();
        self.patterns = outer;
        self.grow();
        self.close(")", start);
        Expr {
            kind: ExprKind::Paren(Box::new(inner)),
            span: self.since(start),
        }
    }

    /// `[x]`: brackets hold a string that is a name; lists are written `dynamic([...])`.
    fn name_in_brackets(&mut self) -> Expr {
        self.advance();
        let start = self.span();
        if !self.begins_expression() {
            self.absent("a name in quotes");
            self.eat("]");
            return self.missing();
        }
        let missing = self.missing();
        self.deeper(|_| (), |p| drop(p.expression()));
        let message = "brackets here hold a name in quotes";
        let found = Diagnostic::error(Code::Expected, self.since(start), message);
        self.report(found.hint("a list is written `dynamic([...])`, or `(...)` after `in`"));
        if self.at(",") {
            while !(self.at("]") || self.at_boundary()) {
                self.advance();
            }
        }
        self.expect("]");
        missing
    }

    /// True when the token `n` ahead follows the one before it without a blank.
    fn adjacent(&self, n: usize) -> bool {
        n > 0 && self.token(n - 1).span.end == self.token(n).span.start
    }

    fn name_or_call(&mut self) -> Expr {
        let start = self.span();
        self.note_want(Want::Operand);
        if self.ahead(1, "(") && self.at_word("typeof") {
            self.advance();
            if self.token(1).kind == TokenKind::Punctuation("*") || self.ahead(2, ":") {
                let (columns, star) = self.schema();
                return Expr {
                    kind: ExprKind::TypeOfTable(columns, star),
                    span: self.since(start),
                };
            }
            self.advance();
            let ty = self.type_name().unwrap_or(Type::Unknown);
            self.expect(")");
            return Expr {
                kind: ExprKind::TypeOf(ty),
                span: self.since(start),
            };
        }
        if self.at_word("entity_group") && self.ahead(1, "[") {
            self.advance();
            self.advance();
            let members = self.loose_list("]", Self::expression);
            self.expect("]");
            return Expr {
                kind: ExprKind::EntityGroup(members),
                span: self.since(start),
            };
        }
        // These are words of the language that are called like functions.
        let called = matches!(self.word(0), "toscalar" | "totable");
        let name = if called && self.ahead(1, "(") {
            self.any_name()
        } else {
            self.reference()
        };
        match name {
            Some(name) => self.call_or_name(name),
            None => {
                self.absent("an expression");
                let missing = self.missing();
                if self.word_as_name() {
                    self.advance();
                }
                missing
            }
        }
    }

    pub(super) fn call_or_name(&mut self, name: Name) -> Expr {
        let start = name.span;
        if self.at("(") {
            let query = matches!(name.text.as_str(), "toscalar" | "totable" | "materialize");
            let args = self.arguments(query);
            return Expr {
                kind: ExprKind::Call {
                    receiver: None,
                    name,
                    args,
                },
                span: self.since(start),
            };
        }
        // `Device*` and `Device*Events`: only where the star touches the name and no operand follows.
        if self.at("*") && self.token(0).span.start == start.end && self.wildcard_follows() {
            return self.wildcard(name.text, start);
        }
        Expr {
            kind: ExprKind::Name(name.text),
            span: start,
        }
    }

    /// A name or a number, which a pattern such as `*1` may hold.
    fn pattern_part(&self, n: usize) -> bool {
        !self.word(n).is_empty()
            || matches!(self.token(n).kind, TokenKind::Literal(Constant::Long(_)))
    }

    /// A star that ends a name pattern rather than multiplies.
    fn wildcard_follows(&self) -> bool {
        let next = self.token(1);
        match next.kind {
            TokenKind::Punctuation(p) => matches!(p, "," | "|" | ")" | ";"),
            TokenKind::End => true,
            // `a*b` multiplies, except where only patterns can stand.
            TokenKind::Name => {
                (self.patterns && self.adjacent(1))
                    || matches!(self.word(1), "asc" | "desc" | "where")
            }
            TokenKind::Literal(_) | TokenKind::Unknown => false,
        }
    }

    fn wildcard(&mut self, mut pattern: String, start: Span) -> Expr {
        loop {
            pattern.push_str(self.text());
            self.advance();
            let joins = self.previous_end() == self.span().start;
            if !joins || !(self.at("*") || self.pattern_part(0)) {
                break;
            }
        }
        Expr {
            kind: ExprKind::Wildcard(pattern),
            span: self.since(start),
        }
    }

    /// `(a, b = c, *)`, or a query in parentheses (`toscalar(T | count)`).
    fn arguments(&mut self, query: bool) -> Vec<Rc<Expr>> {
        let open = self.span();
        self.expect("(");
        let mut height = 1;
        let args = if !self.begins_expression() && !self.at(",") && !query {
            Vec::new()
        } else {
            self.list(|p| {
                let arg = Rc::new(p.named(query));
                height = height.max(p.height);
                arg
            })
        };
        self.close(")", open);
        self.height = height;
        self.grow();
        args
    }
}
