//! HyperLogLog: `dcount`, `hll`, `hll_merge`, and `dcount_hll` on their result.
//!
//! The accuracies are those of the reference ("dcount()", Estimation accuracy): 2^12, 2^14, 2^16, 2^17 or 2^18
//! registers. Up to an eighth as many distinct values are kept as hashes, which takes no more room and is exact. The
//! estimate is Ertl's improved one ("New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6).
//!
//! As a dynamic a sketch is `["hll", precision, base64]`; the format is ours, not the service's.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Int64Array, StringBuilder,
};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;
use serde_json::{Value, json};
use std::sync::Arc;

use super::missing_state;

/// Log2 of the number of registers for an accuracy of 0 to 4.
pub(crate) fn precision(accuracy: i64) -> Option<u8> {
    match accuracy {
        0 => Some(12),
        1 => Some(14),
        2 => Some(16),
        3 => Some(17),
        4 => Some(18),
        _ => None,
    }
}

/// Hashes are spread already: they are their own table hash.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Clone, Debug)]
enum Kept {
    Hashes(HashSet<u64, BuildHasherDefault<Spread>>),
    Registers(Vec<u8>),
}

/// One sketch.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    precision: u8,
    kept: Kept,
}

impl Sketch {
    pub(crate) fn new(precision: u8) -> Self {
        Self {
            precision,
            kept: Kept::Hashes(HashSet::default()),
        }
    }

    fn insert(&mut self, hash: u64) {
        match &mut self.kept {
            Kept::Hashes(hashes) => {
                hashes.insert(hash);
                if hashes.len() > 1 << (self.precision - 3) {
                    self.spill();
                }
            }
            Kept::Registers(registers) => raise(registers, self.precision, hash),
        }
    }

    fn spill(&mut self) {
        if let Kept::Hashes(hashes) = &self.kept {
            let mut registers = vec![0; 1 << self.precision];
            hashes
                .iter()
                .for_each(|hash| raise(&mut registers, self.precision, *hash));
            self.kept = Kept::Registers(registers);
        }
    }

    /// Takes in another sketch; of two precisions the lesser remains.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.precision < self.precision {
            self.lower(other.precision);
        }
        match &other.kept {
            Kept::Hashes(hashes) => hashes.iter().for_each(|hash| self.insert(*hash)),
            Kept::Registers(_) => {
                let mut other = other.clone();
                other.lower(self.precision);
                self.spill();
                if let (Kept::Registers(mine), Kept::Registers(theirs)) =
                    (&mut self.kept, &other.kept)
                {
                    for (a, b) in mine.iter_mut().zip(theirs) {
                        *a = (*a).max(*b);
                    }
                }
            }
        }
    }

    fn lower(&mut self, precision: u8) {
        if precision >= self.precision {
            return;
        }
        let from = std::mem::replace(&mut self.precision, precision);
        let shift = from - precision;
        match &self.kept {
            Kept::Hashes(hashes) => {
                if hashes.len() > 1 << (precision - 3) {
                    self.spill();
                }
            }
            Kept::Registers(old) => {
                let mut registers = vec![0u8; 1 << precision];
                for (idx, rank) in old.iter().enumerate().filter(|(_, rank)| **rank > 0) {
                    // The bits that are no longer index come before the ones the rank was counted in.
                    let bits = idx & ((1 << shift) - 1);
                    let new = if bits == 0 {
                        rank + shift
                    } else {
                        shift - u8::try_from(bits.ilog2()).unwrap_or(0)
                    };
                    if let Some(slot) = registers.get_mut(idx >> shift) {
                        *slot = (*slot).max(new);
                    }
                }
                self.kept = Kept::Registers(registers);
            }
        }
    }

    /// The number of distinct values.
    pub(crate) fn count(&self) -> i64 {
        match &self.kept {
            Kept::Hashes(hashes) => i64::try_from(hashes.len()).unwrap_or(i64::MAX),
            Kept::Registers(registers) => {
                crate::values::number::real_to_long(estimate(registers, self.precision).round())
                    .unwrap_or(0)
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![self.precision];
        match &self.kept {
            Kept::Hashes(hashes) => {
                out.push(0);
                let mut sorted: Vec<u64> = hashes.iter().copied().collect();
                sorted.sort_unstable();
                sorted
                    .iter()
                    .for_each(|hash| out.extend(hash.to_le_bytes()));
            }
            Kept::Registers(registers) => {
                out.push(1);
                out.extend(registers);
            }
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [precision @ (12 | 14 | 16..=18), kind, rest @ ..] = bytes else {
            return None;
        };
        let mut sketch = Self::new(*precision);
        match kind {
            0 if rest.len().is_multiple_of(8) => {
                for hash in rest.chunks_exact(8) {
                    sketch.insert(u64::from_le_bytes(hash.try_into().ok()?));
                }
            }
            1 if rest.len() == 1 << precision && rest.iter().all(|r| *r <= 65 - precision) => {
                sketch.kept = Kept::Registers(rest.to_vec());
            }
            _ => return None,
        }
        Some(sketch)
    }

    /// The sketch as a dynamic.
    pub(crate) fn to_json(&self) -> Value {
        json!(["hll", self.precision, STANDARD.encode(self.bytes())])
    }

    /// The sketch in a dynamic's text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        match value.as_array()?.as_slice() {
            [Value::String(tag), _, Value::String(body)] if tag == "hll" => {
                Self::from_bytes(&STANDARD.decode(body).ok()?)
            }
            _ => None,
        }
    }

    fn size(&self) -> usize {
        size_of::<Self>()
            + match &self.kept {
                Kept::Hashes(hashes) => hashes.capacity() * (size_of::<u64>() + 1),
                Kept::Registers(registers) => registers.len(),
            }
    }
}

