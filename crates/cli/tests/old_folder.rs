//! Data folders that earlier versions left behind: each is opened as it is, answers, and takes new
//! rows. A folder of a later version is refused with a sentence, part by part.
//!
//! `testdata/formats/` holds one folder per format. Making the one of the format at hand:
//! `cargo test --workspace --test old_folder -- --ignored` (see CONTRIBUTING.md).
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use support::{Server, http, ok, query, token, watchfloor};

/// Format of the data folder that this version writes.
const FORMAT: u32 = 1;

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/formats")
}

/// Every format with a fixture, oldest first.
fn fixtures() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(formats())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.json").exists())
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn expected(fixture: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(fixture.join("expected.json")).unwrap()).unwrap()
}

/// Unpacks a copy of a fixture's folder.
fn unpack(fixture: &Path, to: &Path) {
    let mut archive =
        zip::ZipArchive::new(File::open(fixture.join("folder.zip")).unwrap()).unwrap();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        let path = to.join(&*member.name().unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn count(data: &Path, table: &str) -> u64 {
    query(data, &format!("{table} | count"))[0]["Count"]
        .as_u64()
        .unwrap()
}

fn incidents(data: &Path) -> Vec<Json> {
    let rows = ok(data, &["incidents", "list", "--format", "json"]);
    let rows: Json = serde_json::from_str(&rows).unwrap();
    rows.as_array().unwrap().clone()
}

fn post(server: &Server, token: &str, path: &str, body: &str) -> Json {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = http(&server.address, "POST", path, &headers, body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn syslog(messages: &[&str]) -> String {
    messages
        .iter()
        .map(|message| {
            let row = json!({ "TimeGenerated": "2026-03-06T12:00:00Z", "Type": "Syslog", "Computer": "old", "SyslogMessage": message });
            format!("{row}\n")
        })
        .collect()
}

/// What must hold of a folder, whichever way it came here.
fn still_good(data: &Path, expected: &Json) {
    let messages = query(
        data,
        "Syslog | where Computer == 'old' | sort by SyslogMessage asc | project SyslogMessage",
    );
    let messages: Vec<&Json> = messages.iter().map(|row| &row["SyslogMessage"]).collect();
    assert_eq!(json!(messages), expected["messages"]);
    let custom = query(
        data,
        "Fixture_CL | project Name = tostring(AdditionalFields.Name), Deep = tolong(AdditionalFields.Nested.deep[0])",
    );
    assert_eq!(json!(custom), expected["custom"]);
    let found = incidents(data);
    assert_eq!(found.len(), 1);
    for key in ["number", "title", "status"] {
        assert_eq!(found[0][key], expected["incident"][key], "{key}");
    }
    ok(data, &["history", "verify"]);
    let schedules = std::fs::read_to_string(data.join("schedules.json")).unwrap();
    let schedules: Json = serde_json::from_str(&schedules).unwrap();
    assert!(!schedules["rules"].as_object().unwrap().is_empty());

    let server = Server::start(data, &[]);
    assert_eq!(server.password, None, "the first user is made once");
    let login = json!({ "name": expected["user"], "password": expected["password"] }).to_string();
    let headers = [("Content-Type", "application/json")];
    let answer = http(
        &server.address,
        "POST",
        "/api/v1/login",
        &headers,
        login.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = expected["token"].as_str().unwrap();
    let new = post(
        &server,
        token,
        "/api/v1/ingest/table_rows",
        &syslog(&["new"]),
    );
    assert_eq!(new["accepted"], 1);
    ok(data, &["incidents", "comment", "1", "still here"]);
    server.stop();
    let before = expected["messages"].as_array().unwrap().len() as u64;
    assert_eq!(count(data, "Syslog"), before + 1);
    ok(data, &["history", "verify"]);
}

#[test]
fn a_folder_of_every_earlier_version_opens_answers_and_goes_on() {
    for fixture in fixtures() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        unpack(&fixture, &data);
        still_good(&data, &expected(&fixture));
    }
}

#[test]
fn a_backup_of_every_earlier_version_restores_and_goes_on() {
    for fixture in fixtures() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        let file = fixture.join("backup.zip");
        ok(&data, &["restore", file.to_str().unwrap()]);
        still_good(&data, &expected(&fixture));
    }
}

#[test]
fn the_format_at_hand_has_a_fixture() {
    assert!(formats().join(format!("v{FORMAT}/expected.json")).exists());
    let root = tempfile::tempdir().unwrap();
    ok(root.path(), &["query", "print 1"]);
    let format = std::fs::read_to_string(root.path().join("format")).unwrap();
    assert_eq!(format.trim(), FORMAT.to_string());
}

/// Writes format 99 into the header of a part.
fn age(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let newer = text.replacen("\"format\":1", "\"format\":99", 1);
    let newer = newer.replacen("\"format\": 1", "\"format\": 99", 1);
    assert_ne!(newer, text, "{}", path.display());
    std::fs::write(path, newer).unwrap();
}

fn age_cases(path: &Path) {
    use sqlx::Connection as _;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", path.display());
        let mut cases = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(
            "INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'later', 0)",
        )
        .execute(&mut cases)
        .await
        .unwrap();
        cases.close().await.unwrap();
    });
}

#[test]
fn a_newer_version_of_any_part_is_refused_with_a_sentence_and_left_alone() {
    let newest = fixtures().pop().unwrap();
    for part in [
        "format",
        "lake/lake.json",
        "lake/ledger.json",
        "schedules.json",
        "cases.db",
    ] {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        unpack(&newest, &data);
        let path = data.join(part);
        match part {
            "format" => std::fs::write(&path, "99\n").unwrap(),
            "cases.db" => age_cases(&path),
            _ => age(&path),
        }
        let before = std::fs::read(&path).unwrap();
        let output = watchfloor(&data, &["query", "Syslog | count"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{part} was read");
        assert!(stderr.contains("format 99"), "{part}: {stderr}");
        assert!(stderr.contains("newer Watchfloor"), "{part}: {stderr}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{part} was changed");
    }
}

fn pack(folder: &Path, file: &Path) {
    let mut archive = zip::ZipWriter::new(File::create(file).unwrap());
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(9));
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() && name != "lock" {
                archive.start_file(name, options).unwrap();
                archive.write_all(&std::fs::read(path).unwrap()).unwrap();
            }
        }
    }
    archive.finish().unwrap();
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}");
}

