//! `arg_max`, `arg_min` and `take_any` over many groups at once: of each group one row is kept.
//!
//! A batch's winning rows are copied out of it, all columns together; what later batches beat is
//! dropped when it is more than what is left.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Fields, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::missing_state;

/// Rows that are beaten and still kept before the others are copied together.
const BEATEN_MAX: usize = 65_536;

/// Which row of a group stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first of those with the greatest key.
    Greatest,
    /// The first of those with the least key.
    Least,
    /// The first row.
    First,
    /// The first one whose only value is neither null nor empty; else the first.
    FirstFilled,
}

/// A group's row.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// `None` for a null key.
    key: Option<i64>,
    /// Chunk and row in it; `None` before the first row.
    place: Option<(u32, u32)>,
}

const EMPTY: Slot = Slot {
    key: None,
    place: None,
};

#[derive(Debug)]
pub(super) struct RowGroups {
    keep: Keep,
    fields: Fields,
    slots: Vec<Slot>,
    /// Columns of rows; the first chunk is one row of nulls.
    chunks: Vec<Vec<ArrayRef>>,
    rows: usize,
    bytes: usize,
}

/// Whether keys of a type can be compared as numbers.
pub(super) fn has_number_keys(ty: &DataType) -> bool {
    matches!(
        ty,
        DataType::Int32 | DataType::Int64 | DataType::Float64 | DataType::Boolean
    )
}

impl RowGroups {
    pub(super) fn new(keep: Keep, fields: Fields) -> Self {
        let nulls = fields
            .iter()
            .map(|field| arrow::array::new_null_array(field.data_type(), 1));
        Self {
            keep,
            chunks: vec![nulls.collect()],
            fields,
            slots: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        live: impl Fn(usize) -> bool,
        total: usize,
    ) -> Result<()> {
        self.slots.resize(total.max(self.slots.len()), EMPTY);
        let keys = Keys::of(values.first().ok_or_else(missing_state)?, self.keep)?;
        let chunk = u32::try_from(self.chunks.len()).map_err(|_| missing_state())?;
        let mut won = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            if !live(row) {
                continue;
            }
            let Some(slot) = self.slots.get_mut(*group) else {
                continue;
            };
            let key = keys.get(row);
            let better = match slot.place {
                None => true,
                Some(_) => match (key, slot.key) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(new), Some(old)) => match self.keep {
                        Keep::Greatest => new > old,
                        Keep::Least => new < old,
                        Keep::First | Keep::FirstFilled => false,
                    },
                },
            };
            if better {
                if slot.place.is_none_or(|(of, _)| of != chunk) {
                    won.push(*group);
                }
                *slot = Slot {
                    key,
                    place: Some((chunk, row as u32)),
                };
            }
        }
        self.keep_rows(values, &won, chunk)
    }

    /// Copies the rows that groups won in this batch.
    fn keep_rows(&mut self, values: &[ArrayRef], won: &[usize], chunk: u32) -> Result<()> {
        if won.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(won.len());
        for (at, group) in won.iter().enumerate() {
            if let Some(slot) = self.slots.get_mut(*group)
                && let Some((_, row)) = &mut slot.place
            {
                rows.push(*row);
                *row = at as u32;
            }
        }
        let rows = UInt32Array::from(rows);
        let columns: Vec<ArrayRef> = values
            .iter()
            .take(self.fields.len())
            .map(|array| take(array, &rows, None))
            .collect::<std::result::Result<_, _>>()?;
        self.bytes += bytes(&columns);
        self.rows += won.len();
        debug_assert_eq!(chunk as usize, self.chunks.len());
        self.chunks.push(columns);
        if self.rows > self.slots.len() * 2 + BEATEN_MAX {
            self.compact()?;
        }
        Ok(())
    }

    /// Copies the rows that are still kept together.
    fn compact(&mut self) -> Result<()> {
        let filled: Vec<usize> = (0..self.slots.len())
            .filter(|group| self.slots.get(*group).is_some_and(|s| s.place.is_some()))
            .collect();
        let mut chunks: Vec<Vec<ArrayRef>> = self.chunks.drain(..1).collect();
        let old = std::mem::take(&mut self.chunks);
        let all: Vec<Vec<ArrayRef>> = chunks.iter().cloned().chain(old).collect();
        self.bytes = 0;
        for part in filled.chunks(BEATEN_MAX) {
            let places: Vec<(usize, usize)> = part.iter().map(|g| self.place(*g)).collect();
            let columns = gather(&all, &places, self.fields.len())?;
            self.bytes += bytes(&columns);
            for (at, group) in part.iter().enumerate() {
                if let Some(slot) = self.slots.get_mut(*group) {
                    slot.place = Some((chunks.len() as u32, at as u32));
                }
            }
            chunks.push(columns);
        }
        self.rows = filled.len();
        self.chunks = chunks;
        Ok(())
    }

    fn place(&self, group: usize) -> (usize, usize) {
        let place = self.slots.get(group).and_then(|slot| slot.place);
        place.map_or((0, 0), |(chunk, row)| (chunk as usize, row as usize))
    }

    /// The rows of the groups that are asked for, and which of them have one.
    fn emit(&mut self, emit_to: EmitTo) -> Result<(Vec<ArrayRef>, BooleanArray)> {
        let count = match emit_to {
            EmitTo::All => self.slots.len(),
            EmitTo::First(n) => n.min(self.slots.len()),
        };
        let places: Vec<(usize, usize)> = (0..count).map(|group| self.place(group)).collect();
        let columns = gather(&self.chunks, &places, self.fields.len())?;
        let live = places.iter().map(|(chunk, _)| Some(*chunk > 0)).collect();
        self.slots.drain(..count);
        if self.slots.is_empty() {
            self.chunks.truncate(1);
            (self.rows, self.bytes) = (0, 0);
        }
        Ok((columns, live))
    }
}

