//! Events over HTTP as shippers send them: retries in parallel, compressed, too large, with clocks
//! that are wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;
use std::sync::{Arc, Barrier};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use support::{Answer, Server, config, http, ok, query, token};

const ROWS: &str = "{\"SyslogMessage\":\"one\"}\n{\"SyslogMessage\":\"two\"}\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Shipper {
    address: String,
    bearer: String,
}

impl Shipper {
    fn new(server: &Server, data: &std::path::Path) -> Self {
        Self {
            address: server.address.clone(),
            bearer: format!("Bearer {}", token(data, "ingest")),
        }
    }

    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers = [&[("Authorization", self.bearer.as_str())], headers].concat();
        http(
            &self.address,
            "POST",
            "/api/v1/ingest/Syslog",
            &headers,
            body,
        )
        .unwrap()
    }
}

#[test]
fn a_storm_of_retries_stores_once_and_a_key_with_another_body_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let shipper = Arc::new(Shipper::new(&server, data.path()));
    let start = Arc::new(Barrier::new(20));
    let senders: Vec<_> = (0..20)
        .map(|_| {
            let (shipper, start) = (Arc::clone(&shipper), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                shipper.post(&[("Idempotency-Key", "batch-1")], ROWS.as_bytes())
            })
        })
        .collect();
    let answers: Vec<Answer> = senders
        .into_iter()
        .map(|sender| sender.join().unwrap())
        .collect();
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    let sum = |key: &str| {
        answers
            .iter()
            .map(|answer| answer.json()[key].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((sum("accepted"), sum("duplicates")), (2, 38));

    let other = b"{\"SyslogMessage\":\"three\"}\n";
    let answer = shipper.post(&[("Idempotency-Key", "batch-1")], other);
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (422, &json!("key_reused")),
        "{answer:?}"
    );
    assert_eq!(
        shipper
            .post(&[("Idempotency-Key", "batch-2")], other)
            .json()["accepted"],
        1
    );
    // Compressed or not, the same content is the same.
    let again = shipper.post(
        &[("Idempotency-Key", "batch-1"), ("Content-Encoding", "gzip")],
        &gzip(ROWS.as_bytes()),
    );
    assert_eq!(again.json()["duplicates"], 2, "{again:?}");
    for key in ["", &"k".repeat(257)] {
        assert_eq!(shipper.post(&[("Idempotency-Key", key)], other).status, 400);
    }
    let rows = query(
        data.path(),
        "Syslog | summarize n = count() by SyslogMessage | sort by SyslogMessage asc",
    );
    let counts: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                r["SyslogMessage"].as_str().unwrap(),
                r["n"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts, [("one", 1), ("three", 1), ("two", 1)]);
    server.stop();
}

