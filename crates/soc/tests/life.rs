//! The life of an incident and its clock.
#![allow(clippy::unwrap_used)]

mod support;

use schema::AlertId;
use soc::{
    Action, Actor, Classification, Error, GroupBy, ListFilter, MetricState, RecoverTo, Status,
    Store,
};
use support::{alert, at, native, store, upn};

fn ann() -> Actor {
    Actor::person("ann")
}

fn contain() -> Action {
    Action::Contain {
        comment: "isolated".into(),
    }
}

fn remediate() -> Action {
    Action::Remediate {
        comment: "account disabled".into(),
    }
}

fn close(classification: Classification) -> Action {
    Action::Close {
        classification,
        reason: None,
        comment: "done".into(),
    }
}

/// A store with one incident, number 1: first alert created at minute 5 about events from minute 0.
async fn with_incident() -> Store {
    let store = store().await;
    store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(6))
        .await
        .unwrap();
    store
}

#[tokio::test]
async fn the_whole_life_with_its_figures() {
    let store = with_incident().await;
    let steps = [
        (Action::Acknowledge, 15),
        (contain(), 25),
        (remediate(), 45),
        (
            Action::Recover {
                to: RecoverTo::Recovering,
                comment: String::new(),
            },
            50,
        ),
        (
            Action::Recover {
                to: RecoverTo::Recovered,
                comment: String::new(),
            },
            105,
        ),
        (close(Classification::TruePositive), 110),
    ];
    for (action, minute) in steps {
        store
            .act(1, &action, &ann(), None, at(minute))
            .await
            .unwrap();
    }
    let clock = store.detail(1, at(500)).await.unwrap().clock;
    let minutes = [
        &clock.tta,
        &clock.ttc,
        &clock.ttr,
        &clock.time_to_recover,
        &clock.time_to_detect,
        &clock.dwell,
    ]
    .map(|metric| metric.counted().unwrap() / 60);
    assert_eq!(minutes, [10, 20, 40, 60, 5, 25]);
    assert_eq!((clock.tta.from, clock.tta.to), (Some(at(5)), Some(at(15))));

    let summary = store.summary(at(0), at(500)).await.unwrap();
    assert_eq!(summary.median_tta_seconds, Some(600.0));
    assert_eq!(summary.median_ttr_seconds, Some(2_400.0));
    assert_eq!(
        (summary.open_incidents, summary.tta_count, summary.ttr_count),
        (0, 1, 1)
    );
}

#[tokio::test]
async fn a_false_positive_moves_tta_and_not_ttr() {
    let store = with_incident().await;
    for action in [
        Action::Acknowledge,
        contain(),
        remediate(),
        close(Classification::FalsePositive),
    ] {
        store.act(1, &action, &ann(), None, at(20)).await.unwrap();
    }
    let group = &store.metrics(at(0), None, at(500)).await.unwrap()[0];
    assert_eq!(
        (
            group.tta.count,
            group.ttc.count,
            group.ttr.count,
            group.dwell.count
        ),
        (1, 0, 0, 0)
    );
    assert_eq!(group.not_remediated, 0);
}

#[tokio::test]
async fn a_true_positive_without_the_mark_is_not_remediated() {
    let store = with_incident().await;
    store
        .act(
            1,
            &close(Classification::TruePositive),
            &ann(),
            None,
            at(20),
        )
        .await
        .unwrap();
    let group = &store
        .metrics(at(0), Some(GroupBy::Severity), at(500))
        .await
        .unwrap()[0];
    assert_eq!(
        (group.key.as_str(), group.ttr.count, group.not_remediated),
        ("Medium", 0, 1)
    );
    let clock = store.detail(1, at(500)).await.unwrap().clock;
    assert_eq!(clock.ttr.state, MetricState::Missing);
    assert_eq!(
        clock.tta.state,
        MetricState::Missing,
        "closing does not acknowledge"
    );
}

