//! The parser's machinery. Parsing never fails: it gives a tree and a list of diagnostics.
//!
//! Recovery: what cannot be read inside an operator is skipped up to the next `|`, `;` or closing bracket of the
//! enclosing level, so one mistake costs one operator.

use super::expected::{Expected, Want};
use super::keyword;
use super::lexer::{Token, TokenKind, lex};
use super::tree::{Constant, Expr, ExprKind, Name, Parameter, Script};
use crate::diagnostic::{Code, Diagnostic, foreign, keep};
use crate::types::{Span, Type};
use std::cell::RefCell;

/// Deepest nesting of expressions, pipelines and function bodies.
pub const MAX_DEPTH: usize = 150;

/// Words that may follow a list of expressions.
const AFTER_LISTS: &[&str] = &["declare", "from", "limit", "on", "order", "step", "with"];

/// Words that begin a statement.
const STARTERS: &[&str] = &[
    "datatable",
    "externaldata",
    "find",
    "print",
    "search",
    "set",
    "union",
];

/// No more diagnostics than this for one text.
pub(super) const MAX_DIAGNOSTICS: usize = 100;

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
    let mut parser = Parser::new(text);
    let script = parser.script(None);
    Parsed {
        script,
        diagnostics: parser.diagnostics,
    }
}

/// Parses a text and notes what may stand at the token that begins at `caret`; `None` when none begins there.
pub(crate) fn parse_at(text: &str, caret: u32) -> (Parsed, Vec<Token>, Option<Expected>) {
    let mut parser = Parser::new(text);
    let found = parser
        .tokens
        .binary_search_by_key(&caret, |token| token.span.start)
        .ok()
        .filter(|at| {
            let token = parser.tokens.get(*at);
            token.is_some_and(|token| token.kind != TokenKind::End)
        });
    parser.caret = found.unwrap_or(usize::MAX);
    let script = parser.script(None);
    let expected = found.map(|_| parser.expected.take());
    let parsed = Parsed {
        script,
        diagnostics: parser.diagnostics,
    };
    (parsed, parser.tokens, expected)
}

/// Parses the parameter list and the body of a stored function.
#[must_use]
pub fn parse_function(parameters: &str, body: &str) -> (Vec<Parameter>, Parsed) {
    let mut parser = Parser::new(parameters);
    let list = if parser.at("(") {
        parser.parameters()
    } else {
        Vec::new()
    };
    let mut parsed = parse(body);
    parser.diagnostics.append(&mut parsed.diagnostics);
    let diagnostics = parser.diagnostics;
    (
        list,
        Parsed {
            diagnostics,
            ..parsed
        },
    )
}

