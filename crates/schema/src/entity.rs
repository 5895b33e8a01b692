//! Entities of alerts, and what makes two of them the same.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Entity types with the spelling of Sentinel's entity mappings and of `SecurityAlert.Entities`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are Sentinel's entity types")]
pub enum EntityKind {
    Account,
    Host,
    Ip,
    Url,
    AzureResource,
    /// An AWS, GCP or other cloud resource that has no Azure resource id.
    AmazonResource,
    CloudApplication,
    Dns,
    File,
    #[serde(rename = "filehash")]
    FileHash,
    Malware,
    Process,
    RegistryKey,
    RegistryValue,
    SecurityGroup,
    #[serde(rename = "iotdevice")]
    IotDevice,
    Mailbox,
    MailCluster,
    MailMessage,
    SubmissionMail,
}

const KINDS: &[(EntityKind, &str, &str)] = &[
    (EntityKind::Account, "account", "Account"),
    (EntityKind::Host, "host", "Host"),
    (EntityKind::Ip, "ip", "IP"),
    (EntityKind::Url, "url", "URL"),
    (EntityKind::AzureResource, "azure-resource", "AzureResource"),
    (
        EntityKind::AmazonResource,
        "amazon-resource",
        "AmazonResource",
    ),
    (
        EntityKind::CloudApplication,
        "cloud-application",
        "CloudApplication",
    ),
    (EntityKind::Dns, "dns", "DNS"),
    (EntityKind::File, "file", "File"),
    (EntityKind::FileHash, "filehash", "FileHash"),
    (EntityKind::Malware, "malware", "Malware"),
    (EntityKind::Process, "process", "Process"),
    (EntityKind::RegistryKey, "registry-key", "RegistryKey"),
    (EntityKind::RegistryValue, "registry-value", "RegistryValue"),
    (EntityKind::SecurityGroup, "security-group", "SecurityGroup"),
    (EntityKind::IotDevice, "iotdevice", "IoTDevice"),
    (EntityKind::Mailbox, "mailbox", "Mailbox"),
    (EntityKind::MailCluster, "mail-cluster", "MailCluster"),
    (EntityKind::MailMessage, "mail-message", "MailMessage"),
    (
        EntityKind::SubmissionMail,
        "SubmissionMail",
        "SubmissionMail",
    ),
];

impl EntityKind {
    /// The `Type` in `SecurityAlert.Entities`.
    pub fn json_type(self) -> &'static str {
        KINDS.iter().find(|k| k.0 == self).map_or("", |k| k.1)
    }

    /// The spelling of `entityMappings[].entityType`.
    pub fn mapping_name(self) -> &'static str {
        KINDS.iter().find(|k| k.0 == self).map_or("", |k| k.2)
    }

    /// Reads either spelling in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|k| k.1.eq_ignore_ascii_case(text) || k.2.eq_ignore_ascii_case(text))
            .map(|k| k.0)
    }
}

/// One entity: its type and its identifiers under Sentinel's names (`Name`, `UPNSuffix`, `Sid`,
/// `Address` ...). AWS principals are accounts with `Arn` (and `AwsAccountId`), a naming of ours:
/// Sentinel has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Entity type.
    pub kind: EntityKind,
    /// Identifiers that are not empty.
    pub identifiers: BTreeMap<String, String>,
}

/// Account names that identify nobody when they stand alone (Sentinel rule format, section 4).
const GENERIC_ACCOUNTS: &[&str] = &[
    "ADMIN",
    "ADMINISTRATOR",
    "SYSTEM",
    "ROOT",
    "ANONYMOUS",
    "AUTHENTICATED USER",
    "NETWORK",
    "NULL",
    "LOCAL SYSTEM",
    "LOCALSYSTEM",
    "NETWORK SERVICE",
];

impl Entity {
    /// An entity without identifiers yet.
    pub fn new(kind: EntityKind) -> Self {
        Self {
            kind,
            identifiers: BTreeMap::new(),
        }
    }

    /// Adds an identifier; an empty value or a dash (how logs spell "none") is left out.
    /// `FullName` is split as Sentinel does: `a@b`, `D\a`, `h.d.e` for hosts.
    pub fn with(mut self, identifier: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().trim();
        if value.is_empty() || value == "-" {
            return self;
        }
        if identifier.eq_ignore_ascii_case("FullName") {
            self.set_full_name(value);
        } else {
            self.identifiers
                .insert(identifier.to_owned(), value.to_owned());
        }
        self
    }

