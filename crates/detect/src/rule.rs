//! Sentinel analytics rules: what a rule file says, in the three spellings of the rule format
//! (repository YAML, "as code" YAML, ARM / REST JSON; JSON is read as YAML, which contains it).

use jiff::{SignedDuration, Timestamp};
use schema::{EntityKind, GroupingMatch, IncidentGrouping, Severity, Tactic};
use sigma::yaml::{Data, Node};

use crate::diagnostic::{Finding, Findings};
use crate::duration;
use crate::windows::{NRT_DELAY, RUN_DELAY};

/// How often a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// On a schedule over a window of event time.
    Scheduled,
    /// Each minute over the minute before; rows that come later make their minute run again.
    Nrt,
}

/// When a scheduled rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerOperator {
    /// More rows than the threshold.
    GreaterThan,
    /// Fewer rows.
    LessThan,
    /// As many rows.
    Equal,
    /// Another number of rows.
    NotEqual,
}

impl TriggerOperator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "gt" | "greaterthan" => Self::GreaterThan,
            "lt" | "lessthan" => Self::LessThan,
            "eq" | "equal" => Self::Equal,
            "ne" | "notequal" => Self::NotEqual,
            _ => return None,
        })
    }

    /// Whether a run with `rows` result rows fires.
    pub fn fires(self, rows: u64, threshold: u64) -> bool {
        match self {
            Self::GreaterThan => rows > threshold,
            Self::LessThan => rows < threshold,
            Self::Equal => rows == threshold,
            Self::NotEqual => rows != threshold,
        }
    }
}

/// One entity mapping: identifiers and the columns they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityMapping {
    /// Entity type.
    pub kind: EntityKind,
    /// Identifier and column.
    pub fields: Vec<(String, String)>,
}

/// `alertDetailsOverride`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertOverride {
    /// Name with `{{Column}}` placeholders.
    pub display_name: Option<String>,
    /// Description with placeholders.
    pub description: Option<String>,
    /// Column that holds tactics.
    pub tactics_column: Option<String>,
    /// Column that holds the severity.
    pub severity_column: Option<String>,
}

/// An analytics rule.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyticsRule {
    /// GUID of the rule.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Severity.
    pub severity: Severity,
    /// Scheduled or near real time.
    pub kind: RuleKind,
    /// KQL.
    pub query: String,
    /// Line of the file at which the query's first line stands, 1-based.
    pub query_line: u32,
    /// Time between runs.
    pub frequency: SignedDuration,
    /// Event time a run looks at.
    pub period: SignedDuration,
    /// Trigger.
    pub operator: TriggerOperator,
    /// Trigger threshold.
    pub threshold: u64,
    /// One alert per result row rather than one a run.
    pub alert_per_result: bool,
    /// Tactics.
    pub tactics: Vec<Tactic>,
    /// Techniques.
    pub techniques: Vec<String>,
    /// Entity mappings.
    pub entities: Vec<EntityMapping>,
    /// Custom details: key and column.
    pub custom_details: Vec<(String, String)>,
    /// Overrides of alert details.
    pub overrides: AlertOverride,
    /// Incidents.
    pub grouping: IncidentGrouping,
    /// After a run with an alert, skip runs for so long.
    pub suppression: Option<SignedDuration>,
    /// Whether it runs.
    pub enabled: bool,
    /// Path it was loaded from.
    pub path: String,
}

const FIVE_MINUTES: SignedDuration = SignedDuration::from_mins(5);
const FOURTEEN_DAYS: SignedDuration = SignedDuration::from_hours(14 * 24);

impl AnalyticsRule {
    /// Whether its windows that end at these two times share some time: the same key in both is one
    /// finding.
    pub(crate) fn overlap(&self, to: Timestamp, other_to: Timestamp) -> bool {
        to.duration_since(other_to).abs() < self.period
    }

    /// Time a run waits after its nominal time, for rows that come late.
    pub fn delay(&self) -> SignedDuration {
        match self.kind {
            RuleKind::Scheduled => RUN_DELAY,
            RuleKind::Nrt => NRT_DELAY,
        }
    }

    /// Whether a document is an analytics rule (it has a query and a severity), as against a
    /// Sigma rule or another file of a rule repository.
    pub fn recognises(node: &Node) -> bool {
        let node = properties(node);
        node.get("query").is_some()
            && (node.get("severity").is_some() || node.get("triggerOperator").is_some())
    }

