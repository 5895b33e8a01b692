//! `WindowsEvent` shows the rows of `Event` with their payload as a bag, in the lake and over files.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::{Journal, LakeTables, MemoryTables, Queries, QueryContext, QueryOptions, Tables};
use jiff::Timestamp;
use kql_engine::{Engine, EngineOptions};
use lake::{Frame, FrameCounts, Lake, LakeOptions, ManualClock};
use schema::{Catalog, Row, RowsBuilder};
use serde_json::{Value as Json, json};

fn now() -> Timestamp {
    "2026-03-06T12:00:00Z".parse().unwrap()
}

async fn run(tables: Arc<dyn Tables>, query: &str) -> Vec<Vec<Json>> {
    let engine = Arc::new(Engine::new(EngineOptions::default()).unwrap());
    let queries = Queries::new(tables, engine, Journal::default());
    let options = QueryOptions {
        max_rows: 1_000_000,
        ..QueryOptions::new(now())
    };
    let outcome = queries
        .run(query, &options, &QueryContext::default())
        .await
        .unwrap_or_else(|error| panic!("{query}: {error:?}"));
    outcome.result.rows
}

fn event(id: i64, payload: &str) -> Row {
    let mut row = Row::new(Arc::clone(Catalog::builtin().table("Event").unwrap()));
    row.set("TimeGenerated", now());
    row.set("EventLog", "Microsoft-Windows-Sysmon/Operational");
    row.set("Source", "Microsoft-Windows-Sysmon");
    row.set("Computer", "ws1.corp.example");
    row.set("EventID", id);
    row.set("EventLevel", 4_i64);
    row.set("EventLevelName", "Information");
    row.set("EventCategory", 7_i64);
    row.set("UserName", "NT AUTHORITY\\SYSTEM");
    if !payload.is_empty() {
        row.set(
            "EventData",
            format!("<DataItem type=\"System.XmlData\" time=\"\" sourceHealthServiceId=\"\">{payload}</DataItem>"),
        );
    }
    for (name, value) in [
        ("EventRecordId", json!(id * 100)),
        ("Version", json!(5)),
        ("SystemProcessId", json!(10)),
        ("SystemThreadId", json!(20)),
        ("Keywords", json!("0x8000000000000000")),
        ("Opcode", json!("0")),
        ("SystemUserId", json!("S-1-5-18")),
    ] {
        row.keep(name, value);
    }
    row.fold_extra();
    row
}

const NAMESPACE: &str = "xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"";

fn events() -> Vec<Row> {
    vec![
        event(
            1,
            &format!(
                "<EventData {NAMESPACE}><Data Name=\"Image\">C:\\a &amp; b.exe</Data><Data Name=\"CommandLine\">x &lt;y&gt; &quot;z&quot; &amp;lt; \\n &apos;</Data>\
             <Data Name=\"Empty\"></Data><Data Name=\"Closed\"/><Data Name=\"Lines\">one&#xD;&#xA;two\nthree</Data><Data Name=\"Id\">7</Data></EventData>"
            ),
        ),
        event(
            2,
            &format!(
                "<UserData {NAMESPACE}><LogFileCleared xmlns=\"http://manifests.microsoft.com/x\"><SubjectUserName>ann</SubjectUserName>\
             <SubjectDomainName>CORP</SubjectDomainName><Nothing/></LogFileCleared></UserData>"
            ),
        ),
        event(
            3,
            &format!(
                "<EventData {NAMESPACE}><Data>one</Data><Data>two &amp; a half</Data></EventData>"
            ),
        ),
        event(4, ""),
    ]
}

