//! One run of an analytics rule over one window: the query, whether it fires, and its alerts. The
//! scheduler and rule tests share it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kql::plan::Query;
use schema::{Alert, AlertId, AlertOrigin, AlertQuery, EvidenceRef};
use serde_json::{Value as Json, json};

use crate::evidence;
use crate::mapping;
use crate::queries::{Queries, QueryContext, QueryError, QueryOptions};
use crate::result::ResultRows;
use crate::row_keys::RowKeys;
use crate::rule::{AnalyticsRule, RuleKind};
use crate::windows::Window;

/// Result rows of one run at most.
pub(crate) const ROWS_MAX: usize = 10_000;
/// Alerts of one run at most; beyond that, one more stands for the rest and says so.
const ALERTS_MAX: usize = 150;
/// Windows older than this are a backfill: their alerts stay out of response metrics.
const BACKFILL_AGE: SignedDuration = SignedDuration::from_hours(24);

/// A run that has its result.
pub(crate) struct WindowRun<'a> {
    rule: &'a AnalyticsRule,
    window: Window,
    now: Timestamp,
    query: Query,
    result: ResultRows,
    truncated: bool,
}

impl<'a> WindowRun<'a> {
    /// Runs the rule's query over a window; `now` is when the alerts come to be.
    ///
    /// # Errors
    /// [`QueryError`].
    pub(crate) async fn run(
        queries: &Queries,
        rule: &'a AnalyticsRule,
        window: Window,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let options = QueryOptions {
            range: Some((window.from, window.to)),
            max_rows: ROWS_MAX,
            timeout: Duration::from_secs(300),
            ..QueryOptions::new(now)
        };
        let context = QueryContext {
            who: rule.id.clone(),
            purpose: "rule",
        };
        let bound = queries.bind(&rule.query, window.to);
        let Some(query) = bound.query else {
            return Err(QueryError::Diagnostics(bound.diagnostics));
        };
        let outcome = queries
            .run_bound(&rule.query, &query, Vec::new(), &options, &context)
            .await?;
        Ok(Self {
            rule,
            window,
            now,
            query,
            result: outcome.result,
            truncated: outcome.truncated,
        })
    }

    /// Rows found.
    pub(crate) fn rows(&self) -> usize {
        self.result.rows.len()
    }

    /// What the query gave.
    pub(crate) fn result(&self) -> &ResultRows {
        &self.result
    }

    /// Whether there were more rows than a run takes.
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Every row with the key that makes it the same finding in another window.
    pub(crate) fn keyed_rows(&self) -> impl Iterator<Item = (String, &Vec<Json>)> {
        let keys = RowKeys::of(&self.query);
        let rows = self.result.rows.iter();
        rows.map(move |row| (keys.key(&self.result, row), row))
    }

    /// Whether the rule's trigger is met.
    pub(crate) fn fires(&self) -> bool {
        self.rule
            .operator
            .fires(self.rows() as u64, self.rule.threshold)
    }

