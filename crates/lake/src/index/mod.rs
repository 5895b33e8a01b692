//! The term index: which rows of a data file may hold a text.
//!
//! Beside each data file stands a sidecar, `_watchfloor/index/<data file>.terms`. For every text
//! column and row group it has one set of 64-bit keys: one key of each distinct value, and one of
//! each term in it (a maximal run of letters and digits) and of each IPv4 address, all with case
//! folded. Beside each key stands in which eighths of the row group it is. A scan looks a
//! filter's texts up ([`lookup`]) and reads only the row groups whose set holds them, and of
//! these only the eighths; a set answers "maybe" for about one absent key in a thousand, so the
//! rows that stay are filtered as ever.
//!
//! The sidecar is written with the data file, at a flush and at a merge, and removed with it. It
//! is never needed: one that is missing, damaged or of a newer format means that all row groups
//! are read.

mod keys;
mod lookup;
mod sidecar;
mod terms;
mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub(crate) use lookup::{Lookup, read_filters};
pub use lookup::{TextCalls, TextPlace, TextTest};
pub(crate) use sidecar::{IndexCache, Rows};
pub(crate) use writer::{IndexWriter, place_rows};

use crate::delta::SIDECAR_DIR;

const EXTENSION: &str = ".terms";

/// Folder of a table's sidecars.
pub(crate) fn folder(table: &Path) -> PathBuf {
    table.join(SIDECAR_DIR).join("index")
}

/// The sidecar of a data file.
pub(crate) fn path_of(table: &Path, data_file: &str) -> PathBuf {
    folder(table).join(format!("{data_file}{EXTENSION}"))
}

/// Removes the sidecars of files that are gone: a crash can come between the two.
pub(crate) fn sweep(table: &Path, data_files: &[String]) {
    let Ok(entries) = std::fs::read_dir(folder(table)) else {
        return;
    };
    let known: HashSet<&str> = data_files.iter().map(String::as_str).collect();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let of = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
        if of.is_some_and(|of| !known.contains(of)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
