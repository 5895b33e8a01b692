//! Cuts a stream into JSON records, whatever they are wrapped in, and survives broken ones.
//!
//! Taken: one object a line, objects after one another with or without blanks, indented objects,
//! arrays of objects, and envelopes such as `{"Records":[...]}`. Memory is bounded by the longest
//! record allowed.
//!
//! A record that is cut off swallows its neighbours when only braces are counted. Three marks
//! bring the reader back, in this order: a raw line break inside a string, or before `{` where
//! JSON allows none (both only in broken JSON); a line that starts with `{`; and `,` followed by
//! `{` and the same first key as the record itself, which is how siblings in an array look.

use serde_json::{Map, Value as Json};

use crate::{DecodeError, Input, Limits};

/// Bytes looked at for an envelope's array before the object counts as a record.
const ENVELOPE_PREFIX_BYTES: usize = 16 << 10;

/// Consumed bytes that are kept before the buffer is moved down.
const COMPACT_BYTES: usize = 256 << 10;

/// One piece of the input.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// A JSON object and its bytes.
    Record {
        map: Map<String, Json>,
        raw: &'a [u8],
    },
    /// Bytes that are no JSON object.
    Broken { reason: String, raw: &'a [u8] },
}

/// Where the reader stands between two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Array { in_envelope: bool },
}

/// How a scan over one value ended; `usize` is the end in the buffer.
enum Extent {
    /// Braces are balanced.
    Closed(usize),
    /// Certainly broken; what follows starts afresh.
    Cut(usize, &'static str),
    /// The input ended.
    Ended(usize),
    /// Longer than a record may be.
    Overlong(usize),
}

pub(crate) struct JsonRecords<'i> {
    input: &'i mut dyn Input,
    envelopes: &'static [&'static str],
    max_record_bytes: usize,
    buf: Vec<u8>,
    pos: usize,
    /// Offset of `buf[0]` in the input.
    base: u64,
    ended: bool,
    failure: Option<std::io::Error>,
    place: Place,
    truncated: Option<&'static str>,
    piece_offset: u64,
    piece_number: u64,
}

