//! A backup of a running server, taken while shippers send, restored into an empty folder: an
//! installation of one moment, that goes on by itself.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use support::{Answer, Server, http, ok, query, token, watchfloor};

/// Rows of a batch in each of its two tables.
const ROWS: u64 = 10;

/// One frame over two tables: it must be restored whole or not at all.
fn batch(number: u64) -> String {
    let row = |table: &str, row: u64| {
        format!(
            "{{\"TimeGenerated\":\"2026-03-06T12:00:00Z\",\"Type\":\"{table}\",\"Computer\":\"batch-{number}\",\"DeviceVersion\":\"{row}\",\"SyslogMessage\":\"{number}-{row}\"}}\n"
        )
    };
    (0..ROWS)
        .flat_map(|at| [row("Syslog", at), row("CommonSecurityLog", at)])
        .collect()
}

fn send(address: &str, token: &str, number: u64) -> std::io::Result<Answer> {
    let (bearer, key) = (format!("Bearer {token}"), format!("batch-{number}"));
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Idempotency-Key", key.as_str()),
    ];
    let body = batch(number);
    http(
        address,
        "POST",
        "/api/v1/ingest/table_rows",
        &headers,
        body.as_bytes(),
    )
}

fn alert(name: &str) -> String {
    let entities =
        json!([{"$id": "2", "Type": "host", "HostName": "ws1", "DnsDomain": "corp.example"}]);
    json!({
        "TimeGenerated": "2026-03-06T12:00:00Z", "Type": "SecurityAlert", "AlertName": name, "DisplayName": name,
        "AlertSeverity": "High", "VendorName": "Example", "ProductName": "Sensor", "SystemAlertId": "a-1",
        "StartTime": "2026-03-06T11:59:00Z", "EndTime": "2026-03-06T12:00:00Z", "Entities": entities.to_string(),
    })
    .to_string()
}

fn incidents(data: &Path) -> Vec<Json> {
    let rows: Json =
        serde_json::from_str(&ok(data, &["incidents", "list", "--format", "json"])).unwrap();
    let what = ["number", "title", "status", "owner", "severity", "alerts"];
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| what.iter().map(|key| (*key, row[*key].clone())).collect())
        .collect()
}

