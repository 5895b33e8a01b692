//! Risk detections of Entra ID Protection (reference: Microsoft Graph, `riskDetection`).

use std::sync::Arc;

use schema::{Entity, LogSource, Severity, Tactic};
use serde_json::{Map, Value as Json};

use crate::alerts::{NativeAlert, directory_account};
use crate::head::{first_record, has_all, text};
use crate::json_source::decode_json;
use crate::time::first_time;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "entra_risk_detections",
    title: "Entra ID Protection risk detections",
    doc: "Risk detections as Microsoft Graph lists them. The user and the address become entities; \
          tactic and technique follow from the kind of risk, and from the detection's own \
          `mitreTechniques` where it names them.",
    tables: &["SecurityAlert"],
    reference: "Microsoft Graph v1.0, riskDetection resource type",
};

/// The source.
pub(crate) struct EntraRiskDetections;

impl Source for EntraRiskDetections {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if is_detection(&record) => Confidence::Certain,
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
            if !is_detection(&record) {
                return Err("no risk detection: `riskEventType` or `userId` is missing".into());
            }
            let alert = alert(&record);
            Ok(alert.map(
                &Arc::clone(&table),
                record,
                LogSource::new("azure", "riskdetection"),
            ))
        })
    }
}

fn is_detection(record: &Map<String, Json>) -> bool {
    has_all(record, &["id", "riskEventType", "riskLevel"])
        && (record.contains_key("detectedDateTime") || record.contains_key("userId"))
}

/// Kind of risk: its title, tactic and technique.
const KINDS: &[(&str, &str, Tactic, &str)] = &[
    (
        "unlikelyTravel",
        "Atypical travel",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "mcasImpossibleTravel",
        "Impossible travel",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "impossibleTravel",
        "Impossible travel",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "anonymizedIPAddress",
        "Anonymous IP address",
        Tactic::InitialAccess,
        "T1090.003",
    ),
    (
        "riskyIPAddress",
        "Activity from an anonymous IP address",
        Tactic::InitialAccess,
        "T1090.003",
    ),
    (
        "maliciousIPAddress",
        "Malicious IP address",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "maliciousIPAddressValidCredentialsBlockedIP",
        "Malicious IP address",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "malwareInfectedIPAddress",
        "Malware linked IP address",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "suspiciousIPAddress",
        "Suspicious IP address",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "nationStateIP",
        "Verified threat actor IP address",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "unfamiliarFeatures",
        "Unfamiliar sign-in properties",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "newCountry",
        "Activity from a new country",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "suspiciousBrowser",
        "Suspicious browser",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "leakedCredentials",
        "Leaked credentials",
        Tactic::CredentialAccess,
        "T1589.001",
    ),
    (
        "passwordSpray",
        "Password spray",
        Tactic::CredentialAccess,
        "T1110.003",
    ),
    (
        "anomalousToken",
        "Anomalous token",
        Tactic::CredentialAccess,
        "T1528",
    ),
    (
        "tokenIssuerAnomaly",
        "Token issuer anomaly",
        Tactic::CredentialAccess,
        "T1606.002",
    ),
    (
        "attackerinTheMiddle",
        "Attacker in the middle",
        Tactic::CredentialAccess,
        "T1557",
    ),
    (
        "attemptedPrtAccess",
        "Possible attempt to access the primary refresh token",
        Tactic::CredentialAccess,
        "T1528",
    ),
    (
        "mcasSuspiciousInboxManipulationRules",
        "Suspicious inbox manipulation rules",
        Tactic::DefenseEvasion,
        "T1564.008",
    ),
    (
        "suspiciousInboxForwarding",
        "Suspicious inbox forwarding",
        Tactic::Collection,
        "T1114.003",
    ),
    (
        "mcasFinSuspiciousFileAccess",
        "Mass access to sensitive files",
        Tactic::Collection,
        "T1213",
    ),
    (
        "suspiciousSendingPatterns",
        "Suspicious sending patterns",
        Tactic::LateralMovement,
        "T1534",
    ),
    (
        "suspiciousAPITraffic",
        "Suspicious API traffic",
        Tactic::Discovery,
        "T1087.004",
    ),
    (
        "anomalousUserActivity",
        "Anomalous user activity",
        Tactic::Persistence,
        "T1098",
    ),
    (
        "userReportedSuspiciousActivity",
        "User reported suspicious activity",
        Tactic::CredentialAccess,
        "T1621",
    ),
    (
        "investigationsThreatIntelligence",
        "Microsoft Entra threat intelligence",
        Tactic::InitialAccess,
        "T1078.004",
    ),
    (
        "adminConfirmedUserCompromised",
        "Admin confirmed user compromised",
        Tactic::InitialAccess,
        "T1078.004",
    ),
];

