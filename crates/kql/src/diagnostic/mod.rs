//! Diagnostics: stable codes, byte spans with related places, hints, and their forms for terminals, JSON and editors.
//!
//! - `code`: every code with its documentation and an example; the one place where a code is declared.
//! - `render`: the form compilers print.
//! - `json`: the form of `kql check` and of the HTTP API, and the one of the Language Server Protocol.
//! - `foreign`: what words of other query languages are called here.
//! - `suggest`: "did you mean".

mod code;
pub(crate) mod foreign;
mod json;
mod render;
mod suggest;

pub use code::Code;
pub use json::{
    DiagnosticJson, EditorDiagnostic, EditorLocation, EditorPosition, EditorRange, EditorRelated,
    RelatedJson,
};
pub use suggest::closest;

use serde::Serialize;

use crate::types::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Kusto accepts it, but it is surely a mistake.
    Warning,
    /// The query cannot run.
    Error,
}

/// Another place that has to do with a finding: where the name was declared first, the bracket was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where, in bytes of the text.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Code.
    pub code: Code,
    /// Severity.
    pub severity: Severity,
    /// Short message, lower case, names in backticks.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Span,
    /// Short text under the span's marks.
    pub label: Option<String>,
    /// What to do, on its own line.
    pub hint: Option<String>,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            label: None,
            hint: None,
            related: Vec::new(),
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    /// With a text under the marks.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a hint at the candidate that is nearest to `name`, if one is near.
    #[must_use]
    pub fn near<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match suggest::did_you_mean(name, candidates) {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// With another place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related {
            span,
            message: message.into(),
        });
        self
    }

    /// With the place that has the name already, where there is one in the text.
    #[must_use]
    pub(crate) fn first_at(self, first: Option<Span>) -> Self {
        match first {
            Some(first) if first != self.span => self.related(first, "first defined here"),
            _ => self,
        }
    }

    /// True for an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A place in a text, both numbers from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

impl Position {
    /// The position of a byte offset (cut to the text and to a character's start).
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..floor_boundary(text, offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: number(before.matches('\n').count()).saturating_add(1),
            column: number(before[line_start..].chars().count()).saturating_add(1),
        }
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The nearest character boundary at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Adds a finding to a list that is not to grow beyond `limit`. What there is too much of must not hide an error.
pub(crate) fn keep(found: Diagnostic, list: &mut Vec<Diagnostic>, limit: usize) {
    let first_error = || found.is_error() && !list.iter().any(Diagnostic::is_error);
    if list.len() < limit || first_error() {
        list.push(found);
    }
}
