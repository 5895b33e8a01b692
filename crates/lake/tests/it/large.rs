//! A store over many days: counts are right at each step of its life, files stay few, and memory
//! stays bounded however many rows there are.
//!
//! `WATCHFLOOR_SOAK_SECONDS` bounds the time; from 120 on, millions of rows go in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{cast, kernels::numeric::add};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::prelude::{SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use jiff::{SignedDuration, Timestamp};
use lake::{Clock, Lake, LakeOptions};
use schema::{Catalog, Row, RowsBuilder};

use crate::harness::*;

const TABLES: [&str; 5] = [
    "Syslog",
    "CommonSecurityLog",
    "SecurityEvent",
    "SigninLogs",
    "SecurityAlert",
];
/// Days that rows of each table stay; `SecurityAlert` is exempt.
const DAYS_KEPT: [Option<i64>; 5] = [Some(7), Some(15), Some(30), Some(90), None];
const DAYS: i64 = 40;
/// Flushes of a busy day, of which there is one in eight, and of any other.
const FLUSHES_BUSY: i64 = 6;
const FLUSHES_QUIET: i64 = 1;
/// Rows that a flush of one table gets in the short form: 52,000 in all.
const SHORT_ROWS: usize = 160;
/// Rows of a frame of the long form, and how many of them are enough.
const LONG_ROWS: usize = 20_000;
const LONG_ROWS_MAX: u64 = 12_000_000;
/// Files of a table that came in on one day and hold one day of events, while the day lasts:
/// the merge takes eight of a size class at a time, and there are two classes at most.
const FILES_A_DAY: usize = 16;
/// Peak memory of the whole test process in the long form: the rows in memory (64 MB), frames on
/// their way, one merge's readers, and what the tests beside this one take.
const PEAK_BYTES: u64 = 768 << 20;

/// What must be there: rows by table and day of receipt.
#[derive(Default)]
struct Model {
    rows: BTreeMap<(usize, i64), u64>,
}

impl Model {
    fn add(&mut self, table: usize, day: i64, rows: usize) {
        *self.rows.entry((table, day)).or_default() += rows as u64;
    }

    /// Drops what has passed its days.
    fn expire(&mut self, today: i64) {
        self.rows.retain(|(table, day), _| match DAYS_KEPT[*table] {
            Some(days) => *day >= today - days,
            None => true,
        });
    }

    fn total(&self, table: usize) -> u64 {
        let rows = self.rows.iter().filter(|((of, _), _)| *of == table);
        rows.map(|(_, rows)| rows).sum()
    }

    fn of_day(&self, table: usize, day: i64) -> u64 {
        self.rows.get(&(table, day)).copied().unwrap_or(0)
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

/// Rows of a table, one a second from 1970 on: [`at`] moves them.
fn template(table: &str, count: usize) -> RecordBatch {
    let schema = Arc::clone(Catalog::builtin().table(table).unwrap());
    let mut rows = RowsBuilder::new(Arc::clone(&schema), false);
    for id in 0..count {
        let mut row = Row::new(Arc::clone(&schema));
        row.set(
            "TimeGenerated",
            Timestamp::from_millisecond(id as i64).unwrap(),
        );
        row.set("_ItemId", format!("{table}-{id}"));
        row.set("TenantId", "8a1e3c54-0000-4000-8000-000000000001");
        row.set(
            "SourceSystem",
            format!("host{} {}", id % 97, "x".repeat(id % 60)),
        );
        rows.push(&row);
    }
    rows.finish().unwrap()
}

/// The rows with their times counted from `from`.
fn at(template: &RecordBatch, from: Timestamp) -> RecordBatch {
    let index = template.schema().index_of("TimeGenerated").unwrap();
    let mut columns: Vec<ArrayRef> = template.columns().to_vec();
    let ty = columns[index].data_type().clone();
    let ticks = cast(&columns[index], &DataType::Int64).unwrap();
    let shift = Int64Array::new_scalar(from.as_microsecond());
    columns[index] = cast(&add(&ticks, &shift).unwrap(), &ty).unwrap();
    RecordBatch::try_new(template.schema(), columns).unwrap()
}

/// Counts rows without holding them.
async fn counted(lake: &Lake, table: &str, day: Option<i64>) -> u64 {
    let session = SessionContext::new();
    let frame = session.read_table(Arc::new(lake.table(table).unwrap()));
    let mut frame = frame.unwrap();
    if let Some(day) = day {
        let bound = |day: i64| {
            let us = Some(day * 86_400_000_000);
            lit(ScalarValue::TimestampMicrosecond(us, Some("UTC".into())))
        };
        let time = || col("\"TimeGenerated\"");
        let within = time().gt_eq(bound(day)).and(time().lt(bound(day + 1)));
        frame = frame.filter(within).unwrap();
    }
    let batches = frame
        .aggregate(
            vec![],
            vec![datafusion::functions_aggregate::expr_fn::count(lit(1_i64))],
        )
        .unwrap()
        .collect()
        .await
        .unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0) as u64
}

async fn check(t: &TestLake, model: &Model) {
    let today = day_of(t.clock.now());
    for (at, table) in TABLES.iter().enumerate() {
        assert_eq!(
            counted(&t.lake, table, None).await,
            model.total(at),
            "{table}"
        );
        let stats = t.lake.stats();
        let rows = stats
            .tables
            .iter()
            .find(|s| s.name == *table)
            .map(|s| s.rows);
        assert_eq!(
            rows.unwrap_or(0),
            model.total(at),
            "{table}, by its numbers"
        );
        for day in [today - 20, today - 5, today - 1] {
            let found = counted(&t.lake, table, Some(day)).await;
            assert_eq!(found, model.of_day(at, day), "{table}, day {day}");
        }
    }
}

/// Files by table, day of receipt and day of events, as their names say.
fn files_a_day(t: &TestLake, table: &str) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for file in files_of(&t.dir(), table) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let days: Vec<&str> = name.split('-').take(2).collect();
        *groups.entry(days.join("-")).or_default() += 1;
    }
    groups
}