fn alert(record: &Map<String, Json>) -> NativeAlert {
    let kind = text(record, "riskEventType");
    let known = KINDS
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(kind));
    let title = known.map_or(kind, |(_, title, ..)| title);
    let upn = text(record, "userPrincipalName");
    let additional = additional_info(record);
    let mut techniques: Vec<String> = additional
        .get("mitreTechniques")
        .map(|value| crate::alerts::strings(Some(value)))
        .unwrap_or_default();
    if let Some((_, _, _, technique)) = known
        && techniques.is_empty()
    {
        techniques.push((*technique).to_owned());
    }
    NativeAlert {
        vendor: "Microsoft",
        product: "Azure Active Directory Identity Protection".into(),
        provider: "IPC".into(),
        vendor_id: text(record, "id").to_owned(),
        alert_type: kind.to_owned(),
        name: title.to_owned(),
        description: description(record, title),
        severity: Severity::parse(text(record, "riskLevel")),
        status: match text(record, "riskState") {
            "dismissed" | "confirmedSafe" => "Dismissed".into(),
            "remediated" => "Resolved".into(),
            _ => "New".into(),
        },
        compromised_entity: upn.to_owned(),
        created: first_time(record, &["detectedDateTime", "activityDateTime"]),
        start: first_time(record, &["activityDateTime", "detectedDateTime"]),
        end: first_time(record, &["activityDateTime", "detectedDateTime"]),
        tactics: known.map(|(_, _, tactic, _)| *tactic).into_iter().collect(),
        techniques,
        entities: vec![
            directory_account(upn, text(record, "userId"))
                .with("DisplayName", text(record, "userDisplayName")),
            Entity::ip(text(record, "ipAddress")),
        ],
        remediation_steps: vec![
            "Ask the user whether the sign-in was theirs, over another channel.".into(),
            "If it was not: revoke the user's sessions and reset the password.".into(),
            "Review what the account did since the sign-in, then confirm or dismiss the risk."
                .into(),
        ],
        extended_properties: extended(record, additional),
        ..NativeAlert::default()
    }
}

fn description(record: &Map<String, Json>, title: &str) -> String {
    let place = |name: &str| {
        record
            .get("location")
            .and_then(|l| l.get(name))
            .and_then(Json::as_str)
    };
    let place: Vec<&str> = ["city", "countryOrRegion"]
        .into_iter()
        .filter_map(place)
        .filter(|p| !p.is_empty())
        .collect();
    let mut sentence = format!("{title}: {}", text(record, "userPrincipalName"));
    if !text(record, "ipAddress").is_empty() {
        sentence.push_str(&format!(" from {}", text(record, "ipAddress")));
    }
    if !place.is_empty() {
        sentence.push_str(&format!(" ({})", place.join(", ")));
    }
    sentence
}

/// `additionalInfo`: JSON text with a list of `Key` and `Value`.
fn additional_info(record: &Map<String, Json>) -> Map<String, Json> {
    let parsed;
    let list = match record.get("additionalInfo") {
        Some(Json::String(text)) => {
            parsed = serde_json::from_str::<Json>(text).unwrap_or_default();
            parsed.as_array()
        }
        Some(other) => other.as_array(),
        None => None,
    };
    list.into_iter()
        .flatten()
        .filter_map(|pair| {
            let key = pair.get("Key").or(pair.get("key"))?.as_str()?;
            Some((
                key.to_owned(),
                pair.get("Value").or(pair.get("value"))?.clone(),
            ))
        })
        .collect()
}

fn extended(record: &Map<String, Json>, additional: Map<String, Json>) -> Map<String, Json> {
    let mut extended = additional;
    for name in [
        "requestId",
        "correlationId",
        "riskState",
        "riskDetail",
        "riskLevel",
        "source",
        "detectionTimingType",
        "activity",
        "tokenIssuerType",
        "location",
        "lastUpdatedDateTime",
    ] {
        if let Some(value) = record.get(name).filter(|value| !value.is_null()) {
            extended.entry(name).or_insert(value.clone());
        }
    }
    extended
}
