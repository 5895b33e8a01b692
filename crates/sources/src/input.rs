//! An input: a name and a stream of decompressed bytes.

use std::io::{self, BufRead, Cursor, Read};

/// Bytes to decode, in order, with the name shown in errors and evidence.
pub trait Input: BufRead {
    /// File name, `archive!member` inside archives, or what the caller calls it.
    fn name(&self) -> &str;
}

/// Any buffered reader with a name.
pub struct NamedInput<R> {
    name: String,
    reader: R,
}

impl<R: BufRead> NamedInput<R> {
    /// Names a reader.
    pub fn new(name: impl Into<String>, reader: R) -> Self {
        Self {
            name: name.into(),
            reader,
        }
    }
}

impl<'a> NamedInput<Cursor<&'a [u8]>> {
    /// An input over bytes in memory.
    pub fn from_bytes(name: impl Into<String>, bytes: &'a [u8]) -> Self {
        Self::new(name, Cursor::new(bytes))
    }
}

impl<R: BufRead> Read for NamedInput<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

impl<R: BufRead> BufRead for NamedInput<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

impl<R: BufRead> Input for NamedInput<R> {
    fn name(&self) -> &str {
        &self.name
    }
}
