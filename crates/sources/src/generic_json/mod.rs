//! Any JSON object, for logs that no other source knows. Nothing is interpreted but the time;
//! all fields are kept in `AdditionalFields`.

use std::sync::Arc;

use schema::{LogSource, Row};
use serde_json::{Map, Value as Json};

use crate::head::{starts_like_json, text};
use crate::json_source::{Mapped, decode_json};
use crate::time::first_time;
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "generic_json",
    title: "Any JSON log",
    doc: "One JSON object a line, or an array of them, in no known format. Rows go to the table \
          that the caller names (`NAME_CL`), else to Unmapped_CL; every field is kept in \
          AdditionalFields, and the time is taken from ts, time, timestamp or the like. Zeek and \
          Suricata logs in JSON are told to Sigma as such.",
    tables: &["Unmapped_CL"],
    reference: "RFC 8259",
};

/// Members that hold the event's time, best first.
const TIMES: &[&str] = &[
    "TimeGenerated",
    "@timestamp",
    "timestamp",
    "Timestamp",
    "time",
    "ts",
    "eventTime",
    "event_time",
    "created_at",
    "createdDateTime",
    "date",
    "_time",
];

/// The source.
pub(crate) struct GenericJson;

impl Source for GenericJson {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        if starts_like_json(head) {
            Confidence::Fallback
        } else {
            Confidence::No
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let name = ctx.table.as_deref().unwrap_or("Unmapped_CL");
        let table = ctx.table_schema(name);
        decode_json(input, ctx, out, &["Records", "records"], &mut |record| {
            let mut row = Row::new(Arc::clone(&table));
            for (field, value) in &record {
                row.keep(field, value.clone());
            }
            let time = first_time(&record, TIMES);
            let log_source = log_source(&record);
            let mut mapped = Mapped::new(row, record, log_source);
            mapped.time = time;
            Ok(mapped)
        })
    }
}

/// Sigma knows Zeek's logs by name; the exporter adds it as `_path` or `@stream`.
fn log_source(record: &Map<String, Json>) -> LogSource {
    let stream = [text(record, "_path"), text(record, "@stream")]
        .into_iter()
        .find(|name| !name.is_empty());
    match stream {
        Some(stream) if record.contains_key("ts") => LogSource::new("zeek", stream),
        _ if record.contains_key("event_type") && record.contains_key("flow_id") => {
            LogSource::new("suricata", text(record, "event_type"))
        }
        _ => LogSource::default(),
    }
}
