//! The same query in different ways: with and without the optimiser, in batches of one row, from memory and from files, from a
//! file that is older than a column of its table.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::{MemTable, TableProvider};
use kql_engine::{Engine, MemoryTables};
use serde_json::Value;

use crate::support::agreement::multiset;
use crate::support::files::{Files, emptied, without};
use crate::support::{bind, corpora, engine, on_large_stack, run};

/// The engines whose answers must be those of the one in service.
fn engines() -> [(&'static str, Engine); 3] {
    [
        ("optimised", engine()),
        ("unoptimised", engine().unoptimised()),
        ("row by row", engine().with_batch_rows(1)),
    ]
}

fn fixture_batch() -> RecordBatch {
    let columns = super::stored().into_iter();
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn in_memory(batch: &RecordBatch, batch_rows: usize) -> Arc<dyn TableProvider> {
    let starts = (0..batch.num_rows()).step_by(batch_rows);
    let parts = starts.map(|at| batch.slice(at, batch_rows.min(batch.num_rows() - at)));
    Arc::new(MemTable::try_new(batch.schema(), vec![parts.collect()]).unwrap())
}

/// The fixture's tables, both of the same rows.
fn tables(table: &Arc<dyn TableProvider>) -> MemoryTables {
    let mut tables = MemoryTables::new();
    for name in ["T", "source"] {
        tables.add(name, Arc::clone(table));
    }
    tables
}

/// What one way gives for each case: rows as sorted texts, or the error.
async fn answers(engine: &Engine, tables: &MemoryTables, queries: &[String]) -> Vec<Vec<String>> {
    let (catalog, _) = super::fixture();
    let mut all = Vec::with_capacity(queries.len());
    for query in queries {
        let result = run(engine, query, &catalog, tables).await;
        all.push(result.map_or_else(|error| vec![error], |result| multiset(&result)));
    }
    all
}

fn differences(
    way: &str,
    queries: &[String],
    want: &[Vec<String>],
    got: &[Vec<String>],
) -> Vec<String> {
    let pairs = queries.iter().zip(want.iter().zip(got));
    pairs
        .filter(|(_, (want, got))| want != got)
        .map(|(query, (want, got))| {
            format!("{way}: {}\n  want {want:?}\n  got  {got:?}", query.trim())
        })
        .collect()
}

/// The queries of the case files.
fn case_queries() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let cases = texts.flat_map(|text| super::cases(&text));
    cases.map(|(query, _)| query).collect()
}

#[test]
fn case_files_give_the_same_rows_however_they_run() {
    on_large_stack(|| async {
        let queries = case_queries();
        let batch = fixture_batch();
        let files = Files::new("cases");
        let whole = tables(&in_memory(&batch, batch.num_rows()));
        let want = answers(&engine(), &whole, &queries).await;
        let reading: Vec<String> = queries
            .iter()
            .filter(|query| reads_tables(query))
            .cloned()
            .collect();
        let want_read = answers(&engine(), &whole, &reading).await;
        let mut failures = Vec::new();
        for (way, engine) in engines().iter().skip(1) {
            let got = answers(engine, &whole, &queries).await;
            failures.extend(differences(way, &queries, &want, &got));
        }
        for (way, engine) in engines() {
            let table = files.table(&batch, 2).await;
            let stores = [
                ("rows", tables(&in_memory(&batch, 1))),
                ("file", tables(&table)),
            ];
            for (store, tables) in stores {
                let got = answers(&engine, &tables, &reading).await;
                let way = format!("{way}, {store}");
                failures.extend(differences(&way, &reading, &want_read, &got));
            }
        }
        assert!(!reading.is_empty());
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    });
}

#[test]
fn a_file_older_than_a_column_reads_as_one_with_nulls() {
    on_large_stack(|| async {
        let queries: Vec<String> = case_queries()
            .into_iter()
            .filter(|query| reads_tables(query))
            .collect();
        let batch = fixture_batch();
        let files = Files::new("older");
        let mut failures = Vec::new();
        for column in ["TimeGenerated", "Id", "Account", "Props"] {
            let nulls = emptied(&batch, column);
            let want = tables(&in_memory(&nulls, nulls.num_rows()));
            let want = answers(&engine(), &want, &queries).await;
            let file = files
                .older(&without(&batch, column), batch.schema(), 2)
                .await;
            for (way, engine) in engines() {
                let got = answers(&engine, &tables(&file), &queries).await;
                let way = format!("{way}, no {column}");
                failures.extend(differences(&way, &queries, &want, &got));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    });
}

/// Whether a query of the case files reads the fixture.
fn reads_tables(query: &str) -> bool {
    let (catalog, _) = super::fixture();
    bind(query, &catalog).is_ok_and(|query| !query.reads.is_empty())
}

/// Examples from one to the next that is run.
const STEP: usize = 7;

#[test]
fn documented_examples_give_the_same_rows_however_they_run() {
    on_large_stack(documentation);
}

async fn documentation() {
    let Some(root) = corpora() else { return };
    let text = std::fs::read_to_string(root.join("kql-docs/conformance.jsonl")).unwrap();
    let step = std::env::var("WATCHFLOOR_DOCS_STEP");
    let step = step.ok().and_then(|s| s.parse().ok()).unwrap_or(STEP);
    let queries: Vec<String> = text
        .lines()
        .step_by(step)
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|case| case["nondeterministic"] != true)
        .filter_map(|case| Some(case["query"].as_str()?.to_owned()))
        .collect();
    assert!(!queries.is_empty());
    let none = MemoryTables::new();
    let [(_, usual), others @ ..] = engines();
    let want = answers(&usual, &none, &queries).await;
    let mut failures = Vec::new();
    for (way, engine) in &others {
        let got = answers(engine, &none, &queries).await;
        failures.extend(differences(way, &queries, &want, &got));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
