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

    /// The axis array as JSON text.
    pub(crate) fn json(&self) -> String {
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

/// One row per key: the key columns, then one array column per aggregate.
///
/// # Errors
/// When a column cannot be read as its type.
pub(crate) fn assemble(
    keys: &[ArrayRef],
    bins: &ArrayRef,
    aggregates: &[(Type, ArrayRef, Datum<'static>)],
    axis: &Axis,
    rows: usize,
) -> Result<(Vec<ArrayRef>, Vec<ArrayRef>, usize)> {
    let bins = Reader::new(Type::Long, bins, false)?;
    let mut firsts: Vec<u32> = Vec::new();
    let mut group_of = vec![0usize; rows];
    if keys.is_empty() {
        firsts.extend((rows > 0).then_some(0));
    } else {
        let converter = RowConverter::new(
            keys.iter()
                .map(|a| SortField::new(a.data_type().clone()))
                .collect(),
        )?;
        let converted = converter.convert_columns(keys)?;
        let mut seen = HashMap::new();
        for (row, slot) in group_of.iter_mut().enumerate() {
            *slot = *seen.entry(converted.row(row).owned()).or_insert_with(|| {
                firsts.push(u32::try_from(row).unwrap_or(u32::MAX));
                firsts.len() - 1
            });
        }
    }
    let mut columns = Vec::with_capacity(aggregates.len());
    for (ty, array, default) in aggregates {
        let reader = Reader::new(*ty, array, false)?;
        let empty = dynamic::to_json(default);
        let mut series = vec![vec![empty; axis.points]; firsts.len()];
        for (row, group) in group_of.iter().enumerate() {
            let at = bins
                .get(row)
                .as_i64()
                .and_then(|at| usize::try_from(at).ok());
            let slot = at.and_then(|at| series.get_mut(*group)?.get_mut(at));
            if let Some(slot) = slot {
                *slot = dynamic::to_json(&reader.get(row));
            }
        }
        let mut column = ColumnBuilder::new(Type::Dynamic, firsts.len());
        series
            .into_iter()
            .for_each(|s| column.push(&Datum::json(&Value::Array(s))));
        columns.push(column.finish());
    }
    let picks = UInt32Array::from(firsts.clone());
    let keys = keys
        .iter()
        .map(|a| Ok(take(a, &picks, None)?))
        .collect::<Result<_>>()?;
    Ok((keys, columns, firsts.len()))
}

/// Rows of one batch that the plan hands over: kept here so that callers need not know the column order.
pub(crate) fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    batch
        .column_by_name(name)
        .cloned()
        .ok_or_else(|| DataFusionError::Internal(format!("column {name} is missing")))
}
