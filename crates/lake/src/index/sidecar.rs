//! A sidecar on disk: sets of keys, then a directory of them.
//!
//! ```text
//! sets | directory (JSON) | directory's length, u32 | its CRC-32, u32 | "WFTERMS1"
//! ```
//!
//! Numbers are little-endian. Each set has a CRC-32 of its own in the directory: a set that is
//! damaged says "maybe" to everything, as one that was never written does.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::keys;
use super::lookup::Lookup;
use super::path_of;
use crate::data_file::DataFile;

/// Ends a sidecar; its digit is the format's version.
pub(super) const MAGIC: &[u8; 8] = b"WFTERMS1";
pub(super) const FOOTER: u64 = 16;
/// Directories are some kilobytes; no more than this is read on a file's word.
const DIRECTORY_MAX: u64 = 64 << 20;
/// Directories kept in memory.
const CACHED_MAX: usize = 4096;

/// What a sidecar holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Directory {
    /// Bytes of the data file that it was made for.
    pub(super) data_bytes: u64,
    /// Rows of each row group.
    pub(super) rows: Vec<u64>,
    pub(super) columns: HashMap<String, Vec<Set>>,
}

/// The set of a column in a row group.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Set {
    pub(super) at: u64,
    /// `None` where there were too many: then it holds anything.
    pub(super) keys: Option<u32>,
    pub(super) crc: u32,
}

impl Set {
    fn len(&self) -> usize {
        self.keys
            .map_or(0, |count| keys::encoded_len(count as usize))
    }
}

/// An open sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    path: PathBuf,
    directory: Directory,
}

impl Sidecar {
    /// Opens the sidecar of a data file; `None` when there is none that can be used.
    fn open(table: &Path, file: &DataFile) -> Option<Self> {
        let path = path_of(table, &file.name);
        let directory = match read_directory(&path) {
            Ok(directory) => directory?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a term index cannot be read");
                return None;
            }
        };
        let fits = directory.data_bytes == file.bytes
            && (file.rows == 0 || directory.rows.iter().sum::<u64>() == file.rows)
            && directory
                .columns
                .values()
                .all(|sets| sets.len() == directory.rows.len());
        fits.then_some(Self { path, directory })
    }

    /// Row groups of the data file.
    pub(crate) fn row_groups(&self) -> usize {
        self.directory.rows.len()
    }

    /// Which row groups may have a row that a lookup finds; `stored` gives the name under which
    /// a column is in the file.
    pub(crate) fn select(&self, lookup: &Lookup, stored: &dyn Fn(&str) -> String) -> Vec<bool> {
        let mut asked = Vec::new();
        lookup.columns(&mut |column| asked.push(column));
        asked.sort_unstable();
        asked.dedup();
        let mut read: HashMap<&str, Vec<ReadSet>> = HashMap::new();
        if let Ok(mut file) = File::open(&self.path) {
            for column in asked {
                if let Some(sets) = self.directory.columns.get(&stored(column)) {
                    read.insert(column, read_sets(&mut file, sets));
                }
            }
        }
        let groups = 0..self.row_groups();
        groups
            .map(|group| {
                lookup.may_match(&|column: &str, key| {
                    let set = read.get(column).and_then(|sets| sets.get(group)?.as_ref());
                    set.is_none_or(|(count, bytes)| keys::may_hold(bytes, *count, key))
                })
            })
            .collect()
    }
}

/// A set's number of keys and bytes; `None` for one that holds anything, or is damaged.
type ReadSet = Option<(usize, Vec<u8>)>;

/// The sets of a column.
fn read_sets(file: &mut File, sets: &[Set]) -> Vec<ReadSet> {
    let mut read = Vec::with_capacity(sets.len());
    for set in sets {
        let mut bytes = vec![0; set.len()];
        let whole = file.seek(SeekFrom::Start(set.at)).is_ok()
            && file.read_exact(&mut bytes).is_ok()
            && crc32fast::hash(&bytes) == set.crc;
        let count = set.keys.filter(|_| whole);
        read.push(count.map(|count| (count as usize, bytes)));
    }
    read
}

fn read_directory(path: &Path) -> std::io::Result<Option<Directory>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let Some(end) = bytes.checked_sub(FOOTER) else {
        return Ok(None);
    };
    let mut footer = [0; FOOTER as usize];
    file.seek(SeekFrom::Start(end))?;
    file.read_exact(&mut footer)?;
    let [a, b, c, d, e, f, g, h, magic @ ..] = footer;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let crc = u32::from_le_bytes([e, f, g, h]);
    let Some(start) = end
        .checked_sub(length)
        .filter(|_| magic == *MAGIC && length <= DIRECTORY_MAX)
    else {
        return Ok(None);
    };
    let mut text = vec![0; length as usize];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut text)?;
    if crc32fast::hash(&text) != crc {
        return Ok(None);
    }
    let directory: Option<Directory> = serde_json::from_slice(&text).ok();
    // No set reaches beyond the sets' part, whatever the directory says.
    Ok(directory.filter(|directory| {
        let mut sets = directory.columns.values().flatten();
        sets.all(|set| {
            let end = set.at.checked_add(set.len() as u64);
            end.is_some_and(|end| end <= start)
        })
    }))
}

/// Directories of the sidecars that queries have read.
#[derive(Debug, Default)]
pub(crate) struct IndexCache(Mutex<HashMap<PathBuf, Arc<Sidecar>>>);

impl IndexCache {
    pub(crate) fn sidecar(&self, table: &Path, file: &DataFile) -> Option<Arc<Sidecar>> {
        let path = path_of(table, &file.name);
        if let Some(found) = self.0.lock().get(&path) {
            return Some(Arc::clone(found));
        }
        let sidecar = Arc::new(Sidecar::open(table, file)?);
        let mut cached = self.0.lock();
        if cached.len() >= CACHED_MAX {
            cached.clear();
        }
        cached.insert(path, Arc::clone(&sidecar));
        Some(sidecar)
    }
}
