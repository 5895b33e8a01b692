//! Moving rows from memory to files while queries go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::*;
use lake::{LakeError, Step};
use parking_lot::Mutex;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_neither_missing_nor_double_while_they_are_flushed() {
    let t = new_lake();
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Mutex::new(0_usize));
    let reader = {
        let (lake, stop, seen) = (t.lake.clone(), Arc::clone(&stop), Arc::clone(&seen));
        tokio::spawn(async move {
            let mut reads = 0;
            while !stop.load(Ordering::Relaxed) {
                let at_least = *seen.lock();
                let ids = ids(&lake).await;
                assert!(ids.len() >= at_least, "{} of {at_least}", ids.len());
                assert_eq!(ids, (0..ids.len()).collect::<Vec<_>>());
                reads += 1;
            }
            reads
        })
    };
    let mut next = 0;
    for round in 0..12 {
        for _ in 0..5 {
            append(&t, next, 20).await;
            next += 20;
            *seen.lock() = next;
        }
        t.lake.flush().await.unwrap();
        if round % 4 == 3 {
            t.lake.maintain().await.unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 3);
    assert_eq!(ids(&t.lake).await.len(), next);
}

#[tokio::test]
async fn everything_is_synced_before_the_log_is_trimmed() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&steps);
    let t = new_lake_with(|options| {
        options.on_step = Some(Arc::new(move |step| record.lock().push(step)));
    });
    append(&t, 0, 3).await;
    assert_eq!(*steps.lock(), [Step::LogWritten, Step::LogSynced]);
    t.lake.flush().await.unwrap();
    steps.lock().clear();
    append(&t, 3, 3).await;
    t.lake.flush().await.unwrap();
    let expected = [
        Step::LogWritten,
        Step::LogSynced,
        Step::ParquetWritten,
        Step::ParquetSynced,
        Step::DeltaCommitted,
        Step::DeltaSynced,
        Step::RowsSwapped,
        Step::LedgerSaved,
        Step::LogTrimmed,
    ];
    assert_eq!(*steps.lock(), expected);
}

#[tokio::test]
async fn a_flush_starts_by_age_and_by_size() {
    let t = new_lake_with(|options| options.flush_rows = 50);
    append(&t, 0, 10).await;
    t.lake.flush_due().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 0);
    t.clock.advance(jiff::SignedDuration::from_secs(301));
    t.lake.flush_due().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 1);
    append(&t, 10, 50).await;
    t.lake.flush_due().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 2);
    assert_eq!(ids(&t.lake).await.len(), 60);
}

#[tokio::test]
async fn the_background_task_flushes_on_its_own() {
    let t = new_lake_with(|options| {
        options.flush_rows = 5;
        options.background = true;
    });
    append(&t, 0, 10).await;
    for _ in 0..100 {
        if !files_of(&t.dir(), "Syslog").is_empty() && t.lake.stats().tables[0].memory_rows == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nothing was flushed");
}

#[tokio::test]
async fn too_many_rows_in_memory_make_append_flush_first() {
    let t = new_lake_with(|options| options.memory_bytes = 10_000);
    for i in 0..20 {
        append(&t, i * 50, 50).await;
    }
    assert!(t.lake.stats().tables[0].memory_bytes < 40_000);
    assert_eq!(ids(&t.lake).await.len(), 1000);
}

#[tokio::test]
async fn rows_of_many_days_make_few_files() {
    let t = new_lake();
    let now = start();
    for i in 0..60 {
        let event = now - jiff::SignedDuration::from_hours(24 * i);
        t.lake
            .append(frame("Syslog", syslog(i as usize, 1, event), now))
            .await
            .unwrap();
    }
    t.lake.flush().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 16);
    assert_eq!(ids(&t.lake).await.len(), 60);
}

#[tokio::test]
async fn a_commit_of_another_writer_delays_a_flush_and_loses_nothing() {
    let t = new_lake();
    append(&t, 0, 5).await;
    t.lake.flush().await.unwrap();
    append(&t, 5, 5).await;
    let log = t.dir().join("tables/Syslog/_delta_log");
    let foreign = r#"{"commitInfo":{"timestamp":1,"operation":"OTHER"}}"#;
    std::fs::write(log.join(format!("{:020}.json", 2)), foreign).unwrap();
    let error = t.lake.flush().await.unwrap_err();
    assert!(
        matches!(error, LakeError::ForeignCommit { version: 2, .. }),
        "{error}"
    );
    assert_eq!(ids(&t.lake).await, (0..10).collect::<Vec<_>>());
    append(&t, 10, 5).await;
    t.lake.flush_due().await.unwrap();
    assert_eq!(ids(&t.lake).await, (0..15).collect::<Vec<_>>());
    assert_eq!(t.lake.stats().tables[0].memory_rows, 0);
    // The file of the failed commit is removed in time.
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 3);
    t.clock.advance(jiff::SignedDuration::from_hours(3));
    t.lake.maintain().await.unwrap();
    assert_eq!(files_of(&t.dir(), "Syslog").len(), 2);
    let t = t.reopen();
    assert_eq!(ids(&t.lake).await, (0..15).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_flush_that_dies_at_any_step_doubles_nothing_in_the_same_process() {
    let armed = Arc::new(Mutex::new(None));
    let hook = Arc::clone(&armed);
    let t = new_lake_with(|options| {
        options.on_step = Some(Arc::new(move |step| {
            let die = {
                let mut armed = hook.lock();
                let die = *armed == Some(step);
                if die {
                    *armed = None;
                }
                die
            };
            assert!(!die, "told to die at {step:?}");
        }));
    });
    let mut next = 0;
    for step in [
        Step::ParquetWritten,
        Step::ParquetSynced,
        Step::DeltaCommitted,
        Step::DeltaSynced,
        Step::RowsSwapped,
        Step::LedgerSaved,
        Step::LogTrimmed,
    ] {
        for _ in 0..2 {
            append(&t, next, 3).await;
            next += 3;
            *armed.lock() = Some(step);
            assert!(t.lake.flush().await.is_err(), "{step:?}");
            assert_eq!(
                ids(&t.lake).await,
                (0..next).collect::<Vec<_>>(),
                "{step:?}"
            );
            append(&t, next, 3).await;
            next += 3;
            t.lake.flush().await.unwrap();
            assert_eq!(
                ids(&t.lake).await,
                (0..next).collect::<Vec<_>>(),
                "{step:?}"
            );
        }
    }
    let t = t.reopen();
    assert_eq!(ids(&t.lake).await, (0..next).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_lake_takes_nothing_more_and_can_be_opened_at_once() {
    for _ in 0..5 {
        let t = new_lake_with(|options| {
            options.flush_rows = 2;
            options.background = true;
        });
        append(&t, 0, 10).await;
        let other = t.lake.clone();
        t.lake.close().await.unwrap();
        let now = start();
        let late = other.append(frame("Syslog", syslog(10, 1, now), now)).await;
        assert!(matches!(late, Err(LakeError::Closed)));
        assert!(matches!(other.flush().await, Err(LakeError::Closed)));
        let dir = t.root.path().join("lake");
        let lake = lake::Lake::open(options(&dir), Arc::new(t.clock.clone())).unwrap();
        assert_eq!(ids(&lake).await, (0..10).collect::<Vec<_>>());
    }
}
