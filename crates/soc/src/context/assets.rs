//! Assets: hosts, cloud resources and networks, with what they are worth.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use schema::{Entity, EntityKind};
use serde_json::{Map, Value as Json, json};
use sqlx::Row;

use super::ImportReport;
use super::table::{self, TableRow};
use crate::activity::{self, NewEntry};
use crate::store::{Conn, DbRow, from_json, micros, to_json};
use crate::{Actor, Error, Result, Store, lake_rows};

/// An asset to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewAsset {
    /// What it is: `host`, `domain controller`, `network`, `storage account` ...
    pub kind: String,
    /// Full name, Azure resource id, ARN, address or CIDR.
    pub name: String,
    /// 0 (most critical) to 3.
    pub criticality: Option<i64>,
    /// Who answers for it.
    pub owner: String,
    /// `on-premises`, `azure`, `aws` ...
    pub environment: String,
    /// Business service it is part of.
    pub service: String,
    /// Tags; `shared` and its like keep it from linking alerts.
    pub tags: Vec<String>,
    /// Further names: other ids and full names of the same thing.
    pub aliases: Vec<String>,
    /// Columns without a field of their own.
    pub extra: Map<String, Json>,
}

/// A stored asset.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Asset {
    /// Id: `asset/` and the name in lower case.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// 0 (most critical) to 3.
    pub criticality: Option<i64>,
    /// Who answers for it.
    pub owner: String,
    /// Environment.
    pub environment: String,
    /// Business service.
    pub service: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether everybody uses it, so that it is no evidence of one story.
    pub shared: bool,
    /// The address range when it is a network of one's own, else `""`.
    pub network: String,
    /// Where the row came from.
    pub source: String,
    /// Columns without a field of their own.
    pub extra: Map<String, Json>,
}

/// Tags and kinds of what everybody passes through.
const SHARED: &[&str] = &[
    "shared",
    "domain-controller",
    "dc",
    "proxy",
    "gateway",
    "load-balancer",
    "nat",
    "vpn",
    "egress",
    "firewall",
    "dns",
    "hub",
];

impl Asset {
    fn from_row(row: &DbRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            criticality: row.try_get("criticality")?,
            owner: row.try_get("owner")?,
            environment: row.try_get("environment")?,
            service: row.try_get("service")?,
            tags: from_json("tags", row.try_get("tags")?)?,
            shared: row.try_get("shared")?,
            network: row.try_get("network")?,
            source: row.try_get("source")?,
            extra: from_json("extra columns", row.try_get("extra")?)?,
        })
    }
}

impl NewAsset {
    fn from_table(row: &mut TableRow) -> Result<Self> {
        let criticality = row.take(&["criticality", "tier", "business_tier"]);
        let criticality = match criticality
            .trim_start_matches(['t', 'T'])
            .trim_start_matches("ier")
            .trim()
        {
            "" => None,
            digit => match digit.parse::<i64>() {
                Ok(tier @ 0..=3) => Some(tier),
                _ => {
                    let why = format!("criticality is 0 (most critical) to 3, not `{criticality}`");
                    return Err(Error::Csv {
                        line: row.line,
                        why,
                    });
                }
            },
        };
        let mut names: Vec<String> = ["name", "fqdn", "resource_id", "arn", "cidr", "address"]
            .iter()
            .map(|column| row.take(&[column]))
            .filter(|name| !name.is_empty())
            .collect();
        names.extend(table::list(&row.take(&["aliases", "alias", "other_names"])));
        if let Some(id) =
            Some(row.take(&["vm_id", "azure_id", "azureid"])).filter(|id| !id.is_empty())
        {
            names.push(id);
        }
        let mut names = names.into_iter();
        Ok(Self {
            kind: row.take(&["kind", "type", "asset_type"]),
            name: names.next().unwrap_or_default(),
            criticality,
            owner: row.take(&["owner"]),
            environment: row.take(&["environment", "env"]),
            service: row.take(&["service", "business_service"]),
            tags: table::list(&row.take(&["tags", "tag", "labels"])),
            aliases: names.collect(),
            extra: row.rest(),
        })
    }

    fn is_shared(&self) -> bool {
        let known =
            |word: &str| SHARED.contains(&word.to_lowercase().replace([' ', '_'], "-").as_str());
        // Gear of the network itself sees everyone's traffic.
        self.service.eq_ignore_ascii_case("network")
            || known(&self.kind)
            || self.tags.iter().any(|tag| known(tag))
    }

