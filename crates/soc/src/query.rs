//! Reading cases: the queue, health, open incidents by number.

use jiff::Timestamp;
use schema::AlertId;
use serde::Serialize;
use sqlx::{QueryBuilder, Row};

use crate::case::incident::{self, severity_number};
use crate::case::{EntityLabel, Incident};
use crate::store::{Db, micros};
use crate::{Activity, Error, Result, Store, activity};

/// Most incidents on one page of the queue.
const PAGE_MAX: u32 = 1_000;

/// Which incidents by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// Not closed.
    #[default]
    Open,
    /// Closed.
    Closed,
    /// Both.
    All,
}

/// What to show of the queue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFilter {
    /// By state.
    pub status: StatusFilter,
    /// Text in number, title, description, entities, labels or owner, in any letter case.
    pub search: String,
    /// Owner; `""` is nobody.
    pub owner: Option<String>,
    /// At least this severity.
    pub severity: Option<schema::Severity>,
    /// Created at or after.
    pub since: Option<Timestamp>,
    /// Only those nobody acknowledged.
    pub unacknowledged: bool,
    /// Page size, at most 1,000; 0 takes 100.
    pub limit: u32,
    /// Incidents to skip.
    pub offset: u32,
}

/// An incident in the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentListItem {
    /// Number.
    pub number: i64,
    /// Title.
    pub title: String,
    /// State.
    pub status: &'static str,
    /// Severity.
    pub severity: &'static str,
    /// 0 to 100.
    pub priority: u8,
    /// Owner.
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// First event.
    pub first_activity_at: Timestamp,
    /// Last event.
    pub last_activity_at: Timestamp,
    /// How many alerts.
    pub alerts: i64,
    /// Environments with evidence.
    pub environments: Vec<String>,
    /// Tactics along the kill chain.
    pub tactics: Vec<&'static str>,
    /// The entities that matter most.
    pub entities: Vec<EntityLabel>,
    /// Whether a person took it.
    pub acknowledged: bool,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Since the first alert, to now or to the closing.
    pub age_seconds: i64,
    /// What it turned out to be.
    pub classification: Option<&'static str>,
    /// Labels.
    pub labels: Vec<String>,
    /// Whether all of it is old data.
    pub backfill: bool,
    /// Where its alerts went, when merged.
    pub merged_into: Option<i64>,
    /// Version, for a change that must not overwrite another's.
    pub version: i64,
}

/// Entities shown in the queue.
const ENTITIES_SHOWN: usize = 5;

impl IncidentListItem {
    /// Makes the queue's view of an incident at `now`.
    pub fn new(incident: &Incident, now: Timestamp) -> Self {
        let start = incident.marks.first_alert_at.unwrap_or(incident.created_at);
        let end = incident.marks.closed_at.unwrap_or(now);
        let acknowledged_at = incident.marks.acknowledged.as_ref().map(|mark| mark.at);
        Self {
            number: incident.number,
            title: incident.title.clone(),
            status: incident.status.as_str(),
            severity: incident.severity.as_str(),
            priority: incident.priority,
            owner: incident.owner.clone(),
            created_at: incident.created_at,
            first_activity_at: incident.first_activity_at,
            last_activity_at: incident.last_activity_at,
            alerts: incident.alert_count,
            environments: incident.facts.environments.clone(),
            tactics: incident
                .facts
                .tactics
                .iter()
                .map(|tactic| tactic.as_str())
                .collect(),
            entities: incident
                .facts
                .entities
                .iter()
                .take(ENTITIES_SHOWN)
                .cloned()
                .collect(),
            acknowledged: acknowledged_at.is_some(),
            acknowledged_at,
            age_seconds: ((micros(end) - micros(start)) / 1_000_000).max(0),
            classification: incident.classification.map(crate::Classification::as_str),
            labels: incident.labels.clone(),
            backfill: incident.is_backfill(),
            merged_into: incident.merged_into,
            version: incident.version,
        }
    }
}

/// A page of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentPage {
    /// Incidents that the filter matches.
    pub total: i64,
    /// The page: highest priority first, then severity, then the oldest.
    pub items: Vec<IncidentListItem>,
}

/// How the case store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Format version of the store.
    pub format: i64,
    /// Incidents, merged ones included.
    pub incidents: i64,
    /// Alerts.
    pub alerts: i64,
    /// Entries of the history.
    pub activity: i64,
    /// Rows that the lake does not have yet.
    pub outbox: i64,
    /// Identities.
    pub identities: i64,
    /// Assets.
    pub assets: i64,
    /// Size of the store in bytes.
    pub bytes: i64,
}

