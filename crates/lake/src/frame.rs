//! A frame: what is appended, acknowledged and read back as one piece, over several tables.
//!
//! Encoded: header length (u32, little-endian), header (JSON), then one Arrow IPC stream per
//! batch, their lengths in the header. The log around it carries format, position and checksum.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader as IpcReader;
use arrow::ipc::writer::StreamWriter as IpcWriter;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{LakeError, Result};

/// Largest encoded frame.
pub const FRAME_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What a receipt stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    /// An HTTP request with an idempotency key; forgotten after a day.
    Http,
    /// A file's content; never forgotten.
    File,
}

/// Identifies an input, so that the same bytes are stored once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiptKey {
    /// What the input is.
    pub kind: ReceiptKind,
    /// BLAKE3 of what identifies it.
    pub hash: [u8; 32],
}

impl ReceiptKey {
    /// The key of an HTTP request: its source, its idempotency key and its body together, so
    /// that a key used again for other content is another input. The first half of the hash tells
    /// source and idempotency key, the second the body: [`crate::Lake::other_body`] finds a key
    /// that was used for other content.
    pub fn http(source: &str, idempotency_key: &str, body: &[u8]) -> Self {
        let mut name = blake3::Hasher::new();
        for part in [source.as_bytes(), idempotency_key.as_bytes()] {
            name.update(&(part.len() as u64).to_le_bytes());
            name.update(part);
        }
        let (name, body) = (name.finalize(), blake3::hash(body));
        let mut hash = [0; 32];
        let (first, second) = hash.split_at_mut(16);
        first.copy_from_slice(&name.as_bytes()[..16]);
        second.copy_from_slice(&body.as_bytes()[..16]);
        Self {
            kind: ReceiptKind::Http,
            hash,
        }
    }

    /// The least and the greatest key of the same source and idempotency key.
    pub(crate) fn same_name(&self) -> std::ops::RangeInclusive<Self> {
        let with = |byte: u8| {
            let mut key = *self;
            key.hash[16..].fill(byte);
            key
        };
        with(0)..=with(u8::MAX)
    }

    /// The key of a file, from the BLAKE3 of its content.
    pub fn file(hash: [u8; 32]) -> Self {
        Self {
            kind: ReceiptKind::File,
            hash,
        }
    }

    pub(crate) fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }

    pub(crate) fn from_hex(kind: ReceiptKind, hex: &str) -> Option<Self> {
        Some(Self {
            kind,
            hash: *blake3::Hash::from_hex(hex).ok()?.as_bytes(),
        })
    }
}

impl fmt::Display for ReceiptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Which part of an input a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptPart {
    /// The input.
    pub key: ReceiptKey,
    /// First record of the frame, counted from 0 over the whole input.
    pub from: u64,
    /// One past its last record.
    pub to: u64,
    /// Whether the input ends here.
    pub last: bool,
}

/// What became of the records of a frame.
///
/// `records_in = rows + duplicates + filtered + rejects`; a record stored in two tables counts
/// once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameCounts {
    /// Records read.
    pub records_in: u64,
    /// Records stored.
    pub rows: u64,
    /// Records that were there already.
    pub duplicates: u64,
    /// Records the source's filter dropped.
    pub filtered: u64,
    /// Records stored as rejects.
    pub rejects: u64,
    /// Bytes read.
    pub bytes_in: u64,
}

impl std::ops::AddAssign for FrameCounts {
    fn add_assign(&mut self, other: Self) {
        self.records_in += other.records_in;
        self.rows += other.rows;
        self.duplicates += other.duplicates;
        self.filtered += other.filtered;
        self.rejects += other.rejects;
        self.bytes_in += other.bytes_in;
    }
}

/// What is appended as one piece: all of it is stored or none.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Name of the source.
    pub source: String,
    /// When it was received.
    pub received: Timestamp,
    /// Which part of which input it is, for inputs that may come again.
    pub receipt: Option<ReceiptPart>,
    /// What became of its records.
    pub counts: FrameCounts,
    /// Rows by table. A batch may leave out columns, and may carry
    /// [`schema::NATIVE_COLUMN`], which only stream readers see.
    pub batches: Vec<(String, RecordBatch)>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    source: String,
    received_us: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<HeaderReceipt>,
    counts: FrameCounts,
    batches: Vec<(String, u32)>,
}

