//! Grouping as a rule configures it (Sentinel rule format, section 6): within the rule, by all its
//! entities, by any alert, or by selected fields.

use std::collections::BTreeSet;

use schema::{Alert, EntityKind, GroupingMatch};

use super::keys::entity_keys;

/// Whether `new` belongs with `old` under the grouping of `new`'s rule.
pub(crate) fn matches(new: &Alert, old: &Alert, matching: GroupingMatch) -> bool {
    match matching {
        GroupingMatch::AnyAlert => true,
        GroupingMatch::AllEntities => entities(new, |_| true) == entities(old, |_| true),
        GroupingMatch::Selected => selected(new, old),
    }
}

fn selected(new: &Alert, old: &Alert) -> bool {
    let grouping = &new.grouping;
    let chosen = |kind: EntityKind| grouping.by_entities.contains(&kind);
    let details_match = grouping.by_alert_details.iter().all(|detail| {
        match detail.to_ascii_lowercase().as_str() {
            "displayname" => new.name == old.name,
            "severity" => new.severity == old.severity,
            // A detail that does not exist can't be the same.
            _ => false,
        }
    });
    details_match
        && entities(new, chosen) == entities(old, chosen)
        && grouping
            .by_custom_details
            .iter()
            .all(|key| new.custom_details.get(key) == old.custom_details.get(key))
}

fn entities(alert: &Alert, chosen: impl Fn(EntityKind) -> bool) -> BTreeSet<String> {
    alert
        .entities
        .iter()
        .filter(|entity| chosen(entity.kind))
        .map(|entity| entity_keys(entity).canonical)
        .collect()
}
