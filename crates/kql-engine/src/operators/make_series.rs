//! `make-series`: rows of (keys, bin number, aggregates) into one row per key with an array per aggregate.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use kql::types::Type;
use serde_json::Value;

use crate::values::{ColumnBuilder, Datum, Reader, dynamic, timespan};

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
        let at = match (value.as_i64(), self.start.as_i64(), self.step.as_i64()) {
            (Some(v), Some(start), Some(step)) => v.checked_sub(start)?.div_euclid(step),
            _ => crate::values::number::real_to_long(
                ((value.as_f64()? - self.start.as_f64()?) / self.step.as_f64()?).floor(),
            )?,
        };
        usize::try_from(at).ok().filter(|at| *at < self.points)
    }

    /// The axis array.
    pub(crate) fn json(&self) -> Value {
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
        Value::Array((0..self.points).map(point).collect())
    }
}

/// One aggregate of the bins.
pub(crate) struct Series {
    /// Type of an element.
    pub(crate) ty: Type,
    pub(crate) values: ArrayRef,
    /// The element of an empty bin.
    pub(crate) empty: Value,
}

/// Rows of series.
pub(crate) struct Assembled {
    pub(crate) keys: Vec<ArrayRef>,
    /// An array column per series, then the axis.
    pub(crate) series: Vec<ArrayRef>,
    pub(crate) rows: usize,
}

/// One row per distinct value of `groups`: its first column says which axis, the others are the keys.
///
/// # Errors
/// When a column cannot be read as its type.
pub(crate) fn assemble(
    groups: &[ArrayRef],
    bins: &ArrayRef,
    series: &[Series],
    lines: &[Axis],
) -> Result<Assembled> {
    let bins_of = Reader::new(Type::Long, bins, false)?;
    let (firsts, group_of) = number_groups(groups, bins.len())?;
    let picks = UInt32Array::from(firsts);
    let mut keys = Vec::with_capacity(groups.len());
    for key in groups {
        keys.push(take(key, &picks, None)?);
    }
    if keys.is_empty() {
        return Err(DataFusionError::Internal("a series without an axis".into()));
    }
    let of_line = Reader::new(Type::Long, &keys.remove(0), false)?;
    // Many series have one axis: its text is made once.
    let axes: Vec<Value> = lines.iter().map(Axis::json).collect();
    let axes: Vec<Datum<'_>> = axes.iter().map(Datum::json).collect();
    let line_of = |group: usize| place(&of_line.get(group));
    let mut axis = ColumnBuilder::new(Type::Dynamic, picks.len());
    for group in 0..picks.len() {
        let text = line_of(group).and_then(|line| axes.get(line));
        axis.push(text.unwrap_or(&Datum::Null));
    }
    let lines: Vec<Option<&Axis>> = (0..picks.len())
        .map(|group| lines.get(line_of(group)?))
        .collect();
    let mut columns = Vec::with_capacity(series.len() + 1);
    for one in series {
        let reader = Reader::new(one.ty, &one.values, false)?;
        let points = |line: &Option<&Axis>| vec![one.empty.clone(); line.map_or(0, |l| l.points)];
        let mut laid: Vec<Vec<Value>> = lines.iter().map(points).collect();
        for (row, group) in group_of.iter().enumerate() {
            let slot = place(&bins_of.get(row)).and_then(|at| laid.get_mut(*group)?.get_mut(at));
            if let Some(slot) = slot {
                *slot = dynamic::to_json(&reader.get(row));
            }
        }
        columns.push(arrays(laid.into_iter().map(Value::Array)));
    }
    columns.push(axis.finish());
    Ok(Assembled {
        keys,
        series: columns,
        rows: picks.len(),
    })
}

/// The row of `kind=nonempty`: every bin empty.
pub(crate) fn empty(series: &[Series], line: &Axis) -> Assembled {
    let of = |one: &Series| Value::Array(vec![one.empty.clone(); line.points]);
    let all = series.iter().map(of).chain([line.json()]);
    Assembled {
        keys: Vec::new(),
        series: all.map(|value| arrays([value].into_iter())).collect(),
        rows: 1,
    }
}

fn arrays(values: impl Iterator<Item = Value>) -> ArrayRef {
    let mut column = ColumnBuilder::new(Type::Dynamic, 0);
    values.for_each(|value| column.push(&Datum::json(&value)));
    column.finish()
}

fn place(number: &Datum<'_>) -> Option<usize> {
    number.as_i64().and_then(|at| usize::try_from(at).ok())
}

/// The first row of each distinct value, and which of those each row has.
fn number_groups(columns: &[ArrayRef], rows: usize) -> Result<(Vec<u32>, Vec<usize>)> {
    let fields = columns
        .iter()
        .map(|a| SortField::new(a.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let converted = converter.convert_columns(columns)?;
    let (mut firsts, mut seen) = (Vec::new(), HashMap::new());
    let mut group_of = Vec::with_capacity(rows);
    for row in 0..rows {
        group_of.push(*seen.entry(converted.row(row).owned()).or_insert_with(|| {
            firsts.push(u32::try_from(row).unwrap_or(u32::MAX));
            firsts.len() - 1
        }));
    }
    Ok((firsts, group_of))
}

/// Rows of one batch that the plan hands over: kept here so that callers need not know the column order.
pub(crate) fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    batch
        .column_by_name(name)
        .cloned()
        .ok_or_else(|| DataFusionError::Internal(format!("column {name} is missing")))
}
