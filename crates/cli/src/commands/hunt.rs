//! `hunt`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use detect::{HuntMatch, HuntOptions, MemoryTables, RuleLibrary, RuleState};
use indicatif::ProgressBar;
use jiff::Timestamp;
use sigma::Level;

use super::rules::queries_over;
use crate::args::{Args, Format, Hunt};
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, json_line, text};
use crate::safe_text::for_terminal;

pub(super) async fn run(args: &Args, options: &Hunt) -> Outcome {
    let min_level = match options.min_level.as_deref() {
        None => None,
        Some(text) => Some(Level::parse(text).ok_or_else(|| {
            Failure::input(format!("unknown level `{text}`"))
                .hint("informational, low, medium, high or critical")
        })?),
    };
    for path in options.paths.iter().chain(&options.rules) {
        if !path.exists() && path.as_os_str() != "-" {
            return Err(Failure::input(format!(
                "`{}` does not exist",
                path.display()
            )));
        }
    }
    let queries = queries_over(MemoryTables::default(), 256 << 20)?;
    let library = RuleLibrary::load(
        Vec::new(),
        &options.rules,
        &queries,
        &|_| true,
        Timestamp::now(),
    );
    report_rules(args, &library);
    let hunt = HuntOptions {
        paths: options.paths.clone(),
        min_level,
        since: options.since,
        until: options.until,
        threads: options
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        now: Timestamp::now(),
    };
    let bar = match args.quiet || !std::io::stderr().is_terminal() {
        true => ProgressBar::hidden(),
        false => ProgressBar::new_spinner(),
    };
    bar.enable_steady_tick(Duration::from_millis(120));
    let started = Instant::now();
    let mut kept = Vec::new();
    let mut failed = None;
    let streaming = args.format == Format::Ndjson;
    let summary = tokio::task::block_in_place(|| {
        detect::hunt(
            &library.sigma,
            &hunt,
            &mut |found| match streaming {
                true => {
                    if let Err(error) = json_line(&found) {
                        failed.get_or_insert(error);
                    }
                }
                false => kept.push(found),
            },
            &|events| bar.set_message(format!("{events} events")),
        )
    });
    bar.finish_and_clear();
    if let Some(failure) = failed {
        return Err(failure);
    }
    if !streaming {
        kept.sort_by(|a: &HuntMatch, b| {
            (a.time, &a.file, a.record_id).cmp(&(b.time, &b.file, b.record_id))
        });
        rows(&kept, args.format).print(args.format)?;
    }
    for (file, reason) in &summary.failures {
        eprintln!("error: {}: {}", for_terminal(file), for_terminal(reason));
    }
    if !args.quiet {
        for (level, count) in &summary.by_level {
            eprintln!("hunt: {level}: {count} matches");
        }
        if summary.rejects > 0 {
            eprintln!("hunt: {} records could not be decoded", summary.rejects);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    eprintln!(
        "hunt: {} events, {} matches, {seconds:.2} s, {:.0} events/s",
        summary.events,
        summary.matches,
        summary.events as f64 / seconds.max(1e-9)
    );
    Ok(ExitCode::SUCCESS)
}

fn report_rules(args: &Args, library: &RuleLibrary) {
    let loaded = library
        .reports
        .iter()
        .filter(|r| r.kind == "sigma" && r.state == RuleState::Ready)
        .count();
    let not_loaded: Vec<_> = library
        .reports
        .iter()
        .filter(|r| r.state != RuleState::Ready)
        .collect();
    if args.quiet {
        return;
    }
    eprintln!(
        "hunt: {loaded} rules loaded, {} not loaded",
        not_loaded.len()
    );
    for report in not_loaded {
        let reason = report
            .diagnostics
            .first()
            .map_or("no log carries what it reads", |d| d.message.as_str());
        eprintln!("  {}: {}", for_terminal(&report.path), for_terminal(reason));
    }
    let analytics = library.analytics.len();
    if analytics > 0 {
        eprintln!(
            "hunt: {analytics} analytics rules are not run over files yet: ingest the files, then serve"
        );
    }
}

fn rows(found: &[HuntMatch], format: Format) -> Rows {
    let columns = [
        "time",
        "level",
        "rule",
        "computer",
        "channel",
        "event_id",
        "record_id",
        "file",
        "rule_id",
        "fields",
    ];
    let items: Vec<_> = found
        .iter()
        .filter_map(|one| serde_json::to_value(one).ok())
        .collect();
    let shown = if format == Format::Table {
        &columns[..8]
    } else {
        &columns[..]
    };
    let mut rows = Rows::of_objects(shown, &items);
    if format == Format::Csv {
        for row in &mut rows.rows {
            if let Some(fields) = row.last_mut() {
                *fields = text(fields).into();
            }
        }
    }
    rows
}
