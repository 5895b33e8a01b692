//! Where matches go: stdout or a file, one by one where the format lets them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use detect::HuntMatch;
use serde_json::Value as Json;
use sigma::Level;

use super::page::{self, Facts};
use crate::args::Format;
use crate::failure::{Failure, Outcome};
use crate::output::{Rows, text};
use crate::safe_text::{for_csv, for_json, one_line};

/// Columns of a table; CSV has two more.
const COLUMNS: [&str; 10] = [
    "time",
    "level",
    "rule",
    "computer",
    "channel",
    "event_id",
    "record_id",
    "file",
    "rule_id",
    "fields",
];

/// Stdout, or a file that appears under its name once it is whole.
pub(super) struct Destination {
    out: Box<dyn Write>,
    pending: Option<Pending>,
}

struct Pending {
    part: PathBuf,
    file: PathBuf,
    force: bool,
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Gone already when it was renamed.
        let _ = std::fs::remove_file(&self.part);
    }
}

impl Destination {
    /// Opens it; a file that exists is refused unless `force`.
    pub(super) fn open(file: Option<&Path>, force: bool) -> Outcome<Self> {
        let Some(file) = file else {
            return Ok(Self {
                out: Box::new(io::stdout()),
                pending: None,
            });
        };
        if file.is_dir() {
            return Err(Failure::input(format!("`{}` is a folder", file.display()))
                .hint("name a file in it"));
        }
        refuse_existing(file, force)?;
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = file.with_file_name(name);
        let opened = File::create_new(&part).map_err(|error| {
            Failure::input(format!("cannot write `{}`: {error}", file.display()))
                .hint("its folder must exist and be writable")
        })?;
        Ok(Self {
            out: Box::new(BufWriter::new(opened)),
            pending: Some(Pending {
                part,
                file: file.to_owned(),
                force,
            }),
        })
    }
}

fn refuse_existing(file: &Path, force: bool) -> Outcome<()> {
    if !force && file.exists() {
        return Err(
            Failure::input(format!("`{}` exists already", file.display()))
                .hint("--force overwrites it"),
        );
    }
    Ok(())
}

enum Form {
    Lines(Box<dyn Write>),
    Array { out: Box<dyn Write>, empty: bool },
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    Table { out: Box<dyn Write>, kept: Kept },
    Page { out: Box<dyn Write>, kept: Kept },
}

/// The matches of a hunt on their way out.
pub(super) struct Matches {
    form: Form,
    pending: Option<Pending>,
    /// The first failure to write; nothing is written after it.
    failed: Option<io::Error>,
}

impl Matches {
    /// In a format; a table or page holds `most` matches.
    pub(super) fn new(destination: Destination, format: Format, most: usize) -> Self {
        let Destination { out, pending } = destination;
        let kept = Kept::new(most);
        let mut matches = Self {
            form: match format {
                Format::Ndjson => Form::Lines(out),
                Format::Json => Form::Array { out, empty: true },
                Format::Csv => Form::Csv(Box::new(csv::Writer::from_writer(out))),
                Format::Html => Form::Page { out, kept },
                // Formats of other commands do not get here (`format_fits`).
                _ => Form::Table { out, kept },
            },
            pending,
            failed: None,
        };
        if let Form::Csv(csv) = &mut matches.form {
            matches.failed = csv.write_record(COLUMNS).map_err(cause).err();
        }
        matches
    }

    /// Adds one.
    pub(super) fn add(&mut self, found: HuntMatch) {
        if self.failed.is_none() {
            self.failed = self.form.add(found).err();
        }
    }

    /// Matches that a table or page has no room for.
    pub(super) fn left_out(&self) -> u64 {
        match &self.form {
            Form::Table { kept, .. } | Form::Page { kept, .. } => kept.left_out,
            _ => 0,
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// What stopped the writing. A closed pipe ends quietly.
    pub(super) fn finish(mut self, facts: &Facts<'_>) -> Outcome<()> {
        let ended = match self.failed.take() {
            Some(error) => Err(error),
            None => self.form.end(facts),
        };
        match ended {
            Err(error) if self.pending.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(());
            }
            Err(error) => return Err(Failure::work(format!("cannot write: {error}"))),
            Ok(()) => {}
        }
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        refuse_existing(&pending.file, pending.force)?;
        std::fs::rename(&pending.part, &pending.file).map_err(|error| {
            Failure::work(format!(
                "cannot write `{}`: {error}",
                pending.file.display()
            ))
        })
    }
}

impl Form {
    fn add(&mut self, found: HuntMatch) -> io::Result<()> {
        match self {
            Self::Lines(out) => writeln!(out, "{}", for_json(&serde_json::to_string(&found)?)),
            Self::Array { out, empty } => {
                let before = if std::mem::take(empty) { "[\n" } else { ",\n" };
                write!(out, "{before}{}", for_json(&serde_json::to_string(&found)?))
            }
            Self::Csv(csv) => {
                let item = serde_json::to_value(found)?;
                let cells = COLUMNS.iter().map(|column| csv_cell(&item[*column]));
                csv.write_record(cells).map_err(cause)
            }
            Self::Table { kept, .. } | Self::Page { kept, .. } => {
                kept.add(found);
                Ok(())
            }
        }
    }

