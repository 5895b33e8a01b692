//! Opening what the user names: files, folders, compressed files and zip archives.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::inflate::{Compression, Inflated};
use crate::{Input, Limits, NamedInput};

/// Bytes of an input that [`crate::detect`] gets to see.
pub const HEAD_BYTES: usize = 64 << 10;

/// An input ready to decode.
pub struct Opened<'a> {
    /// First bytes, also still at the start of `input`.
    pub head: Vec<u8>,
    /// The decompressed bytes.
    pub input: Box<dyn Input + 'a>,
}

/// Why an input could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Reading failed.
    #[error("{name}: {source}")]
    Io {
        /// Path or `archive!member`.
        name: String,
        /// Cause.
        source: io::Error,
    },
    /// The archive is damaged.
    #[error("{name}: {source}")]
    Zip {
        /// Path or `archive!member`.
        name: String,
        /// Cause.
        source: zip::result::ZipError,
    },
    /// A zip archive inside an archive or on standard input.
    #[error("{name}: a zip archive is only read from a file of its own")]
    NestedZip {
        /// Path or `archive!member`.
        name: String,
    },
}

impl OpenError {
    /// Path or `archive!member` of the input.
    pub fn name(&self) -> &str {
        match self {
            Self::Io { name, .. } | Self::Zip { name, .. } | Self::NestedZip { name } => name,
        }
    }
}

/// What [`walk()`] found.
pub enum Visit<'a> {
    /// An input to decode.
    Input(Opened<'a>),
    /// Something that is no log and is passed over, with the reason.
    Skipped {
        /// Path or `archive!member`.
        name: String,
        /// Why, for a person.
        reason: &'static str,
    },
    /// An input that could not be opened; the others go on.
    Failed(OpenError),
}

/// Opens every file under `paths`, in name order, and calls `visit` with each. Gzip and zstd are
/// told by their first bytes and read through; a zip archive gives each of its members, which
/// may themselves be gzip or zstd. `-` is `stdin`. Symbolic links to folders are not followed
/// below the named paths, so that a loop ends.
///
/// Returns `Break` as soon as `visit` does.
pub fn walk(
    paths: &[PathBuf],
    limits: &Limits,
    stdin: &mut dyn BufRead,
    visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for path in paths {
        if path.as_os_str() == "-" {
            visit(opened(open_stream("-", &mut *stdin, limits)))?;
        } else if path.is_dir() {
            walk_folder(path, limits, visit)?;
        } else {
            walk_file(path, limits, visit)?;
        }
    }
    ControlFlow::Continue(())
}

/// Opens one stream: peeks at its head and reads compression through (two layers at most).
///
/// # Errors
/// [`OpenError`] when the first bytes can not be read, or for a zip archive.
pub fn open_stream<'a>(
    name: &str,
    reader: impl BufRead + 'a,
    limits: &Limits,
) -> Result<Opened<'a>, OpenError> {
    let io_error = |source| OpenError::Io {
        name: name.to_owned(),
        source,
    };
    let mut reader: Box<dyn BufRead + 'a> = Box::new(reader);
    let mut layers = 0;
    loop {
        let mut head = Vec::new();
        let read = (&mut reader).take(HEAD_BYTES as u64).read_to_end(&mut head);
        // A stream that breaks within its head still gives what came before the break, and the
        // break again when it is decoded.
        let failure = match read {
            Ok(_) => None,
            Err(error) if head.is_empty() => return Err(io_error(error)),
            Err(error) => Some(error),
        };
        let rest: Box<dyn BufRead + 'a> = match failure {
            None => Box::new(Cursor::new(head.clone()).chain(reader)),
            Some(error) => {
                Box::new(Cursor::new(head.clone()).chain(BufReader::new(Failing(Some(error)))))
            }
        };
        match Compression::of(&head) {
            Some(compression) if layers < 2 => {
                let inflated = Inflated::new(rest, compression, limits).map_err(io_error)?;
                reader = Box::new(BufReader::with_capacity(HEAD_BYTES, inflated));
                layers += 1;
            }
            _ if is_zip(&head) => {
                return Err(OpenError::NestedZip {
                    name: name.to_owned(),
                });
            }
            _ => {
                return Ok(Opened {
                    head,
                    input: Box::new(NamedInput::new(name, rest)),
                });
            }
        }
    }
}

