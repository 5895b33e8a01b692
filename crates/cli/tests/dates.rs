//! Rows dated at the ends of time break no query, before and after they go to files, and stay for
//! as long as others.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::{Value as Json, json};
use support::{Server, http, ok, query, token, watchfloor};

/// `Computer` names the row; the last one is cut to the microsecond, as every stored time is.
const ROWS: &[(&str, &str, &str)] = &[
    ("first", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ("filetime", "1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z"),
    ("epoch", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ("today", "2026-03-06T12:00:00.5Z", "2026-03-06T12:00:00.5Z"),
    (
        "beyond",
        "9999-12-31T21:00:00+00:00",
        "9999-12-31T21:00:00Z",
    ),
    (
        "last",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59.999999Z",
    ),
];

fn body() -> String {
    ROWS.iter()
        .map(|(name, time, _)| {
            let row = json!({ "TimeGenerated": time, "EventTime": time, "Type": "Syslog", "Computer": name });
            format!("{row}\n")
        })
        .collect()
}

fn names(data: &Path, text: &str) -> Vec<String> {
    query(data, text)
        .iter()
        .map(|row| row["Computer"].as_str().unwrap().to_owned())
        .collect()
}

fn one(data: &Path, text: &str) -> Json {
    let mut rows = query(data, text);
    assert_eq!(rows.len(), 1, "{text}");
    rows.remove(0)
}

/// Everything that is asked of a time, with the answers.
fn ask(data: &Path) {
    let sorted = query(
        data,
        "Syslog | sort by TimeGenerated asc | project Computer, TimeGenerated, EventTime",
    );
    let expected: Vec<Json> = ROWS
        .iter()
        .map(
            |(name, _, time)| json!({ "Computer": name, "TimeGenerated": time, "EventTime": time }),
        )
        .collect();
    assert_eq!(sorted, expected);
    let range = one(
        data,
        "Syslog | summarize Low = min(TimeGenerated), High = max(TimeGenerated), n = dcount(TimeGenerated), \
         arg_max(EventTime, Computer)",
    );
    assert_eq!(range["Low"], "0001-01-01T00:00:00Z");
    assert_eq!(range["High"], "9999-12-31T23:59:59.999999Z");
    assert_eq!(
        (&range["n"], &range["Computer"]),
        (&json!(6), &json!("last"))
    );

    for (condition, expected) in [
        ("TimeGenerated > ago(1d)", &["beyond", "last"][..]),
        (
            "TimeGenerated < datetime(1700-01-01)",
            &["first", "filetime"],
        ),
        ("TimeGenerated <= datetime(0001-01-01)", &["first"]),
        ("TimeGenerated == datetime(1601-01-01)", &["filetime"]),
        (
            "TimeGenerated >= datetime(9999-12-31T23:59:59.999999Z)",
            &["last"],
        ),
        ("TimeGenerated > datetime(9999-12-31T23:59:59.999999Z)", &[]),
        (
            "TimeGenerated between (datetime(0001-01-01) .. datetime(1970-01-01))",
            &["first", "filetime", "epoch"],
        ),
        (
            "TimeGenerated !between (datetime(0001-01-01) .. datetime(9999-01-01))",
            &["beyond", "last"],
        ),
        (
            "EventTime in (datetime(1601-01-01), datetime(9999-12-31T21:00:00Z))",
            &["filetime", "beyond"],
        ),
        ("TimeGenerated != EventTime", &[]),
        ("now() - TimeGenerated > 700000d", &["first"]),
        ("TimeGenerated + 1d > datetime(9999-01-01)", &[]),
        ("isnull(TimeGenerated + 3d)", &["beyond", "last"]),
        ("isnull(TimeGenerated - 1h)", &["first"]),
        ("_TimeQuality == 'future'", &["beyond", "last"]),
        (
            "getyear(TimeGenerated) == 1601 and monthofyear(EventTime) == 1 and dayofweek(EventTime) == 1d",
            &["filetime"],
        ),
        (
            "startofyear(TimeGenerated) == datetime(9999-01-01)",
            &["beyond", "last"],
        ),
        (
            "endofday(TimeGenerated) > datetime(9999-12-31T23:00:00Z)",
            &["beyond", "last"],
        ),
        (
            "datetime_diff('year', datetime(2001-01-01), TimeGenerated) >= 400",
            &["first", "filetime"],
        ),
        (
            "format_datetime(TimeGenerated, 'yyyy-MM-dd HH:mm') == '9999-12-31 23:59'",
            &["last"],
        ),
        ("tostring(TimeGenerated) startswith '0001'", &["first"]),
    ] {
        let found = names(
            data,
            &format!("Syslog | where {condition} | sort by TimeGenerated asc | project Computer"),
        );
        assert_eq!(found, expected, "{condition}");
    }

    for step in ["1d", "1h", "7d", "3650d"] {
        let bins = query(
            data,
            &format!(
                "Syslog | summarize n = count() by bin(TimeGenerated, {step}) | sort by TimeGenerated asc"
            ),
        );
        let total: u64 = bins.iter().map(|row| row["n"].as_u64().unwrap()).sum();
        assert_eq!(total, 6, "{step}");
        assert_eq!(bins[0]["TimeGenerated"], "0001-01-01T00:00:00Z", "{step}");
        assert!(bins.len() >= 4, "{step}");
    }
    for kind in ["inner", "innerunique", "leftouter", "fullouter", "leftsemi"] {
        let joined = one(
            data,
            &format!(
                "Syslog | join kind={kind} (Syslog | project EventTime, Other = Computer) on $left.TimeGenerated == $right.EventTime | count"
            ),
        );
        assert_eq!(joined["Count"], 6, "{kind}");
    }
    assert_eq!(
        names(
            data,
            "Syslog | top 1 by TimeGenerated desc | project Computer"
        ),
        ["last"]
    );
    assert_eq!(query(data, "Syslog | distinct TimeGenerated").len(), 6);
    assert_eq!(query(data, "Syslog | sort by TimeGenerated asc | extend Gap = TimeGenerated - prev(TimeGenerated) | where isnotnull(Gap)").len(), 5);
    let series = query(
        data,
        "Syslog | make-series n = count() on TimeGenerated from datetime(2026-03-01) to datetime(2026-03-10) step 1d",
    );
    assert_eq!(series.len(), 1);
    let unionised = one(
        data,
        "union Syslog, (print TimeGenerated = datetime(0001-01-01)) | summarize n = count(), min(TimeGenerated)",
    );
    assert_eq!(unionised["n"], 7);
}

fn formats(data: &Path) {
    let text = "Syslog | sort by TimeGenerated asc | project TimeGenerated";
    let csv = ok(data, &["query", text, "--format", "csv"]);
    let expected: Vec<&str> = ROWS.iter().map(|(_, _, time)| *time).collect();
    assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), expected);
    let rows: Vec<Json> =
        serde_json::from_str(&ok(data, &["query", text, "--format", "json"])).unwrap();
    let times: Vec<&str> = rows
        .iter()
        .map(|row| row["TimeGenerated"].as_str().unwrap())
        .collect();
    assert_eq!(times, expected);
    let table = ok(data, &["query", text, "--format", "table"]);
    assert!(expected.iter().all(|time| table.contains(time)), "{table}");
    for format in ["parquet", "arrow"] {
        let output = watchfloor(data, &["query", text, "--format", format]);
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{format}"
        );
    }
    let near = ok(
        data,
        &[
            "query",
            "Syslog | count",
            "--timespan",
            "1d",
            "--format",
            "csv",
        ],
    );
    assert_eq!(near, "Count\n0\n");
}

