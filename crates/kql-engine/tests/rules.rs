//! Runs real detection rules over empty tables: those that bind have to execute and give the columns the official
//! service says.
#![allow(clippy::unwrap_used)]

mod support;

use kql_engine::RunOptions;
use serde_json::Value;

/// The share of bound queries that executes, in per mille: a little under what is reached.
const FLOOR_PER_MILLE: usize = 990;

#[test]
fn rules_execute_over_empty_tables() {
    support::on_large_stack(run_all);
}

/// The columns of the plan's first result.
fn columns_of(query: &kql::Query) -> Vec<(String, &'static str)> {
    let columns = query.results.first().map_or(&[][..], |rel| &rel.columns);
    let named = columns.iter().map(|c| (c.name.to_string(), c.ty.name()));
    named.collect()
}

/// As many columns of the first table; a column of unknown type has one at run time.
fn shown(result: &kql_engine::QueryResult, query: &kql::Query) -> Vec<(String, &'static str)> {
    let planned = columns_of(query);
    let columns = result.tables.first().map_or(&[][..], |t| &t.columns);
    let pairs = columns.iter().zip(&planned);
    pairs
        .map(|((name, ty), (_, planned))| {
            let ty = if *planned == "unknown" {
                planned
            } else {
                ty.name()
            };
            (name.clone(), ty)
        })
        .collect()
}

async fn run_all() {
    let Some(root) = support::corpora() else {
        return;
    };
    let csv = std::fs::read_to_string(root.join("schemas/log_analytics_tables.csv")).unwrap();
    let (catalog, mut tables) = support::schema(&csv);
    // What is elsewhere is empty, too: an engine that is not told of it refuses the query.
    tables.allow_external(
        "",
        support::empty_table(&[("Line".into(), kql::types::Type::String)]),
    );
    let text = std::fs::read_to_string(root.join("kql-rules/queries.jsonl")).unwrap();
    let engine = support::engine();
    let step: usize = std::env::var("WATCHFLOOR_RULES_STEP")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(9);
    let (mut bound, mut ran) = (0usize, 0usize);
    let mut why = std::collections::BTreeMap::<String, usize>::new();
    for line in text.lines().step_by(step) {
        let case: Value = serde_json::from_str(line).unwrap();
        let Ok(query) = support::bind(case["query"].as_str().unwrap(), &catalog) else {
            continue;
        };
        bound += 1;
        let started = std::time::Instant::now();
        if std::env::var_os("WATCHFLOOR_TRACE").is_some() {
            eprintln!("> {}", case["id"]);
        }
        match engine.run(&query, &tables, &RunOptions::default()).await {
            Ok(result) => {
                ran += 1;
                assert_eq!(columns_of(&query), shown(&result, &query), "{}", case["id"]);
            }
            Err(error) => {
                let text: String = error.to_string().chars().take(110).collect();
                *why.entry(text).or_default() += 1;
                if std::env::var_os("WATCHFLOOR_VERBOSE").is_some() {
                    eprintln!("{}: {error}", case["id"].as_str().unwrap());
                }
            }
        }
        if started.elapsed().as_secs() >= 5 {
            eprintln!(
                "slow: {} took {:?}",
                case["id"].as_str().unwrap(),
                started.elapsed()
            );
        }
    }
    let mut why: Vec<_> = why.into_iter().collect();
    why.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (text, n) in why.iter().take(40) {
        eprintln!("{n}\t{text}");
    }
    eprintln!("rules: {ran} of {bound} bound queries ran");
    assert!(ran * 1000 >= bound * FLOOR_PER_MILLE, "{ran} of {bound}");
}
