//! Decoding rejects again: with their source as it is now, or with another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lake::{Appended, Frame, ReceiptKey};
use schema::RowsBuilder;
use serde::{Deserialize, Serialize};
use sources::Source;

use crate::assemble::InputFacts;
use crate::reject::{REJECTS_TABLE, replayed_row};
use crate::{Intake, IntakeError};

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
    /// The record's bytes; `None` when the stored text is no base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self.encoding.as_str() {
            "base64" => BASE64.decode(&self.raw).ok(),
            _ => Some(self.raw.clone().into_bytes()),
        }
    }
}

/// What a replay of rejects came to.
///
/// `tried` counts rejects; each of them is one of decoded, `still_rejected` or `duplicates`. One
/// that decodes may hold several records: `rows` and `filtered` count those.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// Rejects tried.
    pub tried: u64,
    /// Rows stored.
    pub rows: u64,
    /// Records that decode now and that the source's filter dropped.
    pub filtered: u64,
    /// Rejects that still can't be decoded.
    pub still_rejected: u64,
    /// Rejects replayed before.
    pub duplicates: u64,
}

impl Intake {
    /// Whether a reject was replayed: what it holds is stored.
    pub fn is_replayed(&self, reject_id: &str) -> bool {
        self.lake.receipt(&receipt_key(reject_id)).is_some()
    }

    /// Decodes stored rejects again, with the source named `as_source`, else each with the one
    /// that rejected it, as they are set up now. A reject of which everything decodes is stored
    /// once, however often and with whatever source it is replayed; any other stays a reject.
    ///
    /// # Errors
    /// When `as_source` is unknown, or the lake refuses. Rejects replayed until then stay so.
    pub async fn replay(
        &self,
        rejects: Vec<StoredReject>,
        as_source: Option<&str>,
    ) -> Result<ReplayReport, IntakeError> {
        let named = as_source.map(Self::source).transpose()?;
        let mut report = ReplayReport::default();
        for reject in rejects {
            report.tried += 1;
            if self.is_replayed(&reject.reject_id) {
                report.duplicates += 1;
                continue;
            }
            let source = match &named {
                Some(named) => Some(named.clone()),
                None => Self::source(&reject.source).ok(),
            };
            let Some((source, table)) = source else {
                report.still_rejected += 1;
                continue;
            };
            let Some(frame) = self.replayed_frame(&reject, source, table)? else {
                report.still_rejected += 1;
                continue;
            };
            let counts = frame.counts;
            match self.lake.append(frame).await? {
                Appended::Stored { .. } => {
                    report.rows += counts.rows;
                    report.filtered += counts.filtered;
                }
                Appended::AlreadyDone(_) => report.duplicates += 1,
            }
        }
        Ok(report)
    }

    /// The frame with what the reject holds and the note that it was replayed; `None` when not
    /// everything in it decodes.
    fn replayed_frame(
        &self,
        reject: &StoredReject,
        source: &'static dyn Source,
        table: Option<String>,
    ) -> Result<Option<Frame>, IntakeError> {
        let Some(bytes) = reject.bytes() else {
            return Ok(None);
        };
        let key = receipt_key(&reject.reject_id);
        let facts = InputFacts {
            source: source.spec().name,
            tenant_id: self.tenant_id.clone(),
            received: self.clock.now(),
            hash: key.hash,
            receipt: Some(key),
            already_stored: 0,
        };
        let note = replayed_row(&reject.reject_id, &facts, &reject.file);
        let (mut frame, rejected) = self.one_frame(source, table, bytes, facts)?;
        if !rejected.is_empty() || frame.counts.records_in == 0 {
            return Ok(None);
        }
        let mut notes = RowsBuilder::new(note.table().clone(), false);
        notes.push(&note);
        frame
            .batches
            .push((REJECTS_TABLE.to_owned(), notes.finish()?));
        Ok(Some(frame))
    }
}

fn receipt_key(reject_id: &str) -> ReceiptKey {
    let name = format!("replay\u{1f}{reject_id}");
    ReceiptKey::file(*blake3::hash(name.as_bytes()).as_bytes())
}
