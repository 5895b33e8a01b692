//! Windows event log files (`.evtx`; reference: MS-EVEN6 §2.2.17, BinXml).
//!
//! The file is read chunk by chunk (64 KiB each) as a stream, so that compressed files and
//! standard input work and memory does not grow with the file. The header's counters are not
//! trusted: logs of a crashed machine are ahead of them.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;

use evtx::err::EvtxError;
use evtx::{EvtxChunkData, ParserSettings};
use schema::{Event, Position, Reject};

use crate::source::go_on;
use crate::windows::{map, record_from_xml};
use crate::{Confidence, DecodeContext, DecodeError, Input, Sink, Source, SourceSpec};

const MAGIC: &[u8; 8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";
const RECORD_MAGIC: [u8; 4] = [0x2a, 0x2a, 0, 0];
const HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65_536;
const CHUNK_HEADER_BYTES: usize = 512;

static SPEC: SourceSpec = SourceSpec {
    name: "windows_evtx",
    title: "Windows event logs (EVTX)",
    doc: "Files of the Windows event log. Security goes to SecurityEvent, every other channel, \
          Sysmon included, to Event with EventData as XML text. A truncated file gives all records \
          that are whole and one error; a damaged record is a reject and its neighbours go on.",
    tables: &["SecurityEvent", "Event"],
    reference: "MS-EVEN6 section 2.2.17; Windows event schema",
};

/// The source.
pub(crate) struct WindowsEvtx;

impl Source for WindowsEvtx {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], _: &str) -> Confidence {
        if head.starts_with(MAGIC) {
            Confidence::Certain
        } else {
            Confidence::No
        }
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        let file = input.name().to_owned();
        let (header, failure) = read_up_to(input, HEADER_BYTES);
        if !header.starts_with(MAGIC) {
            return Err(match failure {
                Some(error) => error.into(),
                None => DecodeError::WrongFormat {
                    format: "an EVTX file",
                    detail: "it does not start with `ElfFile`".into(),
                },
            });
        }
        let mut reader = ChunkReader {
            file,
            settings: Arc::new(ParserSettings::new().indent(false).num_threads(1)),
            ctx,
            out,
            damaged: Vec::new(),
            number: 0,
        };
        if header.len() < HEADER_BYTES {
            return Err(
                failure.map_or_else(|| cut_off("inside the file header"), DecodeError::from)
            );
        }
        let declared = header.get(42..44).map_or(0, |count| {
            u64::from(u16::from_le_bytes([count[0], count[1]]))
        });
        reader.read_all(input, declared)
    }
}

fn cut_off(place: &str) -> DecodeError {
    DecodeError::Truncated {
        detail: format!("it ends {place}"),
    }
}

/// Reads `wanted` bytes, or fewer when the input ends or breaks.
fn read_up_to(input: &mut dyn Input, wanted: usize) -> (Vec<u8>, Option<std::io::Error>) {
    let mut bytes = Vec::with_capacity(wanted);
    let failure = input.take(wanted as u64).read_to_end(&mut bytes).err();
    (bytes, failure)
}

struct ChunkReader<'a, 'c> {
    file: String,
    settings: Arc<ParserSettings>,
    ctx: &'a DecodeContext<'c>,
    out: &'a mut dyn Sink,
    /// Chunks that could not be read, for the error at the end.
    damaged: Vec<String>,
    /// Number of the chunk at hand.
    number: u64,
}

