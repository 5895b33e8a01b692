//! What the lake leaves out of a query's reading changes no answer, and `explain` says what it was.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use detect::{Journal, LakeTables, MemoryTables, Queries, QueryContext, QueryOptions, Tables};
use jiff::{SignedDuration, Timestamp};
use kql_engine::{Engine, EngineOptions};
use lake::{Frame, FrameCounts, Lake, LakeOptions, ManualClock};
use schema::{Catalog, Row, RowsBuilder};

fn now() -> Timestamp {
    "2026-03-06T12:00:00Z".parse().unwrap()
}

/// Rows of 7 hosts, one a second; every fifth second two of one host.
fn rows(first: i64, count: i64) -> Vec<Row> {
    let table = Catalog::builtin().table("Syslog").unwrap();
    let row = |id: i64| {
        let mut row = Row::new(Arc::clone(table));
        row.set(
            "TimeGenerated",
            now() - SignedDuration::from_secs(5000 - id / 2),
        );
        row.set("Computer", format!("Host{}", id % 7));
        row.set("HostIP", format!("10.0.{}.{}", id / 200, id % 200));
        row.set(
            "SyslogMessage",
            format!(
                "Failed password for user{id} from 10.0.{}.{}",
                id / 200,
                id % 200
            ),
        );
        row.set("ProcessName", if id % 3 == 0 { "sshd" } else { "cron" });
        // The first file has no such column.
        if id >= 1000 {
            row.set("Facility", if id % 2 == 0 { "auth" } else { "Cron" });
        }
        row.set("_ItemId", format!("{id}"));
        row
    };
    (first..first + count).map(row).collect()
}

fn batch(rows: &[Row]) -> arrow::array::RecordBatch {
    let mut builder = RowsBuilder::new(
        Arc::clone(Catalog::builtin().table("Syslog").unwrap()),
        true,
    );
    rows.iter().for_each(|row| builder.push(row));
    builder.finish().unwrap()
}

fn queries(tables: Arc<dyn Tables>) -> Queries {
    let engine = Arc::new(Engine::new(EngineOptions::default()).unwrap());
    Queries::new(tables, engine, Journal::default())
}

async fn answer(queries: &Queries, query: &str) -> Vec<String> {
    let options = QueryOptions::new(now());
    let context = QueryContext::default();
    let outcome = queries.run(query, &options, &context).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    outcome
        .result
        .rows
        .iter()
        .map(|row| format!("{row:?}"))
        .collect()
}

