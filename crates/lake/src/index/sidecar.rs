//! A sidecar on disk: sets of keys, then a directory of them.
//!
//! ```text
//! sets | directory (JSON) | directory's length, u32 | its CRC-32, u32 | "WFTERMS2"
//! ```
//!
//! Numbers are little-endian. The sets of version 1 tell no places within a row group. Each set has a CRC-32 of its own in the directory: a set that is
//! damaged says "maybe" to everything, as one that was never written does.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::keys::{ANYWHERE, Layout, PLACES, Places};
use super::lookup::Lookup;
use super::path_of;
use crate::data_file::DataFile;

/// Ends a sidecar; its digit is the format's version.
pub(super) const MAGIC: &[u8; 8] = b"WFTERMS2";
const MAGIC_1: &[u8; 8] = b"WFTERMS1";
pub(super) const FOOTER: u64 = 16;
/// Directories are some kilobytes; no more than this is read on a file's word.
const DIRECTORY_MAX: u64 = 64 << 20;
/// Directories kept in memory.
const CACHED_MAX: usize = 4096;
/// Bytes of sets kept in memory, all sidecars together.
const CACHED_BYTES_MAX: usize = 32 << 20;

/// What a sidecar holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Directory {
    /// Bytes of the data file that it was made for.
    pub(super) data_bytes: u64,
    /// Rows of each row group.
    pub(super) rows: Vec<u64>,
    /// Rows of a place in a row group.
    #[serde(default)]
    pub(super) place_rows: u64,
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
    fn len(&self, layout: Layout) -> usize {
        self.keys
            .map_or(0, |count| layout.encoded_len(count as usize))
    }
}

/// The rows of a row group that a lookup may find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    None,
    /// Ranges, in order and apart from each other, of so many rows.
    Some(Vec<Range<usize>>, usize),
}

/// An open sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    path: PathBuf,
    layout: Layout,
    directory: Directory,
    /// Sets that were read, by column.
    read: Mutex<HashMap<String, Arc<Vec<ReadSet>>>>,
    cached: Arc<AtomicUsize>,
}

