//! What the alerts of an incident say together: recomputed whenever one joins or leaves.

use std::collections::BTreeSet;

use schema::{EntityKind, Severity, Tactic};
use serde::{Deserialize, Serialize};

use super::alert_record::AlertRecord;
use super::environment;
use super::incident::Incident;
use super::priority::{PriorityInput, Sensitivity, priority};

/// An entity by kind and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityLabel {
    /// Kind, as in `SecurityAlert.Entities`.
    pub kind: String,
    /// Text for people.
    pub label: String,
}

/// An entity behind which an identity should stand and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingLink {
    /// Text of the entity.
    pub entity: String,
    /// What is missing and what would mend it.
    pub reason: String,
}

/// What the alerts say together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Environments with evidence, in the order on-premises, azure, m365, aws, gcp.
    pub environments: Vec<String>,
    /// Distinct tactics along the kill chain.
    pub tactics: Vec<Tactic>,
    /// Distinct techniques.
    pub techniques: Vec<String>,
    /// Distinct products, the first alert's first.
    pub products: Vec<String>,
    /// Distinct rules of our own.
    pub rule_ids: Vec<String>,
    /// Entities, the ones that matter most first, at most 12.
    pub entities: Vec<EntityLabel>,
    /// Missing links, at most 25.
    pub missing_links: Vec<MissingLink>,
    /// Criticality of the most critical asset.
    pub tier: Option<i64>,
}

/// Most entities kept in the facts; the incident page shows all.
const ENTITIES_MAX: usize = 12;
/// Most missing links named.
const MISSING_MAX: usize = 25;

/// Brings severity, times, title, facts and priority of an incident in line with its alerts.
/// `alerts` are all it has, earliest first. Marks are not touched.
pub(crate) fn refresh(incident: &mut Incident, alerts: &[AlertRecord]) {
    let Some(first) = alerts.first() else { return };
    incident.alert_count = alerts.len() as i64;
    incident.first_activity_at = alerts
        .iter()
        .map(|record| record.alert.start_at)
        .min()
        .unwrap_or(incident.created_at);
    incident.last_activity_at = alerts
        .iter()
        .map(|record| record.alert.end_at)
        .max()
        .unwrap_or(incident.created_at);
    incident.source.clone_from(&first.alert.product);
    incident.rule_id.clone_from(&first.alert.rule_id);
    let mut input = PriorityInput::default();
    let worst = alerts
        .iter()
        .rev()
        .max_by_key(|record| record.alert.severity)
        .unwrap_or(first);
    incident.severity = worst.alert.severity;
    input.severity = Some(worst.alert.severity);
    input.severity_of.clone_from(&worst.alert.name);
    input.confidence = alerts
        .iter()
        .filter_map(|record| record.alert.confidence)
        .max_by(f64::total_cmp);
    incident.facts = collect(alerts, &mut input);
    let (priority, parts) = priority(&input);
    incident.priority = priority;
    incident.priority_parts = parts;
    if !incident.title_by_person {
        incident.title = title(alerts, worst, &incident.facts);
        incident.description.clone_from(&worst.alert.description);
    }
}

fn collect(alerts: &[AlertRecord], input: &mut PriorityInput) -> Facts {
    let mut environments: Vec<&str> = Vec::new();
    let mut tactics: Vec<Tactic> = Vec::new();
    let mut techniques = BTreeSet::new();
    let mut facts = Facts::default();
    let mut ranked: Vec<(u8, String, EntityLabel)> = Vec::new();
    for record in alerts {
        environments.extend(environment::environments(&record.alert));
        tactics.extend(&record.alert.tactics);
        techniques.extend(record.alert.techniques.iter().cloned());
        push_new(&mut facts.products, &record.alert.product);
        if record.alert.origin != schema::AlertOrigin::Native {
            push_new(&mut facts.rule_ids, &record.alert.rule_id);
        }
        for (entity, resolved) in record.entities() {
            if let Some(asset) = &resolved.asset {
                environments.extend(
                    environment::ENVIRONMENTS
                        .iter()
                        .find(|name| **name == asset.environment),
                );
            }
            // Targets of a spray say nothing about how far the attack has come.
            if !(resolved.target && entity.kind == EntityKind::Account) {
                weigh_asset(entity, resolved, input);
                weigh_identity(entity, resolved, input);
            }
            if let Some(reason) = &resolved.missing
                && facts.missing_links.len() < MISSING_MAX
                && !facts
                    .missing_links
                    .iter()
                    .any(|link| link.reason == *reason)
            {
                facts.missing_links.push(MissingLink {
                    entity: entity.label(),
                    reason: reason.clone(),
                });
            }
            if !ranked.iter().any(|(_, key, _)| *key == resolved.key) {
                let label = EntityLabel {
                    kind: entity.kind.json_type().into(),
                    label: entity.label(),
                };
                ranked.push((rank(entity.kind, resolved), resolved.key.clone(), label));
            }
        }
    }
    // Stable: of equal rank the one seen first comes first.
    ranked.sort_by_key(|(rank, ..)| *rank);
    facts.entities = ranked
        .into_iter()
        .take(ENTITIES_MAX)
        .map(|(.., label)| label)
        .collect();
    facts.environments = environment::in_order(environments)
        .into_iter()
        .map(str::to_owned)
        .collect();
    tactics.sort_unstable_by_key(|tactic| (tactic.step(), *tactic));
    tactics.dedup();
    facts.tactics = tactics;
    facts.techniques = techniques.into_iter().collect();
    facts.tier = input.asset.as_ref().and_then(|(tier, _)| *tier);
    input.products = facts.products.len();
    input.tactics.clone_from(&facts.tactics);
    input.environments.clone_from(&facts.environments);
    facts
}