#[tokio::test]
async fn who_acknowledges() {
    let take = |owner: &str| Action::Assign {
        owner: Some(owner.into()),
    };
    let active = || Action::SetStatus {
        status: Status::Active,
    };
    let comment = || Action::Comment { text: "hm".into() };
    let label = || Action::Labels {
        labels: vec!["vip".into()],
    };
    let cases: Vec<(&str, Action, Actor, Option<bool>)> = vec![
        (
            "a person acknowledges",
            Action::Acknowledge,
            ann(),
            Some(true),
        ),
        ("a person takes ownership", take("ann"), ann(), Some(true)),
        ("a person sets Active", active(), ann(), Some(true)),
        ("a person marks it", contain(), ann(), Some(true)),
        (
            "a person gives it to another",
            take("bob"),
            ann(),
            Some(false),
        ),
        ("a person comments", comment(), ann(), Some(false)),
        ("a person labels", label(), ann(), Some(false)),
        (
            "a rule acknowledges",
            Action::Acknowledge,
            Actor::rule("auto"),
            None,
        ),
        (
            "a rule assigns",
            take("ann"),
            Actor::rule("auto"),
            Some(false),
        ),
        (
            "a rule sets Active",
            active(),
            Actor::rule("auto"),
            Some(false),
        ),
        (
            "a rule named like a person takes it",
            take("ann"),
            Actor::rule("ann"),
            Some(false),
        ),
        (
            "an approved action contains",
            contain(),
            Actor::playbook("isolate"),
            Some(false),
        ),
        ("a rule contains", contain(), Actor::rule("auto"), None),
        ("the system remediates", remediate(), Actor::system(), None),
    ];
    for (what, action, actor, expected) in cases {
        let store = with_incident().await;
        let done = store.act(1, &action, &actor, None, at(20)).await;
        match expected {
            Some(acknowledged) => {
                assert_eq!(
                    done.unwrap().marks.acknowledged.is_some(),
                    acknowledged,
                    "{what}"
                );
            }
            None => assert!(matches!(done, Err(Error::NotAllowed { .. })), "{what}"),
        }
    }
}

#[tokio::test]
async fn taking_a_closed_incident_does_not_acknowledge_it() {
    let store = with_incident().await;
    store
        .act(
            1,
            &close(Classification::BenignPositive),
            &ann(),
            None,
            at(20),
        )
        .await
        .unwrap();
    let take = Action::Assign {
        owner: Some("ann".into()),
    };
    let incident = store.act(1, &take, &ann(), None, at(30)).await.unwrap();
    assert_eq!(
        (incident.status, incident.marks.acknowledged),
        (Status::Closed, None)
    );
    assert_eq!(incident.owner.as_deref(), Some("ann"));
}

#[tokio::test]
async fn reopening_keeps_the_first_acknowledgement_and_takes_the_last_remediation() {
    let store = with_incident().await;
    let steps = [
        (Action::Acknowledge, 15),
        (remediate(), 25),
        (close(Classification::TruePositive), 30),
        (
            Action::Reopen {
                comment: "they are back".into(),
            },
            100,
        ),
        (Action::Acknowledge, 101),
        (remediate(), 205),
        (close(Classification::TruePositive), 210),
    ];
    for (action, minute) in steps {
        store
            .act(1, &action, &ann(), None, at(minute))
            .await
            .unwrap();
    }
    let clock = store.detail(1, at(500)).await.unwrap().clock;
    assert_eq!(clock.tta.counted(), Some(600));
    assert_eq!(clock.ttr.counted(), Some(200 * 60));
}