#[derive(Serialize, Deserialize)]
struct HeaderReceipt {
    kind: ReceiptKind,
    hash: String,
    from: u64,
    to: u64,
    last: bool,
}

impl Frame {
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut payload = Vec::new();
        let mut lengths = Vec::with_capacity(self.batches.len());
        for (table, batch) in &self.batches {
            let start = payload.len();
            let mut writer = IpcWriter::try_new(&mut payload, &batch.schema())?;
            writer.write(batch)?;
            writer.finish()?;
            drop(writer);
            let length = (payload.len() - start) as u64;
            lengths.push((
                table.clone(),
                u32::try_from(length).map_err(|_| too_large(length))?,
            ));
        }
        let header = Header {
            source: self.source.clone(),
            received_us: self.received.as_microsecond(),
            receipt: self.receipt.map(|part| HeaderReceipt {
                kind: part.key.kind,
                hash: part.key.hex(),
                from: part.from,
                to: part.to,
                last: part.last,
            }),
            counts: self.counts,
            batches: lengths,
        };
        let header = serde_json::to_vec(&header)
            .map_err(|e| arrow::error::ArrowError::JsonError(e.to_string()))?;
        let total = (4 + header.len() + payload.len()) as u64;
        if total > FRAME_BYTES_MAX {
            return Err(too_large(total));
        }
        let mut bytes = Vec::with_capacity(total as usize);
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// Reads a frame back. The error is a short reason; the caller knows file and offset.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let (length, rest) = bytes
            .split_first_chunk::<4>()
            .ok_or("the frame is too short")?;
        let length = u32::from_le_bytes(*length) as usize;
        let (header, mut rest) = rest
            .split_at_checked(length)
            .ok_or("the frame's header is longer than the frame")?;
        let header: Header =
            serde_json::from_slice(header).map_err(|_| "the frame's header is not readable")?;
        let mut batches = Vec::with_capacity(header.batches.len());
        for (table, length) in header.batches {
            let (body, after) = rest
                .split_at_checked(length as usize)
                .ok_or("a batch is longer than the frame")?;
            rest = after;
            let mut reader =
                IpcReader::try_new(body, None).map_err(|_| "a batch's schema is not readable")?;
            let batch = reader
                .next()
                .and_then(|batch| batch.ok())
                .ok_or("a batch is not readable")?;
            batches.push((table, batch));
        }
        let receipt = match header.receipt {
            Some(r) => Some(ReceiptPart {
                key: ReceiptKey::from_hex(r.kind, &r.hash).ok_or("a receipt is not readable")?,
                from: r.from,
                to: r.to,
                last: r.last,
            }),
            None => None,
        };
        Ok(Self {
            source: header.source,
            received: Timestamp::from_microsecond(header.received_us)
                .map_err(|_| "the receipt time is out of range")?,
            receipt,
            counts: header.counts,
            batches,
        })
    }
}

fn too_large(bytes: u64) -> LakeError {
    LakeError::FrameTooLarge {
        bytes,
        limit: FRAME_BYTES_MAX,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame() -> Frame {
        let schema = schema::Catalog::builtin().table("Syslog").unwrap();
        let mut rows = schema::RowsBuilder::new(schema.clone(), true);
        let mut row = schema::Row::new(schema.clone());
        row.set("Computer", "a");
        rows.push(&row);
        Frame {
            source: "s".into(),
            received: Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
            receipt: Some(ReceiptPart {
                key: ReceiptKey::http("s", "k", b"body"),
                from: 0,
                to: 1,
                last: true,
            }),
            counts: FrameCounts {
                records_in: 1,
                rows: 1,
                ..Default::default()
            },
            batches: vec![("Syslog".into(), rows.finish().unwrap())],
        }
    }

    #[test]
    fn a_frame_reads_back_as_it_was() {
        let frame = frame();
        let back = Frame::decode(&frame.encode().unwrap()).unwrap();
        assert_eq!(back.batches, frame.batches);
        assert_eq!(back.receipt, frame.receipt);
        assert_eq!(back.received, frame.received);
        assert_eq!(back.counts, frame.counts);
    }

    proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Frame::decode(&bytes);
        }

        #[test]
        fn a_cut_frame_is_an_error_or_whole(cut in 0usize..2000) {
            let bytes = frame().encode().unwrap();
            let cut = cut.min(bytes.len());
            let _ = Frame::decode(&bytes[..cut]);
        }
    }
}
