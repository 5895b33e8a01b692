//! `kql check` and `kql run` (`kql format` is beside): JSON lines in, JSON lines out. One query's failure never ends the
//! run, and neither does a line that holds no query.

use std::io::BufRead as _;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use detect::{KqlCatalog, MemoryTables, Queries, QueryContext, QueryError, QueryOptions, ticks};
use jiff::Timestamp;
use kql::Dialect;
use schema::Catalog;
use serde_json::{Map, Value as Json, json};

use super::kql_dialect::InDialect;
use super::kql_format;
use super::query::load_tables;
use super::rules::queries_over;
use crate::args::{Args, Kql};
use crate::failure::{Failure, Outcome};
use crate::output::json_line;

/// Memory for all queries, bytes.
const MEMORY_BYTES: usize = 2_000_000_000;
/// Rows of one answer.
const MAX_ROWS: usize = 1_000_000;
/// Code of a line that holds no query.
const BAD_LINE: &str = "INPUT";

pub(super) async fn run(args: &Args, command: &Kql) -> Outcome {
    let bad_lines = match command {
        Kql::Check { schema } => check(read_schema(schema.as_ref())?)?,
        Kql::Run { schema, load } => run_queries(read_schema(schema.as_ref())?, load).await?,
        Kql::Format {
            file,
            write,
            check,
            width,
        } => {
            let wanted = kql_format::Wanted {
                write: *write,
                check: *check,
                width: *width,
            };
            return kql_format::run(file.as_ref(), &wanted);
        }
    };
    if bad_lines == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.quiet {
        eprintln!("error: {bad_lines} lines hold no query; their answers say why");
    }
    Ok(ExitCode::from(2))
}