fn wait_for_incident(data: &Path) {
    for _ in 0..600 {
        if !incidents(data).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the alert became no incident");
}

/// Rows of both tables by batch.
fn rows_by_batch(data: &Path) -> BTreeMap<String, (u64, u64)> {
    let rows = query(
        data,
        "union (Syslog | project Computer, T = 's'), (CommonSecurityLog | project Computer, T = 'c') \
         | where Computer startswith 'batch-' | summarize s = countif(T == 's'), c = countif(T == 'c') by Computer",
    );
    rows.iter()
        .map(|row| {
            let n = |key: &str| row[key].as_u64().unwrap();
            (
                row["Computer"].as_str().unwrap().to_owned(),
                (n("s"), n("c")),
            )
        })
        .collect()
}

fn sign_in(address: &str, name: &str, password: &str) -> u16 {
    let body = json!({ "name": name, "password": password }).to_string();
    let headers = [("Content-Type", "application/json")];
    http(address, "POST", "/api/v1/login", &headers, body.as_bytes())
        .unwrap()
        .status
}

/// Sends batch after batch until told to stop, and counts those that were acknowledged.
struct Shipper {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Shipper {
    fn start(address: &str, token: &str) -> Self {
        let (stop, acknowledged) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (address, token) = (address.to_owned(), token.to_owned());
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let thread = std::thread::spawn(move || {
            for number in 0.. {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let answer = send(&address, &token, number).unwrap();
                assert_eq!(answer.json()["accepted"], ROWS * 2, "{answer:?}");
                count.store(number + 1, Ordering::SeqCst);
            }
        });
        Self {
            stop,
            acknowledged,
            thread,
        }
    }

    fn wait_for(&self, more: u64) -> u64 {
        let wanted = self.acknowledged.load(Ordering::SeqCst) + more;
        while self.acknowledged.load(Ordering::SeqCst) < wanted {
            assert!(!self.thread.is_finished(), "the shipper ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.acknowledged.load(Ordering::SeqCst)
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.acknowledged.load(Ordering::SeqCst)
    }
}

#[test]
fn a_backup_under_load_restores_to_one_moment_that_goes_on_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let (data, restored) = (root.path().join("data"), root.path().join("restored"));
    let file = root.path().join("watchfloor-backup.zip");
    let (data, restored, path) = (&data, &restored, file.to_str().unwrap());
    // Rows in files before the server starts: what it takes in later stays in the log at first.
    let early = root.path().join("early.ndjson");
    std::fs::write(&early, batch(1_000_000)).unwrap();
    ok(data, &["ingest", early.to_str().unwrap()]);

    let server = Server::start(data, &[]);
    let added = ok(data, &["users", "add", "ann", "--format", "json"]);
    let added: Json = serde_json::from_str(&added).unwrap();
    let password = added[0]["password"].as_str().unwrap().to_owned();
    let token = token(data, "ingest");
    let bearer = format!("Bearer {token}");
    let raised = http(
        &server.address,
        "POST",
        "/api/v1/ingest/table_rows",
        &[("Authorization", bearer.as_str())],
        alert("Something was found").as_bytes(),
    );
    assert_eq!(raised.unwrap().json()["accepted"], 1);
    wait_for_incident(data);
    ok(data, &["incidents", "ack", "1"]);
    ok(data, &["incidents", "comment", "1", "seen"]);

    let shipper = Shipper::start(&server.address, &token);
    let before = shipper.wait_for(10);
    ok(data, &["backup", path]);
    let after = shipper.wait_for(3);
    let second = watchfloor(data, &["backup", path]);
    assert!(!second.status.success(), "over an existing file");
    let sent = shipper.end();
    assert!(sent >= after);

    ok(restored, &["restore", path]);
    let batches = rows_by_batch(restored);
    for (name, counts) in &batches {
        assert_eq!(*counts, (ROWS, ROWS), "{name} is not whole");
    }
    for number in (0..before).chain([1_000_000]) {
        let name = format!("batch-{number}");
        assert!(
            batches.contains_key(&name),
            "{name} was acknowledged before"
        );
    }
    // A prefix: no later batch without the earlier ones.
    let count = batches.len() as u64 - 1;
    assert!(count <= after && (0..count).all(|n| batches.contains_key(&format!("batch-{n}"))));
    assert_eq!(incidents(restored), incidents(data));
    assert_eq!(incidents(restored)[0]["status"], "Active");
    let entries = |data: &Path| ok(data, &["history", "verify", "--format", "json"]);
    assert_eq!(entries(restored), entries(data));
    for name in ["ca.pem", "ca.key"] {
        let read = |data: &Path| std::fs::read(data.join("tls").join(name)).unwrap();
        assert_eq!(read(restored), read(data), "{name}");
    }
    only_the_owner_reads(restored);

    let copy = Server::start(restored, &[]);
    assert_eq!(sign_in(&copy.address, "ann", &password), 200);
    assert_eq!(sign_in(&copy.address, "ann", "not her password"), 401);
    let again = send(&copy.address, &token, 0).unwrap().json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(ROWS * 2))
    );
    let new = send(&copy.address, &token, 2_000_000).unwrap().json();
    assert_eq!(new["accepted"], ROWS * 2);
    copy.stop();
    assert_eq!(rows_by_batch(restored).len() as u64, count + 2);

    // The original went on as if nothing had been.
    server.stop();
    assert_eq!(rows_by_batch(data).len() as u64, sent + 1);
}

#[cfg(unix)]
fn only_the_owner_reads(data: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for name in ["tls/ca.key", "cases.db"] {
        let mode = std::fs::metadata(data.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[cfg(not(unix))]
fn only_the_owner_reads(_: &Path) {}

#[test]
fn a_used_folder_and_a_damaged_file_are_refused_before_anything_is_written() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let rows = root.path().join("rows.ndjson");
    std::fs::write(&rows, batch(1)).unwrap();
    ok(data, &["ingest", rows.to_str().unwrap()]);
    let file = root.path().join("whole.zip");
    ok(data, &["backup", file.to_str().unwrap()]);
    let bytes = std::fs::read(&file).unwrap();

    let refused = |data: &Path, file: &Path, sentence: &str| {
        let output = watchfloor(data, &["restore", file.to_str().unwrap()]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(sentence), "{stderr}");
    };
    refused(data, &file, "is not empty");
    assert_eq!(rows_by_batch(data).len(), 1);
    let empty = root.path().join("empty");
    let mut altered = bytes.clone();
    // In the middle of the compressed parts.
    altered[bytes.len() / 3] ^= 0x55;
    for (name, bytes, sentence) in [
        (
            "cut.zip",
            &bytes[..bytes.len() * 2 / 3],
            "is no whole backup",
        ),
        ("altered.zip", &altered[..], "is damaged"),
        ("text.zip", &b"no archive"[..], "is no whole backup"),
    ] {
        let path = root.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        refused(&empty, &path, sentence);
        let left: Vec<_> = std::fs::read_dir(&empty)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "lock" && name != "format")
            .collect();
        assert!(left.is_empty(), "{name} left {left:?}");
    }
    refused(&empty, &root.path().join("none.zip"), "cannot read");
    ok(&empty, &["restore", file.to_str().unwrap()]);
    assert_eq!(rows_by_batch(&empty).len(), 1);
    let server = Server::start(&empty, &[]);
    refused(&empty, &file, &format!("owned by process {}", server.pid()));
}

#[test]
fn users_tokens_and_backups_are_on_record_without_their_secrets() {
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let server = Server::start(data, &[]);
    let added = ok(
        data,
        &[
            "users", "add", "ann", "--role", "reader", "--format", "json",
        ],
    );
    let added: Json = serde_json::from_str(&added).unwrap();
    let reset = ok(
        data,
        &["users", "reset-password", "ann", "--format", "json"],
    );
    let reset: Json = serde_json::from_str(&reset).unwrap();
    let token = token(data, "ingest");
    let file = root.path().join("backup.zip");
    ok(data, &["backup", file.to_str().unwrap()]);
    server.stop();
    let rows = query(
        data,
        "SentinelAudit | sort by TimeGenerated asc | project OperationName, SentinelResourceKind, SentinelResourceName, \
         Caller = tostring(ExtendedProperties.CallerKind), Details = tostring(ExtendedProperties.Details), All = tostring(pack_all())",
    );
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (
                text("OperationName"),
                text("SentinelResourceName"),
                text("Caller"),
            )
        })
        .collect();
    let name = file.display().to_string();
    let expected = [
        ("User added", "ann"),
        ("Password reset", "ann"),
        ("Token added", "test"),
        ("Backup taken", name.as_str()),
    ]
    .map(|(what, name)| (what.to_owned(), name.to_owned(), "local".to_owned()));
    assert_eq!(told, expected);
    assert!(rows[0]["Details"].as_str().unwrap().contains("reader"));
    for secret in [&added[0]["password"], &reset[0]["password"], &json!(token)] {
        let secret = secret.as_str().unwrap();
        assert!(
            rows.iter()
                .all(|row| !row["All"].as_str().unwrap().contains(secret))
        );
    }
}
