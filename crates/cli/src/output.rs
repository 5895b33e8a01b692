//! Rows on stdout: as a table for people, JSON, NDJSON or CSV for programs.

use std::io::{self, IsTerminal as _, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Map, Value as Json};

use crate::args::Format;
use crate::failure::{Failure, Outcome};
use crate::safe_text::{for_csv, for_json, for_terminal, one_line};

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
        let written = match format {
            // A file gets the values as they are, a terminal nothing that it would obey.
            Format::Csv if stdout.is_terminal() => {
                self.csv(stdout, |cell| for_terminal(&for_csv(cell)).into_owned())
            }
            _ => self.write(format, stdout),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::work(format!("cannot write: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Writes them; HTML is not for rows of any kind.
    pub(crate) fn write(&self, format: Format, mut out: impl Write) -> io::Result<()> {
        match format {
            Format::Table => writeln!(out, "{}", self.table()),
            Format::Json => {
                let rows: Vec<Json> = self.rows.iter().map(|row| self.object(row)).collect();
                let text = serde_json::to_string_pretty(&rows)?;
                writeln!(out, "{}", for_json(&text))
            }
            Format::Ndjson => {
                for row in &self.rows {
                    writeln!(out, "{}", for_json(&self.object(row).to_string()))?;
                }
                Ok(())
            }
            Format::Csv => self.csv(out, |cell| for_csv(cell).into_owned()),
            Format::Html | Format::Parquet | Format::Arrow => {
                Err(io::Error::other("this format is not for these rows"))
            }
        }
    }

    fn csv(&self, out: impl Write, safe: impl Fn(&str) -> String) -> io::Result<()> {
        // A closed pipe must be seen as one.
        let cause = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            kind => io::Error::other(format!("{kind:?}")),
        };
        let mut csv = csv::Writer::from_writer(out);
        // Names can come from log text too (`pivot`, `bag_unpack`).
        let header = self.columns.iter().map(|name| safe(name));
        csv.write_record(header).map_err(cause)?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| safe(&text(cell)));
            csv.write_record(cells).map_err(cause)?;
        }
        csv.flush()
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
    let written = serde_json::to_string(value)
        .map_err(io::Error::from)
        .and_then(|text| writeln!(out, "{}", for_json(&text)));
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes bytes to stdout. A closed pipe ends quietly.
pub(crate) fn print_bytes(bytes: &[u8]) -> Outcome<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_csv_header_from_log_text_is_no_formula() {
        let rows = Rows {
            columns: vec!["=cmd|x".into()],
            rows: vec![vec!["+1".into()], vec![(-1).into()]],
        };
        let mut out = Vec::new();
        rows.write(Format::Csv, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "'=cmd|x\n+1\n-1\n");
    }
}
