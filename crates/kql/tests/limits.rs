//! What a text may become is bounded: short texts that grow when they are inlined are refused, long ones that do not
//! are bound.

#![allow(clippy::unwrap_used)]

mod support;

use kql::{Bound, Code, StaticCatalog, TableDef, Type};

/// Many tables with many columns, most of them of one table only.
fn wide_catalog() -> StaticCatalog {
    let mut catalog = support::table(&[("A", Type::Long), ("Time", Type::DateTime)]);
    for table in 0..200 {
        let own = (0..40).map(|column| (format!("C{table}_{column}").into(), Type::String));
        let shared = [("A".into(), Type::Long)];
        catalog.add_table(TableDef {
            name: format!("Wide{table}"),
            columns: shared.into_iter().chain(own).collect(),
        });
    }
    catalog
}

fn bind(text: &str) -> Bound {
    support::bind_in(text, &wide_catalog())
}

fn repeated(count: usize, separator: &str, piece: impl Fn(usize) -> String) -> String {
    let pieces: Vec<String> = (0..count).map(piece).collect();
    pieces.join(separator)
}

/// A text of which each `let` doubles the one before.
fn doubling(first: &str, next: impl Fn(usize) -> String, result: &str) -> String {
    format!("{first};\n{};\n{result}", repeated(22, ";\n", next))
}

fn nested(times: usize, inner: &str, outer: impl Fn(&str) -> String) -> String {
    (0..times).fold(inner.to_owned(), |text, _| outer(&text))
}

#[test]
fn what_doubles_with_every_line_is_refused() {
    let between = nested(40, "now()", |inner| {
        format!("iff(now() between ({inner} .. 1h), now(), now())")
    });
    let texts = [
        doubling(
            "let x0 = 1",
            |n| format!("let x{} = x{n} + x{n}", n + 1),
            "print x22",
        ),
        doubling(
            "let f0 = (x:long) { x }",
            |n| format!("let f{} = (x:long) {{ f{n}(x) + f{n}(x) }}", n + 1),
            "print f22(1)",
        ),
        doubling(
            "let t0 = T",
            |n| format!("let t{} = t{n} | union t{n}", n + 1),
            "t22",
        ),
        doubling(
            "let f0 = () { T }",
            |n| format!("let f{} = () {{ f{n} | union (f{n}) }}", n + 1),
            "f22",
        ),
        format!("print {between}"),
        nested(40, "1", |inner| format!("let f = () {{ {inner} }}; f()")),
    ];
    for text in texts {
        let bound = bind(&text);
        let first = bound.diagnostics.iter().find(|found| found.is_error());
        assert_eq!(
            first.map(|found| found.code),
            Some(Code::TooLarge),
            "{text}"
        );
        assert!(bound.query.is_none());
    }
}

#[test]
fn what_grows_with_all_columns_is_refused() {
    let texts = [
        format!("union *{}", " | union *".repeat(200)),
        format!("union *{}", " | where A == 1".repeat(280)),
        format!("search {}", repeated(5_000, " or ", |n| format!("'{n}'"))),
        format!(
            "search * | where * in ({})",
            repeated(5_000, ",", |n| format!("'{n}'"))
        ),
        format!(
            "union * | summarize {}",
            "arg_max(Time, *),".repeat(500) + "count()"
        ),
        format!(
            "union * | extend {}",
            repeated(5_000, ",", |n| format!("p{n}=pack_all()"))
        ),
        format!(
            "Wide1{}",
            " | join (Wide1 | join Wide1 on A | join Wide1 on A) on A".repeat(140)
        ),
        format!(
            "T | where A in ({}) | fork {}",
            "1,".repeat(20_000) + "1",
            "(count) ".repeat(500)
        ),
    ];
    for text in texts {
        let bound = bind(&text);
        let large = bound
            .diagnostics
            .iter()
            .any(|found| found.code == Code::TooLarge);
        let start: String = text.chars().take(60).collect();
        assert!(large, "{start}: {:?}", bound.diagnostics.first());
    }
}

#[test]
fn trees_that_grow_from_let_to_let_are_not_too_high_to_walk() {
    let sums = repeated(5_000, ";", |n| format!("let x{} = x{n} + 1", n + 1));
    let queries = repeated(2_000, ";", |n| {
        format!("let x{} = toscalar(print y = x{n})", n + 1)
    });
    for (chain, last) in [(sums, 5_000), (queries, 2_000)] {
        let bound = bind(&format!("let x0 = 1; {chain}; print x{last}"));
        let large = bound
            .diagnostics
            .iter()
            .any(|found| found.code == Code::TooLarge);
        assert!(large);
    }
}

#[test]
fn long_texts_bind() {
    let lets = repeated(3_000, "", |n| format!("let x{n} = {n};"));
    let texts = [
        (
            "a let",
            format!(
                "{lets} print {}",
                repeated(9_000, ",", |n| format!("x{}", n % 3_000))
            ),
            9_000,
        ),
        (
            "extend",
            format!(
                "print a=1 | extend {}",
                repeated(9_000, ",", |n| format!("c{n}=1"))
            ),
            9_001,
        ),
        (
            "names",
            format!(
                "T | project {}",
                repeated(9_000, ",", |n| format!("c{n}=A"))
            ),
            9_000,
        ),
        (
            "parse",
            format!(
                "print a='' | parse a with {}",
                repeated(9_000, " ", |n| format!("'x' c{n}"))
            ),
            9_001,
        ),
        (
            "keys",
            format!(
                "T | summarize by {}",
                repeated(9_000, ",", |n| format!("c{n}=A"))
            ),
            9_000,
        ),
        (
            "open",
            format!(
                "union isfuzzy=true No | where 0 < {}",
                repeated(9_000, " or 0 < ", |n| format!("c{n}"))
            ),
            9_000,
        ),
    ];
    for (what, text, columns) in texts {
        let bound = bind(&text);
        assert!(bound.ok(), "{what}: {:?}", bound.diagnostics.first());
        assert_eq!(bound.columns.len(), columns, "{what}");
    }
}

#[test]
fn columns_of_one_name_are_numbered_on() {
    let bound = bind(&format!(
        "T | summarize {}",
        "count(),".repeat(5_000) + "count()"
    ));
    assert_eq!(bound.columns.last().unwrap().name, "count_5000");
}

#[test]
fn warnings_do_not_hide_an_error() {
    // Each null is a warning, and there are more than are reported.
    let nulls = "datetime(x), ".repeat(300);
    for text in [
        format!("print {nulls} nothing_of_this_name"),
        format!("print {nulls} 1 | where"),
        format!("print {nulls} \"open"),
    ] {
        let bound = bind(&text);
        assert!(!bound.ok() && bound.query.is_none());
        assert!(bound.diagnostics.len() <= 201);
    }
}

#[test]
fn dynamics_in_dynamics_are_read_once_each() {
    for text in [
        format!("print {}1{}", "dynamic(".repeat(20_000), ")".repeat(20_000)),
        "print ".to_owned() + &"dynamic([".repeat(20_000),
        "print ".to_owned() + &"dynamic(".repeat(20_000),
    ] {
        assert!(!bind(&text).ok());
    }
    assert!(bind("print dynamic({'a': dynamic([1, dynamic({'b': 2})])})").ok());
}
