//! The clock under any sequence of actions.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use soc::{Action, Actor, Classification, ListFilter, RecoverTo, Status, Store};
use support::{alert, at, store, upn};

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

#[derive(Debug, Clone)]
enum Step {
    Act(Action),
    NewAlert(i64),
    OpenAlerts,
}

fn step() -> impl Strategy<Value = Step> {
    let classification = prop::sample::select(Classification::ALL.to_vec());
    prop_oneof![
        Just(Step::Act(Action::Acknowledge)),
        Just(Step::Act(contain())),
        Just(Step::Act(remediate())),
        Just(Step::Act(Action::Recover {
            to: RecoverTo::Recovering,
            comment: String::new()
        })),
        Just(Step::Act(Action::Recover {
            to: RecoverTo::Recovered,
            comment: String::new()
        })),
        classification.prop_map(|classification| Step::Act(close(classification))),
        Just(Step::Act(Action::Reopen {
            comment: String::new()
        })),
        prop::sample::select(Status::ALL.to_vec())
            .prop_map(|status| Step::Act(Action::SetStatus { status })),
        prop::option::of("[ab]").prop_map(|owner| Step::Act(Action::Assign { owner })),
        "[a-z]{0,5}".prop_map(|text| Step::Act(Action::Comment { text })),
        (-100_i64..400).prop_map(Step::NewAlert),
        Just(Step::OpenAlerts),
    ]
}

fn actor() -> impl Strategy<Value = Actor> {
    prop::sample::select(vec![
        Actor::person("a"),
        Actor::person("b"),
        Actor::rule("a"),
        Actor::playbook("p"),
        Actor::system(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is done in whatever order: the first acknowledgement stands and is a person's, only
    /// true positives give response figures, a closed incident stays closed until it is reopened,
    /// and the history holds.
    #[test]
    fn the_clock_holds_under_any_sequence(steps in prop::collection::vec((step(), actor()), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = with_incident().await;
            let mut tta = None;
            let mut last_version = 1;
            for (n, (step, actor)) in steps.iter().enumerate() {
                let now = at(10 + n as i64 * 3);
                let mut merged = false;
                match step {
                    Step::Act(action) => {
                        let before = store.incident(1).await.unwrap();
                        let done = store.act(1, action, actor, None, now).await;
                        let after = store.incident(1).await.unwrap();
                        if done.is_err() {
                            assert_eq!(before, after, "a refused change leaves nothing");
                        }
                        if before.status == Status::Closed && after.status != Status::Closed {
                            assert!(matches!(action, Action::Reopen { .. }));
                        }
                        if before.marks.acknowledged.is_none() && after.marks.acknowledged.is_some() {
                            assert!(actor.is_person(), "{actor:?} acknowledged");
                        }
                    }
                    Step::NewAlert(minute) => {
                        let one = alert(&format!("n{n}"), *minute, vec![upn("x")]);
                        merged = !store.ingest_alert(&one, now).await.unwrap().merged.is_empty();
                    }
                    Step::OpenAlerts => {
                        for one in store.alerts(1).await.unwrap() {
                            let opened = store.open_alert(one.id, actor, now).await;
                            assert_eq!(opened.is_ok(), actor.is_person());
                        }
                    }
                }
                let incident = store.incident(1).await.unwrap();
                assert!(incident.version >= last_version);
                last_version = incident.version;
                let clock = store.detail(1, now).await.unwrap().clock;
                if let Some(tta) = tta {
                    let counted = clock.tta.counted();
                    // A merge keeps the earlier alert, so it alone may move the start back.
                    let stands = if merged { counted >= Some(tta) } else { counted == Some(tta) };
                    assert!(stands, "TTA went from {tta} to {counted:?} after the first acknowledgement");
                }
                tta = clock.tta.counted();
            }
            let now = at(900);
            let group = store.metrics(at(-1), None, now).await.unwrap().remove(0);
            let mut true_positives = 0;
            let mut remediated = 0;
            let all = ListFilter { status: soc::StatusFilter::All, ..ListFilter::default() };
            for item in store.list(&all, now).await.unwrap().items {
                let incident = store.incident(item.number).await.unwrap();
                let is_true = incident.classification == Some(Classification::TruePositive);
                true_positives += u64::from(is_true);
                remediated += u64::from(is_true && incident.marks.remediated.is_some());
            }
            assert_eq!(group.ttr.count, remediated);
            assert_eq!(group.not_remediated, true_positives - remediated);
            assert!(group.ttc.count <= true_positives && group.dwell.count <= true_positives);
            store.verify_history().await.unwrap();
        });
    }
}
