//! A Windows event, whichever way it was shipped.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// The `System` section and the payload of one event (reference: Windows event schema,
/// `SystemPropertiesType`).
#[derive(Debug, Default, Clone)]
pub(crate) struct WindowsRecord {
    pub(crate) channel: String,
    pub(crate) provider: String,
    pub(crate) provider_guid: String,
    pub(crate) event_id: Option<i64>,
    pub(crate) version: Option<i64>,
    pub(crate) level: Option<i64>,
    pub(crate) task: Option<i64>,
    pub(crate) opcode: String,
    pub(crate) keywords: String,
    pub(crate) record_id: Option<u64>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) computer: String,
    pub(crate) process_id: Option<i64>,
    pub(crate) thread_id: Option<i64>,
    pub(crate) user_sid: String,
    /// The user's name where the shipper resolved it.
    pub(crate) user_name: String,
    pub(crate) activity_id: String,
    /// Named fields of `EventData` or leaves of `UserData`, in order.
    pub(crate) fields: Vec<(String, Json)>,
    /// Values of `Data` elements without a name (classic event logs).
    pub(crate) unnamed: Vec<String>,
    /// The payload as XML, its outermost element without a namespace; `""` when there is none.
    pub(crate) payload: String,
    /// The rendered message, where the shipper sent it.
    pub(crate) message: String,
    /// What a shipper adds of its own.
    pub(crate) extra: Map<String, Json>,
}

impl WindowsRecord {
    /// A named field's text, `""` when it is missing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
    }

    /// Adds a field; a name that occurs again makes an array of its values.
    pub(crate) fn push_field(&mut self, name: &str, value: Json) {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            None => self.fields.push((name.to_owned(), value)),
            Some((_, Json::Array(values))) => values.push(value),
            Some((_, first)) => {
                let earlier = std::mem::take(first);
                *first = Json::Array(vec![earlier, value]);
            }
        }
    }
}
