//! One module a group of commands.

mod cases;
mod hunt;
mod ingest;
mod installation;
mod kql;
mod kql_dialect;
mod kql_format;
mod query;
mod query_text;
mod rules;
mod serve;

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, Command, Format};
use crate::client::Client;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) async fn run(args: Args) -> Outcome {
    format_fits(&args)?;
    match &args.command {
        Command::Serve(options) => serve::run(&args, options).await,
        Command::Ingest(options) => ingest::run(&args, options).await,
        Command::Query(options) => query::run(&args, options).await,
        Command::Kql(command) => kql::run(&args, command).await,
        Command::Hunt(options) => hunt::run(&args, options).await,
        Command::Rules(command) => rules::run(&args, command).await,
        Command::Restore { file } => installation::restore(&args, file),
        Command::Openapi => {
            writeln!(std::io::stdout(), "{}", server::openapi_json())
                .map_err(|error| Failure::work(format!("cannot write: {error}")))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Args::command(),
                "watchfloor",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Incidents(_)
        | Command::Metrics(_)
        | Command::Rejects(_)
        | Command::Assets(_)
        | Command::Identities(_)
        | Command::Sources(_)
        | Command::History(_)
        | Command::Backup { .. }
        | Command::Users(_)
        | Command::Tokens(_) => with_client(&args).await,
    }
}

/// Refuses a format that the command has no use for, before anything is done.
fn format_fits(args: &Args) -> Outcome<()> {
    let (name, only) = match (args.format, &args.command) {
        (Format::Html, Command::Hunt(_))
        | (Format::Parquet | Format::Arrow, Command::Query(_))
        | (Format::Table | Format::Json | Format::Ndjson | Format::Csv, _) => return Ok(()),
        (Format::Html, _) => ("html", "hunt"),
        (Format::Parquet, _) => ("parquet", "query"),
        (Format::Arrow, _) => ("arrow", "query"),
    };
    Err(
        Failure::input(format!("`--format {name}` is for `{only}` only"))
            .hint("table, json, ndjson or csv"),
    )
}

async fn with_client(args: &Args) -> Outcome {
    let client = Client::open(args).await?;
    client.settle().await?;
    let outcome = match &args.command {
        Command::Incidents(command) => cases::incidents(&client, args, command).await,
        Command::Metrics(options) => cases::metrics(&client, args.format, options).await,
        other => installation::run(&client, args, other).await,
    };
    client.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}
