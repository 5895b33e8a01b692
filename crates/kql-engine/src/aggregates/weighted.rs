//! `percentilew`, `percentilesw`, `percentilesw_array`: the nearest rank where a value stands for as many as its
//! weight says ("percentilew()" in the reference).

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::missing_state;
use super::percentile::{result, stored};
use crate::values::Reader;

#[derive(Debug)]
pub(super) struct WeightedAccumulator {
    ty: Type,
    weight: Type,
    /// Percentages times 1000.
    percentages: Vec<i64>,
    as_array: bool,
    /// Total weight by value.
    weights: HashMap<i64, i64>,
}

impl WeightedAccumulator {
    pub(super) fn new(ty: Type, weight: Type, percentages: Vec<i64>, as_array: bool) -> Self {
        Self {
            ty,
            weight,
            percentages,
            as_array,
            weights: HashMap::new(),
        }
    }

    /// A weight that isn't positive adds nothing.
    fn add(&mut self, value: Option<i64>, weight: Option<i64>) {
        if let (Some(value), Some(weight)) = (value, weight.filter(|weight| *weight > 0)) {
            let total = self.weights.entry(value).or_default();
            *total = total.saturating_add(weight);
        }
    }
}

impl Accumulator for WeightedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values, weights, ..] = values else {
            return Err(missing_state());
        };
        let value = Reader::new(self.ty, values, false)?;
        let weight = Reader::new(self.weight, weights, false)?;
        for row in 0..values.len() {
            self.add(stored(self.ty, &value.get(row)), weight.get(row).as_i64());
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, weights, ..] = states else {
            return Err(missing_state());
        };
        let lists = values.as_list::<i32>().iter();
        for (values, weights) in lists.zip(weights.as_list::<i32>().iter()) {
            if let (Some(values), Some(weights)) = (values, weights) {
                let values = values.as_primitive::<Int64Type>().iter();
                for (value, weight) in values.zip(weights.as_primitive::<Int64Type>().iter()) {
                    self.add(value, weight);
                }
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |numbers: Vec<i64>| {
            let numbers: Vec<ScalarValue> = numbers.into_iter().map(ScalarValue::from).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&numbers, &DataType::Int64))
        };
        let (values, weights) = self.weights.iter().map(|(v, w)| (*v, *w)).unzip();
        Ok(vec![list(values), list(weights)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut sorted: Vec<(i64, i64)> = self.weights.iter().map(|(v, w)| (*v, *w)).collect();
        sorted.sort_unstable();
        let total: i128 = sorted.iter().map(|(_, weight)| i128::from(*weight)).sum();
        let at = |percentage: &i64| {
            let rank = i128::from((*percentage).clamp(0, 100_000)) * total;
            let mut below = 0;
            let mut reaching = sorted.iter().filter(|(_, weight)| {
                below += i128::from(*weight);
                below * 100_000 >= rank
            });
            reaching.next().map(|(value, _)| *value)
        };
        let found: Vec<Option<i64>> = self.percentages.iter().map(at).collect();
        result(self.ty, found, self.as_array)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.weights.capacity() * (2 * size_of::<i64>() + 1)
    }
}
