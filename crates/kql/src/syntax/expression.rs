//! Expressions, by precedence: or, and, equality, comparison, sum, product, string operators; and lists of them.

use super::expected::Want;
use super::keyword;
use super::lexer::TokenKind;
use super::parser::{MAX_DEPTH, Parser};
use super::tree::{Expr, ExprKind, Name};
use crate::plan::{InOperator, Operator};
use crate::types::Span;

/// String operators by their word.
const STRING_OPERATORS: &[(&str, Operator)] = &[
    ("has", Operator::Has),
    ("!has", Operator::NotHas),
    ("has_cs", Operator::HasCs),
    ("!has_cs", Operator::NotHasCs),
    ("hasprefix", Operator::HasPrefix),
    ("!hasprefix", Operator::NotHasPrefix),
    ("hasprefix_cs", Operator::HasPrefixCs),
    ("!hasprefix_cs", Operator::NotHasPrefixCs),
    ("hassuffix", Operator::HasSuffix),
    ("!hassuffix", Operator::NotHasSuffix),
    ("hassuffix_cs", Operator::HasSuffixCs),
    ("!hassuffix_cs", Operator::NotHasSuffixCs),
    ("contains", Operator::Contains),
    ("!contains", Operator::NotContains),
    ("contains_cs", Operator::ContainsCs),
    ("!contains_cs", Operator::NotContainsCs),
    ("containscs", Operator::ContainsCs),
    ("!containscs", Operator::NotContainsCs),
    ("notcontains", Operator::NotContains),
    ("notcontainscs", Operator::NotContainsCs),
    ("startswith", Operator::StartsWith),
    ("!startswith", Operator::NotStartsWith),
    ("startswith_cs", Operator::StartsWithCs),
    ("!startswith_cs", Operator::NotStartsWithCs),
    ("endswith", Operator::EndsWith),
    ("!endswith", Operator::NotEndsWith),
    ("endswith_cs", Operator::EndsWithCs),
    ("!endswith_cs", Operator::NotEndsWithCs),
];

const IN_OPERATORS: &[(&str, InOperator)] = &[
    ("in", InOperator::In),
    ("!in", InOperator::NotIn),
    ("in~", InOperator::InIgnoreCase),
    ("!in~", InOperator::NotInIgnoreCase),
    ("has_any", InOperator::HasAny),
    ("has_all", InOperator::HasAll),
];

