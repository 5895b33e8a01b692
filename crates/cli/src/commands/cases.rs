//! Incidents and their figures.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use crate::args::{Args, Format, Incidents, Metrics};
use crate::client::{Client, Send};
use crate::failure::Outcome;
use crate::output::{Rows, json_line, print_bytes, text};
use crate::safe_text::one_line;

/// The clock's figures.
const FIGURES: [&str; 6] = [
    "tta",
    "ttc",
    "ttr",
    "time_to_recover",
    "time_to_detect",
    "dwell",
];

/// Incidents asked for at once.
const PAGE: usize = 1_000;

const COLUMNS: &[&str] = &[
    "number",
    "priority",
    "severity",
    "status",
    "title",
    "owner",
    "alerts",
    "environments",
    "created_at",
    "acknowledged_at",
    "classification",
];

pub(super) async fn incidents(client: &Client, args: &Args, command: &Incidents) -> Outcome<()> {
    let format = args.format;
    match command {
        Incidents::List { status, search } => {
            let mut filter = format!("status={}", encoded(status));
            if let Some(search) = search {
                filter.push_str(&format!("&search={}", encoded(search)));
            }
            let items = queue(client, &filter).await?;
            Rows::of_objects(COLUMNS, &items).print(format)
        }
        Incidents::Show { number } => {
            let answer = client
                .call("GET", &format!("/api/v1/incidents/{number}"), Send::Nothing)
                .await?;
            match format {
                Format::Table => show(&answer),
                _ => json_line(&answer),
            }
        }
        Incidents::Scope { number, hours } => {
            let path = format!("/api/v1/incidents/{number}/scope?hours={hours}");
            scope(&client.call("GET", &path, Send::Nothing).await?, args)
        }
        other => {
            let (number, action, body) = action(other);
            let path = format!("/api/v1/incidents/{number}/{action}");
            let answer = client.call("POST", &path, Send::Json(body)).await?;
            Rows::of_objects(COLUMNS, &[summary_of(answer)]).print(format)
        }
    }
}

/// Every incident that fits, page after page. One that changes its place meanwhile is there once.
async fn queue(client: &Client, filter: &str) -> Outcome<Vec<Json>> {
    let mut items: Vec<Json> = Vec::new();
    let mut numbers = HashSet::new();
    let mut offset = 0;
    loop {
        let path = format!("/api/v1/incidents?limit={PAGE}&offset={offset}&{filter}");
        let answer = client.call("GET", &path, Send::Nothing).await?;
        let page = answer["items"].as_array().cloned().unwrap_or_default();
        offset += page.len();
        if page.is_empty() {
            return Ok(items);
        }
        items.extend(
            page.into_iter()
                .filter(|item| numbers.insert(item["number"].as_i64())),
        );
        if offset as u64 >= answer["total"].as_u64().unwrap_or(0) {
            return Ok(items);
        }
    }
}

fn action(command: &Incidents) -> (i64, &'static str, Json) {
    match command {
        Incidents::Ack { number } => (*number, "acknowledge", json!({})),
        Incidents::Assign { number, user } => (*number, "assign", json!({ "owner": user })),
        Incidents::Comment { number, text } => (*number, "comment", json!({ "text": text })),
        Incidents::Contain { number } => (*number, "contain", json!({})),
        Incidents::Remediate { number } => (*number, "remediate", json!({})),
        Incidents::Recover { number } => (*number, "recover", json!({ "state": "Recovered" })),
        Incidents::Merge { number, into } => (*number, "merge", json!({ "into": into })),
        Incidents::Split { number, alerts } => (*number, "split", json!({ "alerts": alerts })),
        Incidents::Close {
            number,
            classification,
            comment,
        } => (
            *number,
            "close",
            json!({ "classification": classification, "comment": comment }),
        ),
        Incidents::Reopen { number } => (*number, "reopen", json!({})),
        Incidents::List { .. } | Incidents::Show { .. } | Incidents::Scope { .. } => {
            (0, "", Json::Null)
        }
    }
}

/// The page's answer in the queue's columns.
fn summary_of(mut incident: Json) -> Json {
    incident["alerts"] = json!(incident["alerts"].as_array().map_or(0, Vec::len));
    incident
}

