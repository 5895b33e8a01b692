//! Scheduled analytics rules: each nominal window runs, late rows make it run again, and the same
//! finding in overlapping windows is one alert.
//!
//! A rule's first window ends when it is first seen (less the run delay); the others lie a whole
//! number of frequencies before and after. Rows that arrive for a window that already ran make it
//! dirty and it runs again, so that downtime, late data and data brought in later lose nothing.
//! Windows of the last 24 hours come first; older ones (a backfill) run a few at a time whenever
//! nothing else waits.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use schema::AlertId;
use serde_json::json;

use crate::journal::Journal;
use crate::queries::{Queries, QueryError};
use crate::rule::{AnalyticsRule, RuleKind};
use crate::schedule_state::{Raised, RuleSchedule, ScheduleState, StateError};
use crate::sink::{AlertSink, SinkError};
use crate::window_run::WindowRun;
use crate::windows::{Timetable, Window};

/// Windows of one rule that one batch of rows can make dirty: the newest so many.
const DIRTY_MAX: usize = 2_000;
/// Windows that ended longer ago are a backfill.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// Backfill windows of one rule that one tick runs.
const BACKFILL_WINDOWS: usize = 8;
/// Rest of a rule after its first failed run, and the longest.
const REST_MIN: SignedDuration = SignedDuration::from_mins(1);
const REST_MAX: SignedDuration = SignedDuration::from_hours(1);
/// A finding is remembered for its rule's period and this much longer, so that late rows still
/// find its alert.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Why a tick stopped. What it did before stays done.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The receiver of alerts.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Windows run.
    pub runs: u64,
    /// Runs that failed.
    pub failures: u64,
    /// Alerts raised or updated.
    pub alerts: u64,
    /// Windows that still wait and can run at once; those of a rule whose run failed here too.
    pub waiting: u64,
    /// Those of them that are no backfill.
    pub recent: u64,
}

struct Scheduled {
    rule: Arc<AnalyticsRule>,
    tables: Vec<String>,
}

/// What note-taking and running share; held for moments only, never over a query.
struct Shared {
    rules: Vec<Arc<Scheduled>>,
    state: ScheduleState,
    running: Option<Running>,
    /// Rules whose last run failed.
    resting: HashMap<String, Resting>,
}

/// A rule that rests after a failed run, so that it doesn't hold up the others.
struct Resting {
    until: Timestamp,
    /// The next rest, should it fail again.
    next: SignedDuration,
}

/// The window that runs now.
struct Running {
    rule: String,
    window: Window,
    /// Rows came for it: its query may not have seen them, so it runs once more.
    touched: bool,
}

/// Runs scheduled rules. The clock is an argument. Rows can be noted while a tick runs.
pub struct Scheduler {
    shared: Mutex<Shared>,
    /// Held by the one tick that runs.
    ticking: tokio::sync::Mutex<()>,
    path: PathBuf,
    queries: Queries,
    journal: Journal,
    sink: Arc<dyn AlertSink>,
}

impl Scheduler {
    /// A scheduler with its state in the file `path`.
    ///
    /// # Errors
    /// [`StateError`] when the file can't be read.
    pub fn open(
        path: PathBuf,
        queries: Queries,
        journal: Journal,
        sink: Arc<dyn AlertSink>,
    ) -> Result<Self, StateError> {
        Ok(Self {
            shared: Mutex::new(Shared {
                rules: Vec::new(),
                state: ScheduleState::load(&path)?,
                running: None,
                resting: HashMap::new(),
            }),
            ticking: tokio::sync::Mutex::default(),
            path,
            queries,
            journal,
            sink,
        })
    }

