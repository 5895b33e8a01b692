//! The starter rules over a whole sample: decoders, stream matcher and scheduler as in service,
//! with tables in memory in place of the lake.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests that each use a part of it"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::{
    AlertSink, Journal, MemoryTables, Queries, RuleLibrary, Scheduler, SinkError, StreamMatcher,
};
use jiff::{SignedDuration, Timestamp};
use kql_engine::Engine;
use lake::{Frame, FrameCounts};
use sample::{Options, Sample};
use schema::{Alert, Event, RowsBuilder};
use serde_json::json;
use sources::{Collected, DecodeContext, Limits};

const END: &str = "2026-03-06T16:40:00Z";

pub(crate) fn sample(seed: u64, second: bool, benign: usize) -> Sample {
    let mut options = Options::new(seed, END.parse().unwrap());
    options.second_intrusion = second;
    options.benign_events = benign;
    sample::generate(&options)
}

pub(crate) fn queries(tables: MemoryTables, engine: Arc<Engine>) -> Queries {
    Queries::new(Arc::new(tables), engine, Journal::default())
}

/// Every event of the sample's logs, finished.
pub(crate) fn events(sample: &Sample, received: Timestamp) -> Vec<Event> {
    let limits = Limits::default();
    let mut events = Vec::new();
    for file in sample
        .files
        .iter()
        .filter(|file| !file.path.starts_with("context/"))
    {
        let mut opened = sources::open_stream(&file.path, file.bytes.as_slice(), &limits).unwrap();
        let source = sources::detect(&opened.head, &file.path).unwrap();
        let mut decoded = Collected::default();
        source
            .decode(
                opened.input.as_mut(),
                &DecodeContext::new(received),
                &mut decoded,
            )
            .unwrap();
        assert!(decoded.rejects.is_empty(), "{}", file.path);
        events.append(&mut decoded.events);
    }
    for (at, event) in events.iter_mut().enumerate() {
        event.finish(received, "tenant", &format!("item-{at}"));
        let source = &event.log_source;
        let facts = json!({"product": source.product, "service": source.service, "category": source.category});
        event.native.insert("__watchfloor".to_owned(), facts);
    }
    events
}

/// Raises nothing and keeps everything. An alert raised again replaces itself.
#[derive(Default)]
pub(crate) struct Kept(parking_lot::Mutex<BTreeMap<String, Alert>>);

#[async_trait::async_trait]
impl AlertSink for Kept {
    async fn raise(&self, alert: Alert) -> Result<(), SinkError> {
        self.0.lock().insert(alert.id.to_string(), alert);
        Ok(())
    }
}

/// All alerts that the rules under `rules` raise over the events, native ones included. Analytics
/// rules run over the windows that hold something of the last `hours` before the last event: all
/// three days would be thousands of runs.
pub(crate) async fn alerts(
    events: &[Event],
    rules: &Path,
    engine: Arc<Engine>,
    hours: i64,
) -> Vec<Alert> {
    let end = events.iter().filter_map(|event| event.time).max().unwrap();
    let now = end.checked_add(SignedDuration::from_mins(10)).unwrap();
    let since = end.checked_sub(SignedDuration::from_hours(hours)).unwrap();
    let mut tables = MemoryTables::default();
    tables.add_events(events).unwrap();
    let queries = queries(tables, engine);
    let folders: Vec<PathBuf> = ["analytics", "sigma"]
        .iter()
        .map(|name| rules.join(name))
        .collect();
    let library = RuleLibrary::load(Vec::new(), &folders, &queries, &|_| true, now);
    let mut builders: BTreeMap<String, RowsBuilder> = BTreeMap::new();
    for event in events {
        builders
            .entry(event.row.table().name.clone())
            .or_insert_with(|| RowsBuilder::new(Arc::clone(event.row.table()), true))
            .push_event(event);
    }
    let frame = Frame {
        source: "sample".to_owned(),
        received: now,
        receipt: None,
        counts: FrameCounts::default(),
        batches: builders
            .into_iter()
            .map(|(name, builder)| (name, builder.finish().unwrap()))
            .collect(),
    };
    let kept = Arc::new(Kept::default());
    let findings = StreamMatcher::new(Arc::clone(&library.sigma)).frame(&frame, now);
    for alert in findings.alerts {
        kept.raise(alert).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let sink = Arc::clone(&kept) as Arc<dyn AlertSink>;
    let state = folder.path().join("schedule.json");
    let scheduler = Scheduler::open(state, queries, Journal::default(), sink).unwrap();
    scheduler.set_rules(&library.analytics, now);
    let touched: Vec<_> = findings
        .touched
        .into_iter()
        .map(|(table, first, last)| (table, first.max(since), last.max(since)))
        .collect();
    scheduler.note_rows(&touched).unwrap();
    let report = scheduler.tick(now, usize::MAX).await.unwrap();
    assert_eq!(report.failures, 0);
    let mut alerts: Vec<Alert> = kept.0.lock().values().cloned().collect();
    alerts.sort_by_key(|alert| alert.start_at);
    alerts
}