    /// Reads a rule. `None` when it can't run; `findings` says why.
    pub fn read(node: &Node, path: &str, findings: &mut Findings) -> Option<Self> {
        let outer = node;
        let node = properties(node);
        let before = findings.errors();
        let id = text(node, "id")
            .or_else(|| {
                text(outer, "name")
                    .filter(|_| !std::ptr::eq(outer, node))
                    .map(|name| last_segment(&name).to_owned())
            })
            .unwrap_or_default();
        if id.is_empty() {
            findings.error(node, "RUL0001", "`id` is missing");
        }
        let name = text(node, "displayName")
            .or_else(|| text(node, "name"))
            .unwrap_or_else(|| id.clone());
        let kind_text = text(outer, "kind")
            .or_else(|| text(node, "kind"))
            .unwrap_or_default();
        let kind = match kind_text.to_ascii_lowercase().as_str() {
            "" | "scheduled" => RuleKind::Scheduled,
            "nrt" => RuleKind::Nrt,
            other => {
                findings.error(
                    node,
                    "RUL0002",
                    format!("rules of kind `{other}` are not run"),
                );
                RuleKind::Scheduled
            }
        };
        let severity = required(node, "severity", findings)
            .and_then(|n| parsed(n, "RUL0003", Severity::parse, findings))
            .unwrap_or(Severity::Medium);
        let (query, query_line) = match required(node, "query", findings) {
            Some(n) => (n.text().unwrap_or_default().to_owned(), n.line),
            None => (String::new(), 0),
        };
        let schedule = Schedule::read(node, kind, findings);
        let rule = Self {
            id,
            name,
            description: clean_description(&text(node, "description").unwrap_or_default()),
            severity,
            kind,
            query,
            query_line,
            frequency: schedule.frequency,
            period: schedule.period,
            operator: schedule.operator,
            threshold: schedule.threshold,
            alert_per_result: node
                .get("eventGroupingSettings")
                .and_then(|n| text(n, "aggregationKind"))
                .is_some_and(|kind| kind.eq_ignore_ascii_case("AlertPerResult")),
            tactics: tactics(node, findings),
            techniques: ["relevantTechniques", "techniques", "subTechniques"]
                .iter()
                .filter_map(|key| node.get(key))
                .flat_map(Node::texts)
                .collect(),
            entities: entity_mappings(node, findings),
            custom_details: pairs(node.get("customDetails")),
            overrides: overrides(node.get("alertDetailsOverride")),
            grouping: grouping(node.get("incidentConfiguration"), findings),
            suppression: suppression(node, findings),
            enabled: flag(node, "enabled").unwrap_or(true),
            path: path.to_owned(),
        };
        (findings.errors() == before).then_some(rule)
    }
}

/// The rules of a document: the resources of an ARM template or export, else the document itself.
pub(crate) fn resources(document: &Node) -> Vec<&Node> {
    match document.get("resources").and_then(Node::items) {
        Some(list) if !list.is_empty() => list.iter().flat_map(self::resources).collect(),
        _ => vec![document],
    }
}

/// ARM and REST JSON hold the rule under `properties`.
fn properties(node: &Node) -> &Node {
    node.get("properties")
        .filter(|n| n.entries().is_some())
        .unwrap_or(node)
}

/// The rule's own part of a resource's name, which exports write as an expression:
/// `[concat(parameters('workspace'),'/Microsoft.SecurityInsights/<id>')]`.
fn last_segment(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    match name.starts_with('[') {
        true => last.trim_end_matches(['\'', ')', ']']),
        false => last,
    }
}

struct Schedule {
    frequency: SignedDuration,
    period: SignedDuration,
    operator: TriggerOperator,
    threshold: u64,
}

impl Schedule {
    fn read(node: &Node, kind: RuleKind, findings: &mut Findings) -> Self {
        let mut schedule = Self {
            frequency: SignedDuration::from_mins(1),
            period: SignedDuration::from_mins(1),
            operator: TriggerOperator::GreaterThan,
            threshold: 0,
        };
        if kind == RuleKind::Nrt {
            return schedule;
        }
        let mut time = |key: &str| {
            required(node, key, findings)
                .and_then(|n| parsed(n, "RUL0004", duration::parse, findings))
                .inspect(|time| {
                    if *time < FIVE_MINUTES || *time > FOURTEEN_DAYS {
                        findings.warn(
                            node,
                            "RUL0005",
                            format!("`{key}` is outside 5 minutes to 14 days"),
                        );
                    }
                })
        };
        if let (Some(frequency), Some(period)) = (time("queryFrequency"), time("queryPeriod")) {
            schedule.frequency = frequency.max(SignedDuration::from_mins(1));
            schedule.period = period.max(SignedDuration::from_mins(1));
            if frequency > period {
                findings.warn(node, "RUL0006", "`queryFrequency` is longer than `queryPeriod`: events between two windows are not seen");
            }
        }
        if let Some(n) = required(node, "triggerOperator", findings)
            && let Some(operator) = parsed(n, "RUL0007", TriggerOperator::parse, findings)
        {
            schedule.operator = operator;
        }
        if let Some(n) = required(node, "triggerThreshold", findings)
            && let Some(threshold) = parsed(n, "RUL0008", |t| t.parse().ok(), findings)
        {
            schedule.threshold = threshold;
        }
        schedule
    }
}

