//! Lines of text with a bound on their length.

use crate::{Input, Limits};

/// One line.
pub(crate) struct Line<'a> {
    /// Its bytes without the line break; the first 64 KiB when it is overlong.
    pub(crate) bytes: &'a [u8],
    /// It passed the record limit.
    pub(crate) overlong: bool,
    /// Byte offset in the input.
    pub(crate) offset: u64,
    /// 1-based, empty lines included.
    pub(crate) number: u64,
}

/// Reads lines ended by LF or CR LF; the last may have no end. Empty lines are passed over.
pub(crate) struct Lines<'i> {
    input: &'i mut dyn Input,
    limit: usize,
    buf: Vec<u8>,
    offset: u64,
    number: u64,
    failure: Option<std::io::Error>,
}

impl<'i> Lines<'i> {
    pub(crate) fn new(input: &'i mut dyn Input, limits: &Limits) -> Self {
        Self {
            input,
            limit: limits.max_record_bytes,
            buf: Vec::new(),
            offset: 0,
            number: 0,
            failure: None,
        }
    }

    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let start = self.offset;
            let overlong = self.read_line()?;
            self.number += 1;
            if !self.buf.trim_ascii().is_empty() {
                return Some(Line {
                    bytes: &self.buf,
                    overlong,
                    offset: start,
                    number: self.number,
                });
            }
        }
    }

    /// The error that ended the lines, if one did.
    pub(crate) fn finish(self) -> std::io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Reads one line into `buf`; `None` at the end, else whether it was overlong.
    fn read_line(&mut self) -> Option<bool> {
        self.buf.clear();
        let mut overlong = false;
        let mut any = false;
        loop {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failure.get_or_insert(error);
                    &[]
                }
            };
            if bytes.is_empty() {
                return any.then_some(overlong);
            }
            any = true;
            let end = memchr::memchr(b'\n', bytes);
            let taken = end.unwrap_or(bytes.len());
            if !overlong {
                self.buf.extend_from_slice(&bytes[..taken]);
            }
            let consumed = end.map_or(taken, |end| end + 1);
            self.input.consume(consumed);
            self.offset += consumed as u64;
            if self.buf.len() > self.limit && !overlong {
                overlong = true;
                self.buf.truncate(Limits::OVERLONG_KEPT_BYTES);
                self.buf.shrink_to_fit();
            }
            if end.is_some() {
                if self.buf.last() == Some(&b'\r') && !overlong {
                    self.buf.pop();
                }
                return Some(overlong);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedInput;

    #[test]
    fn lines_come_whole_and_overlong_ones_come_short() {
        let text = format!("one\r\n\n{}\nthree", "x".repeat(200_000));
        let mut input = NamedInput::from_bytes("t", text.as_bytes());
        let limits = Limits {
            max_record_bytes: 100_000,
            ..Limits::default()
        };
        let mut lines = Lines::new(&mut input, &limits);
        let mut seen = Vec::new();
        while let Some(line) = lines.next() {
            seen.push((line.bytes.len(), line.overlong, line.number));
        }
        assert_eq!(seen, [(3, false, 1), (65_536, true, 3), (5, false, 4)]);
    }
}
