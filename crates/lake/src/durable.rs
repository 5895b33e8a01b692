//! Writes that survive a power cut: the file's bytes and its folder's entry are both synced.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::{AtPath, LakeError, Result};

/// Syncs a folder, so that names made or removed in it last.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|f| f.sync_all()).at(dir)
}

/// Syncs a file's bytes.
pub(crate) fn sync_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|f| f.sync_all()).at(path)
}

/// Makes a folder and its missing parents, and syncs the parent of each one made.
pub(crate) fn create_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent();
    if let Some(parent) = parent {
        create_dir(parent)?;
    }
    match fs::create_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => other.at(dir)?,
    }
    match parent {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => Ok(()),
    }
}

/// Extension of a document that is being written.
const HALF_WRITTEN: &str = "tmp";

/// Whether a file's name is that of a document that is being written, or was when the process
/// ended.
pub(crate) fn is_half_written(name: &std::ffi::OsStr) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == HALF_WRITTEN)
}

/// Replaces a file so that after a crash it holds either the old bytes or the new ones.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let tmp = path.with_extension(HALF_WRITTEN);
    let mut file = File::create(&tmp).at(&tmp)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .at(&tmp)?;
    fs::rename(&tmp, path).at(path)?;
    match path.parent() {
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

/// A stored JSON document: one header line (`{"format":1,"crc32":N}`), then the document.
pub(crate) fn write_document<T: serde::Serialize>(
    path: &Path,
    format: u32,
    document: &T,
) -> Result<()> {
    let body = serde_json::to_vec(document)
        .map_err(std::io::Error::other)
        .at(path)?;
    let crc = crc32fast::hash(&body);
    let mut bytes = format!("{{\"format\":{format},\"crc32\":{crc}}}\n").into_bytes();
    bytes.extend_from_slice(&body);
    write_atomically(path, &bytes)
}

#[derive(serde::Deserialize)]
struct DocumentHeader {
    format: u32,
    crc32: u32,
}

/// Reads a document written by [`write_document`]; `None` when there is no such file.
///
/// # Errors
/// [`LakeError::NewerFormat`] above `supported`, [`LakeError::Corrupt`] when the checksum fails.
pub(crate) fn read_document<T: serde::de::DeserializeOwned>(
    path: &Path,
    supported: u32,
) -> Result<Option<T>> {
    Ok(read_versioned(path, supported)?.map(|(_, document)| document))
}

/// The same, with the format it was written in.
pub(crate) fn read_versioned<T: serde::de::DeserializeOwned>(
    path: &Path,
    supported: u32,
) -> Result<Option<(u32, T)>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).at(path),
    };
    let corrupt = |offset: usize, reason| LakeError::Corrupt {
        file: path.to_owned(),
        offset: offset as u64,
        reason,
    };
    let newline = bytes.iter().position(|b| *b == b'\n');
    let (head, body) = match newline {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => return Err(corrupt(0, "no header line")),
    };
    let header: DocumentHeader =
        serde_json::from_slice(head).map_err(|_| corrupt(0, "the header line is not readable"))?;
    if header.format > supported {
        return Err(LakeError::NewerFormat {
            path: path.to_owned(),
            found: header.format,
            supported,
        });
    }
    if crc32fast::hash(body) != header.crc32 {
        return Err(corrupt(head.len() + 1, "the checksum does not match"));
    }
    serde_json::from_slice(body)
        .map(|document| Some((header.format, document)))
        .map_err(|_| corrupt(head.len() + 1, "the document is not readable"))
}