impl Sidecar {
    /// Opens the sidecar of a data file; `None` when there is none that can be used.
    fn open(table: &Path, file: &DataFile, cached: Arc<AtomicUsize>) -> Option<Self> {
        let path = path_of(table, &file.name);
        let (layout, directory) = match read_directory(&path) {
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
        fits.then(|| Self {
            path,
            layout,
            directory,
            read: Mutex::default(),
            cached,
        })
    }

    /// The rows of each row group that a lookup may find; `stored` gives the name under which a
    /// column is in the file.
    pub(crate) fn select(&self, lookup: &Lookup, stored: &dyn Fn(&str) -> String) -> Vec<Rows> {
        let mut asked = Vec::new();
        lookup.columns(&mut |column| asked.push(column));
        asked.sort_unstable();
        asked.dedup();
        let read: HashMap<&str, Arc<Vec<ReadSet>>> = asked
            .into_iter()
            .filter_map(|column| Some((column, self.sets(&stored(column))?)))
            .collect();
        let places = |group: usize| {
            lookup.places(&|column: &str, key| {
                let set = read.get(column).and_then(|sets| sets.get(group)?.as_ref());
                set.map_or(ANYWHERE, |(count, bytes)| {
                    self.layout.places(bytes, *count, key)
                })
            })
        };
        let groups = self.directory.rows.iter().enumerate();
        groups
            .map(|(group, rows)| rows_at(places(group), *rows, self.directory.place_rows))
            .collect()
    }

    /// The sets of a column, of which the file has this name.
    fn sets(&self, column: &str) -> Option<Arc<Vec<ReadSet>>> {
        if let Some(sets) = self.read.lock().get(column) {
            return Some(Arc::clone(sets));
        }
        let sets = self.directory.columns.get(column)?;
        let mut file = File::open(&self.path).ok()?;
        let sets = Arc::new(read_sets(&mut file, sets, self.layout));
        let bytes: usize = sets.iter().flatten().map(|(_, bytes)| bytes.len()).sum();
        self.cached.fetch_add(bytes, Ordering::Relaxed);
        self.read
            .lock()
            .insert(column.to_owned(), Arc::clone(&sets));
        Some(sets)
    }
}

/// The rows at these places of a row group of so many rows.
fn rows_at(places: Places, rows: u64, place_rows: u64) -> Rows {
    if places == 0 {
        return Rows::None;
    }
    let (Ok(rows), Ok(each)) = (usize::try_from(rows), usize::try_from(place_rows)) else {
        return Rows::All;
    };
    if each == 0 || places == ANYWHERE || each.saturating_mul(PLACES) < rows {
        return Rows::All;
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for place in (0..PLACES).filter(|place| places >> place & 1 == 1) {
        let (from, to) = ((place * each).min(rows), ((place + 1) * each).min(rows));
        match ranges.last_mut() {
            Some(last) if last.end == from => last.end = to,
            _ => ranges.push(from..to),
        }
    }
    ranges.retain(|range| !range.is_empty());
    match ranges.as_slice() {
        [] => Rows::None,
        [all] if *all == (0..rows) => Rows::All,
        _ => Rows::Some(ranges, rows),
    }
}

/// A set's number of keys and bytes; `None` for one that holds anything, or is damaged.
type ReadSet = Option<(usize, Vec<u8>)>;

/// The sets of a column.
fn read_sets(file: &mut File, sets: &[Set], layout: Layout) -> Vec<ReadSet> {
    let mut read = Vec::with_capacity(sets.len());
    for set in sets {
        let mut bytes = vec![0; set.len(layout)];
        let whole = file.seek(SeekFrom::Start(set.at)).is_ok()
            && file.read_exact(&mut bytes).is_ok()
            && crc32fast::hash(&bytes) == set.crc;
        let count = set.keys.filter(|_| whole);
        read.push(count.map(|count| (count as usize, bytes)));
    }
    read
}

fn read_directory(path: &Path) -> std::io::Result<Option<(Layout, Directory)>> {
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
    let layout = match &magic {
        MAGIC => Layout::KeysWithPlaces,
        MAGIC_1 => Layout::Keys,
        _ => return Ok(None),
    };
    let Some(start) = end.checked_sub(length).filter(|_| length <= DIRECTORY_MAX) else {
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
    let within = |directory: &Directory| {
        let mut sets = directory.columns.values().flatten();
        sets.all(|set| {
            let end = set.at.checked_add(set.len(layout) as u64);
            end.is_some_and(|end| end <= start)
        })
    };
    Ok(directory
        .filter(within)
        .map(|directory| (layout, directory)))
}

/// The sidecars that queries have read.
#[derive(Debug, Default)]
pub(crate) struct IndexCache {
    open: Mutex<HashMap<PathBuf, Arc<Sidecar>>>,
    /// Bytes of their sets in memory.
    bytes: Mutex<Arc<AtomicUsize>>,
}

impl IndexCache {
    pub(crate) fn sidecar(&self, table: &Path, file: &DataFile) -> Option<Arc<Sidecar>> {
        let path = path_of(table, &file.name);
        let mut bytes = self.bytes.lock();
        if bytes.load(Ordering::Relaxed) > CACHED_BYTES_MAX {
            // Those in use stay as long as they are; they are counted no more.
            *bytes = Arc::default();
            self.open.lock().clear();
        }
        let bytes = Arc::clone(&bytes);
        if let Some(found) = self.open.lock().get(&path) {
            return Some(Arc::clone(found));
        }
        let sidecar = Arc::new(Sidecar::open(table, file, bytes)?);
        let mut open = self.open.lock();
        if open.len() >= CACHED_MAX {
            open.clear();
        }
        open.insert(path, Arc::clone(&sidecar));
        Some(sidecar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one range is meant")]
    fn places_are_rows_of_their_row_group() {
        assert_eq!(rows_at(0, 100, 13), Rows::None);
        assert_eq!(rows_at(ANYWHERE, 100, 13), Rows::All);
        assert_eq!(rows_at(0b11, 100, 13), Rows::Some(vec![0..26], 100));
        assert_eq!(
            rows_at(0b1000_0101, 100, 13),
            Rows::Some(vec![0..13, 26..39, 91..100], 100)
        );
        // The last places of a short row group have no rows.
        assert_eq!(rows_at(0b11, 20, 13), Rows::All);
        assert_eq!(rows_at(0b100, 20, 13), Rows::None);
        // What a directory says need not fit.
        assert_eq!(rows_at(1, 100, 0), Rows::All);
        assert_eq!(rows_at(1, 1000, 13), Rows::All);
    }
}
