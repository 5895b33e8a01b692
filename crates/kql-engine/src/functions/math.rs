//! Mathematical and bitwise functions. A real that leaves its domain is NaN.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::{Body, Call, Kernel, batch, lenient, strict};
use crate::values::{Datum, arrow_type, datetime, decimal, number};

macro_rules! real_functions {
    ($(($names:expr, $f:expr)),* $(,)?) => {
        pub(super) const KERNELS: &[Kernel] = &[
            $(strict($names, |_, args| real(args, $f)),)*
            strict(&["abs"], abs),
            strict(&["sign"], |call, args| sign(call, args)),
            strict(&["round"], round),
            strict(&["ceiling", "ceil"], |call, args| whole(call, args, f64::ceil)),
            batch(&["bin", "floor"], bin_column),
            strict(&["bin_at"], bin_at),
            strict(&["around"], around),
            strict(&["pow"], |_, args| real2(args, f64::powf)),
            strict(&["atan2"], |_, args| real2(args, f64::atan2)),
            lenient(&["pi"], |_, _| Datum::Real(std::f64::consts::PI)),
            strict(&["isnan"], |_, args| Datum::Bool(args.first().and_then(Datum::as_f64).is_some_and(f64::is_nan))),
            strict(&["isinf"], |_, args| Datum::Bool(args.first().and_then(Datum::as_f64).is_some_and(f64::is_infinite))),
            strict(&["isfinite"], |_, args| Datum::Bool(args.first().and_then(Datum::as_f64).is_some_and(f64::is_finite))),
            strict(&["binary_and"], |_, args| bits(args, |a, b| a & b)),
            strict(&["binary_or"], |_, args| bits(args, |a, b| a | b)),
            strict(&["binary_xor"], |_, args| bits(args, |a, b| a ^ b)),
            strict(&["binary_shift_left"], |_, args| shifted(args, i64::wrapping_shl)),
            strict(&["binary_shift_right"], |_, args| shifted(args, i64::wrapping_shr)),
            strict(&["binary_not"], |_, args| args.first().and_then(Datum::as_i64).map_or(Datum::Null, |v| Datum::Long(!v))),
            strict(&["bitset_count_ones"], |_, args| args.first().and_then(Datum::as_i64).map_or(Datum::Null, |v| Datum::Long(i64::from(v.count_ones())))),
            Kernel { names: &["rand"], body: Body::Lenient(rand), deterministic: false },
        ];
    };
}

real_functions![
    (&["sqrt"], f64::sqrt),
    (&["exp"], f64::exp),
    (&["exp2"], f64::exp2),
    (&["exp10"], |x| 10f64.powf(x)),
    (&["log"], f64::ln),
    (&["log2"], f64::log2),
    (&["log10"], f64::log10),
    (&["sin"], f64::sin),
    (&["cos"], f64::cos),
    (&["tan"], f64::tan),
    (&["asin"], f64::asin),
    (&["acos"], f64::acos),
    (&["atan"], f64::atan),
    (&["cot"], |x| 1.0 / x.tan()),
    (&["degrees"], f64::to_degrees),
    (&["radians"], f64::to_radians),
];

fn real<'a>(args: &[Datum<'a>], f: fn(f64) -> f64) -> Datum<'a> {
    args.first()
        .and_then(Datum::as_f64)
        .map_or(Datum::Null, |x| Datum::Real(f(x)))
}

fn real2<'a>(args: &[Datum<'a>], f: fn(f64, f64) -> f64) -> Datum<'a> {
    match (
        args.first().and_then(Datum::as_f64),
        args.get(1).and_then(Datum::as_f64),
    ) {
        (Some(a), Some(b)) => Datum::Real(f(a, b)),
        _ => Datum::Null,
    }
}

fn bits<'a>(args: &[Datum<'a>], f: fn(i64, i64) -> i64) -> Datum<'a> {
    match (
        args.first().and_then(Datum::as_i64),
        args.get(1).and_then(Datum::as_i64),
    ) {
        (Some(a), Some(b)) => Datum::Long(f(a, b)),
        _ => Datum::Null,
    }
}

