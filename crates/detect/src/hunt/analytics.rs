//! The second pass of a hunt: analytics rules over the rows of the files, window by window, with
//! the scheduler's notion of what is the same finding.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::plan::{Plan, Wanted, plan};
use super::rows::HuntRows;
use super::{
    Hunt, HuntMatch, HuntProgress, HuntRule, HuntSummary, RecordRef, Report, is_in_range, is_wanted,
};
use crate::mapping;
use crate::queries::Queries;
use crate::result::{ResultRows, cell_text};
use crate::rule::AnalyticsRule;
use crate::window_run::WindowRun;
use crate::windows::Window;

/// Rows of one window whose evidence is looked up; each costs a query.
const EVIDENCE_ROWS: usize = 150;

/// Columns that name the machine, in the tables' various words.
const COMPUTER: &[&str] = &["Computer", "DeviceName", "DvcHostname", "HostName"];

/// Runs all rules.
pub(super) async fn run(
    hunt: &Hunt<'_>,
    rows: &HuntRows,
    summary: &mut HuntSummary,
    report: Report<'_>,
    progress: &(dyn Fn(HuntProgress) + Sync),
) {
    let plans: Vec<Plan> = hunt
        .analytics
        .iter()
        .map(|hunted| planned(hunt, hunted, rows))
        .collect();
    let windows_total = plans.iter().map(|plan| plan.windows.len() as u64).sum();
    for (hunted, plan) in hunt.analytics.iter().zip(plans) {
        if plan.stale > 0 {
            summary.notes.push(format!(
                "{}: {} windows without a new row were not run (--max-windows)",
                hunted.rule.name, plan.stale
            ));
        }
        if plan.left_out > 0 {
            let newest = plan.windows.len();
            summary.left_out.push(format!(
                "{}: only the newest {newest} windows were run, {} older ones were not; raise \
                 --max-windows, or hunt in a shorter time with --since and --until",
                hunted.rule.name, plan.left_out
            ));
        }
        let mut run = RuleRun {
            hunt,
            rule: &hunted.rule,
            tables: hunted.tables(),
            rows,
            raised: HashMap::new(),
            suppressed_until: None,
            truncated: false,
        };
        let before = summary.windows;
        for window in &plan.windows {
            summary.windows += 1;
            let mut found = Vec::new();
            let outcome = run.window(*window, &mut found).await;
            for found in found {
                summary.count(&found);
                report(found);
            }
            if let Err(reason) = outcome {
                let reason = format!(
                    "the window from {} to {} failed, later ones were not run: {reason}",
                    window.from, window.to
                );
                summary
                    .rule_failures
                    .push((hunted.rule.name.clone(), reason));
                break;
            }
            progress(HuntProgress {
                events: summary.events,
                windows: summary.windows,
                windows_total,
                ..HuntProgress::default()
            });
        }
        if run.truncated {
            summary.left_out.push(format!(
                "{}: some of its {} windows gave more than {} rows; those beyond are not reported",
                hunted.rule.name,
                summary.windows - before,
                crate::window_run::ROWS_MAX
            ));
        }
    }
}

fn planned(hunt: &Hunt<'_>, hunted: &HuntRule, rows: &HuntRows) -> Plan {
    let rule = &hunted.rule;
    let wanted = Wanted {
        frequency: rule.frequency,
        period: rule.period,
        since: hunt.options.since,
        until: hunt.options.until,
        empty_too: rule.operator.fires(0, rule.threshold),
        most: hunt.options.max_windows,
    };
    plan(&rows.seconds(&hunted.tables()), &wanted)
}

struct RuleRun<'a> {
    hunt: &'a Hunt<'a>,
    rule: &'a AnalyticsRule,
    tables: Vec<String>,
    rows: &'a HuntRows,
    /// Findings so far, and the end of the last window that had them.
    raised: HashMap<String, Timestamp>,
    suppressed_until: Option<Timestamp>,
    /// Some window had more rows than a run takes.
    truncated: bool,
}

