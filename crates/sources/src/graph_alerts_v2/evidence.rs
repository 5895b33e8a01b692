//! Evidence to entities (reference: Microsoft Graph, `alertEvidence` and its derived types).

use schema::{Entity, EntityKind};
use serde_json::{Map, Value as Json};

use crate::head::text;

/// Most evidence items read of one alert.
const MAX_ITEMS: usize = 1000;

/// The entities of an alert's evidence, users first in their order, without duplicates.
pub(super) fn entities(record: &Map<String, Json>) -> Vec<Entity> {
    let mut entities = Vec::new();
    let items = record
        .get("evidence")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    for item in items.filter_map(Json::as_object).take(MAX_ITEMS) {
        read_item(item, &mut entities);
    }
    entities.retain(Entity::is_meaningful);
    let mut unique: Vec<Entity> = Vec::new();
    for entity in entities {
        if !unique.contains(&entity) {
            unique.push(entity);
        }
    }
    unique
}

fn read_item(item: &Map<String, Json>, entities: &mut Vec<Entity>) {
    let kind = text(item, "@odata.type")
        .rsplit('.')
        .next()
        .unwrap_or_default();
    match kind {
        "userEvidence" => entities.extend(account(item.get("userAccount"))),
        "deviceEvidence" => device(item, entities),
        "ipEvidence" => entities.push(Entity::ip(text(item, "ipAddress"))),
        "urlEvidence" => entities.push(Entity::new(EntityKind::Url).with("Url", text(item, "url"))),
        "dnsEvidence" => {
            entities.push(Entity::new(EntityKind::Dns).with("DomainName", text(item, "domainName")))
        }
        "fileEvidence" => file(item.get("fileDetails"), entities),
        "processEvidence" => {
            process(item, entities);
            file(item.get("imageFile"), entities);
            entities.extend(account(item.get("userAccount")));
        }
        "registryKeyEvidence" => entities.push(registry(EntityKind::RegistryKey, item)),
        "registryValueEvidence" => {
            entities.push(
                registry(EntityKind::RegistryValue, item)
                    .with("Name", text(item, "registryValueName")),
            );
        }
        "mailboxEvidence" => mailbox(item, entities),
        "analyzedMessageEvidence" => message(item, entities),
        "cloudApplicationEvidence" | "oauthApplicationEvidence" => {
            entities.push(
                Entity::new(EntityKind::CloudApplication)
                    .with("AppId", number_or_text(item, "appId"))
                    .with("Name", text(item, "displayName"))
                    .with("InstanceName", text(item, "instanceName")),
            );
        }
        "azureResourceEvidence" => {
            entities.push(
                Entity::new(EntityKind::AzureResource).with("ResourceId", text(item, "resourceId")),
            );
        }
        "amazonResourceEvidence" => entities.push(
            Entity::new(EntityKind::AmazonResource)
                .with("AmazonResourceId", text(item, "amazonResourceId"))
                .with("AwsAccountId", text(item, "amazonAccountId")),
        ),
        "securityGroupEvidence" => entities.push(
            Entity::new(EntityKind::SecurityGroup)
                .with("ObjectGuid", text(item, "securityGroupId"))
                .with("DistinguishedName", text(item, "displayName")),
        ),
        "malwareEvidence" => entities.push(
            Entity::new(EntityKind::Malware)
                .with("Name", text(item, "name"))
                .with("Category", text(item, "category")),
        ),
        _ => {}
    }
}

/// A `userAccount`: UPN, directory id, SID and the on-premises name where known.
fn account(value: Option<&Json>) -> Option<Entity> {
    let user = value?.as_object()?;
    let upn = text(user, "userPrincipalName");
    let mut entity = Entity::new(EntityKind::Account)
        .with("FullName", upn)
        .with("AadUserId", text(user, "azureAdUserId"))
        .with("Sid", text(user, "userSid"))
        .with("DisplayName", text(user, "displayName"));
    let domain = text(user, "domainName");
    entity = match upn {
        "" => entity.with("Name", text(user, "accountName")),
        _ => entity,
    };
    // The domain is a NetBIOS name or a DNS name, both under one member.
    entity = if domain.contains('.') {
        entity.with("DnsDomain", domain)
    } else {
        entity.with("NTDomain", domain)
    };
    Some(entity)
}

fn device(item: &Map<String, Json>, entities: &mut Vec<Entity>) {
    let dns_name = text(item, "deviceDnsName");
    let host = text(item, "hostName");
    let mut entity = Entity::host(if dns_name.is_empty() { host } else { dns_name });
    entity = entity
        .with("DnsDomain", text(item, "dnsDomain"))
        .with("NTDomain", text(item, "ntDomain"))
        .with("AadDeviceId", text(item, "azureAdDeviceId"))
        .with("MdatpDeviceId", text(item, "mdeDeviceId"));
    let vm = item.get("vmMetadata").and_then(Json::as_object);
    entity = entity.with(
        "AzureID",
        vm.map(|vm| text(vm, "resourceId")).unwrap_or_default(),
    );
    if let Some(first_address) = item.get("lastIpAddress").and_then(Json::as_str) {
        entities.push(Entity::ip(first_address));
    }
    entities.push(entity);
}

fn file(value: Option<&Json>, entities: &mut Vec<Entity>) {
    let Some(file) = value.and_then(Json::as_object) else {
        return;
    };
    entities.push(
        Entity::new(EntityKind::File)
            .with("Name", text(file, "fileName"))
            .with("Directory", text(file, "filePath")),
    );
    for (member, algorithm) in [("sha256", "SHA256"), ("sha1", "SHA1"), ("md5", "MD5")] {
        let value = text(file, member);
        if !value.is_empty() {
            entities.push(
                Entity::new(EntityKind::FileHash)
                    .with("Algorithm", algorithm)
                    .with("Value", value),
            );
        }
    }
}

fn process(item: &Map<String, Json>, entities: &mut Vec<Entity>) {
    entities.push(
        Entity::new(EntityKind::Process)
            .with("ProcessId", number_or_text(item, "processId"))
            .with("CommandLine", text(item, "processCommandLine"))
            .with("CreationTimeUtc", text(item, "processCreationDateTime")),
    );
}

fn registry(kind: EntityKind, item: &Map<String, Json>) -> Entity {
    Entity::new(kind)
        .with("Hive", text(item, "registryHive"))
        .with("Key", text(item, "registryKey"))
}

fn mailbox(item: &Map<String, Json>, entities: &mut Vec<Entity>) {
    let address = text(item, "primaryAddress");
    entities.push(
        Entity::new(EntityKind::Mailbox)
            .with("MailboxPrimaryAddress", address)
            .with("DisplayName", text(item, "displayName"))
            .with("Upn", text(item, "upn")),
    );
    entities.extend(account(item.get("userAccount")));
}

fn message(item: &Map<String, Json>, entities: &mut Vec<Entity>) {
    let sender = item.get("p2Sender").and_then(Json::as_object);
    entities.push(
        Entity::new(EntityKind::MailMessage)
            .with("NetworkMessageId", text(item, "networkMessageId"))
            .with("Recipient", text(item, "recipientEmailAddress"))
            .with("Subject", text(item, "subject"))
            .with(
                "P2Sender",
                sender
                    .map(|sender| text(sender, "emailAddress"))
                    .unwrap_or_default(),
            ),
    );
    entities.push(Entity::ip(text(item, "senderIp")));
}

fn number_or_text(item: &Map<String, Json>, key: &str) -> String {
    match item.get(key) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
