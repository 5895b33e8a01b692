//! Winlogbeat's form: the event under `winlog`, the rest in Elastic Common Schema (Winlogbeat
//! exported fields, `winlog.*`).

use serde_json::{Map, Value as Json};

use super::{as_text, keywords, number, push_fields};
use crate::time::json_time;
use crate::windows::WindowsRecord;

/// Reads an event of Winlogbeat 7 and later.
pub(super) fn read(mut json: Map<String, Json>) -> WindowsRecord {
    let mut record = WindowsRecord::default();
    let Some(Json::Object(winlog)) = json.remove("winlog") else {
        return record;
    };
    // `winlog.time_created` is newer than `@timestamp` and the same instant.
    record.time = json.get("@timestamp").and_then(json_time);
    record.message = json
        .remove("message")
        .map(|message| as_text(&message))
        .unwrap_or_default();
    for (name, value) in winlog {
        match (name.as_str(), value) {
            ("channel", value) => record.channel = as_text(&value),
            ("provider_name", value) => record.provider = as_text(&value),
            ("provider_guid", value) => record.provider_guid = as_text(&value),
            ("event_id", value) => record.event_id = number(&value),
            ("version", value) => record.version = number(&value),
            ("computer_name", value) => record.computer = as_text(&value),
            ("record_id", value) => {
                record.record_id = number(&value).and_then(|id| u64::try_from(id).ok());
            }
            ("activity_id", value) => record.activity_id = as_text(&value),
            ("opcode", value) => record.opcode = as_text(&value),
            ("keywords", value @ Json::Array(_)) => record.keywords = value.to_string(),
            ("keywords", value) => record.keywords = keywords(&value),
            ("event_data" | "user_data", Json::Object(fields)) => {
                push_event_data(&mut record, fields)
            }
            ("process", Json::Object(process)) => {
                record.process_id = process.get("pid").and_then(number);
                record.thread_id = process
                    .get("thread")
                    .and_then(|thread| thread.get("id"))
                    .and_then(number);
            }
            ("user", Json::Object(user)) => {
                let part = |name: &str| user.get(name).map(as_text).unwrap_or_default();
                record.user_sid = part("identifier");
                record.user_name = crate::windows::account(&part("domain"), &part("name"));
            }
            ("task", value) => match number(&value) {
                Some(task) => record.task = Some(task),
                // The task's title: Winlogbeat resolves it.
                None => {
                    record.extra.insert("winlog.task".into(), value);
                }
            },
            (_, value) => {
                record.extra.insert(format!("winlog.{name}"), value);
            }
        }
    }
    record.level = level(&json);
    json.remove("@timestamp");
    record.extra.extend(json);
    record
}

/// `param1`, `param2` ... are how Winlogbeat names data without a name.
fn push_event_data(record: &mut WindowsRecord, fields: Map<String, Json>) {
    let unnamed = |name: &str| {
        name.strip_prefix("param")
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if !fields.is_empty() && fields.keys().all(|name| unnamed(name)) {
        record.unnamed.extend(fields.values().map(as_text));
    } else {
        push_fields(record, fields);
    }
}

fn level(json: &Map<String, Json>) -> Option<i64> {
    let text = json
        .get("log")?
        .get("level")?
        .as_str()?
        .to_ascii_lowercase();
    Some(match text.as_str() {
        "critical" => 1,
        "error" => 2,
        "warning" => 3,
        "information" | "info" => 4,
        "verbose" => 5,
        _ => return None,
    })
}
