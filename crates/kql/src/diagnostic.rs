//! Diagnostics: stable codes, byte spans, hints, and their rendering for terminals and JSON.

use std::fmt::Write as _;

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

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*) => {
        /// Every diagnostic's stable code. A code never changes meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// The code as printed, `KQL0204`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// All codes.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];
        }
    };
}

codes! {
    /// A character that starts no token.
    UnexpectedCharacter = "KQL0001";
    /// A string without its closing quote.
    UnterminatedString = "KQL0002";
    /// A number, datetime, timespan or guid that cannot be read.
    BadLiteral = "KQL0003";
    /// Something else was expected here.
    Expected = "KQL0004";
    /// An operator after `|` that does not exist.
    UnknownOperator = "KQL0005";
    /// The text is longer than the limit.
    TooLong = "KQL0006";
    /// Nested more deeply than the limit.
    TooDeep = "KQL0007";
    /// No query in the text.
    EmptyQuery = "KQL0008";
    /// A value or option this place does not allow.
    BadOption = "KQL0009";
    /// A name that is no column, variable, table or function.
    UnknownName = "KQL0203";
    /// A column the table does not have.
    UnknownColumn = "KQL0204";
    /// A table that is not in the catalog.
    UnknownTable = "KQL0205";
    /// A function that does not exist.
    UnknownFunction = "KQL0206";
    /// A plugin that does not exist.
    UnknownPlugin = "KQL0207";
    /// Wrong number of arguments.
    ArgumentCount = "KQL0208";
    /// An argument or operand of the wrong type.
    TypeMismatch = "KQL0209";
    /// An aggregate outside `summarize`, or a scalar function where an aggregate is needed.
    AggregateMisplaced = "KQL0210";
    /// A table where a scalar is needed.
    ScalarExpected = "KQL0211";
    /// A scalar where a table is needed.
    TableExpected = "KQL0212";
    /// Two columns, parameters or variables of one name.
    Duplicate = "KQL0213";
    /// A window function over rows without an order.
    NotSerialized = "KQL0214";
    /// A constant is needed here.
    ConstantExpected = "KQL0215";
    /// Inlining functions and tables makes the query too large, or a function calls itself.
    TooLarge = "KQL0216";
    /// A stored function's own text has errors.
    BrokenFunction = "KQL0217";
    /// Cells of `datatable` that do not fill rows.
    DatatableShape = "KQL0218";
    /// A join or lookup condition that cannot be used.
    JoinCondition = "KQL0219";
    /// Something this version does not support.
    Unsupported = "KQL0220";
    /// A result of a query is needed, but only statements are there.
    NoResult = "KQL0221";
    /// A comparison that is always false or true.
    Suspicious = "KQL0301";
    /// Deprecated spelling.
    Deprecated = "KQL0302";
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

    /// True for an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The shape of `kql check` and of the HTTP API, with line and column (both from 1, column in characters).
    #[must_use]
    pub fn to_json(&self, text: &str) -> DiagnosticJson {
        let position = Position::of(text, self.span.start as usize);
        DiagnosticJson {
            code: self.code.id(),
            severity: self.severity,
            message: self.message.clone(),
            start: self.span.start,
            end: self.span.end,
            line: position.line,
            column: position.column,
            hint: self.hint.clone(),
        }
    }

    /// Renders for a terminal, in the form compilers use. Control characters of the text are replaced, so that a
    /// hostile query cannot steer a terminal.
    #[must_use]
    pub fn render(&self, text: &str, name: &str) -> String {
        let start = floor_boundary(text, self.span.start as usize);
        let position = Position::of(text, start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = &text[line_start..line_end];
        let end = floor_boundary(text, self.span.end as usize).clamp(start, line_end);
        let marks = text[start..end].chars().count().max(1);
        let number = position.line.to_string();
        let gutter = " ".repeat(number.len());
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out = format!(
            "{severity}[{}]: {}\n",
            self.code.id(),
            printable(&self.message)
        );
        let _ = writeln!(
            out,
            "{gutter}--> {name}:{}:{}",
            position.line, position.column
        );
        let _ = writeln!(out, "{gutter} |");
        let _ = writeln!(out, "{number} | {}", printable(line));
        let _ = write!(
            out,
            "{gutter} | {}{}",
            " ".repeat(position.column as usize - 1),
            "^".repeat(marks)
        );
        if let Some(label) = &self.label {
            let _ = write!(out, " {}", printable(label));
        }
        out.push('\n');
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "help: {}", printable(hint));
        }
        out
    }
}

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
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX - 1) + 1;
        Self {
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
        }
    }
}

/// The nearest character boundary at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Tabs become one space (columns count characters), other control characters the replacement character.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            // Bidirectional overrides reorder what a reader sees.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Adds a finding to a list that is not to grow beyond `limit`. What there is too much of must not hide an error.
pub(crate) fn keep(found: Diagnostic, list: &mut Vec<Diagnostic>, limit: usize) {
    let first_error = || found.is_error() && !list.iter().any(Diagnostic::is_error);
    if list.len() < limit || first_error() {
        list.push(found);
    }
}

