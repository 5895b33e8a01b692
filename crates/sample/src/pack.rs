//! Puts the events into files, as the vendors deliver them.

use crate::SampleFile;
use crate::evtx_writer;
use crate::formats::context;
use crate::streams::{Row, Stream, Streams};
use crate::world::World;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// CloudTrail files hold this many seconds each (a service writes about one every five minutes; the
/// sample has fewer events and so fewer files).
const TRAIL_FILE_SECONDS: i64 = 3 * 3600;

/// Gives all files of a sample but the answer sheet, in order of their paths.
pub(crate) fn files(world: &World, streams: Streams) -> Vec<SampleFile> {
    let mut files = Vec::new();
    for ((host, channel), log) in streams.windows {
        let records: Vec<_> = log.sorted().into_iter().map(|row| row.body).collect();
        let first_id = 1 + crate::dice::fnv1a(host.as_bytes()) % 900_000;
        let bytes = evtx_writer::write(&records, first_id);
        // Our own records are a few kilobytes; a chunk holds sixty-four.
        let bytes = bytes.expect("a generated record fits in a chunk");
        files.push(SampleFile {
            path: format!("windows/{host}-{channel}.evtx"),
            bytes,
        });
    }
    files.extend(cloudtrail(world, streams.cloudtrail));
    let mut add = |path: &str, bytes: Vec<u8>| {
        files.push(SampleFile {
            path: path.to_owned(),
            bytes,
        })
    };
    add("azure/SigninLogs.json", json_lines(streams.signin));
    add("azure/AuditLogs.json", json_lines(streams.audit));
    add("azure/AzureActivity.json", json_lines(streams.activity));
    add("m365/OfficeActivity.ndjson", json_lines(streams.office));
    add("alerts/guardduty.jsonl", json_lines(streams.guardduty));
    add(
        "alerts/defender-for-cloud.json",
        json_lines(streams.defender_cloud),
    );
    add(
        "alerts/defender-xdr.json",
        graph_list("alerts_v2", streams.defender_xdr),
    );
    add(
        "alerts/entra-risk-detections.json",
        graph_list("riskDetections", streams.risk),
    );
    add(
        "syslog/firewall-cef.log.gz",
        gzip(&text_lines(streams.firewall)),
    );
    add("syslog/linux.log.gz", gzip(&text_lines(streams.linux)));
    add(
        "context/identities.csv",
        context::identities(world).into_bytes(),
    );
    add("context/assets.csv", context::assets(world).into_bytes());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Groups the records by region and time under the keys CloudTrail gives its objects.
fn cloudtrail(world: &World, stream: Stream<Value>) -> Vec<SampleFile> {
    let mut groups: BTreeMap<(String, i64), Vec<Row<Value>>> = BTreeMap::new();
    for row in stream.sorted() {
        let region = row.body["awsRegion"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let slot = row.at.as_second().div_euclid(TRAIL_FILE_SECONDS);
        groups.entry((region, slot)).or_default().push(row);
    }
    let account = &world.aws.account;
    let mut dice = world.dice("pack/cloudtrail");
    let file = |((region, slot), rows): ((String, i64), Vec<Row<Value>>)| {
        let written =
            Timestamp::from_second((slot + 1) * TRAIL_FILE_SECONDS).unwrap_or(world.window.end);
        let day = written.strftime("%Y/%m/%d");
        let stamp = written.strftime("%Y%m%dT%H%MZ");
        let id = dice.base32(16);
        let records: Vec<Value> = rows.into_iter().map(|row| row.body).collect();
        SampleFile {
            path: format!(
                "cloudtrail/AWSLogs/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{stamp}_{id}.json.gz"
            ),
            bytes: gzip(json!({"Records": records}).to_string().as_bytes()),
        }
    };
    groups.into_iter().map(file).collect()
}

fn json_lines(stream: Stream<Value>) -> Vec<u8> {
    let lines = stream
        .sorted()
        .into_iter()
        .map(|row| format!("{}\n", row.body));
    lines.collect::<String>().into_bytes()
}

/// A page of a Graph list.
fn graph_list(resource: &str, stream: Stream<Value>) -> Vec<u8> {
    let value: Vec<Value> = stream.sorted().into_iter().map(|row| row.body).collect();
    let set = if resource == "alerts_v2" {
        "security/alerts_v2"
    } else {
        "identityProtection/riskDetections"
    };
    let page = json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{set}"), "value": value});
    format!("{page:#}\n").into_bytes()
}

fn text_lines(stream: Stream<String>) -> Vec<u8> {
    let lines = stream.sorted().into_iter().map(|row| row.body + "\n");
    lines.collect::<String>().into_bytes()
}

/// Compresses without name or time, so that the same input gives the same bytes.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let done = encoder.write_all(bytes).and_then(|()| encoder.finish());
    done.expect("memory takes every write")
}

/// Prints the answer sheet.
pub(crate) fn truth(truth: &crate::Truth) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(truth)?;
    bytes.push(b'\n');
    Ok(bytes)
}
