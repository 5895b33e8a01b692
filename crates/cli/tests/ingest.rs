//! `ingest`: counts that add up, duplicates, bad input beside good, and a server that owns the
//! folder.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use support::{Server, corpora, http, ok, query, token, watchfloor, with_stdin};

fn reports(data: &Path, args: &[&str]) -> Vec<Json> {
    let mut all = vec!["ingest", "--format", "ndjson"];
    all.extend(args);
    let output = watchfloor(data, &all);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let reports: Vec<Json> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for report in &reports {
        let n = |key: &str| report[key].as_u64().unwrap();
        assert_eq!(
            n("records_in"),
            n("rows") + n("duplicates") + n("filtered") + n("rejects"),
            "{report}"
        );
    }
    reports
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

const GOOD: &str = "{\"TimeGenerated\":\"2026-03-06T12:00:00Z\",\"Type\":\"Syslog\",\"Computer\":\"a\",\"SyslogMessage\":\"one\"}\n{\"TimeGenerated\":\"2026-03-06T12:00:01Z\",\"Type\":\"Syslog\",\"Computer\":\"a\",\"SyslogMessage\":\"two\"}\n";

#[test]
fn the_same_bytes_under_another_name_are_duplicates_unless_again() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = write(folder.path(), "one.ndjson", GOOD.as_bytes());
    let two = write(folder.path(), "two.ndjson", GOOD.as_bytes());
    assert_eq!(reports(data.path(), &[&one])[0]["rows"], 2);
    assert_eq!(reports(data.path(), &[&two])[0]["duplicates"], 2);
    assert_eq!(reports(data.path(), &[&two, "--again"])[0]["rows"], 2);
    assert_eq!(query(data.path(), "Syslog | count")[0]["Count"], 4);
}

#[test]
fn a_running_server_takes_ingest_and_query_through_its_socket() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = write(folder.path(), "one.ndjson", GOOD.as_bytes());
    let server = Server::start(data.path(), &[]);
    assert_eq!(reports(data.path(), &[&file])[0]["rows"], 2);
    let rows = query(data.path(), "Syslog | summarize n = count() by Computer");
    assert_eq!(rows, [json!({"Computer": "a", "n": 2})]);
    ok(data.path(), &["incidents", "list"]);
    let second = watchfloor(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(stderr.contains(&server.pid().to_string()), "{stderr}");
    server.stop();
}

#[test]
fn bad_input_is_named_and_the_good_beside_it_goes_through() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path();
    write(path, "good.ndjson", GOOD.as_bytes());
    let cloudtrail = r#"{"Records":[{"eventVersion":"1.08","eventTime":"2026-03-06T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","userIdentity":{"type":"IAMUser"}},{"eventVersion": broken },{"eventVersion":"1.08","eventTime":"2026-03-06T12:00:01Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1","userIdentity":{"type":"IAMUser"}}]}"#;
    write(path, "cloudtrail.json", cloudtrail.as_bytes());
    let made = sample::generate(&sample::Options::new(
        3,
        "2026-03-06T16:40:00Z".parse().unwrap(),
    ));
    let evtx = made
        .files
        .iter()
        .find(|file| file.path.ends_with(".evtx"))
        .unwrap();
    write(path, "cut.evtx", &evtx.bytes[..evtx.bytes.len() / 2 + 1000]);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..256 {
        bomb.write_all(&zeros).unwrap();
    }
    write(path, "bomb.json.gz", &bomb.finish().unwrap());
    let output = watchfloor(
        data.path(),
        &["ingest", "--format", "ndjson", &path.display().to_string()],
    );
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cut.evtx"), "{stderr}");
    assert!(stderr.contains("bomb.json.gz"), "{stderr}");
    assert!(!stderr.contains("error: good.ndjson"), "{stderr}");
    assert_eq!(
        query(
            data.path(),
            "Syslog | where SyslogMessage in ('one', 'two') | count"
        )[0]["Count"],
        2
    );
    assert_eq!(query(data.path(), "AWSCloudTrail | count")[0]["Count"], 2);
    let windows = query(
        data.path(),
        "union isfuzzy=true SecurityEvent, Event | count",
    );
    assert!(
        windows[0]["Count"].as_u64().unwrap() > 0,
        "nothing of the cut file was kept"
    );
    let rejects = query(
        data.path(),
        "IngestRejects_CL | where SourceName == 'aws_cloudtrail' | project Reason, RawData, Record",
    );
    assert_eq!(rejects.len(), 1, "{rejects:?}");
    assert!(rejects[0]["RawData"].as_str().unwrap().contains("broken"));
}

