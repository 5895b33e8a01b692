//! From alerts to incidents: which entities are the same, which alerts tell one story.
//!
//! Reading order: [`keys`] (what links), [`resolve`] (identities and assets behind entities),
//! [`candidates`] (which incident an alert joins), [`ingest`] (the whole of it in one transaction), [`merge`],
//! [`relink`] (after the tables changed).
//!
//! **The default grouping** joins an alert to every open incident that shares a linking key with it
//! and lies within the window; if that is more than one they merge. It goes on until no two open
//! incidents are left that share a key and lie within the window of each other. Joining only makes
//! key sets and time spans grow, so the end does not depend on the order in which the alerts came,
//! with three exceptions that are limits on purpose: an incident is full
//! ([`crate::Settings::alerts_max`]), a key became a hub ([`keys::hub_limit`]), or a person closed,
//! split or acknowledged in between (two acknowledged incidents are never merged by the machine).
//!
//! An alert without any linking key joins only alerts of its own rule about the same entities.

pub(crate) mod aws;
mod candidates;
mod ingest;
pub(crate) mod keys;
pub(crate) mod merge;
mod relink;
pub(crate) mod resolve;
mod rule;

pub use ingest::{Ingested, Outcome};
