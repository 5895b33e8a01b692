//! Rows as CSV with a header line (RFC 4180), as the portals export them.

use schema::{Event, Position, Reject};
use serde_json::{Map, Value as Json};

use super::Tables;
use crate::head::starts_like_json;
use crate::source::go_on;
use crate::{Confidence, DecodeContext, DecodeError, Input, Limits, Sink};

/// Whether the input, at its start, is CSV and not JSON.
pub(super) fn is_csv(input: &mut dyn Input) -> Result<bool, DecodeError> {
    let head = input.fill_buf()?;
    Ok(!head.is_empty() && !starts_like_json(head) && header(head).is_some())
}

/// The names in the first line, when it looks like a header.
fn header(head: &[u8]) -> Option<Vec<String>> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)).ok()?;
    let names: Vec<String> = line
        .trim()
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect();
    let plain = |name: &String| {
        !name.is_empty()
            && name.len() < 128
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || " _-[].$".contains(c))
    };
    (names.len() >= 2 && names.iter().all(plain)).then_some(names)
}

/// CSV is a table's rows when its header has the table's time.
pub(super) fn sniff(head: &[u8], _: &str) -> Confidence {
    let Some(names) = header(head) else {
        return Confidence::No;
    };
    let times = ["TimeGenerated", "TimeGenerated [UTC]", "Timestamp"];
    if names.iter().any(|name| times.contains(&name.as_str())) {
        Confidence::Likely
    } else {
        Confidence::No
    }
}

/// Decodes line by line. A row with too few or too many fields is a reject. A field that is
/// quoted may hold line breaks.
pub(super) fn decode(
    input: &mut dyn Input,
    ctx: &DecodeContext<'_>,
    out: &mut dyn Sink,
    tables: &mut Tables<'_, '_>,
) -> Result<(), DecodeError> {
    let file = input.name().to_owned();
    let mark = b"\xef\xbb\xbf";
    let marked = input.fill_buf()?.starts_with(mark);
    if marked {
        input.consume(mark.len());
    }
    let mut records = Records {
        input,
        limits: &ctx.limits,
        raw: Vec::new(),
        offset: if marked { mark.len() as u64 } else { 0 },
    };
    if !records.read_record()? {
        return Ok(());
    }
    let names = fields(&records.raw).map_err(|reason| DecodeError::WrongFormat {
        format: "CSV with a header line",
        detail: reason,
    })?;
    let mut number = 0;
    loop {
        let byte_offset = Some(records.offset);
        if !records.read_record()? {
            return Ok(());
        }
        if records.raw.trim_ascii().is_empty() {
            continue;
        }
        number += 1;
        let position = Position {
            file: file.clone(),
            record: number,
            byte_offset,
        };
        let row = if records.raw.len() > ctx.limits.max_record_bytes {
            records.raw.truncate(Limits::OVERLONG_KEPT_BYTES);
            Err(format!("longer than {} bytes", ctx.limits.max_record_bytes))
        } else {
            fields(&records.raw)
        };
        let reason = match row {
            Ok(values) if values.len() == names.len() => {
                let record = names
                    .iter()
                    .cloned()
                    .zip(values.into_iter().map(Json::String))
                    .collect();
                let mapped = tables.map(without_empty(record));
                go_on(out.event(Event {
                    row: mapped.row,
                    time: mapped.time,
                    native: mapped.native,
                    log_source: mapped.log_source,
                    position,
                }))?;
                continue;
            }
            Ok(values) => format!(
                "{} fields where the header has {}",
                values.len(),
                names.len()
            ),
            Err(reason) => reason,
        };
        go_on(out.reject(Reject {
            reason,
            raw: records.raw.clone(),
            position,
        }))?;
    }
}

fn without_empty(record: Map<String, Json>) -> Map<String, Json> {
    record
        .into_iter()
        .filter(|(_, value)| value.as_str() != Some(""))
        .collect()
}

/// The fields of one record.
fn fields(raw: &[u8]) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(raw);
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("empty record".into()),
    }
}

/// Where a reader stands in a record. A quote opens a quoted field at its start only; in the middle
/// of a field it is a character like any other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote in a quoted field: its end, or the first half of a quote that is meant.
    Closing,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) | (Self::FieldStart | Self::Closing, b'"') => Self::Quoted,
            (_, b',') => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}

/// Cuts records at line breaks outside quotes, with a bound on memory.
struct Records<'i> {
    input: &'i mut dyn Input,
    limits: &'i Limits,
    raw: Vec<u8>,
    offset: u64,
}

impl Records<'_> {
    /// Reads the next record into `raw`; false at the end. An overlong one is kept up to a byte
    /// beyond the limit, and ends at the next line break.
    fn read_record(&mut self) -> Result<bool, DecodeError> {
        self.raw.clear();
        let mut place = Place::FieldStart;
        let mut any = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(any);
            }
            any = true;
            let mut end = None;
            for (at, byte) in buffer.iter().enumerate() {
                let is_overlong = self.raw.len() > self.limits.max_record_bytes;
                if *byte == b'\n' && (place != Place::Quoted || is_overlong) {
                    end = Some(at);
                    break;
                }
                place = place.after(*byte);
            }
            let taken = end.unwrap_or(buffer.len());
            let room = (self.limits.max_record_bytes + 1).saturating_sub(self.raw.len());
            self.raw.extend_from_slice(&buffer[..taken.min(room)]);
            let consumed = end.map_or(taken, |end| end + 1);
            self.input.consume(consumed);
            self.offset += consumed as u64;
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}