impl ChunkReader<'_, '_> {
    /// Reads chunk after chunk. `declared` is the header's count of chunks: fewer are a cut, more
    /// are what a log that was not closed has.
    fn read_all(&mut self, input: &mut dyn Input, declared: u64) -> Result<(), DecodeError> {
        loop {
            let (mut bytes, failure) = read_up_to(input, CHUNK_BYTES);
            let read = bytes.len();
            if read < CHUNK_BYTES {
                let mut whole = 0;
                if read > CHUNK_HEADER_BYTES {
                    // Records before the cut are whole: the rest counts as free space.
                    whole = whole_records_end(&bytes);
                    bytes.truncate(whole);
                    bytes.resize(CHUNK_BYTES, 0);
                    self.chunk(bytes, Some(whole))?;
                }
                return match failure {
                    Some(error) => Err(error.into()),
                    None if read == 0 && self.number < declared => Err(DecodeError::Truncated {
                        detail: format!("it ends after {} of {declared} chunks", self.number),
                    }),
                    None if read == 0 => self.damage(),
                    None => Err(DecodeError::Truncated {
                        detail: format!(
                            "it ends {read} bytes into chunk {} of 65536; records up to byte {whole} of the chunk were read",
                            self.number
                        ),
                    }),
                };
            }
            if bytes.iter().any(|byte| *byte != 0) {
                self.chunk(bytes, None)?;
            }
            self.number += 1;
        }
    }

    fn damage(&mut self) -> Result<(), DecodeError> {
        if self.damaged.is_empty() {
            return Ok(());
        }
        Err(DecodeError::Damaged {
            detail: self.damaged.join("; "),
        })
    }

    fn offset(&self) -> u64 {
        HEADER_BYTES as u64 + self.number * CHUNK_BYTES as u64
    }

