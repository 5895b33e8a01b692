//! What is on disk: the history's chain, the outbox, restarts, backups, formats.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use soc::{Action, Actor, Classification, Error, ListFilter, OutboxRow, Outcome, Settings, Store};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use support::{alert, at, intrusion, native, rng, store, upn};

async fn open(path: &Path) -> Result<Store, Error> {
    Store::open(path, Settings::default(), rng(), at(0)).await
}

async fn try_raw(path: &Path, sql: &str) -> Result<(), sqlx::Error> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut conn = options.connect().await?;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut conn)
        .await;
    conn.close().await?;
    done.map(|_| ())
}

async fn raw(path: &Path, sql: &str) {
    try_raw(path, sql).await.unwrap();
}

async fn worked_on(path: &Path) {
    let store = open(path).await.unwrap();
    store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(6))
        .await
        .unwrap();
    let ann = Actor::person("ann");
    store
        .act(1, &Action::Acknowledge, &ann, None, at(10))
        .await
        .unwrap();
    store
        .act(
            1,
            &Action::Comment {
                text: "looks bad".into(),
            },
            &ann,
            None,
            at(11),
        )
        .await
        .unwrap();
    assert_eq!(store.verify_history().await.unwrap(), 5);
    store.close().await;
}

#[tokio::test]
async fn tampering_with_the_history_shows() {
    let tampered = [
        "UPDATE activity SET comment = 'looks fine' WHERE action = 'comment'",
        "UPDATE activity SET actor = 'bob' WHERE id = 3",
        "UPDATE activity SET at = at + 1 WHERE id = 2",
        "UPDATE activity SET incident = 7 WHERE id = 2",
        "UPDATE activity SET details = '{\"keys\":[]}' WHERE id = 1",
        "UPDATE activity SET details = 'nonsense' WHERE id = 1",
        "UPDATE activity SET from_value = to_value, to_value = from_value WHERE id = 3",
        "UPDATE activity SET hash = previous_hash WHERE id = 4",
        "DELETE FROM activity WHERE id = 2",
        "DELETE FROM activity WHERE id = 1",
        "DELETE FROM activity WHERE id = 2; UPDATE activity SET id = id - 1 WHERE id > 2",
    ];
    for sql in tampered {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.db");
        worked_on(&path).await;
        raw(
            &path,
            "DROP TRIGGER activity_is_not_changed; DROP TRIGGER activity_is_not_removed",
        )
        .await;
        raw(&path, sql).await;
        let store = open(&path).await.unwrap();
        let found = store.verify_history().await;
        assert!(
            matches!(found, Err(Error::History { .. })),
            "{sql}: {found:?}"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn the_history_is_append_only_in_the_store_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.db");
    worked_on(&path).await;
    for sql in [
        "UPDATE activity SET comment = ''",
        "DELETE FROM activity WHERE id = 5",
    ] {
        let error = try_raw(&path, sql).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    let store = open(&path).await.unwrap();
    let (id, hash) = store.history_head().await.unwrap().unwrap();
    assert_eq!((id, hash.len()), (5, 64));
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.db");
    worked_on(&path).await;
    let store = open(&path).await.unwrap();
    let detail = store.detail(1, at(20)).await.unwrap();
    assert_eq!((detail.comments.len(), detail.item.alerts), (1, 1));
    assert_eq!(detail.clock.tta.counted(), Some(300));
    let again = store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(99))
        .await
        .unwrap();
    assert_eq!(
        (again.outcome, again.incident),
        (Outcome::Duplicate, Some(1))
    );
    assert_eq!(store.verify_history().await.unwrap(), 5);
    // The outbox goes on where it was.
    let rows = store.outbox_after(0, 100).await.unwrap();
    let last = rows.last().unwrap().id;
    store.outbox_done(last).await.unwrap();
    store
        .act(
            1,
            &Action::Labels {
                labels: vec!["x".into()],
            },
            &Actor::person("ann"),
            None,
            at(30),
        )
        .await
        .unwrap();
    assert!(
        store
            .outbox_after(0, 100)
            .await
            .unwrap()
            .iter()
            .all(|row| row.id > last)
    );
    store.close().await;
}

#[tokio::test]
async fn the_same_alert_from_many_sides_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("cases.db")).await.unwrap());
    let mut tasks = Vec::new();
    for n in 0..24 {
        let store = Arc::clone(&store);
        // Three alerts of one story, each eight times.
        let one = alert(&format!("a{}", n % 3), n % 3, vec![upn("x")]);
        tasks.push(tokio::spawn(async move {
            store.ingest_alert(&one, at(10)).await.unwrap().outcome
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    let count = |outcome| outcomes.iter().filter(|one| **one == outcome).count();
    assert_eq!(
        (
            count(Outcome::Opened),
            count(Outcome::Joined),
            count(Outcome::Duplicate)
        ),
        (1, 2, 21)
    );
    assert_eq!(
        store
            .list(&ListFilter::default(), at(11))
            .await
            .unwrap()
            .items[0]
            .alerts,
        3
    );
    store.verify_history().await.unwrap();
}

fn rows_of(rows: &[OutboxRow], table: &str) -> Vec<Json> {
    rows.iter()
        .filter(|row| row.table == table)
        .map(|row| serde_json::from_str(&row.row_json).unwrap())
        .collect()
}

#[tokio::test]
async fn every_change_leaves_full_rows_for_the_lake() {
    let store = store().await;
    let mut one = alert("a", 0, vec![upn("x")]);
    one.custom_details
        .insert("Users".into(), serde_json::json!([3]));
    store.ingest_alert(&one, at(6)).await.unwrap();
    store
        .ingest_alert(
            &native(alert("n", 1, vec![upn("x")]), "Amazon", "Amazon GuardDuty"),
            at(7),
        )
        .await
        .unwrap();
    let ann = Actor::person("ann");
    store
        .act(1, &Action::Acknowledge, &ann, None, at(10))
        .await
        .unwrap();
    store
        .act(
            1,
            &Action::Comment {
                text: "hello".into(),
            },
            &ann,
            None,
            at(11),
        )
        .await
        .unwrap();
    store
        .act(
            1,
            &Action::Labels {
                labels: vec!["vip".into()],
            },
            &ann,
            None,
            at(12),
        )
        .await
        .unwrap();
    store
        .act(
            1,
            &Action::Contain {
                comment: String::new(),
            },
            &ann,
            None,
            at(13),
        )
        .await
        .unwrap();
    let close = Action::Close {
        classification: Classification::FalsePositive,
        reason: Some("inaccuratedata".into()),
        comment: "c".into(),
    };
    store.act(1, &close, &ann, None, at(14)).await.unwrap();

    let rows = store.outbox_after(0, 1_000).await.unwrap();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.item_id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "every row has an id of its own");
    let incidents = rows_of(&rows, "SecurityIncident");
    let statuses: Vec<&str> = incidents
        .iter()
        .map(|row| row["Status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [
            "New", "New", "Active", "Active", "Active", "Active", "Closed"
        ]
    );
    let schema = schema::Catalog::builtin();
    for (table, list) in [
        ("SecurityIncident", incidents.clone()),
        ("SecurityAlert", rows_of(&rows, "SecurityAlert")),
        ("IncidentActivity", rows_of(&rows, "IncidentActivity")),
    ] {
        let table = schema.table(table).unwrap();
        assert!(!list.is_empty());
        for row in &list {
            for column in row.as_object().unwrap().keys() {
                assert!(
                    table.position(column).is_some(),
                    "{} has no column {column}",
                    table.name
                );
            }
        }
    }
    let last = incidents.last().unwrap();
    assert_eq!(last.as_object().unwrap().len(), 33);
    assert_eq!(last["Owner"]["assignedTo"], "ann");
    assert_eq!(last["ClassificationReason"], "InaccurateData");
    assert_eq!(last["AdditionalData"]["alertsCount"], 2);
    assert_eq!(last["FirstModifiedTime"], at(7).to_string());
    assert_eq!(last["ClosedTime"], at(14).to_string());
    // Workbooks look for labels with a regular expression that allows no blank.
    let text = &rows
        .iter()
        .rfind(|row| row.table == "SecurityIncident")
        .unwrap()
        .row_json;
    assert!(text.contains("\"labelName\":\"vip\""));

    let alerts = rows_of(&rows, "SecurityAlert");
    let statuses: Vec<&str> = alerts
        .iter()
        .map(|row| row["Status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["New", "InProgress", "Dismissed"],
        "the native alert is not written again"
    );
    assert!(
        alerts[0]["ExtendedProperties"]
            .as_str()
            .unwrap()
            .contains("Custom Details")
    );
    assert_eq!(alerts[0]["SubTechniques"], "[\"T1078.004\"]");
    let activity = rows_of(&rows, "IncidentActivity");
    assert_eq!(
        activity.last().unwrap()["AcknowledgedTime"],
        at(10).to_string()
    );
}

#[tokio::test]
async fn a_backup_of_a_live_store_opens_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("cases.db")).await.unwrap();
    for (n, alert) in intrusion().iter().enumerate() {
        store.ingest_alert(alert, at(200 + n as i64)).await.unwrap();
    }
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy).await.unwrap();
    store.backup_to(&copy).await.unwrap();
    let restored = open(&copy).await.unwrap();
    assert_eq!(restored.health().await.unwrap().alerts, 10);
    assert_eq!(
        restored.verify_history().await.unwrap(),
        store.verify_history().await.unwrap()
    );
}

