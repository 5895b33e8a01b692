//! The figures of the clock over many incidents, and the strip on top of the workbench.
//!
//! An incident counts in the period in which it was created. Merged incidents count once, as the one
//! that survives. Time to contain, to remediate, to recover and dwell are of true positives only;
//! incidents made of old data count in no figure. Medians and percentiles are exact ([`Stat`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;

use crate::case::incident::severity_stored;
use crate::clock::{Clock, Mark, Marks, clock};
use crate::store::{DbRow, micros, timestamp_opt};
use crate::{Classification, Result, Stat, Status, Store};

/// What metrics are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Severity.
    Severity,
    /// Criticality of the most critical asset.
    Tier,
    /// Product of the first alert.
    Source,
    /// Rule of the first alert.
    Rule,
    /// Owner.
    Owner,
    /// Shift: the third of the UTC day in which the incident was first acknowledged, or created as
    /// long as it is not.
    Shift,
}

impl GroupBy {
    /// Reads `severity`, `tier`, `source`, `rule`, `owner`, `shift`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "severity" => Self::Severity,
            "tier" => Self::Tier,
            "source" => Self::Source,
            "rule" => Self::Rule,
            "owner" => Self::Owner,
            "shift" => Self::Shift,
            _ => return None,
        })
    }
}

/// Metrics of one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MetricGroup {
    /// The group's value, `all` for everything.
    pub key: String,
    /// Incidents in it, backfill left out.
    pub incidents: u64,
    /// Time to acknowledge.
    pub tta: Stat,
    /// Time to contain.
    pub ttc: Stat,
    /// Time to remediate.
    pub ttr: Stat,
    /// Time to recover.
    pub time_to_recover: Stat,
    /// Time to detect.
    pub time_to_detect: Stat,
    /// Dwell.
    pub dwell: Stat,
    /// Closed true positives without the Remediated mark.
    pub not_remediated: u64,
}

/// The strip on top of the workbench.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Incidents that are not closed.
    pub open_incidents: u64,
    /// Of these, those nobody acknowledged.
    pub unacknowledged: u64,
    /// Alerts that joined an acknowledged incident and that nobody opened yet.
    pub unacknowledged_alerts: u64,
    /// Open incidents by severity.
    pub by_severity: BTreeMap<String, u64>,
    /// Median time to acknowledge, in seconds.
    pub median_tta_seconds: Option<f64>,
    /// Median time to remediate, in seconds.
    pub median_ttr_seconds: Option<f64>,
    /// Incidents that the first median is of.
    pub tta_count: u64,
    /// Incidents that the second median is of.
    pub ttr_count: u64,
    /// Closed true positives without the Remediated mark.
    pub not_remediated: u64,
}

/// The columns that the clock needs.
const COLUMNS: &str = "severity, status, classification, owner, tier, source, rule_id, created_at,
    first_alert_at, first_event_at, acknowledged_at, contained_at, remediated_at, recovered_at, closed_at, reopened_at";

impl Store {
    /// Metrics of the incidents created at or after `since`, one group for each value of `by`, or
    /// one group `all` without it; by key.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn metrics(
        &self,
        since: Timestamp,
        by: Option<GroupBy>,
        now: Timestamp,
    ) -> Result<Vec<MetricGroup>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM incidents WHERE created_at >= $1 AND merged_into IS NULL
             AND first_alert_at IS NOT NULL ORDER BY number"
        );
        let rows = sqlx::query(crate::store::composed(sql))
            .bind(micros(since))
            .fetch_all(&self.pool)
            .await?;
        let mut groups: BTreeMap<String, Collected> = BTreeMap::new();
        if by.is_none() {
            groups.insert("all".into(), Collected::default());
        }
        for row in &rows {
            let key = match by {
                Some(by) => group_key(row, by)?,
                None => "all".to_owned(),
            };
            groups.entry(key).or_default().add(row, now)?;
        }
        Ok(groups
            .into_iter()
            .map(|(key, collected)| collected.group(key))
            .collect())
    }

    /// The open work and the medians of the incidents created at or after `since`.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn summary(&self, since: Timestamp, now: Timestamp) -> Result<Summary> {
        let all = self
            .metrics(since, None, now)
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        let rows = sqlx::query(
            "SELECT severity, COUNT(*) AS n,
             SUM(CASE WHEN acknowledged_at IS NULL THEN 1 ELSE 0 END) AS waiting
             FROM incidents WHERE status <> 'Closed' AND merged_into IS NULL GROUP BY severity",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut summary = Summary {
            median_tta_seconds: all.tta.median_seconds,
            median_ttr_seconds: all.ttr.median_seconds,
            tta_count: all.tta.count,
            ttr_count: all.ttr.count,
            not_remediated: all.not_remediated,
            ..Summary::default()
        };
        for row in &rows {
            let count = count(row, "n")?;
            summary.open_incidents += count;
            summary.unacknowledged += self::count(row, "waiting")?;
            let severity = severity_stored(row.try_get("severity")?)?;
            summary
                .by_severity
                .insert(severity.as_str().to_owned(), count);
        }
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM alerts a JOIN incidents i ON i.number = a.incident
             WHERE a.joined_late AND a.acknowledged_at IS NULL AND i.status <> 'Closed'",
        )
        .fetch_one(&self.pool)
        .await?;
        summary.unacknowledged_alerts = count(&row, "n")?;
        Ok(summary)
    }
}

