//! Functions over dynamic arrays. Something that isn't an array gives null.

use std::cmp::Ordering;

use serde_json::Value;

use super::regex_fn::{long, stretch, text};
use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["array_length", "arraylength"], |_, args| {
        items(args, 0).map_or(Datum::Null, |a| {
            Datum::Long(i64::try_from(a.len()).unwrap_or(i64::MAX))
        })
    }),
    lenient(&["pack_array"], |_, args| {
        json(args.iter().map(dynamic::to_json).collect())
    }),
    lenient(&["array_concat"], concat),
    strict(&["array_slice"], slice),
    strict(&["array_index_of"], index_of),
    strict(&["array_reverse"], |_, args| {
        items(args, 0).map_or(Datum::Null, |a| json(a.into_iter().rev().collect()))
    }),
    lenient(&["array_sort_asc"], |_, args| sort(args, false)),
    lenient(&["array_sort_desc"], |_, args| sort(args, true)),
    strict(&["array_sum"], sum),
    strict(&["array_split"], split),
    strict(&["array_rotate_left"], |_, args| rotate(args, 1)),
    strict(&["array_rotate_right"], |_, args| rotate(args, -1)),
    strict(&["array_shift_left"], |_, args| shift(args, 1)),
    strict(&["array_shift_right"], |_, args| shift(args, -1)),
    strict(&["array_iff", "array_iif"], iff),
    strict(&["strcat_array", "array_strcat"], strcat),
    strict(&["repeat"], repeat),
    lenient(&["range"], range),
    strict(&["zip"], zip),
];

/// Longest array that `range()` and `repeat()` make.
const ITEMS_MAX: usize = 1_048_576;

pub(super) fn items(args: &[Datum<'_>], idx: usize) -> Option<Vec<Value>> {
    match dynamic::to_json(args.get(idx)?) {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

pub(super) fn json(items: Vec<Value>) -> Datum<'static> {
    Datum::json(&Value::Array(items))
}

fn concat<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut out = Vec::new();
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        match dynamic::to_json(arg) {
            Value::Array(items) => out.extend(items),
            other => out.push(other),
        }
    }
    if args.iter().all(Datum::is_null) {
        Datum::Null
    } else {
        json(out)
    }
}

/// `array_slice(a, start, end)`: inclusive; negative positions count from the end.
fn slice<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(array), Some(start), Some(end)) = (items(args, 0), long(args, 1), long(args, 2))
    else {
        return Datum::Null;
    };
    let len = i64::try_from(array.len()).unwrap_or(i64::MAX);
    let start = if start < 0 {
        (len + start).max(0)
    } else {
        start
    };
    let end = if end < 0 { len + end } else { end };
    let take = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or(0);
    json(
        array
            .into_iter()
            .skip(usize::try_from(start).unwrap_or(0))
            .take(take)
            .collect(),
    )
}

fn index_of<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(array), Some(want)) = (items(args, 0), args.get(1)) else {
        return Datum::Null;
    };
    let want = dynamic::to_json(want);
    let len = i64::try_from(array.len()).unwrap_or(i64::MAX);
    let start = long(args, 2).unwrap_or(0);
    let start = usize::try_from(if start < 0 {
        (len + start).max(0)
    } else {
        start
    })
    .unwrap_or(0);
    let Some((length, nth)) = stretch(args) else {
        return Datum::Null;
    };
    let found = array
        .iter()
        .enumerate()
        .skip(start)
        .take(length)
        .filter(|(_, item)| dynamic::equal(item, &want))
        .nth(nth - 1);
    Datum::Long(
        found
            .and_then(|(at, _)| i64::try_from(at).ok())
            .unwrap_or(-1),
    )
}

/// Numbers by value, strings by code point, other kinds after them; nulls by the caller.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x
                .as_f64()
                .unwrap_or(f64::NAN)
                .total_cmp(&y.as_f64().unwrap_or(f64::NAN)),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Sorts the first array and moves the others along with it; nulls go last unless the last argument is `false`.
fn sort<'a>(args: &[Datum<'a>], descending: bool) -> Datum<'a> {
    let Some(first) = items(args, 0) else {
        return Datum::Null;
    };
    let nulls_last = match args.last() {
        Some(Datum::Bool(last)) => *last,
        _ => true,
    };
    let mut order_of: Vec<usize> = (0..first.len()).collect();
    order_of.sort_by(|a, b| {
        let (a, b) = (
            first.get(*a).unwrap_or(&Value::Null),
            first.get(*b).unwrap_or(&Value::Null),
        );
        match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => {
                if nulls_last {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, true) => {
                if nulls_last {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            _ if descending => order(b, a),
            _ => order(a, b),
        }
    });
    let pick = |array: &[Value]| {
        json(
            order_of
                .iter()
                .filter_map(|at| array.get(*at).cloned())
                .collect(),
        )
    };
    let arrays: Vec<Option<Vec<Value>>> = (0..args.len())
        .filter(|idx| !matches!(args.get(*idx), Some(Datum::Bool(_))))
        .map(|idx| items(args, idx))
        .collect();
    if arrays.len() <= 1 {
        return pick(&first);
    }
    let sorted = arrays.into_iter().map(|array| match array {
        Some(array) if array.len() == first.len() => dynamic::to_json(&pick(&array)),
        _ => Value::Null,
    });
    json(sorted.collect())
}

fn sum<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(array) = items(args, 0) else {
        return Datum::Null;
    };
    array
        .iter()
        .map(Value::as_f64)
        .sum::<Option<f64>>()
        // The sum of no numbers is a negative zero.
        .map_or(Datum::Null, |sum| Datum::Real(sum + 0.0))
}

