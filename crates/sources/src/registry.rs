//! The one list of sources.

use crate::{Confidence, Source};

use crate::aws_cloudtrail::AwsCloudTrail;
use crate::aws_guardduty::AwsGuardDuty;
use crate::azure_diagnostics::AzureDiagnosticLogs;
use crate::cef_syslog::CefSyslog;
use crate::defender_for_cloud::DefenderForCloud;
use crate::entra_risk_detections::EntraRiskDetections;
use crate::generic_json::GenericJson;
use crate::graph_alerts_v2::GraphAlertsV2;
use crate::syslog::Syslog;
use crate::table_rows::TableRows;
use crate::windows_evtx::WindowsEvtx;
use crate::windows_json::WindowsJson;

/// Every source. When two are equally sure of an input, the earlier one decodes it.
static SOURCES: &[&dyn Source] = &[
    &WindowsEvtx,
    &WindowsJson,
    &AwsCloudTrail,
    &AwsGuardDuty,
    &DefenderForCloud,
    &GraphAlertsV2,
    &EntraRiskDetections,
    &AzureDiagnosticLogs,
    &TableRows,
    &CefSyslog,
    &Syslog,
    &GenericJson,
];

/// All sources.
pub fn registry() -> &'static [&'static dyn Source] {
    SOURCES
}

/// The names of all sources, for messages: `a, b, c`.
pub fn names() -> String {
    let names: Vec<&str> = SOURCES.iter().map(|source| source.spec().name).collect();
    names.join(", ")
}

/// The source of a name.
pub fn by_name(name: &str) -> Option<&'static dyn Source> {
    SOURCES
        .iter()
        .copied()
        .find(|source| source.spec().name == name)
}

/// The source that is surest of an input, by its first bytes (up to [`crate::HEAD_BYTES`]) and its
/// name; `None` when no source knows it.
pub fn detect(head: &[u8], file_name: &str) -> Option<&'static dyn Source> {
    let mut best = (Confidence::No, None);
    for source in SOURCES {
        let confidence = source.sniff(head, file_name);
        if confidence > best.0 {
            best = (confidence, Some(*source));
        }
    }
    best.1
}
