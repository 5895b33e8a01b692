//! The printer: a text in the house style of published Sentinel queries.
//!
//! It works on tokens and brackets, not on the tree, so that nothing can get lost: [`pieces`] reads the tokens with
//! the comments round them, [`role`] finds out what each is in its context, [`space`] where blanks go, [`layout`] and
//! [`list`] decide where lines break, and [`printer`] writes. What the printer knows of each query operator is in [`operators`]. The parser only judges
//! whether the text may be touched.

mod layout;
mod list;
mod operators;
mod pieces;
mod printer;
mod role;
mod space;

use crate::diagnostic::Diagnostic;
use crate::syntax::lexer::{TokenKind, lex};
use crate::syntax::parser::{MAX_DEPTH, parse};
use crate::syntax::tree::Constant;

use printer::Printer;

/// How to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatOptions {
    /// Columns a line may take, where a line can be broken at all. Comments at its end do not count.
    pub width: usize,
    /// Columns of one step of indentation.
    pub indent: usize,
}

impl Default for FormatOptions {
    fn default() -> Self {
        Self {
            width: 120,
            indent: 4,
        }
    }
}

/// A text as [`format`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// The text; as it was when [`Self::diagnostics`] is not empty.
    pub text: String,
    /// The syntax errors for which the text was left alone.
    pub diagnostics: Vec<Diagnostic>,
}

/// Prints a text in the house style: one operator a line, lists and subqueries broken where they do not fit.
///
/// Only blanks and line ends change: every token stays as it is written and in its order, and so do the comments. An
/// author's blank line stays between statements, before an operator and before a comment; none is added, as some query
/// windows take one for the end of the query. The result ends with a line end unless it is empty, has `\n` for line
/// ends outside of strings, and is what printing it again gives. A text with a syntax error is returned unchanged, as
/// breaking lines by a guess would hide the mistake; so is one with unmatched brackets in a statement that the parser
/// passes over (`alias`).
///
/// A `datatable` of several columns and rows is printed as a table even where it would fit on one line.
#[must_use]
pub fn format(text: &str, options: &FormatOptions) -> Formatted {
    let mut diagnostics = parse(text).diagnostics;
    diagnostics.retain(Diagnostic::is_error);
    let printed = if diagnostics.is_empty() {
        print(text, options)
    } else {
        None
    };
    Formatted {
        text: printed.unwrap_or_else(|| text.to_owned()),
        diagnostics,
    }
}

/// The printed text; `None` where brackets that the parser passes over do not match.
fn print(text: &str, options: &FormatOptions) -> Option<String> {
    let mut pieces = pieces::read(text);
    pieces::pair(&mut pieces, MAX_DEPTH + pieces::MAX_DATA_DEPTH)?;
    role::assign(&mut pieces);
    space::assign(&mut pieces);
    let mut printer = Printer::new(&pieces, options);
    printer.text();
    let printed = printer.finish();
    // Nobody reads a diff of their rules for lost tokens, so this is not left to tests alone.
    same_tokens(text, &printed).then_some(printed)
}

/// True when two texts have the same tokens; blanks inside `dynamic(...)` are none.
fn same_tokens(left: &str, right: &str) -> bool {
    let (a, b) = (lex(left, &mut Vec::new()), lex(right, &mut Vec::new()));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| {
            let free = matches!(&a.kind, TokenKind::Literal(Constant::Dynamic(_)));
            let same = left.get(a.span.range()) == right.get(b.span.range());
            // Not a number is not even itself.
            same || (free && a.kind == b.kind)
        })
}
