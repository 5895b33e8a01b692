//! `make-series`: rows of (keys, bin number, aggregates) into one row per key with an array per aggregate.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, StringBuilder};
use arrow::compute::concat;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::hash_utils::RandomState;
use datafusion::error::{DataFusionError, Result};
use kql::types::Type;
use serde_json::Value;

use super::rows::Cancel;
use crate::values::{Datum, Reader, dynamic, timespan};

/// Most points of one series.
pub(crate) const POINTS_MAX: usize = 1_048_576;

/// The axis: where it starts, its step, how many points.
pub(crate) struct Axis {
    pub(crate) ty: Type,
    pub(crate) start: Datum<'static>,
    pub(crate) step: Datum<'static>,
    pub(crate) points: usize,
}

impl Axis {
    /// # Errors
    /// For a step that isn't positive and for more than [`POINTS_MAX`] points.
    pub(crate) fn new(
        ty: Type,
        start: Datum<'static>,
        end: &Datum<'_>,
        end_inclusive: bool,
        step: Datum<'static>,
    ) -> Result<Self> {
        let points = match (start.as_i64(), end.as_i64(), step.as_i64()) {
            (Some(a), Some(b), Some(s)) if s > 0 => {
                // The distance of two 64-bit numbers may need 65 bits.
                let (span, s) = (i128::from(b) - i128::from(a), i128::from(s));
                let points = if end_inclusive {
                    span.div_euclid(s) + 1
                } else {
                    (span + s - 1).div_euclid(s)
                };
                i64::try_from(points).unwrap_or(i64::MAX)
            }
            _ => match (start.as_f64(), end.as_f64(), step.as_f64()) {
                (Some(a), Some(b), Some(s)) if s > 0.0 => {
                    let steps = (b - a) / s;
                    let steps = if end_inclusive {
                        steps.floor() + 1.0
                    } else {
                        steps.ceil()
                    };
                    crate::values::number::real_to_long(steps).unwrap_or(0)
                }
                _ => {
                    return Err(DataFusionError::Execution(
                        "make-series needs a start, an end and a positive step".into(),
                    ));
                }
            },
        };
        let points = usize::try_from(points.max(0)).unwrap_or(usize::MAX);
        if points > POINTS_MAX {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "make-series would have {points} points, more than {POINTS_MAX}"
            )));
        }
        Ok(Self {
            ty,
            start,
            step,
            points,
        })
    }

    /// The point a value belongs to.
    pub(crate) fn bin(&self, value: &Datum<'_>) -> Option<usize> {
        match (value.as_i64(), self.start.as_i64(), self.step.as_i64()) {
            (Some(v), Some(start), Some(step)) => self.whole_bin(v, start, step),
            _ => self.point(crate::values::number::real_to_long(
                ((value.as_f64()? - self.start.as_f64()?) / self.step.as_f64()?).floor(),
            )?),
        }
    }

    /// The same where all of them are whole numbers.
    pub(crate) fn whole_bin(&self, value: i64, start: i64, step: i64) -> Option<usize> {
        self.point(value.checked_sub(start)?.checked_div_euclid(step)?)
    }

    fn point(&self, at: i64) -> Option<usize> {
        usize::try_from(at).ok().filter(|at| *at < self.points)
    }

    /// JSON of the axis array.
    fn text(&self) -> String {
        #[allow(clippy::cast_precision_loss)]
        let point = |n: usize| match (self.start.as_i64(), self.step.as_i64()) {
            (Some(start), Some(step)) => {
                let value =
                    start.saturating_add(step.saturating_mul(i64::try_from(n).unwrap_or(0)));
                match self.ty {
                    Type::DateTime => dynamic::to_json(&Datum::DateTime(value)),
                    Type::TimeSpan => Value::from(timespan::format(value)),
                    _ => Value::from(value),
                }
            }
            _ => Value::from(
                self.start.as_f64().unwrap_or(0.0) + n as f64 * self.step.as_f64().unwrap_or(0.0),
            ),
        };
        Value::Array((0..self.points).map(point).collect()).to_string()
    }
}

/// One aggregate of the bins.
pub(crate) struct Series {
    /// Its column among the bins, and among the series.
    pub(crate) name: String,
    /// Type of an element.
    pub(crate) ty: Type,
    /// JSON of the element of an empty bin.
    pub(crate) empty: String,
}

/// How the rows of bins are told apart, and the columns that are made of them.
pub(crate) struct Layout {
    /// The column that says which of `lines`; none where there is only one.
    pub(crate) line: Option<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) bin: String,
    pub(crate) series: Vec<Series>,
    /// Name of the axis column.
    pub(crate) axis: String,
    pub(crate) lines: Vec<Axis>,
}

impl Layout {
    /// The columns that are equal in all bins of a series.
    pub(crate) fn identity(&self) -> impl Iterator<Item = &String> {
        self.line.iter().chain(&self.keys)
    }
}

