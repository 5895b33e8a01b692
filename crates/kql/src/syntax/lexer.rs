//! Text to tokens. Never fails: what cannot be read becomes an [`TokenKind::Unknown`] token and a diagnostic.

use crate::diagnostic::{Code, Diagnostic, keep};
use crate::types::{Span, Type};

use super::literal;
use super::parser::MAX_DIAGNOSTICS;
use super::tree::Constant;

/// Longest text the lexer takes, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// Each `dynamic(` without its `)` costs a look at all that follows, so only some are looked into.
const MAX_UNCLOSED: usize = 16;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A name or a word operator (`where`, `!contains`, `in~`).
    Name,
    /// A literal with its value.
    Literal(Constant),
    /// Punctuation, by its text.
    Punctuation(&'static str),
    /// Unreadable.
    Unknown,
    /// After the last token.
    End,
}

/// A token. Blanks and comments are what lies between the spans of two tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Kind.
    pub kind: TokenKind,
    /// Place.
    pub span: Span,
}

/// Longest first.
const PUNCTUATION: &[&str] = &[
    "==", "!=", "<>", "<=", ">=", "=~", "!~", "=>", "..", "<|", "-->", "<--", "[", "]", "(", ")",
    "{", "}", ",", ";", "|", ".", ":", "=", "<", ">", "+", "-", "*", "/", "%", "?", "@", "~", "&",
    "!",
];

/// How often `dynamic(` may stand inside of `dynamic(`: each one's inside is read for itself.
const MAX_NESTED: usize = 8;

/// Splits the text. The last token is always [`TokenKind::End`].
pub fn lex(text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Token> {
    lex_inside(text, diagnostics, 0)
}

/// The same for the inside of so many `dynamic(`s, which ends with the first error.
pub(super) fn lex_inside(
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
    nested: usize,
) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::with_capacity(text.len() / 5),
        diagnostics,
        unclosed: 0,
        nested,
    };
    if text.len() > MAX_TEXT {
        lexer.diagnostics.push(Diagnostic::error(
            Code::TooLong,
            Span::new(0, 0),
            format!("the query is longer than {MAX_TEXT} bytes"),
        ));
    } else {
        if text.starts_with('\u{feff}') {
            lexer.at = '\u{feff}'.len_utf8();
        }
        lexer.run();
    }
    let end = text.len();
    lexer.tokens.push(Token {
        kind: TokenKind::End,
        span: Span::new(end, end),
    });
    lexer.tokens
}

