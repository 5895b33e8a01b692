//! A copy taken from a running lake is a lake.

use std::sync::Arc;

use crate::harness::*;
use lake::{Lake, ReceiptKey, ReceiptPart};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_taken_while_appends_go_on_holds_a_whole_prefix() {
    let t = Arc::new(new_lake());
    let key = ReceiptKey::file([9; 32]);
    let part = ReceiptPart {
        key,
        from: 0,
        to: 1,
        last: true,
    };
    t.lake
        .append(frame_with(part, syslog(0, 1, start()), start()))
        .await
        .unwrap();
    let mut reader = t.lake.stream("detect").unwrap();
    reader.next().await.unwrap();
    reader.commit(1).unwrap();
    let writer = {
        let t = Arc::clone(&t);
        tokio::spawn(async move {
            for i in 1..300 {
                append(&t, i, 1).await;
                if i % 40 == 0 {
                    t.lake.flush().await.unwrap();
                }
            }
        })
    };
    let mut copies = Vec::new();
    for i in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        let dir = t.root.path().join(format!("copy{i}"));
        let position = t.lake.snapshot_to(&dir).await.unwrap();
        assert!(
            t.lake.snapshot_to(&dir).await.is_err(),
            "not over an existing copy"
        );
        copies.push((dir, position));
    }
    writer.await.unwrap();
    t.lake.flush().await.unwrap();
    t.lake.maintain().await.unwrap();
    for (dir, position) in copies {
        let copy = Lake::open(options(&dir), Arc::new(t.clock.clone())).unwrap();
        let ids = ids(&copy).await;
        assert_eq!(ids, (0..position as usize).collect::<Vec<_>>());
        assert!(copy.receipt(&key).is_some_and(|r| r.complete));
        assert_eq!(copy.stats().intake[0].counts.rows, position);
        let mut reader = copy.stream("detect").unwrap();
        assert_eq!(reader.position(), 2);
        if position > 1 {
            assert_eq!(reader.next().await.unwrap().position, 2);
        }
        // The copy lives on by itself.
        copy.append(frame(
            "Syslog",
            syslog(position as usize, 1, start()),
            start(),
        ))
        .await
        .unwrap();
        copy.flush().await.unwrap();
        assert_eq!(count(&copy, "Syslog").await, position as usize + 1);
    }
    assert_eq!(ids(&t.lake).await.len(), 300);
}
