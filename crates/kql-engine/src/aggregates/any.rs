//! `take_any`: some row; for a single column one that isn't null or empty, where there is one.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Fields;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::arg::{live_rows, row_state, struct_value};
use super::missing_state;
use crate::values::{Datum, Reader};

#[derive(Debug)]
pub(super) struct AnyAccumulator {
    args: Vec<Type>,
    fields: Fields,
    row: Option<Vec<ScalarValue>>,
    settled: bool,
}

impl AnyAccumulator {
    pub(super) fn new(args: Vec<Type>, fields: Fields) -> Self {
        Self {
            args,
            fields,
            row: None,
            settled: false,
        }
    }

    fn update(&mut self, values: &[ArrayRef], live: impl Fn(usize) -> bool) -> Result<()> {
        if self.settled {
            return Ok(());
        }
        let first = values.first().ok_or_else(missing_state)?;
        let reader = Reader::new(
            self.args.first().copied().unwrap_or(Type::Dynamic),
            first,
            false,
        )?;
        let filled = |row: &usize| match reader.get(*row) {
            Datum::Null => false,
            Datum::Str(text) => !text.is_empty(),
            _ => true,
        };
        let single = self.args.len() == 1;
        let mut rows = (0..first.len()).filter(|row| live(*row));
        let chosen = if single {
            let any = rows.next();
            any.filter(filled)
                .or_else(|| rows.find(filled))
                .map(|row| (row, true))
                .or(any.map(|row| (row, false)))
        } else {
            rows.next().map(|row| (row, true))
        };
        if let Some((row, settled)) = chosen.filter(|(_, settled)| *settled || self.row.is_none()) {
            let mut picked = Vec::with_capacity(self.args.len());
            for array in values.iter().take(self.args.len()) {
                let mut value = ScalarValue::try_from_array(array, row)?;
                value.compact();
                picked.push(value);
            }
            self.row = Some(picked);
            self.settled = settled;
        }
        Ok(())
    }
}

impl Accumulator for AnyAccumulator {
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