struct Lexer<'t, 'd> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// How many `dynamic(` had no closing bracket.
    unclosed: usize,
    /// How many `dynamic(`s this is inside of.
    nested: usize,
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Lexer<'_, '_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.tokens.push(Token {
            kind,
            span: Span::new(start, self.at),
        });
    }

    fn error(&mut self, code: Code, start: usize, message: impl Into<String>) {
        self.report(Diagnostic::error(code, Span::new(start, self.at), message));
    }

    fn report(&mut self, found: Diagnostic) {
        keep(found, self.diagnostics, MAX_DIAGNOSTICS);
    }

    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            let failed = self.diagnostics.last().is_some_and(Diagnostic::is_error);
            if self.nested > 0 && failed {
                return;
            }
            let start = self.at;
            if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
                self.at += c.len_utf8();
            } else if self.rest().starts_with("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.string_ahead() {
                self.string();
            } else if is_name_start(c) {
                self.word();
            } else if c == '!' && self.rest()[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.at += 1;
                self.name_characters();
                self.take_tilde(start);
                self.push(TokenKind::Name, start);
            } else if c.is_ascii_digit() {
                self.number();
            } else if let Some(p) = self.punctuation_ahead() {
                self.at += p.len();
                self.push(TokenKind::Punctuation(p), start);
            } else {
                self.at += c.len_utf8();
                self.error(
                    Code::UnexpectedCharacter,
                    start,
                    format!("unexpected character `{}`", c.escape_default()),
                );
                self.push(TokenKind::Unknown, start);
            }
        }
    }

    fn name_characters(&mut self) {
        let bytes = self.rest().bytes();
        self.at += bytes
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let rest = self.rest();
        self.at += rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
    }

    fn punctuation_ahead(&self) -> Option<&'static str> {
        let rest = self.rest().as_bytes();
        let mut all = PUNCTUATION.iter().map(|p| (p, p.as_bytes()));
        let found = all.find(|(_, p)| p.first() == rest.first() && rest.starts_with(p));
        found.map(|(p, _)| *p)
    }

    /// Moves what comes before one of these characters, or the end.
    fn take_until(&mut self, stops: [char; 4], value: &mut String) {
        let rest = self.rest();
        let length = rest.find(stops).unwrap_or(rest.len());
        value.push_str(&rest[..length]);
        self.at += length;
    }

    /// `in~`, `!in~`: the tilde belongs to the word.
    fn take_tilde(&mut self, start: usize) {
        let word = &self.text[start..self.at];
        if (word == "in" || word == "!in") && self.rest().starts_with('~') {
            self.at += 1;
        }
    }

    fn word(&mut self) {
        let start = self.at;
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        self.name_characters();
        self.take_tilde(start);
        let word = &self.text[start..self.at];
        if matches!(word, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
            let value = word.eq_ignore_ascii_case("true");
            return self.push(TokenKind::Literal(Constant::Bool(value)), start);
        }
        let typed = matches!(
            word,
            "datetime"
                | "date"
                | "timespan"
                | "time"
                | "guid"
                | "bool"
                | "boolean"
                | "int"
                | "long"
                | "real"
                | "double"
                | "decimal"
                | "dynamic"
        );
        let after = self.rest().trim_start();
        if typed && after.starts_with('(') {
            let open = self.text.len() - after.len();
            if word == "dynamic" && self.nested >= MAX_NESTED {
                return self.push(TokenKind::Name, start);
            }
            if word == "dynamic" {
                return self.dynamic(start, open);
            }
            if let Some(ty) = Type::parse(word)
                && let Some(close) = literal::closing_parenthesis(self.text, open, ty)
            {
                let content = &self.text[open + 1..close];
                self.at = close + 1;
                let constant = literal::typed(ty, content).unwrap_or_else(|| {
                    // Kusto accepts the text and reads null.
                    let message = format!("not a valid `{ty}` literal; it reads as null");
                    self.report(Diagnostic::warning(
                        Code::BadLiteral,
                        Span::new(start, self.at),
                        message,
                    ));
                    Constant::Null(ty)
                });
                return self.push(TokenKind::Literal(constant), start);
            }
            return self.unclosed_literal(start, open, Type::parse(word).unwrap_or(Type::Unknown));
        }
        self.push(TokenKind::Name, start);
    }

    /// A typed literal without its `)`: it ends with the line.
    fn unclosed_literal(&mut self, start: usize, open: usize, ty: Type) {
        let rest = &self.text[open..];
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        self.at = open + line.trim_end().len();
        self.report(Diagnostic::error(
            Code::Expected,
            Span::new(self.at, self.at),
            "expected `)`",
        ));
        self.push(TokenKind::Literal(Constant::Null(ty)), start);
    }

    /// `dynamic(...)`. What is wrong inside is reported at its place; where no bracket closes it, the text goes on there.
    fn dynamic(&mut self, start: usize, open: usize) {
        let close = if self.unclosed > MAX_UNCLOSED {
            None
        } else {
            literal::closing_parenthesis(self.text, open, Type::Dynamic)
        };
        if close.is_none() {
            self.unclosed += 1;
        }
        let end = match close {
            Some(close) => close,
            None if self.unclosed > MAX_UNCLOSED => open + 1,
            None => self.text.len(),
        };
        self.at = close.map_or(end, |close| close + 1);
        let constant = match literal::dynamic(&self.text[open + 1..end], self.nested + 1) {
            Ok(json) => {
                if self.nested == 0 {
                    self.repeated_keys(open + 1, end);
                }
                if close.is_none() {
                    let place = Span::new(end, end);
                    self.report(Diagnostic::error(Code::Expected, place, "expected `)`"));
                }
                Constant::Dynamic(json)
            }
            Err(trouble) => {
                let from = open + 1 + trouble.span.start as usize;
                let to = (open + 1 + trouble.span.end as usize).min(self.text.len());
                self.report(Diagnostic::error(
                    Code::Expected,
                    Span::new(from, to),
                    format!("expected {}", trouble.expected),
                ));
                if close.is_none() {
                    self.at = from;
                }
                Constant::Null(Type::Dynamic)
            }
        };
        self.push(TokenKind::Literal(constant), start);
    }

    /// Reports what `{...}` between these places names twice: only the last value counts.
    fn repeated_keys(&mut self, start: usize, end: usize) {
        for (first, again) in literal::repeated_keys(&self.text[start..end]) {
            let moved =
                |span: Span| Span::new(span.start as usize + start, span.end as usize + start);
            let message = "this property is already there; only the last value counts";
            let found = Diagnostic::warning(Code::Repeated, moved(again), message);
            self.report(found.first_at(Some(moved(first))));
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        if bytes[start] == b'0' && matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
            self.at = start + 2;
            while bytes.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                self.at += 1;
            }
            let value =
                u64::from_str_radix(&self.text[start + 2..self.at], 16).map(u64::cast_signed);
            return self.finish_number(start, value.ok().map(Constant::Long));
        }
        let mut end = digits(start);
        let mut real = false;
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1);
            real = true;
        } else if bytes.get(end) == Some(&b'.')
            && !bytes
                .get(end + 1)
                .is_some_and(|b| matches!(b, b'.' | b'_' | b'['))
            && !bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic)
        {
            // `1000.` is a real; `1..5` is a range.
            end += 1;
            real = true;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
                real = true;
            }
        }
        self.at = end;
        let number = &self.text[start..end];
        let unit_start = end;
        self.name_characters();
        let unit = &self.text[unit_start..self.at];
        let value = if unit.is_empty() {
            if real {
                number.parse().ok().map(Constant::Real)
            } else {
                number.parse().ok().map(Constant::Long)
            }
        } else if let Some(ticks) = literal::unit_ticks(unit) {
            literal::scale(number, ticks).map(Constant::TimeSpan)
        } else {
            // A name that begins with a digit, as column names may (`3PName`).
            if !real {
                return self.push(TokenKind::Name, start);
            }
            None
        };
        self.finish_number(start, value);
    }

    fn finish_number(&mut self, start: usize, value: Option<Constant>) {
        let constant = value.unwrap_or_else(|| {
            self.error(
                Code::BadLiteral,
                start,
                "this number does not fit or has an unknown unit",
            );
            Constant::Null(Type::Long)
        });
        self.push(TokenKind::Literal(constant), start);
    }

    fn string_ahead(&self) -> bool {
        let rest = self.rest();
        let rest = rest.strip_prefix(['h', 'H']).unwrap_or(rest);
        let rest = rest.strip_prefix('@').unwrap_or(rest);
        rest.starts_with(['"', '\'']) || rest.starts_with("```") || rest.starts_with("~~~")
    }

    fn string(&mut self) {
        let start = self.at;
        if self.rest().starts_with(['h', 'H']) {
            self.at += 1;
        }
        let verbatim = self.rest().starts_with('@');
        if verbatim {
            self.at += 1;
        }
        let fence = ["```", "~~~"]
            .into_iter()
            .find(|fence| self.rest().starts_with(fence));
        let (value, closed) = if let Some(fence) = fence {
            self.multi_line(fence)
        } else if verbatim {
            self.verbatim()
        } else {
            self.escaped(start)
        };
        if !closed {
            self.error(
                Code::UnterminatedString,
                start,
                "this string has no closing quote",
            );
        }
        self.push(TokenKind::Literal(Constant::String(value)), start);
    }

    fn multi_line(&mut self, fence: &str) -> (String, bool) {
        self.at += fence.len();
        let rest = self.rest();
        let (length, closed) = match rest.find(fence) {
            Some(at) => (at, true),
            None => (rest.len(), false),
        };
        let value = rest[..length].to_owned();
        self.at += length + if closed { fence.len() } else { 0 };
        (value, closed)
    }

    fn verbatim(&mut self) -> (String, bool) {
        let quote = self.rest().chars().next().unwrap_or('"');
        self.at += 1;
        let mut value = String::new();
        self.take_until([quote, quote, '\n', '\r'], &mut value);
        while let Some(c) = self.rest().chars().next() {
            if c == '\n' || c == '\r' {
                return (value, false);
            }
            self.at += c.len_utf8();
            if c == quote {
                if !self.rest().starts_with(quote) {
                    return (value, true);
                }
                self.at += 1;
            }
            value.push(c);
            self.take_until([quote, quote, '\n', '\r'], &mut value);
        }
        (value, false)
    }

    fn escaped(&mut self, start: usize) -> (String, bool) {
        let quote = self.rest().chars().next().unwrap_or('"');
        self.at += 1;
        let mut value = String::new();
        self.take_until([quote, '\\', '\n', '\r'], &mut value);
        while let Some(c) = self.rest().chars().next() {
            if c == '\n' || c == '\r' {
                return (value, false);
            }
            self.at += c.len_utf8();
            if c == quote {
                return (value, true);
            }
            let (decoded, length) = literal::escape(self.rest());
            self.at += length;
            match decoded {
                Some(c) => value.push(c),
                None => self.error(
                    Code::BadLiteral,
                    start,
                    "unknown escape sequence in this string",
                ),
            }
            self.take_until([quote, '\\', '\n', '\r'], &mut value);
        }
        (value, false)
    }
}
