//! A store in memory and the alerts of a made-up hybrid intrusion.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schema::{
    Alert, AlertId, AlertOrigin, Entity, EntityKind, EvidenceRef, IncidentGrouping, Severity,
    Tactic,
};
use serde_json::Map;
use soc::{Actor, ListFilter, Settings, Store};

/// Minutes after the start of the story.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap()
}

pub(crate) fn rng() -> Box<StdRng> {
    Box::new(StdRng::seed_from_u64(7))
}

pub(crate) async fn store() -> Store {
    Store::in_memory(Settings::default(), rng(), at(0))
        .await
        .unwrap()
}

pub(crate) async fn store_with_context() -> Store {
    let store = store().await;
    let actor = Actor::person("admin");
    let report = store
        .import_identities(IDENTITIES.as_bytes(), "identities.csv", &actor, at(0))
        .await
        .unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    store
        .import_assets(ASSETS.as_bytes(), "assets.csv", &actor, at(0))
        .await
        .unwrap();
    store
}

pub(crate) const IDENTITIES: &str = "\
account_upn,aad_user_id,sid,nt_name,aws_principals,display_name,privileged_role,sensitivity,department,manager,shoe_size
v.ictim@corp.example,11111111-2222-3333-4444-555555555555,S-1-5-21-1-2-3-1104,CORP\\v.ictim,arn:aws:sts::123456789012:assumed-role/Ops/e20117,Vi Ctim,Helpdesk Administrator,privileged,IT,b.oss@corp.example,42
o.ther@corp.example,99999999-2222-3333-4444-555555555555,S-1-5-21-1-2-3-1200,CORP\\o.ther,123456789012/e30222,Vi Ctim,,none,Sales,b.oss@corp.example,
svc-backup@corp.example,,S-1-5-21-1-2-3-2201,CORP\\svc-backup,,Service backup,,service,IT,,
";

pub(crate) const ASSETS: &str = "\
kind,name,criticality,owner,environment,service,tags
domain controller,dc01.corp.example,0,it@corp.example,on-premises,directory,tier0
host,paw01.corp.example,0,it@corp.example,on-premises,administration,
host,ws7.corp.example,3,o.ther@corp.example,on-premises,office,
virtual machine,/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Compute/virtualMachines/vm-erp-01,1,it@corp.example,azure,erp,
network,192.0.2.0/28,3,it@corp.example,on-premises,office,nat
";

/// An alert with the essentials; change the rest in place.
pub(crate) fn alert(name: &str, minutes: i64, entities: Vec<Entity>) -> Alert {
    Alert {
        id: AlertId::derive(&[name, &minutes.to_string()]),
        origin: AlertOrigin::Scheduled,
        rule_id: format!("rule-{name}"),
        name: name.to_owned(),
        description: format!("What {name} means"),
        severity: Severity::Medium,
        confidence: None,
        vendor: "Watchfloor".into(),
        product: "Watchfloor".into(),
        provider: "Scheduled rules".into(),
        vendor_id: String::new(),
        created_at: at(minutes + 5),
        received_at: at(minutes + 5),
        start_at: at(minutes),
        end_at: at(minutes + 2),
        tactics: vec![Tactic::InitialAccess],
        techniques: vec!["T1078.004".into()],
        entities,
        evidence: Vec::new(),
        query: None,
        custom_details: Map::new(),
        link: String::new(),
        remediation_steps: Vec::new(),
        grouping: IncidentGrouping::default(),
        backfill: false,
    }
}

pub(crate) fn in_table(mut alert: Alert, table: &str) -> Alert {
    alert.evidence.push(EvidenceRef {
        table: table.into(),
        item_id: alert.id.to_string(),
        time: alert.start_at,
    });
    alert
}

pub(crate) fn native(mut alert: Alert, vendor: &str, product: &str) -> Alert {
    alert.origin = AlertOrigin::Native;
    alert.vendor = vendor.into();
    alert.product = product.into();
    alert.vendor_id = alert.id.to_string();
    alert
}

pub(crate) fn nt(name: &str) -> Entity {
    Entity::account(&format!("CORP\\{name}"))
}

pub(crate) fn upn(name: &str) -> Entity {
    Entity::account(&format!("{name}@corp.example"))
}

pub(crate) fn session(name: &str) -> Entity {
    Entity::new(EntityKind::Account)
        .with(
            "Arn",
            format!("arn:aws:sts::123456789012:assumed-role/Ops/{name}"),
        )
        .with("AwsAccountId", "123456789012")
}

pub(crate) fn aws_user(name: &str) -> String {
    format!("arn:aws:iam::123456789012:user/{name}")
}

pub(crate) const SPRAY_IP: &str = "203.0.113.9";
pub(crate) const CLOUD_IP: &str = "198.51.100.7";
pub(crate) const VM: &str =
    "/subscriptions/S1/resourceGroups/G1/providers/Microsoft.Compute/virtualMachines/vm-erp-01";

