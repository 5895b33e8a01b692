//! The form compilers print: the message, the lines with marks under them, the hint.

use std::fmt::Write as _;

use super::{Diagnostic, Position, Severity, floor_boundary};
use crate::types::Span;

/// Marks on one line of the text.
struct Mark<'m> {
    line: usize,
    /// Screen columns, from 0; at least one wide.
    from: usize,
    to: usize,
    sign: &'static str,
    text: &'m str,
}

impl Diagnostic {
    /// Renders for a terminal, in the form compilers use. Control characters of the text are replaced, so that a
    /// hostile query cannot steer a terminal; a tab takes one column, a wide character two. Of a span over several
    /// lines the first and the last are shown. `name` is what the text is called, a file's name as a rule.
    #[must_use]
    pub fn render(&self, text: &str, name: &str) -> String {
        let lines: Vec<&str> = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
            .collect();
        let mut marks = Vec::new();
        let label = self.label.as_deref().unwrap_or("");
        add_marks(text, &lines, self.span, "^", label, &mut marks);
        for related in &self.related {
            add_marks(
                text,
                &lines,
                related.span,
                "-",
                &related.message,
                &mut marks,
            );
        }
        // The finding itself comes before what belongs to it on the same line.
        marks.sort_by_key(|mark| (mark.line, mark.sign == "-"));
        let last = marks.last().map_or(0, |mark| mark.line + 1);
        let gutter = " ".repeat(last.to_string().len());
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let position = Position::of(text, self.span.start as usize);
        let mut out = format!(
            "{severity}[{}]: {}\n{gutter}--> {}:{}:{}\n{gutter} |\n",
            self.code.id(),
            printable(&self.message),
            printable(name),
            position.line,
            position.column
        );
        write_lines(&mut out, &lines, &marks, &gutter);
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "help: {}", printable(hint));
        }
        out
    }
}

fn write_lines(out: &mut String, lines: &[&str], marks: &[Mark<'_>], gutter: &str) {
    let mut shown: Option<usize> = None;
    for mark in marks {
        if shown != Some(mark.line) {
            if shown.is_some_and(|line| line + 1 < mark.line) {
                let _ = writeln!(out, "{}...", &gutter[1..]);
            }
            let line = lines.get(mark.line).copied().unwrap_or("");
            let number = mark.line + 1;
            let width = gutter.len();
            let shown_line = format!("{number:>width$} | {}", printable(line));
            let _ = writeln!(out, "{}", shown_line.trim_end());
            shown = Some(mark.line);
        }
        let _ = write!(
            out,
            "{gutter} | {}{}",
            " ".repeat(mark.from),
            mark.sign.repeat(mark.to - mark.from)
        );
        if !mark.text.is_empty() {
            let _ = write!(out, " {}", printable(mark.text));
        }
        out.push('\n');
    }
}

/// The marks of a span: one line's, or those of its first and its last line.
fn add_marks<'m>(
    text: &str,
    lines: &[&str],
    span: Span,
    sign: &'static str,
    label: &'m str,
    marks: &mut Vec<Mark<'m>>,
) {
    let start = floor_boundary(text, span.start as usize);
    let mut end = floor_boundary(text, (span.end as usize).max(start));
    // What ends with a line's end does not reach into the next line.
    end = start + text[start..end].trim_end_matches(['\n', '\r']).len();
    let place = |offset: usize| {
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count(), width(&before[line_start..]))
    };
    let ((first, from), (last, to)) = (place(start), place(end));
    if first == last {
        let to = to.max(from + 1);
        marks.push(Mark {
            line: first,
            from,
            to,
            sign,
            text: label,
        });
        return;
    }
    let whole = lines.get(first).map_or(0, |line| width(line)).max(from + 1);
    marks.push(Mark {
        line: first,
        from,
        to: whole,
        sign,
        text: "",
    });
    let line = lines.get(last).copied().unwrap_or("");
    let indent = width(line) - width(line.trim_start());
    let from = indent.min(to.saturating_sub(1));
    let to = to.max(from + 1);
    marks.push(Mark {
        line: last,
        from,
        to,
        sign,
        text: label,
    });
}

/// Columns a terminal gives a text, as [`printable`] shows it.
fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of a character: Unicode Standard Annex 11 (East Asian Width), its wide and fullwidth ranges, and none for
/// marks that combine with the character before.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Tabs become one space, control characters and invisible ones the replacement character.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            // Bidirectional overrides reorder what a reader sees; characters without width hide in names.
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;

    fn rendered(text: &str, start: usize, end: usize) -> String {
        let found = Diagnostic::error(Code::Expected, Span::new(start, end), "wrong").label("here");
        found
            .render(text, "q")
            .lines()
            .skip(3)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn renders_like_a_compiler() {
        let text = "SigninLogs\n| where AcountName == \"admin\"";
        let span = Span::new(19, 29);
        let found = Diagnostic::error(Code::UnknownColumn, span, "unknown column `AcountName`")
            .label("not in table `SigninLogs`")
            .hint("did you mean `AccountName`?");
        assert_eq!(
            found.render(text, "query.kql"),
            "error[KQL0204]: unknown column `AcountName`\n --> query.kql:2:9\n  |\n2 | | where AcountName == \"admin\"\n  |         ^^^^^^^^^^ not in table `SigninLogs`\nhelp: did you mean `AccountName`?\n"
        );
    }

    #[test]
    fn escapes_control_characters() {
        let found = Diagnostic::error(Code::UnexpectedCharacter, Span::new(0, 1), "unexpected");
        let shown = found.render("\u{1b}[2J\u{202e}\u{200b}", "q\u{7}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{7}']));
    }

    #[test]
    fn marks_stand_under_what_they_mark_behind_tabs_and_wide_characters() {
        assert_eq!(rendered("\tab", 1, 3), "1 |  ab\n  |  ^^ here");
        assert_eq!(
            rendered("'日本' x", 9, 10),
            "1 | '日本' x\n  |        ^ here"
        );
    }

    #[test]
    fn the_end_of_the_text_has_a_mark() {
        assert_eq!(rendered("ab", 2, 2), "1 | ab\n  |   ^ here");
        assert_eq!(rendered("ab\n", 3, 3), "2 |\n  | ^ here");
        assert_eq!(rendered("ab", 90, 99), "1 | ab\n  |   ^ here");
    }

    #[test]
    fn of_a_span_over_lines_the_first_and_last_are_shown() {
        assert_eq!(
            rendered("a bc\nd\n  ef g", 2, 11),
            "1 | a bc\n  |   ^^\n ...\n3 |   ef g\n  |   ^^ here".replace(" ...", "...")
        );
    }

    #[test]
    fn related_places_stand_in_the_order_of_the_text() {
        let found = Diagnostic::error(
            Code::Duplicate,
            Span::new(9, 10),
            "a column `a` is already there",
        )
        .related(Span::new(0, 1), "first declared here")
        .related(Span::new(7, 8), "and here");
        assert_eq!(
            found.render("a\nb\nc\n a a", "q"),
            "error[KQL0213]: a column `a` is already there\n --> q:4:4\n  |\n1 | a\n  | - first declared here\n...\n4 |  a a\n  |    ^\n  |  - and here\n"
        );
    }
}
