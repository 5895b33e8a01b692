//! The place that is asked about: the word being typed, what the grammar allows there and what is in scope.

use crate::bind::BindOptions;
use crate::bind::observe::{Observer, Scope, observe};
use crate::catalog::Catalog;
use crate::operators;
use crate::syntax::expected::Expected;
use crate::syntax::lexer::{Token, TokenKind, lex};
use crate::syntax::parser::parse_at;
use crate::types::Span;

/// Stands where the word is being typed. A name, so that an expression may stand there too.
pub(crate) const STAND_IN: &str = "__caret__";

/// A place in a text.
pub(crate) struct Site<'t> {
    /// The word around the place.
    pub(crate) replace: Span,
    /// Its part before the place.
    pub(crate) prefix: &'t str,
    /// What the grammar allows.
    pub(crate) expected: Expected,
    /// What is in scope, and what stands before.
    pub(crate) observer: Observer,
    /// The call whose argument is being typed.
    pub(crate) call: Option<Call>,
    /// Behind a `.`.
    pub(crate) member: bool,
    /// An opening bracket follows already.
    pub(crate) called: bool,
    head: &'t str,
    tokens: Vec<Token>,
}

/// A call that is not closed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The function's name.
    pub(crate) name: Span,
    /// How many commas of it stand before the place.
    pub(crate) argument: usize,
}

/// The offset, or the next one before it that is in the text and no part of a character.
pub(crate) fn floor(text: &str, position: usize) -> usize {
    let mut at = position.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn run_start(text: &str, part: impl Fn(char) -> bool) -> usize {
    text.trim_end_matches(part).len()
}

/// Where the word that ends here begins. The words of operators have dashes, those of hints a dot, and some scalar
/// operators begin with `!`.
fn word_start(head: &str) -> usize {
    let start = run_start(head, is_word);
    let dashed = run_start(head, |c| is_word(c) || c == '-');
    let run = head.get(dashed..).unwrap_or("");
    let known = operators::TABULAR
        .iter()
        .any(|operator| operator.name.starts_with(run));
    if dashed < start && run.contains('-') && known {
        return dashed;
    }
    let before = head.get(..start).unwrap_or("");
    if let Some(rest) = before.strip_suffix("hint.")
        && !rest.ends_with(is_word)
    {
        return rest.len();
    }
    before.strip_suffix('!').map_or(start, str::len)
}

/// Where it ends: an operator's word whole.
fn word_end(text: &str, start: usize, position: usize) -> usize {
    if start == position {
        return position;
    }
    let end = |part: fn(char) -> bool| {
        let tail = text.get(position..).unwrap_or("");
        position + tail.len() - tail.trim_start_matches(part).len()
    };
    let dashed = end(|c| is_word(c) || c == '-');
    match text.get(start..dashed) {
        Some(word) if word.contains('-') && operators::tabular(word).is_some() => dashed,
        _ => end(is_word),
    }
}

impl<'t> Site<'t> {
    /// The site at this offset; `None` inside strings, comments and literals.
    pub(crate) fn at(
        text: &'t str,
        position: usize,
        catalog: &dyn Catalog,
        options: &BindOptions,
    ) -> Option<Self> {
        let position = floor(text, position);
        let start = word_start(text.get(..position)?);
        let head = text.get(..start)?;
        let prefix = text.get(start..position)?;
        if prefix.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let tokens = before(head)?;
        let end = word_end(text, start, position);
        let closed = format!("{head}{STAND_IN}{}", closers(head, &tokens));
        let caret = Span::new(start, start).start;
        let (parsed, _, expected) = parse_at(&closed, caret);
        let operand_end = tokens.last().map(|token| token.span.end);
        let observer = observe(&parsed, catalog, options, caret, operand_end);
        let is_dot = |token: &Token| matches!(token.kind, TokenKind::Punctuation(".") if start > 0);
        Some(Self {
            replace: Span::new(start, end),
            prefix,
            expected: expected?,
            call: call(&tokens),
            member: tokens.last().is_some_and(is_dot),
            called: text.get(end..)?.starts_with('('),
            observer,
            head,
            tokens,
        })
    }

    /// What is in scope.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.observer.scope.as_ref()
    }

    /// The text of a token before the place, counted back from 0.
    pub(crate) fn back(&self, n: usize) -> &'t str {
        let token = self.tokens.len().checked_sub(n + 1);
        let token = token.and_then(|at| self.tokens.get(at));
        token.map_or("", |token| self.slice(token.span))
    }

    /// A part of the text before the place.
    pub(crate) fn slice(&self, span: Span) -> &'t str {
        self.head.get(span.range()).unwrap_or("")
    }

    /// The name called before the `)` that the `.` before the place follows.
    pub(crate) fn receiver(&self) -> &'t str {
        let mut open = 0usize;
        for (at, token) in self.tokens.iter().enumerate().rev().skip(1) {
            match token.kind {
                TokenKind::Punctuation(")") => open += 1,
                TokenKind::Punctuation("(") => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                let name = at.checked_sub(1).and_then(|at| self.tokens.get(at));
                return name.map_or("", |name| self.slice(name.span));
            }
        }
        ""
    }
}

