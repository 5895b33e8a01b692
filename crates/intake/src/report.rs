//! What became of an ingestion.

use serde::{Deserialize, Serialize};

/// Counts of one source. `records_in = rows + duplicates + filtered + rejects`, always.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Source name.
    pub source: String,
    /// Tables its rows went to, with commas.
    pub table: String,
    /// Inputs read.
    pub files: u64,
    /// Records read.
    pub records_in: u64,
    /// Records stored.
    pub rows: u64,
    /// Records stored earlier.
    pub duplicates: u64,
    /// Records dropped by the source's filter.
    pub filtered: u64,
    /// Records that could not be decoded; they are in `IngestRejects_CL`.
    pub rejects: u64,
    /// Decompressed bytes read.
    pub bytes_in: u64,
    /// Wall-clock seconds, decoding and storing.
    pub seconds: f64,
}

impl SourceReport {
    pub(crate) fn add_table(&mut self, table: &str) {
        if !self.table.split(',').any(|known| known == table) {
            if !self.table.is_empty() {
                self.table.push(',');
            }
            self.table.push_str(table);
        }
    }

    pub(crate) fn add_counts(&mut self, counts: lake::FrameCounts) {
        self.records_in += counts.records_in;
        self.rows += counts.rows;
        self.duplicates += counts.duplicates;
        self.filtered += counts.filtered;
        self.rejects += counts.rejects;
        self.bytes_in += counts.bytes_in;
    }
}

/// An input that was not read to its end, or not at all. What came before is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFailure {
    /// Path or `archive!member`.
    pub file: String,
    /// Why, for a person.
    pub reason: String,
}

/// The whole ingestion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IngestReport {
    /// Counts by source, in order of appearance.
    pub sources: Vec<SourceReport>,
    /// Inputs with an error.
    pub failures: Vec<FileFailure>,
    /// Inputs that are no logs and were passed over, with the reason.
    pub skipped: Vec<FileFailure>,
}

impl IngestReport {
    pub(crate) fn source(&mut self, name: &str) -> &mut SourceReport {
        let at = match self.sources.iter().position(|report| report.source == name) {
            Some(at) => at,
            None => {
                self.sources.push(SourceReport {
                    source: name.to_owned(),
                    ..SourceReport::default()
                });
                self.sources.len() - 1
            }
        };
        &mut self.sources[at]
    }

    /// Adds another report's counts to this one's.
    pub fn merge(&mut self, other: IngestReport) {
        for theirs in other.sources {
            let ours = self.source(&theirs.source);
            for table in theirs.table.split(',').filter(|table| !table.is_empty()) {
                ours.add_table(table);
            }
            ours.files += theirs.files;
            ours.seconds += theirs.seconds;
            ours.records_in += theirs.records_in;
            ours.rows += theirs.rows;
            ours.duplicates += theirs.duplicates;
            ours.filtered += theirs.filtered;
            ours.rejects += theirs.rejects;
            ours.bytes_in += theirs.bytes_in;
        }
        self.failures.extend(other.failures);
        self.skipped.extend(other.skipped);
    }
}