async fn in_lake(rows: &[Row], dir: &Path) -> Lake {
    let mut options = LakeOptions::new(dir.join("lake"));
    options.background = false;
    options.disk_guard_bytes = 0;
    let lake = Lake::open(options, Arc::new(ManualClock::new(now()))).unwrap();
    // Half of them in files, half in memory.
    for part in rows.chunks(2) {
        let mut builder = RowsBuilder::new(Arc::clone(part[0].table()), false);
        part.iter().for_each(|row| builder.push(row));
        let frame = Frame {
            source: "test".into(),
            received: now(),
            receipt: None,
            counts: FrameCounts::default(),
            batches: vec![("Event".into(), builder.finish().unwrap())],
        };
        lake.append(frame).await.unwrap();
        if std::ptr::eq(part, &rows[..2]) {
            lake.flush().await.unwrap();
        }
    }
    lake
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payload_is_a_bag_in_the_lake_and_over_rows_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let rows = events();
    let mut memory = MemoryTables::default();
    memory.add_rows(&rows).unwrap();
    let lake = in_lake(&rows, folder.path()).await;
    let places: [Arc<dyn Tables>; 2] = [Arc::new(memory), Arc::new(LakeTables(lake))];
    for tables in places {
        let found = run(
            Arc::clone(&tables),
            "WindowsEvent | where EventID == 1 | project Image = tostring(EventData.Image), tostring(EventData.CommandLine), \
             tostring(EventData.Empty), tostring(EventData.Closed), tostring(EventData.Lines), toint(EventData.Id), gettype(EventData)",
        )
        .await;
        let expected = json!([[
            "C:\\a & b.exe",
            "x <y> \"z\" &lt; \\n '",
            "",
            "",
            "one\r\ntwo\nthree",
            7,
            "dictionary"
        ]]);
        assert_eq!(json!(found), expected);
        let found = run(
            Arc::clone(&tables),
            "WindowsEvent | where EventData.SubjectUserName == 'ann' | project EventID, tostring(EventData.SubjectDomainName)",
        )
        .await;
        assert_eq!(json!(found), json!([[2, "CORP"]]));
        let found = run(
            Arc::clone(&tables),
            "WindowsEvent | where EventID == 3 | project tostring(EventData.Data[1])",
        )
        .await;
        assert_eq!(json!(found), json!([["two & a half"]]));
        let found = run(
            Arc::clone(&tables),
            "WindowsEvent | where isnull(EventData) | project Channel, Provider, Computer, EventID, EventLevel, EventLevelName, \
             Task, EventRecordId, Keywords, Opcode, Version, SystemProcessId, SystemThreadId, SystemUserId, Type",
        )
        .await;
        let expected = json!([[
            "Microsoft-Windows-Sysmon/Operational",
            "Microsoft-Windows-Sysmon",
            "ws1.corp.example",
            4,
            4,
            "Information",
            7,
            "400",
            "0x8000000000000000",
            "0",
            5,
            10,
            20,
            "S-1-5-18",
            "WindowsEvent"
        ]]);
        assert_eq!(json!(found), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_has_the_columns_of_the_published_table() {
    let rows = run(
        Arc::new(MemoryTables::default()),
        "WindowsEvent | getschema | project ColumnName, ColumnType",
    )
    .await;
    let published = Catalog::builtin().table("WindowsEvent").unwrap();
    for column in &published.columns {
        // What Azure adds for its bill has no meaning here; the last two hold what the view reads.
        let absent = [
            "_BilledSize",
            "_IsBillable",
            "_TimeQuality",
            "AdditionalFields",
        ];
        if !absent.contains(&column.name.as_str()) {
            let expected = vec![json!(column.name), json!(column.ty.kql_name())];
            assert!(rows.contains(&expected), "{} {:?}", column.name, column.ty);
        }
    }
}

fn sysmon_logs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sysmon_logs(&path, found);
        } else if path.file_name().is_some_and(|name| {
            name.to_string_lossy()
                .to_ascii_lowercase()
                .contains("sysmon")
        }) {
            found.push(path);
        }
    }
}

/// Record id and image of every process creation, as the `evtx` crate reads them.
fn processes(path: &Path) -> BTreeSet<(String, String)> {
    let mut parser = evtx::EvtxParser::from_path(path).unwrap();
    let records: Vec<_> = parser.records_json_value().collect();
    records
        .into_iter()
        .filter_map(|record| {
            let record = record.ok()?;
            let event = &record.data["Event"];
            let id = &event["System"]["EventID"];
            let id = id.get("#text").unwrap_or(id);
            let sysmon = event["System"]["Channel"] == "Microsoft-Windows-Sysmon/Operational";
            (sysmon && id == 1).then(|| {
                let image = event["EventData"]["Image"].as_str().unwrap_or_default();
                (
                    event["System"]["EventRecordID"].to_string(),
                    image.to_owned(),
                )
            })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_of_published_sysmon_logs_are_what_the_evtx_library_says() {
    let Some(root) = std::env::var_os("WATCHFLOOR_CORPORA") else {
        eprintln!("skipped: WATCHFLOOR_CORPORA is not set");
        return;
    };
    let mut logs = Vec::new();
    sysmon_logs(&PathBuf::from(root).join("evtx"), &mut logs);
    logs.sort();
    let mut compared = 0;
    for log in logs.iter().take(40) {
        let expected = processes(log);
        let mut tables = MemoryTables::default();
        if tables.load("Event", log, now()).await.is_err() {
            continue;
        }
        let rows = run(
            Arc::new(tables),
            "WindowsEvent | where EventID == 1 and Channel == 'Microsoft-Windows-Sysmon/Operational' \
             | extend Image = tostring(EventData.Image) | project EventRecordId, Image",
        )
        .await;
        let found: BTreeSet<(String, String)> = rows
            .iter()
            .map(|row| {
                (
                    row[0].as_str().unwrap().to_owned(),
                    row[1].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{}", log.display());
        compared += found.len();
    }
    assert!(compared > 50, "{compared} process creations compared");
}
