//! Runs the `.kqlt` files: a query, `----`, one JSON array per expected row (as a multiset unless the query sorts).
#![allow(clippy::unwrap_used)]

mod differential;
mod support;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use kql::catalog::{StaticCatalog, TableDef};
use kql::types::Type;
use kql_engine::{EngineError, Limits, MemoryTables, RunOptions, filter_mask};
use serde_json::Value;
use support::{bind, engine, memory_table, rows, run};

/// Microseconds of 1601-01-01, 2026-01-02 and 9999-12-31T23:59:59.999999.
const TIMES: [Option<i64>; 4] = [
    Some(-11_644_473_600_000_000),
    Some(1_767_312_000_000_000),
    Some(253_402_300_799_999_999),
    None,
];

fn stored() -> Vec<(&'static str, ArrayRef)> {
    vec![
        (
            "TimeGenerated",
            Arc::new(TimestampMicrosecondArray::from(TIMES.to_vec()).with_timezone("UTC")),
        ),
        ("Id", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        (
            "Account",
            Arc::new(StringArray::from(vec![
                Some("bob"),
                Some("bob"),
                Some("eve"),
                None,
            ])),
        ),
        (
            "Props",
            Arc::new(StringArray::from(vec![
                Some("{\"n\": 1}"),
                Some("{\"n\":2}"),
                Some("not json"),
                None,
            ])),
        ),
    ]
}

fn fixture() -> (StaticCatalog, MemoryTables) {
    let columns = vec![
        ("TimeGenerated".into(), Type::DateTime),
        ("Id".into(), Type::Long),
        ("Account".into(), Type::String),
        ("Props".into(), Type::Dynamic),
    ];
    let (mut catalog, mut tables) = (StaticCatalog::new(), MemoryTables::new());
    for name in ["T", "source"] {
        catalog.add_table(TableDef {
            name: name.to_owned(),
            columns: columns.clone(),
        });
        tables.add(name, memory_table(stored()));
    }
    (catalog, tables)
}

fn cases(text: &str) -> Vec<(String, Vec<Value>)> {
    text.split("\n\n")
        .filter_map(|block| block.split_once("----"))
        .map(|(query, expected)| {
            let query = query
                .lines()
                .filter(|l| !l.starts_with('#'))
                .collect::<Vec<_>>()
                .join("\n");
            (
                query,
                expected
                    .lines()
                    .filter(|l| !l.is_empty())
                    .map(|l| serde_json::from_str(l).unwrap())
                    .collect(),
            )
        })
        .collect()
}

#[tokio::test]
async fn case_files_give_the_expected_rows() {
    let (engine, (catalog, tables)) = (engine(), fixture());
    let (mut failures, mut n_cases) = (Vec::new(), 0);
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        for (query, expected) in cases(&std::fs::read_to_string(&file).unwrap()) {
            let mut got: Vec<Value> = match run(&engine, &query, &catalog, &tables).await {
                Ok(result) => rows(&result).into_iter().map(Value::Array).collect(),
                Err(error) => vec![Value::from(error)],
            };
            n_cases += 1;
            let mut want = expected;
            if !query.contains("sort by") {
                got.sort_by_key(Value::to_string);
                want.sort_by_key(Value::to_string);
            }
            if got != want {
                failures.push(format!(
                    "{}\n  want {}\n  got  {}",
                    query.trim(),
                    Value::from(want),
                    Value::from(got)
                ));
            }
        }
    }
    assert!(n_cases > 40, "only {n_cases} cases were found");
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[tokio::test]
async fn time_bounds_reach_the_scan_as_stored_timestamps() {
    let (engine, (catalog, tables)) = (engine(), fixture());
    let query = bind(
        "T | where TimeGenerated > ago(1d) and Account == 'bob' | project Id",
        &catalog,
    )
    .unwrap();
    let plan = engine
        .profile(&query, &tables, &RunOptions::default())
        .await
        .unwrap()
        .text();
    assert!(plan.contains("TimeGenerated@0 > "), "{plan}");
    assert!(!plan.contains("op:ticks"), "{plan}");
    assert!(
        plan.contains("Account@2 = bob") || plan.contains("Account@1 = bob"),
        "{plan}"
    );
}

#[tokio::test]
async fn a_time_range_applies_to_every_table() {
    let (engine, (catalog, tables)) = (engine(), fixture());
    let query = bind("union T, T | count", &catalog).unwrap();
    let day = 864_000_000_000i64;
    let from = 621_355_968_000_000_000 + 1_767_312_000_000_000 * 10;
    let options = RunOptions {
        time_range: Some((from, from + day)),
        ..RunOptions::default()
    };
    let result = engine.run(&query, &tables, &options).await.unwrap();
    assert_eq!(rows(&result), vec![vec![Value::from(2)]]);
}

#[tokio::test]
async fn limits_cut_rows_and_time() {
    let (engine, (catalog, tables)) = (engine(), fixture());
    let query = bind("range x from 1 to 100000 step 1", &catalog).unwrap();
    let options = RunOptions {
        limits: Limits {
            max_rows: 10,
            ..Limits::default()
        },
        ..RunOptions::default()
    };
    let result = engine.run(&query, &tables, &options).await.unwrap();
    assert!(result.truncated);
    assert_eq!(result.tables[0].n_rows(), 10);
    let options = RunOptions {
        limits: Limits {
            timeout: std::time::Duration::ZERO,
            ..Limits::default()
        },
        ..RunOptions::default()
    };
    let query = bind(
        "range x from 1 to 1000000 step 1 | extend s = tostring(x) | summarize dcount(s)",
        &catalog,
    )
    .unwrap();
    let result = engine.run(&query, &tables, &options).await;
    assert!(
        matches!(result, Err(EngineError::Timeout { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn facet_gives_its_pipeline_and_then_each_column() {
    let (engine, (catalog, tables)) = (engine(), fixture());
    let text = "T | where Id < 4 | facet by Account, Id with (summarize n = sum(Id) | project n)";
    let result = run(&engine, text, &catalog, &tables).await.unwrap();
    let shown: Vec<String> = result
        .tables
        .iter()
        .map(|table| {
            let names: Vec<&str> = table
                .columns
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            let mut rows: Vec<String> = table
                .rows_json()
                .into_iter()
                .map(|row| Value::Array(row).to_string())
                .collect();
            rows.sort();
            format!("{} {}", names.join(","), rows.join(""))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "n [6]",
            "Account,count_Account [\"bob\",2][\"eve\",1]",
            "Id,count_Id [1,1][2,1][3,1]"
        ]
    );
    let wrong = run(&engine, "T | facet by Account + 'x'", &catalog, &tables).await;
    assert!(wrong.is_err());
}

#[test]
fn an_ingest_filter_keeps_what_the_query_would() {
    let (catalog, _) = fixture();
    let query = bind(
        "source | where Account has 'bob' and TimeGenerated > datetime(2000-01-01) | where Id != 9",
        &catalog,
    )
    .unwrap();
    let columns = stored();
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    let mask = filter_mask(&query, &batch).unwrap();
    assert_eq!(
        mask.iter().collect::<Vec<_>>(),
        vec![Some(false), Some(true), Some(false), Some(false)]
    );
    let wrong = bind("source | summarize count()", &catalog).unwrap();
    assert!(matches!(
        filter_mask(&wrong, &batch),
        Err(EngineError::Unsupported { .. })
    ));
}

#[test]
fn functions_come_back_from_their_names() {
    let names = [
        "kql:bin(datetime,timespan):datetime",
        "kql:op:has(string,string):bool",
        "kqlmv:items:bag:string:5",
    ];
    for name in names {
        assert_eq!(
            kql_engine::scalar_function_by_name(name).unwrap().name(),
            name
        );
    }
    let name = "kqlagg:percentiles(real)[50000,95000]";
    assert_eq!(
        kql_engine::aggregate_function_by_name(name).unwrap().name(),
        name
    );
    assert!(kql_engine::scalar_function_by_name("kql:no_such(long):long").is_none());
}

#[test]
fn a_run_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (engine, (catalog, tables)) = (engine(), fixture());
    let query = bind("T | count", &catalog).unwrap();
    let options = RunOptions::default();
    is_send(&engine.run(&query, &tables, &options));
}
