//! The stream matcher: every stored record passes the Sigma rules, native alerts pass through,
//! and the scheduler hears which tables got rows of which time.
//!
//! It reads the lake's log with a durable cursor. A frame's alerts are stored before the cursor
//! moves, and alert ids are derived from the rows, so that a crash neither skips nor repeats one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use jiff::{SignedDuration, Timestamp};
use lake::Frame;
use schema::{
    Alert, AlertId, AlertOrigin, AlertQuery, Catalog, Entity, EvidenceRef, IncidentGrouping,
    LogSource, NATIVE_COLUMN, Severity, TimeQuality, alert_from_row,
};
use serde_json::{Map, Value as Json, json};
use sigma::{RuleSet, Scratch};

use crate::batch_rows;
use crate::event_entities;
use crate::mapping::push;

/// Source name of frames that Watchfloor writes itself; they raise no alerts.
pub const OWN_SOURCE: &str = "watchfloor";

/// Rows that one alert lists as evidence; the count of all is in its custom details.
const EVIDENCE_MAX: usize = 100;

/// Matches of one rule about the same entities within this span of event time are one alert.
const BUCKET: SignedDuration = SignedDuration::from_hours(1);

/// What a frame gives rise to.
#[derive(Debug, Default)]
pub struct FrameFindings {
    /// Alerts, in the order of their first event.
    pub alerts: Vec<Alert>,
    /// Tables that got rows, with the spans their event times lie in.
    pub touched: Vec<(String, Timestamp, Timestamp)>,
}

/// Finds alerts in frames. Holds scratch memory; one per stream.
pub struct StreamMatcher {
    rules: Arc<RuleSet>,
    scratch: Scratch,
}

impl StreamMatcher {
    /// A matcher over some rules.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            rules,
            scratch: Scratch::default(),
        }
    }

    /// Replaces the rules, from the next frame on.
    pub fn set_rules(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
        self.scratch = Scratch::default();
    }

    /// Looks at one frame.
    pub fn frame(&mut self, frame: &Frame, now: Timestamp) -> FrameFindings {
        let mut findings = FrameFindings::default();
        if frame.source == OWN_SOURCE {
            return findings;
        }
        let mut matches = Matches::default();
        for (table, batch) in &frame.batches {
            for (first, last) in batch_rows::time_spans(batch) {
                findings.touched.push((table.clone(), first, last));
            }
            if table == "SecurityAlert" {
                findings.alerts.extend(native_alerts(batch, frame.received));
            } else {
                self.batch(table, batch, &mut matches);
            }
        }
        let sigma_alerts = matches.alerts(&self.rules, frame.received, now);
        findings.alerts.extend(sigma_alerts);
        findings.alerts.sort_by_key(|alert| alert.start_at);
        findings
    }

    fn batch(&mut self, table: &str, batch: &RecordBatch, matches: &mut Matches) {
        for row in 0..batch.num_rows() {
            let native = batch_rows::text(batch, NATIVE_COLUMN, row);
            if native.len() < 3 {
                continue;
            }
            // A native record is written by ourselves; one that doesn't read has no fields.
            let Ok(mut fields) = serde_json::from_str::<Map<String, Json>>(native) else {
                continue;
            };
            let log_source = take_log_source(&mut fields);
            let mut hits = Vec::new();
            self.rules
                .matches(&log_source, &fields, &mut self.scratch, |rule| {
                    hits.push(rule)
                });
            for rule in hits {
                matches.add(rule, table, batch, row, &fields);
            }
        }
    }
}

/// Takes the log source out of a native record, where intake put it.
pub(crate) fn take_log_source(fields: &mut Map<String, Json>) -> LogSource {
    let facts = fields.shift_remove("__watchfloor").unwrap_or_default();
    let text = |key: &str| facts[key].as_str().unwrap_or_default().to_owned();
    LogSource {
        product: text("product"),
        service: text("service"),
        category: text("category"),
    }
}

fn native_alerts(batch: &RecordBatch, received: Timestamp) -> Vec<Alert> {
    let Some(table) = Catalog::builtin().table("SecurityAlert") else {
        return Vec::new();
    };
    (0..batch.num_rows())
        .map(|at| {
            let row = batch_rows::row(batch, table, at);
            let mut alert = alert_from_row(&row, received);
            alert.backfill = TimeQuality::of(alert.created_at, received) == TimeQuality::Late;
            alert.evidence = vec![EvidenceRef {
                table: "SecurityAlert".into(),
                item_id: row.text("_ItemId").to_owned(),
                time: alert.created_at,
            }];
            alert
        })
        .collect()
}