    fn set_full_name(&mut self, value: &str) {
        let mut put = |key: &str, value: &str| {
            let value = value.trim();
            if !value.is_empty() && value != "-" {
                self.identifiers
                    .entry(key.to_owned())
                    .or_insert_with(|| value.to_owned());
            }
        };
        match self.kind {
            EntityKind::Host => match value.split_once('.') {
                Some((host, domain)) if value.parse::<IpAddr>().is_err() => {
                    put("HostName", host);
                    put("DnsDomain", domain);
                }
                _ => put("HostName", value),
            },
            _ => {
                if let Some((domain, name)) = value.split_once('\\') {
                    put("Name", name);
                    put("NTDomain", domain);
                } else if let Some((name, suffix)) = value.rsplit_once('@') {
                    put("Name", name);
                    put("UPNSuffix", suffix);
                } else {
                    put("Name", value);
                }
            }
        }
    }

    /// An account from a UPN, `DOMAIN\name` or plain name.
    pub fn account(full_name: &str) -> Self {
        Self::new(EntityKind::Account).with("FullName", full_name)
    }

    /// A host from its (fully qualified) name.
    pub fn host(full_name: &str) -> Self {
        Self::new(EntityKind::Host).with("FullName", full_name)
    }

    /// An address.
    pub fn ip(address: &str) -> Self {
        Self::new(EntityKind::Ip).with("Address", address)
    }

    /// An identifier's value, `""` when there is none.
    pub fn get(&self, identifier: &str) -> &str {
        self.identifiers.get(identifier).map_or("", String::as_str)
    }

    /// Whether the entity says anything: it has an identifier, and is not a built-in account
    /// known by its name only.
    pub fn is_meaningful(&self) -> bool {
        if self.identifiers.is_empty() {
            return false;
        }
        let only_name = self.identifiers.len() == 1 && self.identifiers.contains_key("Name");
        !(self.kind == EntityKind::Account
            && only_name
            && GENERIC_ACCOUNTS.contains(&self.get("Name").to_ascii_uppercase().as_str()))
    }

