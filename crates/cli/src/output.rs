//! Rows on stdout: as a table for people, JSON, NDJSON or CSV for programs.

use std::io::{self, IsTerminal as _, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Map, Value as Json};

use crate::args::Format;
use crate::failure::{Failure, Outcome};
use crate::safe_text::{for_csv, one_line};

/// Rows with column names, ready to print.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Json>>,
}

impl Rows {
    /// Rows of some fields of JSON objects.
    pub(crate) fn of_objects(columns: &[&str], items: &[Json]) -> Self {
        Self {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: items
                .iter()
                .map(|item| columns.iter().map(|column| item[*column].clone()).collect())
                .collect(),
        }
    }

    /// Prints to stdout. A closed pipe ends quietly.
    pub(crate) fn print(&self, format: Format) -> Outcome<()> {
        let stdout = io::stdout().lock();
        match self.write(format, stdout) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::work(format!("cannot write: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    fn write(&self, format: Format, mut out: impl Write) -> io::Result<()> {
        match format {
            Format::Table => writeln!(out, "{}", self.table()),
            Format::Json => {
                let rows: Vec<Json> = self.rows.iter().map(|row| self.object(row)).collect();
                serde_json::to_writer_pretty(&mut out, &rows)?;
                writeln!(out)
            }
            Format::Ndjson => {
                for row in &self.rows {
                    serde_json::to_writer(&mut out, &self.object(row))?;
                    writeln!(out)?;
                }
                Ok(())
            }
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(&self.columns)?;
                for row in &self.rows {
                    csv.write_record(row.iter().map(|cell| for_csv(&text(cell)).into_owned()))?;
                }
                csv.flush()
            }
        }
    }

    fn object(&self, row: &[Json]) -> Json {
        let fields = self.columns.iter().cloned().zip(row.iter().cloned());
        Json::Object(fields.collect::<Map<_, _>>())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        if io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(self.columns.iter().map(|c| one_line(c)));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| one_line(&text(cell))));
        }
        table
    }
}

/// A cell as text, `""` for null.
pub(crate) fn text(cell: &Json) -> String {
    match cell {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Prints one JSON object on a line of stdout.
pub(crate) fn json_line(value: &impl serde::Serialize) -> Outcome<()> {
    let mut out = io::stdout().lock();
    let written = serde_json::to_writer(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out));
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