    fn end(&mut self, facts: &Facts<'_>) -> io::Result<()> {
        match self {
            Self::Lines(out) => out.flush(),
            Self::Array { out, empty } => {
                writeln!(out, "{}", if *empty { "[]" } else { "\n]" })?;
                out.flush()
            }
            Self::Csv(csv) => csv.flush(),
            Self::Table { out, kept } => {
                let items: Vec<Json> = kept
                    .take_by_time()
                    .into_iter()
                    .map(serde_json::to_value)
                    .collect::<Result<_, _>>()?;
                Rows::of_objects(&COLUMNS[..8], &items).write(Format::Table, &mut *out)?;
                out.flush()
            }
            Self::Page { out, kept } => {
                let left_out = kept.left_out;
                page::write(facts, &kept.take_by_time(), left_out, &mut *out)?;
                out.flush()
            }
        }
    }
}

/// The failure to write itself: a closed pipe must be seen as one.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// A cell that neither a spreadsheet nor a terminal acts on.
fn csv_cell(cell: &Json) -> String {
    match cell {
        Json::Object(_) | Json::Array(_) => for_json(&cell.to_string()).into_owned(),
        cell => for_csv(&one_line(&text(cell))).into_owned(),
    }
}

/// The most severe matches, a bounded number of them. Which are kept does not depend on the order
/// in which they are found.
struct Kept {
    most: usize,
    left_out: u64,
    heap: BinaryHeap<Ranked>,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self {
            most,
            left_out: 0,
            heap: BinaryHeap::new(),
        }
    }

    fn add(&mut self, found: HuntMatch) {
        self.heap.push(Ranked(found));
        if self.heap.len() > self.most {
            self.heap.pop();
            self.left_out += 1;
        }
    }

    fn take_by_time(&mut self) -> Vec<HuntMatch> {
        let heap = std::mem::take(&mut self.heap);
        let mut kept: Vec<HuntMatch> = heap.into_iter().map(|ranked| ranked.0).collect();
        kept.sort_by(|a, b| by_time(a).cmp(&by_time(b)));
        kept
    }
}

fn by_time(found: &HuntMatch) -> impl Ord + '_ {
    (found.time, &found.file, found.record_id, &found.rule_id)
}

/// Ordered by severity, then time: the greatest is the first to be left out.
struct Ranked(HuntMatch);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let level = |ranked: &Self| Level::parse(&ranked.0.level);
        level(other)
            .cmp(&level(self))
            .then_with(|| by_time(&self.0).cmp(&by_time(&other.0)))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(level: &str, record_id: u64) -> HuntMatch {
        HuntMatch {
            rule_id: "r".into(),
            rule: "R".into(),
            level: level.into(),
            file: "f".into(),
            record_id,
            time: jiff::Timestamp::from_second(i64::try_from(record_id).unwrap()).ok(),
            computer: String::new(),
            channel: String::new(),
            event_id: Json::Null,
            fields: serde_json::Map::new(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn the_most_severe_matches_are_kept_in_whatever_order_they_come() {
        let all = [
            ("low", 1),
            ("high", 2),
            ("low", 3),
            ("critical", 4),
            ("medium", 5),
        ];
        for turn in 0..all.len() {
            let mut kept = Kept::new(3);
            for at in 0..all.len() {
                let (level, record) = all[(at + turn) % all.len()];
                kept.add(found(level, record));
            }
            let shown: Vec<u64> = kept.take_by_time().iter().map(|m| m.record_id).collect();
            assert_eq!((shown, kept.left_out), (vec![2, 4, 5], 2));
        }
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.ndjson");
        drop(Destination::open(Some(&file), false).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(&file, "old").unwrap();
        assert!(Destination::open(Some(&file), false).is_err());
        assert!(Destination::open(Some(folder.path()), true).is_err());
        assert!(Destination::open(Some(&file), true).is_ok());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn a_cell_is_neither_formula_nor_control_sequence() {
        let cell = |text: &str| csv_cell(&Json::String(text.to_owned()));
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("a\u{1b}[2J\u{202e}"), "a\\u{1b}[2J\\u{202e}");
        let object = csv_cell(&serde_json::json!({"=x": "\u{9b}2J\u{202e}"}));
        assert_eq!(object, "{\"=x\":\"\\u009b2J\\u202e\"}");
    }
}