/// The tokens of the text before the word; `None` when it ends inside a string, a comment or a literal.
fn before(head: &str) -> Option<Vec<Token>> {
    let mut tokens = lex(head, &mut Vec::new());
    tokens.pop();
    let last = tokens.last();
    let text = last.map_or("", |token| head.get(token.span.range()).unwrap_or(""));
    let unclosed = text.starts_with("dynamic") && text.len() > "dynamic".len();
    let literal = last.is_some_and(|token| matches!(token.kind, TokenKind::Literal(_)));
    if literal && unclosed && !text.ends_with(')') {
        return None;
    }
    Some(tokens)
}

/// The brackets that close what is open.
fn closers(head: &str, tokens: &[Token]) -> String {
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Punctuation("(") => open.push((at, ")")),
            TokenKind::Punctuation("[") => open.push((at, "]")),
            TokenKind::Punctuation("{") => open.push((at, "}")),
            TokenKind::Punctuation(")" | "]" | "}") => {
                open.pop();
            }
            _ => {}
        }
    }
    let word = |at: Option<usize>| {
        let token = at.and_then(|at| tokens.get(at));
        token.map_or("", |token| head.get(token.span.range()).unwrap_or(""))
    };
    // Only with a body behind it is a list of parameters one.
    let typing = word(tokens.len().checked_sub(1)) == ":";
    let mut text = String::new();
    for (at, close) in open.into_iter().rev() {
        text.push_str(close);
        let assigned = matches!(word(at.checked_sub(1)), "=" | "view");
        let declared = word(at.checked_sub(3)) == "let" || word(at.checked_sub(4)) == "let";
        if typing && close == ")" && assigned && declared {
            text.push_str("{}");
        }
    }
    text
}

/// The innermost call whose arguments the tokens end in.
pub(crate) fn call(tokens: &[Token]) -> Option<Call> {
    let mut open = 0usize;
    let mut argument = 0;
    for (at, token) in tokens.iter().enumerate().rev() {
        match token.kind {
            TokenKind::Punctuation(")" | "]" | "}") => open += 1,
            TokenKind::Punctuation("(") if open == 0 => {
                let name = tokens.get(at.checked_sub(1)?)?;
                let called = name.kind == TokenKind::Name;
                return called.then_some(Call {
                    name: name.span,
                    argument,
                });
            }
            TokenKind::Punctuation("[" | "{") if open == 0 => {
                return None;
            }
            TokenKind::Punctuation("(" | "[" | "{") => open -= 1,
            TokenKind::Punctuation(",") if open == 0 => argument += 1,
            TokenKind::Punctuation("|" | ";") if open == 0 => return None,
            _ => {}
        }
    }
    None
}