/// The candidate closest to `name`, if it is close enough to be what was meant; the first of several.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 128 {
        return None;
    }
    let name: Vec<char> = lower(name).collect();
    let letters = letters(&name);
    // Only less than this is of interest.
    let mut limit = (name.len() / 3).clamp(1, 4) + 1;
    let mut found = None;
    let (mut other, mut row) = (Vec::new(), Vec::new());
    for candidate in candidates {
        if candidate.len() > 256 {
            continue;
        }
        other.clear();
        other.extend(lower(candidate));
        // Every letter of the name that the other one lacks is an edit: most candidates fall here.
        let missing = letters & !self::letters(&other);
        let apart = (missing.count_ones() as usize).max(name.len().abs_diff(other.len()));
        if apart < limit
            && let Some(distance) = distance_below(limit, &name, &other, &mut row)
        {
            (limit, found) = (distance, Some(candidate));
            if distance == 0 {
                break;
            }
        }
    }
    found
}

fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| c.to_ascii_lowercase())
}

/// The set of letters, several letters to a bit.
fn letters(text: &[char]) -> u64 {
    text.iter()
        .fold(0, |set, letter| set | 1 << (*letter as u32 % 64))
}

/// The Levenshtein distance if it is less than `limit`. Only the middle of the table matters for that.
fn distance_below(limit: usize, a: &[char], b: &[char], row: &mut Vec<usize>) -> Option<usize> {
    row.clear();
    row.extend(0..=b.len());
    for (i, ca) in a.iter().enumerate() {
        let from = (i + 1).saturating_sub(limit);
        let to = (i + 1 + limit).min(b.len());
        let mut diagonal = *row.get(from)?;
        // What lies outside of the middle is at least the limit.
        let mut left = if from == 0 { i + 1 } else { limit };
        let mut least = left;
        *row.get_mut(from)? = left;
        for (cell, cb) in row.get_mut(from + 1..=to)?.iter_mut().zip(b.get(from..to)?) {
            let replace = diagonal + usize::from(ca != cb);
            diagonal = *cell;
            left = replace.min(left + 1).min(diagonal + 1);
            *cell = left;
            least = least.min(left);
        }
        if least >= limit {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_like_a_compiler() {
        let text = "SigninLogs\n| where AcountName == \"admin\"";
        let found = Diagnostic::error(
            Code::UnknownColumn,
            Span::new(19, 29),
            "unknown column `AcountName`",
        )
        .label("not in table `SigninLogs`")
        .hint("did you mean `AccountName`?");
        assert_eq!(
            found.render(text, "query.kql"),
            "error[KQL0204]: unknown column `AcountName`\n --> query.kql:2:9\n  |\n2 | | where AcountName == \"admin\"\n  |         ^^^^^^^^^^ not in table `SigninLogs`\nhelp: did you mean `AccountName`?\n"
        );
    }

    #[test]
    fn escapes_control_characters() {
        let found = Diagnostic::error(
            Code::UnexpectedCharacter,
            Span::new(0, 1),
            "unexpected character",
        );
        assert!(!found.render("\u{1b}[2J", "q").contains('\u{1b}'));
    }

    #[test]
    fn suggests_only_near_names() {
        assert_eq!(
            closest("AcountName", ["Account", "AccountName", "Zzz"]),
            Some("AccountName")
        );
        assert_eq!(closest("Xyz", ["AccountName"]), None);
    }

    /// The whole table.
    fn distance(a: &str, b: &str) -> usize {
        let (a, b): (Vec<char>, Vec<char>) = (lower(a).collect(), lower(b).collect());
        let mut above: Vec<usize> = (0..=b.len()).collect();
        for (i, ca) in a.iter().enumerate() {
            let mut row = vec![i + 1];
            for (j, cb) in b.iter().enumerate() {
                let replace = above[j] + usize::from(ca != cb);
                row.push(replace.min(above[j + 1] + 1).min(row[j] + 1));
            }
            above = row;
        }
        above[b.len()]
    }

    #[test]
    fn near_is_what_few_edits_lead_to() {
        let words = [
            "a",
            "ab",
            "ba",
            "abc",
            "account",
            "Acount",
            "AccountName",
            "NameAccount",
            "AcountNam",
            "TimeGenerated",
            "Timegenerated1",
            "TimeStamp",
            "tijmgeneratedd",
            "xTimeGenerated",
            "zürich",
            "zurich",
            "Zürichs",
        ];
        for name in words {
            let limit = (name.chars().count() / 3).clamp(1, 4);
            for other in words {
                let near = distance(name, other) <= limit;
                assert_eq!(closest(name, [other]).is_some(), near, "{name} {other}");
            }
            let others = words.iter().copied().filter(|word| *word != name);
            let expected = others
                .clone()
                .map(|word| (distance(name, word), word))
                .filter(|(distance, _)| *distance <= limit)
                .min_by_key(|(distance, _)| *distance);
            assert_eq!(closest(name, others), expected.map(|(_, word)| word));
        }
    }
}
