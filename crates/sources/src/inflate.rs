//! Decompression with bounds: gzip and zstd streams that can not outgrow [`Limits`].

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use crate::Limits;

/// Why a compressed stream was given up.
#[derive(Debug, thiserror::Error)]
enum InflateError {
    #[error("it inflates to more than the limit of {limit} bytes")]
    Size { limit: u64 },
    #[error("it inflates more than {limit} times (a decompression bomb?); {out} bytes were read")]
    Ratio { limit: u64, out: u64 },
}

/// Compression told from the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// Looks at the magic numbers (RFC 1952 §2.3.1, RFC 8878 §3.1.1).
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Counts the compressed bytes that were taken.
struct Counted<R> {
    reader: R,
    taken: Rc<Cell<u64>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.taken.set(self.taken.get() + n as u64);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken.set(self.taken.get() + amount as u64);
        self.reader.consume(amount);
    }
}

/// Inflated bytes, refused beyond the limits.
pub(crate) struct Inflated<'a> {
    reader: Box<dyn Read + 'a>,
    taken: Rc<Cell<u64>>,
    out: u64,
    limits: Limits,
}

impl<'a> Inflated<'a> {
    /// Reads a gzip stream (all its members) or a zstd stream (all its frames).
    pub(crate) fn new(
        reader: impl BufRead + 'a,
        compression: Compression,
        limits: &Limits,
    ) -> io::Result<Self> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted {
            reader,
            taken: Rc::clone(&taken),
        };
        let reader: Box<dyn Read + 'a> = match compression {
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(counted)),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(counted)?;
                // 2^27 bytes (128 MiB) is zstd's own default bound on memory; said here so that
                // no later default widens it.
                decoder.window_log_max(27)?;
                Box::new(decoder)
            }
        };
        Ok(Self {
            reader,
            taken,
            out: 0,
            limits: limits.clone(),
        })
    }

    /// Bounds a stream that another crate inflates (members of a zip archive).
    pub(crate) fn bounded(reader: impl Read + 'a, compressed_bytes: u64, limits: &Limits) -> Self {
        Self {
            reader: Box::new(reader),
            taken: Rc::new(Cell::new(compressed_bytes)),
            out: 0,
            limits: limits.clone(),
        }
    }
}

impl Read for Inflated<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.out += n as u64;
        let limits = &self.limits;
        if self.out > limits.max_inflated_bytes {
            let limit = limits.max_inflated_bytes;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                InflateError::Size { limit },
            ));
        }
        let allowed = self.taken.get().saturating_mul(limits.max_ratio);
        if self.out > Limits::RATIO_FREE_BYTES && self.out > allowed {
            let error = InflateError::Ratio {
                limit: limits.max_ratio,
                out: self.out,
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(n)
    }
}
