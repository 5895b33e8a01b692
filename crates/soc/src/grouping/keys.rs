//! Which keys of an entity are evidence that two alerts tell one story.
//!
//! [`schema::Entity::strong_keys`] says when two entities are the same thing. The same thing is not
//! always the same story: every attack in a domain touches its domain controllers, and half of a
//! firm leaves from one address. So of the strong keys only these link alerts:
//!
//! | entity | links | does not |
//! | --- | --- | --- |
//! | account | SID, object id, UPN, NT name, ARN of a user or session, access key | built-in and machine accounts, roles, an account's root; identities marked `service` |
//! | host | name with domain, resource id | assets marked `shared` (domain controllers, proxies, gateways) |
//! | address | global ones | addresses of one's own networks (everyone leaves from there) |
//! | cloud resource | one resource | subscriptions, resource groups, whole accounts |
//! | mailbox, message, process, URL | yes | |
//! | file, hash, group, application, others | | a system tool's hash or path is everywhere |
//!
//! An alert that names more accounts than [`crate::Settings::list_accounts`] lists targets: its
//! accounts and hosts are not evidence, its addresses are. Last, a key seen with many different
//! accounts within the window is a hub ([`hub_limit`]) and links no further alert.

use schema::{Entity, EntityKind};

use super::aws::{self, Principal};

/// The keys of one entity, by use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntityKeys {
    /// Names the entity in views; strong where it has a strong key.
    pub(crate) canonical: String,
    /// Link alerts.
    pub(crate) link: Vec<String>,
    /// Look up an identity or asset.
    pub(crate) lookup: Vec<String>,
    /// Why there is no linking key though the entity has a strong one.
    pub(crate) weak: Option<String>,
}

/// Domains that are no domains: an account in them is local or built in.
const NO_DOMAIN: &[&str] = &[
    "nt authority",
    "nt service",
    "nt virtual machine",
    "window manager",
    "font driver host",
    "iis apppool",
    "builtin",
    "workgroup",
    ".",
];

/// Computes the keys of an entity.
pub(crate) fn entity_keys(entity: &Entity) -> EntityKeys {
    let strong = entity.strong_keys();
    let mut keys = EntityKeys {
        canonical: strong.first().cloned().unwrap_or_else(|| {
            format!(
                "{}/label/{}",
                entity.kind.json_type(),
                entity.label().to_lowercase()
            )
        }),
        lookup: strong.clone(),
        ..EntityKeys::default()
    };
    match entity.kind {
        EntityKind::Account => account(entity, strong, &mut keys),
        EntityKind::Host => {
            let short = first_of(entity, &["HostName", "NetBiosName"]);
            // A full name may match an asset listed by its short name, and a short name an asset
            // listed by its full one; two full names match as a whole only.
            if !short.is_empty() {
                let set = if entity.get("DnsDomain").is_empty() {
                    "short"
                } else {
                    "bare"
                };
                keys.lookup.push(format!("host/{set}/{short}"));
            }
            if let Some(resource) = non_empty(entity.get("AzureID")) {
                keys.lookup.push(format!("azure-resource/id/{resource}"));
            }
            keys.link = strong;
        }
        EntityKind::AzureResource => {
            if is_container(entity.get("ResourceId")) {
                keys.weak = Some("a subscription or resource group holds many things".into());
            } else {
                keys.link = strong;
            }
        }
        EntityKind::AmazonResource => amazon_resource(entity, strong, &mut keys),
        EntityKind::Ip | EntityKind::Url | EntityKind::Process | EntityKind::MailMessage => {
            keys.link = strong
        }
        EntityKind::Mailbox => {
            let address = entity.get("MailboxPrimaryAddress").to_lowercase();
            if let Some((name, suffix)) = address.rsplit_once('@') {
                keys.lookup.push(format!("account/upn/{name}/{suffix}"));
            }
            keys.link = strong;
        }
        _ if !strong.is_empty() => {
            keys.weak = Some(format!(
                "a {} is no evidence of one story",
                entity.kind.json_type()
            ));
        }
        _ => {}
    }
    keys
}

