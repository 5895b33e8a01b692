//! Rejected records: stored with their bytes and the reason, and decoded again on request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schema::{Catalog, Reject, Row, TableSchema};
use serde::{Deserialize, Serialize};

use crate::assemble::InputFacts;

/// Table of rejects.
pub(crate) const REJECTS_TABLE: &str = "IngestRejects_CL";

/// What a replay of rejects came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// Rejects tried.
    pub tried: u64,
    /// Rows stored.
    pub rows: u64,
    /// Rejects that still can't be decoded.
    pub still_rejected: u64,
    /// Rejects replayed before.
    pub duplicates: u64,
}

fn rejects_schema() -> Arc<TableSchema> {
    match Catalog::builtin().table(REJECTS_TABLE) {
        Some(table) => Arc::clone(table),
        None => Arc::new(TableSchema::new(REJECTS_TABLE, Vec::new()).with_standard_columns()),
    }
}

/// The row that keeps a reject. Bytes that are not UTF-8 are stored in base64.
pub(crate) fn reject_row(reject: &Reject, facts: &InputFacts, item_id: &str) -> Row {
    let mut row = Row::new(rejects_schema());
    row.set("TimeGenerated", facts.received);
    row.set("_TimeReceived", facts.received);
    row.set("Type", REJECTS_TABLE);
    row.set("TenantId", facts.tenant_id.as_ref());
    row.set("SourceSystem", "Watchfloor");
    row.set("_ItemId", item_id);
    row.set("RejectId", item_id);
    row.set("SourceName", facts.source);
    row.set("File", reject.position.file.as_str());
    row.set(
        "Record",
        i64::try_from(reject.position.record).unwrap_or(i64::MAX),
    );
    if let Some(offset) = reject.position.byte_offset {
        row.set("ByteOffset", i64::try_from(offset).unwrap_or(i64::MAX));
    }
    row.set("Reason", reject.reason.as_str());
    match std::str::from_utf8(&reject.raw) {
        Ok(text) => {
            row.set("RawData", text);
            row.set("RawEncoding", "utf-8");
        }
        Err(_) => {
            row.set("RawData", BASE64.encode(&reject.raw));
            row.set("RawEncoding", "base64");
        }
    }
    row.set("Replayed", false);
    row
}

/// A stored reject, as a query over `IngestRejects_CL` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReject {
    /// Its id.
    pub reject_id: String,
    /// Source that rejected it.
    pub source: String,
    /// File it stood in.
    pub file: String,
    /// The bytes, in `encoding`.
    pub raw: String,
    /// `utf-8` or `base64`.
    pub encoding: String,
}

impl StoredReject {
    /// The record's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match self.encoding.as_str() {
            "base64" => BASE64.decode(&self.raw).unwrap_or_default(),
            _ => self.raw.clone().into_bytes(),
        }
    }
}
