//! The counts add up and the good records are stored, whatever stands beside them.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use intake::{FileOptions, FilterError, Intake, RequestOptions, RowFilter, StoredReject};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lake::{Lake, LakeOptions, ManualClock};
use proptest::prelude::*;

/// Drops messages that begin with `drop`.
struct DropSome;

impl RowFilter for DropSome {
    fn keep(
        &self,
        _: &str,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>, FilterError> {
        if table != "Syslog" {
            return Ok(None);
        }
        let mask = texts(batch, "SyslogMessage")
            .into_iter()
            .map(|text| Some(!text.starts_with("drop")));
        Ok(Some(mask.collect()))
    }
}

/// Fails on every batch.
struct Failing;

impl RowFilter for Failing {
    fn keep(
        &self,
        source: &str,
        _: &str,
        _: &RecordBatch,
    ) -> Result<Option<BooleanArray>, FilterError> {
        Err(FilterError {
            source_name: source.to_owned(),
            reason: "a test's".into(),
        })
    }
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    match batch.column_by_name(column) {
        Some(values) => values
            .as_string::<i32>()
            .iter()
            .map(|v| v.unwrap_or_default().to_owned())
            .collect(),
        None => vec![String::new(); batch.num_rows()],
    }
}

struct Setup {
    folder: tempfile::TempDir,
    lake: Lake,
    intake: Intake,
    clock: ManualClock,
}

fn setup(filter: Arc<dyn RowFilter>) -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new("2026-03-06T12:00:00Z".parse().unwrap());
    let options = LakeOptions {
        background: false,
        disk_guard_bytes: 0,
        ..LakeOptions::new(folder.path().join("lake"))
    };
    let lake = Lake::open(options, Arc::new(clock.clone())).unwrap();
    let zones = HashMap::from([("syslog".to_owned(), TimeZone::get("Europe/Berlin").unwrap())]);
    let intake =
        Intake::new(lake.clone(), filter, Arc::new(clock.clone()), "tenant").with_zones(zones);
    Setup {
        folder,
        lake,
        intake,
        clock,
    }
}

impl Setup {
    /// Values of a column over everything stored, sorted.
    fn stored(&self, table: &str, column: &str) -> Vec<String> {
        let mut reader = self.lake.stream("test").unwrap();
        let mut found = Vec::new();
        while let Some(next) = reader.try_next().unwrap() {
            for (name, batch) in &next.frame.batches {
                if name == table {
                    found.extend(texts(batch, column));
                }
            }
        }
        found.sort();
        found
    }

    async fn request(&self, source: &str, key: Option<&str>, body: &str) -> intake::RequestAnswer {
        let options = RequestOptions {
            source: source.to_owned(),
            idempotency_key: key.map(str::to_owned),
            nonce: *uuid::Uuid::now_v7().as_bytes(),
        };
        self.intake
            .request(body.as_bytes().to_vec(), options)
            .await
            .unwrap()
    }

    async fn file(&self, path: &Path, again: bool) -> intake::SourceReport {
        let options = FileOptions {
            source: Some("Syslog".into()),
            again,
            ..FileOptions::default()
        };
        let report = self
            .intake
            .files(vec![path.to_owned()], options, |_| {})
            .await
            .unwrap();
        assert!(report.failures.is_empty(), "{report:?}");
        report.sources.into_iter().next().unwrap_or_default()
    }

    fn rejects(&self) -> Vec<StoredReject> {
        let (ids, raws) = (
            self.stored("IngestRejects_CL", "RejectId"),
            self.stored("IngestRejects_CL", "RawData"),
        );
        let pairs = ids.into_iter().zip(raws);
        pairs
            .map(|(reject_id, raw)| StoredReject {
                reject_id,
                source: "aws_cloudtrail".into(),
                file: "request".into(),
                raw,
                encoding: "utf-8".into(),
            })
            .collect()
    }
}

#[derive(Debug, Clone)]
enum Record {
    Good(u16),
    Dropped(u16),
    Broken(String),
}

impl Record {
    fn line(&self) -> String {
        match self {
            Self::Good(n) => format!("{{\"SyslogMessage\":\"keep {n}\",\"Computer\":\"c\"}}"),
            Self::Dropped(n) => format!("{{\"SyslogMessage\":\"drop {n}\"}}"),
            Self::Broken(text) => text.clone(),
        }
    }
}

