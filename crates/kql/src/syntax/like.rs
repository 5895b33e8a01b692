//! `like` and its kin, which the language reads and its documentation does not mention.
//!
//! They are taken as in SQL, from where they come: `%` stands for any text, `_` for one character, and the whole value
//! has to match. The tree holds the regular expression that says the same.

use super::parser::Parser;
use super::tree::{Constant, Expr, ExprKind, Name};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Operator;
use crate::types::Span;
use std::rc::Rc;

/// Whether the operator negates and whether case counts; `None` for other words.
pub(super) fn operator(word: &str) -> Option<(bool, bool)> {
    match word {
        "like" => Some((false, false)),
        "notlike" => Some((true, false)),
        "likecs" => Some((false, true)),
        "notlikecs" => Some((true, true)),
        _ => None,
    }
}

impl Parser<'_> {
    /// The operator at the cursor and its right operand.
    pub(super) fn like(&mut self, left: Expr, at: Span, height: usize) -> Expr {
        let (negated, case) = operator(self.word(0)).unwrap_or_default();
        let word = self.word(0);
        let message = format!("`{word}` is not documented; it is read as in SQL, `%` for any text");
        self.report(
            Diagnostic::warning(Code::Suspicious, at, message)
                .hint("use `has`, `contains`, `startswith` or `matches regex`"),
        );
        self.advance();
        let pattern = self.unary();
        let flags = if case { "(?s)^" } else { "(?is)^" };
        let regex = match pattern.kind {
            ExprKind::Literal(Constant::String(text)) => Expr {
                kind: ExprKind::Literal(Constant::String(regex(&text, flags))),
                span: pattern.span,
            },
            _ => computed(pattern, flags),
        };
        let span = left.span.to(regex.span);
        let matched = self.join_operands(Operator::MatchesRegex, at, left, height, regex);
        if negated {
            call("not", vec![matched], span)
        } else {
            matched
        }
    }
}

/// The regular expression of a written pattern.
fn regex(pattern: &str, flags: &str) -> String {
    let mut out = flags.to_owned();
    for c in pattern.chars() {
        match c {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('$');
    out
}

/// The expression that makes the regular expression of a computed pattern.
fn computed(pattern: Expr, flags: &str) -> Expr {
    let span = pattern.span;
    let text = |text: &str| Expr {
        kind: ExprKind::Literal(Constant::String(text.to_owned())),
        span,
    };
    let quoted = call("regex_quote", vec![pattern], span);
    let any = call("replace_string", vec![quoted, text("%"), text(".*")], span);
    let one = call("replace_string", vec![any, text("_"), text(".")], span);
    call("strcat", vec![text(flags), one, text("$")], span)
}

fn call(name: &str, args: Vec<Expr>, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Call {
            receiver: None,
            name: Name {
                text: name.to_owned(),
                span,
            },
            args: args.into_iter().map(Rc::new).collect(),
        },
        span,
    }
}