    /// Replaces the rules. A rule seen for the first time gets its anchor now.
    pub fn set_rules(&self, rules: &[Arc<AnalyticsRule>], now: Timestamp) {
        let mut scheduled = Vec::new();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            let Some(query) = self.queries.bind(&rule.query, now).query else {
                continue;
            };
            scheduled.push(Arc::new(Scheduled {
                tables: query.reads.iter().map(|read| read.table.clone()).collect(),
                rule: Arc::clone(rule),
            }));
        }
        let mut shared = self.shared.lock();
        for scheduled in &scheduled {
            let rule = &scheduled.rule;
            let anchor = now.checked_sub(rule.delay()).unwrap_or(now);
            let schedules = &mut shared.state.rules;
            schedules
                .entry(rule.id.clone())
                .or_insert_with(|| RuleSchedule::new(anchor, rule.frequency));
        }
        shared.rules = scheduled;
        shared.resting.clear();
    }

    /// Hears that a table got rows with event times in `[first, last]`. Durable when it returns.
    ///
    /// # Errors
    /// [`StateError`] when the state can't be saved.
    pub fn note_rows(&self, touched: &[(String, Timestamp, Timestamp)]) -> Result<(), StateError> {
        let mut shared = self.shared.lock();
        let Shared {
            rules,
            state,
            running,
            ..
        } = &mut *shared;
        let mut changed = false;
        for scheduled in rules.iter() {
            let Some(schedule) = state.rules.get_mut(&scheduled.rule.id) else {
                continue;
            };
            let timetable = timetable(&scheduled.rule, schedule);
            let mut running = running.as_mut().filter(|r| r.rule == scheduled.rule.id);
            let begun = running.as_ref().map_or(Timestamp::MIN, |r| r.window.to);
            let until = schedule.done_until.max(begun);
            for (table, first, last) in touched {
                if !scheduled.tables.contains(table) {
                    continue;
                }
                for window in timetable.touching(*first, *last, until, DIRTY_MAX) {
                    changed |= schedule.dirty.insert(window.to);
                    if let Some(running) = running.as_mut().filter(|r| r.window == window) {
                        running.touched = true;
                    }
                }
            }
        }
        match changed {
            true => state.save(&self.path),
            false => Ok(()),
        }
    }

    /// End of the last window that ran, by rule id. A rule that never ran is left out.
    pub fn last_runs(&self) -> HashMap<String, Timestamp> {
        let shared = self.shared.lock();
        let rules = shared.state.rules.iter();
        rules
            .filter_map(|(id, schedule)| Some((id.clone(), schedule.last_run?)))
            .collect()
    }

    /// Whether some window waits to run at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let shared = self.shared.lock();
        shared
            .rules
            .iter()
            .any(|scheduled| !shared.due(&scheduled.rule, now).is_empty())
    }

    /// Runs recent windows that are due at `now`, at most `limit` of them, oldest first within a
    /// rule; when there is none, some of the backfill.
    ///
    /// # Errors
    /// [`ScheduleError`] when alerts or state can't be stored; the windows concerned run again at
    /// the next tick. A query that fails is recorded, its window stays due, and its rule rests for
    /// a minute, longer each time.
    pub async fn tick(&self, now: Timestamp, limit: usize) -> Result<TickReport, ScheduleError> {
        let _alone = self.ticking.lock().await;
        let recent = self
            .run_where(now, limit, usize::MAX, |age| age <= RECENT)
            .await?;
        if recent.runs > 0 {
            return Ok(recent);
        }
        self.run_where(now, limit, BACKFILL_WINDOWS, |age| age > RECENT)
            .await
    }

    async fn run_where(
        &self,
        now: Timestamp,
        limit: usize,
        limit_of_rule: usize,
        wanted: impl Fn(SignedDuration) -> bool,
    ) -> Result<TickReport, ScheduleError> {
        let mut report = TickReport::default();
        let rules = self.shared.lock().rules.clone();
        let mut left = limit;
        for scheduled in rules {
            let rule = &scheduled.rule;
            let mut windows = self.shared.lock().due(rule, now);
            report.waiting += windows.len() as u64;
            let age = |window: &Window| now.duration_since(window.to);
            report.recent += windows.iter().filter(|w| age(w) <= RECENT).count() as u64;
            windows.retain(|window| wanted(age(window)));
            windows.truncate(limit_of_rule.min(left));
            left -= windows.len();
            if windows.is_empty() {
                continue;
            }
            for window in windows {
                report.runs += 1;
                match self.run(rule, window, now).await? {
                    Some(alerts) => {
                        report.alerts += alerts;
                        report.waiting -= 1;
                        report.recent -= u64::from(age(&window) <= RECENT);
                    }
                    // A window that failed keeps its place; later ones wait for it.
                    None => {
                        report.failures += 1;
                        break;
                    }
                }
            }
            self.shared.lock().state.save(&self.path)?;
        }
        Ok(report)
    }

    /// Runs one window; `None` when its query failed.
    async fn run(
        &self,
        rule: &AnalyticsRule,
        window: Window,
        now: Timestamp,
    ) -> Result<Option<u64>, ScheduleError> {
        self.shared.lock().running = Some(Running {
            rule: rule.id.clone(),
            window,
            touched: false,
        });
        let outcome = WindowRun::run(&self.queries, rule, window, now).await;
        self.health(rule, window, now, &outcome);
        let run = match outcome {
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(rule = rule.id, %error, "rule run failed");
                self.shared.lock().rest(&rule.id, now);
                return Ok(None);
            }
        };
        let suppressed = self
            .schedule(&rule.id, |schedule| schedule.suppressed_until)
            .is_some_and(|until| window.to < until);
        let mut raised = 0;
        if run.fires() && !suppressed {
            raised = self.raise(&run, rule, window).await?;
        }
        self.done(rule, window, raised);
        Ok(Some(raised))
    }

    /// Remembers that a window ran.
    fn done(&self, rule: &AnalyticsRule, window: Window, raised: u64) {
        let mut shared = self.shared.lock();
        let again = shared.running.take().is_some_and(|r| r.touched);
        shared.resting.remove(&rule.id);
        let Some(schedule) = shared.state.rules.get_mut(&rule.id) else {
            return;
        };
        if !again {
            schedule.dirty.remove(&window.to);
        }
        schedule.done_until = schedule.done_until.max(window.to);
        schedule.last_run = schedule.last_run.max(Some(window.to));
        if raised > 0
            && let Some(pause) = rule.suppression
        {
            schedule.suppressed_until = window.to.checked_add(pause).ok();
        }
        if schedule.dirty.is_empty() {
            let oldest = schedule
                .done_until
                .checked_sub(rule.period + REMEMBERED)
                .unwrap_or(Timestamp::MIN);
            schedule.raised.retain(|_, raised| raised.last_to >= oldest);
        }
    }

    fn schedule<T>(&self, id: &str, read: impl FnOnce(&RuleSchedule) -> Option<T>) -> Option<T> {
        self.shared.lock().state.rules.get(id).and_then(read)
    }

    async fn raise(
        &self,
        run: &WindowRun<'_>,
        rule: &AnalyticsRule,
        window: Window,
    ) -> Result<u64, ScheduleError> {
        let mut count = 0;
        for (key, rows) in run.groups() {
            let known = self.known_id(rule, window, &key);
            let id = known.unwrap_or_else(|| run.new_id(&key));
            if known.is_none() {
                let alert = run.alert(&self.queries, id, &rows).await;
                self.sink.raise(alert).await?;
                count += 1;
            }
            if let Some(schedule) = self.shared.lock().state.rules.get_mut(&rule.id) {
                let last_to = schedule
                    .raised
                    .get(&key)
                    .map_or(window.to, |r| r.last_to.max(window.to));
                schedule.raised.insert(key, Raised { id, last_to });
            }
        }
        Ok(count)
    }

    /// The id that the key has in windows overlapping this one.
    fn known_id(&self, rule: &AnalyticsRule, window: Window, key: &str) -> Option<AlertId> {
        self.schedule(&rule.id, |schedule| {
            schedule
                .raised
                .get(key)
                .filter(|raised| rule.overlap(window.to, raised.last_to))
                .map(|raised| raised.id)
        })
    }

    fn health(
        &self,
        rule: &AnalyticsRule,
        window: Window,
        now: Timestamp,
        outcome: &Result<WindowRun<'_>, QueryError>,
    ) {
        let Some(mut row) = Journal::row("SentinelHealth", now) else {
            return;
        };
        row.set("OperationName", "Scheduled analytics rule run");
        row.set("SentinelResourceId", rule.id.as_str());
        row.set("SentinelResourceName", rule.name.as_str());
        row.set("SentinelResourceType", "Analytics Rule");
        row.set(
            "SentinelResourceKind",
            match rule.kind {
                RuleKind::Scheduled => "Scheduled",
                RuleKind::Nrt => "NRT",
            },
        );
        let (status, detail) = match outcome {
            Ok(run) => ("Success", format!("{} rows", run.rows())),
            Err(error) => ("Failure", error.to_string()),
        };
        row.set("Status", status);
        row.set("Description", detail);
        row.set(
            "ExtendedProperties",
            json!({
                "QueryStartTimeUTC": window.from, "QueryEndTimeUTC": window.to,
                "QueryResultAmount": outcome.as_ref().map_or(0, WindowRun::rows),
            }),
        );
        self.journal.add(row);
    }
}