fn gather(
    chunks: &[Vec<ArrayRef>],
    places: &[(usize, usize)],
    columns: usize,
) -> Result<Vec<ArrayRef>> {
    (0..columns)
        .map(|column| {
            let arrays: Vec<&dyn Array> = chunks
                .iter()
                .filter_map(|chunk| chunk.get(column).map(AsRef::as_ref))
                .collect();
            Ok(interleave(&arrays, places)?)
        })
        .collect()
}

fn bytes(columns: &[ArrayRef]) -> usize {
    columns
        .iter()
        .map(|array| array.get_array_memory_size())
        .sum()
}

/// Keys as numbers in the same order.
enum Keys<'a> {
    Long(&'a arrow::array::Int64Array),
    Int(&'a arrow::array::Int32Array),
    Real(&'a arrow::array::Float64Array),
    Bool(&'a BooleanArray),
    /// No order: whether there is a value.
    Filled(&'a ArrayRef),
    /// No order at all.
    None,
}

impl<'a> Keys<'a> {
    fn of(array: &'a ArrayRef, keep: Keep) -> Result<Self> {
        match keep {
            Keep::First => return Ok(Self::None),
            Keep::FirstFilled => return Ok(Self::Filled(array)),
            Keep::Greatest | Keep::Least => {}
        }
        Ok(match array.data_type() {
            DataType::Int64 => Self::Long(array.as_primitive::<Int64Type>()),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>()),
            DataType::Float64 => Self::Real(array.as_primitive::<Float64Type>()),
            DataType::Boolean => Self::Bool(array.as_boolean()),
            _ => return Err(missing_state()),
        })
    }

    fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Long(keys) => keys.is_valid(row).then(|| keys.value(row)),
            Self::Int(keys) => keys.is_valid(row).then(|| i64::from(keys.value(row))),
            Self::Real(keys) => keys.is_valid(row).then(|| total_order(keys.value(row))),
            Self::Bool(keys) => keys.is_valid(row).then(|| i64::from(keys.value(row))),
            Self::Filled(array) => {
                let empty = || {
                    let texts = array.as_string_opt::<i32>();
                    texts.is_some_and(|texts| texts.value(row).is_empty())
                };
                (array.is_valid(row) && !empty()).then_some(0)
            }
            Self::None => Some(0),
        }
    }
}

/// A number in the order of [`f64::total_cmp`].
pub(super) fn total_order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The number [`total_order`] was given.
pub(super) fn from_total_order(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

impl GroupsAccumulator for RowGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let live = |row: usize| filter.is_none_or(|f| f.is_valid(row) && f.value(row));
        self.update(values, groups, live, total)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let seen = values.last().ok_or_else(missing_state)?.as_boolean();
        let live = |row: usize| seen.is_valid(row) && seen.value(row);
        self.update(values, groups, live, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (columns, _) = self.emit(emit_to)?;
        let rows = StructArray::try_new(self.fields.clone(), columns, None)?;
        Ok(std::sync::Arc::new(rows))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (mut columns, live) = self.emit(emit_to)?;
        columns.push(std::sync::Arc::new(live));
        Ok(columns)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |array| array.len());
        let live: BooleanArray = (0..rows)
            .map(|row| Some(filter.is_none_or(|f| f.is_valid(row) && f.value(row))))
            .collect();
        let mut state: Vec<ArrayRef> = values.iter().take(self.fields.len()).cloned().collect();
        state.push(std::sync::Arc::new(live));
        Ok(state)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes + self.slots.capacity() * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_keep_their_order(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(total_order(a).cmp(&total_order(b)), a.total_cmp(&b));
            prop_assert_eq!(from_total_order(total_order(a)).to_bits(), a.to_bits());
        }
    }
}
