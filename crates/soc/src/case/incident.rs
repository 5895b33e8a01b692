//! The record of an incident and how it is stored.

use jiff::Timestamp;
use schema::Severity;
use sqlx::Row;

use crate::case::facts::Facts;
use crate::case::priority::PriorityPart;
use crate::clock::{Mark, Marks};
use crate::store::{
    Conn, DbRow, composed, from_json, micros, micros_opt, timestamp, timestamp_opt, to_json,
};
use crate::{Classification, Error, Result, Status};

/// An incident as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Number, from 1.
    pub number: i64,
    /// GUID (`IncidentName`).
    pub name: String,
    /// Title.
    pub title: String,
    /// Whether a person wrote the title, so that the machine leaves it alone.
    pub title_by_person: bool,
    /// Description.
    pub description: String,
    /// Highest severity of its alerts.
    pub severity: Severity,
    /// State.
    pub status: Status,
    /// 0 to 100.
    pub priority: u8,
    /// What the priority is made of.
    pub priority_parts: Vec<PriorityPart>,
    /// Who works on it.
    pub owner: Option<String>,
    /// What it turned out to be, once closed.
    pub classification: Option<Classification>,
    /// `ClassificationReason`.
    pub classification_reason: String,
    /// `ClassificationComment`.
    pub classification_comment: String,
    /// When the incident was made.
    pub created_at: Timestamp,
    /// First event of any alert.
    pub first_activity_at: Timestamp,
    /// Last event of any alert.
    pub last_activity_at: Timestamp,
    /// First change after the creation, of any kind.
    pub first_modified_at: Option<Timestamp>,
    /// Last change.
    pub last_modified_at: Timestamp,
    /// Who made it.
    pub modified_by: String,
    /// The clock's instants.
    pub marks: Marks,
    /// Labels by people, and `Redirected` on a merged one.
    pub labels: Vec<String>,
    /// `default`, or `rule:<id>` where the rule configures its own grouping.
    pub grouping_scope: String,
    /// Where its alerts went, when merged.
    pub merged_into: Option<i64>,
    /// Product of the first alert.
    pub source: String,
    /// Rule of the first alert.
    pub rule_id: String,
    /// How many alerts.
    pub alert_count: i64,
    /// How many comments.
    pub comment_count: i64,
    /// What the alerts say together.
    pub facts: Facts,
    /// Rises by one with each change.
    pub version: i64,
}

/// Columns in the order that [`save`] binds them.
const COLUMNS: &[&str] = &[
    "number",
    "name",
    "title",
    "title_by_person",
    "description",
    "severity",
    "status",
    "priority",
    "priority_parts",
    "owner",
    "classification",
    "classification_reason",
    "classification_comment",
    "created_at",
    "first_activity_at",
    "last_activity_at",
    "first_modified_at",
    "last_modified_at",
    "modified_by",
    "first_alert_at",
    "first_event_at",
    "acknowledged_at",
    "acknowledged_by",
    "contained_at",
    "contained_by",
    "remediated_at",
    "remediated_by",
    "recovered_at",
    "recovered_by",
    "closed_at",
    "reopened_at",
    "labels",
    "grouping_scope",
    "merged_into",
    "tier",
    "source",
    "rule_id",
    "alert_count",
    "comment_count",
    "facts",
    "search",
    "version",
];

/// The order number of a severity, 0 to 3, as stored.
pub(crate) fn severity_number(severity: Severity) -> i64 {
    Severity::ALL
        .iter()
        .position(|one| *one == severity)
        .unwrap_or(0) as i64
}

/// Reads a stored severity.
pub(crate) fn severity_stored(number: i64) -> Result<Severity> {
    usize::try_from(number)
        .ok()
        .and_then(|at| Severity::ALL.get(at).copied())
        .ok_or_else(|| Error::Corrupt {
            expected: "a severity",
            value: number.to_string(),
        })
}

