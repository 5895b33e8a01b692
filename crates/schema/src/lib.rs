//! The shapes that every part of Watchfloor shares: table schemas under their Log Analytics
//! names, the [`Event`] a decoder produces, the [`Alert`] a detection produces, and the entities
//! both speak of.
//!
//! Not here: decoding (crate `sources`), storage (crate `lake`), case logic (crate `soc`).
//! Start at [`Catalog`] for tables, [`Event`] for intake and [`Alert`] for detections.

mod alert;
mod attack;
mod batch;
mod catalog;
mod entity;
mod event;
mod row;
mod security_alert;

pub use alert::{
    Alert, AlertId, AlertOrigin, AlertQuery, EvidenceRef, GroupingMatch, IncidentGrouping,
};
pub use attack::{Severity, Tactic};
pub use batch::{NATIVE_COLUMN, RowsBuilder};
pub use catalog::{Catalog, Column, ColumnType, SchemaError, TableSchema};
pub use entity::{Entity, EntityKind};
pub use event::{Event, LogSource, Position, Reject, TimeQuality};
pub use row::{Row, Value};
pub use security_alert::{alert_from_row, entities_from_json, entities_to_json};
