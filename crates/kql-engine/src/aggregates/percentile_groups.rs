//! `percentile(s)`: the nearest rank over all values, kept exactly ("percentile(), percentiles()" in the reference).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::missing_state;
use super::percentile::{each_stored, result, results};

/// What is wanted of the values.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) ty: Type,
    /// Percentages times 1000.
    pub(super) percentages: Vec<i64>,
    pub(super) as_array: bool,
}

impl Wanted {
    /// The value at each percentage. Leaves the values in another order.
    fn select(&self, values: &mut [i64]) -> Vec<Option<i64>> {
        let mut ranks: Vec<(usize, usize)> = self
            .percentages
            .iter()
            .enumerate()
            .filter_map(|(idx, percentage)| Some((rank(*percentage, values.len())?, idx)))
            .collect();
        ranks.sort_unstable();
        let mut found = vec![None; self.percentages.len()];
        // Everything before `start` is at most what the ranks to come select.
        let mut start = 0;
        for (rank, idx) in ranks {
            let Some(rest) = values.get_mut(start..).filter(|r| rank - start < r.len()) else {
                continue;
            };
            let (_, value, _) = rest.select_nth_unstable(rank - start);
            if let Some(slot) = found.get_mut(idx) {
                *slot = Some(*value);
            }
            start = rank;
        }
        found
    }
}

/// Where the percentage's value stands among `len` sorted ones: the smallest that at least p % of the values don't
/// exceed.
fn rank(percentage: i64, len: usize) -> Option<usize> {
    let len = i128::try_from(len).ok()?;
    let reached = (i128::from(percentage.clamp(0, 100_000)) * len + 99_999).div_euclid(100_000);
    usize::try_from((reached - 1).max(0)).ok()
}

/// The values of many groups.
#[derive(Debug)]
pub(super) struct PercentileGroups {
    wanted: Wanted,
    groups: Vec<Vec<i64>>,
    /// Capacity of all groups together.
    capacity: usize,
}

impl PercentileGroups {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            groups: Vec::new(),
            capacity: 0,
        }
    }

    fn update(
        &mut self,
        values: &ArrayRef,
        group_of: impl Fn(usize) -> Option<usize>,
    ) -> Result<()> {
        let (groups, capacity) = (&mut self.groups, &mut self.capacity);
        each_stored(self.wanted.ty, values, |row, kept| {
            if let Some(group) = group_of(row).and_then(|group| groups.get_mut(group)) {
                let before = group.capacity();
                group.push(kept);
                *capacity += group.capacity() - before;
            }
        })
    }

    fn merge(
        &mut self,
        states: &ArrayRef,
        group_of: impl Fn(usize) -> Option<usize>,
    ) -> Result<()> {
        let lists = states.as_list_opt::<i32>().ok_or_else(missing_state)?;
        let kept = lists.values().as_primitive_opt::<Int64Type>();
        let kept = kept.ok_or_else(missing_state)?.values();
        for (row, bounds) in lists.value_offsets().windows(2).enumerate() {
            let [start, end] = bounds else { continue };
            let range = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
            let part = range.and_then(|(start, end)| kept.get(start..end));
            let group = group_of(row).and_then(|group| self.groups.get_mut(group));
            if let (Some(part), Some(group), true) = (part, group, lists.is_valid(row)) {
                let before = group.capacity();
                group.extend_from_slice(part);
                self.capacity += group.capacity() - before;
            }
        }
        Ok(())
    }

    fn emit(&mut self, emit_to: EmitTo) -> Vec<Vec<i64>> {
        let groups = emit_to.take_needed(&mut self.groups);
        let freed: usize = groups.iter().map(Vec::capacity).sum();
        self.capacity = self.capacity.saturating_sub(freed);
        groups
    }
}