impl RuleRun<'_> {
    /// Runs one window; findings that no overlapping window had before go to `found`.
    async fn window(&mut self, window: Window, found: &mut Vec<HuntMatch>) -> Result<(), String> {
        let tables = self
            .rows
            .in_window(&self.tables, window)
            .map_err(|error| error.to_string())?;
        let queries = self.hunt.queries.over(Arc::new(tables));
        let run = WindowRun::run(&queries, self.rule, window, self.hunt.options.now)
            .await
            .map_err(|error| error.explained())?;
        self.truncated |= run.is_truncated();
        let is_suppressed = self.suppressed_until.is_some_and(|until| window.to < until);
        if !run.fires() || is_suppressed {
            return Ok(());
        }
        let nothing = Vec::new();
        let mut keyed: Vec<(String, &Vec<Json>)> = run.keyed_rows().collect();
        if keyed.is_empty() && !self.rule.alert_per_result {
            // A rule that fires on silence has a finding without a row.
            keyed.push((String::new(), &nothing));
        }
        let new: Vec<bool> = keyed
            .iter()
            .map(|(key, _)| !self.is_known(key, window))
            .collect();
        let mut looked_up = 0;
        for ((key, row), is_new) in keyed.into_iter().zip(new) {
            self.raised.insert(key, window.to);
            if !is_new {
                continue;
            }
            if let Some(pause) = self.rule.suppression {
                self.suppressed_until = window.to.checked_add(pause).ok();
            }
            let mut one = self.found(run.result(), row, window);
            if !is_wanted(self.hunt.options, &one.level) || !self.is_in_range(run.result(), row) {
                continue;
            }
            looked_up += 1;
            if looked_up <= EVIDENCE_ROWS {
                self.trace(&queries, &run, row, &mut one).await;
            }
            found.push(one);
        }
        Ok(())
    }

    fn is_known(&self, key: &str, window: Window) -> bool {
        self.raised
            .get(key)
            .is_some_and(|last| self.rule.overlap(window.to, *last))
    }

    /// A row is in range by its own time; one without is, since its window is.
    fn is_in_range(&self, result: &ResultRows, row: &[Json]) -> bool {
        is_in_range(self.hunt.options, result.time(row, "TimeGenerated"))
    }

    fn found(&self, result: &ResultRows, row: &Vec<Json>, window: Window) -> HuntMatch {
        let first_of = |columns: &[&str]| {
            let texts = columns.iter().map(|column| result.text(row, column));
            texts.into_iter().find(|text| !text.is_empty())
        };
        let channel = first_of(&["Channel", "EventLog", "Type"]);
        let severity = mapping::parts(self.rule, result, &[row]).severity;
        HuntMatch {
            rule_id: self.rule.id.clone(),
            rule: self.rule.name.clone(),
            level: severity.as_str().to_ascii_lowercase(),
            file: String::new(),
            record_id: 0,
            time: Some(result.time(row, "TimeGenerated").unwrap_or(window.to)),
            computer: first_of(COMPUTER).unwrap_or_default(),
            channel: channel.unwrap_or_else(|| self.tables.join(", ")),
            event_id: result.cell(row, "EventID").clone(),
            fields: fields(result, row),
            evidence: Vec::new(),
        }
    }

    /// Finds the record that the row is, or the records behind it.
    async fn trace(
        &self,
        queries: &Queries,
        run: &WindowRun<'_>,
        row: &Vec<Json>,
        found: &mut HuntMatch,
    ) {
        let record = |item_id: &str| {
            let (file, record_id) = self.rows.origin(item_id)?;
            let file = file.to_owned();
            Some(RecordRef { file, record_id })
        };
        let own = record(&run.result().text(row, "_ItemId"));
        let mut evidence: Vec<RecordRef> = match own {
            Some(_) => Vec::new(),
            None => {
                let behind = run.evidence(queries, &[row]).await;
                behind.iter().filter_map(|r| record(&r.item_id)).collect()
            }
        };
        evidence.sort_by(|a, b| (&a.file, a.record_id).cmp(&(&b.file, b.record_id)));
        evidence.dedup();
        if let Some(first) = own.as_ref().or(evidence.first()) {
            found.file = first.file.clone();
            found.record_id = first.record_id;
        }
        found.evidence = evidence;
    }
}

/// The row by column, without what is empty.
fn fields(result: &ResultRows, row: &[Json]) -> Map<String, Json> {
    let columns = result.columns.iter().zip(row);
    columns
        .filter(|(_, cell)| !cell_text(cell).is_empty())
        .map(|((name, _), cell)| (name.clone(), cell.clone()))
        .collect()
}
