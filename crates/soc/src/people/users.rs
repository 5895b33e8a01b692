//! Users, their roles and passwords.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{passwords, text, throttle};
use crate::store::{Conn, DbRow, micros, timestamp};
use crate::{Error, Result, Store};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Reader,
    /// Works on incidents.
    Analyst,
    /// Also manages users, tokens and settings.
    Admin,
}

impl Role {
    /// Canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// Reads a role in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Reader, Self::Analyst, Self::Admin]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Name, in lower case.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Whether the password is a one-time one.
    pub must_change_password: bool,
    /// When the user was made.
    pub created_at: Timestamp,
}

impl User {
    pub(crate) fn from_row(row: &DbRow) -> Result<Self> {
        let role: String = row.try_get("role")?;
        Ok(Self {
            name: row.try_get("name")?,
            role: Role::parse(&role).ok_or(Error::Corrupt {
                expected: "a role",
                value: role,
            })?,
            must_change_password: row.try_get("must_change_password")?,
            created_at: timestamp(row.try_get("created_at")?)?,
        })
    }
}

/// Longest user name, in bytes.
const NAME_BYTES_MAX: usize = 64;

impl Store {
    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::UserExists`]; [`Error::Invalid`] for a name or password that is not allowed.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
        must_change_password: bool,
        now: Timestamp,
    ) -> Result<User> {
        let name = user_name(name)?;
        passwords::check(password)?;
        let hash = passwords::hash(self, password).await?;
        let mut tx = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO users (name, role, password_hash, must_change_password, created_at, password_changed_at)
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&name)
        .bind(role.as_str())
        .bind(hash)
        .bind(must_change_password)
        .bind(micros(now))
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::UserExists(name));
        }
        tx.commit().await?;
        Ok(User {
            name,
            role,
            must_change_password,
            created_at: timestamp(micros(now))?,
        })
    }

    /// All users by name.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = sqlx::query("SELECT * FROM users ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(User::from_row).collect()
    }

    /// One user.
    ///
    /// # Errors
    /// [`Error::NoUser`]; [`Error::Database`].
    pub async fn user(&self, name: &str) -> Result<User> {
        let mut conn = self.pool.acquire().await?;
        Ok(find(&mut conn, name)
            .await?
            .ok_or_else(|| Error::NoUser(name.to_owned()))?
            .0)
    }

    /// Gives a user another role; open sessions have it at once.
    ///
    /// # Errors
    /// [`Error::NoUser`]; [`Error::Database`].
    pub async fn set_role(&self, name: &str, role: Role) -> Result<()> {
        let mut tx = self.write().await?;
        let done = sqlx::query("UPDATE users SET role = $1 WHERE name = $2")
            .bind(role.as_str())
            .bind(name.to_lowercase())
            .execute(tx.conn())
            .await?;
        found(done.rows_affected(), name)?;
        tx.commit().await
    }

    /// Removes a user with all sessions. What they did stays in the history under their name.
    ///
    /// # Errors
    /// [`Error::NoUser`]; [`Error::Database`].
    pub async fn remove_user(&self, name: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let done = sqlx::query("DELETE FROM users WHERE name = $1")
            .bind(name.to_lowercase())
            .execute(tx.conn())
            .await?;
        found(done.rows_affected(), name)?;
        tx.commit().await
    }

    /// A user changes their own password. All their sessions end.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::LockedOut`], [`Error::Invalid`]; [`Error::Database`].
    pub async fn change_password(
        &self,
        name: &str,
        current: &str,
        new: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.check_password(name, current, "", now).await?;
        if current == new {
            let why = "the new one is the old one".into();
            return Err(Error::Invalid {
                what: "password",
                why,
            });
        }
        self.set_password(name, new, false, now).await
    }

    /// Gives a user a new one-time password, which is returned, ends all their sessions and lifts
    /// a lock-out.
    ///
    /// # Errors
    /// [`Error::NoUser`]; [`Error::Database`].
    pub async fn reset_password(&self, name: &str, now: Timestamp) -> Result<String> {
        let password = self.one_time_password();
        self.set_password(name, &password, true, now).await?;
        Ok(password)
    }

    /// A random password of 128 bits.
    pub fn one_time_password(&self) -> String {
        text(&self.random::<16>())
    }

    /// Sets a password and ends all sessions of the user.
    ///
    /// # Errors
    /// [`Error::NoUser`], [`Error::Invalid`]; [`Error::Database`].
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
        must_change: bool,
        now: Timestamp,
    ) -> Result<()> {
        passwords::check(password)?;
        let hash = passwords::hash(self, password).await?;
        let mut tx = self.write().await?;
        let done = sqlx::query(
            "UPDATE users SET password_hash = $1, must_change_password = $2, password_changed_at = $3
             WHERE name = $4",
        )
        .bind(hash)
        .bind(must_change)
        .bind(micros(now))
        .bind(name.to_lowercase())
        .execute(tx.conn())
        .await?;
        found(done.rows_affected(), name)?;
        sqlx::query("DELETE FROM sessions WHERE user_name = $1")
            .bind(name.to_lowercase())
            .execute(tx.conn())
            .await?;
        throttle::forget(tx.conn(), &name.to_lowercase()).await?;
        tx.commit().await
    }

    /// Checks name and password, with the brake on guessing. `client` is where the attempt comes
    /// from (an address). A name nobody has takes as long as a wrong password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::LockedOut`]; [`Error::Database`].
    pub async fn check_password(
        &self,
        name: &str,
        password: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<User> {
        /// A hash of nothing in particular, for names that nobody has.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1maXhlZC1zYWx0IQ$\
                              2vGkNyZ3f4n0sQpPzXqJ1b0mZ8d1x3u5w7y9A1C3E5c";
        let name = name.trim().to_lowercase();
        let subjects = throttle::Subjects::new(&name, client);
        // The attempt counts before it is tried, so that many at once gain nothing.
        let mut tx = self.write().await?;
        throttle::attempt(tx.conn(), &subjects, now).await?;
        let known = find(tx.conn(), &name).await?;
        tx.commit().await?;
        let stored = known.as_ref().map_or(NOBODY, |(_, hash)| hash.as_str());
        let fits = passwords::verify(self, password, stored).await?;
        match known {
            Some((user, _)) if fits => {
                let mut tx = self.write().await?;
                throttle::success(tx.conn(), &subjects).await?;
                tx.commit().await?;
                Ok(user)
            }
            _ => Err(Error::WrongPassword),
        }
    }
}

async fn find(conn: &mut Conn, name: &str) -> Result<Option<(User, String)>> {
    let row = sqlx::query("SELECT * FROM users WHERE name = $1")
        .bind(name.to_lowercase())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((User::from_row(&row)?, row.try_get("password_hash")?)))
        .transpose()
}

fn found(rows: u64, name: &str) -> Result<()> {
    if rows == 0 {
        Err(Error::NoUser(name.to_owned()))
    } else {
        Ok(())
    }
}

fn user_name(name: &str) -> Result<String> {
    let name = name.trim().to_lowercase();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(allowed) {
        let why = format!("1 to {NAME_BYTES_MAX} letters, digits and . - _ @ +");
        return Err(Error::Invalid {
            what: "user name",
            why,
        });
    }
    Ok(name)
}