/// By the remainder of the number of places and 64; null for a negative number.
fn shifted<'a>(args: &[Datum<'a>], f: fn(i64, u32) -> i64) -> Datum<'a> {
    let value = args.first().and_then(Datum::as_i64);
    let places = args.get(1).and_then(Datum::as_i64).filter(|n| *n >= 0);
    match (value, places) {
        (Some(value), Some(n)) => Datum::Long(f(value, u32::try_from(n % 64).unwrap_or(0))),
        _ => Datum::Null,
    }
}

/// Puts an integer in the declared result type.
pub(super) fn typed(ret: Type, value: i64) -> Datum<'static> {
    match ret {
        Type::Int => i32::try_from(value).map_or(Datum::Null, Datum::Int),
        Type::TimeSpan => Datum::TimeSpan(value),
        Type::DateTime => datetime::checked(value).map_or(Datum::Null, Datum::DateTime),
        #[allow(clippy::cast_precision_loss)]
        Type::Real => Datum::Real(value as f64),
        Type::Decimal => decimal::from_i64(value).map_or(Datum::Null, Datum::Decimal),
        _ => Datum::Long(value),
    }
}

fn abs<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    match args.first() {
        Some(Datum::Real(v)) => Datum::Real(v.abs()),
        Some(Datum::Decimal(v)) => Datum::Decimal(v.wrapping_abs()),
        Some(value) => value
            .as_i64()
            .map_or(Datum::Null, |v| typed(call.ret, v.wrapping_abs())),
        None => Datum::Null,
    }
}

fn sign<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(value) = args.first().and_then(Datum::as_f64) else {
        return Datum::Null;
    };
    typed(
        call.ret,
        if value > 0.0 {
            1
        } else if value < 0.0 {
            -1
        } else {
            0
        },
    )
}

fn round<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(value) = args.first() else {
        return Datum::Null;
    };
    if let (Some(v), false) = (value.as_i64(), call.ret == Type::Real) {
        return typed(call.ret, v);
    }
    let Some(x) = value.as_f64() else {
        return Datum::Null;
    };
    let digits = args
        .get(1)
        .and_then(Datum::as_i64)
        .unwrap_or(0)
        .clamp(-300, 15);
    let scale = 10f64.powi(i32::try_from(digits.abs()).unwrap_or(0));
    // .NET rounds halves to even.
    let rounded = if digits >= 0 {
        (x * scale).round_ties_even() / scale
    } else {
        (x / scale).round_ties_even() * scale
    };
    match value {
        Datum::Decimal(_) => decimal::from_f64(rounded).map_or(Datum::Null, Datum::Decimal),
        _ => Datum::Real(if rounded.is_finite() { rounded } else { x }),
    }
}

