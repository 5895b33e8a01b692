//! Finds the identities and assets behind an alert's entities, and names the links that are missing.

use std::collections::BTreeSet;

use ipnet::IpNet;
use schema::{Alert, Entity, EntityKind};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::aws::{self, Principal};
use super::keys::{EntityKeys, entity_keys};
use crate::context::{asset_by_keys, identity_by_keys, networks};
use crate::store::Conn;
use crate::{Asset, Identity, Result, Settings};

/// What an entity turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResolvedEntity {
    /// Names the entity in views.
    pub(crate) key: String,
    /// Keys that link alerts.
    pub(crate) link: Vec<String>,
    pub(crate) identity: Option<ResolvedIdentity>,
    pub(crate) asset: Option<ResolvedAsset>,
    /// Why it doesn't link.
    pub(crate) note: Option<String>,
    /// Why no identity stands behind it though one should.
    pub(crate) missing: Option<String>,
    /// One of many accounts in a list of targets, or the host where they were tried.
    #[serde(default)]
    pub(crate) target: bool,
}

/// The identity behind an entity, as it was when the alert came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResolvedIdentity {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) sensitivity: String,
    pub(crate) privileged_role: String,
}

/// The asset behind an entity, as it was when the alert came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResolvedAsset {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) criticality: Option<i64>,
    pub(crate) environment: String,
}

/// Most entities looked at in one alert, Sentinel's own limit. More are kept and shown.
const ENTITIES_MAX: usize = 500;

/// Resolves the entities of an alert, in their order.
pub(crate) async fn resolve(
    conn: &mut Conn,
    settings: &Settings,
    alert: &Alert,
) -> Result<Vec<ResolvedEntity>> {
    let mut own = networks(conn).await?;
    own.extend(settings.own_networks.iter().copied());
    let row = sqlx::query("SELECT COUNT(*) AS n FROM identities")
        .fetch_one(&mut *conn)
        .await?;
    let table_is_empty = row.try_get::<i64, _>("n")? == 0;

    let mut resolved = Vec::with_capacity(alert.entities.len());
    for (index, entity) in alert.entities.iter().enumerate() {
        if index >= ENTITIES_MAX {
            let key = format!("{}/beyond/{index}", entity.kind.json_type());
            let note = Some(format!(
                "not looked at: the alert has more than {ENTITIES_MAX} entities"
            ));
            resolved.push(ResolvedEntity {
                key,
                note,
                ..ResolvedEntity::default()
            });
            continue;
        }
        let keys = entity_keys(entity);
        let identity = identity_by_keys(conn, &keys.lookup).await?;
        let asset = match identity {
            None => asset_by_keys(conn, &keys.lookup).await?,
            Some(_) => None,
        };
        resolved.push(one(entity, keys, identity, asset, &own, table_is_empty));
    }
    weaken_lists(alert, &mut resolved, settings.list_accounts);
    Ok(resolved)
}

fn one(
    entity: &Entity,
    keys: EntityKeys,
    identity: Option<Identity>,
    asset: Option<Asset>,
    own: &[IpNet],
    table_is_empty: bool,
) -> ResolvedEntity {
    let mut resolved = ResolvedEntity {
        key: keys.canonical.clone(),
        link: keys.link.clone(),
        note: keys.weak.clone(),
        ..ResolvedEntity::default()
    };
    if let Some(identity) = identity {
        if identity.is_service() {
            resolved.link.clear();
            resolved.note = Some(format!(
                "{} is a service account: many things use it",
                identity.label
            ));
        } else {
            resolved.link.push(identity.id.clone());
        }
        resolved.identity = Some(ResolvedIdentity {
            id: identity.id,
            label: identity.label,
            sensitivity: identity.sensitivity,
            privileged_role: identity.privileged_role,
        });
    } else if entity.kind == EntityKind::Account && keys.weak.is_none() {
        resolved.missing = missing_link(entity, &keys, table_is_empty);
    }
    if let Some(asset) = asset {
        if asset.shared {
            resolved.link.clear();
            resolved.note = Some(format!("`{}` is shared by many", asset.name));
        } else if !matches!(entity.kind, EntityKind::Account) && keys.weak.is_none() {
            resolved.link.push(asset.id.clone());
        }
        resolved.asset = Some(ResolvedAsset {
            id: asset.id,
            name: asset.name,
            criticality: asset.criticality,
            environment: asset.environment,
        });
    }
    if entity.kind == EntityKind::Ip
        && let Ok(address) = entity.get("Address").parse::<std::net::IpAddr>()
        && let Some(network) = own.iter().find(|network| network.contains(&address))
    {
        resolved.link.clear();
        resolved.note = Some(format!("one of our own addresses ({network}): many use it"));
    }
    resolved
}

/// An alert about many accounts names targets, and the host is where they were tried.
fn weaken_lists(alert: &Alert, resolved: &mut [ResolvedEntity], list_accounts: usize) {
    let who = |entity: &ResolvedEntity| {
        entity
            .identity
            .as_ref()
            .map_or_else(|| entity.key.clone(), |identity| identity.id.clone())
    };
    let accounts: BTreeSet<String> = alert
        .entities
        .iter()
        .zip(resolved.iter())
        .filter(|(entity, _)| entity.kind == EntityKind::Account)
        .map(|(_, resolved)| who(resolved))
        .collect();
    if accounts.len() <= list_accounts {
        return;
    }
    for (entity, resolved) in alert.entities.iter().zip(resolved.iter_mut()) {
        resolved.target = matches!(
            entity.kind,
            EntityKind::Account | EntityKind::Host | EntityKind::Mailbox
        );
        if resolved.target {
            resolved.missing = None;
            if !resolved.link.is_empty() {
                resolved.link.clear();
                let why = format!(
                    "part of a list of {} accounts: targets, not actors",
                    accounts.len()
                );
                resolved.note = Some(why);
            }
        }
    }
}

/// Says which link is missing for an account that no row of the identity table stands for.
fn missing_link(entity: &Entity, keys: &EntityKeys, table_is_empty: bool) -> Option<String> {
    let known = if table_is_empty {
        "the identity table is empty"
    } else {
        "no row of the identity table has it"
    };
    let arn = entity.get("Arn");
    match aws::principal(arn) {
        Some(Principal::Session {
            account,
            role,
            session,
        }) => {
            // An instance's own session is no person's.
            if session.starts_with("i-") || role.starts_with("AWSServiceRole") {
                return None;
            }
            Some(format!(
                "session `{session}` of role `{role}` in AWS account {account} is tied to no identity: {known}; \
                 list `{account}/{session}` under aws_principals of its owner"
            ))
        }
        Some(Principal::User | Principal::FederatedUser) => Some(format!(
            "AWS user `{arn}` is tied to no identity: {known}; list it under aws_principals of its owner"
        )),
        _ if keys.link.is_empty() => None,
        _ => Some(format!(
            "account `{}` is tied to no identity: {known}; without it the same person's other accounts are not linked",
            entity.label()
        )),
    }
}
