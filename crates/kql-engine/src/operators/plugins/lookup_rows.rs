//! What lookups make of the pairs of rows they found: the input's columns with the lookup table's beside them.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{ColumnRef, Made, Output, PluginCall, ROWS_MAX, limit};
use crate::values::{ColumnBuilder, Reader};

/// Rows of the input and, for each, the row of the lookup table; none for an input row that has no match.
#[derive(Default)]
pub(super) struct Pairs {
    left: Vec<u32>,
    right: Vec<Option<u32>>,
}

impl Pairs {
    /// The matches of one row; a row without one is kept when `unmatched`.
    ///
    /// # Errors
    /// For more than [`ROWS_MAX`] pairs.
    pub(super) fn add(
        &mut self,
        plugin: &str,
        row: usize,
        found: impl IntoIterator<Item = usize>,
        unmatched: bool,
    ) -> Result<()> {
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let before = self.left.len();
        for other in found {
            self.left.push(number(row));
            self.right.push(Some(number(other)));
        }
        if self.left.len() == before && unmatched {
            self.left.push(number(row));
            self.right.push(None);
        }
        if self.left.len() > ROWS_MAX {
            return Err(limit(format!("{plugin} made more than {ROWS_MAX} rows")));
        }
        Ok(())
    }

    /// All columns of the input, then those of the table that `keep` does not refuse, named as a join names them.
    ///
    /// # Errors
    /// When a column cannot be read.
    pub(super) fn table(
        self,
        call: &PluginCall,
        batch: &RecordBatch,
        (table, columns): (&RecordBatch, &[ColumnRef]),
        keep: impl Fn(&ColumnRef) -> bool,
    ) -> Result<Output> {
        let rows = self.left.len();
        let (left, right) = (UInt32Array::from(self.left), UInt32Array::from(self.right));
        let mut made = Vec::new();
        for column in &call.input {
            made.push(Made {
                title: column.title.clone(),
                ty: column.ty,
                array: take(&column.array(batch)?, &left, None)?,
            });
        }
        for column in columns.iter().filter(|column| keep(column)) {
            let taken = take(&column.array(table)?, &right, None)?;
            made.push(Made {
                title: free_title(&made, &column.title),
                ty: column.ty,
                array: if column.ty == Type::String {
                    filled(column.ty, &taken)?
                } else {
                    taken
                },
            });
        }
        Ok((made, rows))
    }
}

/// As a join names the right side's columns.
fn free_title(made: &[Made], title: &str) -> String {
    let taken = |title: &str| made.iter().any(|made| made.title == title);
    if !taken(title) {
        return title.to_owned();
    }
    let mut number = 1;
    while taken(&format!("{title}{number}")) {
        number += 1;
    }
    format!("{title}{number}")
}

/// A string is never null.
fn filled(ty: Type, array: &ArrayRef) -> Result<ArrayRef> {
    let reader = Reader::new(ty, array, false)?;
    let mut out = ColumnBuilder::new(ty, array.len());
    (0..array.len()).for_each(|row| out.push(&reader.get(row)));
    Ok(out.finish())
}