fn weigh_asset(
    entity: &schema::Entity,
    resolved: &crate::grouping::resolve::ResolvedEntity,
    input: &mut PriorityInput,
) {
    let is_thing = matches!(
        entity.kind,
        EntityKind::Host | EntityKind::AzureResource | EntityKind::AmazonResource
    );
    let candidate = match &resolved.asset {
        Some(asset) => (asset.criticality, asset.name.clone()),
        None if is_thing => (None, entity.label()),
        None => return,
    };
    let tier = |asset: &(Option<i64>, String)| asset.0.unwrap_or(8);
    if input
        .asset
        .as_ref()
        .is_none_or(|old| tier(&candidate) < tier(old))
    {
        input.asset = Some(candidate);
    }
}

fn weigh_identity(
    entity: &schema::Entity,
    resolved: &crate::grouping::resolve::ResolvedEntity,
    input: &mut PriorityInput,
) {
    let candidate = match &resolved.identity {
        Some(identity) => Sensitivity {
            label: identity.label.clone(),
            known: true,
            privileged_role: identity.privileged_role.clone(),
            sensitivity: identity.sensitivity.clone(),
        },
        None if entity.kind == EntityKind::Account => Sensitivity {
            label: entity.label(),
            known: false,
            privileged_role: String::new(),
            sensitivity: String::new(),
        },
        None => return,
    };
    let weight = |one: &Sensitivity| (one.points(), one.known);
    if input
        .identity
        .as_ref()
        .is_none_or(|old| weight(&candidate) > weight(old))
    {
        input.identity = Some(candidate);
    }
}

/// The lower the sooner an entity is shown.
fn rank(kind: EntityKind, resolved: &crate::grouping::resolve::ResolvedEntity) -> u8 {
    let tier_0 = resolved
        .asset
        .as_ref()
        .is_some_and(|asset| asset.criticality == Some(0));
    match kind {
        _ if tier_0 => 1,
        EntityKind::Account if !resolved.link.is_empty() => 0,
        EntityKind::Ip if !resolved.link.is_empty() => 2,
        EntityKind::Host => 3,
        EntityKind::AzureResource | EntityKind::AmazonResource | EntityKind::Mailbox => 4,
        EntityKind::Ip => 5,
        EntityKind::Account => 6,
        _ => 7,
    }
}

/// One alert gives its own name; several give the gravest one, who it is about, and how many more.
fn title(alerts: &[AlertRecord], worst: &AlertRecord, facts: &Facts) -> String {
    const TITLE_CHARS_MAX: usize = 250;
    let mut title = worst.alert.name.clone();
    if alerts.len() > 1 {
        if let Some(entity) = facts.entities.first() {
            title.push_str(&format!(" ({})", entity.label));
        }
        let more = alerts.len() - 1;
        title.push_str(&format!(
            " and {more} more alert{}",
            if more == 1 { "" } else { "s" }
        ));
        if let (Some(from), Some(to)) = (facts.tactics.first(), facts.tactics.last())
            && from != to
        {
            title.push_str(&format!(", {} to {}", from.as_str(), to.as_str()));
        }
    }
    title.chars().take(TITLE_CHARS_MAX).collect()
}

fn push_new(list: &mut Vec<String>, value: &str) {
    if !value.is_empty() && !list.iter().any(|one| one == value) {
        list.push(value.to_owned());
    }
}

/// The least severity, for an incident that is being made.
pub(crate) const LEAST_SEVERITY: Severity = Severity::Informational;
