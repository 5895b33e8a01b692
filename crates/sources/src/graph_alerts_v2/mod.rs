//! Alerts of Microsoft Defender XDR (reference: Microsoft Graph, `security/alerts_v2`, resource
//! type `alert`).

mod evidence;

use std::sync::Arc;

use schema::{LogSource, Severity, Tactic};
use serde_json::{Map, Value as Json};

use crate::alerts::{NativeAlert, steps, strings};
use crate::head::{first_record, has_all, text};
use crate::json_source::decode_json;
use crate::time::first_time;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "graph_alerts_v2",
    title: "Microsoft Defender XDR alerts (Graph alerts_v2)",
    doc: "Alerts of Defender for Endpoint, Identity, Office 365, Cloud Apps and the others that \
          Graph lists: one a line, an array, or Graph's `{\"value\":[...]}`. Evidence becomes \
          entities; products have the names that Sentinel content reads.",
    tables: &["SecurityAlert"],
    reference: "Microsoft Graph v1.0, security alert resource type",
};

/// The source.
pub(crate) struct GraphAlertsV2;

impl Source for GraphAlertsV2 {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if is_alert(&record) => Confidence::Certain,
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
        decode_json(input, ctx, out, &["value"], &mut |record| {
            if !is_alert(&record) {
                return Err("no Graph alert: `serviceSource` or `title` is missing".into());
            }
            let alert = alert(&record);
            Ok(alert.map(
                &Arc::clone(&table),
                record,
                LogSource::new("m365", "threat_detection"),
            ))
        })
    }
}

fn is_alert(record: &Map<String, Json>) -> bool {
    has_all(record, &["id", "title", "severity"])
        && (record.contains_key("serviceSource") || record.contains_key("evidence"))
}

fn alert(record: &Map<String, Json>) -> NativeAlert {
    let get = |key: &str| text(record, key).to_owned();
    let (product, provider) = product(text(record, "serviceSource"), text(record, "productName"));
    let entities = evidence::entities(record);
    let mut extended = Map::new();
    for name in [
        "incidentId",
        "incidentWebUrl",
        "serviceSource",
        "detectionSource",
        "classification",
        "determination",
        "actorDisplayName",
        "threatDisplayName",
        "threatFamilyName",
        "assignedTo",
        "tenantId",
        "category",
        "lastUpdateDateTime",
        "resolvedDateTime",
        "additionalData",
        "severity",
        "alertPolicyId",
        "systemTags",
    ] {
        if let Some(value) = record.get(name).filter(|value| !value.is_null()) {
            extended.insert(name.into(), value.clone());
        }
    }
    NativeAlert {
        vendor: "Microsoft",
        product,
        provider,
        vendor_id: get("id"),
        alert_type: [get("detectorId"), get("alertPolicyId"), get("title")]
            .into_iter()
            .find(|kind| !kind.is_empty())
            .unwrap_or_default(),
        name: get("title"),
        description: get("description"),
        severity: Severity::parse(text(record, "severity")),
        status: match text(record, "status") {
            "inProgress" => "InProgress".into(),
            "resolved" => "Resolved".into(),
            _ => "New".into(),
        },
        compromised_entity: entities
            .first()
            .map(schema::Entity::label)
            .unwrap_or_default(),
        created: first_time(record, &["createdDateTime"]),
        start: first_time(record, &["firstActivityDateTime"]),
        end: first_time(record, &["lastActivityDateTime"]),
        tactics: strings(record.get("category"))
            .iter()
            .filter_map(|name| Tactic::parse(name))
            .collect(),
        techniques: strings(record.get("mitreTechniques")),
        entities,
        remediation_steps: steps(text(record, "recommendedActions")),
        link: get("alertWebUrl"),
        extended_properties: extended,
        ..NativeAlert::default()
    }
}

/// `ProductName` and `ProviderName` by Graph's `serviceSource`. The names are older than the
/// products' present ones: rules and workbooks filter on them.
fn product(source: &str, named: &str) -> (String, String) {
    let (product, provider) = match source {
        "microsoftDefenderForEndpoint" => {
            ("Microsoft Defender Advanced Threat Protection", "MDATP")
        }
        "microsoftDefenderForIdentity" => (
            "Azure Advanced Threat Protection",
            "Azure Advanced Threat Protection",
        ),
        "microsoftDefenderForCloudApps" | "microsoftAppGovernance" => {
            ("Microsoft Cloud App Security", "MCAS")
        }
        "microsoftDefenderForOffice365" => ("Office 365 Advanced Threat Protection", "OATP"),
        "azureAdIdentityProtection" => ("Azure Active Directory Identity Protection", "IPC"),
        "microsoftDefenderForCloud" => ("Azure Security Center", "Azure Security Center"),
        "dataLossPrevention" => (
            "Microsoft Data Loss Prevention",
            "Microsoft Data Loss Prevention",
        ),
        "microsoft365Defender" => ("Microsoft 365 Defender", "Microsoft XDR"),
        _ if !named.is_empty() => (named, named),
        _ => ("Microsoft 365 Defender", "Microsoft XDR"),
    };
    (product.to_owned(), provider.to_owned())
}