/// Cells of the arrays in one batch: an operator that expands them makes a row of each.
const CELLS: usize = 1 << 16;

/// Most rows of a batch.
const ROWS: usize = 8192;

/// Lays out all bins of some series: one row for each, with its keys, an array per aggregate, and the axis. At least
/// one batch, empty where there is no series.
///
/// # Errors
/// When a column is missing or cannot be read as its type, and when nobody waits any more.
pub(crate) fn assemble(
    bins: &[RecordBatch],
    layout: &Layout,
    cancel: &Cancel,
) -> Result<Vec<RecordBatch>> {
    let groups = Groups::of(bins, layout)?;
    let sheet = Sheet {
        at: Reader::new(Type::Long, &joined(bins, &layout.bin)?, false)?,
        values: layout
            .series
            .iter()
            .map(|one| Reader::new(one.ty, &joined(bins, &one.name)?, false))
            .collect::<Result<_>>()?,
        // Many series have one axis: its text is made once.
        axes: layout.lines.iter().map(Axis::text).collect(),
        layout,
    };
    let points = layout.lines.iter().map(|line| line.points).max();
    let n_rows = (CELLS / points.unwrap_or(0).max(1)).clamp(1, ROWS);
    let mut batches = Vec::new();
    let mut from = 0;
    while from < groups.len() || batches.is_empty() {
        cancel.check()?;
        let to = (from + n_rows).min(groups.len());
        batches.push(sheet.batch(&groups, from..to)?);
        from = to;
    }
    Ok(batches)
}

/// The row of `kind=nonempty`: every bin empty.
///
/// # Errors
/// For columns of one name.
pub(crate) fn empty(series: &[Series], axis_name: &str, line: &Axis) -> Result<RecordBatch> {
    let array = |text: String| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let of = |one: &Series| {
        let elements = vec![one.empty.as_str(); line.points];
        (one.name.clone(), array(format!("[{}]", elements.join(","))))
    };
    let axis = (axis_name.to_owned(), array(line.text()));
    named(series.iter().map(of).chain([axis]).collect(), 1)
}

/// Bins of series on their way into arrays.
struct Sheet<'a> {
    at: Reader,
    values: Vec<Reader>,
    axes: Vec<String>,
    layout: &'a Layout,
}

impl Sheet<'_> {
    fn batch(&self, groups: &Groups, range: Range<usize>) -> Result<RecordBatch> {
        let n_rows = range.len();
        let mut keys = groups.keys(range.clone())?.into_iter();
        let line_of = match self.layout.line {
            Some(_) => keys.next(),
            None => None,
        };
        let line_of = line_of.map(|array| Reader::new(Type::Long, &array, false));
        let line_of = line_of.transpose()?;
        let new = |_: &Reader| StringBuilder::with_capacity(n_rows, 0);
        let mut columns: Vec<StringBuilder> = self.values.iter().map(new).collect();
        let mut axis = StringBuilder::with_capacity(n_rows, 0);
        let (mut slots, mut text) = (Vec::new(), String::new());
        for (row, group) in range.enumerate() {
            let line = line_of.as_ref().map_or(Some(0), |of| place(&of.get(row)));
            self.fill(&mut slots, line, groups.rows(group));
            for ((one, values), column) in self
                .layout
                .series
                .iter()
                .zip(&self.values)
                .zip(&mut columns)
            {
                text.clear();
                write_array(&mut text, &slots, values, &one.empty);
                column.append_value(&text);
            }
            axis.append_option(line.and_then(|line| self.axes.get(line)));
        }
        let arrays = columns.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef);
        let arrays: Vec<ArrayRef> = arrays.collect();
        let series = self.layout.series.iter().map(|one| one.name.clone());
        let keys = self.layout.keys.iter().cloned().zip(keys);
        let axis = (
            self.layout.axis.clone(),
            Arc::new(axis.finish()) as ArrayRef,
        );
        named(
            keys.chain(series.zip(arrays)).chain([axis]).collect(),
            n_rows,
        )
    }

    /// The row of each bin on an axis, [`NO_ROW`] for an empty one.
    fn fill(&self, slots: &mut Vec<usize>, line: Option<usize>, rows: &[usize]) {
        slots.clear();
        let line = line.and_then(|line| self.layout.lines.get(line));
        slots.resize(line.map_or(0, |line| line.points), NO_ROW);
        for row in rows {
            if let Some(slot) = place(&self.at.get(*row)).and_then(|at| slots.get_mut(at)) {
                *slot = *row;
            }
        }
    }
}

const NO_ROW: usize = usize::MAX;

