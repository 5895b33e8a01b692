//! What printing may not change.

use kql::syntax::lexer::{Token, TokenKind, lex};
use kql::syntax::trivia::{Element, TriviaKind, elements};
use kql::{FormatOptions, Formatted, format};

/// Everything that has to hold of any text and what it became.
pub(crate) fn check(text: &str, result: &Formatted, options: &FormatOptions) {
    if !result.diagnostics.is_empty() {
        assert_eq!(result.text, text, "a broken text is left alone");
    } else if !text.ends_with('\n') && !result.text.is_empty() {
        assert!(result.text.ends_with('\n'), "not printed\n{text}");
    }
    assert_eq!(tokens(&result.text), tokens(text), "tokens of\n{text}");
    assert_eq!(
        comments(&result.text),
        comments(text),
        "comments of\n{text}"
    );
    assert_eq!(tree(&result.text), tree(text), "tree of\n{text}");
    let again = format(&result.text, options);
    assert_eq!(again.text, result.text, "printed twice\n{text}");
    assert!(
        blank_lines(&result.text) <= blank_lines(text),
        "blank lines of\n{text}"
    );
}

/// Tokens as kind and text; those inside `dynamic(...)` one by one.
fn tokens(text: &str) -> Vec<String> {
    let inside = |token: &Token| -> String {
        let slice = &text[token.span.range()];
        match slice.strip_prefix("dynamic") {
            Some(rest) if token.kind != TokenKind::Name => lex(rest, &mut Vec::new())
                .iter()
                .map(|token| format!(" {}", &rest[token.span.range()]))
                .collect(),
            _ => slice.to_owned(),
        }
    };
    lex(text, &mut Vec::new())
        .iter()
        .map(|token| format!("{:?} {}", token.kind, inside(token)))
        .collect()
}

fn comments(text: &str) -> Vec<&str> {
    let comment = |element: &Element| match element {
        Element::Trivia(trivia) if trivia.kind == TriviaKind::Comment => {
            Some(text[trivia.span.range()].trim_end())
        }
        _ => None,
    };
    elements(text).iter().filter_map(comment).collect()
}

/// The syntax tree without places.
fn tree(text: &str) -> String {
    let tree = format!("{:?}", kql::syntax::parse(text).script);
    let mut parts = tree.split("Span { start: ");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('}').map_or(part, |(_, rest)| rest)
    })
}

fn blank_lines(text: &str) -> usize {
    text.lines().filter(|line| line.trim().is_empty()).count()
}
