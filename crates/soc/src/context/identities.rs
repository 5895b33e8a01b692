//! Identities: one person or program, with the accounts it has in every environment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schema::Entity;
use serde_json::{Map, Value as Json, json};
use sqlx::Row;

use super::ImportReport;
use super::table::{self, TableRow};
use crate::activity::{self, NewEntry};
use crate::grouping::aws;
use crate::store::{Conn, DbRow, from_json, micros, to_json};
use crate::{Actor, Result, Store, lake_rows};

/// An identity to store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewIdentity {
    /// Entra ID user principal name.
    pub account_upn: String,
    /// Entra ID object id.
    pub aad_user_id: String,
    /// On-premises SID.
    pub sid: String,
    /// `DOMAIN\name`.
    pub nt_name: String,
    /// ARNs, principal ids, `ACCOUNT/SESSION`; see the module `grouping::aws`.
    pub aws_principals: Vec<String>,
    /// AWS account that bare session names belong to.
    pub aws_account: String,
    /// Shown, never used for linking.
    pub display_name: String,
    /// Privileged role held, `""` for none.
    pub privileged_role: String,
    /// `privileged`, `executive`, `break-glass`, `service` ...; `service` keeps it from linking.
    pub sensitivity: String,
    /// Department.
    pub department: String,
    /// Manager.
    pub manager: String,
    /// Columns without a field of their own.
    pub extra: Map<String, Json>,
}

/// A stored identity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Identity {
    /// Id, stable over imports that share a key.
    pub id: String,
    /// Text for people: the UPN, else the NT name, else the first key.
    pub label: String,
    /// Shown, never used for linking.
    pub display_name: String,
    /// Privileged role held.
    pub privileged_role: String,
    /// Sensitivity.
    pub sensitivity: String,
    /// Department.
    pub department: String,
    /// Manager.
    pub manager: String,
    /// Where the row came from.
    pub source: String,
    /// Columns without a field of their own.
    pub extra: Map<String, Json>,
}

impl Identity {
    fn from_row(row: &DbRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            label: row.try_get("label")?,
            display_name: row.try_get("display_name")?,
            privileged_role: row.try_get("privileged_role")?,
            sensitivity: row.try_get("sensitivity")?,
            department: row.try_get("department")?,
            manager: row.try_get("manager")?,
            source: row.try_get("source")?,
            extra: from_json("extra columns", row.try_get("extra")?)?,
        })
    }

    /// Whether the identity is a service account: used by many things, no evidence of one story.
    pub(crate) fn is_service(&self) -> bool {
        self.sensitivity.to_lowercase().contains("service")
    }
}

impl NewIdentity {
    fn from_table(row: &mut TableRow) -> Self {
        Self {
            account_upn: row.take(&["account_upn", "upn", "user_principal_name", "accountupn"]),
            aad_user_id: row.take(&[
                "aad_user_id",
                "object_id",
                "accountobjectid",
                "entra_object_id",
            ]),
            sid: row.take(&["sid", "account_sid", "on_premises_sid", "accountsid"]),
            nt_name: row.take(&["nt_name", "sam_account_name", "down_level_name"]),
            aws_principals: table::list(&row.take(&["aws_principals", "aws_principal", "aws"])),
            aws_account: row.take(&["aws_account", "aws_account_id"]),
            display_name: row.take(&["display_name", "name", "accountdisplayname"]),
            privileged_role: row.take(&["privileged_role", "assigned_roles", "role"]),
            sensitivity: row.take(&["sensitivity", "tags"]),
            department: row.take(&["department"]),
            manager: row.take(&["manager"]),
            extra: row.rest(),
        }
    }

