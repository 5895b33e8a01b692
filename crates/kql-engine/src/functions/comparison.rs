//! Arithmetic and comparison where Arrow's own differ from Kusto's: division and modulo (zero gives null),
//! decimals, mixes of ticks and numbers, and comparisons with dynamics.

use std::cmp::Ordering;

use kql::types::Type;

use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, decimal, dynamic, number};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["op:divide"], divide),
    strict(&["op:modulo"], modulo),
    strict(&["op:scale"], scale),
    strict(&["op:dec_add"], |_, args| decimals(args, i128::checked_add)),
    strict(&["op:dec_sub"], |_, args| decimals(args, i128::checked_sub)),
    strict(&["op:dec_mul"], |_, args| decimals(args, decimal::multiply)),
    lenient(&["op:dyn_eq"], dynamic_equal),
    strict(&["op:dyn_lt"], |_, args| {
        dynamic_order(args, Ordering::is_lt)
    }),
    strict(&["op:dyn_le"], |_, args| {
        dynamic_order(args, Ordering::is_le)
    }),
    strict(&["op:dyn_gt"], |_, args| {
        dynamic_order(args, Ordering::is_gt)
    }),
    strict(&["op:dyn_ge"], |_, args| {
        dynamic_order(args, Ordering::is_ge)
    }),
    strict(&["op:negate"], negate),
];

fn integer(ret: Type, value: Option<i64>) -> Datum<'static> {
    match (ret, value) {
        (_, None) => Datum::Null,
        (Type::Int, Some(v)) => i32::try_from(v).map_or(Datum::Null, Datum::Int),
        (Type::TimeSpan, Some(v)) => Datum::TimeSpan(v),
        (Type::DateTime, Some(v)) => Datum::DateTime(v),
        (_, Some(v)) => Datum::Long(v),
    }
}

fn divide<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [a, b] = args else { return Datum::Null };
    match (a, b, call.ret) {
        (Datum::Decimal(a), Datum::Decimal(b), _) => {
            decimal::divide(*a, *b).map_or(Datum::Null, Datum::Decimal)
        }
        (_, _, Type::Real) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => Datum::Real(a / b),
            _ => Datum::Null,
        },
        (Datum::TimeSpan(a), Datum::Real(b), _) =>
        {
            #[allow(clippy::cast_precision_loss)]
            number::real_to_long(*a as f64 / b).map_or(Datum::Null, Datum::TimeSpan)
        }
        _ => match (a.as_i64(), b.as_i64()) {
            (Some(_), Some(0)) | (None, _) | (_, None) => Datum::Null,
            (Some(a), Some(b)) => integer(call.ret, Some(a.wrapping_div(b))),
        },
    }
}

/// The remainder is never negative: 0 <= n % d < |d| ("Numerical operators" in the reference).
fn modulo<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [a, b] = args else { return Datum::Null };
    if call.ret == Type::Real {
        return match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => Datum::Real(a.rem_euclid(b)),
            _ => Datum::Null,
        };
    }
    if let (Datum::Decimal(a), Datum::Decimal(b)) = (a, b) {
        return if *b == 0 {
            Datum::Null
        } else {
            Datum::Decimal(a.rem_euclid(*b))
        };
    }
    match (a.as_i64(), b.as_i64()) {
        (Some(_), Some(0)) | (None, _) | (_, None) => Datum::Null,
        (Some(a), Some(b)) => integer(call.ret, Some(a.wrapping_rem_euclid(b))),
    }
}

/// timespan * number, either way round.
fn scale<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [a, b] = args else { return Datum::Null };
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.checked_mul(b).map_or(Datum::Null, Datum::TimeSpan);
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => {
            number::real_to_long((a * b).round()).map_or(Datum::Null, Datum::TimeSpan)
        }
        _ => Datum::Null,
    }
}

fn decimals<'a>(args: &[Datum<'a>], op: fn(i128, i128) -> Option<i128>) -> Datum<'a> {
    match args {
        [Datum::Decimal(a), Datum::Decimal(b)] => op(*a, *b).map_or(Datum::Null, Datum::Decimal),
        _ => Datum::Null,
    }
}

fn negate<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    match args.first() {
        Some(Datum::Int(v)) => Datum::Int(v.wrapping_neg()),
        Some(Datum::Long(v)) => Datum::Long(v.wrapping_neg()),
        Some(Datum::TimeSpan(v)) => Datum::TimeSpan(v.wrapping_neg()),
        Some(Datum::Real(v)) => Datum::Real(-v),
        Some(Datum::Decimal(v)) => Datum::Decimal(v.wrapping_neg()),
        _ => Datum::Null,
    }
}

/// Null rules of `==`: two nulls give null, one null gives false.
fn dynamic_equal<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let [a, b] = args else { return Datum::Null };
    match (a.is_null(), b.is_null()) {
        (true, true) => Datum::Null,
        (true, false) | (false, true) => Datum::Bool(false),
        _ => Datum::Bool(dynamic::equal(&dynamic::to_json(a), &dynamic::to_json(b))),
    }
}

fn dynamic_order<'a>(args: &[Datum<'a>], holds: fn(Ordering) -> bool) -> Datum<'a> {
    let [a, b] = args else { return Datum::Null };
    let (a, b) = (
        dynamic::to_scalar(&dynamic::to_json(a)),
        dynamic::to_scalar(&dynamic::to_json(b)),
    );
    let order = match (&a, &b) {
        (Datum::Str(a), Datum::Str(b)) => Some(a.cmp(b)),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => None,
        },
    };
    order.map_or(Datum::Null, |order| Datum::Bool(holds(order)))
}
