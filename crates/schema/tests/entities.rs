//! `SecurityAlert.Entities` from any vendor: whatever the JSON, it reads, and what was read once
//! reads the same ever after.

use proptest::prelude::*;
use schema::{Catalog, Entity, Row, alert_from_row, entities_from_json, entities_to_json};
use serde_json::{Map, Value as Json};

const TYPES: &[&str] = &[
    "account",
    "Host",
    "ip",
    "IP",
    "URL",
    "azure-resource",
    "amazon-resource",
    "file",
    "filehash",
    "process",
    "mailbox",
    "SubmissionMail",
    "nothing-known",
    "",
];

const IDENTIFIERS: &[&str] = &[
    "Type",
    "$id",
    "$ref",
    "Name",
    "FullName",
    "fullname",
    "UPNSuffix",
    "NTDomain",
    "DnsDomain",
    "HostName",
    "Sid",
    "AadUserId",
    "Address",
    "AddressScope",
    "Url",
    "ResourceId",
    "Host",
    "",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("-".to_owned()),
        Just(" - ".to_owned()),
        "[a-zA-Z0-9.@\\\\ -]{0,16}",
        "(10|203)\\.0\\.113\\.[0-9]{1,3}",
        "S-1-5-(18|21-[0-9]{1,4})",
        "\\PC{0,12}",
        any::<String>(),
    ]
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text().prop_map(Json::from),
    ]
}

/// Any JSON.
fn json() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(6, 64, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(IDENTIFIERS).prop_map(str::to_owned),
            any::<String>()
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON in the shape of entities, with surprises in every place.
fn entities() -> impl Strategy<Value = Json> {
    let kind = prop_oneof![
        9 => prop::sample::select(TYPES).prop_map(Json::from),
        1 => json(),
    ];
    let value = prop_oneof![4 => scalar(), 1 => json()];
    let members = prop::collection::vec((prop::sample::select(IDENTIFIERS), value), 0..8);
    let entity = (kind, members).prop_map(|(kind, members)| {
        let mut object: Map<String, Json> = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        object.insert("Type".to_owned(), kind);
        Json::Object(object)
    });
    prop::collection::vec(prop_oneof![6 => entity, 1 => json()], 0..8).prop_map(Json::from)
}

/// Everything that is asked of an entity.
fn ask(entity: &Entity) {
    assert!(entity.is_meaningful());
    for key in entity.strong_keys() {
        assert!(key.starts_with(entity.kind.json_type()), "{key}");
    }
    let _ = entity.label();
}

fn check(json: &Json) {
    let read = entities_from_json(json);
    read.iter().for_each(ask);
    let written = entities_to_json(&read);
    assert_eq!(entities_from_json(&written), read);
    // And through text, as the table stores it.
    let text: Json = written.to_string().parse().unwrap_or_default();
    assert_eq!(entities_from_json(&text), read);
    assert_eq!(entities_to_json(&entities_from_json(&text)), written);
}

proptest! {
    #[test]
    fn any_json_reads_and_what_was_read_stays_the_same(json in json()) {
        check(&json);
    }

    #[test]
    fn entities_with_surprises_read_and_stay_the_same(json in entities()) {
        check(&json);
    }

    #[test]
    fn a_row_with_any_text_makes_an_alert(
        entities in prop_oneof![entities().prop_map(|json| json.to_string()), any::<String>()],
        text in any::<String>(),
        list in prop_oneof![json().prop_map(|json| json.to_string()), any::<String>()],
    ) {
        let table = Catalog::builtin().table("SecurityAlert").cloned();
        let mut row = Row::new(table.ok_or_else(|| TestCaseError::fail("no table"))?);
        row.set("Entities", entities.as_str());
        for column in ["Tactics", "Techniques", "RemediationSteps"] {
            row.set(column, list.as_str());
        }
        for column in ["AlertSeverity", "VendorOriginalId", "DisplayName", "ConfidenceScore", "StartTime"] {
            row.set(column, text.as_str());
        }
        let alert = alert_from_row(&row, jiff::Timestamp::UNIX_EPOCH);
        alert.entities.iter().for_each(ask);
        prop_assert!(!alert.name.is_empty());
        // The same row is the same alert.
        prop_assert_eq!(alert.id, alert_from_row(&row, jiff::Timestamp::UNIX_EPOCH).id);
    }
}
