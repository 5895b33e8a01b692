//! `rules check`.

use std::process::ExitCode;
use std::sync::Arc;

use detect::{Journal, MemoryTables, Queries, RuleLibrary, RuleReport};
use jiff::Timestamp;
use kql_engine::{Engine, EngineOptions};
use serde_json::{Value as Json, json};

use crate::args::{Args, Format, Rules};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, json_line};

/// What is said about a rule.
const COLUMNS: &[&str] = &["path", "kind", "id", "ok", "state", "diagnostics"];

/// Queries over tables in memory, for commands that need no data folder.
pub(super) fn queries_over(tables: MemoryTables, memory_bytes: usize) -> Outcome<Queries> {
    let options = EngineOptions {
        memory_bytes,
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).map_err(|error| Failure::work(error.to_string()))?;
    Ok(Queries::new(
        Arc::new(tables),
        Arc::new(engine),
        Journal::default(),
    ))
}

pub(super) async fn run(args: &Args, command: &Rules) -> Outcome {
    let Rules::Check { paths } = command;
    for path in paths {
        if !path.exists() {
            return Err(Failure::input(format!(
                "`{}` does not exist",
                path.display()
            )));
        }
    }
    let queries = queries_over(MemoryTables::default(), 256 << 20)?;
    let library = RuleLibrary::load(Vec::new(), paths, &queries, &|_| true, Timestamp::now());
    let reports: Vec<Json> = library.reports.iter().map(line).collect();
    match args.format {
        Format::Table | Format::Ndjson => reports.iter().try_for_each(json_line)?,
        format => Rows::of_objects(COLUMNS, &reports).print(format)?,
    }
    let broken = library.reports.iter().filter(|report| !report.ok).count();
    if !args.quiet {
        eprintln!("rules: {} checked, {broken} broken", reports.len());
    }
    Ok(match broken {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

fn line(report: &RuleReport) -> Json {
    json!({
        "path": report.path,
        "kind": report.kind,
        "id": report.id,
        "ok": report.ok,
        "state": report.state,
        "diagnostics": report.diagnostics,
    })
}
