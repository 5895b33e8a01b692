//! Reading the log as a stream.

use std::time::Duration;

use crate::harness::*;
use lake::LakeError;
use schema::NATIVE_COLUMN;

#[tokio::test]
async fn a_reader_gets_every_frame_once_in_order_with_native_fields() {
    let t = new_lake_with(|options| options.segment_bytes = 4_000);
    let mut reader = t.lake.stream("detect").unwrap();
    for i in 0..20 {
        append(&t, i, 1).await;
    }
    for i in 0..20_u64 {
        let read = reader.next().await.unwrap();
        assert_eq!(read.position, i + 1);
        let (table, batch) = &read.frame.batches[0];
        assert_eq!((table.as_str(), batch.num_rows()), ("Syslog", 1));
        assert!(batch.column_by_name(NATIVE_COLUMN).is_some());
    }
    assert!(reader.try_next().unwrap().is_none());
    let waiting = tokio::time::timeout(Duration::from_millis(50), reader.next()).await;
    assert!(waiting.is_err());
    append(&t, 20, 1).await;
    assert_eq!(reader.next().await.unwrap().position, 21);
}

#[tokio::test]
async fn a_cursor_neither_skips_nor_repeats_over_restarts_and_flushes() {
    let mut t = new_lake();
    t.lake.stream("detect").unwrap();
    let mut got = Vec::new();
    let mut next = 0;
    for round in 0..8 {
        for _ in 0..3 {
            append(&t, next, 1).await;
            next += 1;
        }
        t.lake.flush().await.unwrap();
        let mut reader = t.lake.stream("detect").unwrap();
        // Read all but the last, commit those; the last comes again next time.
        let mut last = 0;
        while got.len() < next - 1 {
            let read = reader.next().await.unwrap();
            got.push(read.position);
            last = read.position;
        }
        let ahead = reader.next().await.unwrap().position;
        assert!(ahead > last);
        if last > 0 {
            reader.commit(last).unwrap();
            assert!(reader.commit(ahead + 1).is_err());
        }
        drop(reader);
        if round % 2 == 0 {
            t = t.reopen();
        }
    }
    assert_eq!(got, (1..next as u64).collect::<Vec<_>>());
    assert_eq!(ids(&t.lake).await.len(), next);
}

#[tokio::test]
async fn the_log_is_kept_for_the_slowest_cursor_only() {
    let t = new_lake_with(|options| options.segment_bytes = 1);
    let mut slow = t.lake.stream("slow").unwrap();
    for i in 0..5 {
        append(&t, i, 1).await;
        t.lake.flush().await.unwrap();
    }
    assert!(segments_of(&t.dir()).len() > 4);
    for _ in 0..3 {
        slow.next().await.unwrap();
    }
    slow.commit(3).unwrap();
    t.lake.flush().await.unwrap();
    append(&t, 5, 1).await;
    t.lake.flush().await.unwrap();
    let left = segments_of(&t.dir()).len();
    assert!(left <= 4, "{left}");
    drop(slow);
    let t = t.reopen();
    let mut slow = t.lake.stream("slow").unwrap();
    assert_eq!(slow.next().await.unwrap().position, 4);
    assert_eq!(t.lake.cursors(), [("slow".to_owned(), 3)]);
    t.lake.forget_cursor("slow").unwrap();
    append(&t, 6, 1).await;
    t.lake.flush().await.unwrap();
    assert_eq!(segments_of(&t.dir()).len(), 1);
}

#[tokio::test]
async fn a_waiting_reader_ends_when_the_lake_closes() {
    let t = new_lake();
    let mut reader = t.lake.stream("detect").unwrap();
    let waiting = tokio::spawn(async move { reader.next().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(t.lake);
    assert!(matches!(waiting.await.unwrap(), Err(LakeError::Closed)));
}
