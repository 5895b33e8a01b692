//! Security alerts of Microsoft Defender for Cloud (reference: Defender for Cloud, security alerts
//! schemas: continuous export and `Microsoft.Security/alerts`).

use std::sync::Arc;

use schema::{Entity, EntityKind, LogSource, Severity, Tactic};
use serde_json::{Map, Value as Json};

use crate::alerts::{FirstLetter, NativeAlert, respell, respell_members, strings};
use crate::head::{first_record, text};
use crate::json_source::decode_json;
use crate::time::first_time;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "defender_for_cloud",
    title: "Microsoft Defender for Cloud alerts",
    doc: "Alerts as continuous export sends them to an event hub, and as the Azure Resource Manager \
          API lists them. Entities stay as Defender writes them; resources join them.",
    tables: &["SecurityAlert"],
    reference: "Microsoft Defender for Cloud, security alerts schemas; Microsoft.Security/alerts 2022-01-01",
};

/// The source.
pub(crate) struct DefenderForCloud;

impl Source for DefenderForCloud {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if properties(&record).is_some() => Confidence::Certain,
            _ => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let table = ctx.table_schema("SecurityAlert");
        decode_json(input, ctx, out, &["records", "value"], &mut |record| {
            let Some(properties) = properties(&record) else {
                return Err(
                    "no Defender for Cloud alert: `alertType` or `startTimeUtc` is missing".into(),
                );
            };
            let alert = alert(&record, &properties);
            Ok(alert.map(
                &Arc::clone(&table),
                record,
                LogSource::new("azure", "defenderforcloud"),
            ))
        })
    }
}

/// The alert's members in one spelling, whichever shape it came in.
fn properties(record: &Map<String, Json>) -> Option<Map<String, Json>> {
    let inner = match record.get("properties") {
        Some(Json::Object(properties)) => properties,
        _ => record,
    };
    let properties = respell_members(inner, FirstLetter::Small);
    let is_alert = properties.contains_key("alertType")
        && (properties.contains_key("startTimeUtc") || properties.contains_key("timeGeneratedUtc"))
        && (properties.contains_key("alertDisplayName")
            || properties.contains_key("systemAlertId"));
    is_alert.then_some(properties)
}

fn alert(record: &Map<String, Json>, properties: &Map<String, Json>) -> NativeAlert {
    let get = |key: &str| text(properties, key).to_owned();
    let resource_id = properties
        .get("resourceIdentifiers")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .find_map(|resource| resource.get("azureResourceId")?.as_str())
        .unwrap_or_default();
    let vendor_id = [get("systemAlertId"), text(record, "name").to_owned()]
        .into_iter()
        .find(|id| !id.is_empty())
        .unwrap_or_default();
    let mut techniques = strings(properties.get("techniques"));
    techniques.extend(strings(properties.get("subTechniques")));
    NativeAlert {
        vendor: "Microsoft",
        // The name that Sentinel has kept for its content.
        product: "Azure Security Center".into(),
        provider: "Azure Security Center".into(),
        component: get("productComponentName"),
        vendor_id,
        alert_type: get("alertType"),
        name: get("alertDisplayName"),
        description: get("description"),
        severity: Severity::parse(text(properties, "severity")),
        status: status(text(properties, "status")).to_owned(),
        confidence: properties.get("confidenceScore").and_then(Json::as_f64),
        compromised_entity: get("compromisedEntity"),
        created: first_time(
            properties,
            &[
                "timeGeneratedUtc",
                "timeGenerated",
                "processingEndTimeUtc",
                "processingEndTime",
            ],
        ),
        start: first_time(properties, &["startTimeUtc"]),
        end: first_time(properties, &["endTimeUtc"]),
        tactics: strings(properties.get("intent"))
            .iter()
            .filter_map(|intent| tactic(intent))
            .collect(),
        techniques,
        entities: vec![Entity::new(EntityKind::AzureResource).with("ResourceId", resource_id)],
        vendor_entities: vendor_entities(properties.get("entities")),
        remediation_steps: strings_or_lines(properties.get("remediationSteps")),
        link: get("alertUri"),
        extended_links: properties
            .get("extendedLinks")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .map(|link| respell(link, FirstLetter::Capital))
            .collect(),
        resource_id: resource_id.to_owned(),
        extended_properties: extended(record, properties),
        is_incident: properties
            .get("isIncident")
            .and_then(Json::as_bool)
            .unwrap_or_default(),
    }
}

