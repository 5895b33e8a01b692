//! The event's XML turned into JSON, as EVTX converters write it: `Event.System` and
//! `Event.EventData` or `Event.UserData`, attributes under `#attributes`, text under `#text`.

use serde_json::{Map, Value as Json};

use super::{as_text, field_value, keywords, number, push_fields};
use crate::time::json_time;
use crate::windows::WindowsRecord;

/// Reads a converted event.
pub(super) fn read(mut json: Map<String, Json>) -> WindowsRecord {
    let mut record = WindowsRecord::default();
    let Some(Json::Object(event)) = json.remove("Event") else {
        return record;
    };
    for (section, value) in event {
        match (section.as_str(), value) {
            ("System", Json::Object(system)) => read_system(&mut record, &system),
            ("RenderingInfo", Json::Object(info)) => {
                record.message = info.get("Message").map(as_text).unwrap_or_default();
            }
            ("#attributes", _) | (_, Json::Null) => {}
            ("EventData", Json::Object(data)) => read_data(&mut record, data),
            (_, Json::Object(section)) => read_leaves(&mut record, section, 0),
            (name, value) => {
                record.extra.insert(name.to_owned(), value);
            }
        }
    }
    record.extra.extend(json);
    record
}

fn read_system(record: &mut WindowsRecord, system: &Map<String, Json>) {
    let attribute = |element: &str, name: &str| {
        let element = system.get(element)?;
        element
            .get("#attributes")
            .or(Some(element))?
            .get(name)
            .filter(|value| !value.is_null())
    };
    let text = |value: Option<&Json>| value.map(as_text).unwrap_or_default();
    // An element with attributes has its text under `#text`.
    let element = |name: &str| {
        system
            .get(name)
            .map(|value| value.get("#text").unwrap_or(value))
    };
    record.provider = text(attribute("Provider", "Name"));
    record.provider_guid = text(attribute("Provider", "Guid"));
    record.time = attribute("TimeCreated", "SystemTime").and_then(json_time);
    record.process_id = attribute("Execution", "ProcessID").and_then(number);
    record.thread_id = attribute("Execution", "ThreadID").and_then(number);
    record.user_sid = text(attribute("Security", "UserID"));
    record.activity_id = text(attribute("Correlation", "ActivityID"));
    record.event_id = element("EventID").and_then(number);
    record.version = element("Version").and_then(number);
    record.level = element("Level").and_then(number);
    record.task = element("Task").and_then(number);
    record.opcode = text(element("Opcode"));
    record.keywords = element("Keywords").map(keywords).unwrap_or_default();
    record.record_id = element("EventRecordID")
        .and_then(number)
        .and_then(|id| u64::try_from(id).ok());
    record.channel = text(element("Channel"));
    record.computer = text(element("Computer"));
}

fn read_data(record: &mut WindowsRecord, mut data: Map<String, Json>) {
    data.shift_remove("#attributes");
    match data.shift_remove("Data") {
        // Data without names: one value, or all of them in an array.
        Some(Json::Array(values)) => record.unnamed.extend(values.iter().map(as_text)),
        Some(Json::Object(object)) => match object.get("#text") {
            Some(Json::Array(values)) => record.unnamed.extend(values.iter().map(as_text)),
            Some(value) => record.unnamed.push(as_text(value)),
            None => record.push_field("Data", Json::Object(object)),
        },
        Some(Json::Null) | None => {}
        Some(value) => record.unnamed.push(as_text(&value)),
    }
    push_fields(record, data);
}

/// Leaves of `UserData`, whatever they are nested in.
fn read_leaves(record: &mut WindowsRecord, section: Map<String, Json>, depth: usize) {
    for (name, value) in section {
        match value {
            Json::Object(inner) if depth < 8 => read_leaves(record, inner, depth + 1),
            _ if name == "#attributes" || name == "xmlns" => {}
            value => record.push_field(&name, field_value(value)),
        }
    }
}
