//! Which entities a stored row speaks of, per table: for Sigma alerts, whose rules map none.
//!
//! One list; a new table is a new entry. A name in it is a column, `Column.path.to.member` of a
//! `dynamic` column, or `@path.to.member` of the native record.

use std::net::IpAddr;

use arrow::array::RecordBatch;
use schema::{Entity, EntityKind};
use serde_json::{Map, Value as Json};

use crate::batch_rows;
use crate::mapping::push;

/// An entity of a table: its type, and identifier-column pairs.
type Mapping = (EntityKind, &'static [(&'static str, &'static str)]);

const TABLES: &[(&str, &[Mapping])] = &[
    (
        "SecurityEvent",
        &[
            (EntityKind::Host, &[("FullName", "Computer")]),
            (
                EntityKind::Account,
                &[
                    ("Name", "TargetUserName"),
                    ("NTDomain", "TargetDomainName"),
                    ("Sid", "TargetUserSid"),
                ],
            ),
            (
                EntityKind::Account,
                &[
                    ("Name", "SubjectUserName"),
                    ("NTDomain", "SubjectDomainName"),
                    ("Sid", "SubjectUserSid"),
                ],
            ),
            (EntityKind::Ip, &[("Address", "IpAddress")]),
        ],
    ),
    (
        "Event",
        &[
            (EntityKind::Host, &[("FullName", "Computer")]),
            (EntityKind::Account, &[("FullName", "@User")]),
            (EntityKind::Account, &[("FullName", "@SourceUser")]),
        ],
    ),
    (
        "AWSCloudTrail",
        &[
            (
                EntityKind::Account,
                &[
                    ("Arn", "UserIdentityArn"),
                    ("AwsAccountId", "UserIdentityAccountId"),
                ],
            ),
            (EntityKind::Ip, &[("Address", "SourceIpAddress")]),
        ],
    ),
    (
        "SigninLogs",
        &[
            (
                EntityKind::Account,
                &[("FullName", "UserPrincipalName"), ("AadUserId", "UserId")],
            ),
            (EntityKind::Ip, &[("Address", "IPAddress")]),
        ],
    ),
    (
        "AuditLogs",
        &[
            (
                EntityKind::Account,
                &[
                    ("FullName", "InitiatedBy.user.userPrincipalName"),
                    ("AadUserId", "InitiatedBy.user.id"),
                ],
            ),
            (EntityKind::Ip, &[("Address", "InitiatedBy.user.ipAddress")]),
        ],
    ),
    (
        "OfficeActivity",
        &[
            (EntityKind::Account, &[("FullName", "UserId")]),
            (EntityKind::Ip, &[("Address", "ClientIP")]),
        ],
    ),
    (
        "AzureActivity",
        &[
            (EntityKind::Account, &[("FullName", "Caller")]),
            (EntityKind::Ip, &[("Address", "CallerIpAddress")]),
            (EntityKind::AzureResource, &[("ResourceId", "_ResourceId")]),
        ],
    ),
    ("Syslog", &[(EntityKind::Host, &[("FullName", "Computer")])]),
    (
        "CommonSecurityLog",
        &[
            (EntityKind::Ip, &[("Address", "SourceIP")]),
            (EntityKind::Ip, &[("Address", "DestinationIP")]),
            (EntityKind::Account, &[("FullName", "SourceUserName")]),
        ],
    ),
];

const HOST: Mapping = (EntityKind::Host, &[("FullName", "Computer")]);
const SUBJECT: Mapping = (
    EntityKind::Account,
    &[
        ("Name", "SubjectUserName"),
        ("NTDomain", "SubjectDomainName"),
        ("Sid", "SubjectUserSid"),
    ],
);
const ADDRESS: Mapping = (EntityKind::Ip, &[("Address", "IpAddress")]);
const MEMBER: Mapping = (EntityKind::Account, &[("Sid", "MemberSid")]);
/// A name alone, for people to read: that two alerts are about one group doesn't make them one
/// story, so it has no strong identifier.
const GROUP: Mapping = (
    EntityKind::SecurityGroup,
    &[("DisplayName", "TargetUserName")],
);

/// Security audit events whose columns mean something else than in most (Windows security
/// auditing, event descriptions). In changes of the directory and in ticket requests `Computer` is
/// the domain controller that wrote the event, which is nobody's target: it would tie everything
/// together.
const SECURITY_EVENTS: &[(&[i64], &[Mapping])] = &[
    // Membership of global and universal groups; of local ones, which belong to `Computer`.
    (&[4728, 4729, 4756, 4757], &[MEMBER, SUBJECT, GROUP]),
    (&[4732, 4733], &[HOST, MEMBER, SUBJECT, GROUP]),
    // User accounts created, changed, enabled, reset, deleted, renamed.
    (
        &[4720, 4722, 4723, 4724, 4725, 4726, 4738, 4765, 4767, 4781],
        &[
            (
                EntityKind::Account,
                &[
                    ("Name", "TargetUserName"),
                    ("NTDomain", "TargetDomainName"),
                    ("Sid", "TargetSid"),
                ],
            ),
            SUBJECT,
        ],
    ),
    // Lockout, where `TargetDomainName` is the computer that tried; Kerberos, where it is a realm.
    (
        &[4740, 4768, 4769, 4770, 4771, 4772, 4773],
        &[
            (
                EntityKind::Account,
                &[("Name", "TargetUserName"), ("Sid", "TargetSid")],
            ),
            ADDRESS,
        ],
    ),
];

/// Mappings for a row: those of its event where it has its own, else those of its table.
fn mappings(table: &str, event_id: i64) -> &'static [Mapping] {
    let own = SECURITY_EVENTS
        .iter()
        .find(|(ids, _)| table == "SecurityEvent" && ids.contains(&event_id));
    match own {
        Some((_, mappings)) => mappings,
        None => TABLES
            .iter()
            .find(|(name, _)| *name == table)
            .map_or(&[], |(_, mappings)| mappings),
    }
}

