//! Files, folders, archives and standard input.
//!
//! An input is first spooled (in memory up to 32 MiB, then in a temporary file) while its content
//! is hashed: the hash identifies it, so that the same bytes under any name are stored once and an
//! interrupted ingestion goes on where it stopped.

use std::io::{self, BufReader, Read, Seek, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::{Frame, FrameCounts, ReceiptKey};
use schema::Catalog;
use sources::{DecodeContext, DecodeError, Limits, NamedInput, Opened, Source, Visit};
use tempfile::SpooledTempFile;

use crate::assemble::{Assembler, InputFacts};
use crate::report::{FileFailure, IngestReport};
use crate::{Intake, IntakeError};

/// Bytes of an input kept in memory before it goes to a temporary file.
const SPOOL_MEMORY_BYTES: usize = 32 << 20;

/// How to read files.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// Source name; `None` tells each file's format from its content.
    pub source: Option<String>,
    /// Table for sources that take any.
    pub table: Option<String>,
    /// Store inputs again that were stored before.
    pub again: bool,
    /// Zone of times that name none; `None` takes each source's own.
    pub zone: Option<TimeZone>,
    /// Bounds.
    pub limits: Limits,
}

/// Where an ingestion stands, for a progress bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProgress {
    /// Input just ended.
    pub file: String,
    /// Its records.
    pub records: u64,
    /// Its decompressed bytes.
    pub bytes: u64,
}

impl Intake {
    /// Stores everything under `paths`; `-` reads standard input. Returns when all of it is
    /// durable.
    ///
    /// # Errors
    /// When the source is unknown or the lake refuses; an input that can't be read is listed in
    /// the report and the others go on.
    pub async fn files(
        &self,
        paths: Vec<PathBuf>,
        options: FileOptions,
        progress: impl Fn(FileProgress) + Send + 'static,
    ) -> Result<IngestReport, IntakeError> {
        let named = match &options.source {
            Some(name) if name != "auto" => Some(Self::source(name)?),
            _ => None,
        };
        let intake = self.clone();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let mut reader = FileReader {
                intake,
                runtime,
                options,
                named,
                report: IngestReport::default(),
                refused: None,
            };
            let limits = reader.options.limits.clone();
            let stdin = io::stdin();
            let _ = sources::walk(&paths, &limits, &mut stdin.lock(), &mut |visit| {
                reader.visit(visit, &progress)
            });
            match reader.refused {
                Some(error) => Err(error),
                None => Ok(reader.report),
            }
        })
        .await
        .map_err(|error| IntakeError::Worker(error.to_string()))?
    }
}

struct FileReader {
    intake: Intake,
    runtime: tokio::runtime::Handle,
    options: FileOptions,
    named: Option<(&'static dyn Source, Option<String>)>,
    report: IngestReport,
    refused: Option<IntakeError>,
}

impl FileReader {
    fn visit(
        &mut self,
        visit: Visit<'_>,
        progress: &(impl Fn(FileProgress) + Send),
    ) -> ControlFlow<()> {
        match visit {
            Visit::Input(opened) => {
                let name = opened.input.name().to_owned();
                match self.input(&name, opened) {
                    Ok(done) => {
                        progress(done);
                        ControlFlow::Continue(())
                    }
                    Err(Stop::Input(reason)) => {
                        self.report
                            .failures
                            .push(FileFailure { file: name, reason });
                        ControlFlow::Continue(())
                    }
                    Err(Stop::All(error)) => {
                        self.refused = Some(error);
                        ControlFlow::Break(())
                    }
                }
            }
            Visit::Skipped { name, reason } => {
                self.report.skipped.push(FileFailure {
                    file: name,
                    reason: reason.to_owned(),
                });
                ControlFlow::Continue(())
            }
            Visit::Failed(error) => {
                self.report.failures.push(FileFailure {
                    file: error.name().to_owned(),
                    reason: error.to_string(),
                });
                ControlFlow::Continue(())
            }
        }
    }

