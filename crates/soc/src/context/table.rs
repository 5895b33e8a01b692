//! Reading a CSV file with a header: columns by any of their names, the rest kept.

use serde_json::{Map, Value as Json};

use crate::{Error, Result};

/// Largest file taken, in bytes.
const FILE_BYTES_MAX: usize = 64 << 20;

/// One row: value by lower-case column name.
pub(crate) struct TableRow {
    pub(crate) line: u64,
    cells: Vec<(String, String)>,
    taken: Vec<bool>,
}

impl TableRow {
    /// Takes the first non-empty value under one of `names`; all of them count as used.
    pub(crate) fn take(&mut self, names: &[&str]) -> String {
        let mut found = String::new();
        for (index, (name, value)) in self.cells.iter().enumerate() {
            if names.contains(&name.as_str()) {
                if let Some(taken) = self.taken.get_mut(index) {
                    *taken = true;
                }
                if found.is_empty() {
                    found.clone_from(value);
                }
            }
        }
        found
    }

    /// Columns nobody took, under their own names.
    pub(crate) fn rest(&self) -> Map<String, Json> {
        self.cells
            .iter()
            .zip(&self.taken)
            .filter(|((_, value), taken)| !**taken && !value.is_empty())
            .map(|((name, value), _)| (name.clone(), Json::String(value.clone())))
            .collect()
    }
}

/// Reads the file. Header names compare in lower case with blanks and dashes as underscores.
///
/// # Errors
/// [`Error::Csv`] with the line of the first row that does not read.
pub(crate) fn read(bytes: &[u8], needs_one_of: &[&str]) -> Result<Vec<TableRow>> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Error::Csv {
            line: 1,
            why: format!("more than {FILE_BYTES_MAX} bytes"),
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(false)
        .from_reader(bytes);
    let fail = |error: csv::Error| Error::Csv {
        line: error.position().map_or(1, csv::Position::line),
        why: error.to_string(),
    };
    let header: Vec<String> = reader
        .headers()
        .map_err(fail)?
        .iter()
        .map(|name| name.to_lowercase().replace([' ', '-'], "_"))
        .collect();
    if !header
        .iter()
        .any(|name| needs_one_of.contains(&name.as_str()))
    {
        let why = format!("the header names none of {}", needs_one_of.join(", "));
        return Err(Error::Csv { line: 1, why });
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(fail)?;
        let cells: Vec<_> = header
            .iter()
            .cloned()
            .zip(record.iter().map(str::to_owned))
            .collect();
        rows.push(TableRow {
            line: record.position().map_or(0, csv::Position::line),
            taken: vec![false; cells.len()],
            cells,
        });
    }
    Ok(rows)
}

/// Splits a list cell: a JSON array, or parts between `;`, `|` or blanks. A comma does not split:
/// AWS session names may hold one.
pub(crate) fn list(cell: &str) -> Vec<String> {
    if let Ok(items) = serde_json::from_str::<Vec<String>>(cell) {
        return items;
    }
    cell.split(|c: char| c == ';' || c == '|' || c.is_whitespace())
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_are_found_by_any_name_and_the_rest_is_kept() {
        let mut rows = read(
            b"\xef\xbb\xbfAccount UPN,Shoe-Size\nann@a.example,42\n",
            &["account_upn"],
        )
        .unwrap();
        let row = &mut rows[0];
        assert_eq!(row.line, 2);
        assert_eq!(row.take(&["upn", "account_upn"]), "ann@a.example");
        assert_eq!(
            row.rest().get("shoe_size"),
            Some(&Json::String("42".into()))
        );
        assert_eq!(row.rest().len(), 1);
    }

    #[test]
    fn a_broken_row_says_its_line() {
        let error = read(b"upn,sid\na,b\nc\n", &["upn"]).err().unwrap();
        assert!(error.to_string().starts_with("line 3:"), "{error}");
        assert!(read(b"colour\nred\n", &["upn"]).is_err());
        assert!(read(b"", &["upn"]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes, &["upn"]);
            let _ = list(&String::from_utf8_lossy(&bytes));
        }
    }
}
