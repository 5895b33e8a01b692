//! `Usage` tells rows and bytes received per table and day, exactly and at once.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::{Value as Json, json};
use support::{Server, http, ok, query, token};

fn rows(table: &str, count: usize) -> String {
    (0..count)
        .map(|at| {
            let row = json!({ "TimeGenerated": "2026-03-06T12:00:00Z", "Type": table, "Computer": format!("host{at}"), "SyslogMessage": "x".repeat(at) });
            format!("{row}\n")
        })
        .collect()
}

fn send(server: &Server, token: &str, body: &str) {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = http(
        &server.address,
        "POST",
        "/api/v1/ingest/table_rows",
        &headers,
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Tables, rows and megabytes of what was sent (not of what Watchfloor writes itself).
fn usage(data: &Path) -> Vec<Json> {
    query(
        data,
        "Usage | where IsBillable and QuantityUnit == 'MBytes' | where EndTime > StartTime and StartTime == TimeGenerated \
         | summarize Rows = sum(_RowCount), MB = sum(Quantity) by DataType | sort by DataType asc",
    )
}

fn counts(usage: &[Json]) -> Vec<(&str, u64)> {
    usage
        .iter()
        .map(|row| {
            (
                row["DataType"].as_str().unwrap(),
                row["Rows"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn usage_is_exact_at_once_and_the_same_after_a_crash_a_restart_and_a_restoration() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let file = root.path().join("rows.ndjson");
    std::fs::write(&file, rows("Syslog", 5) + &rows("Own_CL", 2)).unwrap();
    ok(data, &["ingest", file.to_str().unwrap()]);
    assert_eq!(counts(&usage(data)), [("Own_CL", 2), ("Syslog", 5)]);

    let mut server = Server::start(data, &[]);
    let token = token(data, "ingest");
    send(&server, &token, &rows("Syslog", 7));
    send(&server, &token, &rows("CommonSecurityLog", 3));
    let told = usage(data);
    assert_eq!(
        counts(&told),
        [("CommonSecurityLog", 3), ("Own_CL", 2), ("Syslog", 12)]
    );
    for row in &told {
        let table = row["DataType"].as_str().unwrap();
        let stored = &query(data, &format!("{table} | count"))[0]["Count"];
        assert_eq!(*stored, row["Rows"], "{table}");
        let megabytes = row["MB"].as_f64().unwrap();
        // A row has at least its times and ids.
        let per_row = megabytes * 1e6 / row["Rows"].as_f64().unwrap();
        assert!((50.0..5_000.0).contains(&per_row), "{table}: {per_row}");
    }
    server.kill();
    assert_eq!(usage(data), told, "after a crash");
    let server = Server::start(data, &[]);
    assert_eq!(usage(data), told, "after a restart");
    let backup = root.path().join("backup.zip");
    ok(data, &["backup", backup.to_str().unwrap()]);
    send(&server, &token, &rows("Syslog", 1));
    assert_eq!(counts(&usage(data))[2], ("Syslog", 13));
    server.stop();
    let restored = root.path().join("restored");
    ok(&restored, &["restore", backup.to_str().unwrap()]);
    assert_eq!(usage(&restored), told, "after a restoration");
    // The platform's own tables are counted too, and told apart.
    let own = query(
        data,
        "Usage | where not(IsBillable) | where DataType == 'LAQueryLogs' | summarize n = sum(_RowCount)",
    );
    assert!(own[0]["n"].as_u64().unwrap() > 0);
}

#[test]
fn rows_of_another_workspace_stand_beside_the_counts_and_time_filters_hold() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let file = root.path().join("rows.ndjson");
    let export = json!({ "TimeGenerated": "2025-01-01T01:00:00Z", "Type": "Usage", "DataType": "Heartbeat", "Quantity": 2.5, "QuantityUnit": "MBytes", "IsBillable": false });
    std::fs::write(&file, format!("{export}\n{}", rows("Syslog", 2))).unwrap();
    ok(data, &["ingest", file.to_str().unwrap()]);
    let all = query(
        data,
        "Usage | where DataType in ('Heartbeat', 'Syslog', 'Usage') | project DataType, Quantity, _RowCount | sort by DataType asc",
    );
    let types: Vec<&Json> = all.iter().map(|row| &row["DataType"]).collect();
    assert_eq!(types, ["Heartbeat", "Syslog", "Usage"]);
    assert_eq!(
        (&all[0]["Quantity"], &all[1]["_RowCount"]),
        (&json!(2.5), &json!(2))
    );
    let recent = query(
        data,
        "Usage | where TimeGenerated > ago(2d) and DataType == 'Syslog' | count",
    );
    assert_eq!(recent[0]["Count"], 1);
    let old = query(
        data,
        "Usage | where TimeGenerated < datetime(2025-02-01) | project DataType",
    );
    assert_eq!(old, [json!({ "DataType": "Heartbeat" })]);
    let joined = query(
        data,
        "Usage | where DataType == 'Syslog' | join kind=inner (Usage | project DataType, Again = _RowCount) on DataType | project Again",
    );
    assert_eq!(joined, [json!({ "Again": 2 })]);
}
