//! Whatever the binder takes, the engine answers or refuses: never a panic, never an internal
//! error, whatever the values.
#![allow(clippy::unwrap_used)]

mod random;
mod support;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use kql::catalog::{StaticCatalog, TableDef};
use kql_engine::{Engine, EngineError, Limits, MemoryTables, RunOptions};
use proptest::prelude::*;
use random::{Builder, COLUMNS};

fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        // Seeds of operators: fewer and smaller ones are no simpler query.
        max_shrink_iters: 64,
        ..asked
    }
}

fn tables() -> (StaticCatalog, MemoryTables) {
    let last_hour = 253_402_300_799_999_999;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(BooleanArray::from(vec![
            Some(true),
            Some(false),
            None,
            Some(true),
            None,
        ])),
        Arc::new(Int32Array::from(vec![
            Some(1),
            Some(i32::MIN),
            None,
            Some(i32::MAX),
            Some(0),
        ])),
        Arc::new(Int64Array::from(vec![
            Some(1),
            Some(i64::MIN),
            None,
            Some(i64::MAX),
            Some(0),
        ])),
        Arc::new(Float64Array::from(vec![
            Some(1.5),
            Some(f64::NAN),
            None,
            Some(f64::INFINITY),
            Some(-0.0),
        ])),
        Arc::new(StringArray::from(vec![
            "a",
            "a=1;b=x",
            "",
            "ä\u{1F600} (",
            "{\"a\":[1]}",
        ])),
        Arc::new(
            TimestampMicrosecondArray::from(vec![
                Some(1_767_323_045_678_900),
                Some(-11_644_473_600_000_000),
                None,
                Some(last_hour),
                Some(0),
            ])
            .with_timezone("UTC"),
        ),
        Arc::new(Int64Array::from(vec![
            Some(36_000_000_000),
            Some(-1),
            None,
            Some(i64::MAX),
            Some(0),
        ])),
        Arc::new(StringArray::from(vec![
            Some("74be27de-1e4e-49d9-b579-fe0b331d3642"),
            Some(""),
            None,
            Some("no guid"),
            Some("0"),
        ])),
        Arc::new(StringArray::from(vec![
            Some("{\"a\":{\"b\":[1,2]},\"s\":\"x\"}"),
            Some("[1,\"x\",null,2.5,{\"a\":1}]"),
            None,
            Some("{\"a\":"),
            Some("7"),
        ])),
    ];
    let full = support::memory_table(COLUMNS.iter().map(|(name, _)| *name).zip(columns).collect());
    let defs = COLUMNS.map(|(name, ty)| (name.into(), ty)).to_vec();
    let (mut catalog, mut tables) = (StaticCatalog::new(), MemoryTables::new());
    tables.add("T", full);
    tables.add("Empty", support::empty_table(&defs));
    for name in ["T", "Empty"] {
        catalog.add_table(TableDef {
            name: name.to_owned(),
            columns: defs.clone(),
        });
    }
    (catalog, tables)
}

/// What became of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotBound,
    Refused,
    Answered,
}

/// Runs a query on a stack of its own, as deep as the server's.
fn run(text: String) -> Result<End, String> {
    let work = move || {
        let (catalog, tables) = tables();
        let Ok(query) = support::bind(&text, &catalog) else {
            return Ok(End::NotBound);
        };
        let options = RunOptions {
            limits: Limits {
                timeout: Duration::from_secs(60),
                max_rows: 10_000,
            },
            time_range: None,
        };
        let engine: Engine = support::engine();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        match runtime.block_on(engine.run(&query, &tables, &options)) {
            Ok(result) => {
                // The answer can be written.
                for table in &result.tables {
                    let _ = table.rows_json();
                }
                Ok(End::Answered)
            }
            Err(EngineError::Internal(what)) => Err(format!("internal error: {what}\n{text}")),
            // A query may ask to fail.
            Err(EngineError::Execution(_)) if text.contains("assert(") => Ok(End::Refused),
            Err(EngineError::Execution(error)) => Err(format!("execution: {error}\n{text}")),
            Err(_) => Ok(End::Refused),
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(work)
        .unwrap();
    thread.join().unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn query(steps: &[u64]) -> String {
    let mut query = Builder::new();
    steps.iter().for_each(|seed| query.step(*seed));
    query.text
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_the_binder_takes_never_panics(steps in prop::collection::vec(any::<u64>(), 1..6)) {
        let text = query(&steps);
        let end = run(text);
        prop_assert!(end.is_ok(), "{}", end.unwrap_err());
    }
}

/// The generator is of use only while a good part of what it makes runs.
#[test]
fn a_good_part_of_the_random_queries_runs() {
    let all = 150;
    let answered = (0..all)
        .filter(|seed| run(query(&[*seed, seed + 10_000])) == Ok(End::Answered))
        .count();
    assert!(answered * 3 > all as usize, "{answered} of {all} run");
}

/// What random queries found, each with the end it must have.
const FOUND: &[(&str, End)] = &[
    // Columns that only the pivot itself reads.
    (
        "T | evaluate pivot(s, count()) | summarize c = count() by n",
        End::Answered,
    ),
    ("T | evaluate pivot(s, count()) | distinct n", End::Answered),
    // Arithmetic at the ends of 64 bits.
    (
        "T | extend x = bin_at(n, long(9223372036854775807), int(-1))",
        End::Answered,
    ),
    (
        "T | extend x = array_rotate_right(dynamic([1, 2, 3]), n)",
        End::Answered,
    ),
    (
        "T | extend x = array_split(dynamic([1, 2, 3]), long(-9223372036854775808))",
        End::Answered,
    ),
    ("T | extend x = indexof(s, 'a', n)", End::Answered),
    (
        "T | extend x = endofmonth(t, n), y = endofday(t, n), z = endofyear(t, n)",
        End::Answered,
    ),
    ("T | summarize avgif(ts, b), avg(ts) by s", End::Answered),
    // Arguments that must be constant, or of another type.
    ("T | summarize make_list(s, n)", End::Refused),
    ("T | summarize make_set_if(s, b, i) by n", End::Refused),
    ("T | summarize percentiles(n, 50, int(null))", End::Refused),
    ("T | summarize binary_all_xor(r)", End::Refused),
    ("T | make-series count() on n step 1", End::Refused),
];

#[test]
fn what_was_found_once_stays_mended() {
    for (text, end) in FOUND {
        assert_eq!(run((*text).to_owned()), Ok(*end), "{text}");
    }
}
