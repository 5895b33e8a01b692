//! One incident: its record, its life, its facts and its priority.

pub(crate) mod alert_record;
pub(crate) mod environment;
pub(crate) mod facts;
pub(crate) mod incident;
pub(crate) mod life;
pub(crate) mod life_store;
pub(crate) mod priority;

pub use facts::{EntityLabel, Facts, MissingLink};
pub use incident::Incident;
pub(crate) use life::apply;
pub use life::{Action, RecoverTo};
pub use priority::PriorityPart;
