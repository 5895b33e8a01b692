//! Diagnostics for programs: the shape of `kql check` and of the HTTP API, and the one of the Language Server Protocol
//! 3.17 for editors.

use serde::Serialize;

use super::{Code, Diagnostic, Position, Severity, floor_boundary, number};
use crate::types::Span;

/// A diagnostic as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosticJson {
    /// Code.
    pub code: &'static str,
    /// Severity.
    pub severity: Severity,
    /// Message.
    pub message: String,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedJson>,
}

/// A related place as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelatedJson {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is there.
    pub message: String,
}

/// A place in a document: `Position` of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EditorPosition {
    /// Line, from 0.
    pub line: u32,
    /// UTF-16 code units from the line's start.
    pub character: u32,
}

/// `Range` of the protocol: the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EditorRange {
    /// Start.
    pub start: EditorPosition,
    /// End.
    pub end: EditorPosition,
}

/// `Location` of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditorLocation {
    /// The document, which only the caller knows: empty until [`EditorDiagnostic::in_document`].
    pub uri: String,
    /// Where in it.
    pub range: EditorRange,
}

/// `DiagnosticRelatedInformation` of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditorRelated {
    /// Where.
    pub location: EditorLocation,
    /// What is there.
    pub message: String,
}

/// `Diagnostic` of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EditorDiagnostic {
    /// Where.
    pub range: EditorRange,
    /// 1 for an error, 2 for a warning (`DiagnosticSeverity`).
    pub severity: u8,
    /// Code.
    pub code: &'static str,
    /// Always `kql`.
    pub source: &'static str,
    /// Message; the hint is its second line.
    pub message: String,
    /// 2 for something deprecated, which editors strike out (`DiagnosticTag`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<u8>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_information: Vec<EditorRelated>,
}

impl EditorDiagnostic {
    /// Names the document that the related places are in.
    #[must_use]
    pub fn in_document(mut self, uri: &str) -> Self {
        for related in &mut self.related_information {
            uri.clone_into(&mut related.location.uri);
        }
        self
    }
}

impl Diagnostic {
    /// The shape of `kql check` and of the HTTP API, with line and column (both from 1, column in characters).
    #[must_use]
    pub fn to_json(&self, text: &str) -> DiagnosticJson {
        let position = Position::of(text, self.span.start as usize);
        let related = self.related.iter().map(|related| {
            let position = Position::of(text, related.span.start as usize);
            RelatedJson {
                start: related.span.start,
                end: related.span.end,
                line: position.line,
                column: position.column,
                message: related.message.clone(),
            }
        });
        DiagnosticJson {
            code: self.code.id(),
            severity: self.severity,
            message: self.message.clone(),
            start: self.span.start,
            end: self.span.end,
            line: position.line,
            column: position.column,
            hint: self.hint.clone(),
            related: related.collect(),
        }
    }

    /// The shape of the Language Server Protocol.
    #[must_use]
    pub fn to_editor(&self, text: &str) -> EditorDiagnostic {
        let related = self.related.iter().map(|related| EditorRelated {
            location: EditorLocation {
                uri: String::new(),
                range: range(text, related.span),
            },
            message: related.message.clone(),
        });
        let hint = self.hint.as_ref().map(|hint| format!("\n{hint}"));
        EditorDiagnostic {
            range: range(text, self.span),
            severity: match self.severity {
                Severity::Error => 1,
                Severity::Warning => 2,
            },
            code: self.code.id(),
            source: "kql",
            message: format!("{}{}", self.message, hint.unwrap_or_default()),
            tags: if self.code == Code::Deprecated {
                vec![2]
            } else {
                Vec::new()
            },
            related_information: related.collect(),
        }
    }
}

fn range(text: &str, span: Span) -> EditorRange {
    let position = |offset: u32| {
        let before = &text[..floor_boundary(text, offset as usize)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        EditorPosition {
            line: number(before.matches('\n').count()),
            character: number(before[line_start..].encode_utf16().count()),
        }
    };
    EditorRange {
        start: position(span.start),
        end: position(span.end.max(span.start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_count_utf16_units_from_zero() {
        let text = "T\n| where s == '😀' and b";
        let at = text.find("and").unwrap_or(0);
        let found = Diagnostic::warning(Code::Deprecated, Span::new(at, at + 3), "old")
            .hint("new")
            .related(Span::new(0, 1), "of this");
        let json = serde_json::to_value(found.to_editor(text).in_document("file:///q.kql"));
        assert_eq!(
            json.unwrap_or_default(),
            serde_json::json!({
                "range": {"start": {"line": 1, "character": 18}, "end": {"line": 1, "character": 21}},
                "severity": 2, "code": "KQL0302", "source": "kql", "message": "old\nnew", "tags": [2],
                "relatedInformation": [{
                    "location": {
                        "uri": "file:///q.kql",
                        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
                    },
                    "message": "of this"
                }]
            })
        );
    }

    #[test]
    fn json_has_related_places_only_where_there_are_some() {
        let found = Diagnostic::error(Code::Duplicate, Span::new(2, 3), "again");
        let json = serde_json::to_value(found.to_json("a\na")).unwrap_or_default();
        assert!(json.get("related").is_none() && json.get("hint").is_none());
        let found = found.related(Span::new(0, 1), "first");
        let json = serde_json::to_value(found.to_json("a\na")).unwrap_or_default();
        let first =
            serde_json::json!([{"start": 0, "end": 1, "line": 1, "column": 1, "message": "first"}]);
        assert_eq!(json["related"], first);
    }
}
