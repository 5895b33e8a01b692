//! The parser's machinery, and statements. Parsing never fails: it gives a tree and a list of diagnostics.
//!
//! Recovery: what cannot be read inside an operator is skipped up to the next `|`, `;` or closing bracket of the
//! enclosing level, so one mistake costs one operator.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::types::{Span, Type};

use super::lexer::{Token, TokenKind, lex};
use super::tree::{
    Constant, Expr, ExprKind, Lambda, Name, Parameter, ParameterType, Script, Statement,
    StatementKind,
};

/// Deepest nesting of expressions, pipelines and function bodies.
pub const MAX_DEPTH: usize = 150;
/// No more diagnostics than this for one text.
const MAX_DIAGNOSTICS: usize = 100;

/// A syntax tree and what is wrong with the text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree.
    pub script: Script,
    /// In the order found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a text.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    let mut diagnostics = Vec::new();
    let tokens = lex(text, &mut diagnostics);
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        diagnostics,
        depth: 0,
        height: 0,
        patterns: false,
    };
    let script = parser.script(None);
    Parsed {
        script,
        diagnostics: parser.diagnostics,
    }
}

/// Parses the parameter list and the body of a stored function.
#[must_use]
pub fn parse_function(parameters: &str, body: &str) -> (Vec<Parameter>, Parsed) {
    let mut diagnostics = Vec::new();
    let tokens = lex(parameters, &mut diagnostics);
    let mut parser = Parser {
        text: parameters,
        tokens,
        at: 0,
        diagnostics,
        depth: 0,
        height: 0,
        patterns: false,
    };
    let list = if parser.at("(") {
        parser.parameters()
    } else {
        Vec::new()
    };
    let mut found = parser.diagnostics;
    let mut parsed = parse(body);
    found.append(&mut parsed.diagnostics);
    (
        list,
        Parsed {
            diagnostics: found,
            ..parsed
        },
    )
}

/// A cursor over the tokens.
pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    diagnostics: Vec<Diagnostic>,
    pub(super) depth: usize,
    /// Height of the expression read last, for bounding trees that grow to the left.
    pub(super) height: usize,
    /// Name patterns (`Device*Info`) may stand here, not products.
    pub(super) patterns: bool,
}

