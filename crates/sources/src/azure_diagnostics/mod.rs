//! Azure diagnostic-settings JSON, as it arrives through an event hub or a storage account
//! (reference: Azure Monitor, resource logs, common schema): the category decides the table.

mod activity;
mod other;
mod properties;

use schema::{LogSource, Row, Value};
use serde_json::{Map, Value as Json};

use crate::head::{first_record, text};
use crate::json_source::{Mapped, decode_json};
use crate::time::first_time;
use crate::windows::log_source;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "azure_diagnostics",
    title: "Azure diagnostic settings: Entra and Azure activity",
    doc: "Records of diagnostic settings, one a line or in `{\"records\":[...]}`: Entra sign-ins \
          (all four kinds), Entra audit, Azure activity. Other categories go to AzureDiagnostics \
          with their properties flattened as Azure does, and what has no column kept.",
    tables: &[
        "SigninLogs",
        "AADNonInteractiveUserSignInLogs",
        "AADServicePrincipalSignInLogs",
        "AADManagedIdentitySignInLogs",
        "AuditLogs",
        "AADUserRiskEvents",
        "AADRiskyUsers",
        "AADProvisioningLogs",
        "MicrosoftGraphActivityLogs",
        "AzureActivity",
        "AzureDiagnostics",
    ],
    reference: "Azure Monitor, resource logs common schema; Microsoft Entra, stream logs to an event hub",
};

/// The source.
pub(crate) struct AzureDiagnosticLogs;

/// Categories whose `properties` have the columns of their table, in another letter case.
const BY_CATEGORY: &[(&str, &str)] = &[
    ("SignInLogs", "SigninLogs"),
    (
        "NonInteractiveUserSignInLogs",
        "AADNonInteractiveUserSignInLogs",
    ),
    (
        "ServicePrincipalSignInLogs",
        "AADServicePrincipalSignInLogs",
    ),
    ("ManagedIdentitySignInLogs", "AADManagedIdentitySignInLogs"),
    ("AuditLogs", "AuditLogs"),
    ("UserRiskEvents", "AADUserRiskEvents"),
    ("RiskyUsers", "AADRiskyUsers"),
    ("ProvisioningLogs", "AADProvisioningLogs"),
    ("MicrosoftGraphActivityLogs", "MicrosoftGraphActivityLogs"),
];

/// Categories of the Azure activity log.
const ACTIVITY: &[&str] = &[
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
    "Action",
    "Write",
    "Delete",
];

impl Source for AzureDiagnosticLogs {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if is_record(&record) => match table(&record) {
                "AzureDiagnostics" => Confidence::Likely,
                _ => Confidence::Certain,
            },
            _ => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        decode_json(input, ctx, out, &["records"], &mut |record| {
            if !is_record(&record) {
                return Err(
                    "no diagnostic record: `time`, `resourceId` or `category` is missing".into(),
                );
            }
            let table = table(&record);
            let mut row = Row::new(ctx.table_schema(table));
            let time = match table {
                "AzureActivity" => activity::fill(&mut row, &record),
                "AzureDiagnostics" => other::fill(&mut row, &record),
                _ => properties::fill(&mut row, &record),
            };
            let time = time.or_else(|| first_time(&record, &["time", "eventTimestamp"]));
            let source = match table {
                "AzureDiagnostics" => LogSource::new("azure", ""),
                table => log_source(table),
            };
            let native = native(record, &row);
            let mut mapped = Mapped::new(row, native, source);
            mapped.time = time;
            Ok(mapped)
        })
    }
}

fn is_record(record: &Map<String, Json>) -> bool {
    let is_timed = record.contains_key("time") || record.contains_key("eventTimestamp");
    let is_of_resource = ["resourceId", "ResourceId", "operationName"]
        .iter()
        .any(|key| record.contains_key(*key));
    is_timed
        && is_of_resource
        && (record.contains_key("category") || record.contains_key("operationName"))
        && !record.contains_key("TimeGenerated")
}

fn table(record: &Map<String, Json>) -> &'static str {
    let category = category(record);
    if let Some((_, table)) = BY_CATEGORY
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&category))
    {
        return table;
    }
    if ACTIVITY
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&category))
        && (record.contains_key("identity")
            || record.contains_key("claims")
            || record.contains_key("eventDataId")
            || record.contains_key("caller"))
    {
        return "AzureActivity";
    }
    "AzureDiagnostics"
}

/// The category, which the activity log's own API writes as `{"value","localizedValue"}`.
fn category(record: &Map<String, Json>) -> String {
    match record.get("category") {
        Some(Json::String(category)) => category.clone(),
        Some(Json::Object(object)) => text(object, "value").to_owned(),
        _ => String::new(),
    }
}

/// The record as Sigma's Azure rules read it. SigmaHQ names fields in three ways: by the column
/// (`ResultType`), by the property (`userAgent`) and by its path (`properties.message`); all
/// three are there, and the record's own members win.
fn native(mut record: Map<String, Json>, row: &Row) -> Map<String, Json> {
    if let Some(Json::String(text)) = record.get("properties")
        && let Ok(Json::Object(properties)) = serde_json::from_str(text)
    {
        record.insert("properties".into(), Json::Object(properties));
    }
    if let Some(Json::Object(properties)) = record.get_mut("properties") {
        // Rules for the audit log name its activity `properties.message`.
        if let Some(activity) = properties.get("activityDisplayName").cloned() {
            properties.entry("message").or_insert(activity);
        }
        let properties = properties.clone();
        for (name, value) in properties {
            record.entry(name).or_insert(value);
        }
    }
    let (cells, _) = row.parts();
    for (at, value) in cells {
        let Some(column) = row.table().columns.get(*at) else {
            continue;
        };
        let value = match value {
            Value::String(text) if text.is_empty() => continue,
            Value::String(text) => Json::String(text.clone()),
            Value::Long(number) => (*number).into(),
            Value::Real(number) => (*number).into(),
            Value::Bool(flag) => (*flag).into(),
            Value::DateTime(at) => at.to_string().into(),
            Value::LastHours(_) => continue,
            Value::Dynamic(json) => json.clone(),
        };
        record.entry(column.name.as_str()).or_insert(value);
    }
    record
}
