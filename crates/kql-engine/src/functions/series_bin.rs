//! The bins of `make-series`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array};
use arrow::datatypes::Int64Type;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::types::Type;

use super::udf::{finish, missing_argument, readers};
use super::{Call, Kernel, batch};
use crate::operators::make_series::Axis;

pub(super) const KERNELS: &[Kernel] = &[batch(&["op:series_bin"], bins)];

/// Where on an axis values are: `value, start, step, points`, all but the first constant.
fn bins(call: &Call<'_>, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
    let read = readers(call.args, args)?;
    let ([values, start, step, points], [ty, ..]) = (read.as_slice(), call.args) else {
        return Err(missing_argument());
    };
    let points = points.get(0).as_i64().and_then(|n| usize::try_from(n).ok());
    let axis = Axis {
        ty: *ty,
        start: start.get(0).into_static(),
        step: step.get(0).into_static(),
        points: points.ok_or_else(missing_argument)?,
    };
    let whole = axis.start.as_i64().zip(axis.step.as_i64());
    if let (Some(ColumnarValue::Array(values)), Some((start, step))) = (args.first(), whole)
        && let Some(values) = values.as_primitive_opt::<Int64Type>()
        && matches!(ty, Type::Long | Type::DateTime | Type::TimeSpan)
    {
        let place = |value| i64::try_from(axis.whole_bin(value, start, step)?).ok();
        let bins: Int64Array = values.unary_opt(place);
        return Ok(ColumnarValue::Array(Arc::new(bins)));
    }
    let constant = matches!(args.first(), Some(ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { rows };
    let place = |row| i64::try_from(axis.bin(&values.get(row))?).ok();
    let bins: Int64Array = (0..rows).map(place).collect();
    finish(Arc::new(bins) as ArrayRef, constant)
}
