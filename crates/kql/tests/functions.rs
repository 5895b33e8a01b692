//! Every function, operator and plugin of the documentation is known. The list is `kql-docs/functions.csv` of the
//! corpora named by `WATCHFLOOR_CORPORA`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use kql::{StaticCatalog, Type, functions, operators, scalar_operators};

/// The parts of a query that a name of this kind stands in, for names that are no functions.
fn query(kind: &str, name: &str) -> Option<String> {
    let operand = match name {
        "where" | "filter" => "b",
        "extend" | "project" | "project-away" | "project-keep" | "distinct" | "serialize" => "a",
        "project-reorder" | "facet" | "reduce" | "sort" | "order" => "a",
        _ => "",
    };
    match (kind, operand) {
        ("tabular operator", "") => None,
        ("tabular operator", operand) => {
            let by = matches!(name, "facet" | "reduce" | "sort" | "order");
            let by = if by { "by " } else { "" };
            Some(format!("T | {name} {by}{operand}"))
        }
        _ => None,
    }
}

/// True where the binder knows the name, whatever the arguments: it may fault them but not the name.
fn called(name: &str, catalog: &StaticCatalog) -> bool {
    let text = format!("T | extend x = {name}(a)");
    let bound = support::bind_in(&text, catalog);
    let mut codes = bound.diagnostics.iter().map(|found| found.code);
    !codes.any(|code| code == kql::Code::UnknownFunction)
}

#[test]
fn every_documented_name_is_known() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let catalog = support::table(&[("a", Type::String), ("b", Type::Bool)]);
    let text = std::fs::read_to_string(folder.join("kql-docs/functions.csv")).unwrap();
    let mut unknown = Vec::new();
    let mut checked = 0;
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let (kind, name) = (cells.next().unwrap(), cells.next().unwrap());
        let known = match kind {
            "aggregation function" => functions::aggregate(name).is_some(),
            "plugin" => functions::plugin(name).is_some(),
            "scalar function" | "scalar function (window)" => {
                functions::scalar(name).is_some() || called(name, &catalog)
            }
            "tabular operator" => match query(kind, name) {
                Some(text) => support::bind_in(&text, &catalog).ok(),
                None => operator_is_known(name, &catalog),
            },
            "special function" => special_is_known(name, &catalog),
            // Words of the grammar, which the analyzer's cases hold.
            _ => continue,
        };
        checked += 1;
        if !known {
            unknown.push(format!("{kind} {name}"));
        }
    }
    println!("{checked} names");
    assert!(checked > 400, "the list is not read");
    assert!(unknown.is_empty(), "unknown: {unknown:#?}");
}

#[test]
fn every_documented_operator_is_listed() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("kql-docs/functions.csv")).unwrap();
    let documented = |kind: &str| -> Vec<&str> {
        let of_kind = text.lines().filter_map(|line| line.strip_prefix(kind));
        of_kind.filter_map(|rest| rest.split(',').next()).collect()
    };
    let tabular = documented("tabular operator,");
    let scalar = documented("scalar operator,");
    assert!(
        !tabular.is_empty() && !scalar.is_empty(),
        "the list is not read"
    );
    let mut missing = tabular;
    missing.retain(|name| operators::tabular(name).is_none());
    missing.extend(
        scalar
            .iter()
            .filter(|name| scalar_operators::scalar(name).is_none()),
    );
    assert!(missing.is_empty(), "{missing:?}");
}

/// A function that stands for a table or a database, of whatever name.
fn special_is_known(name: &str, catalog: &StaticCatalog) -> bool {
    let text = match name {
        "cluster" | "database" => format!("{name}('x').T"),
        "toscalar" | "materialize" => format!("let x = {name}(T); print 1"),
        _ => format!("{name}('T')"),
    };
    let bound = support::bind_in(&text, catalog);
    let unknown = [kql::Code::UnknownFunction, kql::Code::UnknownName];
    let mut codes = bound.diagnostics.iter().map(|found| found.code);
    !codes.any(|code| unknown.contains(&code))
}

/// An operator without operands is faulted for what is missing, not for its name.
fn operator_is_known(name: &str, catalog: &StaticCatalog) -> bool {
    // Some are only known with the bracket that follows them.
    ["T | ", "", "("].iter().any(|around| {
        let (before, after) = if *around == "(" {
            ("", "(")
        } else {
            (*around, "")
        };
        let bound = support::bind_in(&format!("{before}{name}{after}"), catalog);
        let unknown = [
            kql::Code::UnknownOperator,
            kql::Code::UnknownName,
            kql::Code::UnknownTable,
        ];
        let mut codes = bound.diagnostics.iter().map(|found| found.code);
        !codes.any(|code| unknown.contains(&code))
    })
}
