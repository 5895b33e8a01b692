//! Rules over files, without storing them: the incident responder's folder of logs.
//!
//! [`Hunt::files`] reads the files once: Sigma rules see every record, and rows of the tables that
//! analytics rules read are held. [`Hunt::windows`] then runs the analytics rules over them.

mod analytics;
mod files;
mod locate;
mod plan;
mod rows;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use sigma::Level;

use crate::library::RuleLibrary;
use crate::queries::Queries;
use crate::rule::AnalyticsRule;

pub use locate::{LocateError, locate};
pub use rows::HuntRows;

use rows::WantedTables;

/// What to hunt in and for.
#[derive(Debug, Clone)]
pub struct HuntOptions {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Least level of matches; `None` for all.
    pub min_level: Option<Level>,
    /// First event time, inclusive.
    pub since: Option<Timestamp>,
    /// Last event time, exclusive.
    pub until: Option<Timestamp>,
    /// Worker threads.
    pub threads: usize,
    /// Bytes of rows held for analytics rules.
    pub memory_bytes: usize,
    /// Windows of one analytics rule at most: first those without a new row are left out, then the
    /// oldest.
    pub max_windows: usize,
    /// Time of the hunt; years of logs without one are chosen next to it.
    pub now: Timestamp,
}

/// A record of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRef {
    /// File, `archive!member` in archives.
    pub file: String,
    /// EventRecordID, else the number of the record in the file.
    pub record_id: u64,
}

/// One match of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HuntMatch {
    /// Rule id.
    pub rule_id: String,
    /// Rule title.
    pub rule: String,
    /// Sigma's level, or Sentinel's severity in lower case.
    pub level: String,
    /// File, `archive!member` in archives. For a result row of an analytics rule: of its record,
    /// else of the first record of the evidence, `""` when none can be told.
    pub file: String,
    /// EventRecordID, else the number of the record in the file; 0 where there is no file.
    pub record_id: u64,
    /// Event time, null when the record has none. For a result row its `TimeGenerated`, else the
    /// end of the window.
    pub time: Option<Timestamp>,
    /// `Computer`, or what the table has in its place.
    pub computer: String,
    /// `Channel`; for other logs product and service; for a result row without a channel the
    /// tables that its rule reads.
    pub channel: String,
    /// `EventID`, null where there is none.
    pub event_id: Json,
    /// The record's fields, or the result row without its empty columns.
    pub fields: Map<String, Json>,
    /// The records behind a result row that is not one itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<RecordRef>,
}

/// How far a hunt is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HuntProgress {
    /// Events read so far.
    pub events: u64,
    /// Bytes of the files done, as they lie on the disk.
    pub bytes: u64,
    /// Bytes of all files.
    pub bytes_total: u64,
    /// Windows run.
    pub windows: u64,
    /// Windows to run; 0 while files are read.
    pub windows_total: u64,
}

/// What a hunt came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HuntSummary {
    /// Events read.
    pub events: u64,
    /// Records that could not be decoded.
    pub rejects: u64,
    /// Matches reported.
    pub matches: u64,
    /// Matches by level.
    pub by_level: BTreeMap<String, u64>,
    /// Windows of analytics rules that were run.
    pub windows: u64,
    /// Records without a time of their own: analytics rules, whose windows are about time, don't
    /// see them.
    pub untimed: u64,
    /// Files with an error: name and reason.
    pub failures: Vec<(String, String)>,
    /// Rules that failed: name and reason.
    pub rule_failures: Vec<(String, String)>,
    /// What a limit left out, a sentence each.
    pub left_out: Vec<String>,
    /// What was not done because it can hardly matter, a sentence each.
    pub notes: Vec<String>,
    /// Inputs that are no logs: name and reason.
    pub skipped: Vec<(String, String)>,
}

impl HuntSummary {
    fn count(&mut self, found: &HuntMatch) {
        self.matches += 1;
        *self.by_level.entry(found.level.clone()).or_default() += 1;
    }

    /// Whether everything was looked at.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.rule_failures.is_empty() && self.left_out.is_empty()
    }
}

/// Takes matches.
pub type Report<'r> = &'r mut dyn FnMut(HuntMatch);

/// An analytics rule that takes part in a hunt.
struct HuntRule {
    rule: Arc<AnalyticsRule>,
    query: kql::plan::Query,
}

impl HuntRule {
    /// The tables it reads.
    fn tables(&self) -> Vec<String> {
        let reads = self.query.reads.iter();
        reads.map(|read| read.table.clone()).collect()
    }
}

/// A hunt that is ready to run.
pub struct Hunt<'a> {
    library: &'a RuleLibrary,
    queries: &'a Queries,
    options: &'a HuntOptions,
    analytics: Vec<HuntRule>,
}

impl<'a> Hunt<'a> {
    /// A hunt with the rules of `library`. Of `queries` the engine is used, and the tables for
    /// binding.
    pub fn new(library: &'a RuleLibrary, queries: &'a Queries, options: &'a HuntOptions) -> Self {
        let taking_part = |rule: &Arc<AnalyticsRule>| {
            let own_level = rule.overrides.severity_column.is_some();
            rule.enabled && (own_level || is_wanted(options, rule.severity.as_str()))
        };
        let analytics = library
            .analytics
            .iter()
            .filter(|rule| taking_part(rule))
            .filter_map(|rule| {
                Some(HuntRule {
                    rule: Arc::clone(rule),
                    query: queries.bind(&rule.query, options.now).query?,
                })
            })
            .collect();
        Self {
            library,
            queries,
            options,
            analytics,
        }
    }

    /// Reads the files. `report` gets every match of a Sigma rule, in no order between files;
    /// within a file in the order of its records.
    pub fn files(
        &self,
        report: Report<'_>,
        progress: &(dyn Fn(HuntProgress) + Sync),
    ) -> (HuntSummary, HuntRows) {
        let mut wanted = WantedTables::default();
        for hunted in &self.analytics {
            wanted.add(&hunted.query);
        }
        let rows = HuntRows::new(wanted, self.options.memory_bytes);
        files::read(
            &self.library.sigma,
            self.options,
            self.longest_period(),
            rows,
            report,
            progress,
        )
    }

    /// Runs the analytics rules over the rows of the files. `report` gets every result row of a
    /// window that fires, once for all windows that overlap, rule by rule in order of time.
    pub async fn windows(
        &self,
        rows: &HuntRows,
        summary: &mut HuntSummary,
        report: Report<'_>,
        progress: &(dyn Fn(HuntProgress) + Sync),
    ) {
        analytics::run(self, rows, summary, report, progress).await;
    }

    fn longest_period(&self) -> SignedDuration {
        let periods = self.analytics.iter().map(|hunted| hunted.rule.period);
        periods.max().unwrap_or_default()
    }
}

/// Whether matches of a level are asked for.
fn is_wanted(options: &HuntOptions, level: &str) -> bool {
    options
        .min_level
        .is_none_or(|least| Level::parse(level).is_none_or(|level| level >= least))
}

/// Whether an event time is asked for; a record without one is.
fn is_in_range(options: &HuntOptions, time: Option<Timestamp>) -> bool {
    let Some(time) = time else { return true };
    options.since.is_none_or(|since| time >= since)
        && options.until.is_none_or(|until| time < until)
}