fn read_schema(path: Option<&PathBuf>) -> Outcome<Catalog> {
    let Some(path) = path else {
        return Ok(Catalog::builtin().clone());
    };
    let bad = |reason: String| Failure::input(format!("`{}`: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    Catalog::from_csv(&text).map_err(|error| bad(error.to_string()))
}

struct Request {
    id: Json,
    query: String,
    dialect: Dialect,
}

/// A line that holds no query: its id, as far as there is one, and why.
struct BadLine {
    id: Json,
    reason: String,
}

impl Request {
    fn read(number: usize, line: &[u8]) -> Result<Self, BadLine> {
        let bad = |id: Json, reason: String| BadLine {
            id,
            reason: format!("line {number}: {reason}"),
        };
        let mut members: Map<String, Json> = serde_json::from_slice(line)
            .map_err(|error| bad(Json::Null, format!("no JSON object: {error}")))?;
        let id = members.remove("id").unwrap_or_default();
        let Some(Json::String(query)) = members.remove("query") else {
            return Err(bad(id, "expected {\"id\",\"query\"}".into()));
        };
        let dialect = match members.get("dialect") {
            None | Some(Json::Null) => Dialect::Sentinel,
            Some(Json::String(name)) if name == "sentinel" => Dialect::Sentinel,
            Some(Json::String(name)) if name == "defender-xdr" => Dialect::DefenderXdr,
            Some(other) => {
                let reason = format!("unknown dialect {other}; sentinel or defender-xdr");
                return Err(bad(id, reason));
            }
        };
        Ok(Self { id, query, dialect })
    }
}

/// The next line of stdin that is not blank, with its number.
fn next_request(number: &mut usize) -> Outcome<Option<Result<Request, BadLine>>> {
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stdin.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        *number += 1;
        let line = line.trim_ascii();
        if !line.is_empty() {
            return Ok(Some(Request::read(*number, line)));
        }
    }
}

/// Checks every query; gives the number of lines that held none.
fn check(catalog: Catalog) -> Outcome<u64> {
    let tables = MemoryTables::with_catalog(catalog);
    let (mut number, mut bad_lines) = (0, 0);
    while let Some(request) = next_request(&mut number)? {
        let answer = match request {
            Ok(request) => {
                let bound = AssertUnwindSafe(|| checked(&tables, &request));
                std::panic::catch_unwind(bound).unwrap_or_else(|_| {
                    refused(
                        &request.id,
                        "INTERNAL",
                        "internal error: the checker failed",
                    )
                })
            }
            Err(BadLine { id, reason }) => {
                bad_lines += 1;
                refused(&id, BAD_LINE, &reason)
            }
        };
        json_line(&answer)?;
    }
    Ok(bad_lines)
}

fn checked(tables: &MemoryTables, request: &Request) -> Json {
    let catalog = InDialect::new(KqlCatalog::new(tables), request.dialect);
    let options = kql::BindOptions {
        now: ticks(Timestamp::now()),
        dialect: request.dialect,
    };
    let bound = kql::bind(&request.query, &catalog, &options);
    let found = bound.diagnostics.iter().map(|d| d.to_json(&request.query));
    json!({
        "id": request.id,
        "ok": bound.ok(),
        "columns": columns(bound.columns.iter().map(|c| (c.name.as_str(), c.ty.name()))),
        "diagnostics": found.collect::<Vec<_>>(),
    })
}

fn refused(id: &Json, code: &str, message: &str) -> Json {
    json!({
        "id": id, "ok": false, "columns": [],
        "diagnostics": [{
            "code": code, "severity": "error", "message": message,
            "start": 0, "end": 0, "line": 1, "column": 1,
        }],
    })
}

fn columns<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Json> {
    columns
        .map(|(name, ty)| json!({ "name": name, "type": ty }))
        .collect()
}

/// Runs every query; gives the number of lines that held none.
async fn run_queries(catalog: Catalog, load: &[String]) -> Outcome<u64> {
    let tables = load_tables(MemoryTables::with_catalog(catalog), load).await?;
    let queries = queries_over(tables, MEMORY_BYTES)?;
    let (mut number, mut bad_lines) = (0, 0);
    while let Some(request) = next_request(&mut number)? {
        let answer = match request {
            Ok(request) => ran(&queries, request).await,
            Err(BadLine { id, reason }) => {
                bad_lines += 1;
                failed(&id, &reason, Instant::now())
            }
        };
        json_line(&answer)?;
    }
    Ok(bad_lines)
}

async fn ran(queries: &Queries, request: Request) -> Json {
    let started = Instant::now();
    let id = request.id.clone();
    let queries = queries.clone();
    // A task of its own: a panic in it ends the task only.
    let task = tokio::spawn(async move {
        let options = QueryOptions {
            max_rows: MAX_ROWS,
            ..QueryOptions::new(Timestamp::now())
        };
        let answer = queries
            .run(&request.query, &options, &QueryContext::default())
            .await;
        answer.map_err(|error| message(&request.query, &error))
    });
    match task.await {
        Ok(Ok(outcome)) => {
            let types = outcome.result.columns.iter();
            json!({
                "id": id, "ok": true,
                "columns": columns(types.map(|(name, ty)| (name.as_str(), ty.as_str()))),
                "rows": outcome.result.rows, "error": null, "elapsed_ms": elapsed_ms(started),
            })
        }
        Ok(Err(reason)) => failed(&id, &reason, started),
        Err(_) => failed(&id, "internal error: the engine failed", started),
    }
}

fn failed(id: &Json, reason: &str, started: Instant) -> Json {
    json!({
        "id": id, "ok": false, "columns": [], "rows": [],
        "error": reason, "elapsed_ms": elapsed_ms(started),
    })
}

fn elapsed_ms(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn message(text: &str, error: &QueryError) -> String {
    match error {
        QueryError::Diagnostics(found) => found
            .iter()
            .filter(|d| d.is_error())
            .map(|d| {
                let found = d.to_json(text);
                format!(
                    "{}:{}: {} [{}]",
                    found.line, found.column, found.message, found.code
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
        QueryError::Engine(error) => error.to_string(),
    }
}