    fn input(&mut self, name: &str, opened: Opened<'_>) -> Result<FileProgress, Stop> {
        let started = Instant::now();
        let (source, table) = match &self.named {
            Some((source, table)) => (*source, table.clone().or(self.options.table.clone())),
            None => match sources::detect(&opened.head, name) {
                Some(source) => (source, self.options.table.clone()),
                None if opened.head.is_empty() => {
                    return Ok(FileProgress {
                        file: name.to_owned(),
                        records: 0,
                        bytes: 0,
                    });
                }
                None => return Err(Stop::Input(IntakeError::Unrecognised.to_string())),
            },
        };
        let received = self.intake.clock.now();
        let mut spooled = spool(opened.input, received, self.options.again)?;
        let key = ReceiptKey::file(spooled.hash);
        let earlier = self.intake.lake.receipt(&key);
        let already_stored = earlier.as_ref().map_or(0, |receipt| receipt.records_done);
        let source_name = source.spec().name;
        let report = self.report.source(source_name);
        report.files += 1;
        if let Some(receipt) = earlier.filter(|receipt| receipt.complete) {
            let records = receipt.counts.records_in;
            report.add_counts(FrameCounts {
                records_in: records,
                duplicates: records,
                bytes_in: spooled.bytes,
                ..FrameCounts::default()
            });
            report.seconds += started.elapsed().as_secs_f64();
            return spooled.end(name, records);
        }
        let facts = InputFacts {
            source: source_name,
            tenant_id: self.intake.tenant_id.clone(),
            received,
            hash: spooled.hash,
            receipt: Some(key),
            already_stored,
        };
        let ctx = DecodeContext {
            received,
            zone: match &self.options.zone {
                Some(zone) => zone.clone(),
                None => self.intake.zone(source_name),
            },
            limits: self.options.limits.clone(),
            table,
            catalog: Catalog::builtin(),
        };
        let before = report.records_in;
        let outcome = self.decode(source, name, &mut spooled, &ctx, facts);
        let report = self.report.source(source_name);
        report.seconds += started.elapsed().as_secs_f64();
        let records = report.records_in - before;
        outcome?;
        spooled.end(name, records)
    }

    fn decode(
        &mut self,
        source: &'static dyn Source,
        name: &str,
        spooled: &mut Spooled,
        ctx: &DecodeContext<'_>,
        facts: InputFacts,
    ) -> Result<(), Stop> {
        spooled
            .file
            .rewind()
            .map_err(|error| Stop::All(error.into()))?;
        let bytes = spooled.bytes;
        let mut input = NamedInput::new(name, BufReader::with_capacity(1 << 16, &mut spooled.file));
        let source_name = facts.source;
        let (lake, runtime) = (self.intake.lake.clone(), self.runtime.clone());
        let (report, mut refused) = (&mut self.report, None);
        let mut emit = |frame: Frame| {
            let counts = frame.counts;
            let tables: Vec<String> = frame
                .batches
                .iter()
                .map(|(table, _)| table.clone())
                .collect();
            match runtime.block_on(lake.append(frame)) {
                Ok(_) => {
                    let report = report.source(source_name);
                    report.add_counts(counts);
                    tables.iter().for_each(|table| report.add_table(table));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    refused = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let mut assembler = Assembler::new(facts, self.intake.filter.as_ref(), true, &mut emit);
        let decoded = source.decode(&mut input, ctx, &mut assembler);
        // An input that broke off keeps what came before; its receipt says how far it got.
        let finished = assembler.finish(bytes);
        if let Some(error) = refused {
            return Err(Stop::All(error.into()));
        }
        let skipped = finished.map_err(|error| Stop::All(error.into()))?;
        self.report.source(source_name).add_counts(FrameCounts {
            records_in: skipped,
            duplicates: skipped,
            ..FrameCounts::default()
        });
        match decoded {
            Ok(()) | Err(DecodeError::Stopped) => Ok(()),
            Err(error) => Err(Stop::Input(error.to_string())),
        }
    }
}

/// Why an input, or the whole ingestion, ends.
enum Stop {
    Input(String),
    All(IntakeError),
}

struct Spooled {
    file: SpooledTempFile,
    hash: [u8; 32],
    bytes: u64,
    /// Reading broke off here; what came before is decoded.
    broken: Option<io::Error>,
}

impl Spooled {
    fn end(self, name: &str, records: u64) -> Result<FileProgress, Stop> {
        match self.broken {
            Some(error) => Err(Stop::Input(error.to_string())),
            None => Ok(FileProgress {
                file: name.to_owned(),
                records,
                bytes: self.bytes,
            }),
        }
    }
}

fn spool(mut input: impl Read, received: Timestamp, again: bool) -> Result<Spooled, Stop> {
    let mut hasher = blake3::Hasher::new();
    if again {
        // Another time makes it another input, on purpose.
        hasher.update(&received.as_microsecond().to_le_bytes());
    }
    let mut file = SpooledTempFile::new(SPOOL_MEMORY_BYTES);
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    let mut broken = None;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                file.write_all(&buffer[..n])
                    .map_err(|error| Stop::All(error.into()))?;
                bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    Ok(Spooled {
        file,
        hash: *hasher.finalize().as_bytes(),
        bytes,
        broken,
    })
}
