//! What opening does with a log that a crash, or a bad disk, left behind.

use std::sync::Arc;

use crate::harness::*;
use lake::{Lake, LakeError, ManualClock};
use proptest::prelude::*;

#[tokio::test]
async fn rows_that_were_never_flushed_are_there_after_a_restart() {
    let mut t = new_lake();
    append(&t, 0, 5).await;
    t.lake.flush().await.unwrap();
    append(&t, 5, 5).await;
    for _ in 0..3 {
        t = t.reopen();
        assert_eq!(ids(&t.lake).await, (0..10).collect::<Vec<_>>());
    }
    t.lake.flush().await.unwrap();
    t = t.reopen();
    assert_eq!(ids(&t.lake).await, (0..10).collect::<Vec<_>>());
    // Positions go on; none is used twice.
    assert_eq!(append(&t, 10, 1).await, 3);
}

/// A log from before the flush, put back beside the flushed tables: every frame in it is at or
/// below the tables' watermark, and none may be stored again.
#[tokio::test]
async fn a_repeated_and_an_older_log_position_change_nothing() {
    let t = new_lake();
    append(&t, 0, 5).await;
    append(&t, 5, 5).await;
    let old = t.root.path().join("old-wal");
    copy_dir(&t.dir().join("wal"), &old);
    t.lake.flush().await.unwrap();
    append(&t, 10, 5).await;
    t.lake.flush().await.unwrap();
    for with_ledger in [true, false] {
        // In a folder of its own: the log as it was, the tables as they are.
        let dir = t.root.path().join(format!("mixed-{with_ledger}"));
        copy_dir(&t.dir(), &dir);
        std::fs::remove_dir_all(dir.join("wal")).unwrap();
        copy_dir(&old, &dir.join("wal"));
        if !with_ledger {
            std::fs::remove_file(dir.join("ledger.json")).unwrap();
        }
        let clock = Arc::new(ManualClock::new(start()));
        for _ in 0..2 {
            let lake = Lake::open(options(&dir), Arc::clone(&clock) as _).unwrap();
            assert_eq!(ids(&lake).await, (0..15).collect::<Vec<_>>());
            lake.flush().await.unwrap();
            assert_eq!(ids(&lake).await, (0..15).collect::<Vec<_>>());
            // A new frame gets a position above all the tables know.
            let next = frame("Syslog", syslog(0, 0, start()), start());
            let lake::Appended::Stored { position } = lake.append(next).await.unwrap() else {
                panic!("not stored");
            };
            assert!(position > 3);
        }
    }
}

#[tokio::test]
async fn a_torn_last_write_is_cut_off_and_set_aside() {
    let t = new_lake();
    append(&t, 0, 5).await;
    let size = std::fs::metadata(&segments_of(&t.dir())[0]).unwrap().len();
    append(&t, 5, 5).await;
    let (root, clock, dir) = (t.root, t.clock, t.lake);
    drop(dir);
    let whole = root.path().join("lake");
    let bytes = std::fs::read(&segments_of(&whole)[0]).unwrap();
    let middle = (size as usize + bytes.len()) / 2;
    for (name, tail) in [
        ("cut in the body", bytes[..middle].to_vec()),
        ("cut in the header", bytes[..size as usize + 9].to_vec()),
        (
            "the rest is zeros",
            [&bytes[..middle], &vec![0; bytes.len() - middle]].concat(),
        ),
        (
            "all zeros",
            [&bytes[..size as usize], &vec![0; 4096][..]].concat(),
        ),
    ] {
        let dir = root.path().join(name.replace(' ', "-"));
        copy_dir(&whole, &dir);
        std::fs::write(&segments_of(&dir)[0], tail).unwrap();
        let lake = Lake::open(options(&dir), Arc::new(clock.clone())).unwrap();
        assert_eq!(ids(&lake).await, [0, 1, 2, 3, 4], "{name}");
        let aside = std::fs::read_dir(dir.join("wal")).unwrap();
        let aside = aside.filter(|e| {
            e.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "torn")
        });
        assert_eq!(aside.count(), 1, "{name}");
        // And the log goes on behind the cut.
        lake.append(frame("Syslog", syslog(5, 1, start()), start()))
            .await
            .unwrap();
        drop(lake);
        let lake = Lake::open(options(&dir), Arc::new(clock.clone())).unwrap();
        assert_eq!(ids(&lake).await, [0, 1, 2, 3, 4, 5], "{name}");
    }
}

