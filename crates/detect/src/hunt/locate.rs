//! One record of a file, found again by what a match says of it.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schema::{Event, Reject};
use sources::{DecodeContext, DecodeError, Limits, Sink, Visit};

/// Why a record was not found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LocateError {
    /// There is no such file.
    #[error("`{file}` does not exist")]
    NoFile {
        /// As asked for.
        file: String,
    },
    /// The archive has no such member, or none is named.
    #[error("`{file}` has no such member; it holds {}", .members.join(", "))]
    NoMember {
        /// The archive.
        file: String,
        /// Members, the first ones.
        members: Vec<String>,
    },
    /// The file can't be read as a log.
    #[error("`{file}`: {reason}")]
    Unreadable {
        /// As asked for.
        file: String,
        /// Why.
        reason: String,
    },
    /// The file has no record of that number.
    #[error(
        "`{file}` has no record {record}; its {records} records are numbered {first} to {last}"
    )]
    NoRecord {
        /// As asked for.
        file: String,
        /// As asked for.
        record: u64,
        /// Records in the file.
        records: u64,
        /// Least number.
        first: u64,
        /// Greatest number.
        last: u64,
    },
}

/// Members of an archive that an error names.
const MEMBERS_SHOWN: usize = 5;

/// Finds a record by its file (`archive!member` in archives) and number, as a match names them.
/// `now` is the time next to which years are chosen that the log leaves out.
///
/// # Errors
/// [`LocateError`].
pub fn locate(file: &str, record: u64, now: Timestamp) -> Result<Event, LocateError> {
    let path = path_of(file).ok_or_else(|| LocateError::NoFile {
        file: file.to_owned(),
    })?;
    let mut finder = Finder {
        file,
        record,
        now,
        found: None,
        seen: None,
        records: 0,
        problem: None,
        others: Vec::new(),
    };
    let _ = sources::walk(
        &[path],
        &Limits::default(),
        &mut io::empty(),
        &mut |visit| finder.visit(visit),
    );
    finder.outcome()
}

/// The file itself, or the archive that it names a member of.
fn path_of(file: &str) -> Option<PathBuf> {
    let whole = Path::new(file);
    if whole.is_file() {
        return Some(whole.to_owned());
    }
    let (archive, _) = file.split_once('!')?;
    Path::new(archive).is_file().then(|| PathBuf::from(archive))
}

struct Finder<'a> {
    file: &'a str,
    record: u64,
    now: Timestamp,
    found: Option<Event>,
    /// Least and greatest record number so far.
    seen: Option<(u64, u64)>,
    records: u64,
    problem: Option<String>,
    /// Inputs of other names.
    others: Vec<String>,
}

impl Finder<'_> {
    fn visit(&mut self, visit: Visit<'_>) -> ControlFlow<()> {
        match visit {
            Visit::Input(mut opened) if opened.input.name() == self.file => {
                let Some(source) = sources::detect(&opened.head, self.file) else {
                    self.problem = Some("the format is not recognised".to_owned());
                    return ControlFlow::Break(());
                };
                let ctx = DecodeContext::new(self.now);
                match source.decode(opened.input.as_mut(), &ctx, self) {
                    Ok(()) | Err(DecodeError::Stopped) => {}
                    Err(error) => self.problem = Some(error.to_string()),
                }
                ControlFlow::Break(())
            }
            Visit::Input(opened) => {
                self.others.push(opened.input.name().to_owned());
                ControlFlow::Continue(())
            }
            Visit::Skipped { .. } => ControlFlow::Continue(()),
            Visit::Failed(error) => {
                self.problem = Some(error.to_string());
                ControlFlow::Continue(())
            }
        }
    }

    fn saw(&mut self, record: u64) {
        self.records += 1;
        let (first, last) = self.seen.unwrap_or((record, record));
        self.seen = Some((first.min(record), last.max(record)));
    }

    fn outcome(self) -> Result<Event, LocateError> {
        let file = self.file.to_owned();
        if let Some(event) = self.found {
            return Ok(event);
        }
        if let Some(reason) = self.problem {
            return Err(LocateError::Unreadable { file, reason });
        }
        if let Some((first, last)) = self.seen {
            return Err(LocateError::NoRecord {
                file,
                record: self.record,
                records: self.records,
                first,
                last,
            });
        }
        if self.others.is_empty() {
            let reason = "it holds no record".to_owned();
            return Err(LocateError::Unreadable { file, reason });
        }
        let mut members = self.others;
        members.truncate(MEMBERS_SHOWN);
        Err(LocateError::NoMember { file, members })
    }
}

impl Sink for Finder<'_> {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        self.saw(event.position.record);
        if event.position.record == self.record {
            self.found = Some(event);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        self.saw(reject.position.record);
        if reject.position.record == self.record {
            self.problem = Some(format!(
                "record {} could not be decoded: {}",
                self.record, reject.reason
            ));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINES: &str = "{\"TimeGenerated\":\"2026-03-06T12:00:00Z\",\"Type\":\"Syslog\",\"SyslogMessage\":\"one\"}\n{\"TimeGenerated\":\"2026-03-06T12:00:01Z\",\"Type\":\"Syslog\",\"SyslogMessage\":\"two\"}\n";

    #[test]
    fn a_record_is_found_by_its_number_or_what_there_is_instead_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, LINES).unwrap();
        let file = path.display().to_string();
        let now = "2026-03-07T00:00:00Z".parse().unwrap();
        let event = locate(&file, 2, now).unwrap();
        assert_eq!(event.row.text("SyslogMessage"), "two");
        let error = locate(&file, 9, now).map(|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.ends_with("has no record 9; its 2 records are numbered 1 to 2"),
            "{text}"
        );
        let missing = locate(&format!("{file}!x"), 1, now)
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(missing, LocateError::NoMember { .. }), "{missing}");
        let missing = locate("/no/such/file", 1, now).map(|_| ()).unwrap_err();
        assert_eq!(missing.to_string(), "`/no/such/file` does not exist");
    }
}