/// Two files of small row groups, and some rows in memory.
async fn lake(root: &tempfile::TempDir) -> Lake {
    let mut options = LakeOptions::new(root.path().join("lake"));
    options.background = false;
    options.disk_guard_bytes = 0;
    options.row_group_rows = 100;
    let lake = Lake::open(options, Arc::new(ManualClock::new(now()))).unwrap();
    for (first, flush) in [(0, true), (1000, true), (2000, false)] {
        let rows = rows(first, 1000);
        let counts = FrameCounts {
            records_in: 1000,
            rows: 1000,
            ..FrameCounts::default()
        };
        lake.append(Frame {
            source: "test".into(),
            received: now(),
            receipt: None,
            counts,
            batches: vec![("Syslog".to_owned(), batch(&rows))],
        })
        .await
        .unwrap();
        if flush {
            lake.flush().await.unwrap();
        }
    }
    lake
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_over_plain_rows() {
    let root = tempfile::tempdir().unwrap();
    let stored = queries(Arc::new(LakeTables(lake(&root).await)));
    let mut plain = MemoryTables::default();
    plain.add_rows(&rows(0, 3000)).unwrap();
    let plain = queries(Arc::new(plain));
    for query in [
        "Syslog | summarize arg_max(TimeGenerated, *) by Computer | project Computer, TimeGenerated | sort by Computer asc",
        "Syslog | summarize arg_min(TimeGenerated, *) by Computer, ProcessName | project Computer, ProcessName, TimeGenerated | sort by Computer asc, ProcessName asc",
        "Syslog | where ProcessName == 'sshd' | summarize arg_max(TimeGenerated, *) by Computer | project Computer, TimeGenerated, SyslogMessage | sort by Computer asc",
        "Syslog | where SyslogMessage has '10.0.3.77' | project SyslogMessage",
        "Syslog | where SyslogMessage has 'USER1234' | project SyslogMessage",
        "Syslog | where SyslogMessage has_any ('user17', 'user2999', 'nobody') | project SyslogMessage | sort by SyslogMessage asc",
        "Syslog | where SyslogMessage has_all ('user17', 'from') | project SyslogMessage",
        "Syslog | where SyslogMessage contains 'ser99' | count",
        "Syslog | where HostIP == '10.0.9.5' or HostIP in ('10.0.0.1', '10.0.14.199') | project HostIP | sort by HostIP asc",
        "Syslog | where Computer =~ 'hOST3' | count",
        "Syslog | where Computer !has 'host3' | count",
        "Syslog | where not(Computer == 'Host3' or ProcessName in~ ('SSHD')) | count",
        "Syslog | where SyslogMessage startswith 'failed password for user42 ' | project SyslogMessage",
        // A column that an older file lacks.
        "Syslog | where Facility == '' | count",
        "Syslog | where Facility != 'auth' | summarize count() by Facility | sort by Facility asc",
        "Syslog | where Facility in ('', 'auth') | count",
        "Syslog | where Facility !in~ ('AUTH', 'CRON') | count",
        "Syslog | where Facility =~ 'AUTH' or Facility startswith 'cr' | summarize count() by Facility, ProcessName | sort by Facility asc, ProcessName asc",
        "Syslog | where isempty(Facility) and Computer endswith '3' | count",
        "Syslog | where strcmp(Facility, 'b') < 0 | count",
        // Ranges of time that end within a file, in the memory rows, and between two microseconds.
        "Syslog | where TimeGenerated >= datetime(2026-03-06T10:40:00Z) | count",
        "Syslog | where TimeGenerated > datetime(2026-03-06T10:40:00.0000001Z) and TimeGenerated < datetime(2026-03-06T10:50:00.0000009Z) | count",
        "Syslog | where TimeGenerated between (datetime(2026-03-06T10:44:00Z) .. datetime(2026-03-06T10:57:30Z)) and Computer == 'Host4' | project SyslogMessage | sort by SyslogMessage asc",
        "Syslog | where TimeGenerated == datetime(2026-03-06T10:41:00Z) | project SyslogMessage | sort by SyslogMessage asc",
        "Syslog | where datetime(2026-03-06T10:52:00Z) <= TimeGenerated | summarize min(TimeGenerated), max(TimeGenerated), count()",
        "Syslog | where TimeGenerated > datetime(2026-03-06T10:50:00Z) | take 1500 | count",
        // Joins whose one side leaves out many rows of the other, or none.
        "datatable(Computer: string) ['Host1', 'Host9'] | join kind=inner (Syslog | where Facility == 'auth') on Computer | project SyslogMessage | sort by SyslogMessage asc",
        "Syslog | where SyslogMessage has_any ('user5', 'user2700') | distinct Computer | join kind=inner (Syslog) on Computer | summarize count() by Computer | sort by Computer asc",
        "Syslog | join kind=leftanti (Syslog | where TimeGenerated < datetime(2026-03-06T10:45:00Z) | distinct HostIP) on HostIP | count",
        "Syslog | join kind=leftsemi (Syslog | where ProcessName == 'sshd' | distinct Computer) on Computer | count",
        // What reads rows in order.
        "Syslog | where Facility == 'auth' | sort by Computer asc, TimeGenerated asc | serialize | extend Before = prev(SyslogMessage), After = next(TimeGenerated), Far = prev(HostIP, 3, 'none'), Row = row_number() | where Row % 100 == 1 | project Computer, Before, After, Far, Row",
        "Syslog | sort by TimeGenerated asc, SyslogMessage asc | extend Sum = row_cumsum(1, Computer != prev(Computer)) | summarize max(Sum) by Computer | sort by Computer asc",
    ] {
        let want = answer(&plain, query).await;
        assert!(!want.is_empty(), "{query}");
        assert_eq!(answer(&stored, query).await, want, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explaining_says_what_was_left_out() {
    let root = tempfile::tempdir().unwrap();
    let stored = queries(Arc::new(LakeTables(lake(&root).await)));
    let options = QueryOptions::new(now());
    let text = stored
        .explain("Syslog | where SyslogMessage has 'user1234'", &options)
        .await
        .unwrap();
    let files = "files: 1 read of 2 (0 outside the time range, 1 without the texts)";
    assert!(text.contains(files), "{text}");
    assert!(text.contains("9 by the text index"), "{text}");
    // The rows of the second half of the time are in the second file and in memory.
    let text = stored
        .explain(
            "Syslog | where TimeGenerated >= datetime(2026-03-06T12:00:00Z) - 4400s",
            &options,
        )
        .await
        .unwrap();
    let files = "files: 1 read of 2 (1 outside the time range, 0 without the texts)";
    assert!(text.contains(files), "{text}");
}