/// Each group's values as a list.
fn lists(groups: &[Vec<i64>]) -> Result<ListArray> {
    let total: usize = groups.iter().map(Vec::len).sum();
    if i32::try_from(total).is_err() {
        return Err(DataFusionError::ResourcesExhausted(format!(
            "percentile() keeps {total} values in one state"
        )));
    }
    let mut values = Vec::with_capacity(total);
    groups.iter().for_each(|g| values.extend_from_slice(g));
    list(values, groups.iter().map(Vec::len))
}

fn list(values: Vec<i64>, lengths: impl IntoIterator<Item = usize>) -> Result<ListArray> {
    Ok(ListArray::try_new(
        Arc::new(Field::new_list_field(DataType::Int64, true)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(Int64Array::from(values)),
        None,
    )?)
}

fn passing(groups: &[usize], filter: Option<&BooleanArray>, row: usize) -> Option<usize> {
    let passes = filter.is_none_or(|f| f.is_valid(row) && f.value(row));
    groups.get(row).copied().filter(|_| passes)
}

impl GroupsAccumulator for PercentileGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize(total_num_groups, Vec::new());
        let values = values.first().ok_or_else(missing_state)?;
        self.update(values, |row| passing(group_indices, opt_filter, row))
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize(total_num_groups, Vec::new());
        let states = values.first().ok_or_else(missing_state)?;
        self.merge(states, |row| group_indices.get(row).copied())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let mut groups = self.emit(emit_to);
        let found: Vec<Vec<Option<i64>>> = groups
            .iter_mut()
            .map(|values| self.wanted.select(values))
            .collect();
        let Wanted {
            ty,
            percentages,
            as_array,
        } = &self.wanted;
        results(*ty, percentages.len(), &found, *as_array)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![Arc::new(lists(&self.emit(emit_to))?)])
    }

    /// Each row as a state of its own: what high-cardinality groups skip the partial aggregation for.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let array = values.first().ok_or_else(missing_state)?;
        let mut kept = Vec::with_capacity(array.len());
        let mut lengths = vec![0; array.len()];
        each_stored(self.wanted.ty, array, |row, value| {
            let passes = opt_filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            if let (Some(length), true) = (lengths.get_mut(row), passes) {
                *length = 1;
                kept.push(value);
            }
        })?;
        Ok(vec![Arc::new(list(kept, lengths)?)])
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self.groups.capacity() * size_of::<Vec<i64>>()
            + self.capacity * size_of::<i64>()
    }
}

/// The same without groups.
#[derive(Debug)]
pub(super) struct PercentileAccumulator(PercentileGroups);

impl PercentileAccumulator {
    pub(super) fn new(wanted: Wanted) -> Self {
        let mut groups = PercentileGroups::new(wanted);
        groups.groups.push(Vec::new());
        Self(groups)
    }
}

