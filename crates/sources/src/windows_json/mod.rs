//! Windows events as shippers send them in JSON: NXLog and other flat forms, Winlogbeat's
//! nested form, and what EVTX converters write.

mod flat;
mod rendered;
mod winlogbeat;

use serde_json::{Map, Value as Json};

use crate::head::{first_record, has_all};
use crate::json_source::decode_json;
use crate::windows::{WindowsRecord, map, payload_xml};
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

static SPEC: SourceSpec = SourceSpec {
    name: "windows_json",
    title: "Windows events in JSON",
    doc: "One event an object: flat as NXLog writes it (EventID, Channel, Hostname, SourceName and \
          the payload fields side by side), Winlogbeat's `winlog` object, or an `Event` object as \
          EVTX converters write it. The rows are those that the same event gives as EVTX; \
          EventData is written anew as XML.",
    tables: &["SecurityEvent", "Event"],
    reference: "NXLog im_msvistalog; Winlogbeat exported fields; Windows event schema",
};

/// The source.
pub(crate) struct WindowsJson;

impl Source for WindowsJson {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        match first_record(head) {
            Some(record) if shape(&record).is_some() => Confidence::Certain,
            _ => Confidence::No,
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        decode_json(input, ctx, out, &[], &mut |json| {
            let mut record = match shape(&json) {
                Some(Shape::Rendered) => rendered::read(json),
                Some(Shape::Winlogbeat) => winlogbeat::read(json),
                Some(Shape::Flat) => flat::read(json),
                None => return Err("no Windows event: `EventID` is missing".into()),
            };
            if record.payload.is_empty() {
                record.payload = payload_xml(&record.fields, &record.unnamed);
            }
            Ok(map(record, ctx))
        })
    }
}

enum Shape {
    Rendered,
    Winlogbeat,
    Flat,
}

fn shape(record: &Map<String, Json>) -> Option<Shape> {
    let object = |key: &str| record.get(key).and_then(Json::as_object);
    if object("Event").is_some_and(|event| event.contains_key("System")) {
        return Some(Shape::Rendered);
    }
    if object("winlog").is_some_and(|winlog| winlog.contains_key("event_id")) {
        return Some(Shape::Winlogbeat);
    }
    let named = ["Channel", "SourceName", "ProviderGuid", "Provider"];
    // A row of a table has `Type` and `TimeGenerated`; it belongs to `table_rows`.
    let is_row = has_all(record, &["TimeGenerated"]);
    (record.contains_key("EventID") && !is_row && named.iter().any(|key| record.contains_key(*key)))
        .then_some(Shape::Flat)
}

/// A number, also when it was written as text (decimal or `0x`).
fn number(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => {
            let text = text.trim();
            match text.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            }
        }
        _ => None,
    }
}

/// A scalar as text; `null` is `""`.
fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Keywords as Windows writes them, whatever the shipper made of the 64 bits.
fn keywords(value: &Json) -> String {
    match value {
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (_, Some(bits)) => format!("{bits:#x}"),
            (Some(bits), _) => format!("{:#x}", bits as u64),
            _ => number.to_string(),
        },
        other => as_text(other),
    }
}

/// Payload values are text in Windows' own schema: numbers and flags become text.
fn field_value(value: Json) -> Json {
    match value {
        Json::Number(_) | Json::Bool(_) => Json::String(value.to_string()),
        Json::Null => Json::String(String::new()),
        other => other,
    }
}

/// Adds payload fields; an unnamed list goes to `unnamed`.
fn push_fields(record: &mut WindowsRecord, fields: Map<String, Json>) {
    for (name, value) in fields {
        record.push_field(&name, field_value(value));
    }
}