/// A cursor over the tokens.
pub(super) struct Parser<'t> {
    text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    diagnostics: Vec<Diagnostic>,
    pub(super) depth: usize,
    /// Height of the expression read last, for bounding trees that grow to the left.
    pub(super) height: usize,
    /// Name patterns (`Device*Info`) may stand here, not products.
    pub(super) patterns: bool,
    /// The token completion asks about; past the end when none does.
    pub(super) caret: usize,
    /// What was looked for there.
    pub(super) expected: RefCell<Expected>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        let mut diagnostics = Vec::new();
        let tokens = lex(text, &mut diagnostics);
        Self {
            text,
            tokens,
            at: 0,
            diagnostics,
            depth: 0,
            height: 0,
            patterns: false,
            caret: usize::MAX,
            expected: RefCell::default(),
        }
    }

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

    pub(super) fn at_word(&self, word: &'static str) -> bool {
        self.note_word(word);
        self.word(0) == word
    }

    pub(super) fn eat_word(&mut self, word: &'static str) -> bool {
        let hit = self.at_word(word);
        if hit {
            self.advance();
        }
        hit
    }

    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.error_with(code, span, message, None);
    }

    fn error_with(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        hint: Option<&'static str>,
    ) {
        // One place is reported once: what follows from the first mistake only distracts.
        let repeated = self
            .diagnostics
            .last()
            .is_some_and(|last| last.is_error() && last.span.start == span.start);
        if !repeated {
            let found = Diagnostic::error(code, span, message);
            self.report(match hint {
                Some(hint) => found.hint(hint),
                None => found,
            });
        }
    }

    /// Reports that something is missing before the next token; where that stands apart, behind the token before.
    pub(super) fn expected(&mut self, what: &str) {
        let span = self.span();
        let end = self.previous_end();
        let between = self.text.get(end as usize..span.start as usize);
        let far = between.is_some_and(|text| text.len() > 1 || text.contains('\n'));
        let apart = end > 0 && far && !self.at_end();
        self.expected_at(
            what,
            if apart {
                Span { start: end, end }
            } else {
                span
            },
        );
    }

    /// Reports a token that continues nothing: itself, unless something is missing before it.
    pub(super) fn stray(&mut self, what: &str) {
        let begins = match self.token(0).kind {
            TokenKind::Literal(_) => true,
            TokenKind::Name => keyword::refers(self.word(0)) || STARTERS.contains(&self.word(0)),
            _ => false,
        };
        if begins {
            self.expected(what);
        } else {
            self.expected_at(what, self.span());
        }
    }

    fn expected_at(&mut self, what: &str, place: Span) {
        let span = self.span();
        let found = match self.token(0).kind {
            TokenKind::End => "the end of the query".to_owned(),
            _ => format!(
                "`{}`",
                self.slice(span).chars().take(40).collect::<String>()
            ),
        };
        let message = format!("expected {what}, found {found}");
        self.error_with(Code::Expected, place, message, foreign::token(self.text()));
    }

    pub(super) fn expect(&mut self, punctuation: &str) -> bool {
        let hit = self.eat(punctuation);
        if !hit {
            self.seal();
            self.expected(&format!("`{punctuation}`"));
        }
        hit
    }

    /// The closing bracket of the one at `open`.
    pub(super) fn close(&mut self, punctuation: &str, open: Span) -> bool {
        let before = self.diagnostics.len();
        let hit = self.expect(punctuation);
        if !hit
            && self.diagnostics.len() > before
            && let Some(found) = self.diagnostics.pop()
        {
            self.diagnostics.push(found.related(open, "opened here"));
        }
        hit
    }

    pub(super) fn expect_word(&mut self, word: &'static str) -> bool {
        let hit = self.eat_word(word);
        if !hit {
            self.seal();
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

    /// Reports something that is not there, behind the token before it: that is where it has to be written.
    pub(super) fn absent(&mut self, what: &str) {
        let end = self.previous_end();
        let word = self.word(0);
        let unknown = self.token(0).kind == TokenKind::Unknown;
        let span = if end == 0 || unknown || self.word_as_name() {
            self.span()
        } else {
            Span { start: end, end }
        };
        let mut message = format!("expected {what}");
        if !word.is_empty() && !keyword::refers(word) {
            message.push_str(&format!(
                "; `{word}` is a word of the language, as a name it is written `['{word}']`"
            ));
        }
        let hint = foreign::token(self.text());
        self.error_with(Code::Expected, span, message, hint);
    }

    /// True where a word of the language stands as a name would: what follows continues an expression or a list.
    pub(super) fn word_as_name(&self) -> bool {
        let word = self.word(0);
        if word.is_empty() || keyword::refers(word) || word.starts_with('!') {
            return false;
        }
        match self.token(1).kind {
            TokenKind::Punctuation(p) => matches!(
                p,
                "," | ")"
                    | "="
                    | "=="
                    | "!="
                    | "<>"
                    | "=~"
                    | "!~"
                    | "<"
                    | "<="
                    | ">"
                    | ">="
                    | "+"
                    | "/"
                    | "%"
            ),
            TokenKind::Name => matches!(
                self.word(1),
                "has"
                    | "contains"
                    | "startswith"
                    | "endswith"
                    | "in"
                    | "in~"
                    | "has_any"
                    | "has_cs"
                    | "matches"
            ),
            _ => false,
        }
    }

    pub(super) fn report(&mut self, found: Diagnostic) {
        keep(found, &mut self.diagnostics, MAX_DIAGNOSTICS);
    }

    /// Reads one or more items with commas between them; a comma calls for one more.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = vec![read(self)];
        loop {
            let before = self.at;
            if !self.comma() {
                return items;
            }
            items.push(read(self));
            // A comma was missing before what is no item: nothing was taken, nor would be.
            if self.at == before {
                return items;
            }
        }
    }

    /// True where an expression may begin.
    pub(super) fn begins_expression(&self) -> bool {
        match self.token(0).kind {
            TokenKind::Literal(_) => true,
            TokenKind::Punctuation(p) => matches!(p, "(" | "[" | "-" | "+" | "*"),
            TokenKind::Name => {
                !self.word(0).starts_with('!')
                    && (keyword::refers(self.word(0)) || self.ahead(1, "(") || self.ahead(1, "="))
            }
            _ => false,
        }
    }

    /// Takes a comma, or reports that one is missing before what must be the next item.
    pub(super) fn comma(&mut self) -> bool {
        if self.eat(",") {
            return true;
        }
        if self.at == self.caret {
            return false;
        }
        let item = match self.token(0).kind {
            TokenKind::Literal(_) | TokenKind::Punctuation("(") => true,
            TokenKind::Name => {
                let word = self.word(0);
                keyword::refers(word) && !word.starts_with('!') && !AFTER_LISTS.contains(&word)
            }
            _ => false,
        };
        if item {
            self.expected("`,`");
        }
        item
    }

    /// The same where the last item may have a comma behind it, or none is there at all.
    pub(super) fn loose_list<T>(
        &mut self,
        close: &str,
        mut read: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let mut items = Vec::new();
        while !self.at(close) && !self.at_end() {
            let before = self.at;
            items.push(read(self));
            if !self.comma() || self.at == before {
                break;
            }
        }
        items
    }

    pub(super) fn missing(&self) -> Expr {
        let start = self.span().start;
        Expr {
            kind: ExprKind::Missing,
            span: Span { start, end: start },
        }
    }

    /// A name that is declared here: plain, `['quoted']` or `["quoted"]`.
    pub(super) fn try_name(&mut self) -> Option<Name> {
        if !keyword::declares(self.word(0)) {
            return None;
        }
        self.any_name()
    }

    /// A name that refers to something.
    pub(super) fn reference(&mut self) -> Option<Name> {
        if !keyword::refers(self.word(0)) {
            return None;
        }
        self.any_name()
    }

    pub(super) fn no_name(&self) -> Name {
        let start = self.span().start;
        Name {
            text: String::new(),
            span: Span { start, end: start },
        }
    }

    /// Any word at all, or a quoted name.
    pub(super) fn any_name(&mut self) -> Option<Name> {
        let start = self.span();
        match &self.token(0).kind {
            TokenKind::Name if !self.word(0).starts_with('!') => {
                let text = self.word(0).to_owned();
                self.advance();
                Some(Name { text, span: start })
            }
            TokenKind::Punctuation("[") => {
                let TokenKind::Literal(Constant::String(text)) = &self.token(1).kind else {
                    return None;
                };
                let text = text.clone();
                self.advance();
                self.advance();
                self.expect("]");
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
            self.absent(what);
            self.no_name()
        })
    }

    /// Reports what stands where a type's name belongs, with the type that was probably meant.
    fn unknown_type(&mut self) {
        let word = self.word(0);
        let before = self.diagnostics.len();
        self.expected("a type");
        if self.diagnostics.len() == before || word.is_empty() {
            return;
        }
        if let Some(found) = self.diagnostics.pop() {
            self.diagnostics.push(match foreign::type_name(word) {
                Some(name) => found.hint(format!("the type is called {name} here")),
                None => found.near(word, Type::NAMES.iter().copied()),
            });
        }
    }

    /// A type's name.
    pub(super) fn type_name(&mut self) -> Option<Type> {
        self.note_want(Want::Type);
        let ty = Type::parse(self.word(0));
        if ty.is_none() {
            self.unknown_type();
            if !self.word(0).is_empty() {
                self.advance();
            }
            return None;
        }
        self.advance();
        ty
    }
}
