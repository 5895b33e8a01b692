//! What the binder makes of small queries: result columns, or the codes of what is wrong.

#![allow(clippy::unwrap_used)]

mod support;

use kql::plan::{ExprKind, Literal, RelOp};
use kql::{BindOptions, Bound, Dialect, FunctionDef, Type, bind};

const NOW: i64 = 638_000_000_000_000_000;

fn run(text: &str) -> Bound {
    let mut catalog = support::table(&[
        ("a", Type::Long),
        ("b", Type::String),
        ("d", Type::Dynamic),
        ("t", Type::DateTime),
    ]);
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
fn arguments_are_checked_against_signatures() {
    check(&[
        ("T | extend x = startofday(b)", "KQL0209"),
        ("T | extend x = strcat(b, T)", "KQL0211"),
        ("T | extend x = extract(b, 1, b)", "KQL0215"),
        ("T | extend x = coalesce(a, b)", "KQL0209"),
        ("T | extend x = bin(b, 1d)", "KQL0209"),
        ("T | extend x = iff(a > 1, a)", "KQL0208"),
        ("T | summarize max(d)", "KQL0209"),
        ("T | take 1.5", "KQL0209"),
        ("T | extend x = datetime_diff(\"days\", t, t)", "KQL0009"),
        ("T | extend x = bag_keys(dynamic([1]))", "KQL0209"),
        ("T | project-reorder a, a", "KQL0213"),
        ("T | where d", "KQL0209"),
        ("T | summarize x = count(), x = count()", "KQL0213"),
        ("let x = 1; let x = 2; print x", "KQL0213"),
        ("T | project a | where strlen(a) > 1", "KQL0209"),
    ]);
}

#[test]
fn text_that_does_not_parse_is_refused() {
    check(&[
        ("T | project a,", "KQL0004"),
        ("T | project a b", "KQL0004"),
        ("T | where a in ()", "KQL0004"),
        ("T | where a == 1;; T", "KQL0004"),
        ("T || take 1", "KQL0004"),
        ("where a == 1", "KQL0004"),
        ("T | join T", "KQL0004"),
        ("T | summarize count(), by a", "KQL0004"),
        ("T | where by == 1", "KQL0004"),
        ("let x = dynamic([1]", "KQL0004"),
        ("print dynamic([1, ])", "KQL0004"),
        ("T | render piecart", "KQL0009"),
        ("union isfuzzy=yes T", "KQL0009"),
        ("T | top 1 by a, b", "KQL0004"),
        ("let x = materialize(T) | take 1; x", "KQL0004"),
    ]);
}

#[test]
fn words_of_the_language_name_columns_in_brackets() {
    check(&[
        ("print ['by'] = 1 | where ['by'] == 1", "by:long"),
        ("print by = 1 | project ['by']", "by:long"),
        ("print a = 1 | extend kind = 1", "KQL0204 KQL0004"),
    ]);
}

#[test]
fn a_missing_comma_is_the_only_mistake_reported() {
    assert_eq!(
        outcome("T | extend x = strcat(b b), y = bin(a 5)"),
        "KQL0004 KQL0004"
    );
}

#[test]
fn graphs_are_typed() {
    let graph = "let E = datatable(s:string, e:string, w:long)[]; let N = datatable(n:string, age:long)[]; \
                 E | make-graph s --> e with N on n";
    let of = |rest: &str| outcome(&format!("{graph} | {rest}"));
    assert_eq!(
        of("graph-match (x)-[r]->(y) where x.age > 1 project x.n, r.w"),
        "x_n:string r_w:long"
    );
    assert_eq!(
        of(
            "graph-shortest-paths (x)-[r*1..3]-(y) project p = map(inner_nodes(r), n), all(r, w > 1)"
        ),
        "p:dynamic Column1:dynamic"
    );
    assert_eq!(of("graph-to-table nodes"), "n:string age:long");
    assert_eq!(
        of("graph-to-table edges with_source_id=f"),
        "f:long s:string e:string w:long"
    );
    assert_eq!(
        of("graph-mark-components | graph-to-table nodes"),
        "n:string age:long ComponentId:long"
    );
    assert_eq!(of("graph-match (x)-[r]->(y) project x.nope"), "KQL0204");
    assert_eq!(outcome("T | graph-to-table nodes"), "KQL0212");
}

#[test]
fn patterns_stand_for_their_case() {
    let pattern = "declare pattern p = (a:string)[b:string] { \
                   (\"x\").[\"one\"] = { T | project a }; (\"x\").[\"two\"] = { T | project b }; };";
    assert_eq!(outcome(&format!("{pattern} p(\"x\").two")), "b:string");
    assert_eq!(outcome(&format!("{pattern} p(\"y\").two")), "KQL0203");
}

#[test]
fn columns_by_names_and_found_columns() {
    check(&[
        (
            "T | project-by-names dynamic([\"b\", \"nope\"]), \"a*\"",
            "b:string a:long",
        ),
        (
            "T | project-by-names column_names_of(T)",
            "a:long b:string d:dynamic t:datetime",
        ),
        (
            "find in (T) where a == 1",
            "source_:string a:long b:string d:dynamic t:datetime",
        ),
        (
            "print array_sort_asc(dynamic([1]), dynamic([2]))",
            "array0_sorted:dynamic array1_sorted:dynamic",
        ),
    ]);
}

#[test]
fn a_single_equals_sign_in_where_is_read_as_a_comparison() {
    let bound = run("T | where a = true");
    assert!(bound.ok());
    assert_eq!(bound.diagnostics[0].code.id(), "KQL0301");
    let query = bound.query.unwrap();
    let RelOp::Filter { predicate, .. } = &query.results[0].op else {
        panic!("no filter")
    };
    assert!(matches!(predicate.kind, ExprKind::Binary { .. }));
}

#[test]
fn functions_of_every_workspace_are_known() {
    let bound = run("_Im_Dns(starttime=ago(1d)) | summarize count() by SrcIpAddr");
    assert!(bound.ok());
    assert_eq!(bound.columns[0].ty, Type::String);
    assert_eq!(outcome("_Im_Dns(nope=1)"), "KQL0203");
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

#[test]
fn columns_that_are_only_handed_on_are_not_read() {
    let columns = |text| {
        let mut columns = run(text).query.unwrap().reads[0].columns.clone();
        columns.sort();
        columns
    };
    for (text, read) in [
        ("T | extend x = a | project x", vec!["a"]),
        (
            "T | extend x = 1 | join kind=inner (T | project b) on b | project t",
            vec!["b", "t"],
        ),
        (
            "union T, T | where a > 1 | summarize count() by a",
            vec!["a"],
        ),
        ("union T, T | project b", vec!["b"]),
        (
            "let m = materialize(T); m | where a > 1 | project b",
            vec!["a", "b"],
        ),
        (
            "T | where b in ((T | extend x = 1 | project b)) | project t",
            vec!["b", "t"],
        ),
        (
            "T | extend x = toscalar(T | extend y = 1 | project b | take 1) | project x",
            vec!["b"],
        ),
        (
            "T | extend x = 1 | distinct a, b | project a",
            vec!["a", "b"],
        ),
        (
            "T | extend x = 1 | summarize arg_max(a, b) by t | project t",
            vec!["a", "b", "t"],
        ),
    ] {
        assert_eq!(columns(text), read, "{text}");
    }
}
