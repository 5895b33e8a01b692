//! Query results as Parquet or as an Arrow IPC stream.
//!
//! | KQL | Arrow |
//! | --- | --- |
//! | bool, int, long, real | Boolean, Int32, Int64, Float64 |
//! | decimal | Decimal128(38, 10) |
//! | datetime | Timestamp(µs, UTC); the seventh digit of a second is cut |
//! | timespan | Int64, ticks of 100 ns: its range is beyond every Arrow duration of that precision |
//! | string, guid, dynamic | Utf8; dynamic as JSON text |
//!
//! Each field's metadata has the KQL type under `kql_type`.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;
use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::ipc::writer::StreamWriter;
use jiff::civil;
use kql::Type;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value as Json;

/// Digits of a decimal after the point, as in the engine.
const DECIMAL_SCALE: usize = 10;

/// A file of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnFormat {
    Parquet,
    ArrowStream,
}

/// The whole file, from cells as the Azure Monitor Logs API has them.
///
/// # Errors
/// When a cell doesn't fit its column; it is named.
pub(crate) fn encode(
    format: ColumnFormat,
    columns: &[(String, String)],
    rows: &[Vec<Json>],
) -> anyhow::Result<Vec<u8>> {
    let batch = batch(columns, rows)?;
    match format {
        ColumnFormat::Parquet => {
            let zstd = Compression::ZSTD(ZstdLevel::default());
            let properties = WriterProperties::builder().set_compression(zstd).build();
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
            writer.write(&batch)?;
            Ok(writer.into_inner()?)
        }
        ColumnFormat::ArrowStream => {
            let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
            writer.write(&batch)?;
            Ok(writer.into_inner()?)
        }
    }
}

fn batch(columns: &[(String, String)], rows: &[Vec<Json>]) -> anyhow::Result<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (at, (name, ty)) in columns.iter().enumerate() {
        let ty = Type::parse(ty).unwrap_or(Type::Dynamic);
        let array = array(&Cells { name, ty, at, rows })?;
        let metadata = HashMap::from([("kql_type".to_owned(), ty.name().to_owned())]);
        fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

/// One column's cells.
struct Cells<'a> {
    name: &'a str,
    ty: Type,
    at: usize,
    rows: &'a [Vec<Json>],
}

impl Cells<'_> {
    fn read<T>(&self, read: impl Fn(&Json) -> Option<T>) -> anyhow::Result<Vec<Option<T>>> {
        let one = |(row, cells): (usize, &Vec<Json>)| match cells.get(self.at) {
            None | Some(Json::Null) => Ok(None),
            Some(cell) => read(cell).map(Some).ok_or_else(|| {
                let cell: String = cell.to_string().chars().take(80).collect();
                let (column, ty) = (self.name, self.ty);
                anyhow!("column `{column}`, row {}: `{cell}` is no {ty}", row + 1)
            }),
        };
        self.rows.iter().enumerate().map(one).collect()
    }
}

fn array(cells: &Cells<'_>) -> anyhow::Result<ArrayRef> {
    let text = |read: fn(&str) -> Option<i64>| cells.read(|cell| cell.as_str().and_then(read));
    Ok(match cells.ty {
        Type::Bool => Arc::new(BooleanArray::from(cells.read(Json::as_bool)?)),
        Type::Int => {
            let int = |cell: &Json| cell.as_i64().and_then(|value| i32::try_from(value).ok());
            Arc::new(Int32Array::from(cells.read(int)?))
        }
        Type::Long => Arc::new(Int64Array::from(cells.read(Json::as_i64)?)),
        Type::Real => Arc::new(Float64Array::from(cells.read(real)?)),
        Type::Decimal => {
            let values = cells.read(|cell| cell.as_str().and_then(decimal))?;
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 10)?)
        }
        Type::DateTime => {
            let values = TimestampMicrosecondArray::from(text(unix_micros)?);
            Arc::new(values.with_timezone("UTC"))
        }
        Type::TimeSpan => Arc::new(Int64Array::from(text(ticks)?)),
        Type::String | Type::Guid | Type::Dynamic | Type::Unknown => {
            let text = |cell: &Json| Some(crate::output::text(cell));
            Arc::new(StringArray::from(cells.read(text)?))
        }
    })
}

fn real(cell: &Json) -> Option<f64> {
    match cell.as_str() {
        None => cell.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

/// `[-]digits[.digits]`, scaled.
fn decimal(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > DECIMAL_SCALE {
        return None;
    }
    format!("{whole}{fraction:0<DECIMAL_SCALE$}").parse().ok()
}

/// Microseconds since 1970 of an RFC 3339 text in UTC, years 1 to 9999 (a `jiff::Timestamp` ends
/// hours before them).
fn unix_micros(text: &str) -> Option<i64> {
    let at: civil::DateTime = text.strip_suffix('Z')?.parse().ok()?;
    let since = at.duration_since(civil::date(1970, 1, 1).at(0, 0, 0, 0));
    i64::try_from(since.as_nanos().div_euclid(1_000)).ok()
}

/// Ticks of 100 ns of `[-][d.]hh:mm:ss[.fffffff]`.
fn ticks(text: &str) -> Option<i64> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, text),
    };
    let mut parts = body.split(':');
    let (first, minutes, last) = (parts.next()?, parts.next()?, parts.next()?);
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = last.split_once('.').unwrap_or((last, ""));
    if parts.next().is_some() || fraction.len() > 7 {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().ok().map(i128::from);
    let whole = ((number(days)? * 24 + number(hours)?) * 60 + number(minutes)?) * 60;
    let ticks = (whole + number(seconds)?) * 10_000_000 + number(&format!("{fraction:0<7}"))?;
    i64::try_from(sign * ticks).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_at_both_ends_of_the_language_have_their_microseconds() {
        assert_eq!(unix_micros("1970-01-01T00:00:00.0000019Z"), Some(1));
        assert_eq!(unix_micros("1969-12-31T23:59:59.9999999Z"), Some(-1));
        assert_eq!(
            unix_micros("0001-01-01T00:00:00Z"),
            Some(-62_135_596_800_000_000)
        );
        assert_eq!(
            unix_micros("9999-12-31T23:59:59.9999999Z"),
            Some(253_402_300_799_999_999)
        );
        assert_eq!(unix_micros("yesterday"), None);
    }

    #[test]
    fn spans_and_decimals_keep_every_digit() {
        assert_eq!(ticks("00:00:01"), Some(10_000_000));
        assert_eq!(ticks("-1.02:00:00.0000001"), Some(-936_000_000_001));
        assert_eq!(ticks("10675199.02:48:05.4775807"), Some(i64::MAX));
        assert_eq!(ticks("-10675199.02:48:05.4775808"), Some(i64::MIN));
        assert_eq!(ticks("1:2"), None);
        assert_eq!(decimal("-0.5"), Some(-5_000_000_000));
        assert_eq!(decimal("12"), Some(120_000_000_000));
        assert_eq!(decimal("0.12345678901"), None);
    }

    #[test]
    fn a_cell_that_does_not_fit_is_named() {
        let columns = [("n".to_owned(), "long".to_owned())];
        let error = encode(
            ColumnFormat::Parquet,
            &columns,
            &[vec![json!(1)], vec![json!("x")]],
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "column `n`, row 2: `\"x\"` is no long");
    }
}
