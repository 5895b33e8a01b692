//! A text as pieces: its tokens, each with the comments that stand round it.
//!
//! The inside of `dynamic(...)` is one token to the parser. Here it is taken apart, so that a long literal can be
//! broken like any other list.

use crate::syntax::lexer::{Token, TokenKind, lex};
use crate::syntax::tree::Constant;
use crate::syntax::trivia::{TriviaKind, trivia};
use crate::types::Span;

use super::role::Role;

/// `dynamic` literals nested more deeply than this stay as written.
pub(super) const MAX_DATA_DEPTH: usize = 50;

/// A comment, without the blanks at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'t> {
    /// From `//` on.
    pub(super) text: &'t str,
    /// A blank line stands before it.
    pub(super) blank: bool,
}

/// What a piece is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Literal,
    Punctuation(&'static str),
    /// Unreadable, or the end of the text.
    Other,
}

/// A token as it is printed.
#[derive(Clone, Debug)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) kind: Kind,
    /// Inside `dynamic(...)`.
    pub(super) data: bool,
    /// Comments on lines of their own before it.
    pub(super) before: Vec<Comment<'t>>,
    /// The comment behind it on its line.
    pub(super) after: Option<Comment<'t>>,
    /// A blank line stands directly before it.
    pub(super) blank: bool,
    /// Nothing stands between it and the piece before.
    pub(super) touching: bool,
    /// What it is in its context.
    pub(super) role: Role,
    /// A blank separates it from the piece before, on one line.
    pub(super) space: bool,
    /// The other bracket of a pair.
    pub(super) mate: usize,
    /// Of a bracket: how many values make a row.
    pub(super) row: usize,
    /// Of a bracket: what is inside has to be on lines of its own.
    pub(super) lines: bool,
}

impl Piece<'_> {
    pub(super) fn is(&self, punctuation: &str) -> bool {
        matches!(self.kind, Kind::Punctuation(p) if p == punctuation)
    }

    pub(super) fn is_name(&self) -> bool {
        self.kind == Kind::Name
    }
}

/// Reads a text; the last piece is its end.
pub(super) fn read(text: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut end = 0;
    for raw in raw_pieces(text) {
        let gap = Gap::read(text, Span::new(end, raw.span.range().start));
        end = raw.span.range().end;
        let mut before = gap.comments;
        if gap.trailing && !before.is_empty() {
            match pieces.last_mut() {
                Some(last) => last.after = Some(before.remove(0)),
                None => before[0].blank = false,
            }
        }
        pieces.push(Piece {
            text: text.get(raw.span.range()).unwrap_or(""),
            kind: raw.kind,
            data: raw.data,
            before,
            after: None,
            blank: gap.blank,
            touching: gap.empty,
            role: Role::Value,
            space: false,
            mate: 0,
            row: 1,
            lines: false,
        });
    }
    move_behind_commas(&mut pieces);
    pieces
}

/// What stands between two pieces.
struct Gap<'t> {
    comments: Vec<Comment<'t>>,
    /// The first comment is on the line of the piece before.
    trailing: bool,
    blank: bool,
    empty: bool,
}

impl<'t> Gap<'t> {
    fn read(text: &'t str, span: Span) -> Self {
        let mut comments = Vec::new();
        let mut trailing = false;
        let mut lines = 0;
        for part in trivia(text, span) {
            let slice = text.get(part.span.range()).unwrap_or("");
            if part.kind == TriviaKind::Whitespace {
                lines = slice.matches('\n').count();
                continue;
            }
            trailing |= comments.is_empty() && lines == 0;
            comments.push(Comment {
                text: slice.trim_end(),
                blank: lines > 1,
            });
            lines = 0;
        }
        Self {
            comments,
            trailing,
            blank: lines > 1,
            empty: span.start == span.end,
        }
    }
}

