//! The values `percentile(s)` and the weighted forms keep, their order, and their results as columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::field_name;
use super::row_groups::{from_total_order, total_order};
use crate::values::{ColumnBuilder, Datum, Reader, arrow_type, dynamic};

/// A value as it is kept: a number in the order of the values. Null and NaN have no rank.
pub(super) fn stored(ty: Type, value: &Datum<'_>) -> Option<i64> {
    if is_real(ty) {
        value.as_f64().and_then(stored_real)
    } else {
        value.as_i64()
    }
}

fn stored_real(value: f64) -> Option<i64> {
    (!value.is_nan()).then(|| total_order(value))
}

fn is_real(ty: Type) -> bool {
    matches!(ty, Type::Real | Type::Decimal)
}

/// Calls `each` with the row and the kept form of every value that has a rank.
pub(super) fn each_stored(
    ty: Type,
    array: &ArrayRef,
    mut each: impl FnMut(usize, i64),
) -> Result<()> {
    macro_rules! over {
        ($values:expr, $stored:expr) => {{
            let (values, stored) = ($values, $stored);
            for (row, value) in values.values().iter().enumerate() {
                if let Some(kept) = stored(*value).filter(|_| values.is_valid(row)) {
                    each(row, kept);
                }
            }
        }};
    }
    match array.data_type() {
        found if *found != arrow_type(ty) => {}
        DataType::Int64 => {
            over!(array.as_primitive::<Int64Type>(), Some);
            return Ok(());
        }
        DataType::Int32 => {
            over!(array.as_primitive::<Int32Type>(), |v| Some(i64::from(v)));
            return Ok(());
        }
        DataType::Float64 => {
            over!(array.as_primitive::<Float64Type>(), stored_real);
            return Ok(());
        }
        _ => {}
    }
    let reader = Reader::new(ty, array, false)?;
    for row in 0..array.len() {
        if let Some(kept) = stored(ty, &reader.get(row)) {
            each(row, kept);
        }
    }
    Ok(())
}

fn datum(ty: Type, kept: i64) -> Datum<'static> {
    match ty {
        _ if is_real(ty) => Datum::Real(from_total_order(kept)),
        Type::Int => i32::try_from(kept).map_or(Datum::Null, Datum::Int),
        Type::DateTime => Datum::DateTime(kept),
        Type::TimeSpan => Datum::TimeSpan(kept),
        _ => Datum::Long(kept),
    }
}

/// The aggregate's column from one kept value per percentage of each group: an array, or a field for each.
pub(super) fn results(
    ty: Type,
    percentages: usize,
    groups: &[Vec<Option<i64>>],
    as_array: bool,
) -> Result<ArrayRef> {
    let value = |kept: Option<i64>| kept.map_or(Datum::Null, |kept| datum(ty, kept));
    if as_array {
        let mut out = StringBuilder::with_capacity(groups.len(), groups.len() * 16);
        for found in groups {
            let items = found.iter().map(|kept| dynamic::to_json(&value(*kept)));
            out.append_value(serde_json::Value::Array(items.collect()).to_string());
        }
        return Ok(Arc::new(out.finish()));
    }
    let fields: Fields = (0..percentages)
        .map(|idx| Field::new(field_name(idx), arrow_type(ty), true))
        .collect();
    let columns = (0..percentages)
        .map(|idx| {
            let mut column = ColumnBuilder::new(ty, groups.len());
            for found in groups {
                column.push(&value(found.get(idx).copied().flatten()));
            }
            column.finish()
        })
        .collect();
    let rows = StructArray::try_new_with_length(fields, columns, None, groups.len())?;
    Ok(Arc::new(rows))
}

/// [`results`] of one group.
pub(super) fn result(ty: Type, found: Vec<Option<i64>>, as_array: bool) -> Result<ScalarValue> {
    let column = results(ty, found.len(), &[found], as_array)?;
    ScalarValue::try_from_array(&column, 0)
}
