//! What the word at a place means: operators, functions, columns, variables and tables, each with its type or its
//! signature and its documentation.

use crate::bind::BindOptions;
use crate::bind::observe::{Observer, Scope, Variable, observe};
use crate::catalog::Catalog;
use crate::complete::show;
use crate::complete::site::{floor, is_word};
use crate::functions::{self, FunctionKind, Known, workspace};
use crate::operators;
use crate::plan::Column;
use crate::scalar_operators;
use crate::syntax::expected::{Expected, Want};
use crate::syntax::lexer::{Token, TokenKind, lex};
use crate::syntax::parser::parse_at;
use crate::syntax::tree::Constant;
use crate::types::{Span, Type};

/// What is known about a word of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub span: Span,
    /// A signature, the form of an operator, or `name: type`.
    pub title: String,
    /// What it is or holds; empty when nobody wrote that down.
    pub doc: String,
    /// A query that shows it; empty when there is none.
    pub example: String,
}

/// What the word at a byte offset means; `None` for punctuation, literals, comments and words without a meaning of
/// their own.
#[must_use]
pub fn hover(
    text: &str,
    position: usize,
    catalog: &dyn Catalog,
    options: &BindOptions,
) -> Option<Hover> {
    let position = floor(text, position);
    let tokens = lex(text, &mut Vec::new());
    let at = token_at(&tokens, position)?;
    let (name, span) = name_at(text, &tokens, at)?;
    let dashed = dashed_word(text, span);
    let word = text.get(dashed.range())?;
    if let Some(operator) = operators::tabular(word) {
        let (_, _, expected) = parse_at(text, dashed.start);
        let begins = |e: &Expected| e.wants(Want::Operator) || e.wants(Want::Source);
        // `order` may be a column too: only where an operator may begin it is one.
        if expected.as_ref().is_some_and(begins) && !is_called_scalar(text, dashed) {
            return Some(Hover {
                span: dashed,
                title: operator.syntax.to_owned(),
                doc: operator.doc.to_owned(),
                example: operator.example.to_owned(),
            });
        }
    }
    let (parsed, _, expected) = parse_at(text, span.start);
    let found = Found {
        text,
        tokens: &tokens,
        at,
        name,
        span,
        expected: expected?,
        observer: observe(&parsed, catalog, options, span.start, Some(span.end)),
        catalog,
    };
    found.hover()
}

/// The token that holds the place, else the one that ends there.
fn token_at(tokens: &[Token], position: usize) -> Option<usize> {
    let holds = |token: &Token| token.span.range().contains(&position);
    let ends = |token: &Token| token.span.range().end == position && !token.span.range().is_empty();
    tokens
        .iter()
        .position(holds)
        .filter(|at| matches!(tokens.get(*at), Some(token) if token.kind != TokenKind::End))
        .filter(|at| {
            let punctuation = |token: &Token| matches!(token.kind, TokenKind::Punctuation(_));
            !(tokens.get(*at).is_some_and(punctuation)
                && tokens.iter().any(|t| ends(t) && t.kind == TokenKind::Name))
        })
        .or_else(|| tokens.iter().position(ends))
}

/// The name a token is, or is the text of (`['a name']`), with its place.
fn name_at(text: &str, tokens: &[Token], at: usize) -> Option<(String, Span)> {
    let token = tokens.get(at)?;
    match &token.kind {
        TokenKind::Name | TokenKind::Punctuation(_) => {
            Some((text.get(token.span.range())?.to_owned(), token.span))
        }
        TokenKind::Literal(Constant::String(name)) => {
            let open = tokens.get(at.checked_sub(1)?)?;
            let close = tokens.get(at + 1)?;
            let bracketed = open.kind == TokenKind::Punctuation("[")
                && close.kind == TokenKind::Punctuation("]");
            bracketed.then(|| (name.clone(), open.span.to(close.span)))
        }
        _ => None,
    }
}

