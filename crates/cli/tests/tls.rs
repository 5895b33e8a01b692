//! https with the installation's own authority, and what commands do with `--server`.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value as Json;
use support::{BIN, Server, fails, token};

fn authority(server: &Server) -> String {
    let said = server.announced("https:");
    said.split_once("(trust ")
        .unwrap()
        .1
        .trim_end_matches(')')
        .to_owned()
}

/// One request over TLS, trusting what is in a PEM file.
fn https(address: &str, name: &str, ca: Option<&str>, request: &str) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = ca {
        roots
            .add(CertificateDer::from_pem_file(path).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address.trim_start_matches("https://"))?;
    let mut stream = rustls::StreamOwned::new(connection, stream);
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A command without a data folder of its own.
fn remote(token: Option<&str>, args: &[&str]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(BIN);
    command
        .args(args)
        .env("WATCHFLOOR_DATA_DIR", empty.path())
        .env_remove("WATCHFLOOR_TOKEN")
        .env_remove("WATCHFLOOR_SERVER")
        .env_remove("WATCHFLOOR_CA")
        .stdin(Stdio::null());
    if let Some(token) = token {
        command.env("WATCHFLOOR_TOKEN", token);
    }
    command.output().unwrap()
}

fn refused(token: Option<&str>, args: &[&str]) -> (Option<i32>, String) {
    let output = remote(token, args);
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn https_is_trusted_by_who_was_given_the_authority_and_by_nobody_else() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let ca = authority(&server);
    assert_eq!(ca, data.path().join("tls/ca.pem").display().to_string());
    for name in ["127.0.0.1", "localhost"] {
        let answer = https(&server.https, name, Some(&ca), HEALTH).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"),
            "{answer}"
        );
    }
    let error = https(&server.https, "localhost", None, HEALTH)
        .unwrap_err()
        .to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    let error = https(&server.https, "elsewhere.example", Some(&ca), HEALTH)
        .unwrap_err()
        .to_string();
    assert!(error.contains("not valid for name"), "{error}");
    for key in ["ca.key", "server.key"] {
        assert_eq!(mode(&data.path().join("tls").join(key)), 0o600, "{key}");
    }
    assert_eq!(mode(data.path()), 0o700);
    let before = std::fs::read(&ca).unwrap();
    server.stop();

    // Clients go on trusting after a restart.
    let server = Server::start(data.path(), &[]);
    assert_eq!(std::fs::read(authority(&server)).unwrap(), before);
    https(&server.https, "localhost", Some(&ca), HEALTH).unwrap();
    server.stop();
}

#[test]
fn another_tls_library_accepts_the_certificate_under_its_strict_rules() {
    let script = r#"
import ssl, sys, urllib.request
url, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.urlopen(url + "/healthz", context=context).read().decode())
try:
    urllib.request.urlopen(url + "/healthz")
    print("trusted by anybody")
except urllib.error.URLError as error:
    print("refused", isinstance(error.reason, ssl.SSLCertVerificationError))
"#;
    let python = std::env::var("WATCHFLOOR_PYTHON").unwrap_or_else(|_| "python3".into());
    if Command::new(&python).arg("--version").output().is_err() {
        eprintln!("skipped: no python3");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let output = Command::new(&python)
        .args(["-c", script, &server.https, &authority(&server)])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "ok\nrefused True\n",
        "{stderr}"
    );
    server.stop();
}

#[test]
fn commands_work_over_https_with_a_token_and_say_what_they_do_not_do() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let ca = authority(&server);
    let token = token(data.path(), "read,ingest");
    let body = "{\"SyslogMessage\":\"over tls\"}\n";
    let answer = https(
        &server.https,
        "localhost",
        Some(&ca),
        &format!(
            "POST /api/v1/ingest/Syslog HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .unwrap();
    assert!(answer.contains("\"accepted\":1"), "{answer}");
    let to = ["--server", server.https.as_str(), "--ca", &ca];
    let run = |args: &[&str]| {
        let output = remote(Some(&token), &[&to, args].concat());
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let rows = run(&[
        "query",
        "Syslog | project SyslogMessage",
        "--format",
        "ndjson",
    ]);
    assert_eq!(
        serde_json::from_str::<Json>(&rows).unwrap()["SyslogMessage"],
        "over tls"
    );
    run(&["incidents", "list"]);
    assert!(run(&["sources", "list", "--format", "csv"]).contains("table_rows"));

    let mistaken = |token: Option<&str>, args: &[&str]| refused(token, args);
    let (code, text) = mistaken(
        Some(&token),
        &[&to[..], &["ingest", "/etc/hostname"]].concat(),
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("does not send files") && text.contains("/api/v1/ingest/"),
        "{text}"
    );
    let (code, text) = mistaken(Some(&token), &[&to[..], &["rejects", "replay"]].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("does not allow"), "{text}");
    let (code, text) = mistaken(
        Some("wf_wrong"),
        &[&to[..], &["incidents", "list"]].concat(),
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("token is not valid"), "{text}");
    let (code, text) = mistaken(None, &[&to[..], &["incidents", "list"]].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("WATCHFLOOR_TOKEN"), "{text}");
    let (code, text) = mistaken(
        Some(&token),
        &["--server", &server.https, "incidents", "list"],
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--ca"), "{text}");
    // Another installation's authority.
    let other = tempfile::tempdir().unwrap();
    let theirs = Server::start(other.path(), &[]);
    let wrong = authority(&theirs);
    let (code, text) = mistaken(
        Some(&token),
        &[
            "--server",
            &server.https,
            "--ca",
            &wrong,
            "incidents",
            "list",
        ],
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("TLS with") && text.contains("--ca"), "{text}");
    // A token never goes over plain http to another machine.
    let (code, text) = mistaken(
        Some(&token),
        &["--server", "http://192.0.2.1:8088", "incidents", "list"],
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("https only"), "{text}");
    theirs.stop();
    server.stop();
}

#[test]
fn plain_http_is_refused_on_an_address_that_others_reach() {
    let data = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8088"] {
        let (code, text) = fails(data.path(), &["serve", "--listen", address]);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("plain http listens on loopback only") && text.contains("--listen-tls"),
            "{text}"
        );
    }
    let config = support::config(data.path(), "listen = \"0.0.0.0:8088\"\n");
    let (code, text) = fails(data.path(), &["serve", "--config", &config]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("0.0.0.0:8088"), "{text}");
}
