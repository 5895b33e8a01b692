//! Runs real detection rules over tables with rows made for them from a seed: none fails, each gives the planned columns,
//! and neither the optimiser nor the size of batches changes an answer.
#![allow(clippy::unwrap_used)]

mod seeded;
mod support;

use kql::types::Type;
use kql_engine::{Engine, EngineError, MemoryTables, QueryResult, RunOptions};
use seeded::{Batches, rows};
use serde_json::Value;
use support::agreement::{Determined, determined, multiset};
use support::files::Files;

/// Queries of the corpus from one to the next that is run, unless told otherwise: a prime, so that all sources occur.
const STEP: usize = 37;

/// The least share of queries that find a row, in percent.
const FINDING_PERCENT: usize = 60;

/// The largest share of queries that the engine says it can't run, in percent: there is no table of where addresses are.
const REFUSED_PERCENT: usize = 2;

#[test]
fn rules_give_the_same_rows_however_they_run() {
    support::on_large_stack(run_all);
}

/// The engines to compare: as in service, without rewrites, row by row.
struct Engines {
    usual: Engine,
    unoptimised: Engine,
    by_row: Engine,
}

enum Failure {
    /// The engine says that it does not run this.
    Refused(String),
    Wrong(String),
}

/// What became of the queries.
#[derive(Default)]
struct Tally {
    run: usize,
    refused: usize,
    finding: usize,
    by_rows: usize,
    by_count: usize,
    failures: Vec<String>,
}

async fn run_all() {
    let Some(root) = support::corpora() else {
        return;
    };
    let csv = std::fs::read_to_string(root.join("schemas/log_analytics_tables.csv")).unwrap();
    let (catalog, _) = support::schema(&csv);
    let text = std::fs::read_to_string(root.join("kql-rules/queries.jsonl")).unwrap();
    let engines = Engines {
        usual: support::engine(),
        unoptimised: support::engine().unoptimised(),
        by_row: support::engine().with_batch_rows(1),
    };
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let step: usize = number("WATCHFLOOR_RULES_STEP").unwrap_or(STEP);
    let only = std::env::var("WATCHFLOOR_RULE").ok();
    let mut tally = Tally::default();
    for (at, line) in text.lines().enumerate().step_by(step) {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if only.as_ref().is_some_and(|only| only != id) {
            continue;
        }
        let Ok(query) = support::bind(case["query"].as_str().unwrap(), &catalog) else {
            continue;
        };
        let now = support::bind_options().now;
        let rows = rows(&query, &catalog, now, at.try_into().unwrap());
        tally.run += 1;
        match compare(&engines, &query, &rows).await {
            Ok((n_rows, determined)) => {
                tally.finding += usize::from(n_rows > 0);
                tally.by_rows += usize::from(determined.rows);
                tally.by_count += usize::from(determined.count && !determined.rows);
                if n_rows == 0 && std::env::var_os("WATCHFLOOR_VERBOSE").is_some() {
                    eprintln!("no rows: {id}");
                }
            }
            Err(Failure::Refused(what)) => {
                eprintln!("{id}: {what}");
                tally.refused += 1;
            }
            Err(Failure::Wrong(why)) => {
                eprintln!("{id}: {why}");
                tally.failures.push(id.to_owned());
            }
        }
    }
    let Tally {
        run,
        refused,
        finding,
        by_rows,
        by_count,
        failures,
    } = tally;
    eprintln!(
        "seeded rules: {run} run, {refused} refused, {finding} find rows; compared by rows: {by_rows}, by their number: {by_count}"
    );
    assert!(
        failures.is_empty(),
        "{} differ: {failures:?}",
        failures.len()
    );
    assert!(
        refused * 100 <= run * REFUSED_PERCENT || only.is_some(),
        "{refused} of {run} queries are refused"
    );
    assert!(
        finding * 100 >= run * FINDING_PERCENT || only.is_some(),
        "only {finding} of {run} queries find rows"
    );
}

/// Runs a query in every way: the number of rows and what of them was compared, or what went wrong.
async fn compare(
    engines: &Engines,
    query: &kql::Query,
    rows: &seeded::Rows,
) -> Result<(usize, Determined), Failure> {
    let whole = rows.tables(Batches::Whole);
    let single = rows.tables(Batches::OneRow);
    let files = Files::new("rules");
    let stored = rows.stored(&files).await;
    let usual = run("usual", &engines.usual, query, &whole).await?;
    let determined = determined(query);
    let ways = [
        ("unoptimised", &engines.unoptimised, &whole),
        ("row by row", &engines.by_row, &single),
        ("from files", &engines.usual, &stored),
    ];
    let want = multiset(&usual);
    for (way, engine, tables) in ways {
        let other = run(way, engine, query, tables).await?;
        let got = multiset(&other);
        let same = match determined.rows {
            true => got == want,
            false => !determined.count || got.len() == want.len(),
        };
        if !same {
            return Err(Failure::Wrong(difference(way, &want, &got)));
        }
    }
    Ok((usual.stats.rows, determined))
}

async fn run(
    way: &str,
    engine: &Engine,
    query: &kql::Query,
    tables: &MemoryTables,
) -> Result<QueryResult, Failure> {
    let started = std::time::Instant::now();
    let result = engine.run(query, tables, &RunOptions::default()).await;
    if started.elapsed().as_secs() >= 5 {
        eprintln!("slow, {way}: {:?}", started.elapsed());
    }
    let result = result.map_err(|error| match error {
        EngineError::Unsupported { .. } => Failure::Refused(error.to_string()),
        error => Failure::Wrong(format!("{way}: {error}")),
    })?;
    for (table, planned) in result.tables.iter().zip(&query.results) {
        let names = planned.columns.iter().map(|column| column.name.as_str());
        let shown = table.columns.iter().map(|(name, _)| name.as_str());
        let types = planned.columns.iter().zip(&table.columns);
        // A column of unknown type has one at run time.
        let mut types = types.filter(|(column, _)| column.ty != Type::Unknown);
        let same = shown.take(planned.columns.len()).eq(names)
            && types.all(|(column, (_, ty))| column.ty == *ty)
            && (planned.open || table.columns.len() == planned.columns.len());
        if !same {
            let why = format!("{way}: columns {:?}", table.columns);
            return Err(Failure::Wrong(why));
        }
    }
    Ok(result)
}

/// The first rows that one side lacks.
fn difference(way: &str, want: &[String], got: &[String]) -> String {
    let lacks = |from: &[String], other: &[String]| -> String {
        let first = from.iter().find(|row| !other.contains(row));
        first
            .map_or("-", |row| row.as_str())
            .chars()
            .take(600)
            .collect()
    };
    format!(
        "{way}: {} rows, not {}\n  lacks {}\n  adds  {}",
        got.len(),
        want.len(),
        lacks(want, got),
        lacks(got, want)
    )
}