fn show(incident: &Json) -> Outcome<()> {
    let mut shown = String::new();
    let mut say = |line: &str| {
        shown.push_str(&one_line(line));
        shown.push('\n');
    };
    say(&format!(
        "#{}  {}",
        incident["number"],
        text(&incident["title"])
    ));
    for (label, key) in [
        ("Status", "status"),
        ("Priority", "priority"),
        ("Severity", "severity"),
        ("Owner", "owner"),
        ("Environments", "environments"),
        ("Tactics", "tactics"),
        ("Classification", "classification"),
    ] {
        say(&format!("{label:<14} {}", text(&incident[key])));
    }
    say("Why this priority");
    for part in incident["priority_parts"].as_array().into_iter().flatten() {
        say(&format!(
            "  {:>3}/{:<3} {:<12} {}",
            text(&part["points"]),
            text(&part["max"]),
            text(&part["name"]),
            text(&part["reason"])
        ));
    }
    say("Clock");
    for key in FIGURES {
        let metric = &incident["clock"][key];
        say(&format!(
            "  {key:<16} {:<14} {:>9} s  {} -> {}  {}",
            text(&metric["state"]),
            text(&metric["seconds"]),
            text(&metric["from"]),
            text(&metric["to"]),
            text(&metric["note"])
        ));
    }
    say("Alerts");
    for alert in incident["alerts"].as_array().into_iter().flatten() {
        say(&format!(
            "  {}  {:<13} {:<9} {}  ({})",
            text(&alert["start_at"]),
            text(&alert["severity"]),
            text(&alert["origin"]),
            text(&alert["name"]),
            text(&alert["joined_because"])
        ));
    }
    say("Entities");
    for entity in incident["entities"].as_array().into_iter().flatten() {
        say(&format!(
            "  {:<16} {}  {}",
            text(&entity["kind"]),
            text(&entity["label"]),
            text(&entity["sensitivity"])
        ));
    }
    for missing in incident["missing_links"].as_array().into_iter().flatten() {
        say(&format!(
            "  missing link    {}: {}",
            text(&missing["entity"]),
            text(&missing["reason"])
        ));
    }
    print_bytes(shown.as_bytes())
}

fn scope(answer: &Json, args: &Args) -> Outcome<()> {
    if args.format == Format::Json {
        return json_line(answer);
    }
    for table in answer["tables"].as_array().into_iter().flatten() {
        let columns: Vec<String> = table["columns"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| text(&c["name"]))
            .collect();
        let rows = table["rows"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row.as_array().cloned())
            .collect();
        if args.format == Format::Table {
            print_bytes(format!("{}\n", one_line(&text(&table["name"]))).as_bytes())?;
        }
        Rows { columns, rows }.print(args.format)?;
    }
    if answer["truncated"] == json!(true) && !args.quiet {
        eprintln!("more rows were there than are shown; query the tables for all of them");
    }
    Ok(())
}

pub(super) async fn metrics(client: &Client, format: Format, options: &Metrics) -> Outcome<()> {
    let mut path = format!("/api/v1/metrics?since={}", encoded(&options.since));
    if let Some(by) = &options.by {
        path.push_str(&format!("&by={}", encoded(by)));
    }
    let answer = client.call("GET", &path, Send::Nothing).await?;
    let groups = answer["groups"].as_array().cloned().unwrap_or_default();
    if format != Format::Table && format != Format::Csv {
        let columns = [&["key", "incidents"][..], &FIGURES, &["not_remediated"]].concat();
        return Rows::of_objects(&columns, &groups).print(format);
    }
    let mut rows = Rows {
        columns: vec!["key".into(), "incidents".into()],
        rows: Vec::new(),
    };
    for figure in FIGURES {
        for part in ["count", "median_seconds", "p90_seconds"] {
            rows.columns.push(format!("{figure}_{part}"));
        }
    }
    rows.columns.push("not_remediated".into());
    for group in &groups {
        let mut row = vec![group["key"].clone(), group["incidents"].clone()];
        for figure in FIGURES {
            for part in ["count", "median_seconds", "p90_seconds"] {
                row.push(group[figure][part].clone());
            }
        }
        row.push(group["not_remediated"].clone());
        rows.rows.push(row);
    }
    rows.print(format)
}

/// Percent-encodes a query parameter.
pub(super) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