impl Parser<'_> {
    /// An expression that may be a pipeline or an operator that starts one.
    pub(super) fn pipeline(&mut self) -> Expr {
        self.deeper(Self::missing, |p| {
            let start = p.span();
            if let Some(first) = p.misplaced_operator() {
                let mut ops = vec![first];
                ops.append(&mut p.operators());
                return Expr {
                    kind: ExprKind::Pipeline(Box::new(p.missing()), ops),
                    span: p.since(start),
                };
            }
            let source = match p.source_operator() {
                Some(op) => Expr {
                    span: op.span,
                    kind: ExprKind::Source(Box::new(op)),
                },
                None => p.expression(),
            };
            let ops = p.operators();
            if ops.is_empty() {
                return source;
            }
            Expr {
                kind: ExprKind::Pipeline(Box::new(source), ops),
                span: p.since(start),
            }
        })
    }

    /// A scalar expression (no pipeline unless in parentheses).
    pub(super) fn expression(&mut self) -> Expr {
        self.deeper(Self::missing, |p| p.logical(Operator::Or, "or", Self::and))
    }

    /// A chain of `and` or `or`. A long one becomes a balanced tree, as both are associative: lists of a thousand
    /// indicators joined by `or` are common, and a tree that deep would exhaust the stack of whoever walks it.
    fn logical(
        &mut self,
        op: Operator,
        word: &'static str,
        operand: fn(&mut Self) -> Expr,
    ) -> Expr {
        let mut first = operand(self);
        let mut height = self.height;
        let mut rest = Vec::new();
        while self.at_word(word) {
            let at = self.span();
            self.advance();
            rest.push((at, operand(self)));
            height = height.max(self.height);
        }
        if rest.len() < BALANCED_FROM {
            height += rest.len();
            for (at, right) in rest {
                first = binary(op, at, first, right);
            }
            self.height = height;
            return first;
        }
        // Each operand goes with the operator before it.
        let mut operands = vec![(first.span, first)];
        operands.append(&mut rest);
        while operands.len() > 1 {
            height += 1;
            let mut pairs = Vec::with_capacity(operands.len().div_ceil(2));
            let mut rest = operands.into_iter();
            while let Some((before, left)) = rest.next() {
                let joined = match rest.next() {
                    Some((at, right)) => binary(op, at, left, right),
                    None => left,
                };
                pairs.push((before, joined));
            }
            operands = pairs;
        }
        self.height = height;
        operands
            .pop()
            .map_or_else(|| self.missing(), |(_, whole)| whole)
    }

    fn and(&mut self) -> Expr {
        self.logical(Operator::And, "and", Self::equality)
    }

    /// Joins two operands, the left of height `left_height`; at the limit the tree is cut.
    pub(super) fn join_operands(
        &mut self,
        op: Operator,
        at: Span,
        left: Expr,
        left_height: usize,
        right: Expr,
    ) -> Expr {
        self.height = self.height.max(left_height);
        self.grow();
        binary(op, at, left, right)
    }

    /// Counts one more level above the node just read.
    pub(super) fn grow(&mut self) {
        self.height += 1;
        if self.height > MAX_DEPTH {
            self.too_deep();
        }
    }

    fn equality(&mut self) -> Expr {
        let left = self.relational();
        let height = self.height;
        let at = self.span();
        let op = match self.token(0).kind {
            TokenKind::Punctuation("==") => Operator::Equal,
            TokenKind::Punctuation("!=" | "<>") => Operator::NotEqual,
            TokenKind::Name => return self.word_operator(left),
            _ => return left,
        };
        self.advance();
        let right = self.relational();
        self.join_operands(op, at, left, height, right)
    }

    /// `in`, `between` and their kin.
    fn word_operator(&mut self, left: Expr) -> Expr {
        let at = self.span();
        let word = self.word(0);
        if matches!(word, "between" | "!between") {
            self.advance();
            self.expect("(");
            let mut height = self.height;
            let low = Box::new(self.sum());
            height = height.max(self.height);
            self.expect("..");
            let high = Box::new(self.sum());
            self.expect(")");
            self.height = self.height.max(height);
            self.grow();
            let span = self.since(left.span);
            let negated = word == "!between";
            return Expr {
                kind: ExprKind::Between {
                    negated,
                    value: Box::new(left),
                    low,
                    high,
                },
                span,
            };
        }
        let Some((_, op)) = IN_OPERATORS.iter().find(|(name, _)| *name == word) else {
            return left;
        };
        self.advance();
        let mut list = Vec::new();
        let mut height = self.height;
        let open = self.span();
        if self.expect("(") {
            list = self.list(|p| {
                let item = p.pipeline();
                height = height.max(p.height);
                item
            });
            self.close(")", open);
        }
        self.height = height;
        self.grow();
        let span = self.since(left.span);
        Expr {
            kind: ExprKind::In(*op, at, Box::new(left), list),
            span,
        }
    }

    fn relational(&mut self) -> Expr {
        let left = self.sum();
        let height = self.height;
        let at = self.span();
        let op = match self.token(0).kind {
            TokenKind::Punctuation("<") => Operator::Less,
            TokenKind::Punctuation("<=") => Operator::LessOrEqual,
            TokenKind::Punctuation(">") => Operator::Greater,
            TokenKind::Punctuation(">=") => Operator::GreaterOrEqual,
            _ => return left,
        };
        self.advance();
        let right = self.sum();
        self.join_operands(op, at, left, height, right)
    }

    pub(super) fn sum(&mut self) -> Expr {
        let mut left = self.product();
        loop {
            let height = self.height;
            let at = self.span();
            let op = match self.token(0).kind {
                TokenKind::Punctuation("+") => Operator::Add,
                TokenKind::Punctuation("-") => Operator::Subtract,
                _ => return left,
            };
            self.advance();
            let right = self.product();
            left = self.join_operands(op, at, left, height, right);
        }
    }

    fn product(&mut self) -> Expr {
        let mut left = self.string_operation();
        loop {
            let height = self.height;
            let at = self.span();
            let op = match self.token(0).kind {
                TokenKind::Punctuation("*") => Operator::Multiply,
                TokenKind::Punctuation("/") => Operator::Divide,
                TokenKind::Punctuation("%") => Operator::Modulo,
                _ => return left,
            };
            self.advance();
            let right = self.string_operation();
            left = self.join_operands(op, at, left, height, right);
        }
    }

    fn string_operation(&mut self) -> Expr {
        let mut left = self.unary();
        loop {
            let height = self.height;
            let at = self.span();
            self.note_want(Want::Infix);
            let op = match self.token(0).kind {
                TokenKind::Punctuation("=~") => Operator::EqualIgnoreCase,
                TokenKind::Punctuation("!~") => Operator::NotEqualIgnoreCase,
                // `Column:"text"` of search; the binder refuses it elsewhere only by its operand types.
                TokenKind::Punctuation(":") => Operator::Has,
                TokenKind::Name if self.at_words("matches", "regex") => {
                    self.advance();
                    Operator::MatchesRegex
                }
                TokenKind::Name if super::like::operator(self.word(0)).is_some() => {
                    left = self.like(left, at, height);
                    continue;
                }
                TokenKind::Name => match STRING_OPERATORS
                    .iter()
                    .find(|(word, _)| *word == self.word(0))
                {
                    Some((_, op)) => *op,
                    None => return left,
                },
                _ => return left,
            };
            self.advance();
            let right = if self.at("*") && op == Operator::Has {
                self.star()
            } else {
                self.unary()
            };
            left = self.join_operands(op, at, left, height, right);
        }
    }

    /// `name = value`, `(a, b) = value` or a value.
    pub(super) fn named(&mut self, pipeline: bool) -> Expr {
        self.named_by(if pipeline {
            Self::pipeline
        } else {
            Self::expression
        })
    }

    /// The same with a value that does not take `in` as its operator (the axis of make-series).
    pub(super) fn named_sum(&mut self) -> Expr {
        self.named_by(Self::sum)
    }

    fn named_by(&mut self, read: fn(&mut Self) -> Expr) -> Expr {
        let start = self.span();
        let names = self.assignment_names();
        let value = read(self);
        match names {
            Some(names) => Expr {
                kind: ExprKind::Named {
                    names,
                    value: Box::new(value),
                },
                span: self.since(start),
            },
            None => value,
        }
    }

    fn assignment_names(&mut self) -> Option<Vec<Name>> {
        if self.ahead(1, "=") && !self.word(0).is_empty()
            || self.at("[") && self.ahead(2, "]") && self.ahead(3, "=")
        {
            if self.word_as_name() && !keyword::declares(self.word(0)) {
                self.absent("a name");
            } else if !self.at("[") && !keyword::declares(self.word(0)) {
                return None;
            }
            let name = self.any_name()?;
            self.advance();
            return Some(vec![name]);
        }
        if !self.at("(") {
            return None;
        }
        let mut n = 1;
        while !self.word(n).is_empty() && self.ahead(n + 1, ",") {
            n += 2;
        }
        if self.word(n).is_empty() || !self.ahead(n + 1, ")") || !self.ahead(n + 2, "=") {
            return None;
        }
        self.advance();
        let mut names = vec![self.name("a name")];
        while self.eat(",") {
            names.push(self.name("a name"));
        }
        self.advance();
        self.advance();
        Some(names)
    }

    /// A comma-separated list of [`Self::named`]; empty when nothing starts one.
    pub(super) fn columns(&mut self) -> Vec<Expr> {
        if self.at_boundary() {
            return Vec::new();
        }
        self.list(|p| p.named(false))
    }
}

/// Chains of `and` or `or` with at least this many operators become balanced trees.
const BALANCED_FROM: usize = 12;

fn binary(op: Operator, at: Span, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr {
        kind: ExprKind::Binary(op, at, Box::new(left), Box::new(right)),
        span,
    }
}