    /// Reads the records of one chunk; with `limit`, those that end before it.
    fn chunk(&mut self, bytes: Vec<u8>, limit: Option<usize>) -> Result<(), DecodeError> {
        if !bytes.starts_with(CHUNK_MAGIC) {
            // Unused space is all zeros, which the caller passes over.
            self.note(format!("chunk {} has no chunk header", self.number));
            return Ok(());
        }
        let mut data = match EvtxChunkData::new(bytes, false) {
            Ok(data) => data,
            Err(error) => {
                self.note(format!("chunk {}: {}", self.number, causes(&error)));
                return Ok(());
            }
        };
        data.number = Some(self.number);
        if let Some(limit) = limit {
            data.header.free_space_offset = data.header.free_space_offset.min(limit as u32);
        }
        let mut chunk = match data.parse(Arc::clone(&self.settings)) {
            Ok(chunk) => chunk,
            Err(error) => {
                self.note(format!("chunk {}: {}", self.number, causes(&error)));
                return Ok(());
            }
        };
        let raw: &[u8] = chunk.data;
        for record in chunk.iter() {
            match record {
                Ok(record) => {
                    let at = record.binxml_offset.saturating_sub(24);
                    let id = record.event_record_id;
                    match record.into_xml() {
                        Ok(rendered) => {
                            self.record(&rendered.data, id, rendered.timestamp, at, raw)?
                        }
                        Err(error) => self.broken(&error, Some(id), Some(at), raw)?,
                    }
                }
                Err(error) => {
                    let (id, at) = place_of(&error);
                    // The search for the next record behind a cut finds none, and says so.
                    if limit.is_some_and(|limit| at.is_some_and(|at| at >= limit as u64)) {
                        continue;
                    }
                    let at = at.or_else(|| id.and_then(|id| find_record(raw, id)));
                    self.broken(&error, id, at, raw)?;
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, what: String) {
        const MAX_NOTES: usize = 8;
        if self.damaged.len() < MAX_NOTES {
            self.damaged.push(what);
        }
    }

    fn record(
        &mut self,
        xml: &str,
        id: u64,
        written: jiff::Timestamp,
        at: u64,
        raw: &[u8],
    ) -> Result<(), DecodeError> {
        let position = Position {
            file: self.file.clone(),
            record: id,
            byte_offset: Some(self.offset() + at),
        };
        let mut record = match record_from_xml(xml) {
            Ok(record) => record,
            Err(reason) => {
                let raw = record_bytes(raw, at).to_vec();
                return go_on(self.out.reject(Reject {
                    reason,
                    raw,
                    position,
                }));
            }
        };
        record.time = record.time.or(Some(written));
        record.record_id = record.record_id.or(Some(id));
        let mapped = map(record, self.ctx);
        go_on(self.out.event(Event {
            row: mapped.row,
            time: mapped.time,
            native: mapped.native,
            log_source: mapped.log_source,
            position,
        }))
    }

    fn broken(
        &mut self,
        error: &EvtxError,
        id: Option<u64>,
        at: Option<u64>,
        raw: &[u8],
    ) -> Result<(), DecodeError> {
        go_on(self.out.reject(Reject {
            reason: causes(error),
            raw: at.map_or_else(Vec::new, |at| record_bytes(raw, at).to_vec()),
            position: Position {
                file: self.file.clone(),
                record: id.unwrap_or_default(),
                byte_offset: at.map(|at| self.offset() + at),
            },
        }))
    }
}

/// The error with its causes, outermost first.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// The record id, or else the offset in the chunk, that an error names.
fn place_of(error: &EvtxError) -> (Option<u64>, Option<u64>) {
    match error {
        EvtxError::FailedToParseRecord { record_id, .. } => (Some(*record_id), None),
        EvtxError::FailedToReadRecordAt { offset, .. } => (None, Some(*offset)),
        _ => (None, None),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

/// The bytes of the record at an offset, by its own size where that makes sense.
fn record_bytes(chunk: &[u8], at: u64) -> &[u8] {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(chunk.len());
    let size = u32_at(chunk, at + 4).unwrap_or_default() as usize;
    let rest = &chunk[at..];
    if rest.starts_with(&RECORD_MAGIC) && (28..=rest.len()).contains(&size) {
        return &rest[..size];
    }
    // No header: up to the next record.
    let next = memchr::memmem::find(rest.get(1..).unwrap_or_default(), &RECORD_MAGIC);
    &rest[..next.map_or(rest.len().min(4096), |next| next + 1)]
}

/// Offset of the record with this id.
fn find_record(chunk: &[u8], id: u64) -> Option<u64> {
    memchr::memmem::find_iter(chunk, &RECORD_MAGIC)
        .find(|at| chunk.get(at + 8..at + 16) == Some(&id.to_le_bytes()))
        .map(|at| at as u64)
}

/// End of the last record that lies wholly within the bytes of a chunk that was cut.
fn whole_records_end(chunk: &[u8]) -> usize {
    let mut at = CHUNK_HEADER_BYTES;
    while chunk.get(at..at + 4) == Some(&RECORD_MAGIC) {
        match u32_at(chunk, at + 4).map(|size| size as usize) {
            Some(size) if size >= 28 && size <= chunk.len() - at => at += size,
            _ => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Collected, NamedInput};
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> (Collected, Result<(), DecodeError>) {
        let mut out = Collected::default();
        let mut input = NamedInput::from_bytes("t.evtx", bytes);
        let ctx = DecodeContext::new(jiff::Timestamp::UNIX_EPOCH);
        let result = WindowsEvtx.decode(&mut input, &ctx, &mut out);
        (out, result)
    }

    #[test]
    fn what_is_no_evtx_is_refused() {
        assert!(matches!(
            decode(b"PK").1,
            Err(DecodeError::WrongFormat { .. })
        ));
        assert!(matches!(
            decode(MAGIC).1,
            Err(DecodeError::Truncated { .. })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_chunk_ends(body in proptest::collection::vec(any::<u8>(), 0..4000)) {
            let mut bytes = MAGIC.to_vec();
            bytes.resize(HEADER_BYTES, 0);
            bytes.extend_from_slice(CHUNK_MAGIC);
            bytes.extend_from_slice(&body);
            let _ = decode(&bytes);
            bytes.resize(HEADER_BYTES + CHUNK_BYTES, 0);
            let _ = decode(&bytes);
        }
    }
}
