//! `percentile(s)`: the nearest rank over all values, kept exactly.

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

    fn is_real(&self) -> bool {
        matches!(self.ty, Type::Real | Type::Decimal)
    }

    fn rank(&self, percentage: i64) -> Option<i64> {
        let n = i64::try_from(self.values.len()).ok()?;
        // Nearest rank: the smallest value that at least p % of the values don't exceed.
        let rank = (percentage.clamp(0, 100_000) * n + 99_999).div_euclid(100_000);
        self.values
            .get(usize::try_from((rank - 1).max(0)).ok()?)
            .copied()
    }

    fn datum(&self, value: i64) -> Datum<'static> {
        match self.ty {
            _ if self.is_real() => Datum::Real(f64::from_bits(value.cast_unsigned())),
            Type::Int => i32::try_from(value).map_or(Datum::Null, Datum::Int),
            Type::DateTime => Datum::DateTime(value),
            Type::TimeSpan => Datum::TimeSpan(value),
            _ => Datum::Long(value),
        }
    }
}

impl Accumulator for PercentileAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        let reader = Reader::new(self.ty, array, false)?;
        let real = self.is_real();
        for row in 0..array.len() {
            let value = reader.get(row);
            if real {
                self.values.extend(
                    value
                        .as_f64()
                        .filter(|v| !v.is_nan())
                        .map(|v| v.to_bits().cast_signed()),
                );
            } else {
                self.values.extend(value.as_i64());
            }
        }
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
        if self.is_real() {
            let bits = |v: i64| f64::from_bits(v.cast_unsigned());
            self.values
                .sort_unstable_by(|a, b| bits(*a).total_cmp(&bits(*b)));
        } else {
            self.values.sort_unstable();
        }
        let found: Vec<Datum<'_>> = self
            .percentages
            .iter()
            .map(|p| self.rank(*p).map_or(Datum::Null, |v| self.datum(v)))
            .collect();
        if self.as_array {
            let items = found.iter().map(dynamic::to_json).collect();
            return Ok(ScalarValue::Utf8(Some(
                serde_json::Value::Array(items).to_string(),
            )));
        }
        let ty = arrow_type(self.ty);
        let fields: Fields = (0..found.len())
            .map(|idx| Field::new(field_name(idx), ty.clone(), true))
            .collect();
        let mut row = Vec::with_capacity(found.len());
        for value in &found {
            let mut column = crate::values::ColumnBuilder::new(self.ty, 1);
            column.push(value);
            row.push(ScalarValue::try_from_array(&column.finish(), 0)?);
        }
        struct_value(&fields, Some(row))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<i64>()
    }
}
