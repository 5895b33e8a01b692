//! `hunt`.

mod explain;
mod output;
mod page;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use detect::{
    HuntMatch, HuntOptions, HuntProgress, HuntSummary, MemoryTables, RuleLibrary, RuleReport,
    RuleState,
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sigma::Level;

use super::rules::queries_over;
use crate::args::{Args, Hunt};
use crate::failure::{Failure, Outcome};
use crate::safe_text::for_terminal;
use output::{Destination, Matches};

pub(super) async fn run(args: &Args, options: &Hunt) -> Outcome {
    let (paths, rules) = options.paths_and_rules();
    if let Some(explain) = &options.explain {
        return explain::run(args, explain, &rules);
    }
    let hunt_options = hunt_options(options, paths)?;
    check_paths(&hunt_options, &rules)?;
    let destination = Destination::open(options.output.as_deref(), options.force)?;
    let queries = queries_over(MemoryTables::default(), options.memory)?;
    let library = RuleLibrary::load(Vec::new(), &rules, &queries, &|_| true, hunt_options.now);
    let loaded = LoadedRules::of(&library, &rules);
    loaded.print(args.quiet);
    if loaded.sigma + loaded.analytics == 0 {
        return Err(Failure::input("none of the rules can be run")
            .hint("`watchfloor rules check` says why"));
    }
    let started = Instant::now();
    let bar = progress_bar(args.quiet);
    let mut matches = Matches::new(destination, args.format, options.max_rows);
    let summary = run_hunt(&library, &queries, &hunt_options, &bar, &mut matches).await;
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let left_out = matches.left_out();
    let facts = page::Facts {
        summary: &summary,
        rules: &loaded,
        options: &hunt_options,
        seconds,
    };
    let written = matches.finish(&facts);
    print_problems(&summary, args.quiet);
    if left_out > 0 {
        eprintln!(
            "partial: the {} most severe matches are shown, {left_out} are not; raise --max-rows, \
             or take --format ndjson, json or csv, which have no limit",
            options.max_rows
        );
    }
    print_counts(&summary, args.quiet);
    eprintln!(
        "hunt: {} events, {} matches, {seconds:.2} s, {:.0} events/s",
        summary.events,
        summary.matches,
        summary.events as f64 / seconds.max(1e-9)
    );
    written?;
    Ok(match summary.is_complete() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}

async fn run_hunt(
    library: &RuleLibrary,
    queries: &detect::Queries,
    options: &HuntOptions,
    bar: &ProgressBar,
    matches: &mut Matches,
) -> HuntSummary {
    let hunt = detect::Hunt::new(library, queries, options);
    // A line of output on the terminal and the bar would overwrite each other.
    let mut report = |found: HuntMatch| bar.suspend(|| matches.add(found));
    let (mut summary, rows) = tokio::task::block_in_place(|| {
        hunt.files(&mut report, &|done: HuntProgress| {
            bar.set_length(done.bytes_total);
            bar.set_position(done.bytes);
            bar.set_message(format!("{} events", done.events));
        })
    });
    bar.reset();
    set_style(
        bar,
        "{bar:30} window {pos} of {len} of analytics rules, {eta} left",
    );
    hunt.windows(&rows, &mut summary, &mut report, &|done: HuntProgress| {
        bar.set_length(done.windows_total);
        bar.set_position(done.windows);
    })
    .await;
    summary
}

fn hunt_options(options: &Hunt, paths: Vec<PathBuf>) -> Outcome<HuntOptions> {
    let min_level = match options.min_level.as_deref() {
        None => None,
        Some(text) => Some(Level::parse(text).ok_or_else(|| {
            Failure::input(format!("unknown level `{text}`"))
                .hint("informational, low, medium, high or critical")
        })?),
    };
    if let (Some(since), Some(until)) = (options.since, options.until)
        && since >= until
    {
        return Err(Failure::input(format!(
            "--since {since} is not before --until {until}"
        )));
    }
    Ok(HuntOptions {
        paths,
        min_level,
        since: options.since,
        until: options.until,
        threads: options
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        memory_bytes: options.memory,
        max_windows: options.max_windows,
        now: Timestamp::now(),
    })
}

fn check_paths(options: &HuntOptions, rules: &[PathBuf]) -> Outcome<()> {
    let usage = "watchfloor hunt PATH... --rules PATH...";
    if options.paths.is_empty() {
        return Err(Failure::input("there is nothing to hunt in").hint(usage));
    }
    if rules.is_empty() {
        return Err(Failure::input("there are no rules to hunt with").hint(usage));
    }
    for path in options.paths.iter().chain(rules) {
        if !path.exists() && path.as_os_str() != "-" {
            return Err(Failure::input(format!(
                "`{}` does not exist",
                path.display()
            )));
        }
    }
    Ok(())
}

/// What became of the rules.
pub(super) struct LoadedRules {
    pub(super) sigma: usize,
    pub(super) analytics: usize,
    /// Broken, unroutable or switched off.
    pub(super) not_loaded: Vec<NotLoaded>,
}

/// A rule that does not take part.
pub(super) struct NotLoaded {
    is_broken: bool,
    /// `path:line: reason`.
    pub(super) text: String,
}

impl LoadedRules {
    fn of(library: &RuleLibrary, paths: &[PathBuf]) -> Self {
        let takes_part = |report: &&RuleReport| {
            matches!(report.state, RuleState::Ready | RuleState::NoData) && report.enabled
        };
        let ready = library.reports.iter().filter(takes_part);
        let sigma = ready.filter(|report| report.kind == "sigma").count();
        let is_empty = |path: &&PathBuf| {
            let mut reports = library.reports.iter();
            !reports.any(|report| Path::new(&report.path).starts_with(path))
        };
        let without_rules = paths.iter().filter(is_empty).map(|path| NotLoaded {
            is_broken: true,
            text: format!("{}: there is no rule in it", path.display()),
        });
        let rest = library.reports.iter().filter(|report| !takes_part(report));
        Self {
            sigma,
            analytics: library.analytics.iter().filter(|rule| rule.enabled).count(),
            not_loaded: rest.map(not_loaded).chain(without_rules).collect(),
        }
    }

    /// Prints them on stderr; broken ones always, for they are errors.
    fn print(&self, quiet: bool) {
        if !quiet {
            eprintln!(
                "hunt: {} rules loaded ({} Sigma, {} analytics), {} not loaded",
                self.sigma + self.analytics,
                self.sigma,
                self.analytics,
                self.not_loaded.len()
            );
        }
        for rule in self.not_loaded.iter().filter(|r| r.is_broken || !quiet) {
            eprintln!("  {}", for_terminal(&rule.text));
        }
    }
}

fn not_loaded(report: &RuleReport) -> NotLoaded {
    let found = &report.diagnostics;
    let finding = found.iter().find(|d| d.is_error()).or(found.first());
    let reason = match finding {
        _ if !report.enabled => "it is switched off (enabled: false)",
        Some(finding) => finding.message.as_str(),
        None => "no log carries what it reads",
    };
    let line = finding.map_or(0, |finding| finding.line);
    let place = match line {
        0 => report.path.clone(),
        line => format!("{}:{line}", report.path),
    };
    NotLoaded {
        is_broken: report.state == RuleState::Broken,
        text: format!("{place}: {reason}"),
    }
}

fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    set_style(&bar, "{bar:30} {bytes} of {total_bytes}, {eta} left  {msg}");
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// What failed or was left out: shown always.
fn print_problems(summary: &HuntSummary, quiet: bool) {
    for (name, reason) in summary.failures.iter().chain(&summary.rule_failures) {
        eprintln!("error: {}: {}", for_terminal(name), for_terminal(reason));
    }
    for sentence in &summary.left_out {
        eprintln!("error: {}", for_terminal(sentence));
    }
    if !quiet {
        for (name, reason) in &summary.skipped {
            eprintln!("skipped: {}: {}", for_terminal(name), for_terminal(reason));
        }
    }
}

fn print_counts(summary: &HuntSummary, quiet: bool) {
    if quiet {
        return;
    }
    if summary.rejects > 0 {
        eprintln!("hunt: {} records could not be decoded", summary.rejects);
    }
    if summary.untimed > 0 {
        eprintln!(
            "hunt: {} records have no time: analytics rules did not see them",
            summary.untimed
        );
    }
    for note in &summary.notes {
        eprintln!("hunt: {}", for_terminal(note));
    }
    if summary.windows > 0 {
        eprintln!("hunt: analytics rules ran over {} windows", summary.windows);
    }
    for (level, count) in by_level(summary) {
        eprintln!("hunt: {level}: {count} matches");
    }
}

/// Matches by level, most severe first.
pub(super) fn by_level(summary: &HuntSummary) -> Vec<(&'static str, u64)> {
    let levels = Level::ALL.iter().rev().map(|level| level.as_str());
    levels
        .filter_map(|level| Some((level, *summary.by_level.get(level)?)))
        .collect()
}
