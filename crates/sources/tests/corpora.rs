//! Public data sets decode without loss. `WATCHFLOOR_CORPORA` names their folder; without it the
//! tests are skipped and say so.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use schema::{Event, Reject};
use serde_json::{Map, Value as Json};
use sources::{
    Collected, DecodeContext, DecodeError, Limits, NamedInput, Sink, Visit, by_name, detect, walk,
};

fn corpora(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("WATCHFLOOR_CORPORA").map(|root| PathBuf::from(root).join(what));
    match folder {
        Some(folder) if folder.exists() => Some(folder),
        _ => {
            println!("skipped: WATCHFLOOR_CORPORA has no {what}");
            None
        }
    }
}

fn context() -> DecodeContext<'static> {
    DecodeContext::new("2026-03-01T12:00:00Z".parse().unwrap())
}

/// Counts, by table, and what did not decode.
#[derive(Default)]
struct Tally {
    events: BTreeMap<String, u64>,
    without_time: u64,
    rejects: Vec<Reject>,
}

impl Sink for Tally {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        *self
            .events
            .entry(event.row.table().name.clone())
            .or_default() += 1;
        self.without_time += u64::from(event.time.is_none());
        ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        self.rejects.push(reject);
        ControlFlow::Continue(())
    }
}

#[derive(Default)]
struct Row {
    files: u64,
    events: u64,
    rejects: u64,
}

/// Decodes a corpus and prints a table; gives rejects and errors.
/// Records by source and table, and what went wrong.
type Counted = (BTreeMap<(String, String), u64>, Vec<String>);

fn read(what: &str) -> Option<Counted> {
    let folder = corpora(what)?;
    let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
    let mut trouble = Vec::new();
    let mut skipped = 0;
    let _ = walk(
        &[folder],
        &Limits::default(),
        &mut std::io::empty(),
        &mut |visit| {
            match visit {
                Visit::Input(mut opened) => {
                    let name = opened.input.name().to_owned();
                    if !is_log(&name) {
                        return ControlFlow::Continue(());
                    }
                    let Some(source) = detect(&opened.head, &name) else {
                        trouble.push(format!("{name}: not recognised"));
                        return ControlFlow::Continue(());
                    };
                    let mut tally = Tally::default();
                    if let Err(error) = source.decode(&mut *opened.input, &context(), &mut tally) {
                        trouble.push(format!("{name}: {error}"));
                    }
                    let spec = source.spec().name.to_owned();
                    for (table, events) in &tally.events {
                        let row = rows.entry((spec.clone(), table.clone())).or_default();
                        row.files += 1;
                        row.events += events;
                    }
                    rows.entry((spec, "(rejects)".into())).or_default().rejects +=
                        tally.rejects.len() as u64;
                    for reject in tally.rejects {
                        let raw: String = String::from_utf8_lossy(&reject.raw)
                            .chars()
                            .take(200)
                            .collect();
                        trouble.push(format!(
                            "{name} record {}: {} <{raw}>",
                            reject.position.record, reject.reason
                        ));
                    }
                    if tally.without_time > 0 {
                        println!("{name}: {} without a time", tally.without_time);
                    }
                }
                Visit::Skipped { .. } => skipped += 1,
                Visit::Failed(error) => trouble.push(error.to_string()),
            }
            ControlFlow::Continue(())
        },
    );
    println!("{what}: source, table, files, events, rejects ({skipped} members skipped)");
    for ((source, table), row) in &rows {
        println!(
            "  {source:20} {table:24} {:6} {:9} {:6}",
            row.files, row.events, row.rejects
        );
    }
    let counts = rows
        .into_iter()
        .map(|(key, row)| (key, row.events))
        .collect();
    Some((counts, trouble))
}

