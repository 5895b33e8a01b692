//! Syslog over UDP and TCP into the real server: from plain sockets, and from the rsyslog daemon.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use support::{Server, config, http, ok, query, query_until, token};

const RECEIVERS: &str = "[syslog]\nudp = \"127.0.0.1:0\"\ntcp = \"127.0.0.1:0\"\n";

struct Receiver {
    server: Server,
    udp: String,
    tcp: String,
}

impl Receiver {
    fn start(folder: &Path, data: &Path, settings: &str) -> Self {
        let config = config(folder, &format!("{RECEIVERS}{settings}"));
        let server = Server::start(data, &["--config", &config]);
        let (udp, tcp) = (
            server.announced("syslog:   udp"),
            server.announced("syslog:   tcp"),
        );
        Self { server, udp, tcp }
    }

    fn datagrams(&self, messages: &[&[u8]]) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for message in messages {
            socket.send_to(message, &self.udp).unwrap();
        }
    }

    /// One connection with everything, then closed.
    fn stream(&self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(&self.tcp).unwrap();
        stream.write_all(bytes).unwrap();
    }
}

fn counted(message: &[u8]) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message].concat()
}

fn source(data: &Path, name: &str) -> Json {
    let sources: Json =
        serde_json::from_str(&ok(data, &["sources", "list", "--format", "json"])).unwrap();
    let found = sources
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["source"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {sources}"))
        .clone()
}

fn count(data: &Path, text: &str) -> u64 {
    query(data, &format!("{text} | count"))[0]["Count"]
        .as_u64()
        .unwrap()
}

fn messages(way: &str) -> [String; 3] {
    [
        format!("<34>Mar  6 12:00:00 gw01 sshd[42]: {way} one"),
        format!(
            "<165>1 2026-03-06T12:00:00.123Z app01 billing 77 ID47 [ex@32473 a=\"b\"] {way} two"
        ),
        format!(
            "<134>Mar  6 12:00:01 fw01 CEF:0|Acme|Gate|2.1|100|Traffic denied|3|src=203.0.113.9 dst=10.0.0.5 act=deny msg={way} three"
        ),
    ]
}

#[test]
fn every_form_arrives_over_udp_and_tcp_and_what_is_no_message_is_a_reject() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    let receiver = Receiver::start(folder.path(), data, "");
    let binary = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xff\xfe\x80";

    let [one, two, three] = messages("udp");
    let largest = format!("<13>Mar  6 12:00:02 gw01 app: {}", "x".repeat(65_000));
    receiver.datagrams(&[
        one.as_bytes(),
        two.as_bytes(),
        three.as_bytes(),
        binary,
        b"",
        largest.as_bytes(),
    ]);

    let [one, two, three] = messages("lines");
    let beyond = format!("<13>Mar  6 12:00:02 gw01 app: {}", "y".repeat(300_000));
    let lines = [
        one,
        two,
        three,
        beyond,
        "<13>Mar  6 12:00:03 gw01 app: after lines".into(),
    ];
    receiver.stream(format!("{}\n", lines.join("\n")).as_bytes());

    let [one, two, three] = messages("counted");
    let folded = "<13>Mar  6 12:00:02 gw01 app: first\nsecond";
    let mut stream = Vec::new();
    for message in [one.as_str(), &two, &three, folded] {
        stream.extend(counted(message.as_bytes()));
    }
    stream.extend(counted(binary));
    // A length that no message may have; what follows the next line break counts again.
    stream.extend(b"99999999 <13>huge\n");
    stream.extend(counted(b"<13>Mar  6 12:00:03 gw01 app: after counted"));
    stream.extend(b"500 <13>Mar  6 12:00:04 gw01 app: cut off");
    receiver.stream(&stream);

    let syslog = query_until(data, "Syslog | count", |rows| rows[0]["Count"] == 10);
    assert_eq!(syslog[0]["Count"], 10);
    query_until(data, "CommonSecurityLog | count", |rows| {
        rows[0]["Count"] == 3
    });
    query_until(data, "IngestRejects_CL | count", |rows| {
        rows[0]["Count"] == 6
    });

    for way in ["udp", "lines", "counted"] {
        let rows = query(
            data,
            &format!(
                "Syslog | where SyslogMessage in ('{way} one', '{way} two') | sort by SyslogMessage asc
                 | project SyslogMessage, Computer, HostName, HostIP, ProcessName, ProcessID, Facility, SeverityLevel,
                     at = format_datetime(TimeGenerated, 'MM-dd HH:mm:ss.fff'), extra = tostring(AdditionalFields)"
            ),
        );
        assert_eq!(rows.len(), 2, "{way}: {rows:?}");
        let one = json!({"SyslogMessage": format!("{way} one"), "Computer": "gw01", "HostName": "gw01",
            "HostIP": "127.0.0.1", "ProcessName": "sshd", "ProcessID": 42, "Facility": "auth",
            "SeverityLevel": "crit", "at": "03-06 12:00:00.000", "extra": ""});
        assert_eq!(rows[0], one);
        assert_eq!(
            (
                &rows[1]["Computer"],
                &rows[1]["ProcessName"],
                &rows[1]["ProcessID"],
                &rows[1]["Facility"],
                &rows[1]["SeverityLevel"],
                &rows[1]["at"]
            ),
            (
                &json!("app01"),
                &json!("billing"),
                &json!(77),
                &json!("local4"),
                &json!("notice"),
                &json!("03-06 12:00:00.123")
            )
        );
        let extra = rows[1]["extra"].as_str().unwrap();
        assert!(
            extra.contains("ID47") && extra.contains("ex@32473"),
            "{extra}"
        );
        let cef = query(
            data,
            &format!(
                "CommonSecurityLog | where Message == '{way} three' | project DeviceVendor, DeviceProduct, DeviceEventClassID, Activity, LogSeverity, SourceIP, DestinationIP, DeviceAction, Computer"
            ),
        );
        assert_eq!(
            cef,
            [
                json!({"DeviceVendor": "Acme", "DeviceProduct": "Gate", "DeviceEventClassID": "100", "Activity": "Traffic denied",
                "LogSeverity": "3", "SourceIP": "203.0.113.9", "DestinationIP": "10.0.0.5", "DeviceAction": "deny", "Computer": "fw01"})
            ],
            "{way}"
        );
    }
    assert_eq!(
        count(
            data,
            "Syslog | where SyslogMessage in ('after lines', 'after counted')"
        ),
        2
    );
    assert_eq!(
        count(data, "Syslog | where SyslogMessage == 'first\\nsecond'"),
        1
    );
    assert_eq!(
        count(data, "Syslog | where strlen(SyslogMessage) == 65000"),
        1
    );

    let rejects = query(
        data,
        "IngestRejects_CL | project Reason, RawData, RawEncoding, SourceName, File, n = strlen(RawData)",
    );
    let with = |reason: &str| -> Vec<&Json> {
        rejects
            .iter()
            .filter(|reject| reject["Reason"].as_str().unwrap().contains(reason))
            .collect()
    };
    assert!(
        rejects
            .iter()
            .all(|r| r["SourceName"] == "syslog" && r["File"] == "syslog from 127.0.0.1"),
        "{rejects:?}"
    );
    let binaries = with("neither UTF-8");
    assert_eq!(binaries.len(), 2, "{rejects:?}");
    assert!(
        binaries
            .iter()
            .all(|r| r["RawEncoding"] == "base64" && r["RawData"] == "FgMBAgABAAH8AwP//oA="),
        "{binaries:?}"
    );
    assert_eq!(with("empty message").len(), 1, "{rejects:?}");
    assert_eq!(with("no end within 262144 bytes")[0]["n"], 262_144);
    assert_eq!(with("length passes the limit").len(), 1, "{rejects:?}");
    let cut = with("the connection ended inside the message");
    assert!(
        cut[0]["RawData"].as_str().unwrap().ends_with("cut off"),
        "{cut:?}"
    );

    let counts = source(data, "syslog");
    assert_eq!(
        (
            &counts["records_in"],
            &counts["rows"],
            &counts["rejects"],
            &counts["zone"]
        ),
        (&json!(19), &json!(13), &json!(6), &json!("UTC"))
    );
    receiver.server.stop();
}

