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
use schema::AlertId;
use serde_json::json;

use crate::journal::Journal;
use crate::queries::{Queries, QueryError};
use crate::rule::AnalyticsRule;
use crate::schedule_state::{Raised, RuleSchedule, ScheduleState, StateError};
use crate::sink::{AlertSink, SinkError};
use crate::window_run::WindowRun;
use crate::windows::{RUN_DELAY, Timetable, Window};

/// Windows of one rule that one batch of rows can make dirty: the newest so many.
const DIRTY_MAX: usize = 2_000;
/// Windows that ended longer ago are a backfill.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// Backfill windows of one rule that one tick runs.
const BACKFILL_WINDOWS: usize = 8;
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
    /// Backfill windows that still wait.
    pub waiting: u64,
}

struct Scheduled {
    rule: Arc<AnalyticsRule>,
    tables: Vec<String>,
}

/// Runs scheduled rules. The clock is an argument.
pub struct Scheduler {
    rules: Vec<Scheduled>,
    state: ScheduleState,
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
            rules: Vec::new(),
            state: ScheduleState::load(&path)?,
            path,
            queries,
            journal,
            sink,
        })
    }

    /// Replaces the rules. A rule seen for the first time gets its anchor now.
    pub fn set_rules(&mut self, rules: &[Arc<AnalyticsRule>], now: Timestamp) {
        self.rules.clear();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            let Some(query) = self.queries.bind(&rule.query, now).query else {
                continue;
            };
            let anchor = now.checked_sub(RUN_DELAY).unwrap_or(now);
            let first = anchor.checked_sub(rule.frequency).unwrap_or(anchor);
            self.state
                .rules
                .entry(rule.id.clone())
                .or_insert_with(|| RuleSchedule {
                    anchor,
                    done_until: first,
                    dirty: Default::default(),
                    suppressed_until: None,
                    raised: Default::default(),
                });
            self.rules.push(Scheduled {
                tables: query.reads.iter().map(|read| read.table.clone()).collect(),
                rule: Arc::clone(rule),
            });
        }
    }

    /// Hears that a table got rows with event times in `[first, last]`. Durable when it returns.
    ///
    /// # Errors
    /// [`StateError`] when the state can't be saved.
    pub fn note_rows(
        &mut self,
        touched: &[(String, Timestamp, Timestamp)],
    ) -> Result<(), StateError> {
        let mut changed = false;
        for scheduled in &self.rules {
            let Some(schedule) = self.state.rules.get_mut(&scheduled.rule.id) else {
                continue;
            };
            let timetable = timetable(&scheduled.rule, schedule);
            for (table, first, last) in touched {
                if !scheduled.tables.contains(table) {
                    continue;
                }
                for window in timetable.touching(*first, *last, schedule.done_until, DIRTY_MAX) {
                    changed |= schedule.dirty.insert(window.to);
                }
            }
        }
        if changed {
            self.state.save(&self.path)
        } else {
            Ok(())
        }
    }

    /// End of the last window that ran, by rule id.
    pub fn last_runs(&self) -> HashMap<String, Timestamp> {
        let rules = self.state.rules.iter();
        rules
            .map(|(id, schedule)| (id.clone(), schedule.done_until))
            .collect()
    }

    /// Whether some window waits to run at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.rules.iter().any(|scheduled| {
            self.state
                .rules
                .get(&scheduled.rule.id)
                .is_some_and(|schedule| !due(&scheduled.rule, schedule, now).is_empty())
        })
    }

    /// Runs every recent window that is due at `now`, oldest first within a rule; when there is
    /// none, some of the backfill.
    ///
    /// # Errors
    /// [`ScheduleError`] when alerts or state can't be stored; the windows concerned run again at
    /// the next tick. A query that fails is recorded and its window stays due.
    pub async fn tick(&mut self, now: Timestamp) -> Result<TickReport, ScheduleError> {
        let recent = self.run_where(now, usize::MAX, |age| age <= RECENT).await?;
        if recent.runs > 0 {
            return Ok(recent);
        }
        self.run_where(now, BACKFILL_WINDOWS, |age| age > RECENT)
            .await
    }

    async fn run_where(
        &mut self,
        now: Timestamp,
        limit: usize,
        wanted: impl Fn(SignedDuration) -> bool,
    ) -> Result<TickReport, ScheduleError> {
        let mut report = TickReport::default();
        for at in 0..self.rules.len() {
            let rule = Arc::clone(&self.rules[at].rule);
            let mut windows = match self.state.rules.get(&rule.id) {
                Some(schedule) => due(&rule, schedule, now),
                None => continue,
            };
            report.waiting += windows.len() as u64;
            windows.retain(|window| wanted(now.duration_since(window.to)));
            windows.truncate(limit);
            if windows.is_empty() {
                continue;
            }
            report.waiting -= windows.len() as u64;
            for window in windows {
                report.runs += 1;
                match self.run(at, window, now).await? {
                    Some(alerts) => report.alerts += alerts,
                    // A window that failed keeps its place; later ones wait for it.
                    None => {
                        report.failures += 1;
                        break;
                    }
                }
            }
            self.state.save(&self.path)?;
        }
        Ok(report)
    }

    /// Runs one window; `None` when its query failed.
    async fn run(
        &mut self,
        at: usize,
        window: Window,
        now: Timestamp,
    ) -> Result<Option<u64>, ScheduleError> {
        let rule = Arc::clone(&self.rules[at].rule);
        let queries = self.queries.clone();
        let outcome = WindowRun::run(&queries, &rule, window, now).await;
        self.health(&rule, window, now, &outcome);
        let run = match outcome {
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(rule = rule.id, %error, "rule run failed");
                return Ok(None);
            }
        };
        let suppressed = self
            .schedule(&rule.id)
            .and_then(|s| s.suppressed_until)
            .is_some_and(|until| window.to < until);
        let mut raised = 0;
        if run.fires() && !suppressed {
            raised = self.raise(&run, &rule, window).await?;
        }
        if let Some(schedule) = self.state.rules.get_mut(&rule.id) {
            schedule.dirty.remove(&window.to);
            schedule.done_until = schedule.done_until.max(window.to);
            if raised > 0
                && let Some(pause) = rule.suppression
            {
                schedule.suppressed_until = window.to.checked_add(pause).ok();
            }
            let oldest = schedule
                .done_until
                .checked_sub(rule.period + REMEMBERED)
                .unwrap_or(Timestamp::MIN);
            if schedule.dirty.is_empty() {
                schedule.raised.retain(|_, raised| raised.last_to >= oldest);
            }
        }
        Ok(Some(raised))
    }

    fn schedule(&self, id: &str) -> Option<&RuleSchedule> {
        self.state.rules.get(id)
    }

    async fn raise(
        &mut self,
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
            if let Some(schedule) = self.state.rules.get_mut(&rule.id) {
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
        self.schedule(&rule.id)
            .and_then(|schedule| schedule.raised.get(key))
            .filter(|raised| window.to.duration_since(raised.last_to).abs() < rule.period)
            .map(|raised| raised.id)
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
        row.set("SentinelResourceKind", "Scheduled");
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

/// Windows that wait: dirty ones, and those whose time has come.
fn due(rule: &AnalyticsRule, schedule: &RuleSchedule, now: Timestamp) -> Vec<Window> {
    let until = now.checked_sub(RUN_DELAY).unwrap_or(now);
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
