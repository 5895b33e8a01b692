//! `docs/kql/functions.md` lists what the language's own lists have, with what the engine does with each.
//!
//! `WATCHFLOOR_UPDATE=1 cargo test -p kql-engine --test reference` writes the page.
#![allow(clippy::unwrap_used)]

mod page;
mod support;

use kql::catalog::StaticCatalog;
use kql::functions::{self, FunctionKind, Known, workspace};
use kql::operators::{Place, TABULAR, TabularOperator};
use kql::scalar_operators::{Fits, SCALAR, ScalarOperator};
use kql::types::Type;
use kql_engine::{Engine, EngineError, MemoryTables, RunOptions};
use page::{Page, Row};
use serde_json::Value;

/// The tables the examples are over.
const TABLES: &str = include_str!("../../kql/tests/data/example_tables.csv");

/// The engine over empty tables, and what went wrong there that is no missing feature.
struct Trial {
    engine: Engine,
    catalog: StaticCatalog,
    tables: MemoryTables,
    failures: Vec<String>,
}

/// What an example may need a query to state first.
const SETTINGS: &str = "set query_bin_auto_size = 1h;";

impl Trial {
    fn new() -> Self {
        let (catalog, mut tables) = support::schema(TABLES);
        tables.allow_external(
            "https://example.com/",
            support::empty_table(&[("Line".into(), kql::types::Type::String)]),
        );
        Self {
            engine: support::engine(),
            catalog,
            tables,
            failures: Vec::new(),
        }
    }

    /// True when the engine runs this query, false when it says that it does not yet.
    async fn runs(&mut self, text: &str) -> bool {
        let text = &format!("{SETTINGS} {text}");
        let query = match support::bind(text, &self.catalog) {
            Ok(query) => query,
            Err(error) => {
                self.failures.push(format!("{text}: {error}"));
                return false;
            }
        };
        let options = RunOptions::default();
        match self.engine.run(&query, &self.tables, &options).await {
            Ok(_) => true,
            // What reaches outside is refused, and the page says why.
            Err(EngineError::Unsupported { .. } | EngineError::Outside { .. }) => false,
            Err(error) => {
                self.failures.push(format!("{text}: {error}"));
                false
            }
        }
    }
}

fn named_by_the_engine() -> Vec<(FunctionKind, &'static str)> {
    let scalar = kql_engine::scalar_function_names();
    let window = kql_engine::window_function_names();
    let aggregate = kql_engine::aggregate_function_names();
    let of = |kind, names: Vec<&'static str>| names.into_iter().map(move |name| (kind, name));
    of(FunctionKind::Scalar, scalar)
        .chain(of(FunctionKind::Window, window))
        .chain(of(FunctionKind::Aggregate, aggregate))
        .collect()
}

/// What an operator between scalars looks like with operands.
fn scalar_example(operator: &ScalarOperator) -> String {
    let name = operator.name;
    match (name, operator.fits) {
        ("between" | "!between", _) => format!("EventID {name} (4624 .. 4634)"),
        ("in" | "!in", _) => format!("EventID {name} (4624, 4625)"),
        ("in~" | "!in~", _) => format!("Account {name} (\"administrator\", \"svc_backup\")"),
        ("has_any" | "has_all", _) => format!("CommandLine {name} (\"net\", \"user\")"),
        ("matches regex", _) => format!("CommandLine {name} @\"\\bnet1?\\b\""),
        ("=~" | "!~", _) => format!("Account {name} \"administrator\""),
        (_, Fits::Text) => format!("CommandLine {name} \"powershell\""),
        (_, Fits::Logic) => format!("EventID == 4625 {name} Account has \"admin\""),
        (_, Fits::Equality | Fits::Order) => format!("EventID {name} 4625"),
        (_, Fits::Arithmetic) => format!("EventID {name} 2"),
    }
}

async fn tabular_row(trial: &mut Trial, operator: &TabularOperator) -> Row {
    let runs = operator.place != Place::Unsupported && trial.runs(operator.example).await;
    let names = std::iter::once(&operator.name).chain(operator.aliases);
    let names: Vec<String> = names.map(|name| page::code(name)).collect();
    Row {
        name: names.join(", "),
        signatures: vec![operator.syntax.to_owned()],
        doc: operator.doc.to_owned(),
        example: operator.example.to_owned(),
        runs,
    }
}