impl Store {
    /// A page of the queue. Incidents that were merged into another are left out.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn list(&self, filter: &ListFilter, now: Timestamp) -> Result<IncidentPage> {
        let mut count = QueryBuilder::new("SELECT COUNT(*) AS n FROM incidents");
        conditions(&mut count, filter);
        let total = count.build().fetch_one(&self.pool).await?.try_get("n")?;
        let mut page = QueryBuilder::new("SELECT * FROM incidents");
        conditions(&mut page, filter);
        let limit = if filter.limit == 0 {
            100
        } else {
            filter.limit.min(PAGE_MAX)
        };
        page.push(" ORDER BY priority DESC, severity DESC, created_at, number LIMIT ")
            .push_bind(i64::from(limit))
            .push(" OFFSET ")
            .push_bind(i64::from(filter.offset));
        let rows = page.build().fetch_all(&self.pool).await?;
        let items = rows
            .iter()
            .map(|row| Ok(IncidentListItem::new(&Incident::from_row(row)?, now)))
            .collect::<Result<_>>()?;
        Ok(IncidentPage { total, items })
    }

    /// One incident's record.
    ///
    /// # Errors
    /// [`Error::NoIncident`]; [`Error::Database`].
    pub async fn incident(&self, number: i64) -> Result<Incident> {
        incident::load(&mut *self.pool.acquire().await?, number).await
    }

    /// Follows merges to the incident that has the alerts of `number` now.
    ///
    /// # Errors
    /// [`Error::NoIncident`]; [`Error::Database`].
    pub async fn surviving(&self, number: i64) -> Result<i64> {
        Ok(self.incident(number).await?.merged_into.unwrap_or(number))
    }

    /// The incident that an alert is in, `None` for an alert without one.
    ///
    /// # Errors
    /// [`Error::NoAlert`]; [`Error::Database`].
    pub async fn incident_of_alert(&self, id: AlertId) -> Result<Option<i64>> {
        let row = sqlx::query("SELECT incident FROM alerts WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(|| Error::NoAlert(id.to_string()))?;
        Ok(row.try_get("incident")?)
    }

    /// The history of an incident and of those merged into it, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn activity(&self, number: i64) -> Result<Vec<Activity>> {
        let mut conn = self.pool.acquire().await?;
        activity::of_incident(&mut conn, number).await
    }

    /// Counts and sizes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn health(&self) -> Result<Health> {
        let format = self.format_version().await?;
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM incidents) AS incidents, (SELECT COUNT(*) FROM alerts) AS alerts,
             (SELECT COUNT(*) FROM activity) AS activity, (SELECT COUNT(*) FROM outbox) AS outbox,
             (SELECT COUNT(*) FROM identities) AS identities, (SELECT COUNT(*) FROM assets) AS assets",
        )
        .fetch_one(&self.pool)
        .await?;
        let pages = sqlx::query(
            "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Health {
            format,
            incidents: row.try_get("incidents")?,
            alerts: row.try_get("alerts")?,
            activity: row.try_get("activity")?,
            outbox: row.try_get("outbox")?,
            identities: row.try_get("identities")?,
            assets: row.try_get("assets")?,
            bytes: pages.try_get("bytes")?,
        })
    }
}

fn conditions(query: &mut QueryBuilder<Db>, filter: &ListFilter) {
    query.push(" WHERE merged_into IS NULL");
    match filter.status {
        StatusFilter::Open => query.push(" AND status <> 'Closed'"),
        StatusFilter::Closed => query.push(" AND status = 'Closed'"),
        StatusFilter::All => query,
    };
    if filter.unacknowledged {
        query.push(" AND acknowledged_at IS NULL");
    }
    match filter.owner.as_deref() {
        Some("") => {
            query.push(" AND owner IS NULL");
        }
        Some(owner) => {
            query.push(" AND owner = ").push_bind(owner.to_owned());
        }
        None => {}
    }
    if let Some(severity) = filter.severity {
        query
            .push(" AND severity >= ")
            .push_bind(severity_number(severity));
    }
    if let Some(since) = filter.since {
        query.push(" AND created_at >= ").push_bind(micros(since));
    }
    // Every word must be there. `%`, `_` and the escape itself stand for themselves.
    for word in filter.search.to_lowercase().split_whitespace().take(20) {
        let escaped = word
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        query
            .push(" AND search LIKE ")
            .push_bind(format!("%{escaped}%"))
            .push(" ESCAPE '!'");
    }
}