impl<'i> JsonRecords<'i> {
    /// Reads `input`; an object whose member named in `envelopes` is an array is taken as the
    /// wrapping of that array's records.
    pub(crate) fn new(
        input: &'i mut dyn Input,
        envelopes: &'static [&'static str],
        limits: &Limits,
    ) -> Self {
        Self {
            input,
            envelopes,
            max_record_bytes: limits.max_record_bytes,
            buf: Vec::new(),
            pos: 0,
            base: 0,
            ended: false,
            failure: None,
            place: Place::Top,
            truncated: None,
            piece_offset: 0,
            piece_number: 0,
        }
    }

    /// Gives the next record or broken piece, `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Piece<'_>> {
        if self.pos >= COMPACT_BYTES || self.pos == self.buf.len() {
            self.base += self.pos as u64;
            self.buf.drain(..self.pos);
            self.pos = 0;
        }
        self.seek_value()?;
        self.piece_offset = self.base + self.pos as u64;
        self.piece_number += 1;
        let start = self.pos;
        if self.buf.get(start) != Some(&b'{') {
            let end = self.scan_other(start);
            self.pos = end;
            let raw = self.raw(start, end);
            return Some(Piece::Broken {
                reason: "not a JSON object".into(),
                raw,
            });
        }
        let (end, reason) = match self.scan_object(start) {
            Extent::Closed(end) => match serde_json::from_slice(self.raw(start, end)) {
                Ok(map) => {
                    self.pos = end;
                    return Some(Piece::Record {
                        map,
                        raw: self.raw(start, end),
                    });
                }
                Err(error) => (self.resync(start, end), error.to_string()),
            },
            Extent::Cut(end, reason) => (self.next_line(start, end), reason.to_owned()),
            Extent::Ended(end) => {
                let resync = self.resync(start, end);
                if resync == end && self.place != Place::Top {
                    self.truncated = Some("it ends inside a record");
                }
                (resync, "the input ends inside the record".to_owned())
            }
            Extent::Overlong(end) => {
                let reason = format!("longer than {} bytes", self.max_record_bytes);
                let resync = self.resync(start, end);
                if resync == end {
                    return Some(self.discard(start, end, reason));
                }
                (resync, reason)
            }
        };
        self.pos = end;
        let raw = self.raw(start, end).trim_ascii_end();
        let raw = raw.strip_suffix(b",").unwrap_or(raw);
        Some(Piece::Broken { reason, raw })
    }

    /// Byte offset and 1-based number of the piece given last.
    pub(crate) fn last_piece(&self) -> (u64, u64) {
        (self.piece_offset, self.piece_number)
    }

    /// What went wrong with the input as a whole, once [`Self::next`] gave `None`.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if let Some(error) = self.failure {
            return Err(DecodeError::Io(error));
        }
        match self.truncated {
            Some(detail) => Err(DecodeError::Truncated {
                detail: detail.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn raw(&self, start: usize, end: usize) -> &[u8] {
        self.buf.get(start..end).unwrap_or_default()
    }

    /// The byte at `at`, reading on when needed.
    fn byte(&mut self, at: usize) -> Option<u8> {
        while at >= self.buf.len() && self.fill() {}
        self.buf.get(at).copied()
    }

    /// Reads some more; false at the end. A read error ends the input and is told at the end.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        match self.input.fill_buf() {
            Ok([]) => self.ended = true,
            Ok(bytes) => {
                let n = bytes.len();
                self.buf.extend_from_slice(bytes);
                self.input.consume(n);
                return true;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return true,
            Err(error) => {
                self.failure = Some(error);
                self.ended = true;
            }
        }
        false
    }

    /// Moves to the first byte of the next value, through blanks, commas and wrappings.
    fn seek_value(&mut self) -> Option<()> {
        loop {
            let Some(byte) = self.byte(self.pos) else {
                if self.place != Place::Top && self.truncated.is_none() {
                    self.truncated = Some("the array of records has no end");
                }
                return None;
            };
            match (self.place, byte) {
                // 0x1e is the record separator of RFC 7464.
                (_, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1e) => self.pos += 1,
                (Place::Top, 0xef) if self.base + (self.pos as u64) == 0 => self.skip_mark(),
                (Place::Top, b'[') => {
                    self.pos += 1;
                    self.place = Place::Array { in_envelope: false };
                }
                (Place::Array { in_envelope }, b']') => {
                    self.pos += 1;
                    self.place = Place::Top;
                    if in_envelope {
                        self.skip_envelope_rest();
                    }
                }
                (Place::Top, b'{') => match self.envelope_array() {
                    Some(at) => {
                        self.pos = at;
                        self.place = Place::Array { in_envelope: true };
                    }
                    None => return Some(()),
                },
                _ => return Some(()),
            }
            self.shed();
        }
    }

    /// Lets go of bytes that were passed over, so that blanks without end take no memory.
    fn shed(&mut self) {
        if self.pos >= COMPACT_BYTES {
            self.base += self.pos as u64;
            self.buf.drain(..self.pos);
            self.pos = 0;
        }
    }

    fn skip_mark(&mut self) {
        let is_mark =
            self.byte(self.pos + 1) == Some(0xbb) && self.byte(self.pos + 2) == Some(0xbf);
        // An 0xef that starts no byte order mark is passed over too: no JSON begins with it.
        self.pos += if is_mark { 3 } else { 1 };
    }

    /// When the object at `pos` is an envelope: the position after its array's `[`. Only scalar
    /// members may stand before the array.
    fn envelope_array(&mut self) -> Option<usize> {
        if self.envelopes.is_empty() {
            return None;
        }
        let limit = self.pos + ENVELOPE_PREFIX_BYTES;
        let mut at = self.pos + 1;
        while at < limit {
            at = self.skip_blanks(at, limit)?;
            let key_end = self.string_end(at, limit)?;
            let is_envelope = self
                .envelopes
                .iter()
                .any(|name| self.raw(at + 1, key_end - 1) == name.as_bytes());
            at = self.skip_blanks(key_end, limit)?;
            if self.byte(at)? != b':' {
                return None;
            }
            at = self.skip_blanks(at + 1, limit)?;
            match self.byte(at)? {
                b'[' if is_envelope => return Some(at + 1),
                b'[' | b'{' => return None,
                b'"' => at = self.string_end(at, limit)?,
                _ => {
                    while at < limit && !matches!(self.byte(at)?, b',' | b'}') {
                        at += 1;
                    }
                }
            }
            at = self.skip_blanks(at, limit)?;
            if self.byte(at)? != b',' {
                return None;
            }
            at += 1;
        }
        None
    }

    fn skip_blanks(&mut self, mut at: usize, limit: usize) -> Option<usize> {
        while at < limit && self.byte(at)?.is_ascii_whitespace() {
            at += 1;
        }
        Some(at)
    }

    /// The position after the string that starts at `at`.
    fn string_end(&mut self, at: usize, limit: usize) -> Option<usize> {
        if self.byte(at)? != b'"' {
            return None;
        }
        let mut at = at + 1;
        while at < limit {
            match self.byte(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        None
    }

    /// After an envelope's array: passes over its remaining members.
    fn skip_envelope_rest(&mut self) {
        let mut depth = 1_u32;
        let mut in_string = false;
        while let Some(byte) = self.byte(self.pos) {
            self.pos += 1;
            match byte {
                b'\\' if in_string => self.pos += 1,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
            if self.pos >= COMPACT_BYTES && self.pos <= self.buf.len() {
                self.shed();
            }
        }
        self.pos = self.pos.min(self.buf.len());
        self.truncated = Some("its outermost object has no end");
    }

    /// The end of something that is no object: a line, or an array element. Bytes beyond the kept
    /// ones are let go.
    fn scan_other(&mut self, start: usize) -> usize {
        let in_array = self.place != Place::Top;
        let mut in_string = false;
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\n' => break,
                b'"' => in_string = !in_string,
                b',' | b']' if in_array && !in_string => break,
                // An element that starts with a stray bracket must still make progress.
                _ => {}
            }
            at += 1;
            if at - start > Limits::OVERLONG_KEPT_BYTES + COMPACT_BYTES {
                let keep = start + Limits::OVERLONG_KEPT_BYTES;
                self.base += (at - keep) as u64;
                self.buf.drain(keep..at);
                at = keep;
            }
        }
        at.max(start + 1).min(self.buf.len())
    }

    fn scan_object(&mut self, start: usize) -> Extent {
        let mut scan = Scan {
            at: start,
            depth: 0,
            in_string: false,
            any_line_starts_anew: false,
        };
        loop {
            if let Some(end) = scan.run(&self.buf, self.ended) {
                return end;
            }
            if self.buf.len() - start > self.max_record_bytes {
                return Extent::Overlong(self.buf.len());
            }
            if !self.fill() && scan.at >= self.buf.len() {
                return Extent::Ended(self.buf.len());
            }
        }
    }

    /// The first line after `start` that begins with `{`, `end` when there is none before it.
    fn next_line(&self, start: usize, end: usize) -> usize {
        let extent = self.raw(start, end);
        memchr::memmem::find(extent, b"\n{").map_or(end, |at| start + at + 1)
    }

    /// Where to read on after the broken record at `start`, `end` when no mark is found.
    fn resync(&self, start: usize, end: usize) -> usize {
        let extent = self.raw(start, end);
        let first_key = first_key(extent);
        let mut from = 1;
        while let Some(found) = memchr::memchr(b'{', extent.get(from..).unwrap_or_default()) {
            let at = from + found;
            let before = &extent[..at];
            let starts_line = before.last() == Some(&b'\n');
            let is_sibling = first_key.is_some_and(|key| {
                extent[at..].starts_with(key) && before.trim_ascii_end().last() == Some(&b',')
            });
            if starts_line || is_sibling {
                return start + at;
            }
            from = at + 1;
        }
        end
    }

    /// Reads an overlong record to its end without keeping it.
    fn discard(&mut self, start: usize, end: usize, reason: String) -> Piece<'_> {
        let keep = start + Limits::OVERLONG_KEPT_BYTES.min(end - start);
        let mut scan = Scan {
            at: start,
            depth: 0,
            in_string: false,
            any_line_starts_anew: true,
        };
        let end = loop {
            match scan.run(&self.buf, self.ended) {
                Some(Extent::Closed(end) | Extent::Cut(end, _)) => break end,
                Some(Extent::Ended(_) | Extent::Overlong(_)) | None => {}
            }
            // `run` stops short of the buffer's end only to see one byte more.
            let seen = scan.at.min(self.buf.len());
            if seen > keep {
                self.base += (seen - keep) as u64;
                self.buf.drain(keep..seen);
                scan.at -= seen - keep;
            }
            if !self.fill() && scan.at >= self.buf.len() {
                break self.buf.len();
            }
        };
        self.pos = end;
        Piece::Broken {
            reason,
            raw: self.raw(start, keep.min(end)),
        }
    }
}

/// `{"key"` of the record, as its siblings are likely to start.
fn first_key(record: &[u8]) -> Option<&[u8]> {
    let head = record.get(..record.len().min(256))?;
    let open = memchr::memchr(b'"', head)?;
    let close = open + 1 + memchr::memchr(b'"', &head[open + 1..])?;
    head[1..open]
        .iter()
        .all(u8::is_ascii_whitespace)
        .then_some(&head[..=close])
}

/// Scanner over one object, resumable when more bytes arrive.
struct Scan {
    at: usize,
    depth: u32,
    in_string: bool,
    /// Whether a line that begins with `{` is a cut even where JSON allows it.
    any_line_starts_anew: bool,
}

impl Scan {
    /// Scans to the end of the object or of `buf`; `None` asks for more bytes.
    fn run(&mut self, buf: &[u8], ended: bool) -> Option<Extent> {
        while self.at < buf.len() {
            if self.in_string {
                let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &buf[self.at..]) else {
                    self.at = buf.len();
                    return None;
                };
                self.at += found;
                match buf[self.at] {
                    b'"' => self.in_string = false,
                    b'\\' => match buf.get(self.at + 1) {
                        None if !ended => return None,
                        // No escape: JSON has none that is a line break.
                        Some(b'\n') => {
                            return Some(Extent::Cut(self.at + 1, "a line break inside a string"));
                        }
                        _ => self.at += 1,
                    },
                    _ => return Some(Extent::Cut(self.at, "a line break inside a string")),
                }
                self.at += 1;
                continue;
            }
            match buf[self.at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(Extent::Closed(self.at + 1));
                    }
                }
                b'\n' => match buf.get(self.at + 1) {
                    None if !ended => return None,
                    Some(b'{')
                        if self.any_line_starts_anew || !may_precede_object(&buf[..self.at]) =>
                    {
                        return Some(Extent::Cut(self.at, "the line ends inside the record"));
                    }
                    _ => {}
                },
                _ => {}
            }
            self.at += 1;
        }
        None
    }
}

/// JSON allows `{` only after these.
fn may_precede_object(before: &[u8]) -> bool {
    matches!(before.trim_ascii_end().last(), Some(b',' | b'[' | b':'))
}

#[cfg(test)]
#[path = "json_records_tests.rs"]
mod tests;