fn record() -> impl Strategy<Value = Record> {
    let broken = prop_oneof![
        (0_u16..1000).prop_map(|n| format!("{{broken {n}")),
        (0_u16..1000).prop_map(|n| format!("{{\"SyslogMessage\": {n} oops}}")),
        (0_u16..1000).prop_map(|n| format!("{{\"SyslogMessage\":\"cut {n}")),
        (0_u16..1000).prop_map(|n| format!("nonsense {n}")),
        (0_u16..1000).prop_map(|n| format!("{{\"a\":{{\"b\":[{n},}}}}")),
    ];
    prop_oneof![
        4 => any::<u16>().prop_map(Record::Good),
        2 => any::<u16>().prop_map(Record::Dropped),
        2 => broken.prop_map(Record::Broken),
    ]
}

/// What a body must come to.
fn expected(records: &[Record]) -> (Vec<String>, u64, Vec<String>) {
    let (mut good, mut dropped, mut broken) = (Vec::new(), 0, Vec::new());
    for record in records {
        match record {
            Record::Good(n) => good.push(format!("keep {n}")),
            Record::Dropped(_) => dropped += 1,
            Record::Broken(text) => broken.push(text.clone()),
        }
    }
    good.sort();
    (good, dropped, broken)
}

/// Broken records that stand side by side may be one reject: an object may go on over lines.
fn plausible(rejects: usize, broken: &[String]) -> bool {
    rejects <= broken.len() && (rejects > 0 || broken.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn counts_add_up_and_the_good_records_are_stored(
        bodies in proptest::collection::vec(proptest::collection::vec(record(), 0..25), 1..4),
        repeats in proptest::collection::vec(any::<bool>(), 4),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let t = setup(Arc::new(DropSome));
            let (mut good, mut broken, mut rejects) = (Vec::new(), Vec::new(), 0);
            for (at, records) in bodies.iter().enumerate() {
                let lines: Vec<_> = records.iter().map(Record::line).collect();
                // Its own first line makes every body another input.
                let body = format!("{{\"SyslogMessage\":\"keep body {at}\"}}\n{}\n", lines.join("\n"));
                let (mut kept, dropped, rejected) = expected(records);
                kept.push(format!("keep body {at}"));
                let taken = kept.len() as u64 + dropped;
                let total;
                // Every other body comes as a file.
                if at % 2 == 0 {
                    let key = format!("key {at}");
                    let answer = t.request("Syslog", Some(&key), &body).await;
                    prop_assert_eq!(answer.accepted, kept.len() as u64);
                    prop_assert_eq!(answer.filtered, dropped);
                    prop_assert!(plausible(answer.rejected.len(), &rejected), "{:?}", answer);
                    total = taken + answer.rejected.len() as u64;
                    rejects += answer.rejected.len();
                    prop_assert_eq!(answer.duplicates, 0);
                    if repeats[at] {
                        let again = t.request("Syslog", Some(&key), &body).await;
                        prop_assert_eq!(again.duplicates, total);
                        prop_assert_eq!((again.accepted, again.filtered, again.rejected.len()), (0, 0, 0));
                    }
                } else {
                    let path = t.folder.path().join(format!("{at}.ndjson"));
                    std::fs::write(&path, &body).unwrap();
                    let report = t.file(&path, false).await;
                    total = taken + report.rejects;
                    rejects += report.rejects as usize;
                    prop_assert!(plausible(report.rejects as usize, &rejected), "{:?}", report);
                    prop_assert_eq!(report.records_in, total);
                    prop_assert_eq!((report.rows, report.filtered), (kept.len() as u64, dropped));
                    if repeats[at] {
                        let again = t.file(&path, false).await;
                        prop_assert_eq!((again.records_in, again.duplicates), (total, total));
                    }
                }
                good.extend(kept);
                broken.extend(rejected);
            }
            good.sort();
            prop_assert_eq!(t.stored("Syslog", "SyslogMessage"), good);
            let raws = t.stored("IngestRejects_CL", "RawData");
            prop_assert_eq!(raws.len(), rejects);
            for text in broken {
                prop_assert!(raws.iter().any(|raw| raw.contains(&text)), "{} is lost: {:?}", text, raws);
            }
            for source in t.lake.stats().intake {
                let c = source.counts;
                prop_assert_eq!(c.records_in, c.rows + c.duplicates + c.filtered + c.rejects);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_filter_that_fails_keeps_the_rows() {
    let t = setup(Arc::new(Failing));
    let answer = t
        .request("Syslog", None, "{\"SyslogMessage\":\"one\"}")
        .await;
    assert_eq!((answer.accepted, answer.filtered), (1, 0));
    assert_eq!(t.stored("Syslog", "SyslogMessage"), ["one"]);
}

#[tokio::test]
async fn a_key_is_a_retry_with_the_same_body_and_refused_with_another_for_a_day() {
    let t = setup(Arc::new(intake::NoFilter));
    let one = "{\"SyslogMessage\":\"one\"}";
    assert_eq!(t.request("Syslog", Some("k"), one).await.accepted, 1);
    assert_eq!(t.request("Syslog", Some("k"), one).await.duplicates, 1);
    let options = || RequestOptions {
        source: "Syslog".into(),
        idempotency_key: Some("k".into()),
        nonce: [0; 16],
    };
    let refused = t
        .intake
        .request(b"{\"SyslogMessage\":\"two\"}".to_vec(), options())
        .await;
    assert!(
        matches!(refused, Err(intake::IntakeError::KeyReused)),
        "{refused:?}"
    );
    t.clock.advance(SignedDuration::from_hours(25));
    let later = t
        .intake
        .request(b"{\"SyslogMessage\":\"two\"}".to_vec(), options())
        .await;
    assert_eq!(later.unwrap().accepted, 1);
}

#[tokio::test]
async fn the_same_request_without_a_key_is_stored_again_and_a_file_only_when_asked() {
    let t = setup(Arc::new(intake::NoFilter));
    let one = "{\"SyslogMessage\":\"one\"}";
    assert_eq!(t.request("Syslog", None, one).await.accepted, 1);
    assert_eq!(t.request("Syslog", None, one).await.accepted, 1);
    let path = t.folder.path().join("one.ndjson");
    std::fs::write(&path, one).unwrap();
    assert_eq!(t.file(&path, false).await.rows, 1);
    assert_eq!(t.file(&path, false).await.duplicates, 1);
    t.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(t.file(&path, true).await.rows, 1);
    let ids = t.stored("Syslog", "_ItemId");
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (4, 4));
}

#[tokio::test]
async fn replays_store_once_with_whatever_source_and_only_what_decodes_whole() {
    let t = setup(Arc::new(DropSome));
    let lines = "<13>Mar  6 12:00:00 h app: keep\n<13>Mar  6 12:00:00 h app: drop\n";
    assert_eq!(
        t.request("aws_cloudtrail", None, lines)
            .await
            .rejected
            .len(),
        2
    );
    let rejects = t.rejects();
    let replay = |source| t.intake.replay(rejects.clone(), source);
    let counts =
        |r: intake::ReplayReport| [r.tried, r.rows, r.filtered, r.still_rejected, r.duplicates];
    assert_eq!(counts(replay(None).await.unwrap()), [2, 0, 0, 2, 0]);
    assert!(
        rejects
            .iter()
            .all(|reject| !t.intake.is_replayed(&reject.reject_id))
    );
    assert_eq!(
        counts(replay(Some("syslog")).await.unwrap()),
        [2, 1, 1, 0, 0]
    );
    assert_eq!(
        counts(replay(Some("syslog")).await.unwrap()),
        [2, 0, 0, 0, 2]
    );
    assert_eq!(
        counts(replay(Some("Syslog")).await.unwrap()),
        [2, 0, 0, 0, 2]
    );
    assert!(
        rejects
            .iter()
            .all(|reject| t.intake.is_replayed(&reject.reject_id))
    );
    assert!(replay(Some("nothing")).await.is_err());
    assert_eq!(t.stored("Syslog", "SyslogMessage"), ["keep"]);
    let intake: Vec<_> = t
        .lake
        .stats()
        .intake
        .into_iter()
        .filter(|s| s.source == "syslog")
        .collect();
    let c = intake[0].counts;
    assert_eq!((c.records_in, c.rows, c.filtered), (2, 1, 1));
}

#[tokio::test]
async fn times_without_a_zone_are_read_in_the_zone_of_their_source() {
    let t = setup(Arc::new(intake::NoFilter));
    let line = "<13>Mar  6 12:00:00 h app: x\n";
    t.request("syslog", None, line).await;
    let path = t.folder.path().join("x.log");
    std::fs::write(&path, line).unwrap();
    let report = t
        .intake
        .files(vec![path], FileOptions::default(), |_| {})
        .await
        .unwrap();
    assert_eq!(report.sources[0].source, "syslog");
    t.request("aws_cloudtrail", None, line).await;
    t.intake.replay(t.rejects(), Some("syslog")).await.unwrap();
    let mut reader = t.lake.stream("test").unwrap();
    let mut times = Vec::new();
    while let Some(next) = reader.try_next().unwrap() {
        for (name, batch) in &next.frame.batches {
            if name == "Syslog" {
                let column = batch.column_by_name("TimeGenerated").unwrap();
                let column = column.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
                times.extend(
                    column
                        .values()
                        .iter()
                        .map(|us| Timestamp::from_microsecond(*us).unwrap().to_string()),
                );
            }
        }
    }
    assert_eq!(times, ["2026-03-06T11:00:00Z"; 3]);
}