fn write_array(text: &mut String, slots: &[usize], values: &Reader, empty: &str) {
    text.push('[');
    for (idx, row) in slots.iter().enumerate() {
        if idx > 0 {
            text.push(',');
        }
        match *row {
            NO_ROW => text.push_str(empty),
            row => write_value(text, &values.get(row)),
        }
    }
    text.push(']');
}

fn write_value(text: &mut String, value: &Datum<'_>) {
    if let Datum::Long(value) = value
        && let Ok(digit @ 0..=9) = u8::try_from(*value)
    {
        // Most counts are small.
        text.push(char::from(b'0' + digit));
        return;
    }
    // Writing to a string cannot fail.
    let _ = match value {
        Datum::Long(whole) => write!(text, "{whole}"),
        other => write!(text, "{}", dynamic::to_json(other)),
    };
}

/// The rows of each series, and what tells it from others.
struct Groups {
    /// None where nothing does.
    keys: Option<(RowConverter, Rows)>,
    /// The first row of each.
    firsts: Vec<usize>,
    /// All rows, those of a series next to each other and in their order.
    order: Vec<usize>,
    /// Where in `order` each begins, and the end.
    starts: Vec<usize>,
}

impl Groups {
    fn of(bins: &[RecordBatch], layout: &Layout) -> Result<Self> {
        let n_rows = bins.iter().map(RecordBatch::num_rows).sum();
        let mut converted = None;
        for batch in bins {
            let columns = layout.identity().map(|name| column(batch, name));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            if columns.is_empty() {
                break;
            }
            let (converter, rows) = match &mut converted {
                Some(begun) => begun,
                none => {
                    let types = columns
                        .iter()
                        .map(|c| SortField::new(c.data_type().clone()));
                    let converter = RowConverter::new(types.collect())?;
                    let rows = converter.empty_rows(n_rows, 0);
                    none.insert((converter, rows))
                }
            };
            converter.append(rows, &columns)?;
        }
        let (mut firsts, mut of_row) = (Vec::new(), vec![0; n_rows]);
        match &converted {
            Some((_, rows)) => {
                let mut seen = HashMap::with_hasher(RandomState::default());
                for (row, (key, group)) in rows.iter().zip(&mut of_row).enumerate() {
                    *group = *seen.entry(key).or_insert_with(|| {
                        firsts.push(row);
                        firsts.len() - 1
                    });
                }
            }
            None => firsts.extend((n_rows > 0).then_some(0)),
        }
        let (order, starts) = sorted(&of_row, firsts.len());
        Ok(Self {
            keys: converted,
            firsts,
            order,
            starts,
        })
    }

    fn len(&self) -> usize {
        self.firsts.len()
    }

    fn rows(&self, group: usize) -> &[usize] {
        let (from, to) = (self.starts.get(group), self.starts.get(group + 1));
        let rows = from
            .zip(to)
            .and_then(|(from, to)| self.order.get(*from..*to));
        rows.unwrap_or_default()
    }

    /// The values that some groups have in all their rows.
    fn keys(&self, groups: Range<usize>) -> Result<Vec<ArrayRef>> {
        let Some((converter, rows)) = &self.keys else {
            return Ok(Vec::new());
        };
        let firsts = self.firsts.get(groups).unwrap_or_default();
        Ok(converter.convert_rows(firsts.iter().map(|row| rows.row(*row)))?)
    }
}

