//! `rules check`.

use std::process::ExitCode;
use std::sync::Arc;

use detect::{Journal, MemoryTables, Queries, RuleLibrary};
use jiff::Timestamp;
use kql_engine::{Engine, EngineOptions};

use crate::args::{Args, Rules};
use crate::failure::{Failure, Outcome};
use crate::output::json_line;

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

pub(super) async fn run(_: &Args, command: &Rules) -> Outcome {
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
    let mut broken = 0;
    for report in &library.reports {
        broken += usize::from(!report.ok);
        json_line(report)?;
    }
    eprintln!("rules: {} checked, {broken} broken", library.reports.len());
    Ok(if broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
