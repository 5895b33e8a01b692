//! The Azure activity log to `AzureActivity` (reference: Azure Monitor, activity log event
//! schema, both the event hub's form and the REST API's).

use jiff::Timestamp;
use schema::Row;
use serde_json::{Map, Value as Json};

use crate::head::text;
use crate::time::first_time;

/// Fills the row; gives the event's time.
pub(super) fn fill(row: &mut Row, record: &Map<String, Json>) -> Option<Timestamp> {
    let category = name_of(record, "category");
    let operation = name_of(record, "operationName");
    let resource_id = first_text(record, &["resourceId", "ResourceId"]);
    row.set("CategoryValue", category.as_str());
    row.set("Category", category.as_str());
    row.set("OperationNameValue", operation.to_ascii_uppercase());
    row.set(
        "OperationName",
        localized(record, "operationName", &operation),
    );
    let status = status(record);
    row.set("ActivityStatusValue", status.as_str());
    row.set("ActivityStatus", status.as_str());
    let substatus = first_name(record, &["resultSignature", "subStatus"]);
    let substatus = substatus
        .split('.')
        .next_back()
        .unwrap_or_default()
        .to_owned();
    row.set("ActivitySubstatusValue", substatus.as_str());
    row.set("ActivitySubstatus", substatus.as_str());
    row.set("ResourceId", resource_id);
    row.set("_ResourceId", resource_id.to_ascii_lowercase());
    resource_parts(row, resource_id);
    row.set("Caller", caller(record));
    row.set("CallerIpAddress", first_text(record, &["callerIpAddress"]));
    row.set("CorrelationId", text(record, "correlationId"));
    row.set(
        "OperationId",
        first_text(record, &["operationId", "correlationId"]),
    );
    row.set("EventDataId", text(record, "eventDataId"));
    row.set("Level", name_of(record, "level"));
    row.set("TenantId", text(record, "tenantId"));
    objects(row, record);
    keep_rest(row, record);
    first_time(record, &["eventTimestamp", "time"])
}

/// `Start`, `Success`, `Failure` ... from the result type or the REST API's status.
fn status(record: &Map<String, Json>) -> String {
    first_name(record, &["resultType", "status"])
}

fn first_name(record: &Map<String, Json>, keys: &[&str]) -> String {
    keys.iter()
        .map(|key| name_of(record, key))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// A member that is text, or an object with `value`.
fn name_of(record: &Map<String, Json>, key: &str) -> String {
    match record.get(key) {
        Some(Json::String(name)) => name.clone(),
        Some(Json::Object(object)) => text(object, "value").to_owned(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn localized(record: &Map<String, Json>, key: &str, otherwise: &str) -> String {
    match record
        .get(key)
        .and_then(|value| value.get("localizedValue"))
        .and_then(Json::as_str)
    {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => otherwise.to_owned(),
    }
}

fn first_text<'a>(record: &'a Map<String, Json>, keys: &[&str]) -> &'a str {
    keys.iter()
        .map(|key| text(record, key))
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

/// The caller: the UPN, else the application or object that the claims name.
fn caller(record: &Map<String, Json>) -> String {
    let direct = text(record, "caller");
    if !direct.is_empty() {
        return direct.to_owned();
    }
    let Some(claims) = claims(record) else {
        return String::new();
    };
    [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "upn",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "name",
        "appid",
        "http://schemas.microsoft.com/identity/claims/objectidentifier",
    ]
    .iter()
    .map(|claim| text(claims, claim))
    .find(|value| !value.is_empty())
    .unwrap_or_default()
    .to_owned()
}

fn claims(record: &Map<String, Json>) -> Option<&Map<String, Json>> {
    record
        .get("identity")
        .and_then(|identity| identity.get("claims"))
        .or_else(|| record.get("claims"))?
        .as_object()
}

/// Subscription, group, provider and name, which the resource id spells out.
fn resource_parts(row: &mut Row, resource_id: &str) {
    let segments: Vec<&str> = resource_id
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let after = |name: &str| {
        let at = segments
            .iter()
            .position(|segment| segment.eq_ignore_ascii_case(name))?;
        segments.get(at + 1).copied()
    };
    if let Some(subscription) = after("subscriptions") {
        row.set("SubscriptionId", subscription);
        row.set("_SubscriptionId", subscription);
    }
    if let Some(group) = after("resourceGroups") {
        row.set("ResourceGroup", group);
    }
    if let Some(provider) = after("providers") {
        row.set("ResourceProviderValue", provider.to_ascii_uppercase());
        row.set("ResourceProvider", provider);
    }
    if let (Some(name), true) = (segments.last(), segments.len() > 2) {
        row.set("Resource", *name);
    }
}

/// Objects are stored as JSON text and once more as `dynamic`.
fn objects(row: &mut Row, record: &Map<String, Json>) {
    let authorization = record
        .get("identity")
        .and_then(|identity| identity.get("authorization"))
        .or_else(|| record.get("authorization"));
    let claims = claims(record).map(|claims| Json::Object(claims.clone()));
    for (value, plain, dynamic) in [
        (authorization.cloned(), "Authorization", "Authorization_d"),
        (claims, "Claims", "Claims_d"),
        (
            record.get("properties").cloned(),
            "Properties",
            "Properties_d",
        ),
    ] {
        match value {
            None | Some(Json::Null) => {}
            Some(Json::String(text)) => {
                row.set(dynamic, text.as_str());
                row.set(plain, text);
            }
            Some(value) => {
                row.set(plain, value.to_string());
                row.set(dynamic, value);
            }
        }
    }
    if let Some(request) = record.get("httpRequest") {
        row.set_json("HTTPRequest", request);
    }
    if let Some(hierarchy) = record.get("hierarchy") {
        row.set_json("Hierarchy", hierarchy);
    }
    if let Some(at) = first_time(record, &["submissionTimestamp"]) {
        row.set("EventSubmissionTimestamp", at);
    }
}

fn keep_rest(row: &mut Row, record: &Map<String, Json>) {
    const TOLD: &[&str] = &[
        "category",
        "operationName",
        "resourceId",
        "ResourceId",
        "resultType",
        "status",
        "resultSignature",
        "subStatus",
        "caller",
        "callerIpAddress",
        "correlationId",
        "operationId",
        "eventDataId",
        "level",
        "tenantId",
        "claims",
        "authorization",
        "properties",
        "httpRequest",
        "hierarchy",
        "submissionTimestamp",
        "time",
        "eventTimestamp",
    ];
    for (name, value) in record {
        if name == "identity" {
            for (part, value) in value.as_object().into_iter().flatten() {
                if part != "claims" && part != "authorization" {
                    row.keep(&format!("identity.{part}"), value.clone());
                }
            }
        } else if !TOLD.contains(&name.as_str()) {
            row.keep(name, value.clone());
        }
    }
}
