//! What can go wrong in the case store, told apart by who has to act on it.

use crate::{ActorKind, Status};

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data base failed or was busy for too long.
    #[error("case store: {0}")]
    Database(#[from] sqlx::Error),
    /// The file was written by a newer version.
    #[error(
        "the case store has format {found}, this version knows formats up to {known}: use the newer Watchfloor, or restore a backup"
    )]
    NewerFormat {
        /// Version found in the file.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// A stored value does not read back.
    #[error("the case store holds `{value}` where {expected} belongs")]
    Corrupt {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        value: String,
    },
    /// A stored JSON value does not read back.
    #[error("stored {what} does not read: {source}")]
    StoredJson {
        /// Which value.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no such incident.
    #[error("there is no incident {0}")]
    NoIncident(i64),
    /// There is no such alert.
    #[error("there is no alert `{0}`")]
    NoAlert(String),
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoUser(String),
    /// The user exists already.
    #[error("there is a user `{0}` already")]
    UserExists(String),
    /// The incident was merged and takes no more changes.
    #[error("incident {number} was merged into {into}")]
    Merged {
        /// The incident asked for.
        number: i64,
        /// Where its alerts are now.
        into: i64,
    },
    /// Somebody else changed the incident in between.
    #[error(
        "incident {number} was changed meanwhile: it has version {found}, the change was made for {expected}"
    )]
    Conflict {
        /// Incident.
        number: i64,
        /// Version the caller saw.
        expected: i64,
        /// Version stored.
        found: i64,
    },
    /// The change is not part of an incident's life.
    #[error("an incident that is {from} can't become {to}")]
    Transition {
        /// State now.
        from: Status,
        /// State asked for.
        to: Status,
    },
    /// Only people (or approved actions) may do this.
    #[error("{action} is for people: `{actor}` is a {kind}")]
    NotAllowed {
        /// What was tried.
        action: &'static str,
        /// Who tried.
        actor: String,
        /// What it is.
        kind: ActorKind,
    },
    /// A value is missing, too long or not one of those allowed.
    #[error("{what}: {why}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Name or password are wrong. Says no more on purpose.
    #[error("name or password is wrong")]
    WrongPassword,
    /// Too many failures; the wait is in seconds.
    #[error("too many failed attempts: try again in {seconds} s")]
    LockedOut {
        /// Seconds to wait.
        seconds: i64,
    },
    /// A password could not be hashed.
    #[error("password hashing: {0}")]
    Hashing(String),
    /// A CSV file does not read.
    #[error("line {line}: {why}")]
    Csv {
        /// Line in the file, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// A file operation failed.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The history was tampered with.
    #[error("the history is broken at entry {entry}: {why}")]
    History {
        /// Number of the first entry that does not fit.
        entry: i64,
        /// What does not fit.
        why: &'static str,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
