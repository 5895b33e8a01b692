//! `arg_max` and `arg_min`: the row where the first argument is greatest or least. Null keys count only when
//! there is nothing else.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Fields;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::missing_state;
use crate::values::{Datum, Reader};

#[derive(Debug)]
pub(super) struct ArgAccumulator {
    args: Vec<Type>,
    fields: Fields,
    greatest: bool,
    key: Datum<'static>,
    row: Option<Vec<ScalarValue>>,
}

impl ArgAccumulator {
    pub(super) fn new(args: Vec<Type>, fields: Fields, greatest: bool) -> Self {
        Self {
            args,
            fields,
            greatest,
            key: Datum::Null,
            row: None,
        }
    }

    fn update(&mut self, values: &[ArrayRef], live: impl Fn(usize) -> bool) -> Result<()> {
        let keys = values.first().ok_or_else(missing_state)?;
        let reader = Reader::new(
            self.args.first().copied().unwrap_or(Type::Dynamic),
            keys,
            false,
        )?;
        let mut best: Option<(usize, Datum<'_>)> = None;
        for row in (0..keys.len()).filter(|row| live(*row)) {
            let value = reader.get(row);
            let current = best.as_ref().map_or(&self.key, |(_, key)| key);
            let first = best.is_none() && self.row.is_none();
            if first || better(&value, current, self.greatest) {
                best = Some((row, value));
            }
        }
        if let Some((row, key)) = best {
            let mut chosen = Vec::with_capacity(self.args.len());
            for array in values.iter().take(self.args.len()) {
                let mut value = ScalarValue::try_from_array(array, row)?;
                value.compact();
                chosen.push(value);
            }
            self.row = Some(chosen);
            self.key = key.into_static();
        }
        Ok(())
    }
}

/// Strictly better, so that the first of equal rows stays.
fn better(value: &Datum<'_>, current: &Datum<'_>, greatest: bool) -> bool {
    let order = match (value, current) {
        (Datum::Null, _) => return false,
        (_, Datum::Null) => return true,
        (Datum::Str(a), Datum::Str(b)) | (Datum::Guid(a), Datum::Guid(b)) => a.cmp(b),
        (Datum::Decimal(a), Datum::Decimal(b)) => a.cmp(b),
        (a, b) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => a.text().cmp(b.text()),
            },
        },
    };
    if greatest {
        order.is_gt()
    } else {
        order.is_lt()
    }
}

pub(super) fn struct_value(fields: &Fields, row: Option<Vec<ScalarValue>>) -> Result<ScalarValue> {
    let arrays: Vec<ArrayRef> = match row {
        Some(row) => row
            .iter()
            .map(ScalarValue::to_array)
            .collect::<Result<_>>()?,
        None => fields
            .iter()
            .map(|f| arrow::array::new_null_array(f.data_type(), 1))
            .collect(),
    };
    let array = arrow::array::StructArray::try_new(fields.clone(), arrays, None)?;
    Ok(ScalarValue::Struct(std::sync::Arc::new(array)))
}

pub(super) fn row_state(args: &[Type], row: Option<Vec<ScalarValue>>) -> Result<Vec<ScalarValue>> {
    let seen = ScalarValue::Boolean(Some(row.is_some()));
    let mut state = match row {
        Some(row) => row,
        None => args
            .iter()
            .map(|ty| ScalarValue::try_from(&crate::values::arrow_type(*ty)))
            .collect::<Result<_>>()?,
    };
    state.push(seen);
    Ok(state)
}

/// Which rows of a state batch hold something.
pub(super) fn live_rows(states: &[ArrayRef]) -> Result<arrow::array::BooleanArray> {
    Ok(states
        .last()
        .ok_or_else(missing_state)?
        .as_boolean()
        .clone())
}

impl Accumulator for ArgAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.update(values, |_| true)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let live = live_rows(states)?;
        self.update(states, |row| live.is_valid(row) && live.value(row))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        row_state(&self.args, self.row.clone())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        struct_value(&self.fields, self.row.clone())
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self
                .row
                .iter()
                .flatten()
                .map(ScalarValue::size)
                .sum::<usize>()
    }
}
