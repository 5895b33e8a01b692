//! Rules and logs in a folder to hunt in.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::support::watchfloor;

pub const SIGMA: &str = "title: Failed logon
id: 6a2e2d0c-54b1-4f27-9d6b-0d3c6e6f0a01
level: low
logsource: {product: windows, service: security}
detection:
  failed:
    EventID: 4625
  network:
    LogonType: 3
  condition: failed and not 1 of none_*
  # Held apart: this one never holds.
  none_such:
    EventID: 1
";

pub const PER_ROW: &str = "id: 6a2e2d0c-54b1-4f27-9d6b-0d3c6e6f0a02
name: Failed logon, as KQL
severity: Medium
kind: Scheduled
queryFrequency: 6h
queryPeriod: 12h
triggerOperator: gt
triggerThreshold: 0
query: |
  SecurityEvent
  | where EventID == 4625
";

pub const SUMMARISED: &str = "id: 6a2e2d0c-54b1-4f27-9d6b-0d3c6e6f0a03
name: Failed logons by account
severity: High
kind: Scheduled
queryFrequency: 12h
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 0
query: |
  SecurityEvent
  | where EventID == 4625
  | summarize Failures = count() by TargetUserName, Computer
eventGroupingSettings:
  aggregationKind: AlertPerResult
";

/// A folder with rules and things to hunt in.
pub struct Scene {
    pub folder: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["rules", "evidence"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    /// Small logs of the sample, made once.
    pub fn sample(&self) -> &Self {
        static SAMPLE: OnceLock<sample::Sample> = OnceLock::new();
        let made = SAMPLE.get_or_init(|| {
            let end = "2026-03-06T16:40:00Z".parse().unwrap();
            let mut options = sample::Options::new(3, end);
            options.benign_events = 900;
            sample::generate(&options)
        });
        made.write_to(&self.path("evidence")).unwrap();
        self
    }

    pub fn hunt(&self, args: &[&str]) -> Output {
        let (evidence, rules) = (self.path("evidence"), self.path("rules"));
        let mut all = vec!["hunt", evidence.to_str().unwrap()];
        all.extend(["--rules", rules.to_str().unwrap()]);
        all.extend(args);
        watchfloor(self.folder.path(), &all)
    }

    pub fn rows(&self, args: &[&str]) -> Vec<Json> {
        let mut all = vec!["--format", "ndjson"];
        all.extend(args);
        let output = self.hunt(&all);
        assert!(output.status.success(), "{}", stderr(&output));
        json_lines(&output)
    }
}

pub fn json_lines(output: &Output) -> Vec<Json> {
    let lines = stdout(output);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn of_rule<'r>(rows: &'r [Json], id: &str) -> Vec<&'r Json> {
    rows.iter()
        .filter(|row| row["rule_id"].as_str().unwrap().ends_with(id))
        .collect()
}

pub fn records(rows: &[&Json]) -> BTreeSet<(String, u64)> {
    let record = |row: &&Json| {
        let file = row["file"].as_str().unwrap().to_owned();
        (file, row["record_id"].as_u64().unwrap())
    };
    rows.iter().map(record).collect()
}
