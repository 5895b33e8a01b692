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

/// Distance of two rows' times from which on they are in different spans: one hour, microseconds.
const GAP_US: i64 = 3_600_000_000;
/// Spans of a batch at most; the last one then takes in all that is later.
const SPANS_MAX: usize = 64;

/// The spans of `TimeGenerated` that a batch's rows lie in, in order. One row whose clock is absurd
/// does not make its batch touch all the time between.
pub(crate) fn time_spans(batch: &RecordBatch) -> Vec<(Timestamp, Timestamp)> {
    let times = batch
        .column_by_name("TimeGenerated")
        .and_then(|array| array.as_any().downcast_ref::<TimestampMicrosecondArray>());
    let mut times: Vec<i64> = times.into_iter().flatten().flatten().collect();
    times.sort_unstable();
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for time in times {
        let full = spans.len() == SPANS_MAX;
        match spans.last_mut() {
            Some((_, last)) if full || time.saturating_sub(*last) < GAP_US => *last = time,
            _ => spans.push((time, time)),
        }
    }
    // The last hours of the year 9999 are beyond what a timestamp holds.
    let instant = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX);
    spans
        .into_iter()
        .map(|(first, last)| (instant(first), instant(last)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use schema::{Catalog, RowsBuilder};

    fn spans(times: &[&str]) -> Vec<(String, String)> {
        let table = Arc::clone(Catalog::builtin().table("Syslog").unwrap());
        let mut rows = RowsBuilder::new(Arc::clone(&table), false);
        for time in times {
            let mut row = Row::new(Arc::clone(&table));
            row.set("TimeGenerated", *time);
            rows.push(&row);
        }
        let spans = time_spans(&rows.finish().unwrap()).into_iter();
        spans
            .map(|(first, last)| (first.to_string(), last.to_string()))
            .collect()
    }

    #[test]
    fn rows_far_apart_in_time_are_in_spans_of_their_own() {
        let found = spans(&[
            "2026-03-06T12:59:00Z",
            "9999-12-31T23:59:59.999999Z",
            "2026-03-06T12:00:00Z",
            "0001-01-01T00:00:00Z",
            "2026-03-06T14:00:00Z",
        ]);
        let expected = [
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("2026-03-06T12:00:00Z", "2026-03-06T12:59:00Z"),
            ("2026-03-06T14:00:00Z", "2026-03-06T14:00:00Z"),
            (
                "9999-12-30T22:00:00.999999999Z",
                "9999-12-30T22:00:00.999999999Z",
            ),
        ];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(spans(&[]), []);
    }

    #[test]
    fn spans_are_bounded_and_none_is_lost() {
        let times: Vec<String> = (1..=200)
            .map(|year| format!("{:04}-01-01T00:00:00Z", year * 10))
            .collect();
        let times: Vec<&str> = times.iter().map(String::as_str).collect();
        let found = spans(&times);
        assert_eq!(found.len(), SPANS_MAX);
        let last = (
            "0640-01-01T00:00:00Z".to_owned(),
            "2000-01-01T00:00:00Z".to_owned(),
        );
        assert_eq!(found.last(), Some(&last));
    }
}
