//! Password hashing: argon2id with its recommended parameters, off the async threads.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};

use crate::{Error, Result, Store};

/// Shortest password taken, in characters.
const CHARS_MIN: usize = 12;
/// Longest password taken, in bytes: hashing more is a way to keep us busy.
const BYTES_MAX: usize = 1_024;

/// Refuses a password that is too short or too long.
pub(crate) fn check(password: &str) -> Result<()> {
    let why = if password.chars().count() < CHARS_MIN {
        format!("at least {CHARS_MIN} characters are needed")
    } else if password.len() > BYTES_MAX {
        format!("more than {BYTES_MAX} bytes")
    } else {
        return Ok(());
    };
    Err(Error::Invalid {
        what: "password",
        why,
    })
}

/// Hashes a password with a fresh salt of 16 random bytes; returns the PHC string.
pub(crate) async fn hash(store: &Store, password: &str) -> Result<String> {
    let (password, salt) = (password.to_owned(), store.random::<16>());
    blocking(store, move || {
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(|error| Error::Hashing(error.to_string()))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password fits the stored hash. A hash that does not read fits nothing.
pub(crate) async fn verify(store: &Store, password: &str, stored: &str) -> Result<bool> {
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let (password, stored) = (password.to_owned(), stored.to_owned());
    blocking(store, move || {
        let hash = PasswordHash::new(&stored).map_err(|error| Error::Hashing(error.to_string()))?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok())
    })
    .await
}

async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let failed = |error: &dyn std::fmt::Display| Error::Hashing(error.to_string());
    let _permit = store
        .hashing
        .acquire()
        .await
        .map_err(|error| failed(&error))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| failed(&error))?
}
