//! One HTTP body: all of it durable in one frame, or none.

use std::io::Cursor;
use std::ops::ControlFlow;

use lake::{Appended, Frame, FrameCounts, ReceiptKey};
use schema::{Catalog, Event, Reject};
use serde::{Deserialize, Serialize};
use sources::{DecodeContext, DecodeError, Limits, NamedInput, Sink};

use crate::assemble::{Assembler, InputFacts};
use crate::{Intake, IntakeError};

/// How to read a body.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// Source name, or a table's.
    pub source: String,
    /// Makes a retry harmless.
    pub idempotency_key: Option<String>,
    /// Unique to this request; record ids derive from it when there is no idempotency key.
    pub nonce: [u8; 16],
}

/// A record that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedLine {
    /// Record number in the body, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Answer to a request, given when its rows are durable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnswer {
    /// Rows stored.
    pub accepted: u64,
    /// Records stored by an earlier request with the same key and body.
    pub duplicates: u64,
    /// Records dropped by the source's filter.
    pub filtered: u64,
    /// Records that could not be decoded; they are stored as rejects. At most 100 are listed.
    pub rejected: Vec<RejectedLine>,
}

const LISTED_REJECTS: usize = 100;

impl Intake {
    /// Stores the records of one body.
    ///
    /// # Errors
    /// When the source is unknown, the idempotency key was used for other content, or the lake
    /// refuses; then nothing of the body is stored.
    pub async fn request(
        &self,
        body: Vec<u8>,
        options: RequestOptions,
    ) -> Result<RequestAnswer, IntakeError> {
        let (source, table) = Self::source(&options.source)?;
        let source_name = source.spec().name;
        let receipt = options
            .idempotency_key
            .as_deref()
            .map(|key| ReceiptKey::http(source_name, key, &body));
        if let Some(earlier) = receipt.and_then(|key| self.lake.receipt(&key))
            && earlier.complete
        {
            return Ok(repeated(earlier.counts));
        }
        if receipt.is_some_and(|key| self.lake.other_body(&key)) {
            return Err(IntakeError::KeyReused);
        }
        let facts = InputFacts {
            source: source_name,
            tenant_id: self.tenant_id.clone(),
            received: self.clock.now(),
            hash: match receipt {
                Some(key) => key.hash,
                None => *blake3::hash(&[&options.nonce[..], &body].concat()).as_bytes(),
            },
            receipt,
            already_stored: 0,
        };
        let intake = self.clone();
        let (frame, rejected) =
            tokio::task::spawn_blocking(move || intake.one_frame(source, table, body, facts))
                .await
                .map_err(|error| IntakeError::Worker(error.to_string()))??;
        let counts = frame.counts;
        match self.lake.append(frame).await {
            Ok(Appended::AlreadyDone(earlier)) => Ok(repeated(earlier.counts)),
            Ok(Appended::Stored { .. }) => Ok(RequestAnswer {
                accepted: counts.rows,
                duplicates: 0,
                filtered: counts.filtered,
                rejected,
            }),
            // The other body came while this one was read.
            Err(lake::LakeError::KeyReused) => Err(IntakeError::KeyReused),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn one_frame(
        &self,
        source: &'static dyn sources::Source,
        table: Option<String>,
        body: Vec<u8>,
        facts: InputFacts,
    ) -> Result<(Frame, Vec<RejectedLine>), IntakeError> {
        let ctx = DecodeContext {
            received: facts.received,
            zone: self.zone(facts.source),
            limits: Limits::default(),
            table,
            catalog: Catalog::builtin(),
        };
        let mut frame = None;
        let mut emit = |full: Frame| {
            frame = Some(full);
            ControlFlow::Continue(())
        };
        let assembler = Assembler::new(facts, self.filter.as_ref(), false, &mut emit);
        let mut sink = Listing {
            inner: assembler,
            seen: 0,
            rejected: Vec::new(),
        };
        let bytes = body.len() as u64;
        let mut input = NamedInput::new("request", Cursor::new(&body));
        if let Err(error) = source.decode(&mut input, &ctx, &mut sink)
            && !matches!(error, DecodeError::Stopped)
        {
            // The rest of the body can't be read: it becomes one reject, so that nothing is lost.
            let _ = sink.reject(Reject {
                reason: error.to_string(),
                raw: body
                    .iter()
                    .copied()
                    .take(Limits::OVERLONG_KEPT_BYTES)
                    .collect(),
                position: schema::Position {
                    file: "request".into(),
                    ..Default::default()
                },
            });
        }
        let Listing {
            inner, rejected, ..
        } = sink;
        inner.finish(bytes)?;
        let frame = frame.ok_or_else(|| IntakeError::Worker("no frame".into()))?;
        Ok((frame, rejected))
    }
}

fn repeated(counts: FrameCounts) -> RequestAnswer {
    RequestAnswer {
        duplicates: counts.records_in,
        ..RequestAnswer::default()
    }
}

/// Lists rejects for the answer while passing everything on.
struct Listing<'a> {
    inner: Assembler<'a>,
    seen: u64,
    rejected: Vec<RejectedLine>,
}

impl Sink for Listing<'_> {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        self.seen += 1;
        self.inner.event(event)
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        self.seen += 1;
        if self.rejected.len() < LISTED_REJECTS {
            self.rejected.push(RejectedLine {
                line: self.seen,
                reason: reject.reason.clone(),
            });
        }
        self.inner.reject(reject)
    }
}
