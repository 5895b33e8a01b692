//! Which alerts become one incident, and why.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use schema::{Alert, AlertId, Entity, EntityKind, GroupingMatch, Severity};
use soc::{Action, Actor, Classification, ListFilter, Outcome, Settings, StatusFilter, Store};
use support::{
    alert, at, intrusion, native, nt, other_intrusion, partition, session, store,
    store_with_context, take_in, upn,
};

#[tokio::test]
async fn one_intrusion_is_one_incident_on_top_with_reasons() {
    let store = store_with_context().await;
    take_in(&store, &intrusion()).await;
    take_in(
        &store,
        &[alert(
            "Unrelated",
            10,
            vec![Entity::host("lab1.corp.example")],
        )],
    )
    .await;
    let page = store.list(&ListFilter::default(), at(999)).await.unwrap();
    assert_eq!(page.total, 2);
    let top = &page.items[0];
    assert_eq!(top.alerts, 10);
    assert_eq!(top.environments, ["on-premises", "azure", "m365", "aws"]);
    assert!(top.priority > 80, "{}", top.priority);

    let detail = store.detail(top.number, at(999)).await.unwrap();
    assert_eq!(detail.alerts.len(), 10);
    assert_eq!(detail.joined_because.len(), 10);
    let because = |name: &str| {
        let view = detail
            .alerts
            .iter()
            .find(|view| view.alert.name == name)
            .unwrap();
        view.joined_because.clone()
    };
    assert!(because("Federated role from new address").contains("by the identity table"));
    assert!(because("Success after spray").contains("same ip `203.0.113.9`"));
    assert_eq!(
        detail
            .priority_parts
            .iter()
            .map(|part| u32::from(part.points))
            .sum::<u32>(),
        u32::from(top.priority)
    );
    assert!(
        detail
            .links
            .iter()
            .any(|link| link.reason.contains("by the identity table"))
    );
    let paw = detail
        .entities
        .iter()
        .find(|view| view.label == "paw01.corp.example")
        .unwrap();
    assert_eq!(paw.criticality, Some(0));
    let dc = detail
        .entities
        .iter()
        .find(|view| view.label == "dc01.corp.example")
        .unwrap();
    assert!(dc.reason.as_deref().unwrap().contains("shared by many"));
    // The target list alone gives no missing links; the IAM user and nothing else is unknown.
    assert!(
        detail
            .missing_links
            .iter()
            .all(|link| link.entity.contains("user/archiver")),
        "{:?}",
        detail.missing_links
    );
}

#[tokio::test]
async fn two_unrelated_intrusions_are_two_incidents() {
    let store = store_with_context().await;
    let mut alerts = intrusion();
    alerts.extend(other_intrusion());
    alerts.sort_by_key(|alert| alert.created_at);
    take_in(&store, &alerts).await;
    let parts = partition(&store).await;
    assert_eq!(parts.len(), 2, "{parts:#?}");
    let other: BTreeSet<String> = other_intrusion()
        .into_iter()
        .map(|alert| alert.name)
        .collect();
    assert!(parts.contains(&other));
}

#[tokio::test]
async fn without_the_identity_table_no_link_is_guessed_and_the_missing_one_is_named() {
    let store = store().await;
    take_in(&store, &intrusion()).await;
    for item in store
        .list(&ListFilter::default(), at(999))
        .await
        .unwrap()
        .items
    {
        let detail = store.detail(item.number, at(999)).await.unwrap();
        let has = |name: &str| detail.alerts.iter().any(|view| view.alert.name == name);
        if has("Federated role from new address") {
            assert!(!has("New country"), "AWS was linked without a table");
            let missing = &detail.missing_links;
            let named = missing.iter().any(|link| {
                link.reason.contains("session `e20117` of role `Ops`")
                    && link.reason.contains("identity table is empty")
            });
            assert!(named, "{missing:?}");
        }
    }
}

