//! One finding to an alert.

use schema::{Entity, EntityKind, Severity, Tactic};
use serde_json::{Map, Value as Json};

use crate::alerts::NativeAlert;
use crate::head::text;
use crate::time::{first_time, json_time};

/// Maps a finding whose members start with small letters.
pub(super) fn alert(finding: &Map<String, Json>) -> NativeAlert {
    let kind = text(finding, "type");
    let service = finding.get("service");
    let seen = |name: &str| {
        service
            .and_then(|service| service.get(name))
            .and_then(json_time)
    };
    let entities = entities(finding);
    let id = text(finding, "id");
    let region = text(finding, "region");
    let (tactics, techniques) = attack(kind);
    NativeAlert {
        vendor: "Amazon",
        product: "Amazon GuardDuty".into(),
        provider: "Amazon GuardDuty".into(),
        vendor_id: id.to_owned(),
        alert_type: kind.to_owned(),
        name: [text(finding, "title"), kind]
            .into_iter()
            .find(|t| !t.is_empty())
            .unwrap_or_default()
            .to_owned(),
        description: text(finding, "description").to_owned(),
        severity: finding.get("severity").and_then(Json::as_f64).map(severity),
        status: match service
            .and_then(|service| service.get("archived"))
            .and_then(Json::as_bool)
        {
            Some(true) => "Dismissed".into(),
            _ => "New".into(),
        },
        confidence: finding
            .get("confidence")
            .and_then(Json::as_f64)
            .map(|percent| (percent / 10.0).clamp(0.0, 1.0)),
        compromised_entity: entities.first().map(Entity::label).unwrap_or_default(),
        created: first_time(finding, &["createdAt", "updatedAt"]),
        start: seen("eventFirstSeen"),
        end: seen("eventLastSeen"),
        tactics,
        techniques,
        entities,
        link: if id.is_empty() || region.is_empty() {
            String::new()
        } else {
            format!(
                "https://console.aws.amazon.com/guardduty/home?region={region}#/findings?macros=current&fId={id}"
            )
        },
        resource_id: text(finding, "arn").to_owned(),
        extended_properties: extended(finding),
        ..NativeAlert::default()
    }
}

/// GuardDuty's levels: low 1.0 to 3.9, medium 4.0 to 6.9, high 7.0 to 8.9, critical from 9.0.
fn severity(value: f64) -> Severity {
    match value {
        v if v < 1.0 => Severity::Informational,
        v if v < 4.0 => Severity::Low,
        v if v < 7.0 => Severity::Medium,
        _ => Severity::High,
    }
}

/// Threat purpose (the type up to the colon) to tactic.
const PURPOSES: &[(&str, Tactic)] = &[
    ("Backdoor", Tactic::CommandAndControl),
    ("CredentialAccess", Tactic::CredentialAccess),
    ("CryptoCurrency", Tactic::Impact),
    ("DefenseEvasion", Tactic::DefenseEvasion),
    ("Discovery", Tactic::Discovery),
    ("Execution", Tactic::Execution),
    ("Exfiltration", Tactic::Exfiltration),
    ("Impact", Tactic::Impact),
    ("InitialAccess", Tactic::InitialAccess),
    ("PenTest", Tactic::Discovery),
    ("Persistence", Tactic::Persistence),
    ("Policy", Tactic::DefenseEvasion),
    ("PrivilegeEscalation", Tactic::PrivilegeEscalation),
    ("Recon", Tactic::Discovery),
    ("Stealth", Tactic::DefenseEvasion),
    ("Trojan", Tactic::Execution),
    ("UnauthorizedAccess", Tactic::InitialAccess),
];

/// Starts of finding types whose technique is plain. The first that fits counts.
const TECHNIQUES: &[(&str, &str)] = &[
    ("UnauthorizedAccess:EC2/SSHBruteForce", "T1110"),
    ("UnauthorizedAccess:EC2/RDPBruteForce", "T1110"),
    ("UnauthorizedAccess:EC2/TorClient", "T1090.003"),
    (
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration",
        "T1552.005",
    ),
    ("UnauthorizedAccess:IAMUser", "T1078.004"),
    ("InitialAccess:IAMUser", "T1078.004"),
    ("CredentialAccess:IAMUser", "T1552"),
    ("CredentialAccess:RDS", "T1110"),
    ("Persistence:IAMUser", "T1098"),
    ("PrivilegeEscalation:IAMUser", "T1098"),
    ("Discovery:IAMUser", "T1580"),
    ("Discovery:S3", "T1619"),
    ("DefenseEvasion:IAMUser", "T1562.008"),
    ("Stealth:IAMUser/CloudTrailLoggingDisabled", "T1562.008"),
    ("Stealth:IAMUser/PasswordPolicyChange", "T1556"),
    ("Exfiltration:S3", "T1530"),
    ("Exfiltration:IAMUser", "T1537"),
    ("Impact:S3", "T1485"),
    ("Impact:IAMUser", "T1485"),
    ("CryptoCurrency", "T1496"),
    ("Recon:EC2/Portscan", "T1046"),
    ("Recon:EC2/PortProbe", "T1595"),
    ("Recon:IAMUser", "T1580"),
    ("Backdoor:EC2/C&CActivity", "T1071"),
    ("Backdoor:EC2/DenialOfService", "T1498"),
    ("Backdoor:EC2/Spambot", "T1071.003"),
    ("Trojan:EC2/DNSDataExfiltration", "T1048"),
    ("Trojan:EC2/DGADomainRequest", "T1568.002"),
];

