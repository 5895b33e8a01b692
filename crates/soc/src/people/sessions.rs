//! Sessions of signed-in people.

use jiff::Timestamp;
use sqlx::Row;

use super::{User, secret_hash, text};
use crate::store::{micros, timestamp};
use crate::{Result, Store};

/// A session just made: the only time its token is seen. No `Debug`: secrets don't belong in logs.
#[derive(Clone)]
pub struct NewSession {
    /// Secret for the cookie.
    pub token: String,
    /// The session.
    pub session: Session,
}

/// A session.
#[derive(Clone)]
pub struct Session {
    /// Whose it is.
    pub user: User,
    /// What a changing request must send beside the cookie.
    pub csrf: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether a request's value is this session's; takes the same time for any value.
    pub fn csrf_is(&self, value: &str) -> bool {
        blake3::hash(self.csrf.as_bytes()) == blake3::hash(value.as_bytes())
    }
}

impl Store {
    /// Signs a user in. `client` is where the attempt comes from (an address).
    ///
    /// # Errors
    /// [`crate::Error::WrongPassword`], [`crate::Error::LockedOut`]; [`crate::Error::Database`].
    pub async fn login(
        &self,
        name: &str,
        password: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<NewSession> {
        let user = self.check_password(name, password, client, now).await?;
        self.open_session(user, now).await
    }

    /// Opens a session for a user whose right to it was checked.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn open_session(&self, user: User, now: Timestamp) -> Result<NewSession> {
        let token = text(&self.random::<32>());
        let expires =
            micros(now).saturating_add(self.settings.session_seconds.saturating_mul(1_000_000));
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "INSERT INTO sessions (token_hash, user_name, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(secret_hash(&token))
        .bind(&user.name)
        .bind(micros(now))
        .bind(expires)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        let session = Session {
            user,
            csrf: csrf(&token),
            expires_at: timestamp(expires)?,
        };
        Ok(NewSession { token, session })
    }

    /// The session of a token, `None` when there is none or it has ended.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Session>> {
        let row = sqlx::query(
            "SELECT u.*, s.expires_at FROM sessions s JOIN users u ON u.name = s.user_name
             WHERE s.token_hash = $1 AND s.expires_at > $2",
        )
        .bind(secret_hash(token))
        .bind(micros(now))
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Session {
                user: User::from_row(&row)?,
                csrf: csrf(token),
                expires_at: timestamp(row.try_get("expires_at")?)?,
            })
        })
        .transpose()
    }

    /// Ends a session; one that is not there is ended already.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub async fn logout(&self, token: &str) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(secret_hash(token))
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }
}

/// The CSRF value follows from the token, so that nothing more has to be stored, and does not give
/// the token away.
fn csrf(token: &str) -> String {
    text(&blake3::derive_key(
        "watchfloor 2026 session csrf value",
        token.as_bytes(),
    ))
}
