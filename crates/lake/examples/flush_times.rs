//! Prints what a flush costs at commit 1 and at commit 1,000, and what opening costs after them.
//!
//! `cargo run -p lake --example flush_times [DIR] [COMMITS]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lake::{Frame, FrameCounts, Lake, LakeOptions, SystemClock};
use schema::{Catalog, Row, RowsBuilder};

fn batch(rows: usize) -> arrow::array::RecordBatch {
    let table = Arc::clone(Catalog::builtin().table("SecurityEvent").unwrap());
    let mut builder = RowsBuilder::new(Arc::clone(&table), false);
    for id in 0..rows {
        let mut row = Row::new(Arc::clone(&table));
        row.set("TimeGenerated", jiff::Timestamp::now());
        row.set("EventID", 4624_i64);
        row.set("Account", format!("CORP\\user{}", id % 50));
        row.set("Computer", format!("host{}", id % 20));
        builder.push(&row);
    }
    builder.finish().unwrap()
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let kept = tempfile::tempdir().unwrap();
    let dir = args
        .next()
        .map_or_else(|| kept.path().join("lake"), Into::into);
    let commits: usize = args
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1000);
    let mut options = LakeOptions::new(&dir);
    options.background = false;
    options.disk_guard_bytes = 0;
    let lake = Lake::open(options.clone(), Arc::new(SystemClock)).unwrap();
    let rows = batch(1000);
    let mut times: Vec<(Duration, Duration)> = Vec::new();
    for _ in 0..commits {
        let frame = Frame {
            source: "bench".into(),
            received: jiff::Timestamp::now(),
            receipt: None,
            counts: FrameCounts::default(),
            batches: vec![("SecurityEvent".into(), rows.clone())],
        };
        let started = Instant::now();
        lake.append(frame).await.unwrap();
        let appended = started.elapsed();
        lake.flush().await.unwrap();
        times.push((appended, started.elapsed() - appended));
    }
    let middle = |part: &[(Duration, Duration)]| {
        let mut flushes: Vec<Duration> = part.iter().map(|(_, flush)| *flush).collect();
        flushes.sort();
        flushes[flushes.len() / 2]
    };
    println!("first flush (creates the table): {:?}", times[0].1);
    for at in [1, commits / 2, commits.saturating_sub(10)] {
        let to = (at + 10).min(times.len());
        let part = &times[at.min(to - 1)..to];
        let best = part
            .iter()
            .map(|(_, flush)| *flush)
            .min()
            .unwrap_or_default();
        println!(
            "flush at commit {at}: median of ten {:?}, best {best:?}",
            middle(part)
        );
    }
    let worst = times
        .iter()
        .skip(1)
        .map(|(_, flush)| *flush)
        .max()
        .unwrap_or_default();
    println!("slowest flush (writes a checkpoint): {worst:?}");
    let mut appends: Vec<Duration> = times.iter().map(|(append, _)| *append).collect();
    appends.sort();
    println!(
        "median append of 1,000 rows: {:?}",
        appends[appends.len() / 2]
    );
    drop(lake);
    let started = Instant::now();
    let lake = Lake::open(options, Arc::new(SystemClock)).unwrap();
    println!("open after {commits} commits: {:?}", started.elapsed());
    let started = Instant::now();
    let done = lake.maintain().await.unwrap();
    println!(
        "compaction of {} files: {:?}",
        done.merged_files,
        started.elapsed()
    );
}