fn check_files(t: &TestLake, after_the_day: bool) {
    for table in TABLES {
        let groups = files_a_day(t, table);
        let bound = if after_the_day { 1 } else { FILES_A_DAY };
        for (days, files) in groups {
            assert!(files <= bound, "{table} {days}: {files} files");
        }
    }
}

fn settings(options: &mut LakeOptions) {
    options.memory_bytes = 64 << 20;
    options.flush_bytes = 16 << 20;
    for (table, days) in TABLES.iter().zip(DAYS_KEPT) {
        let days = days.map(|days| u32::try_from(days).unwrap());
        options
            .retention
            .per_table
            .insert((*table).to_owned(), days);
    }
}

/// Closes the lake and opens it again, with the same settings.
fn reopened(t: TestLake) -> TestLake {
    let dir = t.dir();
    let TestLake { root, clock, lake } = t;
    drop(lake);
    let mut options = options(&dir);
    settings(&mut options);
    let lake = Lake::open(options, Arc::new(clock.clone())).unwrap();
    TestLake { root, clock, lake }
}

/// Peak resident bytes of this process, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

struct Size {
    rows: usize,
    /// Frames of each table between two flushes.
    frames: usize,
    until: Option<Instant>,
}

/// Lets the days pass; gives the rows that went in.
async fn live(t: &mut TestLake, model: &mut Model, size: &Size) -> u64 {
    let templates: Vec<RecordBatch> = TABLES
        .iter()
        .map(|name| template(name, size.rows))
        .collect();
    let mut sent = 0;
    for day in 0..DAYS {
        let flushes = if day % 8 == 0 {
            FLUSHES_BUSY
        } else {
            FLUSHES_QUIET
        };
        for _ in 0..flushes {
            let now = t.clock.now();
            for (of, name) in TABLES.iter().enumerate() {
                for _ in 0..size.frames {
                    let batch = at(&templates[of], now);
                    t.lake.append(frame(name, batch, now)).await.unwrap();
                    model.add(of, day_of(now), size.rows);
                    sent += size.rows as u64;
                }
            }
            t.clock.advance(SignedDuration::from_hours(24 / flushes));
            t.lake.flush_due().await.unwrap();
        }
        t.lake.maintain().await.unwrap();
        model.expire(day_of(t.clock.now()));
        check_files(t, false);
        if day % 10 == 9 {
            check(t, model).await;
        }
        let is_over = size.until.is_some_and(|until| Instant::now() >= until);
        if is_over || sent >= LONG_ROWS_MAX {
            break;
        }
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_store_counts_right_and_stays_small_in_files_and_memory() {
    let seconds = setting("WATCHFLOOR_SOAK_SECONDS", 15);
    let started = Instant::now();
    let mut t = new_lake_with(settings);
    let is_long = seconds >= 120;
    let size = if is_long {
        Size {
            rows: LONG_ROWS,
            frames: 2,
            // The rest of the time is for opening again and counting.
            until: Some(started + Duration::from_secs(seconds * 3 / 4)),
        }
    } else {
        Size {
            rows: SHORT_ROWS,
            frames: 1,
            until: None,
        }
    };
    let mut model = Model::default();
    let sent = live(&mut t, &mut model, &size).await;
    check(&t, &model).await;
    t.lake.flush().await.unwrap();
    // A day later nothing of the day before is left to merge, nor are replaced files.
    for _ in 0..2 {
        t.clock.advance(SignedDuration::from_hours(24));
        t.lake.maintain().await.unwrap();
    }
    model.expire(day_of(t.clock.now()));
    check_files(&t, true);
    check(&t, &model).await;
    t = reopened(t);
    check(&t, &model).await;
    // All but what never expires goes in the end.
    t.clock.advance(SignedDuration::from_hours(24 * 120));
    t.lake.maintain().await.unwrap();
    model.expire(day_of(t.clock.now()));
    check(&t, &model).await;
    assert!(model.total(4) > 0 && model.total(0) == 0);
    if let (true, Some(peak)) = (is_long, peak_memory()) {
        println!("{sent} rows, peak {} MiB", peak >> 20);
        assert!(
            peak < PEAK_BYTES,
            "peak memory {} MiB after {sent} rows",
            peak >> 20
        );
    }
}