#[test]
#[ignore = "makes the fixture of the format at hand, once per format"]
fn make_the_fixture_of_this_format() {
    let fixture = formats().join(format!("v{FORMAT}"));
    assert!(
        !fixture.exists(),
        "`{}` is kept for ever: remove it only when its format was never released",
        fixture.display()
    );
    let root = tempfile::tempdir().unwrap();
    let data = &root.path().join("data");
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // In files.
    ok(
        data,
        &["ingest", &write("a.ndjson", &syslog(&["file 1", "file 2"]))],
    );
    let custom = json!({ "TimeGenerated": "2026-03-06T12:00:00Z", "Type": "Fixture_CL", "Name": "a", "Nested": { "deep": [1] } });
    ok(
        data,
        &[
            "ingest",
            "--table",
            "Fixture_CL",
            &write("b.ndjson", &format!("{custom}\n")),
        ],
    );
    let server = Server::start(data, &[]);
    let token = token(data, "ingest");
    let added = ok(data, &["users", "add", "ann", "--format", "json"]);
    let added: Json = serde_json::from_str(&added).unwrap();
    let alert = json!({
        "TimeGenerated": "2026-03-06T12:00:00Z", "Type": "SecurityAlert", "AlertName": "Found", "DisplayName": "Found",
        "AlertSeverity": "High", "VendorName": "Example", "ProductName": "Sensor", "SystemAlertId": "a-1",
        "Entities": "[{\"$id\":\"2\",\"Type\":\"host\",\"HostName\":\"ws1\",\"DnsDomain\":\"corp.example\"}]",
    });
    post(
        &server,
        &token,
        "/api/v1/ingest/table_rows",
        &format!("{alert}\n"),
    );
    wait_until("no incident", || !incidents(data).is_empty());
    ok(data, &["incidents", "ack", "1"]);
    wait_until("no rule ran", || data.join("schedules.json").exists());
    // In the log alone.
    post(
        &server,
        &token,
        "/api/v1/ingest/table_rows",
        &syslog(&["log 1", "log 2", "log 3"]),
    );
    let found = incidents(data);
    std::fs::create_dir_all(&fixture).unwrap();
    ok(
        data,
        &["backup", fixture.join("backup.zip").to_str().unwrap()],
    );
    let mut server = server;
    server.kill();
    pack(data, &fixture.join("folder.zip"));
    let expected = json!({
        "watchfloor": env!("CARGO_PKG_VERSION"),
        "messages": ["file 1", "file 2", "log 1", "log 2", "log 3"],
        "custom": [{ "Name": "a", "Deep": 1 }],
        "incident": { "number": 1, "title": found[0]["title"], "status": found[0]["status"] },
        "user": "ann", "password": added[0]["password"], "token": token,
    });
    let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
    std::fs::write(fixture.join("expected.json"), text).unwrap();
    for file in ["backup.zip", "folder.zip"] {
        let bytes = std::fs::metadata(fixture.join(file)).unwrap().len();
        assert!(bytes < 300_000, "{file} has {bytes} bytes");
    }
}