fn account(entity: &Entity, strong: Vec<String>, keys: &mut EntityKeys) {
    let name = entity.get("Name").to_lowercase();
    let domain = entity.get("NTDomain").to_lowercase();
    if name.ends_with('$') {
        keys.weak = Some("a machine account".into());
        keys.lookup.clear();
        return;
    }
    if NO_DOMAIN.contains(&domain.as_str()) {
        keys.weak = Some("a local or built-in account".into());
        keys.lookup.clear();
        return;
    }
    let mut extra = Vec::new();
    for identifier in ["AwsAccessKeyId", "AccessKeyId"] {
        if let Some(id) = non_empty(entity.get(identifier)) {
            extra.push(format!("account/aws-key/{id}"));
        }
    }
    let principal_id = first_of(entity, &["AwsPrincipalId", "PrincipalId"]);
    if let Some((_, session)) = principal_id.split_once(':') {
        extra.push(format!("account/aws-principal/{principal_id}"));
        if let Some(account) = non_empty(entity.get("AwsAccountId")) {
            keys.lookup.push(aws::session_key(&account, session));
        }
    }
    let mut strong = strong;
    match aws::principal(entity.get("Arn")) {
        Some(Principal::Session {
            account, session, ..
        }) => {
            keys.lookup.push(aws::session_key(&account, &session));
        }
        Some(Principal::Shared) => {
            keys.weak = Some("a role or account root is shared by many".into());
            let shared = format!("account/arn/{}", entity.get("Arn").to_lowercase());
            strong.retain(|key| *key != shared);
            keys.lookup.retain(|key| *key != shared);
        }
        _ => {}
    }
    // A Kerberos realm: an account is also known as `account name@domain` (implicit UPN).
    if domain.contains('.') && !name.is_empty() {
        keys.lookup.push(format!("account/upn/{name}/{domain}"));
    }
    let dns = entity.get("DnsDomain").to_lowercase();
    if !dns.is_empty() && !name.is_empty() {
        keys.lookup.push(format!("account/upn/{name}/{dns}"));
    }
    keys.lookup.extend(extra.iter().cloned());
    keys.link = strong;
    keys.link.extend(extra);
}

fn amazon_resource(entity: &Entity, strong: Vec<String>, keys: &mut EntityKeys) {
    let id = entity.get("AmazonResourceId");
    match aws::principal(id) {
        // A user or session as a resource is the same thing as that account.
        Some(Principal::User | Principal::FederatedUser) => {
            keys.link = vec![format!("account/arn/{}", id.to_lowercase())];
            keys.lookup.extend(keys.link.clone());
        }
        Some(Principal::Session {
            account, session, ..
        }) => {
            keys.link = vec![format!("account/arn/{}", id.to_lowercase())];
            keys.lookup.extend(keys.link.clone());
            keys.lookup.push(aws::session_key(&account, &session));
        }
        Some(Principal::Shared) => {
            keys.weak = Some("a role or account is shared by many".into());
        }
        _ if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            keys.weak = Some("an account holds many things".into());
        }
        _ => keys.link = strong,
    }
}

/// Whether an Azure resource id names a subscription, resource group or management group.
fn is_container(id: &str) -> bool {
    let id = id.to_lowercase();
    !id.contains("/providers/") || id.starts_with("/providers/microsoft.management/")
}

/// From how many different accounts on a key is a hub: seen with so many people that it tells
/// nothing. An address counts highest, since one attacker may well use many accounts.
pub(crate) fn hub_limit(key: &str) -> Option<i64> {
    let kind = key.split('/').next().unwrap_or_default();
    match kind {
        "host" => Some(5),
        "ip" => Some(25),
        "url" | "azure-resource" | "amazon-resource" | "asset" => Some(10),
        _ => None,
    }
}

fn non_empty(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_lowercase())
}

fn first_of(entity: &Entity, identifiers: &[&str]) -> String {
    identifiers
        .iter()
        .find_map(|name| non_empty(entity.get(name)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(text: &str) -> Entity {
        Entity::new(EntityKind::Account).with("Arn", text)
    }

    #[test]
    fn what_is_shared_by_many_does_not_link() {
        let weak = [
            Entity::account("CORP\\DC01$"),
            Entity::account("NT AUTHORITY\\ANONYMOUS LOGON"),
            arn("arn:aws:iam::123456789012:role/Ops"),
            Entity::new(EntityKind::AzureResource)
                .with("ResourceId", "/subscriptions/s/resourceGroups/g"),
            Entity::new(EntityKind::AmazonResource).with("AmazonResourceId", "123456789012"),
            Entity::new(EntityKind::FileHash)
                .with("Algorithm", "SHA256")
                .with("Value", "ab"),
        ];
        for entity in weak {
            let keys = entity_keys(&entity);
            assert!(
                keys.link.is_empty() && keys.weak.is_some(),
                "{entity:?} {keys:?}"
            );
        }
        assert!(entity_keys(&Entity::ip("10.1.2.3")).link.is_empty());
    }

    #[test]
    fn a_session_is_looked_up_whatever_its_role() {
        let keys = entity_keys(&arn("arn:aws:sts::123456789012:assumed-role/Ops/E1042"));
        assert_eq!(
            keys.link,
            ["account/arn/arn:aws:sts::123456789012:assumed-role/ops/e1042"]
        );
        assert!(
            keys.lookup
                .contains(&"account/aws-session/123456789012/e1042".to_owned())
        );
    }

    #[test]
    fn a_kerberos_realm_is_looked_up_as_upn() {
        let keys = entity_keys(&Entity::account("CORP.EXAMPLE\\ann"));
        assert!(
            keys.lookup
                .contains(&"account/upn/ann/corp.example".to_owned())
        );
    }

    #[test]
    fn a_user_as_resource_is_the_user() {
        let resource = Entity::new(EntityKind::AmazonResource)
            .with("AmazonResourceId", "arn:aws:iam::123456789012:user/backup");
        assert_eq!(
            entity_keys(&resource).link,
            entity_keys(&arn("arn:aws:iam::123456789012:user/backup")).link
        );
    }
}