fn raise(registers: &mut [u8], precision: u8, hash: u64) {
    let idx = usize::try_from(hash >> (64 - precision)).unwrap_or(0);
    let rest = (hash << precision) | (1 << (precision - 1));
    let rank = u8::try_from(rest.leading_zeros() + 1).unwrap_or(u8::MAX);
    if let Some(slot) = registers.get_mut(idx) {
        *slot = (*slot).max(rank);
    }
}

#[allow(clippy::cast_precision_loss)]
fn estimate(registers: &[u8], precision: u8) -> f64 {
    let top = usize::from(64 - precision);
    let mut counts = vec![0u32; top + 2];
    for rank in registers {
        if let Some(slot) = counts.get_mut(usize::from(*rank)) {
            *slot += 1;
        }
    }
    let m = registers.len() as f64;
    let share = |k: usize| f64::from(counts.get(k).copied().unwrap_or(0));
    let mut z = m * tau(1.0 - share(top + 1) / m);
    for k in (1..=top).rev() {
        z = 0.5 * (z + share(k));
    }
    z += m * sigma(share(0) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

/// Both halves of a 128-bit product: every bit of either factor reaches the result.
fn fold(a: u64, b: u64) -> u64 {
    let product = (u128::from(a) * u128::from(b)).to_le_bytes();
    let (low, high) = product.split_at(8);
    let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    half(low) ^ half(high)
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const STEP: u64 = 0xbf58_476d_1ce4_e5b9;

fn hash_word(word: u64) -> u64 {
    fold(fold(word ^ SEED, STEP) ^ word.rotate_left(32), SEED)
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut state = SEED ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        word.iter_mut()
            .zip(chunk)
            .for_each(|(to, from)| *to = *from);
        state = fold(state ^ u64::from_le_bytes(word), STEP) ^ state.rotate_left(29);
    }
    hash_word(state)
}

/// Calls `each` with the row and hash of every value that isn't null.
fn hashes(array: &ArrayRef, mut each: impl FnMut(usize, u64)) -> Result<()> {
    macro_rules! over {
        ($values:expr, $hash:expr) => {{
            let hash = $hash;
            for (row, value) in $values.iter().enumerate() {
                if let Some(value) = value {
                    each(row, hash(value));
                }
            }
        }};
    }
    let bits = |v: f64| if v == 0.0 { 0 } else { v.to_bits() };
    match array.data_type() {
        DataType::Int64 => over!(array.as_primitive::<Int64Type>(), |v: i64| hash_word(
            v.cast_unsigned()
        )),
        DataType::Int32 => over!(array.as_primitive::<Int32Type>(), |v: i32| hash_word(
            i64::from(v).cast_unsigned()
        )),
        DataType::Float64 => over!(array.as_primitive::<Float64Type>(), |v: f64| hash_word(
            bits(v)
        )),
        DataType::Boolean => over!(array.as_boolean(), |v: bool| hash_word(u64::from(v))),
        DataType::Decimal128(_, _) => {
            over!(
                array.as_primitive::<Decimal128Type>(),
                |v: i128| hash_bytes(&v.to_le_bytes())
            );
        }
        DataType::Utf8 => over!(array.as_string::<i32>(), |v: &str| hash_bytes(v.as_bytes())),
        DataType::Utf8View => over!(array.as_string_view(), |v: &str| hash_bytes(v.as_bytes())),
        DataType::LargeUtf8 => over!(array.as_string::<i64>(), |v: &str| hash_bytes(v.as_bytes())),
        DataType::Null => {}
        other => return Err(DataFusionError::Internal(format!("no hash of {other}"))),
    }
    Ok(())
}

/// What comes in and what goes out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    pub(super) precision: u8,
    /// The argument holds sketches, not values.
    pub(super) of_sketches: bool,
    /// The result is the sketch, not its count.
    pub(super) gives_sketch: bool,
}

/// One sketch per group.
#[derive(Debug)]
pub(super) struct HllGroups {
    role: Role,
    groups: Vec<Option<Sketch>>,
    bytes: usize,
}

impl HllGroups {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            groups: Vec::new(),
            bytes: 0,
        }
    }

    fn merge_into(&mut self, group: usize, other: &Sketch) {
        if let Some(slot) = self.groups.get_mut(group) {
            let before = slot.as_ref().map_or(0, Sketch::size);
            match slot {
                Some(sketch) => sketch.merge(other),
                None => *slot = Some(other.clone()),
            }
            let after = slot.as_ref().map_or(0, Sketch::size);
            self.bytes = (self.bytes + after).saturating_sub(before);
        }
    }

    fn update(
        &mut self,
        values: &ArrayRef,
        group_of: impl Fn(usize) -> Option<usize>,
    ) -> Result<()> {
        if self.role.of_sketches {
            for (row, text) in values.as_string::<i32>().iter().enumerate() {
                if let (Some(group), Some(other)) = (group_of(row), text.and_then(Sketch::parse)) {
                    self.merge_into(group, &other);
                }
            }
            return Ok(());
        }
        let (groups, bytes, precision) = (&mut self.groups, &mut self.bytes, self.role.precision);
        hashes(values, |row, hash| {
            if let Some(slot) = group_of(row).and_then(|group| groups.get_mut(group)) {
                let before = slot.as_ref().map_or(0, Sketch::size);
                let sketch = slot.get_or_insert_with(|| Sketch::new(precision));
                sketch.insert(hash);
                *bytes = (*bytes + sketch.size()).saturating_sub(before);
            }
        })
    }

    fn emit(&mut self, emit_to: EmitTo) -> Vec<Option<Sketch>> {
        let groups = emit_to.take_needed(&mut self.groups);
        let freed: usize = groups.iter().flatten().map(Sketch::size).sum();
        self.bytes = self.bytes.saturating_sub(freed);
        groups
    }

    fn result(&self, groups: &[Option<Sketch>]) -> ArrayRef {
        if !self.role.gives_sketch {
            let counts = groups.iter().map(|s| s.as_ref().map_or(0, Sketch::count));
            return Arc::new(counts.collect::<Int64Array>());
        }
        let mut out = StringBuilder::new();
        // No sketch of no values: null, as the summarize page has it ("Aggregates default values").
        for sketch in groups {
            out.append_option(sketch.as_ref().map(|s| s.to_json().to_string()));
        }
        Arc::new(out.finish())
    }

    fn merge(&mut self, states: &BinaryArray, group_of: impl Fn(usize) -> usize) {
        for (row, bytes) in states.iter().enumerate() {
            if let Some(other) = bytes.and_then(Sketch::from_bytes) {
                self.merge_into(group_of(row), &other);
            }
        }
    }
}

