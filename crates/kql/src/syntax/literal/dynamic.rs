//! The inside of `dynamic(...)`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use super::time::{print_datetime, print_timespan};
use crate::diagnostic::Diagnostic;
use crate::syntax::lexer::{Token, TokenKind, lex_inside};
use crate::syntax::tree::Constant;
use crate::types::Span;

/// Deepest nesting of a `dynamic` literal.
const MAX_DYNAMIC_DEPTH: usize = 100;

/// What is wrong with the inside of `dynamic(...)`.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::syntax) struct Trouble {
    /// Where, in bytes of that text.
    pub(in crate::syntax) span: Span,
    /// What was expected there.
    pub(in crate::syntax) expected: &'static str,
}

/// JSON text of the inside of `dynamic(...)`: JSON, with KQL's strings and typed literals as values. `nested` says of
/// how many `dynamic(`s this is the inside.
pub(in crate::syntax) fn dynamic(content: &str, nested: usize) -> Result<String, Trouble> {
    if let Ok(value) = serde_json::from_str::<Value>(content) {
        return Ok(value.to_string());
    }
    let mut found = Vec::new();
    let tokens = lex_inside(content, &mut found, nested);
    if let Some(found) = found.iter().find(|found| found.is_error()) {
        return Err(Trouble {
            span: found.span,
            expected: "a literal that can be read",
        });
    }
    let mut reader = DynamicReader {
        tokens: &tokens,
        text: content,
        at: 0,
    };
    let value = reader.value(0)?;
    if reader.at + 1 != tokens.len() {
        return Err(reader.expected("`)`"));
    }
    Ok(value.to_string())
}

/// Keys that an object of the text repeats: where each stands first, and where again.
pub(in crate::syntax) fn repeated_keys(content: &str) -> Vec<(Span, Span)> {
    let mut repeated = Vec::new();
    if !content.contains('{') {
        return repeated;
    }
    let mut found = Vec::new();
    // JSON's own escapes are none of KQL's: what cannot be read so is not looked into.
    let tokens = lex_inside(content, &mut found, 1);
    if found.iter().any(Diagnostic::is_error) {
        return repeated;
    }
    let mut objects: Vec<HashMap<&str, Span>> = Vec::new();
    for pair in tokens.windows(2) {
        let [token, next] = pair else { continue };
        match &token.kind {
            TokenKind::Punctuation("{") => objects.push(HashMap::new()),
            TokenKind::Punctuation("}") => {
                objects.pop();
            }
            TokenKind::Literal(Constant::String(key))
                if matches!(next.kind, TokenKind::Punctuation(":")) =>
            {
                let Some(keys) = objects.last_mut() else {
                    continue;
                };
                match keys.entry(key) {
                    Entry::Occupied(first) => repeated.push((*first.get(), token.span)),
                    Entry::Vacant(place) => {
                        place.insert(token.span);
                    }
                }
            }
            _ => {}
        }
    }
    repeated
}

struct DynamicReader<'a> {
    tokens: &'a [Token],
    text: &'a str,
    at: usize,
}

