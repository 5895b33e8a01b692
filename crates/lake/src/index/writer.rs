//! Makes a sidecar while its data file is written.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use twox_hash::XxHash3_64;

use super::keys::{PLACES, Places};
use super::sidecar::{Directory, MAGIC, Set};
use super::terms::{Scratch, keys_of};
use super::{folder, keys, path_of};
use crate::data_file::DataFile;
use crate::durable::create_dir;
use crate::error::{AtPath, Result};

/// Keys of a row group, all columns together: about 150 MB while it is written. Texts of another
/// kind than logs, or made to hurt, have more; the columns beyond are read whole.
const KEYS_MAX: usize = 5_000_000;

/// Rows of each of the places in row groups of so many rows.
pub(crate) fn place_rows(group_rows: usize) -> usize {
    group_rows.div_ceil(PLACES).max(1)
}

/// Collects the keys of rows in the order in which they are written.
#[derive(Debug)]
pub(crate) struct IndexWriter {
    columns: Vec<Column>,
    /// Rows at which a row group ends.
    group_rows: usize,
    keys_max: usize,
    /// Rows of the row groups so far, the last one open.
    rows: Vec<u64>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Hashes of the values of the open place.
    values: HashSet<u64, BuildHasherDefault<Spread>>,
    /// Keys of the open row group, and where they are in it.
    keys: HashMap<u64, Places, BuildHasherDefault<Spread>>,
    full: bool,
    done: Vec<(Option<u32>, Vec<u8>)>,
    scratch: Scratch,
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_64::oneshot(bytes);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl IndexWriter {
    /// Indexes the columns of these names; row groups end after `group_rows` rows.
    pub(crate) fn new(columns: impl Iterator<Item = String>, group_rows: usize) -> Self {
        let columns = columns.map(|name| Column {
            name,
            values: HashSet::default(),
            keys: HashMap::default(),
            full: false,
            done: Vec::new(),
            scratch: Scratch::default(),
        });
        Self {
            columns: columns.collect(),
            group_rows,
            keys_max: KEYS_MAX,
            rows: vec![0],
        }
    }

    pub(crate) fn observe(&mut self, batch: &RecordBatch) {
        let mut from = 0;
        while from < batch.num_rows() {
            let open = self.rows.last().copied().unwrap_or(0) as usize;
            if open >= self.group_rows {
                self.end_group();
                self.rows.push(0);
                continue;
            }
            let each = place_rows(self.group_rows);
            let place = open / each;
            let ends = (each * (place + 1)).min(self.group_rows);
            let rows = (ends - open).min(batch.num_rows() - from);
            let mut held: usize = self.columns.iter().map(|column| column.keys.len()).sum();
            for column in &mut self.columns {
                let array = batch.column_by_name(&column.name);
                if let Some(array) = array.and_then(|array| array.as_string_opt::<i32>()) {
                    let others = held - column.keys.len();
                    if open.is_multiple_of(each) {
                        column.values.clear();
                    }
                    column.observe(
                        &array.slice(from, rows),
                        1 << place,
                        self.keys_max.saturating_sub(others),
                    );
                    held = others + column.keys.len();
                }
            }
            if let Some(last) = self.rows.last_mut() {
                *last += rows as u64;
            }
            from += rows;
        }
    }

    fn end_group(&mut self) {
        self.columns.iter_mut().for_each(Column::end_group);
    }

    /// Writes the sidecar of a file whose row groups have these rows. When they are not the ones
    /// that were observed there is none.
    pub(crate) fn finish(mut self, table: &Path, file: &DataFile, rows: &[u64]) -> Result<()> {
        self.end_group();
        self.rows.retain(|rows| *rows > 0);
        if self.rows != rows {
            tracing::warn!(file = %file.name, "row groups of another size: no term index is kept");
            return Ok(());
        }
        create_dir(&folder(table))?;
        let path = path_of(table, &file.name);
        let mut out = BufWriter::new(File::create(&path).at(&path)?);
        let mut at = 0;
        let mut columns = HashMap::new();
        for column in self.columns {
            let mut sets = Vec::with_capacity(column.done.len());
            for (keys, bytes) in column.done {
                out.write_all(&bytes).at(&path)?;
                let crc = crc32fast::hash(&bytes);
                sets.push(Set { at, keys, crc });
                at += bytes.len() as u64;
            }
            sets.truncate(rows.len());
            columns.insert(column.name, sets);
        }
        let directory = Directory {
            data_bytes: file.bytes,
            rows: self.rows,
            place_rows: place_rows(self.group_rows) as u64,
            columns,
        };
        let text = serde_json::to_vec(&directory).unwrap_or_default();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        out.write_all(&text).at(&path)?;
        out.write_all(&length.to_le_bytes()).at(&path)?;
        out.write_all(&crc32fast::hash(&text).to_le_bytes())
            .at(&path)?;
        out.write_all(MAGIC).at(&path)?;
        out.flush().at(&path)?;
        Ok(())
    }
}

impl Column {
    /// Adds values at a place; with more than `keys_max` keys the column's set holds anything.
    fn observe(&mut self, array: &StringArray, place: Places, keys_max: usize) {
        if self.full {
            return;
        }
        let mut before = None;
        for at in 0..array.len() {
            let value = if array.is_valid(at) {
                array.value(at)
            } else {
                ""
            };
            // Neighbours are often equal: rows come in order of time.
            if before == Some(value) {
                continue;
            }
            before = Some(value);
            if !self.values.insert(XxHash3_64::oneshot(value.as_bytes())) {
                continue;
            }
            let keys = &mut self.keys;
            keys_of(value, &mut self.scratch, &mut |key| {
                *keys.entry(key).or_default() |= place;
            });
            if self.keys.len() > keys_max {
                self.full = true;
                self.keys = HashMap::default();
                self.values = HashSet::default();
                return;
            }
        }
    }

    fn end_group(&mut self) {
        let full = std::mem::take(&mut self.full);
        self.values.clear();
        self.done.push(if full {
            (None, Vec::new())
        } else {
            let count = u32::try_from(self.keys.len()).ok();
            (count, keys::encode(self.keys.drain()))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::ArrayRef;
    use std::sync::Arc;

    fn batch(rows: usize) -> RecordBatch {
        let many: StringArray = (0..rows)
            .map(|row| Some(format!("m{row} n{row}")))
            .collect();
        let few: StringArray = (0..rows).map(|_| Some("few")).collect();
        let columns: [(&str, ArrayRef); 2] = [("Many", Arc::new(many)), ("Few", Arc::new(few))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn a_column_with_too_many_keys_holds_anything_and_leaves_the_others_theirs() {
        let names = ["Many", "Few"].map(str::to_owned);
        let mut writer = IndexWriter::new(names.into_iter(), 1000);
        writer.keys_max = 100;
        writer.observe(&batch(500));
        assert!(writer.columns.iter().all(|column| column.keys.len() <= 100));
        writer.observe(&batch(10));
        writer.end_group();
        let sets: Vec<Option<u32>> = writer.columns.iter().map(|c| c.done[0].0).collect();
        assert_eq!(sets, [None, Some(1)]);
        // The next row group begins anew.
        writer.observe(&batch(10));
        writer.end_group();
        assert_eq!(writer.columns[0].done[1].0, Some(30));
    }
}
