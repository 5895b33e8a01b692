//! What the lake remembers about its inputs beside their rows: receipts (so that the same input
//! is stored once), counts per source, and rows and bytes per table and day.
//!
//! All of it is a fold over the log's frames. The saved document holds the fold up to a position;
//! opening reads it and folds the frames above. It is saved before log segments are trimmed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::durable::{read_document, write_document};
use crate::error::{LakeError, Result};
use crate::frame::{FrameCounts, ReceiptKey, ReceiptKind, ReceiptPart};
use crate::wal::Refusal;

/// Newest ledger format this version writes and reads.
const LEDGER_FORMAT: u32 = 1;
/// Days of usage kept.
const USAGE_DAYS: i64 = 400;

/// What is stored of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Records stored, from the first one on.
    pub records_done: u64,
    /// Whether the input was stored to its end.
    pub complete: bool,
    /// When its first frame was received.
    pub received: Timestamp,
    /// Counts over all its frames.
    pub counts: FrameCounts,
    /// Log position of its latest frame.
    pub position: u64,
}

/// Rows of one table that came from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStats {
    /// The source.
    pub source: String,
    /// The table.
    pub table: String,
    /// Rows stored so far (expired ones count).
    pub rows: u64,
    /// Their size in memory, bytes.
    pub bytes: u64,
    /// Receipt of the latest.
    pub last_received: Timestamp,
    /// Latest event time.
    pub last_event: Option<Timestamp>,
}

/// What became of the records of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCounts {
    /// The source.
    pub source: String,
    /// Counts so far.
    pub counts: FrameCounts,
    /// Receipt of the latest frame.
    pub last_received: Timestamp,
}

/// Rows and bytes received by one table on one UTC day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The table.
    pub table: String,
    /// The day of receipt.
    pub day: jiff::civil::Date,
    /// Rows.
    pub rows: u64,
    /// Bytes the rows take in memory: comparable between tables, not the wire's or the disk's.
    pub bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredReceipt {
    kind: ReceiptKind,
    hash: String,
    done: u64,
    complete: bool,
    received_us: i64,
    counts: FrameCounts,
    position: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tally {
    rows: u64,
    bytes: u64,
    received_us: i64,
    event_us: Option<i64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Intake {
    counts: FrameCounts,
    received_us: i64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    position: u64,
    receipts: Vec<StoredReceipt>,
    tallies: Vec<(String, String, Tally)>,
    intake: Vec<(String, Intake)>,
    usage: Vec<(String, i64, u64, u64)>,
}

/// A ledger on its way to disk.
pub(crate) struct LedgerCopy(Stored);

impl LedgerCopy {
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        write_document(path, LEDGER_FORMAT, &self.0)
    }
}

/// A table's part of a frame, as the ledger counts it.
#[derive(Debug, Clone)]
pub(crate) struct TableShare {
    pub(crate) table: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) event_max_us: Option<i64>,
}

/// A frame, as the ledger counts it.
#[derive(Debug, Clone)]
pub(crate) struct FrameShare {
    pub(crate) source: String,
    pub(crate) received: Timestamp,
    pub(crate) receipt: Option<ReceiptPart>,
    pub(crate) counts: FrameCounts,
    pub(crate) tables: Vec<TableShare>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Position of the last frame counted.
    pub(crate) position: u64,
    receipts: BTreeMap<ReceiptKey, Receipt>,
    /// Records admitted to the log but not yet synced, per input.
    admitted: BTreeMap<ReceiptKey, u64>,
    tallies: BTreeMap<(String, String), Tally>,
    intake: BTreeMap<String, Intake>,
    usage: BTreeMap<(String, i64), (u64, u64)>,
    http_receipts: Duration,
}

impl Ledger {
    pub(crate) fn load(path: &Path, http_receipts: Duration) -> Result<Self> {
        let mut ledger = Self {
            http_receipts,
            ..Self::default()
        };
        let Some(stored) = read_document::<Stored>(path, LEDGER_FORMAT)? else {
            return Ok(ledger);
        };
        ledger.position = stored.position;
        for receipt in stored.receipts {
            let unreadable = || LakeError::Corrupt {
                file: path.to_owned(),
                offset: 0,
                reason: "a receipt is not readable",
            };
            let key = ReceiptKey::from_hex(receipt.kind, &receipt.hash).ok_or_else(unreadable)?;
            let received =
                Timestamp::from_microsecond(receipt.received_us).map_err(|_| unreadable())?;
            ledger.receipts.insert(
                key,
                Receipt {
                    records_done: receipt.done,
                    complete: receipt.complete,
                    received,
                    counts: receipt.counts,
                    position: receipt.position,
                },
            );
        }
        ledger.tallies = stored
            .tallies
            .into_iter()
            .map(|(s, t, tally)| ((s, t), tally))
            .collect();
        ledger.intake = stored.intake.into_iter().collect();
        ledger.usage = stored
            .usage
            .into_iter()
            .map(|(t, d, r, b)| ((t, d), (r, b)))
            .collect();
        Ok(ledger)
    }

