//! What a source's filter drops is counted; what can't be decoded is kept and can be replayed.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::{Value as Json, json};
use support::{Answer, Server, config, fails, http, ok, query, query_until, token, watchfloor};

const FILTER: &str = "[sources.table_rows]\nfilter = 'source | where SeverityLevel != \"debug\"'\n";

const MIXED: &str = "{\"Type\":\"Syslog\",\"SyslogMessage\":\"one\",\"SeverityLevel\":\"info\"}\n{\"Type\":\"Syslog\",\"SyslogMessage\":\"two\",\"SeverityLevel\":\"debug\"}\n{broken\n{\"Type\":\"Syslog\",\"SyslogMessage\":\"three\"}\n";

fn list(data: &Path, what: &str) -> Vec<Json> {
    let text = ok(data, &[what, "list", "--format", "json"]);
    serde_json::from_str(&text).unwrap()
}

fn numbers(report: &Json) -> [u64; 5] {
    ["records_in", "rows", "duplicates", "filtered", "rejects"]
        .map(|key| report[key].as_u64().unwrap())
}

fn post(server: &Server, bearer: &str, source: &str, body: &str) -> Answer {
    let headers = [("Authorization", bearer)];
    http(
        &server.address,
        "POST",
        &format!("/api/v1/ingest/{source}"),
        &headers,
        body.as_bytes(),
    )
    .unwrap()
}

#[test]
fn what_a_filter_drops_is_counted_in_reports_answers_and_the_list_of_sources() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    let config = config(folder.path(), FILTER);
    let file = folder.path().join("mixed.ndjson");
    std::fs::write(&file, MIXED).unwrap();
    let ingest = [
        "--config",
        &config,
        "ingest",
        "--format",
        "ndjson",
        &file.display().to_string(),
    ];
    let report: Json = serde_json::from_str(&ok(data, &ingest)).unwrap();
    assert_eq!(numbers(&report), [4, 2, 0, 1, 1], "{report}");
    let again: Json = serde_json::from_str(&ok(data, &ingest)).unwrap();
    assert_eq!(numbers(&again), [4, 0, 4, 0, 0], "{again}");

    let server = Server::start(data, &["--config", &config]);
    let bearer = format!("Bearer {}", token(data, "ingest"));
    let answer = post(&server, &bearer, "Syslog", MIXED).json();
    assert_eq!(
        (
            &answer["accepted"],
            &answer["duplicates"],
            &answer["filtered"]
        ),
        (&json!(2), &json!(0), &json!(1)),
        "{answer}"
    );
    assert_eq!(answer["rejected"][0]["line"], 3, "{answer}");
    // The columns of a batch are those its rows have: none has the filter's here.
    let answer = post(&server, &bearer, "Syslog", "{\"SyslogMessage\":\"four\"}").json();
    assert_eq!(
        (&answer["accepted"], &answer["filtered"]),
        (&json!(1), &json!(0)),
        "{answer}"
    );
    let sources = list(data, "sources");
    assert_eq!(numbers(&sources[0]), [9, 5, 0, 2, 2], "{sources:?}");
    assert_eq!(
        sources[0]["filter"],
        "source | where SeverityLevel != \"debug\""
    );
    assert_eq!(sources[0]["filter_failure"], Json::Null);
    let rows = query(
        data,
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
    assert_eq!(counts, [("four", 1), ("one", 2), ("three", 2)]);
    server.stop();
}

#[test]
fn a_filter_for_cef_leaves_other_syslog_alone() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    let config = config(
        folder.path(),
        "[syslog]\nudp = \"127.0.0.1:0\"\n[sources.syslog]\nfilter = 'source | where DeviceAction != \"deny\"'\n",
    );
    let server = Server::start(data, &["--config", &config]);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = server.announced("syslog:   udp");
    let cef = |action: &str| {
        format!("<134>Mar  6 12:00:01 fw01 CEF:0|Acme|Gate|2.1|100|Traffic|3|act={action}")
    };
    for message in [
        cef("deny"),
        cef("allow"),
        cef("deny"),
        "<13>Mar  6 12:00:01 h app: plain".into(),
    ] {
        socket.send_to(message.as_bytes(), &to).unwrap();
    }
    query_until(
        data,
        "union (Syslog), (CommonSecurityLog) | count",
        |rows| rows[0]["Count"] == 2,
    );
    // A frame of which everything is dropped shows in the counts alone.
    let mut sources = Vec::new();
    for _ in 0..240 {
        sources = list(data, "sources");
        if sources[0]["records_in"] == 4 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(numbers(&sources[0]), [4, 2, 0, 2, 0], "{sources:?}");
    assert_eq!(
        query(data, "CommonSecurityLog | project DeviceAction"),
        [json!({"DeviceAction": "allow"})]
    );
    server.stop();
}

