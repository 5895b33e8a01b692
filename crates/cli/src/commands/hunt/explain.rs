//! `hunt --explain`: why a Sigma rule matches a record, or doesn't.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use detect::{LocateError, MemoryTables, RuleLibrary, RuleReport};
use jiff::Timestamp;
use schema::Event;
use serde_json::json;
use sigma::{Explanation, ItemExplanation, Rule, RuleIdx};

use super::super::rules::queries_over;
use super::not_loaded;
use crate::args::{Args, Format};
use crate::failure::{Failure, Outcome};
use crate::output::print_bytes;
use crate::safe_text::{for_json, one_line};

/// Values shown of a field or rule item.
const VALUES_SHOWN: usize = 10;
/// Memory for binding analytics rules, which are read beside Sigma rules and not run.
const BIND_BYTES: usize = 64 << 20;

pub(super) fn run(args: &Args, explain: &[String], rules: &[PathBuf]) -> Outcome {
    let [wanted, place] = explain else {
        return Err(Failure::input("--explain takes RULE and FILE:RECORD"));
    };
    if !matches!(args.format, Format::Table | Format::Json | Format::Ndjson) {
        return Err(Failure::input(
            "--explain prints text, or JSON with --format json",
        ));
    }
    let event = record(place)?;
    let library = load(wanted, rules)?;
    let (idx, rule) = choose(&library, wanted)?;
    let found = library
        .sigma
        .explain(idx, &event.log_source, &event.native)
        .ok_or_else(|| Failure::work("the rule is not in the set"))?;
    let text = match args.format {
        Format::Table => in_words(rule, &event, &found),
        format => as_json(rule, &event, &found, format == Format::Json)?,
    };
    print_bytes(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The record that `FILE:RECORD` names.
fn record(place: &str) -> Outcome<Event> {
    let hint = "FILE:RECORD are `file` and `record_id` of a match, for example Security.evtx:4711";
    let parts = place.rsplit_once(':');
    let (file, number) = parts
        .and_then(|(file, number)| Some((file, number.parse::<u64>().ok()?)))
        .ok_or_else(|| Failure::input(format!("`{place}` is no FILE:RECORD")).hint(hint))?;
    detect::locate(file, number, Timestamp::now()).map_err(|error| {
        let failure = Failure::input(error.to_string());
        match error {
            LocateError::NoMember { .. } => {
                failure.hint("a member of an archive is `archive!member`")
            }
            _ => failure.hint(hint),
        }
    })
}

/// The rules under `--rules`, and RULE itself when it is a file.
fn load(wanted: &str, rules: &[PathBuf]) -> Outcome<RuleLibrary> {
    let mut paths = rules.to_vec();
    let itself = Path::new(wanted);
    if itself.is_file() {
        paths = vec![itself.to_owned()];
    }
    if paths.is_empty() {
        return Err(Failure::input(format!("`{wanted}` is no file"))
            .hint("--rules says where to look for a rule of this id or title"));
    }
    for path in &paths {
        if !path.exists() {
            return Err(Failure::input(format!(
                "`{}` does not exist",
                path.display()
            )));
        }
    }
    let queries = queries_over(MemoryTables::default(), BIND_BYTES)?;
    Ok(RuleLibrary::load(
        Vec::new(),
        &paths,
        &queries,
        &|_| true,
        Timestamp::now(),
    ))
}

/// The one Sigma rule of this id, title or file.
fn choose<'l>(library: &'l RuleLibrary, wanted: &str) -> Outcome<(RuleIdx, &'l Rule)> {
    let names = |id: &str, title: &str, path: &str| {
        id.eq_ignore_ascii_case(wanted) || title.eq_ignore_ascii_case(wanted) || path == wanted
    };
    let rules = library.sigma.rules();
    let mut found = (0_u32..)
        .map(RuleIdx)
        .zip(rules)
        .filter(|(_, rule)| names(&rule.id, &rule.title, &rule.path));
    let Some(first) = found.next() else {
        let mut reports = library.reports.iter();
        let other = reports.find(|r| names(&r.id, &r.name, &r.path));
        return Err(unknown(wanted, other));
    };
    let others: Vec<&str> = found.map(|(_, rule)| rule.id.as_str()).collect();
    if !others.is_empty() {
        return Err(
            Failure::input(format!("`{wanted}` names {} rules", others.len() + 1)).hint(format!(
                "take the id of one: {}, {}",
                first.1.id,
                others.join(", ")
            )),
        );
    }
    Ok(first)
}

fn unknown(wanted: &str, other: Option<&RuleReport>) -> Failure {
    match other {
        Some(report) if report.ok => Failure::input(format!("`{wanted}` is an analytics rule"))
            .hint("--explain is about Sigma rules; run its query with `watchfloor query --load`"),
        Some(report) => Failure::input(not_loaded(report).text)
            .hint("`watchfloor rules check` says more about it"),
        None => Failure::input(format!("there is no rule `{wanted}` under --rules"))
            .hint("RULE is a rule's id, its title or its file"),
    }
}

fn as_json(rule: &Rule, event: &Event, found: &Explanation, pretty: bool) -> Outcome<String> {
    let value = json!({
        "rule_id": rule.id,
        "rule": rule.title,
        "level": rule.level,
        "path": rule.path,
        "file": event.position.file,
        "record_id": event.position.record,
        "time": event.time,
        "routed": found.routed,
        "matched": found.matched,
        "condition": found.condition,
        "selections": found.selections,
    });
    let text = match pretty {
        true => serde_json::to_string_pretty(&value),
        false => serde_json::to_string(&value),
    };
    let text = text.map_err(|error| Failure::work(error.to_string()))?;
    Ok(format!("{}\n", for_json(&text)))
}

fn in_words(rule: &Rule, event: &Event, found: &Explanation) -> String {
    let time = event.time.map(|time| time.to_string());
    let mut lines = vec![
        format!(
            "rule       {} ({}), {}",
            one_line(&rule.title),
            one_line(&rule.id),
            rule.level
        ),
        format!(
            "record     {}:{}, {}",
            one_line(&event.position.file),
            event.position.record,
            time.as_deref().unwrap_or("no time")
        ),
        format!(
            "log        {}",
            match found.routed {
                true => "the record is of a log that the rule reads",
                false => "the record is of no log that the rule reads; the rest is hypothetical",
            }
        ),
        format!("condition  {}", one_line(&found.condition)),
        format!(
            "result     {}",
            if found.matched {
                "matches"
            } else {
                "does not match"
            }
        ),
        String::new(),
    ];
    for selection in &found.selections {
        lines.push(format!(
            "{} {}",
            mark(selection.held),
            one_line(&selection.name)
        ));
        lines.extend(selection.items.iter().map(item));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn mark(held: bool) -> &'static str {
    if held { "[held]" } else { "[not] " }
}

fn item(item: &ItemExplanation) -> String {
    let key = match item.key.as_str() {
        "" => "keywords".to_owned(),
        key => one_line(key),
    };
    let event = match (&item.field, item.event_values.as_slice()) {
        (None, []) if !item.key.is_empty() => "the record has no such field".to_owned(),
        (_, []) => "the record has no value for it".to_owned(),
        (_, values) => format!("the record has {}", quoted(values)),
    };
    let rule = match item.matched_values.as_slice() {
        [] => "no value of the rule fits".to_owned(),
        values => format!("of the rule fits {}", quoted(values)),
    };
    format!("       {} {key}: {event}; {rule}", mark(item.held))
}

fn quoted(values: &[String]) -> String {
    let shown = values.iter().take(VALUES_SHOWN);
    let mut texts: Vec<String> = shown
        .map(|value| format!("\"{}\"", one_line(value)))
        .collect();
    if values.len() > VALUES_SHOWN {
        texts.push(format!("{} more", values.len() - VALUES_SHOWN));
    }
    texts.join(", ")
}
