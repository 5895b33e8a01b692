//! Stored columns as the engine's values: the first step of every query, so whole columns at a time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;

use super::udf::missing_argument;
use super::{Call, Kernel, batch};
use crate::values::datetime;

pub(super) const KERNELS: &[Kernel] = &[batch(&["op:ticks"], ticks), batch(&["op:filled"], filled)];

/// Applies `f` to a column, or once to a constant.
pub(super) fn over(
    args: &[ColumnarValue],
    f: impl Fn(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    match args.first().ok_or_else(missing_argument)? {
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(f(array)?)),
        ColumnarValue::Scalar(value) => {
            let array = f(&value.to_array()?)?;
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &array, 0,
            )?))
        }
    }
}

/// Microseconds since 1970 as a datetime.
fn ticks(_call: &Call<'_>, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
    over(args, |array| {
        let micros = array
            .as_primitive_opt::<Int64Type>()
            .ok_or_else(missing_argument)?;
        let ticks: Int64Array = micros.unary(datetime::from_unix_micros);
        Ok(Arc::new(ticks))
    })
}

/// A text that is missing is "".
fn filled(_call: &Call<'_>, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
    over(args, |array| {
        if array.logical_null_count() == 0 {
            return Ok(Arc::clone(array));
        }
        let texts = array.as_string_opt::<i32>().ok_or_else(missing_argument)?;
        let filled: StringArray = texts
            .iter()
            .map(|text| Some(text.unwrap_or_default()))
            .collect();
        Ok(Arc::new(filled))
    })
}