impl GroupsAccumulator for HllGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize(total_num_groups, None);
        let array = values.first().ok_or_else(missing_state)?;
        self.update(array, |row| {
            let passes = opt_filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            group_indices.get(row).copied().filter(|_| passes)
        })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.emit(emit_to);
        Ok(self.result(&groups))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut out = BinaryBuilder::new();
        for sketch in self.emit(emit_to) {
            out.append_option(sketch.map(|s| s.bytes()));
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize(total_num_groups, None);
        let states = values.first().ok_or_else(missing_state)?;
        self.merge(states.as_binary::<i32>(), |row| {
            group_indices.get(row).copied().unwrap_or(usize::MAX)
        });
        Ok(())
    }

    /// Each row as a state of its own: what high-cardinality groups skip the partial aggregation for.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let array = values.first().ok_or_else(missing_state)?;
        let rows: Vec<usize> = (0..array.len()).collect();
        let mut each = Self::new(self.role);
        each.update_batch(values, &rows, opt_filter, array.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.groups.capacity() * size_of::<Option<Sketch>>() + self.bytes
    }
}

/// The same without groups.
#[derive(Debug)]
pub(super) struct HllAccumulator(HllGroups);

impl HllAccumulator {
    pub(super) fn new(role: Role) -> Self {
        let mut groups = HllGroups::new(role);
        groups.groups.push(None);
        Self(groups)
    }
}