/// The word with the dashes that operators have.
fn dashed_word(text: &str, span: Span) -> Span {
    let part = |c: char| is_word(c) || c == '-';
    let head = text.get(..span.start as usize).unwrap_or("");
    let tail = text.get(span.end as usize..).unwrap_or("");
    let start = head.trim_end_matches(part).len();
    let end = text.len() - tail.trim_start_matches(part).len();
    let whole = Span::new(start, end);
    match text.get(whole.range()) {
        Some(word) if operators::tabular(word).is_some() => whole,
        _ => span,
    }
}

/// `range(1, 3)` and `count()` are calls, though operators have these names.
fn is_called_scalar(text: &str, span: Span) -> bool {
    let called = text
        .get(span.end as usize..)
        .is_some_and(|t| t.trim_start().starts_with('('));
    let name = text.get(span.range()).unwrap_or("");
    called && (functions::scalar(name).is_some() || functions::aggregate(name).is_some())
}

/// A word and what parser and binder say about its place.
struct Found<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    name: String,
    span: Span,
    expected: Expected,
    observer: Observer,
    catalog: &'a dyn Catalog,
}

impl Found<'_> {
    fn hover(&self) -> Option<Hover> {
        if let Some(operator) = self.scalar_operator() {
            return Some(operator);
        }
        if !matches!(
            self.tokens.get(self.at)?.kind,
            TokenKind::Name | TokenKind::Literal(_)
        ) {
            return None;
        }
        if self.near(-1) == "." {
            return self.member();
        }
        if self.near(1) == "("
            && let Some(function) = self.function()
        {
            return Some(function);
        }
        if self.near(1) == "=" {
            return self.option().or_else(|| self.declared());
        }
        self.variable_or_column()
            .or_else(|| self.table())
            .or_else(|| self.declared())
    }

    /// The text of a token near this one; a bracketed name counts as one.
    fn near(&self, offset: isize) -> &str {
        let bracketed = matches!(
            self.tokens.get(self.at).map(|token| &token.kind),
            Some(TokenKind::Literal(_))
        );
        let step = if bracketed { offset * 2 } else { offset };
        let token = self
            .at
            .checked_add_signed(step)
            .and_then(|at| self.tokens.get(at));
        token
            .and_then(|token| self.text.get(token.span.range()))
            .unwrap_or("")
    }

    fn titled(&self, title: String, doc: impl Into<String>) -> Hover {
        Hover {
            span: self.span,
            title,
            doc: doc.into(),
            example: String::new(),
        }
    }

    fn typed(&self, ty: Type, doc: impl Into<String>) -> Hover {
        self.titled(format!("{}: {ty}", self.name), doc)
    }

    fn scope(&self) -> Option<&Scope> {
        self.observer.scope.as_ref()
    }

    fn scalar_operator(&self) -> Option<Hover> {
        if !self.expected.wants(Want::Infix) && !self.expected.words.contains(&"and") {
            return None;
        }
        let operator = match self.name.as_str() {
            "matches" => scalar_operators::scalar("matches regex"),
            name => scalar_operators::scalar(name),
        }?;
        Some(self.titled(operator.name.to_owned(), operator.doc))
    }

    fn option(&self) -> Option<Hover> {
        let mut options = self.expected.options.iter();
        let (name, choice) = options.find(|(name, _)| *name == self.name)?;
        let values = crate::complete::values(*choice);
        Some(self.titled(format!("{name}={values}"), ""))
    }

    fn function(&self) -> Option<Hover> {
        let name = self.name.as_str();
        let scope = self.scope()?;
        if let Some(Variable::Function(lambda)) = scope.variable(name) {
            return Some(self.titled(show::lambda(name, &lambda), ""));
        }
        let plugin = functions::plugin(name).filter(|_| self.expected.wants(Want::Plugin));
        let aggregate = functions::aggregate(name);
        let known = plugin
            .or(aggregate.filter(|_| scope.aggregates))
            .or_else(|| functions::scalar(name))
            .or(aggregate);
        if let Some(known) = known {
            return Some(self.known(known));
        }
        if let Some(function) = self.catalog.function(name) {
            return Some(self.titled(format!("{name}{}", function.parameters), ""));
        }
        let function = workspace::table_function(name)?;
        Some(self.titled(show::workspace(function), ""))
    }

    fn known(&self, known: &Known) -> Hover {
        let kind = match known.kind {
            FunctionKind::Scalar => "",
            FunctionKind::Window => "window function",
            FunctionKind::Aggregate => "aggregation function",
            FunctionKind::Plugin => "plugin",
        };
        let doc = match kind {
            "" => known.function.doc.to_owned(),
            kind => format!("{} ({kind})", known.function.doc),
        };
        Hover {
            span: self.span,
            title: show::signatures(known).join("\n"),
            doc,
            example: known.function.example.to_owned(),
        }
    }

    /// Behind a `.`: a column of a join's side, of a node or a step, or a property of a dynamic value.
    fn member(&self) -> Option<Hover> {
        let scope = self.scope()?;
        let holder = self.near(-2);
        let element = match scope.variable(holder) {
            Some(Variable::Element(columns)) => Some(columns),
            _ => None,
        };
        let columns = match (holder, &element) {
            ("$left", _) => Some(&scope.columns),
            ("$right", _) => Some(&scope.right),
            (_, Some(columns)) => Some(columns),
            _ => None,
        };
        if let Some(columns) = columns {
            return column(columns, &self.name).map(|column| self.typed(column.ty, ""));
        }
        let (span, ty) = self.observer.value?;
        if ty.is_none() || span.end != self.span.end {
            return self.table();
        }
        Some(self.typed(ty?, "A property of a dynamic value."))
    }

    fn variable_or_column(&self) -> Option<Hover> {
        let scope = self.scope()?;
        let name = self.name.as_str();
        if let Some(column) = column(&scope.columns, name).or_else(|| column(&scope.right, name)) {
            let described = scope
                .source
                .as_deref()
                .and_then(|table| self.catalog.describe(table, Some(name)));
            let doc = described.map(|text| text.into_owned()).unwrap_or_default();
            return Some(self.typed(column.ty, doc));
        }
        match scope.variable(name) {
            Some(Variable::Scalar(ty)) => Some(self.typed(ty, "A variable of the query.")),
            Some(Variable::Table(columns) | Variable::Element(columns)) => {
                let columns = show::columns(&columns);
                Some(self.titled(format!("{name}: ({columns})"), "A table of the query."))
            }
            Some(Variable::Function(lambda)) => Some(self.titled(show::lambda(name, &lambda), "")),
            Some(Variable::Pattern) => Some(self.titled(format!("pattern {name}"), "")),
            None => {
                let (span, ty) = self.observer.value?;
                let ty = ty.filter(|ty| span == self.span && *ty != Type::Unknown)?;
                Some(self.typed(ty, ""))
            }
        }
    }

    fn table(&self) -> Option<Hover> {
        let name = self.name.as_str();
        if let Some(table) = self.catalog.table(name) {
            let names = table.columns.iter().map(|(name, _)| name.as_str());
            let columns = show::some_of(names, table.columns.len());
            let doc = self.catalog.describe(name, None);
            let doc = doc.map(|text| text.into_owned()).unwrap_or_default();
            return Some(self.titled(format!("{name}: ({columns})"), doc));
        }
        if let Some(function) = self.catalog.function(name) {
            return Some(self.titled(format!("{name}{}", function.parameters), ""));
        }
        let function = workspace::table_function(name)?;
        Some(self.titled(show::workspace(function), ""))
    }

    /// A name that is declared here: a column of the operator's output, or a variable.
    fn declared(&self) -> Option<Hover> {
        if let Some((_, columns)) = &self.observer.output
            && let Some(column) = column(columns, &self.name)
        {
            return Some(self.typed(column.ty, ""));
        }
        self.variable_or_column()
    }
}

fn column<'c>(columns: &'c [Column], name: &str) -> Option<&'c Column> {
    columns.iter().find(|column| column.name == name)
}
