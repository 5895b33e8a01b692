//! Expressions, by precedence: or, and, equality, comparison, sum, product, string operators, unary, postfix.

use std::rc::Rc;

use crate::plan::{InOperator, Operator};
use crate::types::{Span, Type};

use super::lexer::TokenKind;
use super::parser::{MAX_DEPTH, Parser};
use super::tree::{Constant, Expr, ExprKind, Name};

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

fn binary(op: Operator, at: Span, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr {
        kind: ExprKind::Binary(op, at, Box::new(left), Box::new(right)),
        span,
    }
}

impl Parser<'_> {
    /// An expression that may be a pipeline or an operator that starts one.
    pub(super) fn pipeline(&mut self) -> Expr {
        self.deeper(Self::missing, |p| {
            let start = p.span();
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

    /// A chain of `and` or `or`. Both are associative, so the tree is built balanced: lists of a thousand indicators
    /// joined by `or` are common, and a tree that deep would exhaust the stack of whoever walks it.
    fn logical(&mut self, op: Operator, word: &str, operand: fn(&mut Self) -> Expr) -> Expr {
        let mut operands = vec![operand(self)];
        let mut height = self.height;
        let mut at = self.span();
        while self.at_word(word) {
            at = self.span();
            self.advance();
            operands.push(operand(self));
            height = height.max(self.height);
        }
        while operands.len() > 1 {
            height += 1;
            let mut pairs = Vec::with_capacity(operands.len().div_ceil(2));
            let mut rest = operands.into_iter();
            while let Some(left) = rest.next() {
                pairs.push(match rest.next() {
                    Some(right) => binary(op, at, left, right),
                    None => left,
                });
            }
            operands = pairs;
        }
        self.height = height;
        operands.pop().unwrap_or_else(|| self.missing())
    }

    fn and(&mut self) -> Expr {
        self.logical(Operator::And, "and", Self::equality)
    }

    /// Joins two operands, the left of height `left_height`; at the limit the tree is cut.
    fn join_operands(
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
    fn grow(&mut self) {
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
            // A single `=` is taken for a comparison, as the official parser does in a predicate.
            TokenKind::Punctuation("==" | "=") => Operator::Equal,
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
        if matches!(word, "between" | "!between") && self.ahead(1, "(") {
            self.advance();
            self.advance();
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
        if self.expect("(") {
            while !self.at(")") && !self.at_end() {
                list.push(self.pipeline());
                height = height.max(self.height);
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(")");
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
            let op = match self.token(0).kind {
                TokenKind::Punctuation("=~") => Operator::EqualIgnoreCase,
                TokenKind::Punctuation("!~") => Operator::NotEqualIgnoreCase,
                // `Column:"text"` of search; the binder refuses it elsewhere only by its operand types.
                TokenKind::Punctuation(":") => Operator::Has,
                TokenKind::Name if self.at_word("matches") && self.word(1) == "regex" => {
                    self.advance();
                    Operator::MatchesRegex
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

    fn star(&mut self) -> Expr {
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
            if self.at(".") && !matches!(value.kind, ExprKind::Literal(_)) {
                self.advance();
                // `value.[0]` is an older spelling of `value[0]`.
                if self.at("[") && self.try_bracketed_name_ahead().is_none() {
                    continue;
                }
                let name = self.name("a property");
                if name.text.is_empty() {
                    return value;
                }
                value = if self.at("(") {
                    let args = self.arguments();
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
                self.advance();
                let index = self.expression();
                self.expect("]");
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
            TokenKind::Punctuation("[") => match self.try_name() {
                Some(name) => self.call_or_name(name),
                None => {
                    self.expected("an expression");
                    self.missing()
                }
            },
            _ => {
                self.expected("an expression");
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
        self.expect(")");
        Expr {
            kind: ExprKind::Paren(Box::new(inner)),
            span: self.since(start),
        }
    }

    /// True when the token `n` ahead follows the one before it without a blank.
    fn adjacent(&self, n: usize) -> bool {
        n > 0 && self.token(n - 1).span.end == self.token(n).span.start
    }

    fn name_or_call(&mut self) -> Expr {
        let start = self.span();
        if self.at_word("typeof") && self.ahead(1, "(") {
            self.advance();
            self.advance();
            let ty = self.type_name().unwrap_or(Type::Unknown);
            self.expect(")");
            return Expr {
                kind: ExprKind::TypeOf(ty),
                span: self.since(start),
            };
        }
        let name = self.name("a name");
        self.call_or_name(name)
    }

    fn call_or_name(&mut self, name: Name) -> Expr {
        let start = name.span;
        if self.at("(") {
            let args = self.arguments();
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

    /// `(a, b = c, *)`.
    pub(super) fn arguments(&mut self) -> Vec<Rc<Expr>> {
        self.expect("(");
        let mut args = Vec::new();
        let mut height = 1;
        while !self.at(")") && !self.at_end() {
            args.push(Rc::new(self.named(true)));
            height = height.max(self.height);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        self.height = height;
        self.grow();
        args
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
            let name = self.try_name()?;
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
        let mut list = Vec::new();
        loop {
            if self.at_boundary() {
                if !list.is_empty() {
                    self.expected("an expression");
                }
                break;
            }
            list.push(self.named(false));
            if !self.eat(",") {
                break;
            }
        }
        list
    }
}