impl DynamicReader<'_> {
    fn at(&self, punctuation: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(t) if matches!(t.kind, TokenKind::Punctuation(p) if p == punctuation))
    }

    fn eat(&mut self, punctuation: &str) -> bool {
        let hit = self.at(punctuation);
        self.at += usize::from(hit);
        hit
    }

    fn expected(&self, what: &'static str) -> Trouble {
        let end = Span::new(self.text.len(), self.text.len() + 1);
        let span = self.tokens.get(self.at).map_or(end, |token| token.span);
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let last = before.map_or(span.start, |token| token.span.end);
        Trouble {
            span: match span {
                // A token that stands apart is not the one at fault.
                span if span.start > last + 1 => Span {
                    start: last,
                    end: last,
                },
                span if span.start == end.start => end,
                span => span,
            },
            expected: what,
        }
    }

    /// A value is missing behind the token before.
    fn absent(&self) -> Trouble {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let end = before.map_or(0, |token| token.span.end);
        Trouble {
            span: Span { start: end, end },
            expected: "a value",
        }
    }

    /// Items with commas between them, up to a closing bracket.
    fn items(
        &mut self,
        close: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        if self.eat(close) {
            return Ok(());
        }
        loop {
            read(self)?;
            if self.eat(close) {
                return Ok(());
            }
            if !self.eat(",") {
                return Err(self.expected(if close == "]" {
                    "`,` or `]`"
                } else {
                    "`,` or `}`"
                }));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Trouble> {
        if depth > MAX_DYNAMIC_DEPTH {
            return Err(self.expected("fewer brackets"));
        }
        if self.eat("[") {
            let mut list = Vec::new();
            self.items("]", |reader| {
                list.push(reader.value(depth + 1)?);
                Ok(())
            })?;
            return Ok(Value::Array(list));
        }
        if self.eat("{") {
            let mut map = serde_json::Map::new();
            self.items("}", |reader| {
                let key = reader.key()?;
                let value = reader.value(depth + 1)?;
                map.insert(key, value);
                Ok(())
            })?;
            return Ok(Value::Object(map));
        }
        let sign = self.expected("a value");
        let negative = self.eat("-");
        let value = match self
            .tokens
            .get(self.at)
            .map(|token| (&token.kind, token.span))
        {
            Some((TokenKind::Literal(constant), _)) => constant_json(constant, negative),
            Some((TokenKind::Name, span)) if self.text.get(span.range()) == Some("null") => {
                (!negative).then_some(Value::Null)
            }
            _ => None,
        };
        match value {
            Some(Value::String(mut text)) => {
                self.at += 1;
                // Adjacent strings are one string.
                while let Some(TokenKind::Literal(Constant::String(more))) =
                    self.tokens.get(self.at).map(|token| &token.kind)
                {
                    text.push_str(more);
                    self.at += 1;
                }
                Ok(Value::String(text))
            }
            Some(value) => {
                self.at += 1;
                Ok(value)
            }
            None if negative => Err(sign),
            None => Err(self.absent()),
        }
    }

    fn key(&mut self) -> Result<String, Trouble> {
        let Some(TokenKind::Literal(Constant::String(key))) =
            self.tokens.get(self.at).map(|token| &token.kind)
        else {
            return Err(self.expected("a quoted name"));
        };
        let key = key.clone();
        self.at += 1;
        if !self.eat(":") {
            return Err(self.expected("`:`"));
        }
        Ok(key)
    }
}

/// A literal as a value; `None` where a sign stands before what has none.
fn constant_json(constant: &Constant, negative: bool) -> Option<Value> {
    Some(match constant {
        Constant::Null(_)
        | Constant::Bool(_)
        | Constant::String(_)
        | Constant::Guid(_)
        | Constant::DateTime(_)
        | Constant::Dynamic(_)
            if negative =>
        {
            return None;
        }
        Constant::Null(_) => Value::Null,
        Constant::Bool(b) => Value::Bool(*b),
        Constant::Int(n) => Value::from(if negative {
            -i64::from(*n)
        } else {
            i64::from(*n)
        }),
        Constant::Long(n) => Value::from(if negative { n.checked_neg()? } else { *n }),
        Constant::Real(r) => Value::from(if negative { -r } else { *r }),
        Constant::Decimal(s) | Constant::String(s) | Constant::Guid(s) => Value::String(s.clone()),
        Constant::Dynamic(json) => serde_json::from_str(json).ok()?,
        Constant::DateTime(ticks) => Value::String(print_datetime(*ticks)),
        Constant::TimeSpan(ticks) => {
            Value::String(print_timespan(if negative { -ticks } else { *ticks }))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_takes_kql_literals() {
        assert_eq!(
            dynamic("['a', datetime(2020-01-01), -1]", 1)
                .ok()
                .as_deref(),
            Some(r#"["a","2020-01-01T00:00:00.0000000Z",-1]"#)
        );
        assert!(dynamic("{'a': [1,]}", 1).is_err());
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let place = |text: &str| dynamic(text, 1).map_err(|trouble| trouble.span.range());
        assert_eq!(place("[1 2]"), Err(3..4));
        assert_eq!(place("[1,]"), Err(3..3));
        assert_eq!(place("{'a':1"), Err(6..7));
        assert_eq!(place("[-]"), Err(1..2));
        assert_eq!(place(""), Err(0..0));
        assert_eq!(place("[1], 2"), Err(3..4));
    }
}
