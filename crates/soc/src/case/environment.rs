//! Which part of the estate an alert is about.

use schema::{Alert, Catalog, EntityKind};

/// Names of environments, in the order they are shown.
pub(crate) const ENVIRONMENTS: &[&str] = &["on-premises", "azure", "m365", "aws", "gcp"];

/// First table-name prefix that matches decides.
const TABLES: &[(&str, &str)] = &[
    ("SecurityEvent", "on-premises"),
    ("WindowsEvent", "on-premises"),
    ("Event", "on-premises"),
    ("Syslog", "on-premises"),
    ("CommonSecurityLog", "on-premises"),
    ("Device", "on-premises"),
    ("DnsEvents", "on-premises"),
    ("AWS", "aws"),
    ("GCP", "gcp"),
    ("Google", "gcp"),
    ("Office", "m365"),
    ("Email", "m365"),
    ("Cloud", "m365"),
    ("Signin", "azure"),
    ("AAD", "azure"),
    ("Audit", "azure"),
    ("Azure", "azure"),
    ("NTANetAnalytics", "azure"),
];

/// Words of a product's name.
const PRODUCTS: &[(&str, &str)] = &[
    ("amazon", "aws"),
    ("aws", "aws"),
    ("guardduty", "aws"),
    ("google", "gcp"),
    ("office 365", "m365"),
    ("microsoft 365", "m365"),
    ("cloud app", "m365"),
    ("defender for cloud", "azure"),
    ("azure security center", "azure"),
    ("azure active directory", "azure"),
    ("entra", "azure"),
    ("identity protection", "azure"),
    ("defender for identity", "on-premises"),
    ("azure advanced threat protection", "on-premises"),
    ("defender for endpoint", "on-premises"),
    ("defender advanced threat protection", "on-premises"),
];

/// Environments that an alert has evidence in: by the tables of its rows (of its query, when it
/// summarises and has no rows), the product that raised it, and entities that exist in one
/// environment only.
pub(crate) fn environments(alert: &Alert) -> Vec<&'static str> {
    let of_table = |table: &str| {
        TABLES
            .iter()
            .find(|(prefix, _)| table.starts_with(prefix))
            .map(|(_, environment)| *environment)
    };
    let mut found: Vec<&'static str> = alert
        .evidence
        .iter()
        .filter_map(|row| of_table(&row.table))
        .collect();
    if let (true, Some(query)) = (alert.evidence.is_empty(), &alert.query) {
        let words = query.text.split(|c: char| !c.is_alphanumeric() && c != '_');
        found.extend(
            words
                .filter(|word| Catalog::builtin().table(word).is_some())
                .filter_map(of_table),
        );
    }
    let product = format!("{} {}", alert.vendor, alert.product).to_lowercase();
    let hit = PRODUCTS.iter().find(|(word, _)| product.contains(word));
    found.extend(hit.map(|(_, environment)| *environment));
    for entity in &alert.entities {
        found.extend(match entity.kind {
            EntityKind::AzureResource => Some("azure"),
            EntityKind::AmazonResource => Some("aws"),
            EntityKind::Mailbox | EntityKind::MailMessage => Some("m365"),
            EntityKind::Account if !entity.get("Arn").is_empty() => Some("aws"),
            _ => None,
        });
    }
    in_order(found)
}

/// Removes duplicates and sorts as environments are shown; unknown names come last.
pub(crate) fn in_order(mut names: Vec<&str>) -> Vec<&str> {
    let place = |name: &str| {
        ENVIRONMENTS
            .iter()
            .position(|one| *one == name)
            .unwrap_or(99)
    };
    names.sort_unstable_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_once_and_in_order() {
        assert_eq!(
            in_order(vec!["aws", "moon", "azure", "aws"]),
            ["azure", "aws", "moon"]
        );
    }
}
