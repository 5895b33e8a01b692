//! Runs the real binary: commands, and a server on a free port that dies with the test.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;

/// The binary under test.
pub const BIN: &str = env!("CARGO_BIN_EXE_watchfloor");

/// The corpora, or `None` with a note that the test is skipped.
pub fn corpora(part: &str) -> Option<PathBuf> {
    match std::env::var_os("WATCHFLOOR_CORPORA") {
        Some(root) => Some(PathBuf::from(root).join(part)),
        None => {
            eprintln!("skipped: WATCHFLOOR_CORPORA is not set");
            None
        }
    }
}

/// Seconds a long test may take, and its seed.
pub fn soak() -> (u64, u64) {
    let number = |name: &str, default| {
        std::env::var(name)
            .ok()
            .and_then(|v| v.parse().ok())
            .unwrap_or(default)
    };
    (
        number("WATCHFLOOR_SOAK_SECONDS", 10),
        number("WATCHFLOOR_SOAK_SEED", 1),
    )
}

/// Runs a command on a data folder.
pub fn watchfloor(data: &Path, args: &[&str]) -> Output {
    Command::new(BIN)
        .args(args)
        .env("WATCHFLOOR_DATA_DIR", data)
        .env("WATCHFLOOR_LOG", "error")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a command on a data folder with `text` on its standard input.
pub fn with_stdin(data: &Path, args: &[&str], text: &str) -> Output {
    let mut child = Command::new(BIN)
        .args(args)
        .env("WATCHFLOOR_DATA_DIR", data)
        .env("WATCHFLOOR_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Runs a command that must succeed; gives its stdout.
pub fn ok(data: &Path, args: &[&str]) -> String {
    let output = watchfloor(data, args);
    assert!(
        output.status.success(),
        "{args:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a query; gives its rows as JSON objects.
pub fn query(data: &Path, text: &str) -> Vec<Json> {
    let stdout = ok(data, &["query", text, "--format", "ndjson"]);
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A running server.
pub struct Server {
    child: Child,
    pub address: String,
    pub https: String,
    pub password: Option<String>,
    pub stderr: std::thread::JoinHandle<String>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one on a data folder and waits until it listens.
    pub fn start(data: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(BIN)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--listen-tls",
                "127.0.0.1:0",
            ])
            .args(args)
            .env("WATCHFLOOR_DATA_DIR", data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut address, mut https, mut password) = (None, None, None);
        let mut seen = String::new();
        while address.is_none() || https.is_none() {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server did not start:\n{seen}")
            };
            seen.push_str(&line);
            seen.push('\n');
            let value = |key: &str| {
                line.strip_prefix(key)
                    .map(|v| v.split_whitespace().next().unwrap_or_default().to_owned())
            };
            address = address.or(value("open:"));
            https = https.or(value("https:"));
            password = password.or(value("password:"));
        }
        let said = Arc::new(Mutex::new(
            seen.lines().map(str::to_owned).collect::<Vec<_>>(),
        ));
        let later = Arc::clone(&said);
        let stderr = std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .fold(String::new(), |all, line| {
                    later.lock().unwrap().push(line.clone());
                    all + &line + "\n"
                })
        });
        Self {
            child,
            address: address.unwrap().trim_start_matches("http://").to_owned(),
            https: https.unwrap(),
            password,
            stderr,
            said,
        }
    }

    /// What the server says after `prefix` on a line of its own; waits for it.
    pub fn announced(&self, prefix: &str) -> String {
        for _ in 0..600 {
            let said = self.said.lock().unwrap().clone();
            if let Some(rest) = said.iter().find_map(|line| line.strip_prefix(prefix)) {
                return rest.trim().to_owned();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no `{prefix}` in: {:?}", self.said.lock().unwrap())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it as an operator does.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or(Json::Null)
    }
}

/// One HTTP request over a connection of its own.
pub fn http(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    stream.write_all(body)?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    let end = raw
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| std::io::Error::other("cut off"))?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let mut body = raw[end + 4..].to_vec();
    if head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked")
    {
        body = dechunk(&body);
    }
    Ok(Answer {
        status,
        headers: head,
        body,
    })
}

fn dechunk(mut raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = raw.windows(2).position(|w| w == b"\r\n") {
        let size =
            usize::from_str_radix(String::from_utf8_lossy(&raw[..end]).trim(), 16).unwrap_or(0);
        if size == 0 || raw.len() < end + 2 + size {
            break;
        }
        out.extend_from_slice(&raw[end + 2..end + 2 + size]);
        raw = raw.get(end + 4 + size..).unwrap_or_default();
    }
    out
}

/// Makes a token through the running server.
pub fn token(data: &Path, scope: &str) -> String {
    let stdout = ok(
        data,
        &[
            "tokens", "add", "test", "--scope", scope, "--format", "json",
        ],
    );
    let rows: Json = serde_json::from_str(&stdout).unwrap();
    rows[0]["token"].as_str().unwrap().to_owned()
}

/// Writes a configuration file into a folder; gives its path.
pub fn config(folder: &Path, text: &str) -> String {
    let path = folder.join("watchfloor.toml");
    std::fs::write(&path, format!("starter_rules = false\n{text}")).unwrap();
    path.display().to_string()
}

/// Repeats a query until its rows satisfy `done`; what has no acknowledgement is waited for.
pub fn query_until(data: &Path, text: &str, done: impl Fn(&[Json]) -> bool) -> Vec<Json> {
    let mut rows = Vec::new();
    for _ in 0..120 {
        rows = query(data, text);
        if done(&rows) {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    panic!("{text}: {rows:?}")
}

/// A command's stderr and exit status.
pub fn fails(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = watchfloor(data, args);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{args:?} succeeded: {stderr}");
    (output.status.code(), stderr)
}