    /// What is to be saved, without what has expired at `now`. Taken under the ledger's lock;
    /// written without it, so that appends do not wait for the disk.
    pub(crate) fn copy_for_saving(&mut self, now: Timestamp) -> LedgerCopy {
        let keep = self.http_receipts;
        self.receipts
            .retain(|key, receipt| !expired(key, receipt, now, keep));
        let oldest = day_of(now) - USAGE_DAYS;
        self.usage.retain(|(_, day), _| *day >= oldest);
        LedgerCopy(Stored {
            position: self.position,
            receipts: self
                .receipts
                .iter()
                .map(|(key, receipt)| StoredReceipt {
                    kind: key.kind,
                    hash: key.hex(),
                    done: receipt.records_done,
                    complete: receipt.complete,
                    received_us: receipt.received.as_microsecond(),
                    counts: receipt.counts,
                    position: receipt.position,
                })
                .collect(),
            tallies: self
                .tallies
                .iter()
                .map(|((s, t), tally)| (s.clone(), t.clone(), tally.clone()))
                .collect(),
            intake: self
                .intake
                .iter()
                .map(|(s, i)| (s.clone(), i.clone()))
                .collect(),
            usage: self
                .usage
                .iter()
                .map(|((t, d), (r, b))| (t.clone(), *d, *r, *b))
                .collect(),
        })
    }

    /// Looks an input up; an HTTP receipt past its time is none.
    pub(crate) fn receipt(&self, key: &ReceiptKey, now: Timestamp) -> Option<&Receipt> {
        self.receipts
            .get(key)
            .filter(|receipt| !expired(key, receipt, now, self.http_receipts))
    }

    /// Whether the source and idempotency key of an HTTP request came with another body.
    pub(crate) fn other_body(&self, key: &ReceiptKey, now: Timestamp) -> bool {
        let stored = |(other, receipt): (&ReceiptKey, &Receipt)| {
            other != key && !expired(other, receipt, now, self.http_receipts)
        };
        let same_name = key.same_name();
        key.kind == ReceiptKind::Http
            && (self.receipts.range(same_name.clone()).any(stored)
                || self
                    .admitted
                    .range(same_name)
                    .any(|(other, _)| other != key))
    }

    /// Whether a part of an input is the next one wanted; if so it counts as done from here on.
    pub(crate) fn admit(&mut self, part: &ReceiptPart, now: Timestamp) -> Result<(), Refusal> {
        let stored = self.receipt(&part.key, now);
        let done = match (self.admitted.get(&part.key), stored) {
            (Some(admitted), _) => *admitted,
            (None, Some(receipt)) => receipt.records_done,
            (None, None) => 0,
        };
        let complete = stored.is_some_and(|receipt| receipt.complete);
        // An empty input (`0..0`) is done only when a receipt says so.
        let seen = complete || (part.to <= done && part.from < part.to);
        if seen {
            return Err(Refusal::Done);
        }
        if self.other_body(&part.key, now) {
            return Err(Refusal::OtherBody);
        }
        if part.from != done {
            return Err(Refusal::Gap(done));
        }
        self.admitted.insert(part.key, part.to);
        Ok(())
    }

    pub(crate) fn retract(&mut self, part: &ReceiptPart) {
        self.admitted.remove(&part.key);
    }

    /// Counts a frame that is durable at `position`.
    pub(crate) fn apply(&mut self, position: u64, frame: &FrameShare, now: Timestamp) {
        self.position = position;
        let received_us = frame.received.as_microsecond();
        if let Some(part) = &frame.receipt {
            if self.admitted.get(&part.key) == Some(&part.to) {
                self.admitted.remove(&part.key);
            }
            if self.receipt(&part.key, now).is_none() {
                self.receipts.remove(&part.key);
            }
            let receipt = self.receipts.entry(part.key).or_insert(Receipt {
                records_done: 0,
                complete: false,
                received: frame.received,
                counts: FrameCounts::default(),
                position,
            });
            receipt.records_done = part.to;
            receipt.complete |= part.last;
            receipt.counts += frame.counts;
            receipt.position = position;
        }
        let intake = self.intake.entry(frame.source.clone()).or_default();
        intake.counts += frame.counts;
        intake.received_us = intake.received_us.max(received_us);
        for share in &frame.tables {
            let key = (frame.source.clone(), share.table.clone());
            let tally = self.tallies.entry(key).or_default();
            tally.rows += share.rows;
            tally.bytes += share.bytes;
            tally.received_us = tally.received_us.max(received_us);
            tally.event_us = tally.event_us.max(share.event_max_us);
            let day = day_of(frame.received);
            let usage = self.usage.entry((share.table.clone(), day)).or_default();
            usage.0 += share.rows;
            usage.1 += share.bytes;
        }
    }

    pub(crate) fn source_stats(&self) -> Vec<SourceStats> {
        self.tallies
            .iter()
            .map(|((source, table), tally)| SourceStats {
                source: source.clone(),
                table: table.clone(),
                rows: tally.rows,
                bytes: tally.bytes,
                last_received: instant(tally.received_us),
                last_event: tally.event_us.map(instant),
            })
            .collect()
    }

    pub(crate) fn source_counts(&self) -> Vec<SourceCounts> {
        self.intake
            .iter()
            .map(|(source, intake)| SourceCounts {
                source: source.clone(),
                counts: intake.counts,
                last_received: instant(intake.received_us),
            })
            .collect()
    }

    pub(crate) fn usage(&self) -> Vec<Usage> {
        self.usage
            .iter()
            .map(|((table, day), (rows, bytes))| Usage {
                table: table.clone(),
                day: date(*day),
                rows: *rows,
                bytes: *bytes,
            })
            .collect()
    }
}

fn expired(key: &ReceiptKey, receipt: &Receipt, now: Timestamp, keep: Duration) -> bool {
    key.kind == ReceiptKind::Http
        && now.duration_since(receipt.received)
            > SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX)
}

/// Days from 1970-01-01 to the UTC day of an instant.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

fn date(day: i64) -> jiff::civil::Date {
    instant(day.saturating_mul(86_400_000_000))
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

/// An instant from microseconds; one out of range is the nearest there is.
pub(crate) fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(if us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
