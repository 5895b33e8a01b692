//! `kql check` and `kql run`: JSON lines in, JSON lines out. One query's failure never ends the
//! run.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use detect::{MemoryTables, QueryContext, QueryError, QueryOptions, ticks};
use jiff::Timestamp;
use schema::Catalog;
use serde_json::{Value as Json, json};

use super::query::load_tables;
use super::rules::queries_over;
use crate::args::Kql;
use crate::failure::{Failure, Outcome};
use crate::output::json_line;

pub(super) async fn run(command: &Kql) -> Outcome {
    match command {
        Kql::Check { schema } => check(read_schema(schema.as_ref())?),
        Kql::Run { schema, load } => run_queries(read_schema(schema.as_ref())?, load).await,
    }
}

fn read_schema(path: Option<&PathBuf>) -> Outcome<Option<Catalog>> {
    let Some(path) = path else { return Ok(None) };
    let bad = |reason: String| Failure::input(format!("`{}`: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    Catalog::from_csv(&text)
        .map(Some)
        .map_err(|error| bad(error.to_string()))
}

struct Request {
    id: Json,
    query: String,
    dialect: kql::Dialect,
}

fn requests() -> impl Iterator<Item = Outcome<Request>> {
    std::io::stdin()
        .lock()
        .lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let line = match line {
                Ok(line) if line.trim().is_empty() => return None,
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            Some(match serde_json::from_str::<Json>(&line) {
                Ok(json) if json["query"].is_string() => Ok(Request {
                    id: json["id"].clone(),
                    query: json["query"].as_str().unwrap_or_default().to_owned(),
                    dialect: match json["dialect"].as_str() {
                        Some("defender-xdr") => kql::Dialect::DefenderXdr,
                        _ => kql::Dialect::Sentinel,
                    },
                }),
                _ => Err(Failure::input(format!(
                    "line {}: expected {{\"id\",\"query\"}}",
                    at + 1
                ))),
            })
        })
}

fn check(schema: Option<Catalog>) -> Outcome {
    let tables = MemoryTables::with_catalog(schema.unwrap_or_else(|| Catalog::builtin().clone()));
    let now = Timestamp::now();
    for request in requests() {
        let request = request?;
        let catalog = detect::KqlCatalog::new(&tables, tables.catalog());
        let options = kql::BindOptions {
            now: ticks(now),
            dialect: request.dialect,
        };
        let bound = kql::bind(&request.query, &catalog, &options);
        json_line(&json!({
            "id": request.id,
            "ok": !bound.diagnostics.iter().any(kql::Diagnostic::is_error),
            "columns": columns(bound.columns.iter().map(|c| (c.name.as_str(), c.ty.name()))),
            "diagnostics": bound.diagnostics.iter().map(|d| d.to_json(&request.query)).collect::<Vec<_>>(),
        }))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn columns<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Json> {
    columns
        .map(|(name, ty)| json!({ "name": name, "type": ty }))
        .collect()
}

async fn run_queries(schema: Option<Catalog>, load: &[String]) -> Outcome {
    let catalog = schema.unwrap_or_else(|| Catalog::builtin().clone());
    let tables = load_tables(MemoryTables::with_catalog(catalog), load).await?;
    let queries = queries_over(tables, 2_000_000_000)?;
    for request in requests() {
        let request = request?;
        let started = Instant::now();
        let options = QueryOptions {
            max_rows: 1_000_000,
            ..QueryOptions::new(Timestamp::now())
        };
        let answer = queries
            .run(&request.query, &options, &QueryContext::default())
            .await;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        json_line(&match answer {
            Ok(outcome) => json!({
                "id": request.id, "ok": true,
                "columns": columns(outcome.result.columns.iter().map(|(n, t)| (n.as_str(), t.as_str()))),
                "rows": outcome.result.rows, "error": null, "elapsed_ms": elapsed_ms,
            }),
            Err(error) => json!({
                "id": request.id, "ok": false, "columns": [], "rows": [],
                "error": message(&request.query, &error), "elapsed_ms": elapsed_ms,
            }),
        })?;
    }
    Ok(ExitCode::SUCCESS)
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