#[tokio::test]
async fn an_alert_that_joins_late_has_a_clock_of_its_own() {
    let store = with_incident().await;
    store
        .act(1, &Action::Acknowledge, &ann(), None, at(15))
        .await
        .unwrap();
    // A native alert whose vendor saw it before our first alert.
    let late = native(alert("late", -30, vec![upn("x")]), "Microsoft", "Defender");
    store.ingest_alert(&late, at(60)).await.unwrap();
    let detail = store.detail(1, at(70)).await.unwrap();
    assert_eq!(
        detail.clock.tta.counted(),
        Some(600),
        "the incident's clock stands"
    );
    let view = detail
        .alerts
        .iter()
        .find(|view| view.alert.name == "late")
        .unwrap();
    assert!(!view.acknowledged);
    assert_eq!(
        (view.tta.state, view.tta.seconds),
        (MetricState::Running, Some(95 * 60))
    );
    assert_eq!(
        store
            .summary(at(0), at(70))
            .await
            .unwrap()
            .unacknowledged_alerts,
        1
    );

    // Acknowledging the incident again is not opening the alert; nor may a machine open it.
    store
        .act(1, &Action::Acknowledge, &Actor::person("bob"), None, at(71))
        .await
        .unwrap();
    assert!(
        store
            .open_alert(late.id, &Actor::rule("auto"), at(72))
            .await
            .is_err()
    );
    assert_eq!(
        store
            .summary(at(0), at(72))
            .await
            .unwrap()
            .unacknowledged_alerts,
        1
    );
    store.open_alert(late.id, &ann(), at(75)).await.unwrap();
    store.open_alert(late.id, &ann(), at(99)).await.unwrap();
    let detail = store.detail(1, at(100)).await.unwrap();
    let view = detail
        .alerts
        .iter()
        .find(|view| view.alert.name == "late")
        .unwrap();
    assert_eq!(view.tta.counted(), Some(100 * 60));
    assert!(matches!(
        store
            .open_alert(AlertId::derive(&["no"]), &ann(), at(1))
            .await,
        Err(Error::NoAlert(_))
    ));
}

#[tokio::test]
async fn a_native_alert_starts_the_clock_at_the_vendors_time() {
    let store = store().await;
    let mut one = native(alert("n", 0, vec![upn("x")]), "Amazon", "Amazon GuardDuty");
    one.created_at = at(3);
    one.received_at = at(40);
    store.ingest_alert(&one, at(41)).await.unwrap();
    store
        .act(1, &Action::Acknowledge, &ann(), None, at(43))
        .await
        .unwrap();
    let clock = store.detail(1, at(50)).await.unwrap().clock;
    assert_eq!(
        (clock.tta.from, clock.tta.counted()),
        (Some(at(3)), Some(40 * 60))
    );
}

#[tokio::test]
async fn a_merge_keeps_the_earliest_alert() {
    let store = with_incident().await;
    store
        .ingest_alert(&alert("b", -60, vec![upn("y")]), at(7))
        .await
        .unwrap();
    store
        .act(1, &Action::Acknowledge, &ann(), None, at(15))
        .await
        .unwrap();
    let merged = store.merge(2, 1, &ann(), at(20)).await.unwrap();
    assert_eq!(merged.marks.first_alert_at, Some(at(-55)));
    let detail = store.detail(1, at(30)).await.unwrap();
    assert_eq!(detail.clock.tta.counted(), Some(70 * 60));
    let seen: Vec<bool> = detail.alerts.iter().map(|view| view.acknowledged).collect();
    assert_eq!(
        seen,
        [false, true],
        "nobody has seen the alert that came by the merge"
    );
    let error = store
        .act(2, &Action::Acknowledge, &ann(), None, at(31))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Merged { number: 2, into: 1 }));
    assert!(store.merge(1, 1, &ann(), at(32)).await.is_err());
}

#[tokio::test]
async fn old_data_stays_out_of_the_figures() {
    let store = store().await;
    let mut old = alert("old", 0, vec![upn("x")]);
    old.backfill = true;
    store.ingest_alert(&old, at(9_000)).await.unwrap();
    for action in [
        Action::Acknowledge,
        remediate(),
        close(Classification::TruePositive),
    ] {
        store
            .act(1, &action, &ann(), None, at(9_001))
            .await
            .unwrap();
    }
    let group = &store.metrics(at(0), None, at(9_999)).await.unwrap()[0];
    assert_eq!(
        (group.incidents, group.tta.count, group.ttr.count),
        (0, 0, 0)
    );
    assert!(store.incident(1).await.unwrap().is_backfill());
}

