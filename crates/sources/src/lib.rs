//! Decoders: from the bytes a vendor writes to [`schema::Event`]s, and the mapping of each onto
//! the columns of its Log Analytics table.
//!
//! One folder per source, named once in [`registry()`]. Files, folders and archives are opened by
//! [`walk()`]; the format of an input is told by [`detect`]; [`Source::decode`] reads it. Every
//! record becomes exactly one event or one reject, whatever is wrong with its neighbours.
//!
//! Not here: receiving bytes from a network (crate `intake`, which uses [`Framing`] and
//! [`decode_syslog_message`]), storing rows (crate `lake`), matching rules.

mod alerts;
mod head;
mod inflate;
mod input;
mod json_records;
mod json_source;
mod lines;
mod registry;
mod source;
mod time;
mod walk;
mod windows;

mod aws_cloudtrail;
mod aws_guardduty;
mod azure_diagnostics;
mod cef_syslog;
mod defender_for_cloud;
mod entra_risk_detections;
mod generic_json;
mod graph_alerts_v2;
mod syslog;
mod table_rows;
mod windows_evtx;
mod windows_json;

pub use input::{Input, NamedInput};
pub use registry::{by_name, detect, names, registry};
pub use source::{
    Collected, Confidence, DecodeContext, DecodeError, Limits, Sink, Source, SourceSpec,
};
pub use syslog::{Frame, Framing, decode_syslog_message};
pub use walk::{HEAD_BYTES, OpenError, Opened, Visit, open_stream, walk};
