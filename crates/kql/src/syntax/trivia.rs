//! The lossless half of the syntax tree: blanks and comments.
//!
//! Tree and tokens carry spans and no trivia, so that reading a query to run it costs nothing for them. What the tree
//! leaves out is what lies between the spans of two tokens, and [`trivia`] takes such a gap apart when somebody asks.
//! Tokens and trivia together are the text: for any text at all, the slices of [`elements`] put one behind the other
//! give it back byte for byte. A comment of KQL begins with `//` and goes to the end of its line ("Comments" in the
//! Kusto reference); there is no other form.

use super::lexer::{Token, lex};
use crate::types::Span;

/// What stands between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriviaKind {
    /// Blanks and line ends; a byte order mark and a zero-width space count as such.
    Whitespace,
    /// `//` up to the end of the line, which does not belong to it.
    Comment,
    /// Text that the lexer never looked at, because the whole is longer than
    /// [`MAX_TEXT`](super::lexer::MAX_TEXT).
    Skipped,
}

/// A piece of text that means nothing to the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trivia {
    /// Kind.
    pub kind: TriviaKind,
    /// Place.
    pub span: Span,
}

/// A token or a piece of trivia.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A token.
    Token(Token),
    /// What stands before, between or behind tokens.
    Trivia(Trivia),
}

impl Element {
    /// Place.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Element::Token(token) => token.span,
            Element::Trivia(trivia) => trivia.span,
        }
    }
}

/// Takes a gap between two tokens apart, in order and without anything left over.
///
/// Neither whitespace nor a comment is ever followed by its own kind directly, comments on successive lines having the
/// line end between them.
pub fn trivia(text: &str, gap: Span) -> impl Iterator<Item = Trivia> + '_ {
    let mut at = gap.range().start;
    let end = gap.range().end;
    std::iter::from_fn(move || {
        let rest = text.get(at..end).filter(|rest| !rest.is_empty())?;
        let (kind, length) = first(rest);
        let span = Span::new(at, at + length);
        at += length;
        Some(Trivia { kind, span })
    })
}

/// Kind and length of the first piece of a gap that is not empty.
fn first(rest: &str) -> (TriviaKind, usize) {
    if rest.starts_with("//") {
        return (TriviaKind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}';
    match rest.find(|c| !blank(c)) {
        None => (TriviaKind::Whitespace, rest.len()),
        Some(0) => (TriviaKind::Skipped, rest.len()),
        Some(length) => (TriviaKind::Whitespace, length),
    }
}

/// Every token of the text with all trivia, in order. The [`End`](super::lexer::TokenKind::End) token is left out.
#[must_use]
pub fn elements(text: &str) -> Vec<Element> {
    let mut tokens = lex(text, &mut Vec::new());
    tokens.pop();
    let mut elements = Vec::with_capacity(tokens.len() * 2);
    let mut end = 0;
    for token in tokens {
        let gap = Span::new(end, token.span.range().start);
        elements.extend(trivia(text, gap).map(Element::Trivia));
        end = token.span.range().end;
        elements.push(Element::Token(token));
    }
    elements.extend(trivia(text, Span::new(end, text.len())).map(Element::Trivia));
    elements
}