#[tokio::test]
async fn whoever_waits_hears_of_a_commit() {
    let store = store().await;
    let mut commits = store.commits();
    commits.mark_unchanged();
    store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(6))
        .await
        .unwrap();
    assert!(commits.has_changed().unwrap());
    commits.mark_unchanged();
    store
        .ingest_alert(&alert("a", 0, vec![upn("x")]), at(7))
        .await
        .unwrap();
    assert!(
        !commits.has_changed().unwrap(),
        "a duplicate changes nothing"
    );
}

/// Alerts are stored as JSON: one written by the first format must read for ever.
#[tokio::test]
async fn a_stored_alert_of_the_first_format_reads() {
    let text = include_str!("formats/alert-1.json");
    let read: schema::Alert = serde_json::from_str(text).unwrap();
    let mut expected = alert(
        "stored",
        0,
        vec![upn("x"), schema::Entity::ip("203.0.113.9")],
    );
    expected.query = Some(schema::AlertQuery {
        text: "SigninLogs | take 1".into(),
        from: at(0),
        to: at(60),
    });
    expected.confidence = Some(0.5);
    expected
        .custom_details
        .insert("Users".into(), serde_json::json!([3]));
    expected.grouping.matching = Some(schema::GroupingMatch::Selected);
    expected.grouping.by_entities = vec![schema::EntityKind::Ip];
    let expected = support::in_table(expected, "SigninLogs");
    assert_eq!(read, expected);
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("cases.db")).await.unwrap();
    store.ingest_alert(&read, at(99)).await.unwrap();
    assert_eq!(store.alerts(1).await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_newer_format_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.db");
    open(&path).await.unwrap().close().await;
    raw(
        &path,
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, 'future', 0)",
    )
    .await;
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, Error::NewerFormat { found: 999, .. }));
    assert!(error.to_string().contains("use the newer Watchfloor"));
}