impl Incident {
    /// Reads a row that has all columns.
    pub(crate) fn from_row(row: &DbRow) -> Result<Self> {
        let mark = |at: &str, by: &str| -> Result<Option<Mark>> {
            let by: Option<String> = row.try_get(by)?;
            Ok(timestamp_opt(row.try_get(at)?)?.map(|at| Mark {
                at,
                by: by.unwrap_or_default(),
            }))
        };
        let classification: Option<String> = row.try_get("classification")?;
        Ok(Self {
            number: row.try_get("number")?,
            name: row.try_get("name")?,
            title: row.try_get("title")?,
            title_by_person: row.try_get("title_by_person")?,
            description: row.try_get("description")?,
            severity: severity_stored(row.try_get("severity")?)?,
            status: Status::stored(row.try_get("status")?)?,
            priority: u8::try_from(row.try_get::<i64, _>("priority")?).unwrap_or(100),
            priority_parts: from_json("priority", row.try_get("priority_parts")?)?,
            owner: row.try_get("owner")?,
            classification: classification.as_deref().and_then(Classification::parse),
            classification_reason: row.try_get("classification_reason")?,
            classification_comment: row.try_get("classification_comment")?,
            created_at: timestamp(row.try_get("created_at")?)?,
            first_activity_at: timestamp(row.try_get("first_activity_at")?)?,
            last_activity_at: timestamp(row.try_get("last_activity_at")?)?,
            first_modified_at: timestamp_opt(row.try_get("first_modified_at")?)?,
            last_modified_at: timestamp(row.try_get("last_modified_at")?)?,
            modified_by: row.try_get("modified_by")?,
            marks: Marks {
                first_alert_at: timestamp_opt(row.try_get("first_alert_at")?)?,
                first_event_at: timestamp_opt(row.try_get("first_event_at")?)?,
                acknowledged: mark("acknowledged_at", "acknowledged_by")?,
                contained: mark("contained_at", "contained_by")?,
                remediated: mark("remediated_at", "remediated_by")?,
                recovered: mark("recovered_at", "recovered_by")?,
                closed_at: timestamp_opt(row.try_get("closed_at")?)?,
                reopened_at: timestamp_opt(row.try_get("reopened_at")?)?,
            },
            labels: from_json("labels", row.try_get("labels")?)?,
            grouping_scope: row.try_get("grouping_scope")?,
            merged_into: row.try_get("merged_into")?,
            source: row.try_get("source")?,
            rule_id: row.try_get("rule_id")?,
            alert_count: row.try_get("alert_count")?,
            comment_count: row.try_get("comment_count")?,
            facts: from_json("facts", row.try_get("facts")?)?,
            version: row.try_get("version")?,
        })
    }

    /// Whether every alert is from old data brought in.
    pub fn is_backfill(&self) -> bool {
        self.marks.first_alert_at.is_none()
    }

    /// Text that a search looks into: number, title, entities, labels, owner.
    fn search_text(&self) -> String {
        let mut text = format!("#{} {} {}", self.number, self.title, self.description);
        for part in self
            .labels
            .iter()
            .chain(&self.owner)
            .chain(self.facts.entities.iter().map(|entity| &entity.label))
        {
            text.push('\n');
            text.push_str(part);
        }
        text.to_lowercase()
    }
}

/// Loads an incident.
pub(crate) async fn load(conn: &mut Conn, number: i64) -> Result<Incident> {
    let row = sqlx::query("SELECT * FROM incidents WHERE number = $1")
        .bind(number)
        .fetch_optional(conn)
        .await?
        .ok_or(Error::NoIncident(number))?;
    Incident::from_row(&row)
}

/// The next free number. Incidents are never deleted, so none is given twice.
pub(crate) async fn next_number(conn: &mut Conn) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(number), 0) + 1 AS next FROM incidents")
        .fetch_one(conn)
        .await?;
    Ok(row.try_get("next")?)
}

/// Writes an incident, new or changed.
pub(crate) async fn save(conn: &mut Conn, incident: &Incident) -> Result<()> {
    let places: Vec<String> = (1..=COLUMNS.len()).map(|at| format!("${at}")).collect();
    let updates: Vec<String> = COLUMNS
        .iter()
        .skip(1)
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let sql = format!(
        "INSERT INTO incidents ({}) VALUES ({}) ON CONFLICT (number) DO UPDATE SET {}",
        COLUMNS.join(", "),
        places.join(", "),
        updates.join(", ")
    );
    let at = |mark: &Option<Mark>| micros_opt(mark.as_ref().map(|mark| mark.at));
    let by = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.by.clone());
    let marks = &incident.marks;
    sqlx::query(composed(sql))
        .bind(incident.number)
        .bind(&incident.name)
        .bind(&incident.title)
        .bind(incident.title_by_person)
        .bind(&incident.description)
        .bind(severity_number(incident.severity))
        .bind(incident.status.as_str())
        .bind(i64::from(incident.priority))
        .bind(to_json("priority", &incident.priority_parts)?)
        .bind(&incident.owner)
        .bind(incident.classification.map(Classification::as_str))
        .bind(&incident.classification_reason)
        .bind(&incident.classification_comment)
        .bind(micros(incident.created_at))
        .bind(micros(incident.first_activity_at))
        .bind(micros(incident.last_activity_at))
        .bind(micros_opt(incident.first_modified_at))
        .bind(micros(incident.last_modified_at))
        .bind(&incident.modified_by)
        .bind(micros_opt(marks.first_alert_at))
        .bind(micros_opt(marks.first_event_at))
        .bind(at(&marks.acknowledged))
        .bind(by(&marks.acknowledged))
        .bind(at(&marks.contained))
        .bind(by(&marks.contained))
        .bind(at(&marks.remediated))
        .bind(by(&marks.remediated))
        .bind(at(&marks.recovered))
        .bind(by(&marks.recovered))
        .bind(micros_opt(marks.closed_at))
        .bind(micros_opt(marks.reopened_at))
        .bind(to_json("labels", &incident.labels)?)
        .bind(&incident.grouping_scope)
        .bind(incident.merged_into)
        .bind(incident.facts.tier)
        .bind(&incident.source)
        .bind(&incident.rule_id)
        .bind(incident.alert_count)
        .bind(incident.comment_count)
        .bind(to_json("facts", &incident.facts)?)
        .bind(incident.search_text())
        .bind(incident.version)
        .execute(conn)
        .await?;
    Ok(())
}