#[test]
fn compressed_bodies_are_taken_and_none_grows_beyond_the_limit() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = config(folder.path(), "body_bytes_max = 1048576\n");
    let server = Server::start(data.path(), &["--config", &config]);
    let shipper = Shipper::new(&server, data.path());
    let zipped = [("Content-Encoding", "gzip")];
    let message = |answer: &Answer| {
        let json = answer.json();
        format!(
            "{} {}",
            json["error"]["message"].as_str().unwrap_or_default(),
            json["error"]["hint"].as_str().unwrap_or_default()
        )
    };
    assert_eq!(
        shipper.post(&zipped, &gzip(ROWS.as_bytes())).json()["accepted"],
        2
    );
    // Shippers that append to a buffer send several members.
    let members = [
        gzip(b"{\"SyslogMessage\":\"three\"}\n"),
        gzip(b"{\"SyslogMessage\":\"four\"}\n"),
    ]
    .concat();
    assert_eq!(shipper.post(&zipped, &members).json()["accepted"], 2);

    // A zstd frame with one raw block (RFC 8878).
    let mut frame = b"\x28\xb5\x2f\xfd\x20\x19\xc9\x00\x00".to_vec();
    frame.extend(b"{\"SyslogMessage\":\"five\"}\n");
    let answer = shipper.post(&[("Content-Encoding", "zstd")], &frame);
    assert_eq!(answer.json()["accepted"], 1, "{answer:?}");

    let bomb = gzip(&vec![b'0'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let answer = shipper.post(&zipped, &bomb);
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(
        message(&answer).contains("the limit of 1048576 bytes"),
        "{answer:?}"
    );
    let whole = gzip(ROWS.as_bytes());
    for broken in [&whole[..whole.len() / 2], b"no gzip at all".as_slice()] {
        let answer = shipper.post(&zipped, broken);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(
            message(&answer).contains("the body can't be read: "),
            "{answer:?}"
        );
    }
    let answer = shipper.post(&[("Content-Encoding", "br")], ROWS.as_bytes());
    assert_eq!(answer.status, 415, "{answer:?}");
    assert!(
        message(&answer).contains("`br`") && message(&answer).contains("gzip"),
        "{answer:?}"
    );
    let answer = shipper.post(&[], &vec![b' '; (1 << 20) + 1]);
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (413, &json!("too_large")),
        "{answer:?}"
    );
    assert!(
        message(&answer).contains("the limit of 1048576 bytes"),
        "{answer:?}"
    );
    // One without a length is refused as well.
    let mut chunked = b"100001\r\n".to_vec();
    chunked.extend(vec![b' '; 0x10_0001]);
    chunked.extend(b"\r\n0\r\n\r\n");
    let answer = raw_chunked(&shipper, &chunked);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(query(data.path(), "Syslog | count")[0]["Count"], 5);
    assert_eq!(
        query(data.path(), "IngestRejects_CL | count")[0]["Count"],
        0
    );
    server.stop();
}

fn raw_chunked(shipper: &Shipper, chunks: &[u8]) -> String {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(&shipper.address).unwrap();
    let head = format!(
        "POST /api/v1/ingest/Syslog HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        shipper.bearer
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server may answer before it has read all.
    let _ = stream.write_all(chunks);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn events_far_from_their_receipt_are_kept_and_flagged() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path(), &[]);
    let shipper = Shipper::new(&server, data.path());
    let now = Timestamp::now();
    let row = |name: &str, at: Timestamp| {
        format!("{{\"TimeGenerated\":\"{at}\",\"Type\":\"Syslog\",\"SyslogMessage\":\"{name}\"}}\n")
    };
    let body = [
        row("now", now),
        row("ahead a little", now + SignedDuration::from_mins(4)),
        row("ahead", now + SignedDuration::from_mins(15)),
        row("far ahead", "9999-01-01T00:00:00Z".parse().unwrap()),
        row("behind a little", now - SignedDuration::from_hours(23)),
        row("behind", now - SignedDuration::from_hours(25)),
        row("ancient", "1601-01-01T00:00:00Z".parse().unwrap()),
    ]
    .concat();
    assert_eq!(shipper.post(&[], body.as_bytes()).json()["accepted"], 7);
    // Old evidence in a file is late by the same measure, and keeps its own time.
    let file = folder.path().join("evidence.ndjson");
    std::fs::write(
        &file,
        row("evidence", "2024-02-29T12:00:00Z".parse().unwrap()),
    )
    .unwrap();
    ok(data.path(), &["ingest", &file.display().to_string()]);
    let rows = query(
        data.path(),
        "Syslog | project SyslogMessage, _TimeQuality | sort by SyslogMessage asc",
    );
    let found: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                r["SyslogMessage"].as_str().unwrap(),
                r["_TimeQuality"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("ahead", "future"),
            ("ahead a little", ""),
            ("ancient", "late"),
            ("behind", "late"),
            ("behind a little", ""),
            ("evidence", "late"),
            ("far ahead", "future"),
            ("now", ""),
        ]
    );
    let rows = query(
        data.path(),
        "Syslog | where SyslogMessage == 'evidence' | project TimeGenerated, fresh = _TimeReceived > ago(1h)",
    );
    assert_eq!(
        rows,
        [json!({"TimeGenerated": "2024-02-29T12:00:00Z", "fresh": true})]
    );
    server.stop();
}
