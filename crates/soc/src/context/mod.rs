//! Who and what the estate consists of: identities and assets, imported from CSV.
//!
//! A row names one identity or asset by all the keys it is known under in each environment; that is
//! the only thing that links accounts over environments. Display names never do.

mod assets;
mod identities;
mod table;

pub use assets::{Asset, NewAsset};
pub(crate) use assets::{asset_by_keys, networks};
pub(crate) use identities::identity_by_keys;
pub use identities::{Identity, NewIdentity};

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Rows read.
    pub rows: usize,
    /// Identities or assets that the rows made or changed.
    pub stored: usize,
    /// What a person should look at: rows without a key, entries that can't be used, rows that
    /// turned out to be one identity.
    pub warnings: Vec<String>,
}
