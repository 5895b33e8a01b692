//! The event as Sigma rules read it: payload fields at the top, beside `EventID`, `Channel`,
//! `Computer` and `Provider_Name` (names as in SigmaHQ's Windows rules and evtx converters).

use serde_json::{Map, Value as Json};

use super::WindowsRecord;

/// Moves a record into its native form. The four names that every rule relies on always come
/// from `System`; any other system property gives way to a payload field of the same name.
pub(crate) fn fields(record: WindowsRecord) -> Map<String, Json> {
    let mut native = Map::with_capacity(record.fields.len() + 16);
    if let Some(id) = record.event_id {
        native.insert("EventID".into(), id.into());
    }
    native.insert("Channel".into(), record.channel.into());
    native.insert("Computer".into(), record.computer.into());
    native.insert("Provider_Name".into(), record.provider.into());
    for (name, value) in record.fields {
        native.entry(name).or_insert(value);
    }
    let mut add = |name: &str, value: Json| {
        let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
        if !empty {
            native.entry(name).or_insert(value);
        }
    };
    match <[String; 1]>::try_from(record.unnamed) {
        Ok([one]) => add("Data", one.into()),
        Err(many) if !many.is_empty() => add("Data", many.into()),
        Err(_) => {}
    }
    add("Level", record.level.into());
    add("Task", record.task.into());
    add("Opcode", record.opcode.into());
    add("Keywords", record.keywords.into());
    add("Version", record.version.into());
    add("EventRecordID", record.record_id.into());
    add("Provider_Guid", record.provider_guid.into());
    add("UserID", record.user_sid.into());
    add("Message", record.message.into());
    add("TimeCreated", record.time.map(|at| at.to_string()).into());
    for (name, value) in record.extra {
        add(&name, value);
    }
    native
}