fn split<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(array) = items(args, 0) else {
        return Datum::Null;
    };
    let at: Vec<i64> = match items(args, 1) {
        Some(points) => points.iter().filter_map(Value::as_i64).collect(),
        None => long(args, 1)
            .into_iter()
            .chain(args.get(1).and_then(|v| dynamic::to_json(v).as_i64()))
            .take(1)
            .collect(),
    };
    let len = array.len();
    let mut parts = Vec::new();
    let mut from = 0;
    for point in at {
        let point = if point < 0 {
            i64::try_from(len).unwrap_or(0).saturating_add(point)
        } else {
            point
        };
        let point = usize::try_from(point).unwrap_or(0).clamp(from, len);
        parts.push(Value::Array(
            array.get(from..point).unwrap_or_default().to_vec(),
        ));
        from = point;
    }
    parts.push(Value::Array(array.get(from..).unwrap_or_default().to_vec()));
    json(parts)
}

fn rotate<'a>(args: &[Datum<'a>], sign: i64) -> Datum<'a> {
    let (Some(mut array), Some(by)) = (items(args, 0), long(args, 1)) else {
        return Datum::Null;
    };
    if let Ok(len) = i64::try_from(array.len())
        && len > 0
    {
        let by = by.rem_euclid(len) * sign;
        array.rotate_left(usize::try_from(by.rem_euclid(len)).unwrap_or(0));
    }
    json(array)
}

fn shift<'a>(args: &[Datum<'a>], sign: i64) -> Datum<'a> {
    let (Some(array), Some(by)) = (items(args, 0), long(args, 1)) else {
        return Datum::Null;
    };
    // An array of strings stays one.
    let texts = !array.is_empty() && array.iter().all(Value::is_string);
    let fill = match args.get(2) {
        Some(fill) => dynamic::to_json(fill),
        None if texts => Value::from(""),
        None => Value::Null,
    };
    let by = by.saturating_mul(sign);
    let len = i64::try_from(array.len()).unwrap_or(0);
    let at = |i: i64| {
        i.checked_add(by)
            .and_then(|i| usize::try_from(i).ok())
            .and_then(|i| array.get(i).cloned())
    };
    json(
        (0..len)
            .map(|i| at(i).unwrap_or_else(|| fill.clone()))
            .collect(),
    )
}

fn iff<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(conditions) = items(args, 0) else {
        return Datum::Null;
    };
    let pick = |idx: usize, at: usize| match items(args, idx) {
        Some(array) => array.get(at).cloned().unwrap_or(Value::Null),
        None => args.get(idx).map_or(Value::Null, dynamic::to_json),
    };
    let truth = |v: &Value| v.as_bool().or_else(|| v.as_f64().map(|n| n != 0.0));
    json(
        conditions
            .iter()
            .enumerate()
            .map(|(at, condition)| match truth(condition) {
                Some(true) => pick(1, at),
                Some(false) => pick(2, at),
                None => Value::Null,
            })
            .collect(),
    )
}

fn strcat<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(array) = items(args, 0) else {
        return Datum::string("");
    };
    let parts: Vec<String> = array.iter().map(dynamic::to_plain_text).collect();
    Datum::string(parts.join(text(args, 1)))
}

fn repeat<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(value), Some(times)) = (args.first(), long(args, 1)) else {
        return Datum::Null;
    };
    match usize::try_from(times) {
        Ok(times) => json(vec![dynamic::to_json(value); times.min(ITEMS_MAX)]),
        Err(_) => Datum::Null,
    }
}

/// `range(start, stop [, step])`: numbers, datetimes and timespans, inclusive, at most 1,048,576 of them.
fn range<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(start), Some(stop)) = (args.first(), args.get(1)) else {
        return Datum::Null;
    };
    if let (Some(from), Some(to)) = (start.as_i64(), stop.as_i64())
        && let Some(step) = match args.get(2) {
            None if matches!(start, Datum::DateTime(_) | Datum::TimeSpan(_)) => {
                Some(crate::values::timespan::HOUR)
            }
            None => Some(1),
            Some(step) => step.as_i64(),
        }
    {
        let make = |v: i64| match start {
            Datum::DateTime(_) => dynamic::to_json(&Datum::DateTime(v)),
            Datum::TimeSpan(_) => dynamic::to_json(&Datum::TimeSpan(v)),
            _ => Value::from(v),
        };
        return json(steps(from, to, step).map(make).collect());
    }
    let (Some(from), Some(to)) = (start.as_f64(), stop.as_f64()) else {
        return Datum::Null;
    };
    let step = args.get(2).map_or(Some(1.0), Datum::as_f64).unwrap_or(0.0);
    let values = (0..u32::try_from(ITEMS_MAX).unwrap_or(0)).map(|n| from + f64::from(n) * step);
    let within = |v: &f64| {
        if step > 0.0 {
            *v <= to
        } else {
            step < 0.0 && *v >= to
        }
    };
    json(values.take_while(within).map(Value::from).collect())
}

fn steps(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let first = (step > 0 && from <= to) || (step < 0 && from >= to);
    let next = move |v: &i64| {
        v.checked_add(step)
            .filter(|v| if step > 0 { *v <= to } else { *v >= to })
    };
    std::iter::successors(first.then_some(from), next).take(ITEMS_MAX)
}

fn zip<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let arrays: Vec<Vec<Value>> = (0..args.len())
        .map(|idx| items(args, idx).unwrap_or_default())
        .collect();
    let len = arrays.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| {
        Value::Array(
            arrays
                .iter()
                .map(|a| a.get(at).cloned().unwrap_or(Value::Null))
                .collect(),
        )
    };
    json((0..len).map(row).collect())
}