fn log_of_three() -> (tempfile::TempDir, Vec<u8>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let t = new_lake();
    runtime.block_on(async {
        for i in 0..3 {
            append(&t, i * 4, 4).await;
        }
    });
    let TestLake { root, lake, .. } = t;
    drop(lake);
    let bytes = std::fs::read(&segments_of(&root.path().join("lake"))[0]).unwrap();
    (root, bytes)
}

fn open_with(root: &tempfile::TempDir, bytes: &[u8]) -> Result<Vec<usize>, LakeError> {
    let dir = root.path().join("damaged");
    let _ = std::fs::remove_dir_all(&dir);
    copy_dir(&root.path().join("lake"), &dir);
    std::fs::write(&segments_of(&dir)[0], bytes).unwrap();
    let lake = Lake::open(options(&dir), Arc::new(ManualClock::new(start())))?;
    Ok(tokio::runtime::Runtime::new().unwrap().block_on(ids(&lake)))
}

#[test]
fn a_flipped_byte_anywhere_is_refused_with_file_and_offset() {
    let (root, bytes) = log_of_three();
    let mut rng = 7_u64;
    for round in 0..40 {
        // A step that meets header, first, middle and last group.
        rng = rng
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = if round == 0 {
            bytes.len() - 1
        } else {
            (rng >> 33) as usize % bytes.len()
        };
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        match open_with(&root, &damaged) {
            Err(LakeError::Corrupt { file, offset, .. }) => {
                assert!(file.exists() && offset <= at as u64, "{at}: {offset}");
            }
            Err(LakeError::NewerFormat { .. }) if at == 8 || at == 9 => {}
            other => panic!("byte {at}: {other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Cut at any byte, the log gives the frames before the cut, whole ones only.
    #[test]
    fn a_log_cut_anywhere_gives_a_prefix(cut in 40usize..8000) {
        thread_local!(static LOG: (tempfile::TempDir, Vec<u8>) = log_of_three());
        LOG.with(|(root, bytes)| {
            let cut = cut.min(bytes.len());
            let ids = open_with(root, &bytes[..cut]).unwrap();
            assert!(ids.len().is_multiple_of(4));
            assert_eq!(ids, (0..ids.len()).collect::<Vec<_>>());
            assert_eq!(ids.len() == 12, cut == bytes.len());
        });
    }
}

#[tokio::test]
async fn damage_in_an_older_segment_and_a_missing_one_are_refused() {
    let t = new_lake_with(|options| options.segment_bytes = 1);
    for i in 0..4 {
        append(&t, i, 1).await;
    }
    let TestLake { root, lake, clock } = t;
    drop(lake);
    let dir = root.path().join("lake");
    let segments = segments_of(&dir);
    assert!(segments.len() >= 4);
    let open = |dir: &std::path::Path| Lake::open(options(dir), Arc::new(clock.clone()));
    let cut = root.path().join("cut");
    copy_dir(&dir, &cut);
    let bytes = std::fs::read(&segments[1]).unwrap();
    std::fs::write(&segments_of(&cut)[1], &bytes[..bytes.len() - 3]).unwrap();
    assert!(matches!(open(&cut), Err(LakeError::Corrupt { .. })));
    let missing = root.path().join("missing");
    copy_dir(&dir, &missing);
    std::fs::remove_file(&segments_of(&missing)[1]).unwrap();
    assert!(matches!(open(&missing), Err(LakeError::Corrupt { .. })));
    let lake = open(&dir).unwrap();
    assert_eq!(ids(&lake).await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_damaged_ledger_cursor_or_newer_format_is_refused() {
    let t = new_lake();
    append(&t, 0, 1).await;
    t.lake.stream("c").unwrap();
    t.lake.flush().await.unwrap();
    let TestLake { root, lake, clock } = t;
    drop(lake);
    let dir = root.path().join("lake");
    // The cursor holds the log back, so the ledger was not saved yet: nothing to trim.
    for file in ["cursors/c.json", "lake.json"] {
        let copy = root.path().join(file.replace('/', "-"));
        copy_dir(&dir, &copy);
        let path = copy.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"format\":1", "\"format\":99")).unwrap();
        let error = Lake::open(options(&copy), Arc::new(clock.clone())).unwrap_err();
        assert!(
            matches!(error, LakeError::NewerFormat { found: 99, .. }),
            "{error}"
        );
        std::fs::write(
            &path,
            text.replace("position\":0", "position\":9")
                .replace("stream", "streaM"),
        )
        .unwrap();
        let error = Lake::open(options(&copy), Arc::new(clock.clone())).unwrap_err();
        assert!(matches!(error, LakeError::Corrupt { .. }), "{error}");
    }
}