#[tokio::test]
async fn a_display_name_never_links() {
    // Both people of the table are called the same.
    let store = store_with_context().await;
    take_in(
        &store,
        &[
            alert("a", 0, vec![upn("v.ictim").with("DisplayName", "Vi Ctim")]),
            alert("b", 1, vec![upn("o.ther").with("DisplayName", "Vi Ctim")]),
        ],
    )
    .await;
    assert_eq!(partition(&store).await.len(), 2);
}

#[tokio::test]
async fn what_everyone_uses_does_not_link() {
    let cases: Vec<(&str, Entity)> = vec![
        ("domain controller", Entity::host("dc01.corp.example")),
        ("own address", Entity::ip("192.0.2.1")),
        ("private address", Entity::ip("10.1.1.1")),
        ("service account", nt("svc-backup")),
        ("machine account", nt("DC01$")),
        (
            "role",
            Entity::new(EntityKind::Account).with("Arn", "arn:aws:iam::123456789012:role/Ops"),
        ),
        (
            "subscription",
            Entity::new(EntityKind::AzureResource).with("ResourceId", "/subscriptions/s1"),
        ),
        (
            "hash",
            Entity::new(EntityKind::FileHash)
                .with("Algorithm", "MD5")
                .with("Value", "00"),
        ),
    ];
    for (what, entity) in cases {
        let store = store_with_context().await;
        take_in(
            &store,
            &[
                alert("a", 0, vec![entity.clone()]),
                alert("b", 1, vec![entity]),
            ],
        )
        .await;
        assert_eq!(partition(&store).await.len(), 2, "{what}");
    }
}