/// The story: a spray on premises, the cloud, AWS through the federation, an admin workstation.
pub(crate) fn intrusion() -> Vec<Alert> {
    let mut spray_entities: Vec<Entity> = (0..40).map(|n| nt(&format!("user{n}"))).collect();
    // The victim of the other story is among the targets.
    spray_entities.push(nt("o.ther"));
    spray_entities.push(nt("v.ictim"));
    spray_entities.push(Entity::ip(SPRAY_IP));
    spray_entities.push(Entity::host("dc01.corp.example"));
    let risk_user = upn("v.ictim").with("AadUserId", "11111111-2222-3333-4444-555555555555");
    let risk = alert(
        "Risky sign-in",
        62,
        vec![risk_user.clone(), Entity::ip(SPRAY_IP)],
    );
    let mailbox =
        Entity::new(EntityKind::Mailbox).with("MailboxPrimaryAddress", "v.ictim@corp.example");
    let iam =
        Entity::new(EntityKind::AmazonResource).with("AmazonResourceId", aws_user("archiver"));
    let key_user = Entity::new(EntityKind::Account).with("Arn", aws_user("archiver"));
    let vm = Entity::new(EntityKind::AzureResource).with("ResourceId", VM);
    let mut alerts = vec![
        in_table(alert("Password spray", 0, spray_entities), "SecurityEvent"),
        in_table(
            alert(
                "Success after spray",
                30,
                vec![
                    nt("v.ictim").with("Sid", "S-1-5-21-1-2-3-1104"),
                    Entity::ip(SPRAY_IP),
                    Entity::host("dc01.corp.example"),
                ],
            ),
            "SecurityEvent",
        ),
        in_table(
            alert("New country", 60, vec![risk_user, Entity::ip(SPRAY_IP)]),
            "SigninLogs",
        ),
        native(
            risk,
            "Microsoft",
            "Azure Active Directory Identity Protection",
        ),
        in_table(
            alert("Mailbox rule", 90, vec![upn("v.ictim"), mailbox]),
            "OfficeActivity",
        ),
        in_table(
            alert(
                "Federated role from new address",
                120,
                vec![session("e20117"), Entity::ip(CLOUD_IP)],
            ),
            "AWSCloudTrail",
        ),
        in_table(
            alert(
                "Access key for another user",
                130,
                vec![session("e20117"), iam],
            ),
            "AWSCloudTrail",
        ),
        native(
            alert(
                "Key used from unusual address",
                140,
                vec![key_user, Entity::ip(CLOUD_IP)],
            ),
            "Amazon",
            "Amazon GuardDuty",
        ),
        native(
            alert(
                "Suspicious command on machine",
                150,
                vec![vm, upn("v.ictim")],
            ),
            "Microsoft",
            "Microsoft Defender for Cloud",
        ),
        in_table(
            alert(
                "Admin workstation logon",
                170,
                vec![nt("v.ictim"), Entity::host("paw01.corp.example")],
            ),
            "SecurityEvent",
        ),
    ];
    alerts[0].tactics = vec![Tactic::CredentialAccess];
    alerts[6].tactics = vec![Tactic::Persistence];
    alerts[9].tactics = vec![Tactic::LateralMovement];
    alerts[9].severity = Severity::High;
    alerts
}

/// Another attack in the same hours: another person, workstation and address, the same controllers
/// and the same way out.
pub(crate) fn other_intrusion() -> Vec<Alert> {
    vec![
        in_table(
            alert(
                "Macro starts a shell",
                40,
                vec![nt("o.ther"), Entity::host("ws7.corp.example")],
            ),
            "Event",
        ),
        in_table(
            alert(
                "Beacon",
                55,
                vec![
                    Entity::host("ws7.corp.example"),
                    Entity::ip("198.51.100.200"),
                    Entity::ip("192.0.2.1"),
                ],
            ),
            "CommonSecurityLog",
        ),
        in_table(
            alert(
                "Tickets for many services",
                100,
                vec![
                    Entity::account("CORP.EXAMPLE\\o.ther"),
                    nt("svc-backup"),
                    Entity::host("DC01.corp.example"),
                ],
            ),
            "SecurityEvent",
        ),
    ]
}

/// Takes the alerts in, one a minute.
pub(crate) async fn take_in(store: &Store, alerts: &[Alert]) {
    for (minute, alert) in alerts.iter().enumerate() {
        store
            .ingest_alert(alert, at(200 + minute as i64))
            .await
            .unwrap();
    }
}

/// Names of the alerts of each open incident.
pub(crate) async fn partition(store: &Store) -> BTreeSet<BTreeSet<String>> {
    let page = store.list(&ListFilter::default(), at(999)).await.unwrap();
    let mut parts = BTreeSet::new();
    for item in page.items {
        let alerts = store.alerts(item.number).await.unwrap();
        parts.insert(alerts.into_iter().map(|alert| alert.name).collect());
    }
    parts
}