fn required<'a>(node: &'a Node, key: &str, findings: &mut Findings) -> Option<&'a Node> {
    let found = node.get(key).filter(|n| n.text().is_some());
    if found.is_none() {
        findings.error(node, "RUL0001", format!("`{key}` is missing"));
    }
    found
}

fn parsed<T>(
    node: &Node,
    code: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    findings: &mut Findings,
) -> Option<T> {
    let value = node.text().and_then(parse);
    if value.is_none() {
        findings.error(
            node,
            code,
            format!(
                "`{}` is not understood here",
                node.text().unwrap_or_default()
            ),
        );
    }
    value
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.text().map(str::to_owned)
}

fn flag(node: &Node, key: &str) -> Option<bool> {
    node.get(key)?.text()?.to_ascii_lowercase().parse().ok()
}

/// Templates often wrap the text in single quotes inside a block scalar.
fn clean_description(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(text)
        .trim()
        .to_owned()
}

fn tactics(node: &Node, findings: &mut Findings) -> Vec<Tactic> {
    let Some(list) = node.get("tactics") else {
        return Vec::new();
    };
    list.texts()
        .iter()
        .filter_map(|text| {
            let tactic = Tactic::parse(text);
            if tactic.is_none() {
                findings.warn(list, "RUL0009", format!("unknown tactic `{text}`"));
            }
            tactic
        })
        .collect()
}

fn entity_mappings(node: &Node, findings: &mut Findings) -> Vec<EntityMapping> {
    let mut mappings = Vec::new();
    for mapping in node
        .get("entityMappings")
        .and_then(Node::items)
        .unwrap_or_default()
    {
        let type_text = text(mapping, "entityType").unwrap_or_default();
        let Some(kind) = EntityKind::parse(&type_text) else {
            findings.warn(
                mapping,
                "RUL0010",
                format!("unknown entity type `{type_text}`"),
            );
            continue;
        };
        let fields = mapping
            .get("fieldMappings")
            .and_then(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|field| Some((text(field, "identifier")?, text(field, "columnName")?)))
            .collect();
        mappings.push(EntityMapping { kind, fields });
    }
    mappings
}

fn pairs(node: Option<&Node>) -> Vec<(String, String)> {
    node.and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())))
        .collect()
}

fn overrides(node: Option<&Node>) -> AlertOverride {
    let Some(node) = node else {
        return AlertOverride::default();
    };
    AlertOverride {
        // Seen in the wild beside the documented spelling.
        display_name: text(node, "alertDisplayNameFormat")
            .or_else(|| text(node, "alertnameFormat"))
            .or_else(|| text(node, "alertDisplaynameFormat")),
        description: text(node, "alertDescriptionFormat"),
        tactics_column: text(node, "alertTacticsColumnName"),
        severity_column: text(node, "alertSeverityColumnName"),
    }
}

fn grouping(node: Option<&Node>, findings: &mut Findings) -> IncidentGrouping {
    let mut grouping = IncidentGrouping::default();
    let Some(node) = node else { return grouping };
    grouping.create_incident = flag(node, "createIncident").unwrap_or(true);
    let Some(settings) = node.get("groupingConfiguration") else {
        return grouping;
    };
    if flag(settings, "enabled") != Some(true) {
        return grouping;
    }
    grouping.reopen_closed = flag(settings, "reopenClosedIncident").unwrap_or(false);
    if let Some(n) = settings.get("lookbackDuration")
        && let Some(lookback) = parsed(n, "RUL0004", duration::parse, findings)
    {
        grouping.lookback_seconds = lookback.as_secs().unsigned_abs();
    }
    let method = text(settings, "matchingMethod")
        .or_else(|| text(settings, "entitiesMatchingMethod"))
        .unwrap_or_default();
    grouping.matching = Some(match method.to_ascii_lowercase().as_str() {
        "anyalert" | "none" => GroupingMatch::AnyAlert,
        "selected" | "custom" => GroupingMatch::Selected,
        _ => GroupingMatch::AllEntities,
    });
    let texts = |key: &str| settings.get(key).map(Node::texts).unwrap_or_default();
    grouping.by_entities = texts("groupByEntities")
        .iter()
        .filter_map(|t| EntityKind::parse(t))
        .collect();
    grouping.by_alert_details = texts("groupByAlertDetails");
    grouping.by_custom_details = texts("groupByCustomDetails");
    grouping
}

fn suppression(node: &Node, findings: &mut Findings) -> Option<SignedDuration> {
    if flag(node, "suppressionEnabled") != Some(true) {
        return None;
    }
    parsed(
        node.get("suppressionDuration")?,
        "RUL0004",
        duration::parse,
        findings,
    )
}

/// Whether the node is an empty document.
pub(crate) fn is_empty(node: &Node) -> bool {
    matches!(&node.data, Data::Map(entries) if entries.is_empty())
        || (node.entries().is_none() && node.text().is_none())
}

impl From<&Node> for Finding {
    fn from(node: &Node) -> Self {
        Finding::at(node.line, node.column)
    }
}