    /// The keys that all stand for this identity, and what could not be used.
    fn keys(&self) -> (Vec<String>, Vec<String>) {
        let account = |name: &str, value: &str| {
            Entity::new(schema::EntityKind::Account)
                .with(name, value)
                .strong_keys()
        };
        let mut keys = Vec::new();
        keys.extend(account("FullName", &self.account_upn));
        keys.extend(account("AadUserId", &self.aad_user_id));
        keys.extend(account("Sid", &self.sid));
        keys.extend(account("FullName", &self.nt_name));
        let mut unusable = Vec::new();
        for entry in &self.aws_principals {
            match aws::listed_key(entry, &self.aws_account) {
                Ok(key) => keys.push(key),
                Err(why) => unusable.push(why),
            }
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        (keys, unusable)
    }

    fn label(&self, keys: &[String]) -> String {
        [&self.account_upn, &self.nt_name]
            .into_iter()
            .find(|text| !text.is_empty())
            .or(keys.first())
            .cloned()
            .unwrap_or_default()
    }
}

impl Store {
    /// Imports identities from CSV with a header; see [`NewIdentity`] for the columns. Rows that
    /// share a key with a stored identity change it; columns without a field are kept.
    ///
    /// # Errors
    /// [`crate::Error::Csv`] when the file does not read (nothing is stored then).
    pub async fn import_identities(
        &self,
        csv: &[u8],
        source: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ImportReport> {
        let wanted = [
            "account_upn",
            "upn",
            "aad_user_id",
            "sid",
            "nt_name",
            "aws_principals",
        ];
        let mut rows = table::read(csv, &wanted)?;
        let mut report = ImportReport {
            rows: rows.len(),
            ..ImportReport::default()
        };
        let mut tx = self.write().await?;
        for row in &mut rows {
            let identity = NewIdentity::from_table(row);
            let line = row.line;
            match put(tx.conn(), &identity, source, now).await? {
                Ok(notes) => {
                    report.stored += 1;
                    report
                        .warnings
                        .extend(notes.iter().map(|note| format!("line {line}: {note}")));
                }
                Err(why) => report.warnings.push(format!("line {line}: {why}")),
            }
        }
        let entry = NewEntry::new("identities imported")
            .comment(source)
            .details(json!({
                "rows": report.rows, "stored": report.stored, "warnings": report.warnings.len(),
            }));
        let activity = activity::append(tx.conn(), None, entry, actor, now).await?;
        lake_rows::activity(tx.conn(), &self.settings, &activity, None).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// Stores one identity, or changes the one that shares a key. Returns notes for a person.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when it has no key.
    pub async fn put_identity(
        &self,
        identity: &NewIdentity,
        source: &str,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let mut tx = self.write().await?;
        let notes = put(tx.conn(), identity, source, now)
            .await?
            .map_err(|why| crate::Error::Invalid {
                what: "identity",
                why,
            })?;
        tx.commit().await?;
        Ok(notes)
    }

    /// All identities by label.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn identities(&self) -> Result<Vec<Identity>> {
        let rows = sqlx::query("SELECT * FROM identities ORDER BY label, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(Identity::from_row).collect()
    }

    /// The keys of every identity's accounts, sorted, by identity id.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn identity_accounts(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let rows = sqlx::query("SELECT identity, key FROM identity_keys ORDER BY key")
            .fetch_all(&self.pool)
            .await?;
        let mut accounts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in &rows {
            accounts
                .entry(row.try_get("identity")?)
                .or_default()
                .push(row.try_get("key")?);
        }
        Ok(accounts)
    }
}

/// Stores an identity; the outer error is the data base's, the inner one says what the row lacks.
async fn put(
    conn: &mut Conn,
    new: &NewIdentity,
    source: &str,
    now: Timestamp,
) -> Result<Result<Vec<String>, String>> {
    let (keys, mut notes) = new.keys();
    let Some(first_key) = keys.first() else {
        notes.insert(
            0,
            "no key names the identity (UPN, object id, SID, NT name, AWS principal)".into(),
        );
        return Ok(Err(notes.join("; ")));
    };
    let mut owners: BTreeSet<String> = BTreeSet::new();
    for key in &keys {
        let owner = sqlx::query("SELECT identity FROM identity_keys WHERE key = $1")
            .bind(key)
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(row) = owner {
            owners.insert(row.try_get("identity")?);
        }
    }
    let id = owners.first().cloned().unwrap_or_else(|| {
        let hash = blake3::hash(first_key.as_bytes()).to_hex();
        format!("identity/{}", hash.chars().take(16).collect::<String>())
    });
    sqlx::query(
        "INSERT INTO identities (id, label, display_name, privileged_role, sensitivity,
         department, manager, source, extra, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET label = excluded.label,
         display_name = excluded.display_name, privileged_role = excluded.privileged_role,
         sensitivity = excluded.sensitivity, department = excluded.department,
         manager = excluded.manager, source = excluded.source, extra = excluded.extra,
         updated_at = excluded.updated_at",
    )
    .bind(&id)
    .bind(new.label(&keys))
    .bind(&new.display_name)
    .bind(&new.privileged_role)
    .bind(&new.sensitivity)
    .bind(&new.department)
    .bind(&new.manager)
    .bind(source)
    .bind(to_json("extra columns", &new.extra)?)
    .bind(micros(now))
    .execute(&mut *conn)
    .await?;
    for other in owners.iter().filter(|owner| **owner != id) {
        notes.push(format!(
            "shares keys with another row: `{}` and {other} are one identity now",
            new.label(&keys)
        ));
        sqlx::query("UPDATE identity_keys SET identity = $1 WHERE identity = $2")
            .bind(&id)
            .bind(other)
            .execute(&mut *conn)
            .await?;
        sqlx::query("DELETE FROM identities WHERE id = $1")
            .bind(other)
            .execute(&mut *conn)
            .await?;
    }
    for key in &keys {
        sqlx::query(
            "INSERT INTO identity_keys (key, identity) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET identity = excluded.identity",
        )
        .bind(key)
        .bind(&id)
        .execute(&mut *conn)
        .await?;
    }
    Ok(Ok(notes))
}

/// Finds the identity that one of the keys stands for.
pub(crate) async fn identity_by_keys(conn: &mut Conn, keys: &[String]) -> Result<Option<Identity>> {
    for key in keys.iter().filter(|key| key.starts_with("account/")) {
        let row = sqlx::query(
            "SELECT i.* FROM identity_keys k JOIN identities i ON i.id = k.identity WHERE k.key = $1",
        )
        .bind(key)
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(row) = row {
            return Ok(Some(Identity::from_row(&row)?));
        }
    }
    Ok(None)
}
