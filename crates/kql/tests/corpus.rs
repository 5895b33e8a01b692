//! Measures the binder against the verdicts of the official analyzer, over the corpora named by `WATCHFLOOR_CORPORA`:
//! where it reports no semantic error we report none, and the result columns are the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use kql::{BindOptions, Dialect, StaticCatalog, TableDef, Type, bind};
use serde_json::Value;

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("WATCHFLOOR_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: WATCHFLOOR_CORPORA is not set");
    }
    folder
}

/// `table,column,type` lines; the file has no quoted cells.
fn catalog(folder: &Path) -> StaticCatalog {
    let text = std::fs::read_to_string(folder.join("schemas/log_analytics_tables.csv")).unwrap();
    let mut catalog = StaticCatalog::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(table), Some(column), Some(ty)) = (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        if catalog.table_mut(table).is_none() {
            catalog.add_table(TableDef {
                name: table.to_owned(),
                columns: Vec::new(),
            });
        }
        let columns = &mut catalog.table_mut(table).unwrap().columns;
        columns.push((
            column.to_owned(),
            Type::parse(ty.trim()).unwrap_or(Type::String),
        ));
    }
    catalog
}

/// Defender's tables have `Timestamp` too, in this dialect.
fn with_timestamps(mut catalog: StaticCatalog) -> StaticCatalog {
    use kql::Catalog;
    let names: Vec<String> = catalog
        .table_names()
        .into_iter()
        .map(|name| name.into_owned())
        .collect();
    for name in names {
        let defender = [
            "Device", "Email", "Identity", "Alert", "Cloud", "Url", "AAD", "Behavior", "Exposure",
            "Entra", "Message",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        let columns = &mut catalog.table_mut(&name).unwrap().columns;
        if defender && !columns.iter().any(|(name, _)| name == "Timestamp") {
            columns.push(("Timestamp".to_owned(), Type::DateTime));
        }
    }
    catalog
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[derive(Default)]
struct Score {
    total: usize,
    clean: usize,
    same: usize,
    shown: usize,
}

impl Score {
    fn percent(part: usize, of: usize) -> f64 {
        part as f64 * 100.0 / of.max(1) as f64
    }

    fn add(
        &mut self,
        id: &str,
        text: &str,
        expected: &[Value],
        catalog: &StaticCatalog,
        verbose: bool,
    ) {
        let options = BindOptions {
            now: 638_000_000_000_000_000,
            dialect: Dialect::Sentinel,
        };
        let bound = bind(text, catalog, &options);
        self.total += 1;
        if let Some(found) = bound.diagnostics.iter().find(|d| d.is_error()) {
            self.show(verbose, || format!("{id}\n{}", found.render(text, "query")));
            return;
        }
        self.clean += 1;
        let ours: Vec<(String, String)> = bound
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.ty.name().to_owned()))
            .collect();
        let theirs: Vec<(String, String)> = expected
            .iter()
            .map(|column| {
                (
                    column["name"].as_str().unwrap().to_owned(),
                    column["type"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        if ours == theirs {
            self.same += 1;
            return;
        }
        self.show(verbose, || {
            let missing: Vec<_> = theirs
                .iter()
                .filter(|column| !ours.contains(column))
                .collect();
            let extra: Vec<_> = ours
                .iter()
                .filter(|column| !theirs.contains(column))
                .collect();
            format!(
                "{id}: columns: missing {missing:?} extra {extra:?} of {} / {}",
                ours.len(),
                theirs.len()
            )
        });
    }

    fn show(&mut self, verbose: bool, text: impl FnOnce() -> String) {
        self.shown += 1;
        if verbose {
            println!("{}", text());
        }
    }

    fn report(&self, name: &str) -> (f64, f64) {
        let (clean, same) = (
            Self::percent(self.clean, self.total),
            Self::percent(self.same, self.total),
        );
        println!(
            "{name}: {} queries, {clean:.2} % without error, {same:.2} % with equal columns",
            self.total
        );
        (clean, same)
    }
}

/// Functions of a Sentinel workspace that nobody gave us here.
fn needs_workspace(query: &Value) -> bool {
    let names: HashSet<&str> = query["functions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    names.iter().any(|name| {
        ["_Im_", "_ASim", "ASim", "_ASIM", "im"]
            .iter()
            .any(|p| name.starts_with(p))
            && kql::functions::scalar(name).is_none()
    })
}

#[test]
fn rules_bind_as_the_official_analyzer_binds_them() {
    let Some(folder) = corpora() else { return };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let sentinel = catalog(&folder);
    let defender = with_timestamps(sentinel.clone());
    let mut score = Score::default();
    let (mut faulted, mut rejected) = (0, 0);
    for query in lines(&folder.join("kql-rules/queries.jsonl")) {
        if !query["official"]["semantic_errors"]
            .as_array()
            .unwrap()
            .is_empty()
        {
            let options = BindOptions {
                now: 638_000_000_000_000_000,
                dialect: Dialect::Sentinel,
            };
            let catalog = if query["dialect"] == "defender-xdr" {
                &defender
            } else {
                &sentinel
            };
            faulted += 1;
            let ok = bind(query["query"].as_str().unwrap(), catalog, &options).ok();
            rejected += usize::from(!ok);
            if ok && verbose {
                println!(
                    "accepted {}: {}",
                    query["id"], query["official"]["semantic_errors"][0]
                );
            }
        }
        if !query["official"]["semantic_errors"]
            .as_array()
            .unwrap()
            .is_empty()
            || needs_workspace(&query)
        {
            continue;
        }
        let catalog = if query["dialect"] == "defender-xdr" {
            &defender
        } else {
            &sentinel
        };
        let expected = query["official"]["columns"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        score.add(
            query["id"].as_str().unwrap(),
            query["query"].as_str().unwrap(),
            &expected,
            catalog,
            verbose,
        );
    }
    let (clean, same) = score.report("rules");
    assert!(clean > 99.6 && same > 98.5, "worse than it was");
    println!("of {faulted} queries the official analyzer faults, {rejected} are rejected here");
}

#[test]
fn documentation_examples_bind() {
    let Some(folder) = corpora() else { return };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let catalog = StaticCatalog::new();
    let mut score = Score::default();
    for case in lines(&folder.join("kql-docs/conformance.jsonl")) {
        if case.get("official_semantic_errors").is_some() {
            continue;
        }
        let expected = case["columns"].as_array().cloned().unwrap_or_default();
        score.add(
            case["id"].as_str().unwrap(),
            case["query"].as_str().unwrap(),
            &expected,
            &catalog,
            verbose,
        );
    }
    let (clean, same) = score.report("documentation");
    assert!(clean > 94.5 && same > 91.5, "worse than it was");
}
