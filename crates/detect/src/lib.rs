//! Detections: rules in, alerts out.
//!
//! [`RuleLibrary`] reads analytics rules (Sentinel YAML and JSON) and Sigma rules.
//! [`StreamMatcher`] runs Sigma on every stored record and passes native alerts through,
//! [`Scheduler`] runs analytics rules over their windows; both give [`schema::Alert`]s to an
//! [`AlertSink`]. [`Hunt`] runs both over files without storing them. [`Queries`] is the way to
//! run KQL over the lake, for rules and for people.
//!
//! Not here: incidents (crate `soc`), the clock's ticking and the wiring (crate `server`).

mod batch_rows;
mod diagnostic;
mod duration;
mod event_entities;
mod evidence;
mod hunt;
mod journal;
mod library;
mod load_files;
mod mapping;
mod memory_tables;
mod queries;
mod query_place;
mod result;
mod row_keys;
mod rule;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod rule_properties;
mod rule_test;
mod schedule_state;
mod scheduler;
mod sink;
mod stream;
mod text_calls;
pub mod timespan;
mod usage;
mod window_run;
mod windows;

pub use diagnostic::{Finding, Findings};
pub use event_entities::entity_condition;
pub use hunt::{
    Hunt, HuntMatch, HuntOptions, HuntProgress, HuntRows, HuntSummary, LocateError, RecordRef,
    Report, locate,
};
pub use journal::Journal;
pub use library::{RuleLibrary, RuleReport, RuleState};
pub use load_files::LoadError;
pub use memory_tables::{MemoryTables, TableError};
pub use queries::{
    KqlCatalog, LakeTables, Queries, QueryContext, QueryError, QueryOptions, QueryOutcome, Tables,
    table_def, ticks,
};
pub use result::ResultRows;
pub use rule::{AlertOverride, AnalyticsRule, EntityMapping, RuleKind, TriggerOperator};
pub use rule_test::{AlertFacts, Expected, RuleTestError, test_events, test_rule};
pub use schedule_state::StateError;
pub use scheduler::{ScheduleError, Scheduler, TickReport};
pub use sink::{AlertSink, SinkError};
pub use stream::{FrameFindings, OWN_SOURCE, StreamMatcher};
pub use windows::{Timetable, Window};