/// Matches of one frame, grouped into alerts.
#[derive(Default)]
struct Matches {
    groups: BTreeMap<(sigma::RuleIdx, String, i64), Group>,
}

struct Group {
    entities: Vec<Entity>,
    evidence: Vec<EvidenceRef>,
    count: u64,
    start: Timestamp,
    end: Timestamp,
}

impl Matches {
    fn add(
        &mut self,
        rule: sigma::RuleIdx,
        table: &str,
        batch: &RecordBatch,
        row: usize,
        native: &Map<String, Json>,
    ) {
        let time = batch_rows::time(batch, "TimeGenerated", row).unwrap_or(Timestamp::UNIX_EPOCH);
        let entities = event_entities::of_batch_row(table, batch, row, native);
        let mut keys: Vec<String> = entities.iter().flat_map(Entity::strong_keys).collect();
        keys.sort();
        let bucket = time.as_second().div_euclid(BUCKET.as_secs());
        let group = self
            .groups
            .entry((rule, keys.join(" "), bucket))
            .or_insert_with(|| Group {
                entities: Vec::new(),
                evidence: Vec::new(),
                count: 0,
                start: time,
                end: time,
            });
        entities
            .into_iter()
            .for_each(|entity| push(&mut group.entities, entity));
        if group.evidence.len() < EVIDENCE_MAX {
            group.evidence.push(EvidenceRef {
                table: table.to_owned(),
                item_id: batch_rows::text(batch, "_ItemId", row).to_owned(),
                time,
            });
        }
        group.count += 1;
        group.start = group.start.min(time);
        group.end = group.end.max(time);
    }

    fn alerts(self, rules: &RuleSet, received: Timestamp, now: Timestamp) -> Vec<Alert> {
        self.groups
            .into_iter()
            .filter_map(|((idx, keys, bucket), group)| {
                Some(sigma_alert(
                    rules.rule(idx)?,
                    &keys,
                    bucket,
                    group,
                    received,
                    now,
                ))
            })
            .collect()
    }
}

fn sigma_alert(
    rule: &sigma::Rule,
    keys: &str,
    bucket: i64,
    group: Group,
    received: Timestamp,
    now: Timestamp,
) -> Alert {
    let mut custom_details = Map::new();
    custom_details.insert("Events".into(), json!([group.count.to_string()]));
    custom_details.insert("Author".into(), json!([rule.author]));
    Alert {
        id: AlertId::derive(&["sigma", &rule.id, keys, &bucket.to_string()]),
        origin: AlertOrigin::Sigma,
        rule_id: rule.id.clone(),
        name: rule.title.clone(),
        description: rule.description.clone(),
        severity: Severity::parse(rule.level.as_str()).unwrap_or(Severity::Medium),
        confidence: None,
        vendor: "Watchfloor".into(),
        product: "Watchfloor".into(),
        provider: "Sigma".into(),
        vendor_id: String::new(),
        created_at: now,
        received_at: received,
        start_at: group.start,
        end_at: group.end,
        tactics: rule.tactics(),
        techniques: rule.techniques(),
        query: evidence_query(&group.evidence, group.start, group.end),
        entities: group.entities,
        evidence: group.evidence,
        custom_details,
        link: String::new(),
        remediation_steps: Vec::new(),
        grouping: IncidentGrouping::default(),
        backfill: TimeQuality::of(group.end, received) == TimeQuality::Late,
    }
}

/// A query that shows exactly the rows of an alert.
fn evidence_query(
    evidence: &[EvidenceRef],
    start: Timestamp,
    end: Timestamp,
) -> Option<AlertQuery> {
    let table = &evidence.first()?.table;
    let ids: Vec<String> = evidence
        .iter()
        .map(|e| format!("\"{}\"", e.item_id))
        .collect();
    Some(AlertQuery {
        text: format!("{table}\n| where _ItemId in ({})", ids.join(", ")),
        from: start,
        to: end
            .checked_add(SignedDuration::from_micros(1))
            .unwrap_or(end),
    })
}
