//! What the Windows sources share: the event as Windows defines it, and its mapping onto
//! `SecurityEvent` and `Event`.
//!
//! `windows_evtx` and `windows_json` both make a [`WindowsRecord`]; [`map`] makes the row.

mod activity;
mod channels;
mod event_table;
mod native;
mod record;
mod security_event;
mod xml;

pub(crate) use activity::{activity, is_security_audit};
pub(crate) use channels::{log_source, windows_log_source};
pub(crate) use record::WindowsRecord;
pub(crate) use xml::{payload_xml, record_from_xml};

use schema::Row;

use crate::DecodeContext;
use crate::json_source::Mapped;

/// Maps a record onto its table: the Security channel onto `SecurityEvent`, all others onto
/// `Event`.
pub(crate) fn map(record: WindowsRecord, ctx: &DecodeContext<'_>) -> Mapped {
    let is_security = record.channel.eq_ignore_ascii_case("Security");
    let table = if is_security {
        "SecurityEvent"
    } else {
        "Event"
    };
    let mut row = Row::new(ctx.table_schema(table));
    if is_security {
        security_event::fill(&mut row, &record);
    } else {
        event_table::fill(&mut row, &record);
    }
    let time = record.time;
    let number = record.record_id;
    let log_source = windows_log_source(&record.channel);
    let mut mapped = Mapped::new(row, native::fields(record), log_source);
    mapped.time = time;
    mapped.record = number;
    mapped
}

/// `DOMAIN\name`, or what there is of it; a dash counts as nothing.
pub(crate) fn account(domain: &str, name: &str) -> String {
    match (domain, name) {
        (_, "" | "-") => String::new(),
        ("" | "-", name) => name.to_owned(),
        (domain, name) => format!("{domain}\\{name}"),
    }
}

/// Names of levels (`winmeta.xml`).
fn level_name(level: i64) -> &'static str {
    match level {
        1 => "Critical",
        2 => "Error",
        3 => "Warning",
        5 => "Verbose",
        _ => "Information",
    }
}
