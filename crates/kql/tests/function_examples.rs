//! Every entry of the function table has an example, and every example is a query that calls it and binds.
//! The tables the examples are over are in `data/example_tables.csv`.

#![allow(clippy::unwrap_used)]

mod support;

use kql::functions;
use kql::{StaticCatalog, Type};

fn catalog() -> StaticCatalog {
    let text = include_str!("data/example_tables.csv");
    support::tables(text, |ty| Type::parse(ty).unwrap())
}

/// True when the text has a call of this name.
fn calls(text: &str, name: &str) -> bool {
    let call = format!("{name}(");
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&call)
        .any(|(at, _)| !text[..at].ends_with(part_of_a_name))
}

#[test]
fn every_function_has_an_example() {
    let bare: Vec<_> = functions::all()
        .iter()
        .filter(|known| known.function.example.is_empty())
        .map(|known| known.function.name)
        .collect();
    assert!(bare.is_empty(), "without an example: {bare:?}");
}

#[test]
fn every_example_calls_its_function() {
    let other: Vec<_> = functions::all()
        .iter()
        .filter(|known| !calls(known.function.example, known.function.name))
        .map(|known| (known.function.name, known.function.example))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn every_example_binds() {
    let catalog = catalog();
    let mut refused = Vec::new();
    for known in functions::all() {
        let text = known.example_query();
        let bound = support::bind_in(&text, &catalog);
        let errors = bound.diagnostics.iter().filter(|found| found.is_error());
        refused.extend(errors.map(|found| format!("{text}: {}", found.message)));
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn an_example_is_one_short_line() {
    for known in functions::all() {
        let example = known.function.example;
        assert!(!example.contains('\n'), "{example}");
        assert!(example.chars().count() <= 130, "{example}");
    }
}
