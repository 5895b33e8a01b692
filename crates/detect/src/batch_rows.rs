//! Reading single cells of Arrow batches, for the few rows that detections look at.

use arrow::array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use jiff::Timestamp;
use schema::{Row, TableSchema, Value};
use std::sync::Arc;

/// A text cell, `""` when it is null, missing or no text.
pub(crate) fn text<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> &'a str {
    batch
        .column_by_name(column)
        .and_then(|array| array.as_any().downcast_ref::<StringArray>())
        .filter(|array| row < array.len() && array.is_valid(row))
        .map_or("", |array| array.value(row))
}

/// A cell of any type.
pub(crate) fn value(batch: &RecordBatch, column: &str, row: usize) -> Option<Value> {
    let array = batch.column_by_name(column)?;
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    let any = array.as_any();
    if let Some(array) = any.downcast_ref::<StringArray>() {
        return Some(Value::String(array.value(row).to_owned()));
    }
    if let Some(array) = any.downcast_ref::<Int64Array>() {
        return Some(Value::Long(array.value(row)));
    }
    if let Some(array) = any.downcast_ref::<Int32Array>() {
        return Some(Value::Long(i64::from(array.value(row))));
    }
    if let Some(array) = any.downcast_ref::<BooleanArray>() {
        return Some(Value::Bool(array.value(row)));
    }
    if let Some(array) = any.downcast_ref::<Float64Array>() {
        return Some(Value::Real(array.value(row)));
    }
    let array = any.downcast_ref::<TimestampMicrosecondArray>()?;
    Timestamp::from_microsecond(array.value(row))
        .ok()
        .map(Value::DateTime)
}

/// An instant.
pub(crate) fn time(batch: &RecordBatch, column: &str, row: usize) -> Option<Timestamp> {
    match value(batch, column, row)? {
        Value::DateTime(at) => Some(at),
        _ => None,
    }
}

/// A whole row, without the native record.
pub(crate) fn row(batch: &RecordBatch, table: &Arc<TableSchema>, at: usize) -> Row {
    let mut row = Row::new(Arc::clone(table));
    for field in batch.schema().fields() {
        if field.name() != schema::NATIVE_COLUMN
            && let Some(cell) = value(batch, field.name(), at)
        {
            row.set(field.name(), cell);
        }
    }
    row
}

/// Least and greatest `TimeGenerated` of a batch.
pub(crate) fn time_span(batch: &RecordBatch) -> Option<(Timestamp, Timestamp)> {
    let array = batch.column_by_name("TimeGenerated")?;
    let array = array.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
    let first = arrow::compute::min(array)?;
    let last = arrow::compute::max(array)?;
    Some((
        Timestamp::from_microsecond(first).ok()?,
        Timestamp::from_microsecond(last).ok()?,
    ))
}