#[test]
fn a_line_of_200_megabytes_is_rejected_in_little_memory_and_its_neighbours_stay() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("long.ndjson");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    file.write_all(GOOD.as_bytes()).unwrap();
    file.write_all(b"{\"Type\":\"Syslog\",\"SyslogMessage\":\"")
        .unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&chunk).unwrap();
    }
    file.write_all(b"\"}\n").unwrap();
    file.write_all(GOOD.replace("12:00", "13:00").as_bytes())
        .unwrap();
    file.into_inner().unwrap();
    let reports = reports(data.path(), &[&path.display().to_string()]);
    assert_eq!(reports[0]["rows"], 4, "{reports:?}");
    assert_eq!(reports[0]["rejects"], 1, "{reports:?}");
    let reject = &query(
        data.path(),
        "IngestRejects_CL | project n = strlen(RawData), Reason",
    )[0];
    assert!(reject["n"].as_u64().unwrap() <= 100_000, "{reject}");
}

#[test]
fn http_ingest_needs_a_token_and_repeats_are_harmless_over_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let post = |address: &str, headers: &[(&str, &str)]| {
        http(
            address,
            "POST",
            "/api/v1/ingest/table_rows",
            headers,
            GOOD.as_bytes(),
        )
        .unwrap()
    };
    assert_eq!(post(&server.address, &[]).status, 401);
    assert_eq!(
        post(&server.address, &[("Authorization", "Bearer wf_no_such")]).status,
        401
    );
    let reader = format!("Bearer {}", token(data.path(), "read"));
    assert_eq!(
        post(&server.address, &[("Authorization", &reader)]).status,
        403
    );
    let bearer = format!("Bearer {}", token(data.path(), "ingest"));
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Idempotency-Key", "k1"),
    ];
    let first = post(&server.address, &headers);
    assert_eq!(
        (first.status, &first.json()["accepted"]),
        (200, &json!(2)),
        "{first:?}"
    );
    assert_eq!(post(&server.address, &headers).json()["duplicates"], 2);
    server.stop();
    let server = Server::start(data.path(), &[]);
    assert_eq!(post(&server.address, &headers).json()["duplicates"], 2);
    let mixed = http(
        &server.address,
        "POST",
        "/api/v1/ingest/Syslog",
        &[("Authorization", bearer.as_str())],
        b"{\"SyslogMessage\":\"fine\"}\n{broken\n{\"SyslogMessage\":\"also fine\"}\n",
    )
    .unwrap();
    assert_eq!(mixed.json()["accepted"], 2, "{mixed:?}");
    assert_eq!(mixed.json()["rejected"][0]["line"], 2, "{mixed:?}");
    server.stop();
}

#[test]
fn real_data_loses_nothing() {
    for part in ["evtx", "cloudtrail", "otrf"] {
        let Some(path) = corpora(part) else { return };
        let data = tempfile::tempdir().unwrap();
        let reports = reports(data.path(), &[&path.display().to_string()]);
        let n = |key: &str| {
            reports
                .iter()
                .map(|r| r[key].as_u64().unwrap())
                .sum::<u64>()
        };
        assert!(n("rows") > 2_000, "{part}: {reports:?}");
        for report in &reports {
            eprintln!("{part}: {report}");
        }
    }
}

#[test]
fn standard_input_reaches_the_owner_of_the_folder_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let output = with_stdin(data.path(), &["ingest", "-", "--format", "ndjson"], GOOD);
    assert!(output.status.success());
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["rows"], 2, "{report}");
    let left: Vec<_> = std::fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("stdin"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    server.stop();
}