impl<'t> Parser<'t> {
    pub(super) fn token(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)]
    }

    pub(super) fn span(&self) -> Span {
        self.token(0).span
    }

    pub(super) fn previous_end(&self) -> u32 {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    /// From `start` to the end of the last token taken.
    pub(super) fn since(&self, start: Span) -> Span {
        Span {
            start: start.start,
            end: self.previous_end().max(start.start),
        }
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or("")
    }

    pub(super) fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.token(0).kind == TokenKind::End
    }

    pub(super) fn at(&self, punctuation: &str) -> bool {
        self.ahead(0, punctuation)
    }

    pub(super) fn ahead(&self, n: usize, punctuation: &str) -> bool {
        matches!(self.token(n).kind, TokenKind::Punctuation(p) if p == punctuation)
    }

    pub(super) fn eat(&mut self, punctuation: &str) -> bool {
        let hit = self.at(punctuation);
        if hit {
            self.advance();
        }
        hit
    }

    /// The next token's text.
    pub(super) fn text(&self) -> &'t str {
        self.slice(self.span())
    }

    /// The word at `n` tokens ahead; "" when there is something else.
    pub(super) fn word(&self, n: usize) -> &'t str {
        let token = self.token(n);
        match token.kind {
            TokenKind::Name => self.slice(token.span),
            _ => "",
        }
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.word(0) == word
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let hit = self.at_word(word);
        if hit {
            self.advance();
        }
        hit
    }

    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        // One place is reported once: what follows from the first mistake only distracts.
        let repeated = self
            .diagnostics
            .last()
            .is_some_and(|last| last.span.start == span.start);
        if !repeated && self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics
                .push(Diagnostic::error(code, span, message));
        }
    }

    pub(super) fn expected(&mut self, what: &str) {
        let span = self.span();
        let found = match self.token(0).kind {
            TokenKind::End => "the end of the query".to_owned(),
            _ => format!(
                "`{}`",
                self.slice(span).chars().take(40).collect::<String>()
            ),
        };
        self.error(
            Code::Expected,
            span,
            format!("expected {what}, found {found}"),
        );
    }

    pub(super) fn expect(&mut self, punctuation: &str) -> bool {
        let hit = self.eat(punctuation);
        if !hit {
            self.expected(&format!("`{punctuation}`"));
        }
        hit
    }

    pub(super) fn expect_word(&mut self, word: &str) -> bool {
        let hit = self.eat_word(word);
        if !hit {
            self.expected(&format!("`{word}`"));
        }
        hit
    }

    pub(super) fn string(&mut self) -> Option<String> {
        let mut whole = None;
        // Adjacent strings are one string.
        while let TokenKind::Literal(Constant::String(text)) = &self.token(0).kind {
            whole.get_or_insert_with(String::new).push_str(text);
            self.advance();
        }
        whole
    }

    /// Runs `f` one level deeper; at the limit reports and skips instead.
    pub(super) fn deeper<T>(
        &mut self,
        missing: impl FnOnce(&Self) -> T,
        f: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if self.depth >= MAX_DEPTH {
            self.too_deep();
            return missing(self);
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// Reports too deep a nesting and jumps to the end: nothing sensible follows, and so no caller has to loop.
    pub(super) fn too_deep(&mut self) {
        let span = self.span();
        self.error(
            Code::TooDeep,
            span,
            format!("nested more than {MAX_DEPTH} levels deep"),
        );
        self.at = self.tokens.len() - 1;
    }

    /// True where an operator, statement or bracket ends.
    pub(super) fn at_boundary(&self) -> bool {
        match self.token(0).kind {
            TokenKind::End => true,
            TokenKind::Punctuation(p) => matches!(p, "|" | ";" | ")" | "}" | "]"),
            _ => false,
        }
    }

    /// Skips to the end of this operator; brackets opened on the way are skipped whole.
    pub(super) fn recover(&mut self) {
        let mut open = 0usize;
        while !self.at_end() {
            match self.token(0).kind {
                TokenKind::Punctuation("(" | "[" | "{") => open += 1,
                TokenKind::Punctuation(")" | "]" | "}") if open > 0 => open -= 1,
                _ if open == 0 && self.at_boundary() => return,
                _ => {}
            }
            self.advance();
        }
    }

    pub(super) fn missing(&self) -> Expr {
        let start = self.span().start;
        Expr {
            kind: ExprKind::Missing,
            span: Span { start, end: start },
        }
    }

    /// A name: plain, `['quoted']` or `["quoted"]`.
    pub(super) fn try_name(&mut self) -> Option<Name> {
        let start = self.span();
        match &self.token(0).kind {
            TokenKind::Name if !self.word(0).starts_with('!') => {
                let text = self.word(0).to_owned();
                self.advance();
                Some(Name { text, span: start })
            }
            TokenKind::Punctuation("[") if self.ahead(2, "]") => {
                let TokenKind::Literal(Constant::String(text)) = &self.token(1).kind else {
                    return None;
                };
                let text = text.clone();
                self.advance();
                self.advance();
                self.advance();
                Some(Name {
                    text,
                    span: self.since(start),
                })
            }
            _ => None,
        }
    }

    pub(super) fn name(&mut self, what: &str) -> Name {
        self.try_name().unwrap_or_else(|| {
            self.expected(what);
            let start = self.span().start;
            Name {
                text: String::new(),
                span: Span { start, end: start },
            }
        })
    }

    /// A type's name.
    pub(super) fn type_name(&mut self) -> Option<Type> {
        let ty = Type::parse(self.word(0));
        if ty.is_none() {
            self.expected("a type");
            if !self.word(0).is_empty() {
                self.advance();
            }
            return None;
        }
        self.advance();
        ty
    }

    /// Statements up to the end or (in a body) to `close`.
    pub(super) fn script(&mut self, close: Option<&str>) -> Script {
        let start = self.span();
        let mut statements = Vec::new();
        loop {
            while self.eat(";") {}
            if self.at_end() || close.is_some_and(|close| self.at(close)) {
                break;
            }
            let before = self.at;
            statements.push(self.statement());
            if !self.at_end() && !self.at(";") && !close.is_some_and(|close| self.at(close)) {
                self.expected("`;` or `|`");
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
            }
        }
        Script {
            statements,
            span: self.since(start),
        }
    }

    fn statement(&mut self) -> Statement {
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
        let name = self.name("a name");
        self.expect("=");
        let start = self.span();
        self.eat_word("view");
        let value = if self.lambda_ahead() {
            self.lambda(start)
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
        self.expect("{");
        let body = self.deeper(
            |p| Script {
                statements: Vec::new(),
                span: p.span(),
            },
            |p| p.script(Some("}")),
        );
        self.expect("}");
        let span = self.since(start);
        Expr {
            kind: ExprKind::Lambda(Rc::new(Lambda { parameters, body })),
            span,
        }
    }

    /// `(a:string, b:long = 1, T:(x:string))`.
    pub(super) fn parameters(&mut self) -> Vec<Parameter> {
        let mut list = Vec::new();
        self.expect("(");
        while !self.at(")") && !self.at_end() {
            let name = self.name("a parameter");
            self.expect(":");
            let ty = if self.at("(") {
                let (columns, any) = self.schema();
                ParameterType::Table(columns, any)
            } else {
                ParameterType::Scalar(self.type_name().unwrap_or(Type::Unknown))
            };
            let default = self.eat("=").then(|| self.unary());
            list.push(Parameter { name, ty, default });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        list
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
        let name = self.name("an option");
        if self.eat("=") {
            self.unary();
        }
        StatementKind::Set(name)
    }

    fn declare_statement(&mut self) -> StatementKind {
        self.advance();
        if self.eat_word("query_parameters") {
            return StatementKind::Parameters(self.parameters());
        }
        while !self.at_end() && !self.at(";") {
            self.advance();
            if self.at("{") {
                // A pattern's body has `;` of its own.
                self.advance();
                while !self.at_end() && !self.at("}") {
                    self.advance();
                }
            }
        }
        StatementKind::Ignored
    }
}