fn status(status: &str) -> &'static str {
    match status {
        "InProgress" => "InProgress",
        "Resolved" => "Resolved",
        "Dismissed" => "Dismissed",
        _ => "New",
    }
}

/// Kill-chain intents; two have other names than the ATT&CK tactic.
fn tactic(intent: &str) -> Option<Tactic> {
    match intent {
        "Probing" => Some(Tactic::Reconnaissance),
        "Exploitation" => Some(Tactic::InitialAccess),
        other => Tactic::parse(other),
    }
}

/// Entities in Sentinel's spelling, with a type and an id.
fn vendor_entities(value: Option<&Json>) -> Vec<Json> {
    let mut list = Vec::new();
    for (at, entity) in value
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let Json::Object(mut object) = canonical(respell(entity, FirstLetter::Capital)) else {
            continue;
        };
        let kind = text(&object, "Type").to_ascii_lowercase();
        object.insert("Type".into(), kind.as_str().into());
        object
            .entry("$id")
            .or_insert_with(|| (at + 2).to_string().into());
        if kind == "account" {
            split_account(&mut object);
        }
        list.push(Json::Object(object));
    }
    list
}

/// Identifiers whose spelling has more than a first capital (Sentinel entity types).
const IDENTIFIERS: &[&str] = &[
    "UPNSuffix",
    "NTDomain",
    "AadUserId",
    "AadTenantId",
    "AadDeviceId",
    "PUID",
    "OMSAgentID",
    "AzureID",
    "OSFamily",
    "OSVersion",
    "DnsDomain",
    "NetBiosName",
    "HostName",
    "ObjectGuid",
    "DisplayName",
    "ResourceId",
];

/// Members under Sentinel's spelling, whatever letter case they came in.
fn canonical(value: Json) -> Json {
    match value {
        Json::Object(object) => Json::Object(
            object
                .into_iter()
                .map(|(name, value)| {
                    let known = IDENTIFIERS
                        .iter()
                        .find(|known| known.eq_ignore_ascii_case(&name));
                    (
                        known.map_or(name, |known| (*known).to_owned()),
                        canonical(value),
                    )
                })
                .collect(),
        ),
        Json::Array(values) => Json::Array(values.into_iter().map(canonical).collect()),
        other => other,
    }
}

/// An account whose name holds its domain or suffix is split as Sentinel's entities are.
fn split_account(object: &mut Map<String, Json>) {
    let name = text(object, "Name").to_owned();
    if object.contains_key("UPNSuffix") || object.contains_key("NTDomain") {
        return;
    }
    for (identifier, value) in Entity::account(&name).identifiers {
        object.insert(identifier, value.into());
    }
}

fn strings_or_lines(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => match serde_json::from_str::<Vec<String>>(text) {
            Ok(steps) => steps,
            Err(_) => crate::alerts::steps(text),
        },
        other => strings(other),
    }
}

/// What the row has no column for.
fn extended(record: &Map<String, Json>, properties: &Map<String, Json>) -> Map<String, Json> {
    // From the record itself: these names are the alert type's own and stay as they are.
    let inner = record
        .get("properties")
        .and_then(Json::as_object)
        .unwrap_or(record);
    let own = inner
        .get("extendedProperties")
        .or_else(|| inner.get("ExtendedProperties"));
    let mut extended = own.and_then(Json::as_object).cloned().unwrap_or_default();
    if let Some(id) = record
        .get("id")
        .filter(|_| record.contains_key("properties"))
    {
        extended.insert("AlertResourceId".into(), id.clone());
    }
    for name in [
        "resourceIdentifiers",
        "correlationKey",
        "supportingEvidence",
        "vendorName",
        "productName",
    ] {
        if let Some(value) = properties.get(name) {
            extended.entry(name).or_insert(value.clone());
        }
    }
    extended
}
