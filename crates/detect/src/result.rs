//! A query's rows as rules read them: cells by column name, as text or JSON.

use jiff::Timestamp;
use serde_json::Value as Json;

/// A result table. Cells are as in the Azure Monitor Logs API: `dynamic` as JSON text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultRows {
    /// Column names and KQL types.
    pub columns: Vec<(String, String)>,
    /// Rows of cells.
    pub rows: Vec<Vec<Json>>,
}

impl ResultRows {
    /// Position of a column.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|(name, _)| name == column)
    }

    /// A cell, null when the column does not exist.
    pub fn cell<'a>(&self, row: &'a [Json], column: &str) -> &'a Json {
        self.position(column)
            .and_then(|at| row.get(at))
            .unwrap_or(&Json::Null)
    }

    /// A cell as text, `""` for null.
    pub fn text(&self, row: &[Json], column: &str) -> String {
        cell_text(self.cell(row, column))
    }

    /// The same rows without the columns that are empty in all of them.
    pub fn without_empty_columns(self) -> Self {
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|at| {
                self.rows
                    .iter()
                    .any(|row| row.get(*at).is_some_and(|cell| !cell_text(cell).is_empty()))
            })
            .collect();
        Self {
            columns: kept
                .iter()
                .filter_map(|at| self.columns.get(*at).cloned())
                .collect(),
            rows: self
                .rows
                .iter()
                .map(|row| kept.iter().filter_map(|at| row.get(*at).cloned()).collect())
                .collect(),
        }
    }

    /// A cell as an instant.
    pub fn time(&self, row: &[Json], column: &str) -> Option<Timestamp> {
        self.cell(row, column).as_str()?.parse().ok()
    }
}

/// A cell as text, `""` for null.
pub(crate) fn cell_text(cell: &Json) -> String {
    match cell {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
