//! Cases: from alerts to prioritised incidents, their life with the clock running, the people who
//! work on them, and the identities and assets they are about.
//!
//! [`Store`] holds it all in one SQLite file. [`Store::ingest_alert`] takes alerts in,
//! [`Store::act`] changes an incident, [`Store::list`] and [`Store::detail`] read, and
//! [`Store::outbox_after`] gives the rows that belong into the lake. Nothing here reads a clock or
//! makes randomness of its own: `now` and the random source are passed in. Nothing here knows HTTP
//! or the lake.
//!
//! Reading order: [`state`](Status), `clock`, `case::life`, `grouping`, `case::priority`.

mod activity;
mod actor;
mod case;
mod clock;
mod context;
mod detail;
mod error;
mod grouping;
mod lake_rows;
mod metrics;
mod outbox;
mod people;
mod query;
mod settings;
mod state;
mod stats;
mod store;

pub use activity::Activity;
pub use actor::{Actor, ActorKind};
pub use case::{Action, EntityLabel, Facts, Incident, MissingLink, PriorityPart, RecoverTo};
pub use clock::{Clock, Mark, Marks, Metric, MetricState, clock};
pub use context::{Asset, Identity, ImportReport, NewAsset, NewIdentity};
pub use detail::{AlertView, Comment, EntityView, IncidentDetail, JoinedBecause, Link};
pub use error::{Error, Result};
pub use grouping::{Ingested, Outcome};
pub use metrics::{GroupBy, MetricGroup, Summary};
pub use outbox::OutboxRow;
pub use people::{ApiToken, NewSession, NewToken, Role, Scope, Session, User};
pub use query::{Health, IncidentListItem, IncidentPage, ListFilter, StatusFilter};
pub use settings::Settings;
pub use state::{Classification, Status};
pub use stats::Stat;
pub use store::Store;