/// A comma or semicolon goes before the comments that separate it from what it ends: `a, // first`.
fn move_behind_commas(pieces: &mut [Piece<'_>]) {
    for at in 1..pieces.len().saturating_sub(1) {
        let comma = pieces[at].is(",");
        if !comma && !pieces[at].is(";") || pieces[at].after.is_some() {
            continue;
        }
        if comma && !pieces[at].before.is_empty() {
            let mut comments = std::mem::take(&mut pieces[at].before);
            comments.append(&mut pieces[at + 1].before);
            pieces[at + 1].before = comments;
        }
        if pieces[at].before.is_empty() {
            pieces[at].after = pieces[at - 1].after.take();
        }
    }
}

struct Raw {
    kind: Kind,
    span: Span,
    data: bool,
}

fn raw_pieces(text: &str) -> Vec<Raw> {
    let mut raw = Vec::new();
    for token in lex(text, &mut Vec::new()) {
        let literal = matches!(token.kind, TokenKind::Literal(Constant::Dynamic(_)));
        if literal && take_apart(text, token.span, &mut raw).is_some() {
            continue;
        }
        raw.push(Raw {
            kind: kind(&token),
            span: token.span,
            data: false,
        });
    }
    raw
}

fn kind(token: &Token) -> Kind {
    match &token.kind {
        TokenKind::Name => Kind::Name,
        TokenKind::Literal(_) => Kind::Literal,
        TokenKind::Punctuation(p) => Kind::Punctuation(p),
        TokenKind::Unknown | TokenKind::End => Kind::Other,
    }
}

/// The pieces of a `dynamic(...)`; `None` when its inside is not made of the language's tokens (a JSON escape).
fn take_apart(text: &str, span: Span, raw: &mut Vec<Raw>) -> Option<()> {
    let word = "dynamic";
    let whole = text.get(span.range())?;
    let inside = whole.strip_prefix(word)?.trim_start().strip_prefix('(')?;
    let content = inside.strip_suffix(')')?;
    let start = span.range().end - inside.len();
    let mut found = Vec::new();
    let tokens = lex(content, &mut found);
    if !found.is_empty() || !is_data(&tokens) {
        return None;
    }
    let from = span.range().start;
    let at = |from: usize, to: usize| Span::new(from, to);
    let piece = |kind, span, data| Raw { kind, span, data };
    raw.push(piece(Kind::Name, at(from, from + word.len()), false));
    raw.push(piece(Kind::Punctuation("("), at(start - 1, start), true));
    raw.extend(tokens.iter().take(tokens.len() - 1).map(|token| {
        let inner = token.span.range();
        let span = at(start + inner.start, start + inner.end);
        piece(kind(token), span, true)
    }));
    let end = span.range().end;
    raw.push(piece(Kind::Punctuation(")"), at(end - 1, end), true));
    Some(())
}

/// True when these are values, lists and objects with closed brackets, not too deep.
fn is_data(tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    tokens.iter().all(|token| match token.kind {
        TokenKind::Name | TokenKind::Literal(_) | TokenKind::End => true,
        TokenKind::Unknown => false,
        TokenKind::Punctuation("," | ":" | "-") => true,
        TokenKind::Punctuation(p) => match closing(p) {
            Some(close) => {
                open.push(close);
                open.len() <= MAX_DATA_DEPTH
            }
            None => open.pop() == Some(p),
        },
    }) && open.is_empty()
}

/// The bracket that closes this one.
pub(super) fn closing(open: &str) -> Option<&'static str> {
    match open {
        "(" => Some(")"),
        "[" => Some("]"),
        "{" => Some("}"),
        _ => None,
    }
}

/// Pairs the brackets up; `None` when they don't match or go deeper than `limit`.
pub(super) fn pair(pieces: &mut [Piece<'_>], limit: usize) -> Option<()> {
    let mut open: Vec<(usize, &'static str)> = Vec::new();
    for at in 0..pieces.len() {
        let Kind::Punctuation(p) = pieces[at].kind else {
            continue;
        };
        if let Some(close) = closing(p) {
            open.push((at, close));
            if open.len() > limit {
                return None;
            }
        } else if matches!(p, ")" | "]" | "}") {
            let (from, close) = open.pop()?;
            if close != p {
                return None;
            }
            pieces[from].mate = at;
            pieces[at].mate = from;
        }
    }
    open.is_empty().then_some(())
}