fn timetable(rule: &AnalyticsRule, schedule: &RuleSchedule) -> Timetable {
    Timetable {
        anchor: schedule.anchor,
        frequency: rule.frequency,
        period: rule.period,
    }
}

impl Shared {
    /// Windows of a rule that wait; none while it rests.
    fn due(&self, rule: &AnalyticsRule, now: Timestamp) -> Vec<Window> {
        let rests = self.resting.get(&rule.id).is_some_and(|r| now < r.until);
        match self.state.rules.get(&rule.id) {
            Some(schedule) if !rests => due(rule, schedule, now),
            _ => Vec::new(),
        }
    }

    fn rest(&mut self, rule: &str, now: Timestamp) {
        self.running = None;
        let time = self.resting.get(rule).map_or(REST_MIN, |r| r.next);
        let resting = Resting {
            until: now.checked_add(time).unwrap_or(Timestamp::MAX),
            next: (time * 2).min(REST_MAX),
        };
        self.resting.insert(rule.to_owned(), resting);
    }
}

/// Windows that wait: dirty ones, and those whose time has come.
fn due(rule: &AnalyticsRule, schedule: &RuleSchedule, now: Timestamp) -> Vec<Window> {
    let until = now.checked_sub(rule.delay()).unwrap_or(now);
    let mut windows: Vec<Window> = schedule
        .dirty
        .iter()
        .filter_map(|to| {
            Some(Window {
                to: *to,
                from: to.checked_sub(rule.period).ok()?,
            })
        })
        .collect();
    windows.extend(timetable(rule, schedule).between(schedule.done_until, until));
    windows.sort();
    windows.dedup();
    windows
}
