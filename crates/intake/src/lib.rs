//! Intake: bytes from files, HTTP requests and the network become durable frames of the lake.
//!
//! [`Intake`] is the one way in: it decodes (crate `sources`), filters, cuts frames and appends
//! them (crate `lake`). Files come through [`Intake::files`], HTTP bodies through
//! [`Intake::request`], syslog through [`syslog`]. A caller is answered only after the frame is
//! durable. Rejected records are stored too, in `IngestRejects_CL`, and can be replayed.
//!
//! Not here: HTTP itself (crate `server`), decoding, and matching: the stream matcher reads the
//! log on its own.

mod assemble;
mod files;
mod filter;
mod reject;
mod replay;
mod report;
mod request;
pub mod syslog;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

pub use files::{FileOptions, FileProgress};
pub use filter::{FilterError, NoFilter, RowFilter};
pub use replay::{ReplayReport, StoredReject};
pub use report::{FileFailure, IngestReport, SourceReport};
pub use request::{RejectedLine, RequestAnswer, RequestOptions};

/// Why nothing, or not everything, could be taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The lake refused; see there. What was acknowledged before stays.
    #[error(transparent)]
    Lake(#[from] lake::LakeError),
    /// No such source, and no table of that name.
    #[error("unknown source `{name}`; known: {known}")]
    UnknownSource {
        /// The name given.
        name: String,
        /// All names.
        known: String,
    },
    /// Neither the content nor the name tells the format.
    #[error("the format is not recognised; name it with --source")]
    Unrecognised,
    /// The idempotency key came with other content less than a day ago.
    #[error("the idempotency key was used for another body; nothing of this one is stored")]
    KeyReused,
    /// An input could not be read.
    #[error(transparent)]
    Open(#[from] sources::OpenError),
    /// Reading or spooling failed.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// Arrow refused a batch, which is a defect here.
    #[error("internal: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The blocking worker ended abnormally, which is a defect here.
    #[error("internal: the decoder stopped: {0}")]
    Worker(String),
}

/// The way in. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    lake: lake::Lake,
    filter: Arc<dyn RowFilter>,
    clock: Arc<dyn lake::Clock>,
    tenant_id: Arc<str>,
    zones: Arc<HashMap<String, TimeZone>>,
}

impl Intake {
    /// Builds the way into `lake`. `tenant_id` fills `TenantId` where a record names none.
    pub fn new(
        lake: lake::Lake,
        filter: Arc<dyn RowFilter>,
        clock: Arc<dyn lake::Clock>,
        tenant_id: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            lake,
            filter,
            clock,
            tenant_id: tenant_id.into(),
            zones: Arc::default(),
        }
    }

    /// Sets the zones of times that name none, by source. A source that is not in it has UTC.
    #[must_use]
    pub fn with_zones(mut self, zones: HashMap<String, TimeZone>) -> Self {
        self.zones = Arc::new(zones);
        self
    }

    /// The zone of a source's times that name none.
    pub(crate) fn zone(&self, source: &str) -> TimeZone {
        self.zones.get(source).cloned().unwrap_or(TimeZone::UTC)
    }

    /// Finds a source by its name; a table's name stands for rows that already have its columns.
    ///
    /// # Errors
    /// [`IntakeError::UnknownSource`].
    pub fn source(
        name: &str,
    ) -> Result<(&'static dyn sources::Source, Option<String>), IntakeError> {
        if let Some(source) = sources::by_name(name) {
            return Ok((source, None));
        }
        let is_table = schema::Catalog::builtin().table(name).is_some() || name.ends_with("_CL");
        match sources::by_name("table_rows") {
            Some(rows) if is_table => Ok((rows, Some(name.to_owned()))),
            _ => Err(IntakeError::UnknownSource {
                name: name.to_owned(),
                known: sources::names(),
            }),
        }
    }
}