/// Entities of one row of a batch.
pub(crate) fn of_batch_row(
    table: &str,
    batch: &RecordBatch,
    row: usize,
    native: &Map<String, Json>,
) -> Vec<Entity> {
    let event_id = match batch_rows::value(batch, "EventID", row) {
        Some(schema::Value::Long(id)) => id,
        _ => 0,
    };
    of_row(table, event_id, |name| match name.split_once('.') {
        _ if name.starts_with('@') => member(native.get(first(name)), rest(name)),
        Some((column, path)) => {
            let cell = serde_json::from_str(batch_rows::text(batch, column, row)).ok();
            member(cell.as_ref(), path)
        }
        None => match batch_rows::value(batch, name, row) {
            Some(schema::Value::String(text)) => text,
            _ => String::new(),
        },
    })
}

/// `a` of `@a.b.c`.
fn first(name: &str) -> &str {
    let name = name.trim_start_matches('@');
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// `b.c` of `@a.b.c`.
fn rest(name: &str) -> &str {
    name.split_once('.').map_or("", |(_, rest)| rest)
}

/// The text at a path into JSON; `""` when there is none.
fn member(value: Option<&Json>, path: &str) -> String {
    let found = path
        .split('.')
        .filter(|part| !part.is_empty())
        .try_fold(value, |value, part| value.map(|value| value.get(part)));
    match found.flatten() {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Entities of a row. `column` gives the text behind a name, `""` when there is none.
fn of_row(table: &str, event_id: i64, column: impl Fn(&str) -> String) -> Vec<Entity> {
    let mut entities = Vec::new();
    for (kind, fields) in mappings(table, event_id) {
        let entity = fields
            .iter()
            .fold(Entity::new(*kind), |entity, (identifier, name)| {
                entity.with(identifier, cleaned(identifier, &column(name)))
            });
        push(&mut entities, entity);
    }
    entities
}

/// A value without what logs write around it or instead of nothing: addresses lose a port and the
/// mark of IPv4 in IPv6, and what is no address (CloudTrail names AWS services there) is left out;
/// so is the SID of nobody.
fn cleaned<'a>(identifier: &str, value: &'a str) -> &'a str {
    match identifier {
        "Address" => address(value).unwrap_or_default(),
        "Sid" if value == "S-1-0-0" => "",
        _ => value,
    }
}

fn address(value: &str) -> Option<&str> {
    let value = value.trim();
    let value = match value.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => match value.split_once(':') {
            Some((v4, port)) if !port.contains(':') => v4,
            _ => value,
        },
    };
    let value = value.strip_prefix("::ffff:").unwrap_or(value);
    let ip: IpAddr = value.parse().ok()?;
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(value)
}