#[test]
fn rows_of_the_years_1_to_9999_answer_every_question_in_memory_and_in_files() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let server = Server::start(data, &[]);
    let bearer = format!("Bearer {}", token(data, "ingest"));
    let answer = http(
        &server.address,
        "POST",
        "/api/v1/ingest/table_rows",
        &[("Authorization", bearer.as_str())],
        body().as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.json()["accepted"], 6, "{answer:?}");
    ask(data);
    formats(data);
    server.stop();
    // Ending wrote the rows to files.
    let files = std::fs::read_dir(data.join("lake/tables/Syslog")).unwrap();
    let files = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".parquet")
    });
    assert!(files.count() >= 4);
    let server = Server::start(data, &[]);
    ask(data);
    formats(data);
    server.stop();
    // Rules, incidents and figures go on.
    ok(data, &["incidents", "list"]);
    ok(data, &["metrics"]);
    ok(data, &["sources", "list"]);
}

#[test]
fn rows_loaded_beside_the_folder_answer_as_well() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("rows.ndjson");
    std::fs::write(&file, body()).unwrap();
    let load = format!("Syslog={}", file.display());
    let text = "Syslog | summarize n = count(), min(TimeGenerated), max(TimeGenerated)";
    let csv = ok(
        root.path(),
        &["query", text, "--load", &load, "--format", "csv"],
    );
    assert_eq!(
        csv.lines().nth(1),
        Some("6,0001-01-01T00:00:00Z,9999-12-31T23:59:59.999999Z")
    );
}

#[test]
fn a_source_whose_clock_is_absurd_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let write = |name: &str, lines: &[Json]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = root.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let times = [
        "0001-01-01T00:00:00Z",
        "1601-01-01T00:00:00.0000000Z",
        "9999-12-31T23:59:59.9999999Z",
        "0000-00-00T00:00:00Z",
        "-000001-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "yesterday",
        "",
    ];
    let windows: Vec<Json> = times
        .iter()
        .map(|time| json!({ "@timestamp": time, "winlog": { "channel": "System", "event_id": 7036, "provider_name": "Service Control Manager",
            "computer_name": "a", "event_data": { "param1": time } }, "event": { "code": "7036" } }))
        .collect();
    let other: Vec<Json> = times
        .iter()
        .map(|time| json!({ "timestamp": time, "message": time }))
        .collect();
    let cloud: Vec<Json> = times
        .iter()
        .map(|time| json!({ "eventVersion": "1.08", "eventTime": time, "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "awsRegion": "us-east-1", "userIdentity": { "type": "IAMUser" } }))
        .collect();
    let paths = [
        write("windows.ndjson", &windows),
        write("other.ndjson", &other),
        write("cloud.json", &[json!({ "Records": cloud })]),
    ];
    let mut args = vec!["ingest", "--format", "ndjson"];
    args.extend(paths.iter().map(String::as_str));
    let reports = ok(data, &args);
    let stored: u64 = reports
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap())
        .map(|report| report["rows"].as_u64().unwrap() + report["rejects"].as_u64().unwrap())
        .sum();
    assert_eq!(stored, 3 * times.len() as u64, "{reports}");
    let rows = query(
        data,
        "union withsource=Table Event, Unmapped_CL, AWSCloudTrail | where TimeGenerated < datetime(1700-01-01) | summarize n = count() by Table, TimeGenerated | sort by Table asc, TimeGenerated asc",
    );
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["Table"].as_str().unwrap(),
                row["TimeGenerated"].as_str().unwrap(),
                row["n"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected: Vec<_> = ["AWSCloudTrail", "Event", "Unmapped_CL"]
        .iter()
        .flat_map(|table| {
            [
                (*table, "0001-01-01T00:00:00Z", 1),
                (*table, "1601-01-01T00:00:00Z", 1),
            ]
        })
        .collect();
    assert_eq!(told, expected);
}