    /// The address range, when the name is one.
    fn network(&self) -> Option<IpNet> {
        let name = self.name.trim();
        name.parse::<IpNet>()
            .ok()
            .or_else(|| name.parse::<IpAddr>().ok().map(IpNet::from))
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for name in std::iter::once(&self.name).chain(&self.aliases) {
            keys.extend(name_keys(name));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Keys that a name stands for: a resource id, an ARN, or a host.
fn name_keys(name: &str) -> Vec<String> {
    let name = name.trim().to_lowercase();
    if name.is_empty() || name.parse::<IpAddr>().is_ok() || name.parse::<IpNet>().is_ok() {
        return Vec::new();
    }
    if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return vec![format!("amazon-resource/id/{name}")];
    }
    if name.starts_with('/') {
        return vec![format!("azure-resource/id/{name}")];
    }
    if name.starts_with("arn:") {
        return vec![
            format!("amazon-resource/id/{name}"),
            format!("account/arn/{name}"),
        ];
    }
    let host = Entity::new(EntityKind::Host).with("FullName", &name);
    let mut keys = host.strong_keys();
    keys.push(format!("host/short/{}", host.get("HostName")));
    if host.get("DnsDomain").is_empty() {
        keys.push(format!("host/bare/{}", host.get("HostName")));
    }
    keys
}

impl Store {
    /// Imports assets from CSV with a header: `kind`, `name` (full name, resource id, ARN or CIDR),
    /// `criticality`, `owner`, `environment`, `service`, `tags`, `aliases`, `resource_id`, `arn`.
    /// A row with a stored name replaces it; columns without a field are kept.
    ///
    /// # Errors
    /// [`Error::Csv`] when the file does not read (nothing is stored then).
    pub async fn import_assets(
        &self,
        csv: &[u8],
        source: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ImportReport> {
        let mut rows = table::read(
            csv,
            &["name", "fqdn", "resource_id", "arn", "cidr", "address"],
        )?;
        let mut report = ImportReport {
            rows: rows.len(),
            ..ImportReport::default()
        };
        let mut tx = self.write().await?;
        for row in &mut rows {
            let asset = NewAsset::from_table(row)?;
            if asset.name.is_empty() {
                report
                    .warnings
                    .push(format!("line {}: the asset has no name", row.line));
                continue;
            }
            put(tx.conn(), &asset, source, now).await?;
            report.stored += 1;
        }
        let entry = NewEntry::new("assets imported")
            .comment(source)
            .details(json!({
                "rows": report.rows, "stored": report.stored, "warnings": report.warnings.len(),
            }));
        let activity = activity::append(tx.conn(), None, entry, actor, now).await?;
        lake_rows::activity(tx.conn(), &self.settings, &activity, None).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// Stores one asset, replacing the one of the same name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it has no name.
    pub async fn put_asset(&self, asset: &NewAsset, source: &str, now: Timestamp) -> Result<()> {
        if asset.name.trim().is_empty() {
            return Err(Error::Invalid {
                what: "asset",
                why: "it has no name".into(),
            });
        }
        let mut tx = self.write().await?;
        put(tx.conn(), asset, source, now).await?;
        tx.commit().await
    }

    /// All assets, most critical first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn assets(&self) -> Result<Vec<Asset>> {
        let rows = sqlx::query("SELECT * FROM assets ORDER BY COALESCE(criticality, 9), name")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(Asset::from_row).collect()
    }
}

async fn put(conn: &mut Conn, new: &NewAsset, source: &str, now: Timestamp) -> Result<()> {
    let id = format!("asset/{}", new.name.trim().to_lowercase());
    sqlx::query(
        "INSERT INTO assets (id, name, kind, criticality, owner, environment, service, tags, shared,
         network, source, extra, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
         criticality = excluded.criticality, owner = excluded.owner,
         environment = excluded.environment, service = excluded.service, tags = excluded.tags,
         shared = excluded.shared, network = excluded.network, source = excluded.source,
         extra = excluded.extra, updated_at = excluded.updated_at",
    )
    .bind(&id)
    .bind(new.name.trim())
    .bind(&new.kind)
    .bind(new.criticality)
    .bind(&new.owner)
    .bind(&new.environment)
    .bind(&new.service)
    .bind(to_json("tags", &new.tags)?)
    .bind(new.is_shared())
    .bind(new.network().map(|network| network.to_string()).unwrap_or_default())
    .bind(source)
    .bind(to_json("extra columns", &new.extra)?)
    .bind(micros(now))
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM asset_keys WHERE asset = $1")
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    for key in new.keys() {
        sqlx::query("INSERT INTO asset_keys (key, asset) VALUES ($1, $2)")
            .bind(key)
            .bind(&id)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Finds the asset that one of the keys stands for. A key that two assets have (a short host name
/// in two domains) says nothing.
pub(crate) async fn asset_by_keys(conn: &mut Conn, keys: &[String]) -> Result<Option<Asset>> {
    for key in keys {
        let rows = sqlx::query(
            "SELECT a.* FROM asset_keys k JOIN assets a ON a.id = k.asset WHERE k.key = $1 LIMIT 2",
        )
        .bind(key)
        .fetch_all(&mut *conn)
        .await?;
        if let [row] = rows.as_slice() {
            return Ok(Some(Asset::from_row(row)?));
        }
    }
    Ok(None)
}

/// Networks of one's own, from the asset table.
pub(crate) async fn networks(conn: &mut Conn) -> Result<Vec<IpNet>> {
    let rows = sqlx::query("SELECT network FROM assets WHERE network <> ''")
        .fetch_all(conn)
        .await?;
    let mut networks = Vec::with_capacity(rows.len());
    for row in rows {
        networks.extend(row.try_get::<&str, _>("network")?.parse::<IpNet>().ok());
    }
    Ok(networks)
}
