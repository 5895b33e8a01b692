//! `watchfloor`: everything from the command line.
//!
//! Commands that work on a data folder speak the server's HTTP API: in-process when nobody owns
//! the folder, through its local socket when a server does, over the network with `--server`. So
//! the output is the same everywhere. Rows go to stdout, progress and summaries to stderr.

mod allocator;
mod args;
mod client;
mod columnar;
mod commands;
mod examples;
mod failure;
mod output;
mod safe_text;

use std::process::ExitCode;

/// Planning a query recurses as deep as the query is long; the usual 2 MB would overflow, and that
/// ends the process rather than the query.
const QUERY_STACK_BYTES: usize = 64 << 20;

/// Libraries that warn of what is none of the user's business; their errors still show.
const QUIETER: &str = "evtx=error,buoyant_kernel=error,buoyant_kernel_engine=error";

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    let args = examples::parse();
    // Queries run on this thread too, and the first thread's stack is the system's choice.
    let work = std::thread::Builder::new()
        .stack_size(QUERY_STACK_BYTES)
        .spawn(move || run(args));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            ExitCode::from(1)
        }
    }
}

fn run(args: args::Args) -> ExitCode {
    let level = if args.quiet { "error" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("WATCHFLOOR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("{level},{QUIETER}")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    // One provider for the whole process; another part may have set the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(QUERY_STACK_BYTES)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(commands::run(args)) {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}
