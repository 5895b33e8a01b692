//! The rows of `IngestRejects_CL`: rejected records with their bytes and the reason, and a note
//! when one was replayed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schema::{Catalog, Reject, Row, TableSchema};

use crate::assemble::InputFacts;

/// Table of rejects.
pub(crate) const REJECTS_TABLE: &str = "IngestRejects_CL";

fn rejects_schema() -> Arc<TableSchema> {
    match Catalog::builtin().table(REJECTS_TABLE) {
        Some(table) => Arc::clone(table),
        None => Arc::new(TableSchema::new(REJECTS_TABLE, Vec::new()).with_standard_columns()),
    }
}

/// A row about a reject, without what happened to it.
fn row_about(reject_id: &str, facts: &InputFacts, file: &str, item_id: &str) -> Row {
    let mut row = Row::new(rejects_schema());
    row.set("TimeGenerated", facts.received);
    row.set("_TimeReceived", facts.received);
    row.set("Type", REJECTS_TABLE);
    row.set("TenantId", facts.tenant_id.as_ref());
    row.set("SourceSystem", "Watchfloor");
    row.set("_ItemId", item_id);
    row.set("RejectId", reject_id);
    row.set("SourceName", facts.source);
    row.set("File", file);
    row
}

/// The row that keeps a reject. Bytes that are not UTF-8 are stored in base64.
pub(crate) fn reject_row(reject: &Reject, facts: &InputFacts, item_id: &str) -> Row {
    let mut row = row_about(item_id, facts, &reject.position.file, item_id);
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

/// The row that notes a replay: its `RejectId` is the reject's, `Replayed` is true. The reject's
/// own row stays as it is.
pub(crate) fn replayed_row(reject_id: &str, facts: &InputFacts, file: &str) -> Row {
    let item_id = format!("{reject_id}-replayed");
    let mut row = row_about(reject_id, facts, file, &item_id);
    row.set("Reason", format!("replayed as {}", facts.source));
    row.set("Replayed", true);
    row
}
