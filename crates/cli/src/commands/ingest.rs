//! `ingest`.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use intake::{FileOptions, IngestReport, IntakeError};
use serde_json::json;

use crate::args::{Args, Format, Ingest};
use crate::client::{Client, Send};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, json_line};
use crate::safe_text::for_terminal;

pub(super) async fn run(args: &Args, options: &Ingest) -> Outcome {
    let client = Client::open(args).await?;
    let report = match &client {
        Client::InProcess { platform, .. } => {
            let files = FileOptions {
                source: Some(options.source.clone()),
                table: options.table.clone(),
                again: options.again,
                ..FileOptions::default()
            };
            let bar = spinner(args.quiet);
            let shown = bar.clone();
            let report = platform
                .intake()
                .files(options.paths.clone(), files, move |done| {
                    shown.inc(done.records);
                    shown.set_message(for_terminal(&done.file).into_owned());
                })
                .await
                .map_err(refused)?;
            bar.finish_and_clear();
            report
        }
        Client::Socket(socket) => through_server(&client, socket, options).await?,
        Client::Remote { .. } => {
            return Err(Failure::input("`ingest` does not send files to a server over the network")
                .hint("run it on the server's machine, with its --data-dir; or send the records to POST /api/v1/ingest/{source}"));
        }
    };
    client.settle().await?;
    client.close().await?;
    print(args, &report)?;
    Ok(if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn refused(error: IntakeError) -> Failure {
    match &error {
        IntakeError::UnknownSource { .. } => Failure::input(error.to_string()),
        IntakeError::Lake(lake::LakeError::DiskFull { .. }) => {
            Failure::work(format!("the disk is nearly full, storing stopped: {error}")).hint(
                "free some space (or lower disk_guard_bytes) and run it again: it goes on where it stopped",
            )
        }
        _ => Failure::work(error.to_string()),
    }
}

async fn through_server(client: &Client, socket: &Path, options: &Ingest) -> Outcome<IngestReport> {
    // The server reads the files itself; stdin is ours and is handed over as a file.
    let mut spooled = None;
    let mut paths = Vec::new();
    for path in &options.paths {
        if path.as_os_str() == "-" {
            // In the data folder, which nobody else can read or prepare.
            let file = std::path::absolute(socket)?
                .with_file_name(format!("stdin-{}", std::process::id()));
            io::copy(&mut io::stdin().lock(), &mut File::create(&file)?)?;
            paths.push(file.clone());
            spooled = Some(file);
        } else {
            paths.push(std::path::absolute(path)?);
        }
    }
    let body = json!({ "paths": paths, "source": options.source, "table": options.table, "again": options.again });
    let answer = client
        .call("POST", "/api/v1/local/ingest", Send::Json(body))
        .await;
    if let Some(file) = spooled {
        let _ = std::fs::remove_file::<PathBuf>(file);
    }
    serde_json::from_value(answer?)
        .map_err(|error| Failure::work(format!("the server's answer is not understood: {error}")))
}

fn spinner(quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}  {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn print(args: &Args, report: &IngestReport) -> Outcome<()> {
    for failure in &report.failures {
        eprintln!(
            "error: {}: {}",
            for_terminal(&failure.file),
            for_terminal(&failure.reason)
        );
    }
    if !args.quiet {
        for skipped in &report.skipped {
            eprintln!(
                "skipped: {}: {}",
                for_terminal(&skipped.file),
                skipped.reason
            );
        }
        for s in &report.sources {
            eprintln!(
                "ingest: {} -> {}: {} files, {} records = {} rows + {} duplicates + {} filtered + {} rejects, {} bytes, {:.2} s",
                s.source,
                s.table,
                s.files,
                s.records_in,
                s.rows,
                s.duplicates,
                s.filtered,
                s.rejects,
                s.bytes_in,
                s.seconds
            );
        }
    }
    match args.format {
        Format::Ndjson => report.sources.iter().try_for_each(json_line),
        Format::Table => Ok(()),
        _ => {
            let items: Vec<_> = report
                .sources
                .iter()
                .filter_map(|s| serde_json::to_value(s).ok())
                .collect();
            let columns = [
                "source",
                "table",
                "files",
                "records_in",
                "rows",
                "duplicates",
                "filtered",
                "rejects",
                "bytes_in",
                "seconds",
            ];
            Rows::of_objects(&columns, &items).print(args.format)
        }
    }
}