#[test]
fn settings_that_are_wrong_are_refused_before_anything_starts() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (text, said) in [
        (
            "[sources.syslog]\nfilter = 'source | where SeverityLevl == 1'\n",
            "source `syslog`, filter:1:16: ",
        ),
        (
            "[sources.syslog]\nfilter = '''source\n| were true'''\n",
            "source `syslog`, filter:2:3: ",
        ),
        (
            "[sources.syslog]\nfilter = 'source | summarize count()'\n",
            "anything but `where`",
        ),
        (
            "[sources.sislog]\nzone = \"UTC\"\n",
            "unknown source `sislog`",
        ),
        (
            "[sources.syslog]\nzone = \"Berlin\"\n",
            "unknown time zone `Berlin`",
        ),
        ("lissten = 1\n", "lissten"),
    ] {
        let config = config(folder.path(), text);
        for command in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["ingest", "/dev/null"],
        ] {
            let (code, stderr) = fails(data.path(), &[&["--config", &config], command].concat());
            assert_eq!(code, Some(2), "{stderr}");
            assert!(stderr.contains(said), "{stderr}");
        }
    }
}

#[test]
fn rejects_replayed_with_another_source_are_stored_once_and_marked() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let server = Server::start(data, &[]);
    let bearer = format!("Bearer {}", token(data, "ingest"));
    // Syslog sent to the wrong source, and a record that is broken for good.
    let lines = "<34>Mar  6 12:00:00 gw01 sshd[42]: one\n<34>Mar  6 12:00:01 gw01 sshd[42]: two\n";
    let answer = post(&server, &bearer, "aws_cloudtrail", lines).json();
    assert_eq!(answer["accepted"], 0, "{answer}");
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(
        post(&server, &bearer, "Syslog", "{broken").json()["rejected"][0]["line"],
        1
    );
    let rejects = list(data, "rejects");
    assert_eq!(rejects.len(), 3, "{rejects:?}");
    assert!(
        rejects.iter().all(|r| r["replayed"] == false),
        "{rejects:?}"
    );

    let replay = |args: &[&str]| -> Json {
        let all = [&["rejects", "replay", "--format", "json"], args].concat();
        let rows: Json = serde_json::from_str(&ok(data, &all)).unwrap();
        rows[0].clone()
    };
    let report = |tried: u64, rows: u64, still: u64, duplicates: u64| json!({"tried": tried, "rows": rows, "filtered": 0, "still_rejected": still, "duplicates": duplicates});
    assert_eq!(replay(&[]), report(3, 0, 3, 0));
    let other = ["--rejected-by", "aws_cloudtrail", "--source", "syslog"];
    let id = rejects
        .iter()
        .find(|r| r["raw_preview"].as_str().unwrap().ends_with("two"))
        .unwrap();
    let id = id["reject_id"].as_str().unwrap();
    assert_eq!(
        replay(&["--id", id, "--source", "syslog"]),
        report(1, 1, 0, 0)
    );
    assert_eq!(replay(&other), report(2, 1, 0, 1));
    assert_eq!(replay(&other), report(2, 0, 0, 2));
    assert_eq!(replay(&[]), report(3, 0, 1, 2));
    server.stop();

    // The same without a server, and after a restart.
    assert_eq!(replay(&other), report(2, 0, 0, 2));
    let rows = query(
        data,
        "Syslog | sort by SyslogMessage asc | project SyslogMessage, Computer, ProcessName",
    );
    assert_eq!(
        rows,
        [
            json!({"SyslogMessage": "one", "Computer": "gw01", "ProcessName": "sshd"}),
            json!({"SyslogMessage": "two", "Computer": "gw01", "ProcessName": "sshd"}),
        ]
    );
    let rejects = list(data, "rejects");
    let replayed: Vec<_> = rejects
        .iter()
        .map(|r| (r["source"].as_str().unwrap(), r["replayed"] == true))
        .collect();
    assert_eq!(replayed.len(), 3, "{rejects:?}");
    assert!(
        replayed
            .iter()
            .all(|(source, replayed)| *replayed == (*source == "aws_cloudtrail")),
        "{rejects:?}"
    );
    assert_eq!(
        query(
            data,
            "IngestRejects_CL | where Replayed | summarize n = count() by Reason"
        ),
        [json!({"Reason": "replayed as syslog", "n": 2})]
    );
}

#[test]
fn a_replay_names_what_it_can_not_do() {
    let data = tempfile::tempdir().unwrap();
    for (args, said) in [
        (&["--source", "syslog"][..], "rejects that were chosen"),
        (&["--id", "nothing"], "no such reject: `nothing`"),
        (
            &["--rejected-by", "syslog", "--source", "nothing"],
            "unknown source `nothing`",
        ),
    ] {
        let (code, stderr) = fails(data.path(), &[&["rejects", "replay"], args].concat());
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    assert!(
        watchfloor(data.path(), &["rejects", "list"])
            .status
            .success()
    );
}
