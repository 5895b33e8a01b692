//! The brake on guessing passwords: a lock-out that grows with each failure.
//!
//! Failures are counted for a name from one client (locked from the 5th on) and for a name from
//! anywhere (from the 20th on, so that a stranger can't keep its owner out cheaply). The lock lasts
//! 30 s and doubles with every further failure up to an hour. A success from a client clears both; a
//! day without an attempt does too.

use jiff::Timestamp;
use sqlx::Row;

use crate::store::{Conn, micros};
use crate::{Error, Result};

const FROM_CLIENT: i64 = 5;
const FROM_ANYWHERE: i64 = 20;
const FIRST_LOCK_SECONDS: i64 = 30;
const LOCK_SECONDS_MAX: i64 = 3_600;
const FORGET_SECONDS: i64 = 24 * 3_600;
const MICROS: i64 = 1_000_000;

/// What failures are counted for.
pub(crate) struct Subjects {
    name: String,
    client: String,
}

impl Subjects {
    pub(crate) fn new(name: &str, client: &str) -> Self {
        // Names come from outside and may be long: store their hash length at most.
        let short = |text: String| {
            if text.len() <= 200 {
                text
            } else {
                blake3::hash(text.as_bytes()).to_hex().to_string()
            }
        };
        Self {
            client: short(format!("{name}\u{1f}{client}")),
            name: short(name.to_owned()),
        }
    }
}

/// Counts an attempt as failed until [`success`] says otherwise.
///
/// # Errors
/// [`Error::LockedOut`] while the lock lasts; the attempt is then not even tried.
pub(crate) async fn attempt(conn: &mut Conn, subjects: &Subjects, now: Timestamp) -> Result<()> {
    let now = micros(now);
    // Names come from outside: what no longer counts must not pile up.
    sqlx::query("DELETE FROM login_failures WHERE last_at < $1 AND locked_until < $2")
        .bind(now - FORGET_SECONDS * MICROS)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    let mut states = Vec::with_capacity(2);
    for (subject, limit) in [
        (&subjects.client, FROM_CLIENT),
        (&subjects.name, FROM_ANYWHERE),
    ] {
        let row =
            sqlx::query("SELECT failures, locked_until FROM login_failures WHERE subject = $1")
                .bind(subject)
                .fetch_optional(&mut *conn)
                .await?;
        let mut failures = 0;
        if let Some(row) = row {
            let locked_until: i64 = row.try_get("locked_until")?;
            if locked_until > now {
                let seconds = (locked_until - now).div_euclid(MICROS) + 1;
                return Err(Error::LockedOut { seconds });
            }
            failures = row.try_get("failures")?;
        }
        states.push((subject, failures + 1, limit));
    }
    for (subject, failures, limit) in states {
        sqlx::query(
            "INSERT INTO login_failures (subject, failures, last_at, locked_until)
             VALUES ($1, $2, $3, $4) ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures,
             last_at = excluded.last_at, locked_until = excluded.locked_until",
        )
        .bind(subject)
        .bind(failures)
        .bind(now)
        .bind(now + lock_seconds(failures, limit) * MICROS)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Clears the count after the right password.
pub(crate) async fn success(conn: &mut Conn, subjects: &Subjects) -> Result<()> {
    sqlx::query("DELETE FROM login_failures WHERE subject = $1 OR subject = $2")
        .bind(&subjects.client)
        .bind(&subjects.name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Clears every count of a name, whatever the client.
pub(crate) async fn forget(conn: &mut Conn, name: &str) -> Result<()> {
    let prefix = format!("{name}\u{1f}");
    sqlx::query("DELETE FROM login_failures WHERE subject = $1 OR substr(subject, 1, $2) = $3")
        .bind(name)
        .bind(i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX))
        .bind(&prefix)
        .execute(conn)
        .await?;
    Ok(())
}

fn lock_seconds(failures: i64, limit: i64) -> i64 {
    match failures - limit {
        over if over < 0 => 0,
        over => FIRST_LOCK_SECONDS
            .saturating_mul(
                1_i64
                    .checked_shl(over.clamp(0, 20) as u32)
                    .unwrap_or(i64::MAX),
            )
            .min(LOCK_SECONDS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_grows_and_ends_growing() {
        let locks: Vec<i64> = [4, 5, 6, 7, 11, 12, 1_000]
            .map(|n| lock_seconds(n, 5))
            .to_vec();
        assert_eq!(locks, [0, 30, 60, 120, 1_920, 3_600, 3_600]);
    }
}
