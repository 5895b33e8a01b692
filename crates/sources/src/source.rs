//! What a source is: its declaration, how it recognises its own format, and how it decodes.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schema::{Catalog, Event, Reject, TableSchema};

use crate::Input;

/// How sure a source is that an input is its own. Ordered: the surest source decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Not this format.
    No,
    /// Could be read, with nothing gained over a more exact source.
    Fallback,
    /// Fields of the format are there.
    Likely,
    /// A signature or a set of fields that no other format has.
    Certain,
}

/// Declaration of a source. Reference pages and `sources list` are made from it.
#[derive(Debug)]
pub struct SourceSpec {
    /// Name on the command line and in URLs, the same as the folder in this crate.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it reads and what is worth knowing of the mapping.
    pub doc: &'static str,
    /// Tables its rows go to. A source that takes any table names the usual ones.
    pub tables: &'static [&'static str],
    /// The vendor's description of the format.
    pub reference: &'static str,
}

/// Bounds that hold against hostile input.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest record in bytes. A longer one becomes a reject that keeps its first 64 KiB.
    pub max_record_bytes: usize,
    /// Most bytes one compressed file may inflate to.
    pub max_inflated_bytes: u64,
    /// Most bytes out per byte in, looked at once more than [`Limits::RATIO_FREE_BYTES`] are out.
    pub max_ratio: u64,
}

impl Limits {
    /// Inflated bytes below which the ratio is not looked at: small files of repeated lines
    /// compress beyond any bound and harm nobody.
    pub const RATIO_FREE_BYTES: u64 = 64 << 20;

    /// Bytes kept of a record that is longer than `max_record_bytes`.
    pub const OVERLONG_KEPT_BYTES: usize = 64 << 10;
}

impl Default for Limits {
    /// 16 MiB a record, 64 GiB a file, a ratio of 400 (text logs reach about 100).
    fn default() -> Self {
        Self {
            max_record_bytes: 16 << 20,
            max_inflated_bytes: 64 << 30,
            max_ratio: 400,
        }
    }
}

/// What a decoder is told about its surroundings.
#[derive(Debug, Clone)]
pub struct DecodeContext<'a> {
    /// When the input was received; the year of an RFC 3164 time is chosen next to it.
    pub received: Timestamp,
    /// Zone of times that name none. Windows, AWS and Azure formats always name theirs.
    pub zone: TimeZone,
    /// Bounds.
    pub limits: Limits,
    /// Table the caller asks for; only sources that take any table look at it.
    pub table: Option<String>,
    /// Known tables.
    pub catalog: &'a Catalog,
}

impl DecodeContext<'static> {
    /// Built-in tables, default limits, UTC.
    pub fn new(received: Timestamp) -> Self {
        Self {
            received,
            zone: TimeZone::UTC,
            limits: Limits::default(),
            table: None,
            catalog: Catalog::builtin(),
        }
    }
}

impl DecodeContext<'_> {
    /// The schema of a table; one that nobody knows gets the standard columns only, so that its
    /// fields are kept in `AdditionalFields`.
    pub fn table_schema(&self, name: &str) -> Arc<TableSchema> {
        self.catalog
            .table(name)
            .or_else(|| Catalog::builtin().table(name))
            .map(Arc::clone)
            .unwrap_or_else(|| Arc::new(TableSchema::new(name, Vec::new()).with_standard_columns()))
    }
}

/// Takes what a decoder makes. `Break` ends the decoding with [`DecodeError::Stopped`].
pub trait Sink {
    /// Takes one event.
    fn event(&mut self, event: Event) -> ControlFlow<()>;
    /// Takes one record that could not be decoded.
    fn reject(&mut self, reject: Reject) -> ControlFlow<()>;
}

/// A sink that keeps everything, for tests and for small requests.
#[derive(Debug, Default)]
pub struct Collected {
    /// Events in input order.
    pub events: Vec<Event>,
    /// Rejects in input order.
    pub rejects: Vec<Reject>,
}

impl Sink for Collected {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        self.events.push(event);
        ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        self.rejects.push(reject);
        ControlFlow::Continue(())
    }
}

/// Why an input was not read to its end. What came before it has reached the sink.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Reading failed; also an archive that is damaged or inflates beyond its limits.
    #[error("cannot read on: {0}")]
    Io(#[from] io::Error),
    /// The input ends too early.
    #[error("the input is cut off: {detail}")]
    Truncated {
        /// Where, and what was missing.
        detail: String,
    },
    /// Part of the input is damaged; the rest was read.
    #[error("part of the input is damaged: {detail}")]
    Damaged {
        /// Which part.
        detail: String,
    },
    /// The input is not in the source's format at all.
    #[error("not {format}: {detail}")]
    WrongFormat {
        /// What was expected.
        format: &'static str,
        /// What was found.
        detail: String,
    },
    /// The sink asked to stop.
    #[error("stopped by the reader")]
    Stopped,
}

/// A log source: decoder and mapping.
pub trait Source: Sync {
    /// The declaration.
    fn spec(&self) -> &'static SourceSpec;

    /// Tells from the first bytes (up to [`crate::HEAD_BYTES`]) and the name whether the input is
    /// in this format. Must not panic on any bytes.
    fn sniff(&self, head: &[u8], file_name: &str) -> Confidence;

    /// Reads the whole input. Each record gives one call of [`Sink::event`] or [`Sink::reject`].
    ///
    /// # Errors
    /// [`DecodeError`] when the input could not be read to its end.
    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError>;
}

/// Turns the sink's answer into the decoder's result.
pub(crate) fn go_on(flow: ControlFlow<()>) -> Result<(), DecodeError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DecodeError::Stopped),
    }
}
