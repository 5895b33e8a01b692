//! Warnings: constants that are no regular expression. Kusto's syntax is the one of Rust's `regex` with octal codes
//! ("Regex syntax" in the Kusto reference).

use regex_syntax::{Error, ParserBuilder};

use super::Binder;
use crate::diagnostic::{Code, Diagnostic};
use crate::functions::{Known, Parameter};
use crate::plan::{Expr, ExprKind, Literal};
use crate::syntax::literal::place_in_string;
use crate::types::Span;

/// Patterns that are longer are left to the engine, which limits what they compile to.
const LOOKED_INTO: usize = 1 << 14;

impl Binder<'_> {
    /// Looks at the arguments of a function that takes a regular expression.
    pub(super) fn lint_patterns(
        &mut self,
        known: &Known,
        args: &[Expr],
        parameters: &[&Parameter],
    ) {
        for (at, (arg, parameter)) in args.iter().zip(parameters).enumerate() {
            let pattern = match known.function.name {
                "indexof_regex" => at == 1,
                "countof" => at == 1 && args.get(2).and_then(text) == Some("regex"),
                _ => matches!(parameter.name.as_str(), "regex" | "lookup_regex"),
            };
            if pattern {
                self.lint_regex(arg);
            }
        }
    }

    /// Looks at a regular expression, where it is a constant.
    pub(super) fn lint_regex(&mut self, pattern: &Expr) {
        if let Some(found) = text(pattern) {
            self.lint_regex_text(found, pattern.span);
        }
    }

    /// The same for the text of a constant at `span`.
    pub(super) fn lint_regex_text(&mut self, pattern: &str, span: Span) {
        if self.muted > 0 || pattern.len() > LOOKED_INTO {
            return;
        }
        if !self.patterns.insert((span, pattern.to_owned())) {
            return;
        }
        let Err(error) = ParserBuilder::new().octal(true).build().parse(pattern) else {
            return;
        };
        let (reason, place) = match &error {
            Error::Parse(error) => (error.kind().to_string(), error.span()),
            Error::Translate(error) => (error.kind().to_string(), error.span()),
            _ => return,
        };
        let at = self.place_of(pattern, (place.start.offset, place.end.offset), span);
        let message = format!("not a valid regular expression: {reason}");
        self.report(Diagnostic::warning(Code::InvalidRegex, at, message));
    }

    /// The part of a string literal at `span` that gives these bytes of its value; all of it if it is none.
    fn place_of(&self, value: &str, (from, to): (usize, usize), span: Span) -> Span {
        let inside = || {
            let raw = self.text.get(span.range())?;
            let place = |offset| place_in_string(raw, value, offset);
            let (from, to) = (place(from)?, place(to)?);
            let start = span.start as usize;
            Some(Span::new(start + from, start + to.max(from + 1)))
        };
        inside().unwrap_or(span)
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}