/// Everything but the notes beside the logs.
fn is_log(name: &str) -> bool {
    let file = Path::new(name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    !file.starts_with("README") && !file.starts_with("LICENSE") && !file.ends_with(".yaml")
}

#[test]
fn evtx_decodes_without_loss() {
    let Some((counts, trouble)) = read("evtx") else {
        return;
    };
    for line in &trouble {
        println!("  {line}");
    }
    assert!(trouble.is_empty(), "{} records or files", trouble.len());
    // The parser that reads a file as a whole, by its header, finds the same records.
    let mut expected = 0;
    for path in files_below(&corpora("evtx").unwrap()) {
        if path
            .extension()
            .is_some_and(|extension| extension == "evtx")
        {
            let mut parser = evtx::EvtxParser::from_path(&path).unwrap();
            expected += parser.records().filter(Result::is_ok).count() as u64;
        }
    }
    assert_eq!(counts.values().sum::<u64>(), expected);
}

#[test]
fn cloudtrail_decodes_without_loss() {
    let Some((counts, trouble)) = read("cloudtrail") else {
        return;
    };
    assert_eq!(trouble, Vec::<String>::new());
    assert_eq!(
        counts[&("aws_cloudtrail".into(), "AWSCloudTrail".into())],
        2318
    );
}

#[test]
fn otrf_decodes_without_loss() {
    let Some((counts, trouble)) = read("otrf") else {
        return;
    };
    for line in &trouble {
        println!("  {line}");
    }
    assert!(trouble.is_empty(), "{} records or files", trouble.len());
    let rows = |table: &str| {
        counts
            .get(&("table_rows".to_owned(), table.to_owned()))
            .copied()
            .unwrap_or_default()
    };
    assert_eq!(rows("AuditLogs"), 4);
    assert_eq!(rows("OfficeActivity"), 1);
    assert_eq!((rows("SecurityEvent"), rows("Event")), (36, 2));
    assert_eq!(
        (
            rows("DeviceEvents"),
            rows("CloudAppEvents"),
            rows("IdentityDirectoryEvents")
        ),
        (5, 2, 2)
    );
    assert_eq!(rows("VMConnection"), 5);
    assert_eq!(
        counts[&("windows_json".into(), "SecurityEvent".into())]
            + counts[&("windows_json".into(), "Event".into())],
        211_155
    );
    assert_eq!(rows("Syslog"), 143);
}

fn decode(path: &Path) -> (Collected, Result<(), DecodeError>) {
    let bytes = std::fs::read(path).unwrap();
    let source = detect(&bytes[..bytes.len().min(sources::HEAD_BYTES)], "").unwrap();
    let mut out = Collected::default();
    let result = source.decode(
        &mut NamedInput::from_bytes("t", &bytes),
        &context(),
        &mut out,
    );
    (out, result)
}

/// Each regression case of the Sigma rules has its event as EVTX and as JSON.
#[test]
fn evtx_records_are_their_json_twins() {
    let Some(folder) = corpora("sigma/regression") else {
        return;
    };
    let mut compared = 0;
    let mut differences = Vec::new();
    for path in files_below(&folder) {
        if path.extension().is_none_or(|extension| extension != "evtx") {
            continue;
        }
        let twin = path.with_extension("json");
        if !twin.exists() {
            continue;
        }
        let (evtx, error) = decode(&path);
        let (json, _) = decode(&twin);
        assert!(
            error.is_ok() && evtx.rejects.is_empty(),
            "{}",
            path.display()
        );
        assert!(
            json.rejects.is_empty(),
            "{}: {:?}",
            twin.display(),
            json.rejects
        );
        for twin_event in &json.events {
            let same = |event: &&Event| {
                event.native.get("EventRecordID") == twin_event.native.get("EventRecordID")
            };
            let Some(event) = evtx.events.iter().find(same) else {
                differences.push(format!(
                    "{}: no record of the twin's number",
                    twin.display()
                ));
                continue;
            };
            compared += 1;
            assert_eq!(event.row.table().name, twin_event.row.table().name);
            for (name, value) in &twin_event.native {
                let found = event.native.get(name);
                // The twins' times are cut to microseconds.
                if name != "TimeCreated" && !alike(found, value) {
                    differences.push(format!(
                        "{} {name}: {found:?}, twin {value:?}",
                        path.display()
                    ));
                }
            }
        }
    }
    println!(
        "{compared} records compared, {} differences",
        differences.len()
    );
    for difference in differences.iter().take(40) {
        println!("  {difference}");
    }
    assert!(compared > 80);
    assert!(differences.is_empty(), "{}", differences.len());
}

/// The same but for blanks around (line ends differ) and letter case of GUIDs.
fn alike(found: Option<&Json>, twin: &Json) -> bool {
    let plain = |value: &Json| match value {
        Json::String(text) => text
            .trim()
            .trim_matches(['{', '}'])
            .replace("\r\n", "\n")
            .to_lowercase(),
        other => other.to_string(),
    };
    match found {
        Some(found) => plain(found) == plain(twin),
        None => plain(twin).is_empty() || plain(twin) == "null",
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn a_cut_evtx_gives_every_whole_record_and_one_error() {
    let Some(folder) = corpora("evtx") else {
        return;
    };
    let path = files_below(&folder)
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "evtx")
        })
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let whole = decode(&path).0.events;
    let mut earlier = 0;
    for cut in [
        5_000,
        4096 + 30_000,
        bytes.len() / 2 + 777,
        bytes.len() - 30_000,
    ] {
        let mut out = Collected::default();
        let source = by_name("windows_evtx").unwrap();
        let result = source.decode(
            &mut NamedInput::from_bytes("t", &bytes[..cut]),
            &context(),
            &mut out,
        );
        assert!(
            matches!(result, Err(DecodeError::Truncated { .. })),
            "{cut}: {result:?}"
        );
        assert!(out.rejects.is_empty(), "{cut}: {:?}", out.rejects[0].reason);
        let expected = whole
            .iter()
            .filter(|event| ends_before(event, &bytes, cut))
            .count();
        assert_eq!(out.events.len(), expected, "{cut}");
        assert!(out.events.len() >= earlier);
        earlier = out.events.len();
    }
}

