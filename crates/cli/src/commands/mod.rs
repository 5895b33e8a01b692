//! One module a group of commands.

mod cases;
mod hunt;
mod ingest;
mod installation;
mod kql;
mod query;
mod rules;
mod serve;

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, Command};
use crate::client::Client;
use crate::failure::Outcome;

/// Runs the command.
pub(crate) async fn run(args: Args) -> Outcome {
    match &args.command {
        Command::Serve(options) => serve::run(&args, options).await,
        Command::Ingest(options) => ingest::run(&args, options).await,
        Command::Query(options) => query::run(&args, options).await,
        Command::Kql(command) => kql::run(command).await,
        Command::Hunt(options) => hunt::run(&args, options).await,
        Command::Rules(command) => rules::run(&args, command).await,
        Command::Restore { file } => installation::restore(&args, file),
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

async fn with_client(args: &Args) -> Outcome {
    let client = Client::open(args).await?;
    client.settle().await?;
    let outcome = match &args.command {
        Command::Incidents(command) => cases::incidents(&client, args.format, command).await,
        Command::Metrics(options) => cases::metrics(&client, args.format, options).await,
        other => installation::run(&client, args, other).await,
    };
    client.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}
