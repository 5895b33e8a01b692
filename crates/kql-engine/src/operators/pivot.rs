//! `pivot`: rows of (group columns, pivot value, aggregate) into one column per pivot value.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use kql::types::Type;

use crate::values::{ColumnBuilder, Datum, Reader, convert};

/// Most columns one call makes.
const COLUMNS_MAX: usize = 1_000;

/// The group columns (one row per distinct combination, in order of appearance) and the pivoted columns.
pub(crate) struct Pivoted {
    pub(crate) groups: Vec<ArrayRef>,
    pub(crate) rows: usize,
    pub(crate) columns: Vec<(String, ArrayRef)>,
}

/// Spreads `value` over columns named by `key`. Missing combinations take `empty`.
///
/// # Errors
/// When a column cannot be read as its type.
pub(crate) fn pivot(
    batch: &RecordBatch,
    groups: &[ArrayRef],
    key: (Type, &ArrayRef),
    value: (Type, &ArrayRef),
    empty: &Datum<'_>,
) -> Result<Pivoted> {
    let mut group_of: Vec<usize> = vec![0; batch.num_rows()];
    let mut firsts: Vec<u32> = Vec::new();
    if groups.is_empty() {
        firsts.extend((batch.num_rows() > 0).then_some(0));
    } else {
        let fields = groups
            .iter()
            .map(|a| SortField::new(a.data_type().clone()))
            .collect();
        let converter = RowConverter::new(fields)?;
        let rows = converter.convert_columns(groups)?;
        let mut seen = HashMap::new();
        for (row, slot) in group_of.iter_mut().enumerate() {
            let id = *seen.entry(rows.row(row).owned()).or_insert_with(|| {
                firsts.push(u32::try_from(row).unwrap_or(u32::MAX));
                firsts.len() - 1
            });
            *slot = id;
        }
    }
    let keys = Reader::new(key.0, key.1, false)?;
    let values = Reader::new(value.0, value.1, false)?;
    let mut cells: HashMap<String, HashMap<usize, usize>> = HashMap::new();
    for (row, group) in group_of.iter().enumerate() {
        let name = convert::to_text(&keys.get(row)).into_owned();
        if cells.len() < COLUMNS_MAX || cells.contains_key(&name) {
            cells.entry(name).or_default().insert(*group, row);
        }
    }
    let mut names: Vec<&String> = cells.keys().collect();
    names.sort_unstable();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let mut column = ColumnBuilder::new(value.0, firsts.len());
        for group in 0..firsts.len() {
            match cells.get(name).and_then(|rows| rows.get(&group)) {
                Some(row) => column.push(&values.get(*row)),
                None => column.push(empty),
            }
        }
        columns.push((name.clone(), column.finish()));
    }
    let picks = UInt32Array::from(firsts.clone());
    let groups = groups
        .iter()
        .map(|a| Ok(take(a, &picks, None)?))
        .collect::<Result<_>>()?;
    Ok(Pivoted {
        groups,
        rows: firsts.len(),
        columns,
    })
}