#[test]
fn a_zone_of_a_source_holds_for_the_network_files_and_requests_and_is_shown() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    let settings = "[sources.syslog]\nzone = \"Europe/Berlin\"\n";
    let receiver = Receiver::start(folder.path(), data, settings);
    let lines = |way: &str| {
        format!(
            "<13>Jan 15 12:00:00 h app: {way} winter\n<13>Jul 15 12:00:00 h app: {way} summer\n"
        )
    };
    for line in lines("network").lines() {
        receiver.datagrams(&[line.as_bytes()]);
    }
    let file = folder.path().join("old.log");
    std::fs::write(&file, lines("file")).unwrap();
    ok(data, &["ingest", &file.display().to_string()]);
    let bearer = format!("Bearer {}", token(data, "ingest"));
    let headers = [("Authorization", bearer.as_str())];
    let body = lines("request");
    let answer = http(
        &receiver.server.address,
        "POST",
        "/api/v1/ingest/syslog",
        &headers,
        body.as_bytes(),
    );
    assert_eq!(answer.unwrap().json()["accepted"], 2);
    query_until(data, "Syslog | count", |rows| rows[0]["Count"] == 6);
    assert_eq!(source(data, "syslog")["zone"], "Europe/Berlin");
    receiver.server.stop();

    // Without a server the command reads the same settings.
    std::fs::write(&file, lines("alone")).unwrap();
    let config = config(folder.path(), settings);
    ok(
        data,
        &["--config", &config, "ingest", &file.display().to_string()],
    );
    let rows = query(
        data,
        "Syslog | extend season = tostring(split(SyslogMessage, ' ')[1])
         | summarize n = count(), hours = tostring(make_set(hourofday(TimeGenerated))) by season | sort by season asc",
    );
    assert_eq!(
        rows,
        [
            json!({"season": "summer", "n": 4, "hours": "[10]"}),
            json!({"season": "winter", "n": 4, "hours": "[11]"}),
        ]
    );
}

