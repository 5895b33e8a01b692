//! The lake against a model: a crash at any step loses nothing that was acknowledged, doubles
//! nothing, and lets the next run go on.
//!
//! A crash is the folder as it is at a step, opened as a lake of its own. `WATCHFLOOR_SOAK_SECONDS`
//! makes the run longer, `WATCHFLOOR_SOAK_SEED` another one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::harness::*;
use jiff::SignedDuration;
use lake::{Appended, Clock, Lake, LakeOptions, ManualClock, ReceiptKey, ReceiptPart, Step};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the model knows at the moment of a crash.
#[derive(Default)]
struct Model {
    /// Rows `0..acknowledged` must be there.
    acknowledged: usize,
    /// Rows up to here may be there.
    sent: usize,
    /// Copies still to take: countdown of steps to the next one.
    until_crash: usize,
    crashes: Vec<(PathBuf, usize, usize, Step)>,
}

const KEY: ReceiptKey = ReceiptKey {
    kind: lake::ReceiptKind::File,
    hash: [3; 32],
};

struct Run {
    root: tempfile::TempDir,
    model: Arc<Mutex<Model>>,
    clock: ManualClock,
    rng: ChaCha8Rng,
}

impl Run {
    fn options(&self, dir: &Path) -> LakeOptions {
        let mut options = options(dir);
        options.segment_bytes = 6_000;
        options.checkpoint_commits = 5;
        options.target_file_bytes = 1 << 20;
        let (model, root, from) = (
            Arc::clone(&self.model),
            self.root.path().to_owned(),
            dir.to_owned(),
        );
        options.on_step = Some(Arc::new(move |step| {
            let mut model = model.lock();
            model.until_crash = model.until_crash.saturating_sub(1);
            if model.until_crash == 0 {
                let copy = root.join(format!("crash{}", uuid::Uuid::new_v4()));
                copy_dir(&from, &copy);
                let (acknowledged, sent) = (model.acknowledged, model.sent);
                model.crashes.push((copy, acknowledged, sent, step));
                model.until_crash = usize::MAX;
            }
        }));
        options
    }

    async fn act(&mut self, lake: &Lake) {
        match self.rng.random_range(0..10) {
            0..=5 => self.append(lake).await,
            6 | 7 => lake.flush().await.unwrap(),
            8 => {
                lake.maintain().await.unwrap();
            }
            _ => self
                .clock
                .advance(SignedDuration::from_mins(self.rng.random_range(1..900))),
        }
    }

    async fn append(&mut self, lake: &Lake) {
        let (first, count) = (self.model.lock().acknowledged, self.rng.random_range(1..8));
        self.model.lock().sent = first + count;
        let now = self.clock.now();
        let part = ReceiptPart {
            key: KEY,
            from: first as u64,
            to: (first + count) as u64,
            last: false,
        };
        let mut frame = frame_with(part, syslog(first, count, now), now);
        // A second table in the same frame, for atomicity over tables.
        let other = syslog(first, count, now);
        let time = other.schema().index_of("TimeGenerated").unwrap();
        frame
            .batches
            .push(("CommonSecurityLog".into(), other.project(&[time]).unwrap()));
        let done = lake.append(frame).await.unwrap();
        assert!(matches!(done, Appended::Stored { .. }), "{done:?}");
        self.model.lock().acknowledged = first + count;
    }

    /// Opens the copy of a crash and checks it; returns the rows it holds.
    async fn check(&self, dir: &Path, acknowledged: usize, sent: usize, step: Step) -> usize {
        let lake = Lake::open(self.options(dir), Arc::new(self.clock.clone()))
            .unwrap_or_else(|e| panic!("{step:?}: {e}"));
        let ids = ids(&lake).await;
        assert_eq!(ids, (0..ids.len()).collect::<Vec<_>>(), "{step:?}");
        assert!(
            ids.len() == acknowledged || ids.len() == sent,
            "{step:?}: {} rows, {acknowledged} acknowledged, {sent} sent",
            ids.len()
        );
        assert_eq!(
            count(&lake, "CommonSecurityLog").await,
            ids.len(),
            "{step:?}"
        );
        let done = lake.receipt(&KEY).map_or(0, |r| r.records_done);
        assert_eq!(done, ids.len() as u64, "{step:?}");
        assert_eq!(
            lake.stats()
                .sources
                .iter()
                .filter(|s| s.table == "Syslog")
                .map(|s| s.rows)
                .sum::<u64>(),
            ids.len() as u64,
            "{step:?}"
        );
        ids.len()
    }
}

#[test]
fn a_crash_at_any_step_keeps_every_acknowledged_row_once() {
    let seconds = setting("WATCHFLOOR_SOAK_SECONDS", 15);
    let seed = setting("WATCHFLOOR_SOAK_SEED", 1);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut crashes = 0;
    let mut seen = std::collections::HashMap::<Step, usize>::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut round = 0;
    while Instant::now() < until || crashes == 0 {
        let mut run = Run {
            root: tempfile::tempdir().unwrap(),
            model: Arc::default(),
            clock: ManualClock::new(start()),
            rng: ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1_000_003) + round),
        };
        round += 1;
        runtime.block_on(async {
            let mut dir = run.root.path().join("lake");
            // Each crash's folder is the next run's lake: crashes follow on crashes.
            for _ in 0..6 {
                run.model.lock().until_crash = usize::MAX;
                let lake = Lake::open(run.options(&dir), Arc::new(run.clock.clone())).unwrap();
                run.model.lock().until_crash = run.rng.random_range(1..120);
                while run.model.lock().crashes.is_empty() {
                    run.act(&lake).await;
                }
                run.model.lock().until_crash = usize::MAX;
                drop(lake);
                let (copy, acknowledged, sent, step) = run.model.lock().crashes.remove(0);
                let rows = run.check(&copy, acknowledged, sent, step).await;
                let mut model = run.model.lock();
                model.acknowledged = rows;
                model.sent = rows;
                drop(model);
                *seen.entry(step).or_default() += 1;
                crashes += 1;
                dir = copy;
                if Instant::now() >= until {
                    break;
                }
            }
        });
    }
    println!("{crashes} crashes, seed {seed}: {seen:?}");
}