#[tokio::test]
async fn changes_that_are_not_part_of_its_life_are_refused() {
    let store = with_incident().await;
    let recovered = Action::Recover {
        to: RecoverTo::Recovered,
        comment: String::new(),
    };
    let refused = [
        recovered,
        Action::Reopen {
            comment: String::new(),
        },
        Action::SetStatus {
            status: Status::New,
        },
        Action::SetStatus {
            status: Status::Closed,
        },
        Action::Comment { text: "  ".into() },
        Action::Title {
            title: String::new(),
        },
        Action::Close {
            classification: Classification::TruePositive,
            reason: Some("InaccurateData".into()),
            comment: String::new(),
        },
    ];
    for action in refused {
        assert!(
            store.act(1, &action, &ann(), None, at(20)).await.is_err(),
            "{action:?}"
        );
    }
    assert_eq!(
        store.incident(1).await.unwrap().version,
        1,
        "a refused change leaves nothing"
    );
    let comment = Action::Comment {
        text: "first".into(),
    };
    store
        .act(1, &comment, &ann(), Some(1), at(21))
        .await
        .unwrap();
    let conflict = store
        .act(1, &comment, &ann(), Some(1), at(22))
        .await
        .unwrap_err();
    assert!(matches!(
        conflict,
        Error::Conflict {
            expected: 1,
            found: 2,
            ..
        }
    ));
    assert!(matches!(
        store.act(9, &comment, &ann(), None, at(22)).await,
        Err(Error::NoIncident(9))
    ));
}

#[tokio::test]
async fn the_queue_filters_and_searches_without_wildcards() {
    let store = with_incident().await;
    store
        .ingest_alert(&alert("100%_sure", 0, vec![upn("y")]), at(7))
        .await
        .unwrap();
    store
        .act(
            1,
            &Action::Assign {
                owner: Some("ann".into()),
            },
            &ann(),
            None,
            at(8),
        )
        .await
        .unwrap();
    let total = |filter: ListFilter| {
        let store = &store;
        async move { store.list(&filter, at(9)).await.unwrap().total }
    };
    let search = |text: &str| ListFilter {
        search: text.into(),
        ..ListFilter::default()
    };
    assert_eq!(total(search("100%_")).await, 1);
    assert_eq!(total(search("%")).await, 1);
    assert_eq!(total(search("Y@CORP")).await, 1);
    assert_eq!(total(search("' OR 1=1")).await, 0);
    assert_eq!(
        total(ListFilter {
            owner: Some(String::new()),
            ..ListFilter::default()
        })
        .await,
        1
    );
    assert_eq!(
        total(ListFilter {
            owner: Some("ann".into()),
            ..ListFilter::default()
        })
        .await,
        1
    );
    assert_eq!(
        total(ListFilter {
            unacknowledged: true,
            ..ListFilter::default()
        })
        .await,
        1
    );
}

#[tokio::test]
async fn a_shift_is_that_of_the_acknowledgement_and_before_it_of_the_creation() {
    let store = with_incident().await;
    let shift = async |minute| -> Vec<(String, u64)> {
        let groups = store.metrics(at(0), Some(GroupBy::Shift), at(minute)).await;
        let groups = groups.unwrap().into_iter();
        groups.map(|group| (group.key, group.incidents)).collect()
    };
    // The story begins at 14:13 UTC.
    assert_eq!(shift(100).await, [("08-16 UTC".to_owned(), 1)]);
    store
        .act(1, &Action::Acknowledge, &ann(), None, at(200))
        .await
        .unwrap();
    assert_eq!(shift(1_000).await, [("16-24 UTC".to_owned(), 1)]);
}