impl Accumulator for HllAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let array = values.first().ok_or_else(missing_state)?;
        self.0.update(array, |_| Some(0))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = states.first().ok_or_else(missing_state)?;
        self.0.merge(states.as_binary::<i32>(), |_| 0);
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sketch = self.0.groups.first().cloned().flatten();
        Ok(vec![ScalarValue::Binary(sketch.map(|s| s.bytes()))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.result(&self.0.groups), 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.bytes
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    /// Relative error of the reference's accuracies 0 to 4.
    const ERRORS: [f64; 5] = [0.016, 0.008, 0.004, 0.0028, 0.002];

    #[test]
    fn estimates_keep_within_three_times_the_documented_error() {
        for (accuracy, error) in (0..).zip(ERRORS) {
            let precision = precision(accuracy).unwrap_or(14);
            let (mut one, mut other) = (Sketch::new(precision), Sketch::new(precision));
            let n = 300_000u64;
            for value in 0..n {
                let sketch = if value % 3 == 0 { &mut one } else { &mut other };
                sketch.insert(hash_word(value));
            }
            one.merge(&other);
            let off = (one.count() as f64 - n as f64).abs() / n as f64;
            assert!(off < 3.0 * error, "accuracy {accuracy}: off by {off}");
            let low = Sketch::new(12);
            one.merge(&low);
            let off = (one.count() as f64 - n as f64).abs() / n as f64;
            assert!(off < 3.0 * 0.016, "lowered to 12: off by {off}");
        }
    }

    #[test]
    fn few_values_are_counted_exactly_and_survive_the_text_form() {
        let mut sketch = Sketch::new(14);
        for value in 0..2_000u64 {
            sketch.insert(hash_bytes(&value.to_le_bytes()));
            sketch.insert(hash_bytes(&value.to_le_bytes()));
        }
        assert_eq!(sketch.count(), 2_000);
        let back = Sketch::parse(&sketch.to_json().to_string());
        assert_eq!(back.map(|s| s.count()), Some(2_000));
        assert!(Sketch::parse("[\"hll\",14,\"AAAA\"]").is_none());
    }
}
