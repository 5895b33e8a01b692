//! The loop that all JSON sources share: cut, map, position, reject.

use schema::{Event, LogSource, Position, Reject, Row};
use serde_json::{Map, Value as Json};

use crate::json_records::{JsonRecords, Piece};
use crate::source::go_on;
use crate::{DecodeContext, DecodeError, Input, Sink};

/// What a mapping makes of one record; the position is added by the loop.
pub(crate) struct Mapped {
    pub(crate) row: Row,
    pub(crate) time: Option<jiff::Timestamp>,
    pub(crate) native: Map<String, Json>,
    pub(crate) log_source: LogSource,
    /// The vendor's own record number, where there is one.
    pub(crate) record: Option<u64>,
}

impl Mapped {
    pub(crate) fn new(row: Row, native: Map<String, Json>, log_source: LogSource) -> Self {
        Self {
            row,
            time: None,
            native,
            log_source,
            record: None,
        }
    }
}

/// Decodes a JSON input record by record. `map` gives the reason when a record is not its own.
pub(crate) fn decode_json(
    input: &mut dyn Input,
    ctx: &DecodeContext<'_>,
    out: &mut dyn Sink,
    envelopes: &'static [&'static str],
    map: &mut dyn FnMut(Map<String, Json>) -> Result<Mapped, String>,
) -> Result<(), DecodeError> {
    let file = input.name().to_owned();
    let mut records = JsonRecords::new(input, envelopes, &ctx.limits);
    while let Some(piece) = records.next() {
        let (reason, raw) = match piece {
            Piece::Record { map: record, raw } => match map(record) {
                Ok(mapped) => {
                    let (offset, number) = records.last_piece();
                    go_on(out.event(Event {
                        row: mapped.row,
                        time: mapped.time,
                        native: mapped.native,
                        log_source: mapped.log_source,
                        position: Position {
                            file: file.clone(),
                            record: mapped.record.unwrap_or(number),
                            byte_offset: Some(offset),
                        },
                    }))?;
                    continue;
                }
                Err(reason) => (reason, raw.to_vec()),
            },
            Piece::Broken { reason, raw } => (reason, raw.to_vec()),
        };
        let (offset, number) = records.last_piece();
        let position = Position {
            file: file.clone(),
            record: number,
            byte_offset: Some(offset),
        };
        go_on(out.reject(Reject {
            reason,
            raw,
            position,
        }))?;
    }
    records.finish()
}
