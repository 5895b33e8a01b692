//! The rows that a change leaves in the lake: `SecurityIncident` (33 columns, a full row for each
//! change), `SecurityAlert` for alerts of our own rules, and `IncidentActivity`.
//!
//! Native alerts are in `SecurityAlert` as their vendor wrote them and are not written again: a row
//! made from what we keep of them would hide the vendor's columns from `arg_max`. Their status here
//! is in `IncidentActivity`.

use jiff::Timestamp;
use schema::{Alert, AlertOrigin, entities_to_json};
use serde_json::{Map, Value as Json, json};
use sqlx::Row;
use uuid::Uuid;

use crate::activity::Activity;
use crate::case::Incident;
use crate::case::alert_record::AlertRecord;
use crate::clock::Mark;
use crate::outbox::push;
use crate::store::{Conn, timestamp};
use crate::{Classification, Result, Settings, Status};

/// Writes the `SecurityIncident` row of the incident as it is now.
pub(crate) async fn incident(
    conn: &mut Conn,
    settings: &Settings,
    incident: &Incident,
    now: Timestamp,
) -> Result<()> {
    let alert_ids = alert_ids(conn, incident.number).await?;
    let comments = comments(conn, incident.number).await?;
    let labels: Vec<Json> = incident
        .labels
        .iter()
        .map(|label| {
            let kind = if label == crate::grouping::merge::REDIRECTED {
                "AutoAssigned"
            } else {
                "User"
            };
            json!({ "labelName": label, "labelType": kind })
        })
        .collect();
    let owner = &incident.owner;
    let marks = &incident.marks;
    let row = json!({
        "TenantId": settings.tenant_id,
        "TimeGenerated": now,
        "IncidentName": incident.name,
        "IncidentNumber": incident.number,
        "Title": incident.title,
        "Description": incident.description,
        "Severity": incident.severity.as_str(),
        "Status": incident.status.sentinel(),
        "Classification": incident.classification.map_or("", Classification::as_str),
        "ClassificationReason": incident.classification_reason,
        "ClassificationComment": incident.classification_comment,
        "Owner": { "objectId": null, "email": null, "assignedTo": owner, "userPrincipalName": owner },
        "ProviderName": "Watchfloor",
        "ProviderIncidentId": incident.number.to_string(),
        "FirstActivityTime": incident.first_activity_at,
        "LastActivityTime": incident.last_activity_at,
        "CreatedTime": incident.created_at,
        "FirstModifiedTime": incident.first_modified_at,
        "LastModifiedTime": incident.last_modified_at,
        "ClosedTime": marks.closed_at,
        "RelatedAnalyticRuleIds": incident.facts.rule_ids,
        "AlertIds": alert_ids,
        "BookmarkIds": [],
        "Comments": comments,
        "Tasks": [],
        "Labels": labels,
        "IncidentUrl": format!("{}{}", settings.incident_url, incident.number),
        "AdditionalData": {
            "alertsCount": incident.alert_count,
            "bookmarksCount": 0,
            "commentsCount": incident.comment_count,
            "alertProductNames": incident.facts.products,
            "tactics": incident.facts.tactics.iter().map(|tactic| tactic.as_str()).collect::<Vec<_>>(),
            "techniques": incident.facts.techniques,
        },
        "ModifiedBy": incident.modified_by,
        "SourceSystem": "Azure",
        "Type": "SecurityIncident",
        "_BilledSize": 0.0,
        "_IsBillable": "False",
    });
    let id = item_id(&[
        "SecurityIncident",
        &incident.name,
        &incident.version.to_string(),
    ]);
    push(conn, "SecurityIncident", &id, &row).await
}

/// Writes the `SecurityAlert` row of an alert of our own; a native one writes nothing.
pub(crate) async fn alert(
    conn: &mut Conn,
    settings: &Settings,
    record: &AlertRecord,
    incident: Option<&Incident>,
    now: Timestamp,
) -> Result<()> {
    let alert = &record.alert;
    if alert.origin == AlertOrigin::Native {
        return Ok(());
    }
    let confidence = alert.confidence;
    let mut row = json!({
        "TenantId": settings.tenant_id,
        "TimeGenerated": now,
        "DisplayName": alert.name,
        "AlertName": alert.name,
        "AlertSeverity": alert.severity.as_str(),
        "AlertType": format!("{}_{}", settings.tenant_id, alert.rule_id),
        "Description": alert.description,
        "ProviderName": alert.provider,
        "VendorName": alert.vendor,
        "VendorOriginalId": if alert.vendor_id.is_empty() { alert.id.to_string() } else { alert.vendor_id.clone() },
        "SystemAlertId": alert.id.to_string(),
        "ProductName": alert.product,
        "ProductComponentName": component(alert.origin),
        "CompromisedEntity": alert.entities.first().map(schema::Entity::label).unwrap_or_default(),
        "ConfidenceLevel": confidence.map_or("", confidence_level),
        "ConfidenceScore": confidence,
        "StartTime": alert.start_at,
        "EndTime": alert.end_at,
        "ProcessingEndTime": alert.created_at,
        "RemediationSteps": json!(alert.remediation_steps).to_string(),
        "ExtendedProperties": extended_properties(alert).to_string(),
        "Entities": entities_to_json(&alert.entities).to_string(),
        "ExtendedLinks": "[]",
        "AlertLink": alert.link,
        "Status": alert_status(record, incident),
        "Tactics": alert.tactics.iter().map(|tactic| tactic.as_str()).collect::<Vec<_>>().join(","),
        "IsIncident": false,
        "SourceSystem": "Detection",
        "Type": "SecurityAlert",
    });
    let (techniques, sub): (Vec<&String>, Vec<&String>) = alert
        .techniques
        .iter()
        .partition(|technique| !technique.contains('.'));
    if let Json::Object(row) = &mut row {
        row.insert("Techniques".into(), json!(techniques).to_string().into());
        row.insert("SubTechniques".into(), json!(sub).to_string().into());
        let resource = alert.entities.iter().map(|entity| entity.get("ResourceId"));
        let resource = resource
            .into_iter()
            .find(|id| !id.is_empty())
            .unwrap_or_default();
        row.insert("ResourceId".into(), resource.into());
    }
    let version = incident.map_or(0, |incident| incident.version).to_string();
    let id = item_id(&[
        "SecurityAlert",
        &alert.id.to_string(),
        &version,
        &now.to_string(),
    ]);
    push(conn, "SecurityAlert", &id, &row).await
}

