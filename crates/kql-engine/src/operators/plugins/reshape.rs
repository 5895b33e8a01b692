//! `rows_near`, `narrow`, `preview`, `identity`.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{Cancel, Made, Output, PluginCall, Table};
use crate::values::{Datum, convert};

/// Some of the input's rows, in this order.
pub(super) fn picked(call: &PluginCall, batch: &RecordBatch, rows: &[usize]) -> Result<Output> {
    let picks: UInt32Array = rows.iter().map(|row| u32::try_from(*row).ok()).collect();
    let made = call.input.iter().map(|column| {
        Ok(Made {
            title: column.title.clone(),
            ty: column.ty,
            array: take(&column.array(batch)?, &picks, None)?,
        })
    });
    Ok((made.collect::<Result<_>>()?, rows.len()))
}

/// `rows_near(condition, before, after)`: the rows for which the condition holds with their neighbours, each once.
pub(super) fn rows_near(call: &PluginCall, batch: &RecordBatch, _: &Cancel) -> Result<Output> {
    let count = |value: &Datum<'_>| usize::try_from(value.as_i64().unwrap_or(0)).unwrap_or(0);
    let before = count(call.need(1)?);
    let after = call.constant(2).map_or(before, count);
    let rows = batch.num_rows();
    let holds: Vec<bool> = match call.constant(0) {
        Some(value) => vec![*value == Datum::Bool(true); rows],
        None => {
            let reader = call.column(0)?.read(batch)?;
            (0..rows)
                .map(|row| reader.get(row) == Datum::Bool(true))
                .collect()
        }
    };
    let mut kept = Vec::new();
    let mut next = 0;
    for (row, _) in holds.iter().enumerate().filter(|(_, holds)| **holds) {
        let from = row.saturating_sub(before).max(next);
        let to = row.saturating_add(after).saturating_add(1).min(rows);
        kept.extend(from..to.max(from));
        next = next.max(to);
    }
    picked(call, batch, &kept)
}

/// `narrow()`: a row for each cell, its value as text.
pub(super) fn narrow(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let mut table = Table::new([
        ("Row".to_owned(), Type::Long),
        ("Column".to_owned(), Type::String),
        ("Value".to_owned(), Type::String),
    ]);
    let columns = call
        .input
        .iter()
        .map(|column| Ok((column.title.as_str(), column.read(batch)?)))
        .collect::<Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        cancel.check()?;
        for (title, reader) in &columns {
            let number = i64::try_from(row).unwrap_or(i64::MAX);
            let text = convert::to_text(&reader.get(row)).into_owned();
            table.push([
                Datum::Long(number),
                Datum::string(*title),
                Datum::string(text),
            ])?;
        }
    }
    Ok(table.finish())
}

/// `preview(n)`: the first rows.
pub(super) fn preview(call: &PluginCall, batch: &RecordBatch, _: &Cancel) -> Result<Output> {
    let most = usize::try_from(call.need(0)?.as_i64().unwrap_or(0)).unwrap_or(0);
    let rows: Vec<usize> = (0..batch.num_rows().min(most)).collect();
    picked(call, batch, &rows)
}

/// `identity()`: the rows as they are.
pub(super) fn identity(call: &PluginCall, batch: &RecordBatch, _: &Cancel) -> Result<Output> {
    let rows: Vec<usize> = (0..batch.num_rows()).collect();
    picked(call, batch, &rows)
}

/// `estimate_rows_count()`: the number of rows, which an engine that has them at hand need not estimate.
pub(super) fn estimate_rows_count(
    _: &PluginCall,
    batch: &RecordBatch,
    _: &Cancel,
) -> Result<Output> {
    let mut table = Table::new([("EstimatedRowsCount".to_owned(), Type::Long)]);
    let rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
    table.push([Datum::Long(rows)])?;
    Ok(table.finish())
}
