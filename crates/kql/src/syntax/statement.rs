//! Statements: `let`, `set`, `declare`, lambdas with their parameters, and the script they make.

use super::expected::Want;
use super::keyword;
use super::lexer::TokenKind;
use super::parser::Parser;
use super::tree::{
    Expr, ExprKind, Lambda, Name, Parameter, ParameterType, Pattern, PatternCase, Script,
    Statement, StatementKind,
};
use crate::types::{Span, Type};
use std::rc::Rc;

impl Parser<'_> {
    /// Statements up to the end or (in a body) to `close`.
    pub(super) fn script(&mut self, close: Option<&str>) -> Script {
        let start = self.span();
        let mut statements = Vec::new();
        loop {
            if self.at_end() || close.is_some_and(|close| self.at(close)) {
                break;
            }
            if self.at(";") {
                self.expected("a statement");
                while self.eat(";") {}
                continue;
            }
            let before = self.at;
            statements.push(self.statement());
            if self.eat(";") {
                continue;
            }
            let declares = matches!(
                statements.last().map(|s| &s.kind),
                Some(StatementKind::Let(..))
            );
            if declares && close.is_some_and(|close| self.at(close)) {
                self.expected("`;`");
            }
            if !self.at_end() && !self.at(";") && !close.is_some_and(|close| self.at(close)) {
                self.stray("`;` or `|`");
                while self.at == before
                    || !(self.at_end() || self.at(";") || close.is_some_and(|c| self.at(c)))
                {
                    if self.at_end() {
                        break;
                    }
                    self.advance();
                    self.recover();
                    if self.at("|") || self.at(")") || self.at("]") || self.at("}") {
                        if close.is_some_and(|c| self.at(c)) {
                            break;
                        }
                        self.advance();
                    }
                }
                self.eat(";");
            }
        }
        Script {
            statements,
            span: self.since(start),
        }
    }

    fn statement(&mut self) -> Statement {
        self.note_want(Want::Statement);
        let start = self.span();
        let named = !self.word(1).is_empty() || self.ahead(1, "[");
        let kind = match self.word(0) {
            "let" if named => self.let_statement(),
            "set" if named => self.set_statement(),
            "declare" if named => self.declare_statement(),
            "alias" | "restrict" if named => {
                while !self.at_end() && !self.at(";") {
                    self.advance();
                }
                StatementKind::Ignored
            }
            _ => StatementKind::Expression(Rc::new(self.pipeline())),
        };
        Statement {
            kind,
            span: self.since(start),
        }
    }

    fn let_statement(&mut self) -> StatementKind {
        self.advance();
        let name = if keyword::refers(self.word(0)) {
            self.name("a name")
        } else {
            self.absent("a name");
            self.no_name()
        };
        self.expect("=");
        let start = self.span();
        self.eat_word("view");
        let value = if self.lambda_ahead() {
            self.lambda(start)
        } else if self.at_word("materialize") && self.ahead(1, "(") {
            // Only a whole variable can be kept.
            let name = self.any_name().unwrap_or_else(|| self.no_name());
            self.call_or_name(name)
        } else {
            self.pipeline()
        };
        StatementKind::Let(name, Rc::new(value))
    }

    /// A `(` whose matching `)` is followed by `{`.
    fn lambda_ahead(&self) -> bool {
        if !self.at("(") {
            return false;
        }
        // A parameter, or none at all: nothing else begins so, whatever is wrong further on.
        if (self.ahead(1, ")") && !self.ahead(2, "="))
            || (!self.word(1).is_empty() && self.ahead(2, ":"))
        {
            return true;
        }
        let mut open = 0usize;
        for (n, token) in self.tokens[self.at..].iter().enumerate() {
            match token.kind {
                TokenKind::Punctuation("(") => open += 1,
                TokenKind::Punctuation(")") => {
                    open -= 1;
                    if open == 0 {
                        return self.ahead(n + 1, "{");
                    }
                }
                TokenKind::Punctuation("|" | ";" | "{") => return false,
                _ => {}
            }
        }
        false
    }

    pub(super) fn lambda(&mut self, start: Span) -> Expr {
        let parameters = self.parameters();
        let body = self.braces();
        let span = self.since(start);
        Expr {
            kind: ExprKind::Lambda(Rc::new(Lambda { parameters, body })),
            span,
        }
    }

    /// `{ statements }`.
    fn braces(&mut self) -> Script {
        let open = self.span();
        self.expect("{");
        let body = self.deeper(
            |p| Script {
                statements: Vec::new(),
                span: p.span(),
            },
            |p| p.script(Some("}")),
        );
        self.close("}", open);
        body
    }

    /// `(a:string, b:long = 1, T:(x:string))`.
    pub(super) fn parameters(&mut self) -> Vec<Parameter> {
        self.expect("(");
        let list = if self.at(")") || self.at_end() {
            Vec::new()
        } else {
            self.list(Self::parameter)
        };
        self.expect(")");
        list
    }

    fn parameter(&mut self) -> Parameter {
        let name = self.name("a parameter");
        self.expect(":");
        let ty = if self.at("(") {
            let (columns, any) = self.schema();
            ParameterType::Table(columns, any)
        } else {
            ParameterType::Scalar(self.type_name().unwrap_or(Type::Unknown))
        };
        let default = self.eat("=").then(|| self.unary());
        Parameter { name, ty, default }
    }

    /// `(a:string, b:long)`, `(*)` or `(*, a:string)`; true when there is a star.
    pub(super) fn schema(&mut self) -> (Vec<(Name, Type)>, bool) {
        let mut columns = Vec::new();
        let mut any = false;
        self.expect("(");
        while !self.at(")") && !self.at_end() {
            if self.eat("*") {
                any = true;
            } else {
                let name = self.name("a column");
                self.expect(":");
                let ty = self.type_name().unwrap_or(Type::Unknown);
                if name.text.is_empty() {
                    break;
                }
                columns.push((name, ty));
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        (columns, any)
    }

    fn set_statement(&mut self) -> StatementKind {
        self.advance();
        let name = self.any_name().unwrap_or_else(|| self.no_name());
        let value = self.eat("=").then(|| self.unary());
        StatementKind::Set(name, value)
    }

    fn declare_statement(&mut self) -> StatementKind {
        self.advance();
        if self.eat_word("query_parameters") {
            return StatementKind::Parameters(self.parameters());
        }
        if self.eat_word("pattern") {
            return StatementKind::Pattern(Rc::new(self.pattern()));
        }
        while !self.at_end() && !self.at(";") {
            self.advance();
        }
        StatementKind::Ignored
    }

    fn pattern(&mut self) -> Pattern {
        let name = self.name("a name");
        let mut cases = Vec::new();
        if self.eat("=") {
            self.parameters();
            if self.eat("[") {
                self.parameter();
                self.expect("]");
            }
            self.expect("{");
            while !self.at("}") && !self.at_end() {
                let before = self.at;
                cases.push(self.pattern_case());
                if self.at == before {
                    break;
                }
            }
            self.expect("}");
        }
        Pattern { name, cases }
    }

    fn pattern_case(&mut self) -> PatternCase {
        self.expect("(");
        let values = self.list(Self::unary);
        self.expect(")");
        let mut path = None;
        if self.eat(".") {
            self.expect("[");
            path = self.string();
            self.expect("]");
        }
        self.expect("=");
        let body = self.braces();
        if !self.at("}") {
            self.expect(";");
        }
        PatternCase { values, path, body }
    }
}
