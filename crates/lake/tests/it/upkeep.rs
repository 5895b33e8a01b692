//! Compaction, retention and vacuum, on a clock of the test's own.

use crate::harness::*;
use jiff::SignedDuration;
use lake::Clock;

#[tokio::test]
async fn a_day_of_small_flushes_ends_in_few_files() {
    let mut t = new_lake();
    let mut next = 0;
    // Every 5 minutes for 24 hours; upkeep every 15 minutes as the background task does it.
    for step in 0..288 {
        append(&t, next, 5).await;
        next += 5;
        t.clock.advance(SignedDuration::from_mins(5));
        t.lake.flush_due().await.unwrap();
        if step % 3 == 2 {
            t.lake.maintain().await.unwrap();
        }
    }
    t.lake.maintain().await.unwrap();
    let files = t.lake.table("Syslog").unwrap().files();
    assert!(files < 50, "{files} files after a day");
    assert_eq!(ids(&t.lake).await, (0..next).collect::<Vec<_>>());
    // Replaced files go from disk when their time has come, too.
    t.clock.advance(SignedDuration::from_hours(3));
    t.lake.maintain().await.unwrap();
    assert_eq!(
        files_of(&t.dir(), "Syslog").len(),
        t.lake.table("Syslog").unwrap().files()
    );
    assert_eq!(ids(&t.lake).await.len(), next);
    // Once the day is over, one file a day of events and of receipt is left.
    t.clock.advance(SignedDuration::from_hours(48));
    t.lake.maintain().await.unwrap();
    assert!(t.lake.table("Syslog").unwrap().files() <= 4);
    t = t.reopen();
    assert_eq!(ids(&t.lake).await, (0..next).collect::<Vec<_>>());
    // The table's log is kept short by checkpoints.
    let log = t.dir().join("tables/Syslog/_delta_log");
    let entries = std::fs::read_dir(log).unwrap().count();
    assert!(entries < 120, "{entries} log entries");
}

#[tokio::test]
async fn retention_drops_old_rows_and_keeps_the_exempt_tables() {
    let mut t = new_lake_with(|options| {
        options
            .retention
            .per_table
            .insert("CommonSecurityLog".into(), Some(7));
    });
    let now = t.clock.now();
    for table in [
        "Syslog",
        "SecurityIncident",
        "SecurityAlert",
        "IncidentActivity",
    ] {
        let batch = syslog(0, 3, now).project(&[0]).unwrap();
        assert_eq!(batch.schema().field(0).name(), "Computer");
        let batch = if table == "Syslog" {
            syslog(0, 3, now)
        } else {
            times(now)
        };
        t.lake.append(frame(table, batch, now)).await.unwrap();
    }
    t.lake
        .append(frame("CommonSecurityLog", times(now), now))
        .await
        .unwrap();
    // Old events that come in today are today's: an import is not gone tomorrow.
    let old = now - SignedDuration::from_hours(24 * 400);
    t.lake
        .append(frame("SecurityEvent", times(old), now))
        .await
        .unwrap();
    t.lake.flush().await.unwrap();
    t.clock.advance(SignedDuration::from_hours(24 * 9));
    let done = t.lake.maintain().await.unwrap();
    assert_eq!((done.expired_files, done.expired_rows), (1, 1));
    assert_eq!(count(&t.lake, "CommonSecurityLog").await, 0);
    assert_eq!(count(&t.lake, "SecurityEvent").await, 1);
    t.clock.advance(SignedDuration::from_hours(24 * 82));
    t.lake.maintain().await.unwrap();
    for _ in 0..2 {
        assert_eq!(count(&t.lake, "Syslog").await, 0);
        assert_eq!(count(&t.lake, "SecurityEvent").await, 0);
        for exempt in ["SecurityIncident", "SecurityAlert", "IncidentActivity"] {
            assert!(count(&t.lake, exempt).await > 0, "{exempt}");
        }
        t = t.reopen();
    }
    t.clock.advance(SignedDuration::from_hours(3));
    t.lake.maintain().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 0);
}

fn times(at: jiff::Timestamp) -> arrow::array::RecordBatch {
    let batch = syslog(0, 1, at);
    let index = batch.schema().index_of("TimeGenerated").unwrap();
    batch.project(&[index]).unwrap()
}

/// Retention goes by receipt: a date at either end of time neither deletes a row at once nor keeps
/// it for ever, and merges by event day take such rows along.
#[tokio::test]
async fn rows_of_any_event_time_stay_for_their_days_from_receipt() {
    const ENDS: [&str; 4] = [
        "0001-01-01T00:00:00Z",
        "1601-01-01T00:00:00Z",
        "2026-03-01T08:00:00Z",
        "9999-12-30T22:00:00Z",
    ];
    let mut t = new_lake();
    for _ in 0..10 {
        let now = t.clock.now();
        for end in ENDS {
            let batch = times(end.parse().unwrap());
            t.lake.append(frame("Syslog", batch, now)).await.unwrap();
        }
        t.lake.flush().await.unwrap();
        t.clock.advance(SignedDuration::from_mins(5));
    }
    t.clock.advance(SignedDuration::from_hours(24 * 89));
    for _ in 0..2 {
        let done = t.lake.maintain().await.unwrap();
        assert_eq!((done.expired_files, done.expired_rows), (0, 0));
        assert_eq!(count(&t.lake, "Syslog").await, 40);
        assert_eq!(t.lake.table("Syslog").unwrap().files(), ENDS.len());
        t = t.reopen();
    }
    t.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(t.lake.maintain().await.unwrap().expired_rows, 40);
    assert_eq!(count(&t.lake, "Syslog").await, 0);
}

#[tokio::test]
async fn a_file_stays_while_a_snapshot_holds_it() {
    let t = new_lake();
    for i in 0..10 {
        append(&t, i * 5, 5).await;
        t.lake.flush().await.unwrap();
    }
    let held = t.lake.table("Syslog").unwrap();
    t.clock.advance(SignedDuration::from_hours(48));
    assert!(t.lake.maintain().await.unwrap().merged_files >= 10);
    t.clock.advance(SignedDuration::from_hours(48));
    t.lake.maintain().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 11);
    let session = datafusion::prelude::SessionContext::new();
    let frame = session.read_table(std::sync::Arc::new(held)).unwrap();
    assert_eq!(frame.clone().count().await.unwrap(), 50);
    drop(frame);
    drop(session);
    assert_eq!(t.lake.maintain().await.unwrap().removed_files, 10);
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 1);
    assert_eq!(ids(&t.lake).await.len(), 50);
}

#[tokio::test]
async fn files_of_a_flush_cut_off_are_removed_in_time() {
    let t = new_lake();
    append(&t, 0, 5).await;
    t.lake.flush().await.unwrap();
    let orphan = t.dir().join("tables/Syslog/20260301-20260301-0.parquet");
    std::fs::write(&orphan, b"half a file").unwrap();
    let t = t.reopen();
    assert_eq!(ids(&t.lake).await.len(), 5);
    t.lake.maintain().await.unwrap();
    assert!(orphan.exists());
    t.clock.advance(SignedDuration::from_hours(3));
    t.lake.maintain().await.unwrap();
    assert!(!orphan.exists());
    assert_eq!(ids(&t.lake).await.len(), 5);
}