/// A KQL condition that holds for the rows of `table` that speak of any of `entities`; `None` when
/// the table has no entity columns, or none of the entities could be in them.
pub fn entity_condition(table: &str, entities: &[Entity]) -> Option<String> {
    let own = SECURITY_EVENTS.iter().filter(|_| table == "SecurityEvent");
    let all = mappings(table, 0)
        .iter()
        .chain(own.flat_map(|(_, mappings)| mappings.iter()));
    let mut conditions: Vec<String> = Vec::new();
    for (kind, fields) in all {
        for (identifier, column) in fields.iter().filter(|(_, column)| !column.starts_with('@')) {
            let mut values: Vec<String> = entities
                .iter()
                .filter(|entity| entity.kind == *kind)
                .flat_map(|entity| spellings(entity, identifier))
                .map(|value| Json::from(value).to_string())
                .collect();
            values.sort();
            values.dedup();
            let column = match column.contains('.') {
                true => format!("tostring({column})"),
                false => (*column).to_owned(),
            };
            let condition = format!("{column} in~ ({})", values.join(", "));
            if !values.is_empty() && !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
    }
    (!conditions.is_empty()).then(|| conditions.join(" or "))
}

/// How a column of an identifier may spell an entity. A name without its domain is left out: it
/// would find other people's rows.
fn spellings(entity: &Entity, identifier: &str) -> Vec<String> {
    let get = |name: &str| entity.get(name).to_owned();
    let joined = |a: &str, between: &str, b: &str| {
        (!entity.get(a).is_empty() && !entity.get(b).is_empty())
            .then(|| format!("{}{between}{}", entity.get(a), entity.get(b)))
    };
    let found = match (identifier, entity.kind) {
        ("FullName", EntityKind::Host) => {
            vec![joined("HostName", ".", "DnsDomain"), Some(get("HostName"))]
        }
        ("FullName", _) => vec![
            joined("Name", "@", "UPNSuffix"),
            joined("NTDomain", "\\", "Name"),
        ],
        ("Name" | "NTDomain" | "AwsAccountId", _) => Vec::new(),
        (other, _) => vec![Some(get(other))],
    };
    found
        .into_iter()
        .flatten()
        .filter(|value| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_named_exists_in_its_table() {
        let catalog = schema::Catalog::builtin();
        let own = SECURITY_EVENTS
            .iter()
            .map(|(_, mappings)| ("SecurityEvent", *mappings));
        for (table, mappings) in TABLES.iter().map(|(table, m)| (*table, *m)).chain(own) {
            let schema = catalog
                .table(table)
                .unwrap_or_else(|| panic!("no table {table}"));
            for (_, fields) in mappings {
                for (_, name) in *fields {
                    let known = name.starts_with('@') || schema.position(first(name)).is_some();
                    assert!(known, "{table}.{name}");
                }
            }
        }
    }

    #[test]
    fn addresses_lose_their_ports_and_what_is_none_is_left_out() {
        for (written, read) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9:4711", Some("203.0.113.9")),
            ("::ffff:10.1.2.3", Some("10.1.2.3")),
            ("[2001:db8::9]:443", Some("2001:db8::9")),
            ("2001:db8::9", Some("2001:db8::9")),
            ("config.amazonaws.com", None),
            ("127.0.0.1", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(address(written), read, "{written}");
        }
    }

    #[test]
    fn a_group_change_speaks_of_the_member_and_not_of_the_controller() {
        let cells = [
            ("Computer", "dc1.corp.example"),
            ("MemberSid", "S-1-5-21-1-2-3-1105"),
            ("SubjectUserName", "ann"),
            ("SubjectDomainName", "CORP"),
            ("TargetUserName", "Domain Admins"),
        ];
        let text = |name: &str| {
            let cell = cells.iter().find(|(column, _)| *column == name);
            cell.map_or(String::new(), |(_, value)| (*value).to_owned())
        };
        let keys = |id: i64| -> Vec<String> {
            of_row("SecurityEvent", id, text)
                .iter()
                .flat_map(Entity::strong_keys)
                .collect()
        };
        assert_eq!(
            keys(4728),
            ["account/sid/s-1-5-21-1-2-3-1105", "account/nt/ann/corp"]
        );
        assert!(keys(4732).contains(&"host/fqdn/dc1/corp.example".to_owned()));
    }

    #[test]
    fn a_path_leads_into_json() {
        let json = serde_json::json!({"user": {"id": "a", "n": 7}});
        assert_eq!(member(Some(&json), "user.id"), "a");
        assert_eq!(member(Some(&json), "user.n"), "7");
        assert_eq!(member(Some(&json), "user.x.y"), "");
        assert_eq!((first("@a.b.c"), rest("@a.b.c")), ("a", "b.c"));
    }
}