/// Gives an error once, then the end.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn opened(result: Result<Opened<'_>, OpenError>) -> Visit<'_> {
    match result {
        Ok(opened) => Visit::Input(opened),
        Err(error) => Visit::Failed(error),
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

fn walk_folder(
    folder: &Path,
    limits: &Limits,
    visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let failed = |source| {
        Visit::Failed(OpenError::Io {
            name: folder.display().to_string(),
            source,
        })
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return visit(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push((entry.path(), entry.file_type().ok())),
            Err(error) => visit(failed(error))?,
        }
    }
    paths.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in paths {
        let Some(kind) = kind else { continue };
        if kind.is_dir() {
            walk_folder(&path, limits, visit)?;
        } else if kind.is_file() || (kind.is_symlink() && path.is_file()) {
            walk_file(&path, limits, visit)?;
        }
    }
    ControlFlow::Continue(())
}

fn walk_file(
    path: &Path,
    limits: &Limits,
    visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let name = path.display().to_string();
    let failed = |source| {
        Visit::Failed(OpenError::Io {
            name: name.clone(),
            source,
        })
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return visit(failed(error)),
    };
    let mut magic = Vec::new();
    if let Err(error) = (&mut file).take(4).read_to_end(&mut magic) {
        return visit(failed(error));
    }
    if let Err(error) = io::Seek::rewind(&mut file) {
        return visit(failed(error));
    }
    let reader = BufReader::with_capacity(HEAD_BYTES, file);
    if is_zip(&magic) {
        return walk_zip(&name, reader, limits, visit);
    }
    visit(opened(open_stream(&name, reader, limits)))
}

/// Most members read of one archive.
const MAX_MEMBERS: usize = 100_000;

fn walk_zip(
    archive_name: &str,
    reader: BufReader<File>,
    limits: &Limits,
    visit: &mut dyn FnMut(Visit<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let failed = |name: &str, source| {
        Visit::Failed(OpenError::Zip {
            name: name.to_owned(),
            source,
        })
    };
    let mut archive = match zip::ZipArchive::new(reader) {
        Ok(archive) => archive,
        Err(error) => return visit(failed(archive_name, error)),
    };
    for at in 0..archive.len().min(MAX_MEMBERS) {
        let member = match archive.by_index(at) {
            Ok(member) => member,
            Err(error) => {
                visit(failed(&format!("{archive_name}!#{at}"), error))?;
                continue;
            }
        };
        if member.is_dir() {
            continue;
        }
        // A name that is no valid text is shown as well as can be: nothing is written under it.
        let member_name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let name = format!("{archive_name}!{member_name}");
        if is_apple_double(&member_name) {
            visit(Visit::Skipped {
                name,
                reason: "macOS file attributes, not a log",
            })?;
            continue;
        }
        let compressed = member.compressed_size();
        let bounded = Inflated::bounded(member, compressed, limits);
        let reader = BufReader::with_capacity(HEAD_BYTES, bounded);
        visit(opened(open_stream(&name, reader, limits)))?;
    }
    if archive.len() > MAX_MEMBERS {
        visit(Visit::Skipped {
            name: archive_name.to_owned(),
            reason: "members beyond the first 100,000",
        })?;
    }
    ControlFlow::Continue(())
}

/// AppleDouble companions, which macOS adds to archives.
fn is_apple_double(member: &str) -> bool {
    member.starts_with("__MACOSX/")
        || member
            .rsplit('/')
            .next()
            .is_some_and(|f| f.starts_with("._"))
}
