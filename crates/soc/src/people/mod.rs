//! People and programs that may come in: users with passwords, their sessions, API tokens, and the
//! brake on guessing.
//!
//! Passwords are hashed with argon2id; session and token secrets are 256 random bits and are stored
//! as BLAKE3 hashes only (a slow hash would gain nothing over such a space). Nothing here returns or
//! logs a stored secret.

mod passwords;
mod sessions;
mod throttle;
mod tokens;
mod users;

pub use sessions::{NewSession, Session};
pub use tokens::{ApiToken, NewToken, Scope};
pub use users::{Role, User};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Text form of random bytes: letters, digits, `-` and `_`.
pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a secret.
pub(crate) fn secret_hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
