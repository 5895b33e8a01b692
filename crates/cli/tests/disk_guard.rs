//! Before the disk is full nothing more is taken in, everybody is told, and nothing is lost.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value as Json, json};
use support::{Server, config, fails, http, ok, query, token};

const ROWS: &str = "{\"TimeGenerated\":\"2026-03-06T12:00:00Z\",\"Type\":\"Syslog\",\"SyslogMessage\":\"one\"}\n{\"TimeGenerated\":\"2026-03-06T12:00:01Z\",\"Type\":\"Syslog\",\"SyslogMessage\":\"two\"}\n";

#[test]
fn a_disk_below_its_guard_refuses_intake_with_503_and_a_retry_is_accepted_later() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    // More than any disk has.
    let full = config(folder.path(), "disk_guard_bytes = 4611686018427387904\n");
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("rows.ndjson"), ROWS.replace("one", "file one")).unwrap();
    let logs = logs.display().to_string();

    let server = Server::start(data, &["--config", &full]);
    let bearer = format!("Bearer {}", token(data, "ingest"));
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Idempotency-Key", "batch-1"),
    ];
    let post = |server: &Server| {
        http(
            &server.address,
            "POST",
            "/api/v1/ingest/table_rows",
            &headers,
            ROWS.as_bytes(),
        )
        .unwrap()
    };
    for _ in 0..2 {
        let answer = post(&server);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(
            answer
                .headers
                .to_ascii_lowercase()
                .contains("retry-after: 30"),
            "{}",
            answer.headers
        );
        let message = answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            message.contains("the disk is nearly full, nothing was stored"),
            "{message}"
        );
        assert!(message.contains("4611686018427387904"), "{message}");
    }
    let ready = http(&server.address, "GET", "/readyz", &[], b"").unwrap();
    assert_eq!(
        (ready.status, ready.body.as_slice()),
        (503, b"the disk is nearly full".as_slice())
    );
    let (code, stderr) = fails(data, &["ingest", &logs]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("the disk is nearly full") && stderr.contains("disk_guard_bytes"),
        "{stderr}"
    );
    // People can still look.
    assert_eq!(query(data, "Syslog | count")[0]["Count"], 0);
    server.stop();

    let (code, stderr) = fails(data, &["--config", &full, "ingest", &logs]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("the disk is nearly full") && stderr.contains("disk_guard_bytes"),
        "{stderr}"
    );

    ok(data, &["--config", &full, "query", "Syslog | count"]);
    ok(data, &["--config", &full, "incidents", "list"]);

    let server = Server::start(data, &[]);
    assert_eq!(post(&server).json()["accepted"], 2);
    assert_eq!(post(&server).json()["duplicates"], 2);
    let report: Json =
        serde_json::from_str(&ok(data, &["ingest", &logs, "--format", "ndjson"])).unwrap();
    assert_eq!(
        (&report["rows"], &report["duplicates"]),
        (&json!(2), &json!(0)),
        "{report}"
    );
    assert_eq!(query(data, "Syslog | count")[0]["Count"], 4);
    server.stop();
}
