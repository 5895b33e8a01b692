//! `percentile(s)`: the nearest rank over all values, kept exactly.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::arg::struct_value;
use super::{field_name, missing_state};
use crate::values::{Datum, Reader, arrow_type, dynamic};

#[derive(Debug)]
pub(super) struct PercentileAccumulator {
    ty: Type,
    /// Percentages times 1000.
    percentages: Vec<i64>,
    as_array: bool,
    /// Integers as they are, reals as their bits.
    values: Vec<i64>,
}

impl PercentileAccumulator {
    pub(super) fn new(ty: Type, percentages: Vec<i64>, as_array: bool) -> Self {
        Self {
            ty,
            percentages,
            as_array,
            values: Vec::new(),
        }
    }

    fn rank(&self, percentage: i64) -> Option<i64> {
        let n = i64::try_from(self.values.len()).ok()?;
        // Nearest rank: the smallest value that at least p % of the values don't exceed.
        let rank = (percentage.clamp(0, 100_000) * n + 99_999).div_euclid(100_000);
        self.values
            .get(usize::try_from((rank - 1).max(0)).ok()?)
            .copied()
    }
}

impl Accumulator for PercentileAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        let reader = Reader::new(self.ty, array, false)?;
        self.values
            .extend((0..array.len()).filter_map(|row| stored(self.ty, &reader.get(row))));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states.first().ok_or_else(missing_state)?.as_list::<i32>();
        for list in lists.iter().flatten() {
            self.values
                .extend(list.as_primitive::<Int64Type>().iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self
            .values
            .iter()
            .map(|v| ScalarValue::Int64(Some(*v)))
            .collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(
            &values,
            &DataType::Int64,
        ))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let ty = self.ty;
        self.values.sort_unstable_by(|a, b| order(ty, *a, *b));
        let found: Vec<Option<i64>> = self.percentages.iter().map(|p| self.rank(*p)).collect();
        result(ty, &found, self.as_array)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<i64>()
    }
}

fn is_real(ty: Type) -> bool {
    matches!(ty, Type::Real | Type::Decimal)
}

/// A value as it is kept; null and NaN have no rank.
pub(super) fn stored(ty: Type, value: &Datum<'_>) -> Option<i64> {
    if is_real(ty) {
        let value = value.as_f64().filter(|v| !v.is_nan())?;
        Some(value.to_bits().cast_signed())
    } else {
        value.as_i64()
    }
}

/// The order of two kept values.
pub(super) fn order(ty: Type, a: i64, b: i64) -> Ordering {
    if is_real(ty) {
        real(a).total_cmp(&real(b))
    } else {
        a.cmp(&b)
    }
}

fn real(stored: i64) -> f64 {
    f64::from_bits(stored.cast_unsigned())
}

fn datum(ty: Type, value: i64) -> Datum<'static> {
    match ty {
        _ if is_real(ty) => Datum::Real(real(value)),
        Type::Int => i32::try_from(value).map_or(Datum::Null, Datum::Int),
        Type::DateTime => Datum::DateTime(value),
        Type::TimeSpan => Datum::TimeSpan(value),
        _ => Datum::Long(value),
    }
}

/// One kept value per percentage as the aggregate's result: an array, or a field for each.
pub(super) fn result(ty: Type, found: &[Option<i64>], as_array: bool) -> Result<ScalarValue> {
    let found = found
        .iter()
        .map(|v| v.map_or(Datum::Null, |v| datum(ty, v)));
    if as_array {
        let items = found.map(|value| dynamic::to_json(&value)).collect();
        return Ok(ScalarValue::Utf8(Some(
            serde_json::Value::Array(items).to_string(),
        )));
    }
    let fields: Fields = (0..found.len())
        .map(|idx| Field::new(field_name(idx), arrow_type(ty), true))
        .collect();
    let mut row = Vec::with_capacity(found.len());
    for value in found {
        let mut column = crate::values::ColumnBuilder::new(ty, 1);
        column.push(&value);
        row.push(ScalarValue::try_from_array(&column.finish(), 0)?);
    }
    struct_value(&fields, Some(row))
}