    /// Rows by the key that makes them the same finding in another window: one group a key for
    /// `AlertPerResult`, one group for all otherwise.
    pub(crate) fn groups(&self) -> Vec<(String, Vec<&Vec<Json>>)> {
        let keys = RowKeys::of(&self.query);
        let rows = &self.result.rows;
        if !self.rule.alert_per_result {
            let mut parts: Vec<String> =
                rows.iter().map(|row| keys.key(&self.result, row)).collect();
            parts.sort();
            parts.dedup();
            return vec![(parts.join("\u{1e}"), rows.iter().collect())];
        }
        let mut groups: Vec<(String, Vec<&Vec<Json>>)> = Vec::new();
        for row in rows {
            let key = keys.key(&self.result, row);
            // Beyond the most there may be, the last alert stands for the rest.
            let known = groups.iter().position(|(known, _)| *known == key);
            let is_full = groups.len() >= ALERTS_MAX;
            match known.or(is_full.then(|| groups.len() - 1)) {
                Some(at) => groups[at].1.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        groups
    }

    /// The id of a finding that is new with this window.
    pub(crate) fn new_id(&self, key: &str) -> AlertId {
        AlertId::derive(&["rule", &self.rule.id, key, &self.window.to.to_string()])
    }

    /// The alert of one group of rows.
    pub(crate) async fn alert(&self, queries: &Queries, id: AlertId, rows: &[&Vec<Json>]) -> Alert {
        let rule = self.rule;
        let parts = mapping::parts(rule, &self.result, rows);
        let times = rows.iter().flat_map(|row| {
            [
                "TimeGenerated",
                "StartTime",
                "FirstSeen",
                "EndTime",
                "LastSeen",
            ]
            .iter()
            .filter_map(|column| self.result.time(row, column))
        });
        let (start_at, end_at) = span(times).unwrap_or((self.window.from, self.window.to));
        let mut custom_details = parts.custom_details;
        custom_details.insert("Rows".into(), json!([rows.len().to_string()]));
        if parts.entities_cut > 0 {
            custom_details.insert(
                "EntitiesNotListed".into(),
                json!([parts.entities_cut.to_string()]),
            );
        }
        Alert {
            id,
            origin: match rule.kind {
                RuleKind::Scheduled => AlertOrigin::Scheduled,
                RuleKind::Nrt => AlertOrigin::Nrt,
            },
            rule_id: rule.id.clone(),
            name: parts.name,
            description: parts.description,
            severity: parts.severity,
            confidence: None,
            vendor: "Watchfloor".into(),
            product: "Watchfloor".into(),
            provider: "Scheduled rules".into(),
            vendor_id: String::new(),
            created_at: self.now,
            received_at: self.now,
            start_at,
            end_at,
            tactics: parts.tactics,
            techniques: rule.techniques.clone(),
            entities: parts.entities,
            evidence: self.evidence(queries, rows).await,
            query: Some(AlertQuery {
                text: rule.query.clone(),
                from: self.window.from,
                to: self.window.to,
            }),
            custom_details,
            link: String::new(),
            remediation_steps: Vec::new(),
            grouping: rule.grouping.clone(),
            backfill: self.now.duration_since(self.window.to) > BACKFILL_AGE,
        }
    }

    /// The stored rows behind result rows.
    pub(crate) async fn evidence(
        &self,
        queries: &Queries,
        rows: &[&Vec<Json>],
    ) -> Vec<EvidenceRef> {
        let table = self
            .query
            .reads
            .first()
            .map_or("", |read| read.table.as_str());
        let only = |rows: Vec<Vec<Json>>| ResultRows {
            columns: self.result.columns.clone(),
            rows,
        };
        let direct = evidence::references(
            &only(rows.iter().map(|row| (*row).clone()).collect()),
            table,
        );
        if !direct.is_empty() {
            return direct;
        }
        let mut all = Vec::new();
        for row in rows.iter().take(10) {
            let Some(query) = evidence::behind(&self.query, &self.result, row) else {
                continue;
            };
            let options = QueryOptions {
                range: Some((self.window.from, self.window.to)),
                ..QueryOptions::new(self.now)
            };
            let context = QueryContext {
                who: self.rule.id.clone(),
                purpose: "evidence",
            };
            match queries
                .run_bound(&self.rule.query, &query, Vec::new(), &options, &context)
                .await
            {
                Ok(outcome) => all.extend(evidence::references(&outcome.result, table)),
                Err(error) => tracing::warn!(rule = self.rule.id, %error, "evidence query failed"),
            }
        }
        all.truncate(evidence::EVIDENCE_MAX);
        all
    }
}

fn span(times: impl Iterator<Item = Timestamp>) -> Option<(Timestamp, Timestamp)> {
    times.fold(None, |span, time| match span {
        None => Some((time, time)),
        Some((first, last)) => Some((first.min(time), last.max(time))),
    })
}
