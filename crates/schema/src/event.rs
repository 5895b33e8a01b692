//! What a decoder hands on: one record of a log, or the reason why there is none.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{Row, Value};

/// Sigma's log source of an event (Sigma specification, `logsource`). Empty text means unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// For example `windows`, `aws`, `azure`, `linux`.
    pub product: String,
    /// For example `security`, `sysmon`, `cloudtrail`, `signinlogs`.
    pub service: String,
    /// For example `process_creation`; usually derived by the Sigma router.
    pub category: String,
}

impl LogSource {
    /// A log source known by product and service.
    pub fn new(product: &str, service: &str) -> Self {
        Self {
            product: product.to_owned(),
            service: service.to_owned(),
            category: String::new(),
        }
    }
}

/// Where in its input a record stood, for errors and for evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// File name as the caller knows it; for a member of an archive `archive!member`.
    pub file: String,
    /// Record number: the vendor's own (EventRecordID) where there is one, else 1-based in the file.
    pub record: u64,
    /// Byte offset of the record in the decompressed input, when known.
    pub byte_offset: Option<u64>,
}

/// One decoded record, in the vendor's own field names and as a row of its table.
#[derive(Debug, Clone)]
pub struct Event {
    /// The row, standard columns not yet set ([`Event::finish`] does).
    pub row: Row,
    /// When it happened, by the log's own clock; `None` when the record has no usable time, then
    /// the time of receipt is taken.
    pub time: Option<Timestamp>,
    /// The record in the vendor's field names, as Sigma rules read it. For Windows: the
    /// `EventData` fields at the top beside `EventID`, `Channel`, `Computer`, `Provider_Name`.
    pub native: Map<String, Json>,
    /// How Sigma names this source.
    pub log_source: LogSource,
    /// Where it stood.
    pub position: Position,
}

/// How an event's own time compares with its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeQuality {
    /// Within bounds.
    Good,
    /// More than 5 minutes ahead of receipt.
    Future,
    /// More than 24 hours behind receipt: a backfill, or a clock that is wrong.
    Late,
}

impl TimeQuality {
    /// Compares an event's time with its receipt.
    pub fn of(time: Timestamp, received: Timestamp) -> Self {
        let ahead = time.duration_since(received);
        if ahead > SignedDuration::from_mins(5) {
            Self::Future
        } else if ahead < SignedDuration::from_hours(-24) {
            Self::Late
        } else {
            Self::Good
        }
    }

    /// The text stored in `_TimeQuality`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Future => "future",
            Self::Late => "late",
        }
    }
}

impl Event {
    /// Sets the standard columns and folds unmapped fields into `AdditionalFields`.
    ///
    /// `item_id` must be the same for the same record of the same input, so that a retry is
    /// recognised.
    pub fn finish(&mut self, received: Timestamp, tenant_id: &str, item_id: &str) {
        let name = self.row.table().name.clone();
        let quality = match (self.time, self.row.get("TimeGenerated")) {
            // Later than any `time`: the row alone has it.
            (None, Some(Value::LastHours(_))) => TimeQuality::Future,
            (time, _) => {
                let time = time.unwrap_or(received);
                self.row.set("TimeGenerated", time);
                TimeQuality::of(time, received)
            }
        };
        self.row.set("Type", name);
        if self.row.get("TenantId").is_none() {
            self.row.set("TenantId", tenant_id);
        }
        if self.row.get("SourceSystem").is_none() {
            self.row.set("SourceSystem", "Watchfloor");
        }
        self.row.set("_ItemId", item_id);
        self.row.set("_TimeReceived", Value::DateTime(received));
        self.row.set("_TimeQuality", quality.as_str());
        self.row.fold_extra();
    }
}

/// A record that could not be decoded. It is stored, with its bytes, in `IngestRejects_CL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why, for a person.
    pub reason: String,
    /// The bytes of the record, as much as can be told; capped by the decoder's record limit.
    pub raw: Vec<u8>,
    /// Where it stood.
    pub position: Position,
}