#[tokio::test]
async fn what_is_one_story_links() {
    let cases: Vec<(&str, Entity, Entity)> = vec![
        (
            "sid and upn by the table",
            Entity::new(EntityKind::Account).with("Sid", "S-1-5-21-1-2-3-1104"),
            upn("v.ictim"),
        ),
        (
            "session scoped to its account",
            session("e30222"),
            nt("o.ther"),
        ),
        (
            "mailbox and person",
            Entity::new(EntityKind::Mailbox).with("MailboxPrimaryAddress", "V.Ictim@corp.example"),
            nt("v.ictim"),
        ),
        (
            "foreign address",
            Entity::ip("203.0.113.77"),
            Entity::ip("203.0.113.77"),
        ),
        (
            "host by short name",
            Entity::host("WS7"),
            Entity::host("ws7.corp.example"),
        ),
        (
            "machine in any case",
            Entity::new(EntityKind::AzureResource).with("ResourceId", support::VM),
            Entity::new(EntityKind::AzureResource).with("ResourceId", support::VM.to_lowercase()),
        ),
    ];
    for (what, one, two) in cases {
        let store = store_with_context().await;
        take_in(
            &store,
            &[alert("a", 0, vec![one]), alert("b", 1, vec![two])],
        )
        .await;
        assert_eq!(partition(&store).await.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn the_window_and_the_closing_bound_an_incident() {
    let day = 24 * 60;
    let store = store().await;
    let ip = || vec![Entity::ip("203.0.113.77")];
    take_in(
        &store,
        &[
            alert("a", 0, ip()),
            alert("b", day, ip()),
            alert("c", 3 * day, ip()),
        ],
    )
    .await;
    let parts = partition(&store).await;
    assert_eq!(parts.len(), 2, "{parts:?}");
    let number = store
        .list(&ListFilter::default(), at(0))
        .await
        .unwrap()
        .items[0]
        .number;
    let close = Action::Close {
        classification: Classification::FalsePositive,
        reason: None,
        comment: String::new(),
    };
    store
        .act(number, &close, &Actor::person("ann"), None, at(9_000))
        .await
        .unwrap();
    let again = store
        .ingest_alert(&alert("d", 30, ip()), at(9_001))
        .await
        .unwrap();
    assert_eq!(again.outcome, Outcome::Opened);
    let all = ListFilter {
        status: StatusFilter::All,
        ..ListFilter::default()
    };
    assert_eq!(store.list(&all, at(0)).await.unwrap().total, 3);
}

#[tokio::test]
async fn an_alert_that_connects_two_incidents_merges_them() {
    let store = store().await;
    let a = store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(10))
        .await
        .unwrap()
        .incident
        .unwrap();
    let b = store
        .ingest_alert(&alert("b", 5, vec![Entity::ip("203.0.113.77")]), at(11))
        .await
        .unwrap()
        .incident
        .unwrap();
    assert_ne!(a, b);
    let both = store
        .ingest_alert(
            &alert("c", 7, vec![upn("x"), Entity::ip("203.0.113.77")]),
            at(12),
        )
        .await
        .unwrap();
    assert_eq!((both.incident, both.merged), (Some(a), vec![b]));
    assert_eq!(store.surviving(b).await.unwrap(), a);
    let gone = store.incident(b).await.unwrap();
    assert_eq!(gone.labels, ["Redirected"]);
    let detail = store.detail(a, at(20)).await.unwrap();
    assert_eq!(detail.item.alerts, 3);
    let merge = detail
        .activity
        .iter()
        .find(|entry| entry.action == "merged")
        .unwrap();
    assert!(merge.comment.contains("203.0.113.77"), "{}", merge.comment);
}

#[tokio::test]
async fn a_person_who_splits_is_not_overruled() {
    let store = store().await;
    let one = alert("a", 0, vec![upn("x")]);
    let two = alert("b", 1, vec![upn("x")]);
    take_in(&store, &[one, two.clone()]).await;
    let ann = Actor::person("ann");
    let new = store.split(1, &[two.id], &ann, at(300)).await.unwrap();
    assert_eq!((new.number, new.alert_count), (2, 1));
    store
        .ingest_alert(&alert("c", 2, vec![upn("x")]), at(301))
        .await
        .unwrap();
    assert_eq!(partition(&store).await.len(), 2);
    assert!(
        store
            .split(1, &[AlertId::derive(&["nobody"])], &ann, at(302))
            .await
            .is_err()
    );
    store.verify_history().await.unwrap();
}

#[tokio::test]
async fn many_alerts_at_once_are_taken_in_like_one_by_one() {
    let (one, all) = (store_with_context().await, store_with_context().await);
    let mut alerts = intrusion();
    alerts.extend(other_intrusion());
    alerts.push(alerts[3].clone());
    take_in(&one, &alerts).await;
    let ingested = all.ingest_alerts(&alerts, at(300)).await.unwrap();
    assert_eq!(ingested.len(), alerts.len());
    assert_eq!(ingested.last().unwrap().outcome, Outcome::Duplicate);
    assert_eq!(partition(&one).await, partition(&all).await);
}

#[tokio::test]
async fn an_alert_with_too_many_entities_is_kept() {
    let store = store().await;
    let mut entities: Vec<Entity> = (0..900).map(|n| upn(&format!("u{n}"))).collect();
    entities.insert(0, Entity::ip("203.0.113.77"));
    store
        .ingest_alert(&alert("a", 0, entities), at(10))
        .await
        .unwrap();
    let detail = store.detail(1, at(11)).await.unwrap();
    assert_eq!(detail.entities.len(), 901);
    let again = store
        .ingest_alert(&alert("b", 0, vec![Entity::ip("203.0.113.77")]), at(12))
        .await
        .unwrap();
    assert_eq!(again.outcome, Outcome::Joined);
}

#[tokio::test]
async fn an_incident_is_full_at_its_limit() {
    let settings = Settings {
        alerts_max: 3,
        ..Settings::default()
    };
    let store = Store::in_memory(settings, support::rng(), at(0))
        .await
        .unwrap();
    let alerts: Vec<Alert> = (0..7)
        .map(|n| alert(&format!("a{n}"), n, vec![upn("x")]))
        .collect();
    take_in(&store, &alerts).await;
    let sizes: Vec<i64> = store
        .list(&ListFilter::default(), at(0))
        .await
        .unwrap()
        .items
        .iter()
        .map(|item| item.alerts)
        .collect();
    assert_eq!(sizes.iter().sum::<i64>(), 7);
    assert!(sizes.iter().all(|size| *size <= 3), "{sizes:?}");
    assert_eq!(sizes.len(), 3);
}

#[tokio::test]
async fn a_host_that_many_accounts_pass_through_becomes_a_hub() {
    let store = store().await;
    let host = || Entity::host("jump.corp.example");
    let alerts: Vec<Alert> = (0..8)
        .map(|n| alert(&format!("a{n}"), n, vec![upn(&format!("user{n}")), host()]))
        .collect();
    take_in(&store, &alerts).await;
    let parts = partition(&store).await;
    assert_eq!(parts.iter().map(BTreeSet::len).max(), Some(5), "{parts:?}");
    assert_eq!(parts.len(), 4);
}

#[tokio::test]
async fn a_rule_groups_as_it_is_configured() {
    let grouped = |name: &str, minutes, matching, user: &str, severity| {
        let mut alert = alert(
            name,
            minutes,
            vec![upn(user), Entity::ip(&format!("203.0.113.{minutes}"))],
        );
        alert.rule_id = "one-rule".into();
        alert.severity = severity;
        alert.grouping.matching = Some(matching);
        alert.grouping.by_entities = vec![EntityKind::Account];
        alert.grouping.by_alert_details = vec!["Severity".into()];
        alert
    };
    use GroupingMatch::{AllEntities, AnyAlert, Selected};
    use Severity::{High, Low};
    let cases = [
        (AnyAlert, "x", Low, 10, true),
        (AnyAlert, "y", High, 10, true),
        (AnyAlert, "x", Low, 400, false),
        (AllEntities, "x", Low, 10, false),
        (Selected, "x", Low, 10, true),
        (Selected, "x", High, 10, false),
        (Selected, "y", Low, 10, false),
    ];
    for (matching, user, severity, minutes, joins) in cases {
        let store = store().await;
        take_in(&store, &[grouped("a", 1, matching, "x", Low)]).await;
        let second = store
            .ingest_alert(&grouped("b", minutes, matching, user, severity), at(500))
            .await
            .unwrap();
        assert_eq!(
            second.outcome == Outcome::Joined,
            joins,
            "{matching:?} {user} {severity} {minutes}"
        );
        // The rule's own grouping never crosses rules.
        let other = store
            .ingest_alert(&alert("c", 2, vec![upn("x")]), at(501))
            .await
            .unwrap();
        assert_eq!(other.outcome, Outcome::Opened);
    }
}

#[tokio::test]
async fn a_rule_may_reopen_and_may_make_no_incident() {
    let store = store().await;
    let mut first = alert("a", 0, vec![upn("x")]);
    first.grouping.matching = Some(GroupingMatch::AnyAlert);
    first.grouping.reopen_closed = true;
    first.rule_id = "r".into();
    let number = store
        .ingest_alert(&first, at(10))
        .await
        .unwrap()
        .incident
        .unwrap();
    let close = Action::Close {
        classification: Classification::BenignPositive,
        reason: None,
        comment: String::new(),
    };
    store
        .act(number, &close, &Actor::person("ann"), None, at(20))
        .await
        .unwrap();
    let mut second = Alert {
        id: AlertId::derive(&["again"]),
        ..first.clone()
    };
    store.ingest_alert(&second, at(30)).await.unwrap();
    let incident = store.incident(number).await.unwrap();
    assert!(
        incident.status.is_open() && incident.alert_count == 2 && incident.classification.is_none()
    );

    second.id = AlertId::derive(&["silent"]);
    second.grouping.create_incident = false;
    let silent = store.ingest_alert(&second, at(31)).await.unwrap();
    assert_eq!(
        (silent.outcome, silent.incident),
        (Outcome::AlertOnly, None)
    );
}

#[tokio::test]
async fn of_two_equal_alerts_the_one_that_matters_more_is_first() {
    let pairs = [
        (
            Entity::host("paw01.corp.example"),
            Entity::host("ws7.corp.example"),
        ),
        (upn("v.ictim"), upn("o.ther")),
    ];
    for (matters, less) in pairs {
        let store = store_with_context().await;
        let mut twin = alert("twin", 0, vec![less]);
        store.ingest_alert(&twin, at(10)).await.unwrap();
        twin.entities = vec![matters.clone()];
        twin.id = AlertId::derive(&["second"]);
        let second = store
            .ingest_alert(&twin, at(11))
            .await
            .unwrap()
            .incident
            .unwrap();
        let page = store.list(&ListFilter::default(), at(20)).await.unwrap();
        assert_eq!(page.items[0].number, second, "{}", matters.label());
    }
}

#[tokio::test]
async fn a_native_alert_of_two_products_raises_the_confidence() {
    let store = store().await;
    take_in(
        &store,
        &[
            alert("a", 0, vec![upn("x")]),
            native(alert("b", 1, vec![upn("x")]), "Amazon", "Amazon GuardDuty"),
        ],
    )
    .await;
    let detail = store.detail(1, at(300)).await.unwrap();
    let part = detail
        .priority_parts
        .iter()
        .find(|part| part.name == "confidence")
        .unwrap();
    assert!(
        part.points == 7 && part.reason.contains("2 products agree"),
        "{part:?}"
    );
}

#[tokio::test]
async fn an_import_makes_the_missing_link() {
    let store = store().await;
    take_in(&store, &intrusion()).await;
    let before = partition(&store).await;
    assert!(before.len() > 1, "{before:?}");
    let admin = Actor::person("admin");
    store
        .import_identities(support::IDENTITIES.as_bytes(), "i", &admin, at(400))
        .await
        .unwrap();
    store
        .import_assets(support::ASSETS.as_bytes(), "a", &admin, at(400))
        .await
        .unwrap();
    assert!(!store.relink(at(401)).await.unwrap().is_empty());
    assert_eq!(partition(&store).await.len(), 1);
    assert!(
        store.relink(at(402)).await.unwrap().is_empty(),
        "a second time changes nothing"
    );
    store.verify_history().await.unwrap();
}

#[tokio::test]
async fn context_keeps_unknown_columns_and_names_what_it_cannot_use() {
    let store = store_with_context().await;
    let people = store.identities().await.unwrap();
    assert_eq!(people.len(), 3);
    let victim = people
        .iter()
        .find(|one| one.label == "v.ictim@corp.example")
        .unwrap();
    assert_eq!(
        victim.extra.get("shoe_size").and_then(|size| size.as_str()),
        Some("42")
    );
    let admin = Actor::person("admin");
    let more =
        "account_upn,sid,aws_principals\n,,e30222\nv.ictim@corp.example,S-1-5-21-1-2-3-1200,\n";
    let report = store
        .import_identities(more.as_bytes(), "more", &admin, at(1))
        .await
        .unwrap();
    assert_eq!(
        (report.rows, report.stored, report.warnings.len()),
        (2, 1, 2),
        "{report:?}"
    );
    assert!(
        report.warnings[0].contains("line 2") && report.warnings[0].contains("without its account")
    );
    assert!(
        report.warnings[1].contains("one identity"),
        "a shared SID joins two rows"
    );
    assert_eq!(store.identities().await.unwrap().len(), 2);
    let bad = store
        .import_assets(b"kind,name,criticality\nhost,a,7\n", "bad", &admin, at(2))
        .await;
    assert!(bad.err().unwrap().to_string().contains("criticality is 0"));
}
