//! The parts that a scan of a table reads: memory rows, data files, row groups, ranges of rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use crate::data_file::DataFile;
use crate::index::Rows;
use crate::rows::MemoryBatch;
use crate::time_bounds::TimeBounds;

/// What a scan reads.
pub(crate) struct Parts {
    pub(crate) files: Vec<FilePart>,
    pub(crate) memory: Vec<MemoryBatch>,
}

impl Parts {
    /// Those whose rows are all within the bounds, and the others.
    pub(crate) fn split(self, bounds: TimeBounds) -> (Self, Self) {
        let covers = |time: Option<(i64, i64)>| time.is_some_and(|time| bounds.cover(time));
        let (files, files_across) = self
            .files
            .into_iter()
            .partition(|part| covers(part.file.sure_time()));
        let (memory, memory_across) = self.memory.into_iter().partition(|b| covers(b.time));
        let across = Self {
            files: files_across,
            memory: memory_across,
        };
        (Self { files, memory }, across)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.memory.is_empty()
    }
}

/// A data file, or the row groups of it that a query needs.
#[derive(Clone)]
pub(crate) struct FilePart {
    pub(crate) file: Arc<DataFile>,
    pub(crate) access: Option<ParquetAccessPlan>,
}

impl FilePart {
    pub(crate) fn whole(file: Arc<DataFile>) -> Self {
        Self { file, access: None }
    }

    /// `None` when no rows are wanted.
    pub(crate) fn chosen(file: Arc<DataFile>, wanted: &[Rows]) -> Option<Self> {
        let mut access = ParquetAccessPlan::new_all(wanted.len());
        for (group, rows) in wanted.iter().enumerate() {
            match rows {
                Rows::All => {}
                Rows::None => access.skip(group),
                Rows::Some(ranges, of) => {
                    access.scan_selection(group, selection(ranges, *of));
                }
            }
        }
        let all = wanted.iter().all(|rows| *rows == Rows::All);
        let none = wanted.iter().all(|rows| *rows == Rows::None);
        (!none).then_some(Self {
            file,
            access: (!all).then_some(access),
        })
    }
}

/// The rows of these ranges out of so many.
fn selection(ranges: &[Range<usize>], of: usize) -> RowSelection {
    let mut selectors = Vec::with_capacity(ranges.len() * 2 + 1);
    let mut at = 0;
    for range in ranges {
        selectors.push(RowSelector::skip(range.start - at));
        selectors.push(RowSelector::select(range.len()));
        at = range.end;
    }
    selectors.push(RowSelector::skip(of.saturating_sub(at)));
    selectors.into()
}

/// Deals files out, newest first, so that "latest rows" queries end early.
pub(crate) fn groups(mut files: Vec<FilePart>, partitions: usize) -> Vec<Vec<FilePart>> {
    files.sort_by_key(|part| std::cmp::Reverse(part.file.time.map(|(_, max)| max)));
    let count = partitions.clamp(1, files.len().max(1));
    let mut groups = vec![Vec::new(); count];
    for (at, file) in files.into_iter().enumerate() {
        groups[at % count].push(file);
    }
    groups
}
