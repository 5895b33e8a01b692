//! `query`.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use detect::{MemoryTables, QueryContext, QueryError, QueryOptions};
use jiff::Timestamp;
use schema::Catalog;
use serde_json::{Value as Json, json};

use super::rules::queries_over;
use crate::args::{Args, Query};
use crate::client::{Client, Send};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, text};

pub(super) async fn run(args: &Args, options: &Query) -> Outcome {
    let query = read_query(options)?;
    let rows = match options.load.is_empty() {
        true => over_folder(args, options, &query).await?,
        false => over_files(options, &query).await?,
    };
    rows.print(args.format)?;
    Ok(ExitCode::SUCCESS)
}

fn read_query(options: &Query) -> Outcome<String> {
    match (&options.text, &options.file) {
        (Some(text), None) if text == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
        (Some(text), _) => Ok(text.clone()),
        (None, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| Failure::input(format!("`{}`: {error}", path.display()))),
        (None, None) => Err(Failure::input("no query")
            .hint("give it as an argument, with -f FILE, or `-` for stdin")),
    }
}

async fn over_folder(args: &Args, options: &Query, query: &str) -> Outcome<Rows> {
    let client = Client::open(args).await?;
    let body =
        json!({ "query": query, "timespan": options.timespan, "max_rows": options.max_rows });
    let answer = client.call("POST", "/api/v1/query", Send::Json(body)).await;
    client.close().await?;
    let answer = answer?;
    if answer["statistics"]["truncated"] == json!(true) {
        eprintln!(
            "partial: only the first {} rows are shown (--max-rows)",
            options.max_rows
        );
    }
    let table = &answer["tables"][0];
    Ok(Rows {
        columns: table["columns"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| text(&c["name"]))
            .collect(),
        rows: table["rows"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row.as_array().cloned())
            .collect::<Vec<Vec<Json>>>(),
    })
}

async fn over_files(options: &Query, query: &str) -> Outcome<Rows> {
    let tables = MemoryTables::with_catalog(Catalog::builtin().clone());
    let queries = queries_over(load_tables(tables, &options.load).await?, options.memory)?;
    let run = QueryOptions {
        max_rows: options.max_rows,
        ..QueryOptions::new(Timestamp::now())
    };
    let outcome = queries
        .run(query, &run, &QueryContext::default())
        .await
        .map_err(|error| match error {
            QueryError::Diagnostics(found) => {
                let rendered: Vec<String> =
                    found.iter().map(|d| d.render(query, "query")).collect();
                Failure::input(rendered.join("\n"))
            }
            QueryError::Engine(error) => Failure::work(error.to_string()),
        })?;
    Ok(Rows {
        columns: outcome
            .result
            .columns
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        rows: outcome.result.rows,
    })
}

/// Loads `TABLE=PATH` arguments.
pub(super) async fn load_tables(
    mut tables: MemoryTables,
    load: &[String],
) -> Outcome<MemoryTables> {
    for argument in load {
        let (table, path) = argument.split_once('=').ok_or_else(|| {
            Failure::input(format!("--load `{argument}`")).hint("--load TABLE=PATH")
        })?;
        tables
            .load(table, Path::new(path), Timestamp::now())
            .await
            .map_err(|error| Failure::input(format!("{path}: {error}")))?;
    }
    Ok(tables)
}