/// Rows by their group, and where each group begins and the last ends.
fn sorted(of_row: &[usize], n_groups: usize) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; n_groups + 1];
    for group in of_row {
        if let Some(n) = starts.get_mut(group + 1) {
            *n += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let (mut next, mut order) = (starts.clone(), vec![0; of_row.len()]);
    for (row, group) in of_row.iter().enumerate() {
        if let Some(at) = next.get_mut(*group) {
            if let Some(slot) = order.get_mut(*at) {
                *slot = row;
            }
            *at += 1;
        }
    }
    (order, starts)
}

fn joined(batches: &[RecordBatch], name: &str) -> Result<ArrayRef> {
    let arrays = batches.iter().map(|batch| column(batch, name));
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    Ok(concat(&arrays)?)
}

fn named(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<RecordBatch> {
    crate::staging::named_batch(columns, rows)
        .map_err(|error| DataFusionError::External(Box::new(error)))
}

fn place(number: &Datum<'_>) -> Option<usize> {
    number.as_i64().and_then(|at| usize::try_from(at).ok())
}

/// Rows of one batch that the plan hands over: kept here so that callers need not know the column order.
pub(crate) fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    batch
        .column_by_name(name)
        .cloned()
        .ok_or_else(|| DataFusionError::Internal(format!("column {name} is missing")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::{AsArray, Float64Array, Int64Array};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LENGTHS: [usize; 2] = [3, 30_000];

    fn layout(with_line: bool, with_key: bool) -> Layout {
        let line = |points| Axis {
            ty: Type::Long,
            start: Datum::Long(0),
            step: Datum::Long(1),
            points,
        };
        let series = |name: &str, ty, empty: &str| Series {
            name: name.into(),
            ty,
            empty: empty.into(),
        };
        Layout {
            line: with_line.then(|| "line".into()),
            keys: Vec::from_iter(with_key.then(|| "key".into())),
            bin: "bin".into(),
            series: vec![
                series("n", Type::Long, "0"),
                series("x", Type::Real, "-1.5"),
            ],
            axis: "at".into(),
            lines: LENGTHS.map(line).into(),
        }
    }

    /// Of each line and key: the two values of bins.
    type Bins = BTreeMap<(i64, Option<String>), BTreeMap<i64, (Option<i64>, f64)>>;

    /// Line, key, bin and the two values.
    type Row = (i64, Option<String>, Option<i64>, Option<i64>, f64);

    fn batch(rows: &[Row]) -> RecordBatch {
        let columns: Vec<(String, ArrayRef)> = vec![
            (
                "line".into(),
                Arc::new(rows.iter().map(|r| Some(r.0)).collect::<Int64Array>()),
            ),
            (
                "key".into(),
                Arc::new(rows.iter().map(|r| r.1.clone()).collect::<StringArray>()),
            ),
            (
                "bin".into(),
                Arc::new(rows.iter().map(|r| r.2).collect::<Int64Array>()),
            ),
            (
                "n".into(),
                Arc::new(rows.iter().map(|r| r.3).collect::<Int64Array>()),
            ),
            (
                "x".into(),
                Arc::new(rows.iter().map(|r| Some(r.4)).collect::<Float64Array>()),
            ),
        ];
        named(columns, rows.len()).unwrap()
    }

    fn bins() -> impl Strategy<Value = Bins> {
        let id = (0_i64..2, prop::option::of("[ab]{0,2}"));
        let value = (prop::option::of(-3_i64..300), any::<f64>());
        prop::collection::btree_map(
            id,
            prop::collection::btree_map(-1_i64..4, value, 1..4),
            0..9,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Every value is at its bin and nothing else anywhere, however the rows come.
        #[test]
        fn arrays_hold_the_values_of_their_bins(
            bins in bins(), with_line: bool, with_key: bool, cut in 0_usize..30, turn in 0_usize..30
        ) {
            let kept = |(line, key): &(i64, Option<String>)| (with_line || *line == 0) && (with_key || key.is_none());
            let bins: Bins = bins.into_iter().filter(|(id, _)| kept(id)).collect();
            let mut rows = Vec::new();
            for ((line, key), bins) in &bins {
                // -1 stands for rows that are nowhere on the axis.
                rows.extend(bins.iter().map(|(bin, (n, x))| (*line, key.clone(), Some(*bin).filter(|b| *b >= 0), *n, *x)));
            }
            let turn = turn % rows.len().max(1);
            rows.rotate_left(turn);
            let (a, b) = rows.split_at(cut.min(rows.len()));
            let made = assemble(&[batch(a), batch(b)], &layout(with_line, with_key), &Cancel::default()).unwrap();
            let mut got = BTreeMap::new();
            for batch in &made {
                let text = |name: &str, row: usize| -> Value {
                    serde_json::from_str(batch.column_by_name(name).unwrap().as_string::<i32>().value(row)).unwrap()
                };
                for row in 0..batch.num_rows() {
                    let key = batch.column_by_name("key").map(|c| c.as_string::<i32>());
                    let key = key.filter(|c| c.is_valid(row)).map(|c| c.value(row).to_owned());
                    let points = text("at", row).as_array().unwrap().len();
                    let line = i64::from(points != LENGTHS[0]);
                    prop_assert!(got.insert((line, key), (text("n", row), text("x", row))).is_none());
                }
            }
            let array = |line: i64, empty: Value, values: &dyn Fn(i64) -> Option<Value>| -> Value {
                let points = i64::try_from(LENGTHS[usize::try_from(line).unwrap()]).unwrap();
                (0..points).map(|bin| values(bin).unwrap_or_else(|| empty.clone())).collect()
            };
            let want: BTreeMap<_, _> = bins.iter().map(|((line, key), bins)| {
                let n = array(*line, json!(0), &|bin| Some(json!(bins.get(&bin)?.0)));
                // A number need not survive its printing to the last digit.
                let read = |x: f64| serde_json::from_str(&json!(x).to_string()).unwrap();
                let x = array(*line, json!(-1.5), &|bin| Some(read(bins.get(&bin)?.1)));
                ((*line, key.clone()), (n, x))
            }).collect();
            prop_assert_eq!(got, want);
            let cells = made.iter().map(RecordBatch::num_rows).max().unwrap_or(0);
            prop_assert!(cells * LENGTHS[1] <= CELLS.max(LENGTHS[1]));
        }
    }
}