async fn scalar_row(trial: &mut Trial, operator: &ScalarOperator) -> Row {
    let example = scalar_example(operator);
    let runs = trial.runs(&format!("T | extend x = {example}")).await;
    Row {
        name: page::code(operator.name),
        signatures: Vec::new(),
        doc: operator.doc.to_owned(),
        example,
        runs,
    }
}

async fn function_row(trial: &mut Trial, known: &Known, named: bool) -> Row {
    let function = known.function;
    // An example may call other functions that do not run.
    let runs = trial.runs(&known.example_query()).await || named;
    let signatures = known.signatures.iter();
    Row {
        name: page::code(function.name),
        signatures: signatures.map(|s| s.describe(function.name)).collect(),
        doc: function.doc.to_owned(),
        example: function.example.to_owned(),
        runs,
    }
}

async fn functions_of(trial: &mut Trial, kind: FunctionKind, page: &mut Page) {
    let named = named_by_the_engine();
    for group in functions::GROUPS.iter().filter(|group| group.kind == kind) {
        let mut rows = Vec::new();
        for entry in group.entries {
            let known = match kind {
                FunctionKind::Scalar | FunctionKind::Window => functions::scalar(entry.name),
                FunctionKind::Aggregate => functions::aggregate(entry.name),
                FunctionKind::Plugin => functions::plugin(entry.name),
            };
            let known = known.unwrap();
            let named = named.contains(&(kind, entry.canonical()));
            rows.push(function_row(trial, known, named).await);
        }
        page.section(group.name, rows);
    }
}

async fn workspace_rows(trial: &mut Trial) -> Vec<Row> {
    let mut rows = Vec::new();
    for name in workspace::names() {
        let function = workspace::table_function(name).unwrap();
        let example = format!("{name}() | take 10");
        rows.push(Row {
            name: page::code(name),
            signatures: vec![format!("{name}{}", function.parameters)],
            doc: String::new(),
            runs: trial.runs(&example).await,
            example,
        });
    }
    rows
}

async fn reference(trial: &mut Trial) -> String {
    let mut page = Page::default();
    let mut rows = Vec::new();
    for operator in TABULAR {
        rows.push(tabular_row(trial, operator).await);
    }
    page.section("Tabular operators", rows);
    let mut rows = Vec::new();
    for operator in SCALAR {
        rows.push(scalar_row(trial, operator).await);
    }
    page.section("Scalar operators", rows);
    page.chapter("Scalar functions");
    functions_of(trial, FunctionKind::Scalar, &mut page).await;
    page.end_chapter();
    functions_of(trial, FunctionKind::Window, &mut page).await;
    functions_of(trial, FunctionKind::Aggregate, &mut page).await;
    functions_of(trial, FunctionKind::Plugin, &mut page).await;
    page.section("Workspace functions", workspace_rows(trial).await);
    page.text()
}

#[test]
fn the_page_says_what_the_lists_and_the_engine_say() {
    support::on_large_stack(|| async {
        let mut trial = Trial::new();
        let made = reference(&mut trial).await;
        let failures = trial.failures.join("\n");
        assert!(failures.is_empty(), "examples fail:\n{failures}");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kql/functions.md");
        if std::env::var_os("WATCHFLOOR_UPDATE").is_some() {
            std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
            std::fs::write(path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let changed = made.lines().zip(kept.lines()).find(|(a, b)| a != b);
        assert!(
            made == kept,
            "docs/kql/functions.md is stale; WATCHFLOOR_UPDATE=1 writes it. First difference: {changed:?}"
        );
    });
}

/// An example that needs no table and gives a truth value states a documented result: it has to be true.
#[test]
fn examples_that_state_a_result_are_true() {
    support::on_large_stack(|| async {
        let (engine, none) = (support::engine(), MemoryTables::new());
        let catalog = StaticCatalog::new();
        let (mut checked, mut wrong) = (0, Vec::new());
        for known in functions::all() {
            let text = format!("print x = {}", known.function.example);
            let Ok(query) = support::bind(&text, &catalog) else {
                continue;
            };
            let column = query.results.first().and_then(|rel| rel.columns.first());
            if column.map(|column| column.ty) != Some(Type::Bool) {
                continue;
            }
            match engine.run(&query, &none, &RunOptions::default()).await {
                Err(EngineError::Unsupported { .. }) => {}
                Err(error) => wrong.push(format!("{text}: {error}")),
                Ok(result) => {
                    checked += 1;
                    let rows = support::rows(&result);
                    if rows != [[Value::Bool(true)]] {
                        wrong.push(format!("{text}: {rows:?}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(checked > 100, "only {checked} examples state a result");
    });
}
