//! The `Event` table: every Windows channel but Security (reference: Azure Monitor, `Event`).

use schema::Row;

use super::{WindowsRecord, level_name};

/// `sourceHealthServiceId` of agents that have none: their rows carry an id that only Microsoft's
/// agent has.
const NO_AGENT: &str = "00000000-0000-0000-0000-000000000000";

/// Fills the row. `EventData` is the XML that published queries read with `parse_xml(EventData)`
/// as `.DataItem.EventData.Data`; `ParameterXml` holds the values alone.
pub(super) fn fill(row: &mut Row, record: &WindowsRecord) {
    row.set("EventLog", record.channel.as_str());
    row.set("Source", record.provider.as_str());
    if let Some(id) = record.event_id {
        row.set("EventID", id);
    }
    let level = record.level.unwrap_or(4);
    row.set("EventLevel", if level == 0 { 4 } else { level });
    row.set("EventLevelName", level_name(level));
    if let Some(task) = record.task {
        row.set("EventCategory", task);
    }
    row.set("Computer", record.computer.as_str());
    row.set("UserName", user_name(record));
    row.set("RenderedDescription", record.message.as_str());
    row.set("ParameterXml", parameters(record));
    row.set("EventData", data_item(record));
    if let Some(id) = record.record_id {
        row.keep("EventRecordId", id.into());
    }
    for (name, value) in [
        ("Version", record.version),
        ("SystemProcessId", record.process_id),
        ("SystemThreadId", record.thread_id),
    ] {
        if let Some(value) = value {
            row.keep(name, value.into());
        }
    }
    for (name, value) in [
        ("ProviderGuid", &record.provider_guid),
        ("Keywords", &record.keywords),
        ("Opcode", &record.opcode),
        ("Correlation", &record.activity_id),
        ("SystemUserId", &record.user_sid),
    ] {
        if !value.is_empty() {
            row.keep(name, value.as_str().into());
        }
    }
    for (name, value) in &record.extra {
        row.keep(name, value.clone());
    }
}

/// The account that wrote the event. A SID can be resolved only where it is well known.
fn user_name(record: &WindowsRecord) -> &str {
    if !record.user_name.is_empty() {
        return &record.user_name;
    }
    match record.user_sid.as_str() {
        "S-1-5-18" => "NT AUTHORITY\\SYSTEM",
        "S-1-5-19" => "NT AUTHORITY\\LOCAL SERVICE",
        "S-1-5-20" => "NT AUTHORITY\\NETWORK SERVICE",
        "" => "N/A",
        sid => sid,
    }
}

fn data_item(record: &WindowsRecord) -> String {
    if record.payload.is_empty() {
        return String::new();
    }
    let time = record.time.map(|at| at.to_string()).unwrap_or_default();
    format!(
        "<DataItem type=\"System.XmlData\" time=\"{time}\" sourceHealthServiceId=\"{NO_AGENT}\">{}</DataItem>",
        record.payload
    )
}

fn parameters(record: &WindowsRecord) -> String {
    let named = record.fields.iter().map(|(_, value)| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let mut xml = String::new();
    for value in named.chain(record.unnamed.iter().cloned()) {
        xml.push_str("<Param>");
        xml.push_str(&quick_xml::escape::partial_escape(value.as_str()));
        xml.push_str("</Param>");
    }
    xml
}
