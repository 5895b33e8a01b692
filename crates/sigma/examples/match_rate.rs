//! How many events a second pass all rules of a folder.
//!
//! ```text
//! match_rate RULES_FOLDER EVENTS.ndjson [PRODUCT] [SERVICE] [SECONDS]
//! ```
//!
//! Events are flat JSON objects, one a line, as `native` of [`RuleSet::matches`]; PRODUCT is
//! `windows` unless given. They are read into memory first and matched again and again for the
//! given seconds (5) on one thread; only matching is timed.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schema::LogSource;
use serde_json::{Map, Value};
use sigma::{Rule, RuleSet, Scratch, parse_rules};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rules_folder, events_file, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: match_rate RULES_FOLDER EVENTS.ndjson [PRODUCT] [SERVICE] [SECONDS]".into(),
        );
    };
    let argument = |index: usize, default: &str| rest.get(index).cloned().unwrap_or(default.into());
    let source = LogSource::new(&argument(0, "windows"), &argument(1, ""));
    let seconds: f64 = argument(2, "5").parse()?;

    let started = Instant::now();
    let mut rules = Vec::new();
    read_rules(Path::new(rules_folder), &mut rules)?;
    let read = started.elapsed();
    let (set, _) = RuleSet::compile(rules);
    println!(
        "rules read in {read:?}, compiled in {:?}: {:?}",
        started.elapsed() - read,
        set.stats()
    );

    let file = BufReader::new(std::fs::File::open(events_file)?);
    let mut events: Vec<Map<String, Value>> = Vec::new();
    for line in file.lines() {
        events.extend(serde_json::from_str::<Map<String, Value>>(&line?).ok());
    }
    if events.is_empty() {
        return Err("no events".into());
    }
    let mut scratch = Scratch::default();
    let (mut matched, mut passed) = (0_u64, 0_u64);
    let (started, cpu_started) = (Instant::now(), cpu_seconds());
    while started.elapsed() < Duration::from_secs_f64(seconds) {
        for event in &events {
            set.matches(&source, event, &mut scratch, |_| matched += 1);
            passed += 1;
        }
    }
    let taken = started.elapsed().as_secs_f64();
    println!(
        "{} distinct events, {passed} passed in {taken:.2} s: {:.0} events/s, {:.3} matches an event",
        events.len(),
        passed as f64 / taken,
        matched as f64 / passed as f64,
    );
    if let (Some(before), Some(after)) = (cpu_started, cpu_seconds()) {
        println!(
            "{:.0} events per CPU second",
            passed as f64 / (after - before).max(0.01)
        );
    }
    Ok(())
}

/// CPU time of this process so far, from `/proc/self/stat`; `None` where there is no such file.
///
/// On a busy machine the wall clock tells more about the neighbours than about the matcher.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields 14 and 15 (utime, stime), counted behind the name in parentheses; in ticks, which
    // Linux fixes at 100 a second for user space.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

fn read_rules(folder: &Path, rules: &mut Vec<Rule>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_rules(&path, rules)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = std::fs::read_to_string(&path)?;
            rules.extend(parse_rules(&text, &path.to_string_lossy()).rules);
        }
    }
    Ok(())
}
