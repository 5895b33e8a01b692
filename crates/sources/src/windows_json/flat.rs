//! Flat events: system properties and payload fields side by side (NXLog's `im_msvistalog`, and
//! the like).

use serde_json::{Map, Value as Json};

use super::{as_text, field_value, keywords, number};
use crate::time::first_time;
use crate::windows::WindowsRecord;

/// What shippers and pipelines add of their own: kept, but no payload.
const SHIPPER: &[&str] = &[
    "@timestamp",
    "@version",
    "EventReceivedTime",
    "EventTime",
    "EventTypeOrignal",
    "EventTimeWritten",
    "Severity",
    "SeverityValue",
    "SourceModuleName",
    "SourceModuleType",
    "host",
    "port",
    "tags",
    "Category",
    "OpcodeValue",
    "MessageSourceAddress",
    "agent",
    "ecs",
    "input",
    "log",
    "type",
    "timestamp",
];

/// `EventType` where it is NXLog's, and not the field of a Sysmon registry event.
const NXLOG_EVENT_TYPES: &[&str] = &[
    "INFO",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "VERBOSE",
    "DEBUG",
    "AUDIT_SUCCESS",
    "AUDIT_FAILURE",
];

/// Reads a flat event.
pub(super) fn read(json: Map<String, Json>) -> WindowsRecord {
    // `EventTime` is NXLog's local time without a zone: the least of the three.
    let time = first_time(&json, &["TimeCreated", "@timestamp", "EventTime"]);
    let mut record = WindowsRecord {
        time,
        ..WindowsRecord::default()
    };
    // NXLog adds the resolved user as `Domain` and `AccountName` beside `UserID`.
    let is_nxlog = json.contains_key("SourceModuleType") || json.contains_key("ExecutionProcessID");
    for (name, value) in json {
        read_member(&mut record, &name, value, is_nxlog);
    }
    if is_nxlog {
        let part = |name: &str| record.extra.get(name).map(as_text).unwrap_or_default();
        record.user_name = crate::windows::account(&part("Domain"), &part("AccountName"));
    }
    record
}

fn read_member(record: &mut WindowsRecord, name: &str, value: Json, is_nxlog: bool) {
    match name {
        "EventID" => record.event_id = number(&value),
        "Channel" => record.channel = as_text(&value),
        "Hostname" | "Computer" if record.computer.is_empty() => record.computer = as_text(&value),
        "SourceName" | "Provider" | "Source" if record.provider.is_empty() => {
            record.provider = as_text(&value);
        }
        "ProviderGuid" => record.provider_guid = as_text(&value),
        "Version" if value.is_number() || number(&value).is_some() => {
            record.version = number(&value)
        }
        "Level" => record.level = number(&value),
        "Task" => record.task = number(&value),
        "Opcode" => record.opcode = as_text(&value),
        "Keywords" => record.keywords = keywords(&value),
        "RecordNumber" | "EventRecordID" | "RecordID" => {
            record.record_id = number(&value).and_then(|id| u64::try_from(id).ok());
        }
        "ExecutionProcessID" => record.process_id = number(&value),
        "ThreadID" if is_nxlog => record.thread_id = number(&value),
        "UserID" if is_nxlog => record.user_sid = as_text(&value),
        "ActivityID" => record.activity_id = as_text(&value),
        "Message" => record.message = as_text(&value),
        "TimeCreated" => {}
        "EventType"
            if value
                .as_str()
                .is_some_and(|text| NXLOG_EVENT_TYPES.contains(&text)) =>
        {
            record.extra.insert(name.to_owned(), value);
        }
        "Domain" | "AccountName" | "AccountType" if is_nxlog => {
            record.extra.insert(name.to_owned(), value);
        }
        _ if SHIPPER.contains(&name) => {
            record.extra.insert(name.to_owned(), value);
        }
        _ => record.push_field(name, field_value(value)),
    }
}