fn whole<'a>(call: &Call<'_>, args: &[Datum<'a>], f: fn(f64) -> f64) -> Datum<'a> {
    let Some(value) = args.first() else {
        return Datum::Null;
    };
    if let Some(v) = value.as_i64() {
        return typed(call.ret, v);
    }
    let Some(x) = value.as_f64().map(f) else {
        return Datum::Null;
    };
    match call.ret {
        Type::Real => Datum::Real(x),
        Type::Decimal => decimal::from_f64(x).map_or(Datum::Null, Datum::Decimal),
        ty => number::real_to_long(x).map_or(Datum::Null, |v| typed(ty, v)),
    }
}

/// Rounds down to a multiple of the bin, towards minus infinity. A null, zero or negative bin gives null.
/// `bin` of whole numbers or times by a constant, a column at a time.
fn bin_column(call: &Call<'_>, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
    if let [
        ColumnarValue::Array(values),
        ColumnarValue::Scalar(ScalarValue::Int64(Some(size))),
    ] = args
        && let Some(values) = values.as_primitive_opt::<Int64Type>()
        && *size > 0
        && arrow_type(call.ret) == DataType::Int64
    {
        // Near the least number there may be none below.
        let low = arrow::compute::min(values).unwrap_or_default();
        let bins: Int64Array = if low >= i64::MIN.saturating_add(*size) {
            let bins = floors(values.values(), *size);
            Int64Array::new(bins.into(), values.nulls().cloned())
        } else {
            values.unary_opt(|value| value.checked_sub(value.rem_euclid(*size)))
        };
        return Ok(ColumnarValue::Array(Arc::new(bins)));
    }
    super::udf::rows(call, args, rows, true, (bin, true))
}

/// The bin of each value. Rows come in the order of their times: most are in the bin of the one before, which takes
/// no division.
fn floors(values: &[i64], size: i64) -> Vec<i64> {
    let (mut from, mut to) = (0, 0);
    let floor = |value: &i64| {
        if !(from..to).contains(value) {
            // What is in the place of a null may be any number.
            from = value.wrapping_sub(value.rem_euclid(size));
            to = from.saturating_add(size);
        }
        from
    };
    values.iter().map(floor).collect()
}

fn bin<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [value, size] = args else {
        return whole(call, args, f64::floor);
    };
    if let (Some(v), Some(size)) = (value.as_i64(), size.as_i64()) {
        return match size {
            1.. => v
                .checked_sub(v.rem_euclid(size))
                .map_or(Datum::Null, |v| typed(call.ret, v)),
            _ => Datum::Null,
        };
    }
    if let (Datum::Decimal(v), Datum::Decimal(size)) = (value, size) {
        return if *size > 0 {
            Datum::Decimal(v - v.rem_euclid(*size))
        } else {
            Datum::Null
        };
    }
    match (value.as_f64(), size.as_f64()) {
        (Some(v), Some(size)) if size > 0.0 => {
            let floor = (v / size).floor() * size;
            match call.ret {
                Type::Real => Datum::Real(floor),
                ty => number::real_to_long(floor).map_or(Datum::Null, |v| typed(ty, v)),
            }
        }
        _ => Datum::Null,
    }
}

fn bin_at<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [value, size, fixed] = args else {
        return Datum::Null;
    };
    if let (Some(v), Some(size), Some(fixed)) = (value.as_i64(), size.as_i64(), fixed.as_i64()) {
        return match size {
            1.. => {
                // The distance of two 64-bit numbers may need 65 bits.
                let over = (i128::from(v) - i128::from(fixed)).rem_euclid(i128::from(size));
                i64::try_from(i128::from(v) - over).map_or(Datum::Null, |v| typed(call.ret, v))
            }
            _ => Datum::Null,
        };
    }
    match (value.as_f64(), size.as_f64(), fixed.as_f64()) {
        (Some(v), Some(size), Some(fixed)) if size > 0.0 => {
            Datum::Real(((v - fixed) / size).floor() * size + fixed)
        }
        _ => Datum::Null,
    }
}

/// True when the value is at most `delta` away from the centre. Integers and times are compared exactly.
fn around<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [value, center, delta] = args else {
        return Datum::Null;
    };
    if let (Some(v), Some(center), Some(delta)) = (value.as_i64(), center.as_i64(), delta.as_i64())
    {
        let distance = (i128::from(v) - i128::from(center)).abs();
        return Datum::Bool(distance <= i128::from(delta));
    }
    match (value.as_f64(), center.as_f64(), delta.as_f64()) {
        (Some(v), Some(center), Some(delta)) => {
            Datum::Bool(v >= center - delta && v <= center + delta)
        }
        _ => Datum::Null,
    }
}

/// A uniform number below 1, or a whole one below the argument.
fn rand<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    use std::hash::{BuildHasher, Hasher};
    let bits = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    #[allow(clippy::cast_precision_loss)]
    let unit = (bits >> 11) as f64 / (1u64 << 53) as f64;
    match args.first().and_then(Datum::as_f64) {
        Some(limit) if limit >= 2.0 && call.ret == Type::Real => {
            Datum::Real((unit * limit).floor())
        }
        Some(limit) if limit >= 2.0 => {
            number::real_to_long((unit * limit).floor()).map_or(Datum::Null, Datum::Long)
        }
        _ => Datum::Real(unit),
    }
}