/// An rsyslog daemon of the test's own.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn rsyslogd() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders
        .map(|folder: PathBuf| folder.join("rsyslogd"))
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: no rsyslogd in PATH or /usr/sbin (apt-get install rsyslog)");
    }
    found
}

impl Rsyslog {
    fn start(binary: &Path, folder: &Path, receiver: &Receiver) -> Self {
        let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
        let (udp, tcp) = (port(&receiver.udp), port(&receiver.tcp));
        let at = folder.display();
        let text = format!(
            r#"global(workDirectory="{at}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{at}/log.sock" RateLimit.Interval="0")
if $msg contains "by udp" then {{
  action(type="omfwd" target="127.0.0.1" port="{udp}" protocol="udp" UDP.SendDelay="1000")
}} else if $msg contains "by lines" then {{
  action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp")
}} else if $msg contains "by counting" then {{
  action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
}}
"#
        );
        let config = folder.join("rsyslog.conf");
        std::fs::write(&config, text).unwrap();
        let check = Command::new(binary)
            .arg("-N1")
            .arg("-f")
            .arg(&config)
            .output()
            .unwrap();
        assert!(
            check.status.success(),
            "{}",
            String::from_utf8_lossy(&check.stderr)
        );
        let child = Command::new(binary)
            .arg("-n")
            .arg("-f")
            .arg(&config)
            .arg("-i")
            .arg(folder.join("rsyslogd.pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn connect(&mut self, folder: &Path) -> UnixDatagram {
        let socket = UnixDatagram::unbound().unwrap();
        for _ in 0..600 {
            if socket.connect(folder.join("log.sock")).is_ok() {
                return socket;
            }
            if let Ok(Some(status)) = self.0.try_wait() {
                panic!("rsyslogd ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("rsyslogd does not listen")
    }
}

#[test]
fn a_thousand_messages_through_rsyslog_are_all_there_once() {
    let Some(binary) = rsyslogd() else { return };
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path();
    let receiver = Receiver::start(folder.path(), data, "");
    let mut daemon = Rsyslog::start(&binary, folder.path(), &receiver);
    let socket = daemon.connect(folder.path());
    let ways = ["by udp", "by lines", "by counting"];
    let all = "Syslog | where ProcessName == 'shipper'";
    // Datagrams have no flow control: no more are under way than the system's buffer holds.
    for part in 0..5 {
        for number in part * 200..(part + 1) * 200 {
            let message = format!(
                "<86>Mar  6 12:00:00 shipper[7]: message {number:04} {}",
                ways[number % 3]
            );
            socket.send(message.as_bytes()).unwrap();
        }
        let sent = (part as u64 + 1) * 200;
        query_until(data, &format!("{all} | count"), |rows| {
            rows[0]["Count"].as_u64() >= Some(sent)
        });
    }
    let rows = query(
        data,
        &format!("{all} | summarize n = count() by SyslogMessage | sort by SyslogMessage asc"),
    );
    assert_eq!(rows.len(), 1_000);
    for (number, row) in rows.iter().enumerate() {
        let message = format!("message {number:04} {}", ways[number % 3]);
        assert_eq!(
            (&row["SyslogMessage"], &row["n"]),
            (&json!(message), &json!(1))
        );
    }
    let rows = query(
        data,
        &format!(
            "{all} | summarize n = count() by Facility, SeverityLevel, ProcessID, named = isnotempty(Computer)"
        ),
    );
    assert_eq!(
        rows,
        [
            json!({"Facility": "authpriv", "SeverityLevel": "info", "ProcessID": 7, "named": true, "n": 1_000})
        ]
    );
    assert_eq!(count(data, "IngestRejects_CL"), 0);
    receiver.server.stop();
}