fn count(row: &DbRow, column: &str) -> Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

fn group_key(row: &DbRow, by: GroupBy) -> Result<String> {
    Ok(match by {
        GroupBy::Severity => severity_stored(row.try_get("severity")?)?
            .as_str()
            .to_owned(),
        GroupBy::Tier => match row.try_get::<Option<i64>, _>("tier")? {
            Some(tier) => format!("tier {tier}"),
            None => "no known asset".to_owned(),
        },
        GroupBy::Source => row.try_get("source")?,
        GroupBy::Rule => row.try_get("rule_id")?,
        GroupBy::Owner => row
            .try_get::<Option<String>, _>("owner")?
            .unwrap_or_else(|| "Unassigned".to_owned()),
        GroupBy::Shift => {
            let acknowledged = timestamp_opt(row.try_get("acknowledged_at")?)?;
            let created = timestamp_opt(row.try_get("created_at")?)?;
            let begun = acknowledged.or(created).unwrap_or_default();
            shift_of(begun).to_owned()
        }
    })
}

/// The shift an instant falls in: eight hours each, from midnight UTC.
fn shift_of(at: Timestamp) -> &'static str {
    match at.as_second().rem_euclid(86_400) / 3_600 {
        0..8 => "00-08 UTC",
        8..16 => "08-16 UTC",
        _ => "16-24 UTC",
    }
}

/// Durations of a group, before the statistics.
#[derive(Default)]
struct Collected {
    incidents: u64,
    tta: Vec<i64>,
    ttc: Vec<i64>,
    ttr: Vec<i64>,
    time_to_recover: Vec<i64>,
    time_to_detect: Vec<i64>,
    dwell: Vec<i64>,
    not_remediated: u64,
}

impl Collected {
    fn add(&mut self, row: &DbRow, now: Timestamp) -> Result<()> {
        let mark = |column: &str| -> Result<Option<Mark>> {
            let at = timestamp_opt(row.try_get(column)?)?;
            Ok(at.map(|at| Mark {
                at,
                by: String::new(),
            }))
        };
        let marks = Marks {
            first_alert_at: timestamp_opt(row.try_get("first_alert_at")?)?,
            first_event_at: timestamp_opt(row.try_get("first_event_at")?)?,
            acknowledged: mark("acknowledged_at")?,
            contained: mark("contained_at")?,
            remediated: mark("remediated_at")?,
            recovered: mark("recovered_at")?,
            closed_at: timestamp_opt(row.try_get("closed_at")?)?,
            reopened_at: timestamp_opt(row.try_get("reopened_at")?)?,
        };
        let status = Status::stored(row.try_get("status")?)?;
        let classification: Option<String> = row.try_get("classification")?;
        let classification = classification.as_deref().and_then(Classification::parse);
        let clock = clock(&marks, status, classification, now);
        self.incidents += 1;
        self.tta.extend(clock.tta.counted());
        self.time_to_detect.extend(clock.time_to_detect.counted());
        if classification == Some(Classification::TruePositive) {
            self.add_response(&clock);
            if marks.remediated.is_none() {
                self.not_remediated += 1;
            }
        }
        Ok(())
    }

    fn add_response(&mut self, clock: &Clock) {
        self.ttc.extend(clock.ttc.counted());
        self.ttr.extend(clock.ttr.counted());
        self.time_to_recover.extend(clock.time_to_recover.counted());
        self.dwell.extend(clock.dwell.counted());
    }

    fn group(self, key: String) -> MetricGroup {
        MetricGroup {
            key,
            incidents: self.incidents,
            tta: Stat::of(self.tta),
            ttc: Stat::of(self.ttc),
            ttr: Stat::of(self.ttr),
            time_to_recover: Stat::of(self.time_to_recover),
            time_to_detect: Stat::of(self.time_to_detect),
            dwell: Stat::of(self.dwell),
            not_remediated: self.not_remediated,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shifts_begin_at_midnight_eight_and_sixteen_utc() {
        let cases = [
            ("2026-03-01T00:00:00Z", "00-08 UTC"),
            ("2026-03-01T07:59:59Z", "00-08 UTC"),
            ("2026-03-01T08:00:00Z", "08-16 UTC"),
            ("2026-03-01T16:00:00Z", "16-24 UTC"),
            ("1969-12-31T23:59:59Z", "16-24 UTC"),
        ];
        for (at, shift) in cases {
            assert_eq!(shift_of(at.parse().unwrap()), shift, "{at}");
        }
    }
}
