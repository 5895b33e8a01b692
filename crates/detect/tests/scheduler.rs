//! The scheduler beside intake: rows that come while a window runs, and rules whose queries fail.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use detect::{
    AlertSink, Journal, MemoryTables, Queries, RuleLibrary, Scheduler, SinkError, Tables,
};
use jiff::{SignedDuration, Timestamp};
use kql_engine::{Engine, EngineOptions, TableSource};
use parking_lot::Mutex;
use schema::{Alert, Catalog, Row, TableSchema};

const NOW: &str = "2026-03-06T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn minutes_ago(minutes: i64) -> Timestamp {
    now()
        .checked_sub(SignedDuration::from_mins(minutes))
        .unwrap()
}

fn rule(id: &str, table: &str, kind: &str) -> (String, String) {
    let schedule = match kind {
        "NRT" => "",
        _ => "queryFrequency: 1h\nqueryPeriod: 1h\ntriggerOperator: gt\ntriggerThreshold: 0\n",
    };
    let text = format!(
        "id: {id}\nname: {id}\ndescription: test\nseverity: High\nkind: {kind}\nrequiredDataConnectors: []\ntactics: []\n{schedule}query: |\n  {table} | project TimeGenerated, Computer\n"
    );
    (format!("{id}.yaml"), text)
}

/// Tables in memory, of which `Event` can't be opened.
struct Broken(MemoryTables);

impl TableSource for Broken {
    fn table(&self, name: &str) -> Option<Arc<dyn datafusion::datasource::TableProvider>> {
        (name != "Event").then(|| self.0.table(name)).flatten()
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }
}

impl Tables for Broken {
    fn custom_schema(&self, name: &str) -> Option<Arc<TableSchema>> {
        self.0.custom_schema(name)
    }
}

/// Counts alerts, and notes rows for the window that is running when the first one comes.
struct Noting {
    alerts: AtomicU64,
    origins: Mutex<Vec<schema::AlertOrigin>>,
    scheduler: Mutex<Option<Arc<Scheduler>>>,
}

#[async_trait::async_trait]
impl AlertSink for Noting {
    async fn raise(&self, alert: Alert) -> Result<(), SinkError> {
        self.alerts.fetch_add(1, Ordering::Relaxed);
        self.origins.lock().push(alert.origin);
        if let Some(scheduler) = self.scheduler.lock().take() {
            let touched = ("Syslog".to_owned(), minutes_ago(20), minutes_ago(20));
            scheduler.note_rows(&[touched]).unwrap();
        }
        Ok(())
    }
}

fn scheduler(folder: &Path, rules: Vec<(String, String)>) -> (Arc<Scheduler>, Arc<Noting>) {
    let mut tables = MemoryTables::default();
    let rows = ["Syslog", "Event"].map(|table| {
        let mut row = Row::new(Arc::clone(Catalog::builtin().table(table).unwrap()));
        row.set("TimeGenerated", minutes_ago(30));
        row.set("Computer", "host");
        row.set("_ItemId", table);
        row
    });
    tables.add_rows(&rows).unwrap();
    let engine = Arc::new(Engine::new(EngineOptions::default()).unwrap());
    let queries = Queries::new(Arc::new(Broken(tables)), engine, Journal::default());
    let library = RuleLibrary::load(rules, &[], &queries, &|_| true, now());
    assert!(
        library.reports.iter().all(|r| r.ok),
        "{:?}",
        library.reports
    );
    let sink = Arc::new(Noting {
        alerts: AtomicU64::new(0),
        origins: Mutex::default(),
        scheduler: Mutex::new(None),
    });
    let path = folder.join("schedules.json");
    let alerts = Arc::clone(&sink) as Arc<dyn AlertSink>;
    let scheduler = Scheduler::open(path, queries, Journal::default(), alerts).unwrap();
    scheduler.set_rules(&library.analytics, now());
    (Arc::new(scheduler), sink)
}

#[tokio::test]
async fn a_window_that_got_rows_while_it_ran_runs_once_more_and_raises_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (scheduler, sink) = scheduler(folder.path(), vec![rule("a", "Syslog", "Scheduled")]);
    *sink.scheduler.lock() = Some(Arc::clone(&scheduler));
    assert_eq!(scheduler.tick(now(), usize::MAX).await.unwrap().runs, 1);
    assert!(scheduler.is_due(now()), "the rows that came were forgotten");
    assert_eq!(scheduler.tick(now(), usize::MAX).await.unwrap().runs, 1);
    assert!(!scheduler.is_due(now()));
    assert_eq!(sink.alerts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_rule_that_never_ran_has_no_last_run() {
    let folder = tempfile::tempdir().unwrap();
    let (scheduler, _) = scheduler(folder.path(), vec![rule("a", "Syslog", "Scheduled")]);
    assert!(scheduler.last_runs().is_empty());
    scheduler.tick(now(), usize::MAX).await.unwrap();
    assert_eq!(scheduler.last_runs()["a"], minutes_ago(5));
}

#[tokio::test]
async fn a_rule_that_fails_rests_and_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let rules = vec![
        rule("a-broken", "Event", "Scheduled"),
        rule("b-sound", "Syslog", "Scheduled"),
    ];
    let (scheduler, sink) = scheduler(folder.path(), rules);
    let report = scheduler.tick(now(), usize::MAX).await.unwrap();
    assert_eq!((report.runs, report.failures), (2, 1));
    assert_eq!(sink.alerts.load(Ordering::Relaxed), 1);
    assert!(!scheduler.is_due(now()), "it is tried again without a rest");
    let later = now().checked_add(SignedDuration::from_mins(1)).unwrap();
    let report = scheduler.tick(later, usize::MAX).await.unwrap();
    assert_eq!((report.runs, report.failures), (1, 1), "its window is kept");
}

#[tokio::test]
async fn a_tick_runs_no_more_windows_than_asked_for_and_says_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (scheduler, _) = scheduler(folder.path(), vec![rule("a", "Syslog", "Scheduled")]);
    let later = now().checked_add(SignedDuration::from_hours(5)).unwrap();
    let report = scheduler.tick(later, 2).await.unwrap();
    assert_eq!((report.runs, report.waiting, report.recent), (2, 4, 4));
    let report = scheduler.tick(later, usize::MAX).await.unwrap();
    assert_eq!((report.runs, report.waiting, report.recent), (4, 0, 0));
}

#[tokio::test]
async fn a_near_real_time_rule_sees_each_minute_once() {
    let folder = tempfile::tempdir().unwrap();
    let (scheduler, sink) = scheduler(folder.path(), vec![rule("n", "Syslog", "NRT")]);
    let touched = ("Syslog".to_owned(), minutes_ago(30), minutes_ago(30));
    scheduler.note_rows(&[touched]).unwrap();
    let report = scheduler.tick(now(), usize::MAX).await.unwrap();
    assert_eq!(
        (report.runs, report.alerts),
        (2, 1),
        "its own minute and the late row's"
    );
    assert_eq!(*sink.origins.lock(), [schema::AlertOrigin::Nrt]);
}
