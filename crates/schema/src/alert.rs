//! Alerts: one rule's hit, or one finding of a native control.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Entity, EntityKind, Severity, Tactic};

/// Identity of an alert; the same detection on the same rows gives the same id, so that a
/// repeated delivery changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(pub Uuid);

impl AlertId {
    /// Derives an id from what makes the alert unique (rule and rows, or vendor and its own id).
    pub fn derive(parts: &[&str]) -> Self {
        let joined = parts.join("\u{1f}");
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, joined.as_bytes()))
    }
}

impl std::fmt::Display for AlertId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What raised an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertOrigin {
    /// A Sigma rule on the stream.
    Sigma,
    /// A scheduled analytics rule.
    Scheduled,
    /// A near-real-time analytics rule.
    Nrt,
    /// A detection of the platform itself (Defender, GuardDuty ...), passed through.
    Native,
}

/// The query behind an alert, ready to run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertQuery {
    /// KQL text.
    pub text: String,
    /// Start of the window on `TimeGenerated`, inclusive.
    pub from: Timestamp,
    /// End of the window, exclusive.
    pub to: Timestamp,
}

/// A stored row that an alert rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// Table name.
    pub table: String,
    /// `_ItemId` of the row.
    pub item_id: String,
    /// `TimeGenerated` of the row.
    pub time: Timestamp,
}

/// How alerts of one rule are grouped into incidents (`groupingConfiguration.matchingMethod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupingMatch {
    /// All mapped entities must be the same.
    AllEntities,
    /// Any alert of the rule joins.
    AnyAlert,
    /// The named entities, alert details and custom details must be the same.
    Selected,
}

/// What a rule says of incidents (Sentinel rule format, section 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentGrouping {
    /// Whether the alert becomes (part of) an incident at all.
    pub create_incident: bool,
    /// The rule's own grouping; `None` leaves it to Watchfloor's: shared strong entities.
    pub matching: Option<GroupingMatch>,
    /// Alerts join while created within this many seconds of the incident's first alert.
    pub lookback_seconds: u64,
    /// Whether a closed incident opens again.
    pub reopen_closed: bool,
    /// For [`GroupingMatch::Selected`].
    pub by_entities: Vec<EntityKind>,
    /// For [`GroupingMatch::Selected`]: `DisplayName`, `Severity`.
    pub by_alert_details: Vec<String>,
    /// For [`GroupingMatch::Selected`]: keys of the custom details.
    pub by_custom_details: Vec<String>,
}

impl Default for IncidentGrouping {
    fn default() -> Self {
        Self {
            create_incident: true,
            matching: None,
            lookback_seconds: 5 * 3600,
            reopen_closed: false,
            by_entities: Vec::new(),
            by_alert_details: Vec::new(),
            by_custom_details: Vec::new(),
        }
    }
}

/// One detection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Identity (`SystemAlertId`).
    pub id: AlertId,
    /// What raised it.
    pub origin: AlertOrigin,
    /// Rule id; for native alerts the provider's alert type.
    pub rule_id: String,
    /// Name shown (`AlertName`, `DisplayName`).
    pub name: String,
    /// What it means.
    pub description: String,
    /// Severity.
    pub severity: Severity,
    /// 0 to 1 where the provider says so.
    pub confidence: Option<f64>,
    /// `VendorName`.
    pub vendor: String,
    /// `ProductName`.
    pub product: String,
    /// `ProviderName`.
    pub provider: String,
    /// `VendorOriginalId`: the id in the source product, `""` for our own rules.
    pub vendor_id: String,
    /// When the alert came to be: for native alerts the vendor's time.
    pub created_at: Timestamp,
    /// When Watchfloor learned of it.
    pub received_at: Timestamp,
    /// First event.
    pub start_at: Timestamp,
    /// Last event.
    pub end_at: Timestamp,
    /// ATT&CK tactics.
    pub tactics: Vec<Tactic>,
    /// ATT&CK techniques (`T1078`, `T1078.004`).
    pub techniques: Vec<String>,
    /// Entities, without duplicates.
    pub entities: Vec<Entity>,
    /// Rows it rests on (bounded by the producer, which says so in `custom_details`).
    pub evidence: Vec<EvidenceRef>,
    /// Query behind it, for rules in KQL.
    pub query: Option<AlertQuery>,
    /// `customDetails`: name to values.
    pub custom_details: Map<String, Json>,
    /// Link into the vendor's console, `""` when there is none. Shown as text, never live.
    pub link: String,
    /// What the vendor or the rule says to do, one step each.
    pub remediation_steps: Vec<String>,
    /// Grouping into incidents.
    pub grouping: IncidentGrouping,
    /// From old data brought in: stays out of the response metrics.
    pub backfill: bool,
}
