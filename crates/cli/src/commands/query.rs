//! `query`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use detect::{MemoryTables, Queries, QueryContext, QueryError, QueryOptions};
use jiff::Timestamp;
use schema::Catalog;
use serde_json::{Value as Json, json};

use super::query_text;
use super::rules::queries_over;
use crate::args::{Args, Format, Query};
use crate::client::{Client, Send};
use crate::columnar::{self, ColumnFormat};
use crate::failure::{Failure, Outcome, print_findings};
use crate::output::{Rows, print_bytes, text};
use crate::safe_text::for_terminal;

/// Memory of a query over files, bytes.
const MEMORY_BYTES: usize = 2_000_000_000;

/// What a query gave, from a data folder or from files.
struct Answer {
    /// Names and KQL types.
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Json>>,
    truncated: bool,
    /// Warnings, as the API gives them.
    findings: Json,
}

pub(super) async fn run(args: &Args, options: &Query) -> Outcome {
    let file = match args.format {
        Format::Parquet => Some(ColumnFormat::Parquet),
        Format::Arrow => Some(ColumnFormat::ArrowStream),
        _ => None,
    };
    if file.is_some() && !options.explain && std::io::stdout().is_terminal() {
        return Err(
            Failure::input("columns are bytes, which a terminal can't show")
                .hint("send stdout to a file: > rows.parquet"),
        );
    }
    let query = read_query(options)?;
    if options.explain {
        print_bytes(for_terminal(&explain(args, options, &query).await?).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = match options.load.is_empty() {
        true => over_folder(args, options, &query).await?,
        false => over_files(options, &query).await?,
    };
    if !args.quiet {
        print_findings(&answer.findings);
        if answer.truncated {
            eprintln!(
                "partial: only the first {} rows are shown (--max-rows)",
                answer.rows.len()
            );
        }
    }
    match file {
        Some(file) => print_bytes(&columnar::encode(file, &answer.columns, &answer.rows)?)?,
        None => {
            let columns = answer.columns.into_iter().map(|(name, _)| name).collect();
            let rows = answer.rows;
            Rows { columns, rows }.print(args.format)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_query(options: &Query) -> Outcome<String> {
    match (&options.text, &options.file) {
        (Some(text), None) if text == "-" => query_text::read(None),
        (Some(text), _) => Ok(text.clone()),
        (None, Some(path)) => query_text::read(Some(path)),
        (None, None) => Err(Failure::input("no query")
            .hint("give it as an argument, with -f FILE, or `-` for stdin")),
    }
}

fn body(options: &Query, query: &str) -> Send {
    Send::Json(json!({
        "query": query,
        "timespan": options.timespan,
        "max_rows": options.max_rows,
        "timeout_seconds": options.timeout.map(|timeout| timeout.as_secs_f64()),
    }))
}

async fn over_folder(args: &Args, options: &Query, query: &str) -> Outcome<Answer> {
    let client = Client::open(args).await?;
    let answer = client
        .call("POST", "/api/v1/query", body(options, query))
        .await;
    client.close().await?;
    let mut answer = answer?;
    let mut take = |at: &str| {
        let found = answer.pointer_mut(at);
        found.map(Json::take).unwrap_or_default()
    };
    let (table, findings) = (take("/tables/0"), take("/diagnostics"));
    let list = |key: &str| table[key].as_array().into_iter().flatten();
    Ok(Answer {
        columns: list("columns")
            .map(|column| (text(&column["name"]), text(&column["type"])))
            .collect(),
        rows: list("rows")
            .filter_map(|row| row.as_array().cloned())
            .collect(),
        truncated: answer["statistics"]["truncated"] == true,
        findings,
    })
}

async fn over_files(options: &Query, query: &str) -> Outcome<Answer> {
    let (queries, run) = prepared(options).await?;
    let outcome = queries
        .run(query, &run, &QueryContext::default())
        .await
        .map_err(|error| failure(query, &error))?;
    Ok(Answer {
        columns: outcome.result.columns,
        rows: outcome.result.rows,
        truncated: outcome.truncated,
        findings: findings(query, &outcome.diagnostics),
    })
}

async fn explain(args: &Args, options: &Query, query: &str) -> Outcome<String> {
    if options.load.is_empty() {
        let client = Client::open(args).await?;
        let answer = client
            .call("POST", "/api/v1/query/explain", body(options, query))
            .await;
        client.close().await?;
        return Ok(text(&answer?["plan"]));
    }
    let (queries, run) = prepared(options).await?;
    let explained = queries.explain(query, &run).await;
    explained.map_err(|error| failure(query, &error))
}

/// The loaded files, and how to run a query over them.
async fn prepared(options: &Query) -> Outcome<(Queries, QueryOptions)> {
    let now = Timestamp::now();
    let timespan = options.timespan.as_deref().unwrap_or_default();
    let range = detect::timespan::window(timespan, now).map_err(|error| {
        Failure::input(error.to_string()).hint(detect::timespan::BadTimespan::HINT)
    })?;
    let defaults = QueryOptions::new(now);
    let run = QueryOptions {
        range,
        max_rows: options.max_rows,
        timeout: options.timeout.unwrap_or(defaults.timeout),
        ..defaults
    };
    let tables = MemoryTables::with_catalog(Catalog::builtin().clone());
    let tables = load_tables(tables, &options.load).await?;
    let queries = queries_over(tables, options.memory.unwrap_or(MEMORY_BYTES))?;
    Ok((queries, run))
}

fn findings(query: &str, found: &[kql::Diagnostic]) -> Json {
    let found: Vec<_> = found.iter().map(|d| d.to_json(query)).collect();
    serde_json::to_value(found).unwrap_or_default()
}

/// The same failure as the API gives.
fn failure(query: &str, error: &QueryError) -> Failure {
    match error {
        QueryError::Diagnostics(found) => {
            let found = findings(query, found);
            let mut all = found.as_array().into_iter().flatten();
            let first = all.find(|d| d["severity"] == "error");
            let message = first.map_or_else(
                || error.to_string(),
                |d| format!("{}:{}: {}", d["line"], d["column"], text(&d["message"])),
            );
            Failure::input(message).with_diagnostics(&found)
        }
        QueryError::Engine(error) => match error.span() {
            Some(span) => {
                let at = kql::Position::of(query, span.range().start);
                Failure::input(format!("{}:{}: {error}", at.line, at.column))
            }
            None => Failure::work(error.to_string()),
        },
    }
}

/// Loads `TABLE=PATH` arguments.
pub(super) async fn load_tables(
    mut tables: MemoryTables,
    load: &[String],
) -> Outcome<MemoryTables> {
    for argument in load {
        let (table, path) = argument
            .split_once('=')
            .filter(|(table, path)| !table.is_empty() && !path.is_empty())
            .ok_or_else(|| {
                Failure::input(format!("--load `{argument}`")).hint("--load TABLE=PATH")
            })?;
        tables
            .load(table, Path::new(path), Timestamp::now())
            .await
            .map_err(|error| Failure::input(format!("--load {table}: {path}: {error}")))?;
    }
    Ok(tables)
}
