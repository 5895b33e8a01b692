//! What the binder makes of small queries: result columns, or the codes of what is wrong.

#![allow(clippy::unwrap_used)]

use kql::plan::{ExprKind, Literal, RelOp};
use kql::{BindOptions, Bound, Dialect, FunctionDef, StaticCatalog, TableDef, Type, bind};

const NOW: i64 = 638_000_000_000_000_000;

fn run(text: &str) -> Bound {
    let mut catalog = StaticCatalog::new();
    let columns = [
        ("a", Type::Long),
        ("b", Type::String),
        ("d", Type::Dynamic),
        ("t", Type::DateTime),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, ty)| (name.to_owned(), ty))
        .collect();
    catalog.add_table(TableDef {
        name: "T".to_owned(),
        columns,
    });
    catalog.add_function(FunctionDef {
        name: "Recent".to_owned(),
        parameters: "(n:long = 5)".to_owned(),
        body: "T | where a > n | project a, b".to_owned(),
    });
    bind(
        text,
        &catalog,
        &BindOptions {
            now: NOW,
            dialect: Dialect::Sentinel,
        },
    )
}

/// The result's columns as `name:type ...`, or the codes of the errors.
fn outcome(text: &str) -> String {
    let bound = run(text);
    let errors: Vec<&str> = bound
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| d.code.id())
        .collect();
    if !errors.is_empty() {
        return errors.join(" ");
    }
    assert!(bound.query.is_some());
    let columns: Vec<String> = bound
        .columns
        .iter()
        .map(|c| format!("{}:{}", c.name, c.ty))
        .collect();
    columns.join(" ") + if bound.open { " ..." } else { "" }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(outcome(text), *expected, "{text}");
    }
}

#[test]
fn default_names() {
    check(&[
        (
            "print 1, x = \"a\", now()",
            "print_0:long x:string print_2:datetime",
        ),
        (
            "T | project d.x.y, a + 1, tostring(d), bin(a, 2)",
            "d_x_y:dynamic Column1:long d:string a:long",
        ),
        (
            "T | extend tostring(d.x), a = 1.5",
            "a:real b:string d:dynamic t:datetime d_x:string",
        ),
        (
            "T | summarize count(), dcount(b), arg_max(t, *) by a",
            "a:long count_:long dcount_b:long t:datetime b:string d:dynamic",
        ),
        (
            "T | summarize percentile(a, 95), count() * 2",
            "percentile_a_95:long Column1:long",
        ),
        ("T | summarize max(a), max(a)", "max_a:long max_a1:long"),
        ("T | count", "Count:long"),
    ]);
}

#[test]
fn joins_rename() {
    check(&[
        (
            "T | join T on a | project-away d, d1",
            "a:long b:string t:datetime a1:long b1:string t1:datetime",
        ),
        (
            "T | join kind=leftanti (T | project a) on a",
            "a:long b:string d:dynamic t:datetime",
        ),
        (
            "T | project a, b | lookup (T | project x = a, b) on $left.a == $right.x",
            "a:long b:string b1:string",
        ),
        (
            "T | join (T | project z = b) on $left.a == $right.z",
            "KQL0219",
        ),
        ("T | join kind=iner T on a", "KQL0009"),
    ]);
}

#[test]
fn unions_align_by_name_and_type() {
    check(&[
        (
            "T | project a | union (print a = \"x\")",
            "a_long:long a_string:string",
        ),
        (
            "union withsource=s (print a = 1), (print b = 2)",
            "s:string a:long b:long",
        ),
        ("union isfuzzy=true Missing, (print a = 1)", "a:long ..."),
        ("union Missing", "KQL0205"),
    ]);
}

#[test]
fn expansion_and_parsing() {
    check(&[
        (
            "T | mv-expand x = d.list to typeof(long)",
            "a:long b:string d:dynamic t:datetime x:long",
        ),
        ("T | mv-expand d", "a:long b:string d:dynamic t:datetime"),
        (
            "T | project a, d | mv-apply d on (summarize c = count())",
            "a:long c:long",
        ),
        (
            "T | project b | parse b with * \"x\" n:long \"y\" r",
            "b:string n:long r:string",
        ),
        (
            "T | project a, d | evaluate bag_unpack(d) | extend q = foo",
            "a:long foo:unknown q:unknown ...",
        ),
    ]);
}

#[test]
fn functions_and_lets() {
    check(&[
        (
            "let f = (x:long, y:long = 2) { x + y }; print f(1), f(y = 3, x = 1)",
            "print_0:long print_1:long",
        ),
        (
            "let f = (R:(a:long)) { R | where a > 1 }; f(T) | project a",
            "a:long",
        ),
        (
            "let n = toscalar(T | count); T | where a == n | project a",
            "a:long",
        ),
        ("Recent(3)", "a:long b:string"),
        ("Recent", "a:long b:string"),
        ("T | as X | union X | count", "Count:long"),
        ("let f = () { g() }; print 1", "KQL0206"),
    ]);
}

#[test]
fn mistakes_are_named() {
    check(&[
        ("T | where c == 1", "KQL0204"),
        ("Q | take 1", "KQL0205"),
        ("T | where b > \"x\"", "KQL0209"),
        ("T | where a has \"x\"", "KQL0209"),
        ("T | extend x = strlen()", "KQL0208"),
        ("T | extend x = sum(a)", "KQL0210"),
        ("T | summarize b by a", "KQL0210"),
        ("T | sumarize count()", "KQL0005"),
        ("T | where a == 1 and (b == \"x\"", "KQL0004"),
        ("print \"abc", "KQL0002"),
        ("T | project a, a", "KQL0213"),
        ("", "KQL0008"),
    ]);
}

#[test]
fn one_mistake_is_reported_once() {
    assert_eq!(
        outcome("T | extend x = nope | where x > 1 and x has \"y\" | summarize sum(x) by x"),
        "KQL0204"
    );
}

#[test]
fn a_misspelt_column_gets_a_suggestion() {
    let bound = run("T | extend Account = b | where Acount == \"x\"");
    assert_eq!(
        bound.diagnostics[0].hint.as_deref(),
        Some("did you mean `Account`?")
    );
}

#[test]
fn ago_is_a_constant() {
    let bound = run("T | where t > ago(1d)");
    let query = bound.query.unwrap();
    let RelOp::Filter { predicate, .. } = &query.results[0].op else {
        panic!("no filter")
    };
    let ExprKind::Binary { right, .. } = &predicate.kind else {
        panic!("no comparison")
    };
    assert_eq!(
        right.kind,
        ExprKind::Literal(Literal::DateTime(NOW - 864_000_000_000))
    );
}

#[test]
fn reads_name_only_the_columns_used() {
    let query = run("T | where a > 1 | project b").query.unwrap();
    assert_eq!(query.reads.len(), 1);
    assert_eq!(query.reads[0].table, "T");
    assert_eq!(query.reads[0].columns, ["a", "b"]);
}

#[test]
fn both_sides_of_a_self_join_have_their_own_ids() {
    let query = run("let X = T | where a > 1; X | join X on a")
        .query
        .unwrap();
    let mut ids: Vec<_> = query.results[0]
        .columns
        .iter()
        .map(|column| column.id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), query.results[0].columns.len());
}
