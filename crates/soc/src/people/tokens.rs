//! API tokens of programs: `wf_<id>_<secret>`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{secret_hash, text};
use crate::store::{DbRow, from_json, micros, micros_opt, timestamp, timestamp_opt, to_json};
use crate::{Error, Result, Store};

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Sending events.
    Ingest,
    /// Reading and querying.
    Read,
    /// Changing incidents.
    Write,
}

/// A token as stored, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiToken {
    /// Public part.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Sources it may send to; empty for every source.
    pub sources: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it may be used for `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it may send to `source`.
    pub fn allows_source(&self, source: &str) -> bool {
        self.allows(Scope::Ingest)
            && (self.sources.is_empty() || self.sources.iter().any(|one| one == source))
    }

    fn from_row(row: &DbRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            scopes: from_json("scopes", row.try_get("scopes")?)?,
            sources: from_json("sources", row.try_get("sources")?)?,
            created_by: row.try_get("created_by")?,
            created_at: timestamp(row.try_get("created_at")?)?,
            expires_at: timestamp_opt(row.try_get("expires_at")?)?,
            revoked_at: timestamp_opt(row.try_get("revoked_at")?)?,
        })
    }
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What a person calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Sources it may send to; empty for every source.
    pub sources: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Makes a token and returns it with its secret, the only time that is seen.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a scope; [`Error::Database`].
    pub async fn add_token(
        &self,
        new: &NewToken,
        created_by: &str,
        now: Timestamp,
    ) -> Result<(String, ApiToken)> {
        if new.scopes.is_empty() {
            return Err(Error::Invalid {
                what: "token",
                why: "it has no scope".into(),
            });
        }
        let id: String = self
            .random::<6>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let secret = text(&self.random::<32>());
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO api_tokens (id, name, secret_hash, scopes, sources, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(secret_hash(&secret))
        .bind(to_json("scopes", &new.scopes)?)
        .bind(to_json("sources", &new.sources)?)
        .bind(created_by)
        .bind(micros(now))
        .bind(micros_opt(new.expires_at))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        let token = ApiToken {
            id: id.clone(),
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            sources: new.sources.clone(),
            created_by: created_by.to_owned(),
            created_at: timestamp(micros(now))?,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        Ok((format!("wf_{id}_{secret}"), token))
    }

    /// The token that `text` is, `None` when it is none, has ended or was revoked.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn token(&self, text: &str, now: Timestamp) -> Result<Option<ApiToken>> {
        let Some((id, secret)) = text
            .strip_prefix("wf_")
            .and_then(|rest| rest.split_once('_'))
        else {
            return Ok(None);
        };
        let row = sqlx::query(
            "SELECT * FROM api_tokens WHERE id = $1 AND revoked_at IS NULL
             AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(id)
        .bind(micros(now))
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let stored: String = row.try_get("secret_hash")?;
        // `blake3::Hash` compares in constant time.
        let fits = blake3::Hash::from_hex(stored)
            .is_ok_and(|stored| stored == blake3::hash(secret.as_bytes()));
        if fits {
            Ok(Some(ApiToken::from_row(&row)?))
        } else {
            Ok(None)
        }
    }

    /// All tokens, newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn tokens(&self) -> Result<Vec<ApiToken>> {
        let rows = sqlx::query("SELECT * FROM api_tokens ORDER BY created_at DESC, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(ApiToken::from_row).collect()
    }

    /// Revokes a token; one that is revoked stays so.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn revoke_token(&self, id: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(id)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }
}