fn ends_before(event: &Event, bytes: &[u8], cut: usize) -> bool {
    let at = event.position.byte_offset.unwrap() as usize;
    let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    at + size <= cut
}

#[test]
fn a_damaged_evtx_record_is_a_reject_and_its_neighbours_go_on() {
    let Some(folder) = corpora("evtx") else {
        return;
    };
    let path = files_below(&folder)
        .into_iter()
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "evtx")
                && decode(path).0.events.len() > 5
        })
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let whole = decode(&path).0.events;
    let at = whole[whole.len() - 2].position.byte_offset.unwrap() as usize;
    bytes[at + 40..at + 60].fill(0xff);
    let mut out = Collected::default();
    let _ = by_name("windows_evtx").unwrap().decode(
        &mut NamedInput::from_bytes("t", &bytes),
        &context(),
        &mut out,
    );
    assert_eq!((out.events.len(), out.rejects.len()), (whole.len() - 1, 1));
    assert!(
        out.rejects[0].raw.starts_with(&[0x2a, 0x2a, 0, 0]),
        "{:?}",
        out.rejects[0].position
    );
}

/// Published queries rely on these.
#[test]
fn native_fields_and_columns_say_the_same() {
    let Some(folder) = corpora("evtx") else {
        return;
    };
    let mut logons = 0;
    for path in files_below(&folder) {
        if path.extension().is_none_or(|extension| extension != "evtx") {
            continue;
        }
        for event in decode(&path).0.events {
            let native: &Map<String, Json> = &event.native;
            if event.row.table().name == "SecurityEvent" && native["EventID"] == 4624 {
                logons += 1;
                assert_eq!(event.row.text("TargetUserName"), native["TargetUserName"]);
                assert!(
                    event
                        .row
                        .text("Account")
                        .ends_with(native["TargetUserName"].as_str().unwrap())
                );
                assert!(event.row.get("LogonType").is_some());
            }
            if native["Channel"] == "Microsoft-Windows-Sysmon/Operational" {
                let data = event.row.text("EventData");
                assert!(
                    data.starts_with("<DataItem ") && data.contains("<Data Name=\"UtcTime\">"),
                    "{data}"
                );
            }
        }
    }
    assert!(logons > 20, "{logons}");
}