fn attack(kind: &str) -> (Vec<Tactic>, Vec<String>) {
    let purpose = kind.split(':').next().unwrap_or_default();
    let tactic = PURPOSES
        .iter()
        .find(|(name, _)| *name == purpose)
        .map(|(_, tactic)| *tactic);
    let technique = TECHNIQUES
        .iter()
        .find(|(start, _)| kind.starts_with(start))
        .map(|(_, id)| (*id).to_owned());
    (
        tactic.into_iter().collect(),
        technique.into_iter().collect(),
    )
}

fn entities(finding: &Map<String, Json>) -> Vec<Entity> {
    let mut entities = Vec::new();
    let resource = finding.get("resource");
    let part = |name: &str| resource.and_then(|resource| resource.get(name));
    if let Some(Json::Object(key)) = part("accessKeyDetails") {
        entities.push(principal(finding, key));
    }
    if let Some(Json::Object(instance)) = part("instanceDetails") {
        entities.push(instance_entity(finding, instance));
    }
    for bucket in part("s3BucketDetails")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let arn = bucket.get("arn").and_then(Json::as_str).unwrap_or_default();
        entities.push(amazon_resource(finding, arn));
    }
    for name in [
        "eksClusterDetails",
        "ecsClusterDetails",
        "lambdaDetails",
        "rdsDbInstanceDetails",
    ] {
        if let Some(Json::Object(details)) = part(name) {
            let arn = ["arn", "functionArn", "dbInstanceArn"]
                .iter()
                .map(|key| text(details, key))
                .find(|arn| !arn.is_empty());
            entities.push(amazon_resource(finding, arn.unwrap_or_default()));
        }
    }
    if let Some(Json::Object(action)) = finding
        .get("service")
        .and_then(|service| service.get("action"))
    {
        action_entities(action, &mut entities);
    }
    entities.retain(Entity::is_meaningful);
    entities
}

/// `aws`, `aws-cn` or `aws-us-gov`, from the finding's own ARN.
fn partition(finding: &Map<String, Json>) -> &str {
    text(finding, "arn")
        .split(':')
        .nth(1)
        .filter(|partition| !partition.is_empty())
        .unwrap_or("aws")
}

/// The principal behind an access key. Its ARN is put together as CloudTrail writes it: findings
/// hold its parts only.
fn principal(finding: &Map<String, Json>, key: &Map<String, Json>) -> Entity {
    let account = text(finding, "accountId");
    let name = text(key, "userName");
    let partition = partition(finding);
    let session = text(key, "principalId")
        .split_once(':')
        .map_or("", |(_, session)| session);
    let arn = match text(key, "userType") {
        _ if account.is_empty() => String::new(),
        "Root" => format!("arn:{partition}:iam::{account}:root"),
        _ if name.is_empty() => String::new(),
        "IAMUser" => format!("arn:{partition}:iam::{account}:user/{name}"),
        "AssumedRole" | "Role" if !session.is_empty() => {
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
        }
        "AssumedRole" | "Role" => format!("arn:{partition}:iam::{account}:role/{name}"),
        "FederatedUser" => format!("arn:{partition}:sts::{account}:federated-user/{name}"),
        _ => String::new(),
    };
    Entity::new(EntityKind::Account)
        .with("Name", name)
        .with("Arn", arn)
        .with("AwsAccountId", account)
        .with("AccessKeyId", text(key, "accessKeyId"))
        .with("PrincipalId", text(key, "principalId"))
        .with("SessionName", session)
}

fn instance_entity(finding: &Map<String, Json>, instance: &Map<String, Json>) -> Entity {
    let id = text(instance, "instanceId");
    let account = text(finding, "accountId");
    let region = text(finding, "region");
    let arn = match id {
        "" => String::new(),
        id => format!(
            "arn:{}:ec2:{region}:{account}:instance/{id}",
            partition(finding)
        ),
    };
    amazon_resource(finding, &arn)
}

fn amazon_resource(finding: &Map<String, Json>, arn: &str) -> Entity {
    let entity = Entity::new(EntityKind::AmazonResource);
    if arn.is_empty() {
        return entity;
    }
    entity
        .with("AmazonResourceId", arn)
        .with("AwsAccountId", text(finding, "accountId"))
}

/// Remote addresses and domains of the action, whichever kind of action it is.
fn action_entities(action: &Map<String, Json>, entities: &mut Vec<Entity>) {
    for details in action.values() {
        let Json::Object(details) = details else {
            continue;
        };
        let mut remotes = vec![details.get("remoteIpDetails")];
        for probe in details
            .get("portProbeDetails")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            remotes.push(probe.get("remoteIpDetails"));
        }
        for remote in remotes.into_iter().flatten().filter_map(Json::as_object) {
            for member in ["ipAddressV4", "ipAddressV6"] {
                entities.push(Entity::ip(text(remote, member)));
            }
        }
        let domain = text(details, "domain");
        if !domain.is_empty() {
            entities.push(Entity::new(EntityKind::Dns).with("DomainName", domain));
        }
    }
}

fn extended(finding: &Map<String, Json>) -> Map<String, Json> {
    let mut extended = Map::new();
    for name in [
        "severity",
        "accountId",
        "region",
        "partition",
        "updatedAt",
        "schemaVersion",
    ] {
        if let Some(value) = finding.get(name) {
            extended.insert(name.into(), value.clone());
        }
    }
    if let Some(Json::Object(service)) = finding.get("service") {
        for name in [
            "count",
            "detectorId",
            "additionalInfo",
            "userFeedback",
            "featureName",
            "action",
        ] {
            if let Some(value) = service.get(name) {
                extended.insert(format!("service.{name}"), value.clone());
            }
        }
    }
    if let Some(resource) = finding.get("resource") {
        extended.insert("resource".into(), resource.clone());
    }
    extended
}