/// Writes the `IncidentActivity` row of a history entry.
pub(crate) async fn activity(
    conn: &mut Conn,
    settings: &Settings,
    activity: &Activity,
    incident: Option<&Incident>,
) -> Result<()> {
    let mark = |mark: Option<&Option<Mark>>| {
        mark.and_then(Option::as_ref)
            .map(|mark| json!(mark.at))
            .unwrap_or(Json::Null)
    };
    let marks = incident.map(|incident| &incident.marks);
    let id = item_id(&["IncidentActivity", &activity.hash]);
    let row = json!({
        "TenantId": settings.tenant_id,
        "TimeGenerated": activity.at,
        "ActivityId": activity.id.to_string(),
        "IncidentNumber": activity.incident,
        "IncidentName": incident.map(|incident| incident.name.as_str()).unwrap_or_default(),
        "AlertId": activity.alert_id,
        "Action": activity.action,
        "Actor": activity.actor,
        "ActorKind": activity.actor_kind.as_str(),
        "From": activity.from,
        "To": activity.to,
        "Comment": activity.comment,
        "Details": activity.details,
        "AcknowledgedTime": mark(marks.map(|marks| &marks.acknowledged)),
        "ContainedTime": mark(marks.map(|marks| &marks.contained)),
        "RemediatedTime": mark(marks.map(|marks| &marks.remediated)),
        "RecoveredTime": mark(marks.map(|marks| &marks.recovered)),
        "PreviousHash": activity.previous_hash,
        "Hash": activity.hash,
        "Type": "IncidentActivity",
    });
    push(conn, "IncidentActivity", &id, &row).await
}

fn item_id(parts: &[&str]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.join("\u{1f}").as_bytes()).to_string()
}

fn component(origin: AlertOrigin) -> &'static str {
    match origin {
        AlertOrigin::Scheduled => "Scheduled Alerts",
        AlertOrigin::Nrt => "NRT Alerts",
        AlertOrigin::Sigma => "Sigma Alerts",
        AlertOrigin::Native => "",
    }
}

fn confidence_level(score: f64) -> &'static str {
    match score {
        score if score >= 0.7 => "High",
        score if score >= 0.4 => "Medium",
        _ => "Low",
    }
}

/// `SecurityAlert.Status` of an alert, by its incident's state and whether a person saw it.
fn alert_status(record: &AlertRecord, incident: Option<&Incident>) -> &'static str {
    match incident.map(|incident| (incident.status, incident.classification)) {
        Some((Status::Closed, Some(Classification::FalsePositive))) => "Dismissed",
        Some((Status::Closed, _)) => "Resolved",
        Some((Status::New, _)) | None => "New",
        Some(_) if record.joined_late && record.acknowledged.is_none() => "New",
        Some(_) => "InProgress",
    }
}

fn extended_properties(alert: &Alert) -> Json {
    let mut properties = Map::new();
    if let Some(query) = &alert.query {
        properties.insert("Query".into(), json!(query.text));
        properties.insert("Query Start Time UTC".into(), json!(query.from));
        properties.insert("Query End Time UTC".into(), json!(query.to));
    }
    properties.insert(
        "Search Query Results Overall Count".into(),
        json!(alert.evidence.len().to_string()),
    );
    properties.insert(
        "Analytic Rule Ids".into(),
        json!(json!([alert.rule_id]).to_string()),
    );
    properties.insert("Analytic Rule Name".into(), json!(alert.name));
    if !alert.custom_details.is_empty() {
        let details = Json::Object(alert.custom_details.clone());
        properties.insert("Custom Details".into(), json!(details.to_string()));
    }
    Json::Object(properties)
}

async fn alert_ids(conn: &mut Conn, number: i64) -> Result<Vec<String>> {
    let rows = sqlx::query("SELECT id FROM alerts WHERE incident = $1 ORDER BY created_at, id")
        .bind(number)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Comments of an incident and of those merged into it.
async fn comments(conn: &mut Conn, number: i64) -> Result<Vec<Json>> {
    let rows = sqlx::query(
        "SELECT at, actor, comment FROM activity WHERE action = 'comment' AND incident IN
         (SELECT number FROM incidents WHERE number = $1 OR merged_into = $1) ORDER BY id",
    )
    .bind(number)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let at = timestamp(row.try_get("at")?)?;
            let author: String = row.try_get("actor")?;
            Ok(json!({
                "message": row.try_get::<String, _>("comment")?,
                "createdTimeUtc": at,
                "lastModifiedTimeUtc": at,
                "author": { "name": author, "userPrincipalName": author },
            }))
        })
        .collect()
}