impl Accumulator for PercentileAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        self.0.update(array, |_| Some(0))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = states.first().ok_or_else(missing_state)?;
        self.0.merge(states, |_| Some(0))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::List(Arc::new(lists(&self.0.groups)?))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let wanted = &self.0.wanted;
        let values = self.0.groups.first_mut().ok_or_else(missing_state)?;
        result(wanted.ty, wanted.select(values), wanted.as_array)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Float64Array;
    use proptest::prelude::*;

    /// Percentages in no order, one of them twice.
    const PERCENTAGES: [i64; 6] = [50_000, 0, 100_000, 99_900, 50_000, 12_345];

    fn groups() -> PercentileGroups {
        PercentileGroups::new(Wanted {
            ty: Type::Real,
            percentages: PERCENTAGES.to_vec(),
            as_array: false,
        })
    }

    /// The definition: sort, then count up to the percentage.
    fn by_definition(mut values: Vec<f64>) -> Vec<Option<u64>> {
        values.sort_by(f64::total_cmp);
        let reaches = |at: usize, p: i64| (at as i64 + 1) * 100_000 >= p * values.len() as i64;
        PERCENTAGES
            .iter()
            .map(|p| (0..values.len()).find(|at| reaches(*at, *p)))
            .map(|at| at.map(|at| values[at].to_bits()))
            .collect()
    }

    fn bits(result: &ArrayRef) -> Vec<Vec<Option<u64>>> {
        let rows = result.as_struct();
        let cell = |row: usize, column: &ArrayRef| {
            let reals = column.as_primitive::<arrow::datatypes::Float64Type>();
            reals.is_valid(row).then(|| reals.value(row).to_bits())
        };
        (0..rows.len())
            .map(|row| rows.columns().iter().map(|c| cell(row, c)).collect())
            .collect()
    }

    /// Group, value and whether the filter lets it through.
    fn rows() -> impl Strategy<Value = Vec<(usize, Option<f64>, Option<bool>)>> {
        let value = prop_oneof![
            1 => Just(None),
            1 => Just(Some(f64::NAN)),
            1 => Just(Some(-0.0)),
            3 => (-4i32..4).prop_map(|v| Some(f64::from(v) / 2.0)),
            2 => any::<f64>().prop_map(Some),
        ];
        let passes = prop_oneof![1 => Just(None), 1 => Just(Some(false)), 6 => Just(Some(true))];
        prop::collection::vec((0usize..5, value, passes), 0..60)
    }

    proptest! {
        #[test]
        fn every_way_through_the_phases_gives_the_nearest_rank(
            rows in rows(),
            cut in 0usize..60,
            first in 0usize..=5,
        ) {
            let total = 5;
            let mut want = vec![Vec::new(); total];
            for (group, value, passes) in &rows {
                if let (Some(value), Some(true)) = (value.filter(|v| !v.is_nan()), passes) {
                    want[*group].push(value);
                }
            }
            let want: Vec<_> = want.into_iter().map(by_definition).collect();
            let (one, other) = rows.split_at(cut.min(rows.len()));
            let columns = |rows: &[(usize, Option<f64>, Option<bool>)]| {
                let values: ArrayRef = Arc::new(rows.iter().map(|r| r.1).collect::<Float64Array>());
                let filter: BooleanArray = rows.iter().map(|r| r.2).collect();
                let indices: Vec<usize> = rows.iter().map(|r| r.0).collect();
                (vec![values], filter, indices)
            };
            // Half aggregated, half as a state per row; the first groups leave early.
            let mut last = groups();
            let mut partial = groups();
            let (values, filter, indices) = columns(one);
            partial.update_batch(&values, &indices, Some(&filter), total)?;
            let early = partial.state(EmitTo::First(first))?;
            let late = partial.state(EmitTo::All)?;
            prop_assert_eq!(partial.capacity, 0);
            last.merge_batch(&early, &(0..first).collect::<Vec<_>>(), total)?;
            last.merge_batch(&late, &(first..total).collect::<Vec<_>>(), total)?;
            let (values, filter, indices) = columns(other);
            let each = partial.convert_to_state(&values, Some(&filter))?;
            last.merge_batch(&each, &indices, total)?;
            let held: usize = last.groups.iter().map(Vec::capacity).sum();
            prop_assert_eq!(last.capacity, held);
            let mut got = bits(&last.evaluate(EmitTo::First(first))?);
            got.extend(bits(&last.evaluate(EmitTo::All)?));
            prop_assert_eq!(got, want);
        }

        #[test]
        fn one_group_alone_gives_the_same(rows in rows()) {
            let values: Vec<Option<f64>> = rows.iter().map(|r| r.1).collect();
            let kept = values.iter().flatten().copied().filter(|v| !v.is_nan()).collect();
            let column: ArrayRef = Arc::new(Float64Array::from(values));
            let mut partial = PercentileAccumulator::new(groups().wanted);
            partial.update_batch(&[column])?;
            let states: Vec<ArrayRef> = partial
                .state()?
                .iter()
                .map(ScalarValue::to_array)
                .collect::<Result<_>>()?;
            let mut last = PercentileAccumulator::new(groups().wanted);
            last.merge_batch(&states)?;
            let got = bits(&last.evaluate()?.to_array()?);
            prop_assert_eq!(got, vec![by_definition(kept)]);
        }
    }
}