    /// Every strong identifier set that the entity satisfies, as comparable text
    /// (`account/sid/s-1-5-...`). Two entities that share a key are the same thing (Sentinel rule
    /// format, section 4). Values are lower-cased: all of these compare without case.
    ///
    /// A private, loopback or otherwise non-global address without `AddressScope` has no key, nor
    /// has a well-known SID, nor a built-in account.
    pub fn strong_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let get = |name: &str| self.get(name).to_lowercase();
        let mut key = |set: &str, parts: &[String]| {
            if parts.iter().all(|part| !part.is_empty()) {
                keys.push(format!(
                    "{}/{set}/{}",
                    self.kind.json_type(),
                    parts.join("/")
                ));
            }
        };
        match self.kind {
            EntityKind::Account => {
                let name = get("Name");
                let built_in = GENERIC_ACCOUNTS.contains(&name.to_uppercase().as_str());
                key("aad", &[get("AadUserId")]);
                key("puid", &[get("PUID")]);
                key("object", &[get("ObjectGuid")]);
                key("arn", &[get("Arn")]);
                let sid = get("Sid");
                if sid.starts_with("s-1-5-21-") || sid.starts_with("s-1-12-1-") {
                    key("sid", &[sid]);
                }
                if !built_in {
                    key("upn", &[name.clone(), get("UPNSuffix")]);
                    key("nt", &[name.clone(), get("NTDomain")]);
                    key("dns", &[name, get("DnsDomain")]);
                }
            }
            EntityKind::Host => {
                key("fqdn", &[get("HostName"), get("DnsDomain")]);
                key("nt", &[get("HostName"), get("NTDomain")]);
                key("netbios-dns", &[get("NetBiosName"), get("DnsDomain")]);
                key("netbios-nt", &[get("NetBiosName"), get("NTDomain")]);
                key("azure", &[get("AzureID")]);
                key("oms", &[get("OMSAgentID")]);
            }
            EntityKind::Ip => {
                let address = get("Address");
                match address.parse::<IpAddr>() {
                    Ok(ip) if is_global(ip) => key("address", &[address]),
                    Ok(_) => key("scoped", &[address, get("AddressScope")]),
                    Err(_) => {}
                }
            }
            EntityKind::Url => key("url", &[get("Url")]),
            EntityKind::AzureResource => key("id", &[get("ResourceId")]),
            EntityKind::AmazonResource => key("id", &[get("AmazonResourceId")]),
            EntityKind::CloudApplication => {
                key("app", &[get("AppId"), get("InstanceName")]);
            }
            EntityKind::FileHash => key("hash", &[get("Algorithm"), get("Value")]),
            EntityKind::File => key("path", &[get("Host"), get("Directory"), get("Name")]),
            EntityKind::Process => {
                key(
                    "pid",
                    &[get("Host"), get("ProcessId"), get("CreationTimeUtc")],
                );
            }
            EntityKind::Mailbox => key("address", &[get("MailboxPrimaryAddress")]),
            EntityKind::SecurityGroup => {
                key("sid", &[get("SID")]);
                key("object", &[get("ObjectGuid")]);
            }
            EntityKind::MailMessage => key("id", &[get("NetworkMessageId"), get("Recipient")]),
            EntityKind::Dns
            | EntityKind::Malware
            | EntityKind::RegistryKey
            | EntityKind::RegistryValue
            | EntityKind::IotDevice
            | EntityKind::MailCluster
            | EntityKind::SubmissionMail => {}
        }
        keys
    }

    /// A short text for people: `ann@corp.example`, `CORP\ann`, a host name, an address.
    pub fn label(&self) -> String {
        let or = |first: &str, second: &str| {
            let value = self.get(first);
            if value.is_empty() {
                self.get(second).to_owned()
            } else {
                value.to_owned()
            }
        };
        match self.kind {
            EntityKind::Account => {
                let name = self.get("Name");
                match (self.get("UPNSuffix"), self.get("NTDomain")) {
                    _ if name.is_empty() => {
                        let arn = or("Arn", "Sid");
                        if arn.is_empty() {
                            or("AadUserId", "ObjectGuid")
                        } else {
                            arn
                        }
                    }
                    ("", "") => name.to_owned(),
                    ("", domain) => format!("{domain}\\{name}"),
                    (suffix, _) => format!("{name}@{suffix}"),
                }
            }
            EntityKind::Host => {
                let host = or("HostName", "NetBiosName");
                match self.get("DnsDomain") {
                    "" => host,
                    domain => format!("{host}.{domain}"),
                }
            }
            _ => self
                .identifiers
                .values()
                .next()
                .cloned()
                .unwrap_or_default(),
        }
    }
}

/// Whether an address means the same everywhere (so not private, loopback, link-local, unspecified,
/// multicast or carrier-grade NAT). Documentation ranges count as global: samples use them.
fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_global(IpAddr::V4(v4)),
            None => {
                let first = v6.segments()[0];
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || (first & 0xfe00) == 0xfc00
                    || (first & 0xffc0) == 0xfe80)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_keys_follow_the_sets_and_leave_out_what_is_weak() {
        assert_eq!(
            Entity::account("Ann@Corp.example").strong_keys(),
            ["account/upn/ann/corp.example"]
        );
        assert_eq!(
            Entity::account("CORP\\ann").strong_keys(),
            ["account/nt/ann/corp"]
        );
        assert!(Entity::account("ann").strong_keys().is_empty());
        assert!(
            Entity::account("NT AUTHORITY\\SYSTEM")
                .strong_keys()
                .is_empty()
        );
        assert!(
            Entity::new(EntityKind::Account)
                .with("Sid", "S-1-5-18")
                .strong_keys()
                .is_empty()
        );
        assert_eq!(
            Entity::host("WS1.corp.example").strong_keys(),
            ["host/fqdn/ws1/corp.example"]
        );
        assert!(Entity::ip("10.0.0.1").strong_keys().is_empty());
        assert_eq!(
            Entity::ip("203.0.113.9").strong_keys(),
            ["ip/address/203.0.113.9"]
        );
    }

    #[test]
    fn the_parts_of_a_full_name_are_values_like_any_other() {
        assert_eq!(Entity::account("CORP \\ ann"), Entity::account("CORP\\ann"));
        assert_eq!(
            Entity::account("-\\ann").identifiers,
            Entity::account("ann").identifiers
        );
    }

    #[test]
    fn a_built_in_account_alone_means_nothing() {
        assert!(!Entity::account("root").is_meaningful());
        assert!(Entity::account("CORP\\Administrator").is_meaningful());
        assert!(!Entity::account("-").is_meaningful());
    }
}
