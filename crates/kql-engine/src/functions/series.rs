//! Element-wise and summary functions over numeric series (dynamic arrays).

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::array::{items, json};
use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, dynamic, elements};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["series_abs"], |_, a| map1(a, f64::abs)),
    strict(&["series_acos"], |_, a| map1(a, f64::acos)),
    strict(&["series_asin"], |_, a| map1(a, f64::asin)),
    strict(&["series_atan"], |_, a| map1(a, f64::atan)),
    strict(&["series_cos"], |_, a| map1(a, f64::cos)),
    strict(&["series_sin"], |_, a| map1(a, f64::sin)),
    strict(&["series_tan"], |_, a| map1(a, f64::tan)),
    strict(&["series_exp"], |_, a| map1(a, f64::exp)),
    strict(&["series_log"], |_, a| map1(a, f64::ln)),
    strict(&["series_ceiling"], |_, a| map1(a, f64::ceil)),
    strict(&["series_floor"], |_, a| map1(a, f64::floor)),
    strict(&["series_sign"], |_, a| {
        map1(a, |x| if x == 0.0 { 0.0 } else { x.signum() })
    }),
    strict(&["series_add"], |_, a| map2(a, |x, y| x + y)),
    strict(&["series_subtract"], |_, a| map2(a, |x, y| x - y)),
    strict(&["series_multiply"], |_, a| map2(a, |x, y| x * y)),
    strict(&["series_divide"], |_, a| map2(a, |x, y| x / y)),
    strict(&["series_pow"], |_, a| map2(a, f64::powf)),
    strict(&["series_equals"], |_, a| compare(a, |x, y| x == y)),
    strict(&["series_not_equals"], |_, a| compare(a, |x, y| x != y)),
    strict(&["series_less"], |_, a| compare(a, |x, y| x < y)),
    strict(&["series_less_equals"], |_, a| compare(a, |x, y| x <= y)),
    strict(&["series_greater"], |_, a| compare(a, |x, y| x > y)),
    strict(&["series_greater_equals"], |_, a| compare(a, |x, y| x >= y)),
    strict(&["series_sum"], |_, a| {
        reduce(a, |v| v.iter().sum::<f64>() + 0.0)
    }),
    strict(&["series_product"], |_, a| {
        reduce(a, |v| v.iter().product())
    }),
    strict(&["series_dot_product"], |_, a| pair(a, dot)),
    strict(&["series_cosine_similarity"], |_, a| {
        pair(a, |x, y| dot(x, y) / (dot(x, x).sqrt() * dot(y, y).sqrt()))
    }),
    strict(&["series_pearson_correlation"], |_, a| pair(a, pearson)),
    strict(&["series_magnitude"], |_, a| {
        reduce(a, |v| dot(v, v).sqrt())
    }),
    strict(&["series_fill_const"], |_, a| fill_const(a)),
    strict(&["series_fill_forward"], |_, a| fill_from(a, false)),
    strict(&["series_fill_backward"], |_, a| fill_from(a, true)),
    lenient(&["series_fill_linear"], fill_linear),
    strict(&["series_stats_dynamic"], stats),
];

pub(super) fn real(value: f64) -> Value {
    dynamic::to_json(&Datum::Real(value))
}

/// The elements of a series as numbers, null for those that are none. `None` when it is no array.
pub(super) fn reals(args: &[Datum<'_>], idx: usize) -> Option<Vec<Option<f64>>> {
    if let Some(Datum::Dynamic(text)) = args.get(idx)
        && let Some(series) = elements::reals(text)
    {
        return Some(series);
    }
    let series = items(args, idx)?;
    Some(series.iter().map(Value::as_f64).collect())
}

/// An array of what `write` puts down for each element.
fn written<T>(elements: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) -> Datum<'static> {
    let mut text = String::from("[");
    for (idx, element) in elements.enumerate() {
        if idx > 0 {
            text.push(',');
        }
        write(&mut text, element);
    }
    text.push(']');
    Datum::Dynamic(Cow::Owned(text))
}

/// Puts down what [`real`] makes of a number.
fn push_real(text: &mut String, value: f64) {
    // Writing to a string cannot fail.
    let _ = match serde_json::Number::from_f64(value) {
        Some(number) => write!(text, "{number}"),
        None => write!(text, "{}", real(value)),
    };
}

fn map1<'a>(args: &[Datum<'a>], f: fn(f64) -> f64) -> Datum<'a> {
    let Some(series) = reals(args, 0) else {
        return Datum::Null;
    };
    written(series.into_iter(), |text, value| match value {
        Some(x) => push_real(text, f(x)),
        None => text.push_str("null"),
    })
}

/// A series, or a number in the place of each of its elements.
enum Operand {
    Series(Vec<Option<f64>>),
    Number(Option<f64>),
}

impl Operand {
    fn of(args: &[Datum<'_>], idx: usize) -> Self {
        match reals(args, idx) {
            Some(series) => Self::Series(series),
            None => Self::Number(args.get(idx).and_then(|v| dynamic::to_json(v).as_f64())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Series(series) => series.len(),
            Self::Number(_) => 0,
        }
    }

    fn at(&self, idx: usize) -> Option<f64> {
        match self {
            Self::Series(series) => series.get(idx).copied().flatten(),
            Self::Number(number) => *number,
        }
    }
}

fn both(args: &[Datum<'_>], write: impl Fn(&mut String, f64, f64)) -> Datum<'static> {
    let (a, b) = (Operand::of(args, 0), Operand::of(args, 1));
    let pairs = (0..a.len().max(b.len())).map(|idx| (a.at(idx), b.at(idx)));
    written(pairs, |text, pair| match pair {
        (Some(x), Some(y)) => write(text, x, y),
        _ => text.push_str("null"),
    })
}

fn map2<'a>(args: &[Datum<'a>], f: fn(f64, f64) -> f64) -> Datum<'a> {
    both(args, |text, x, y| push_real(text, f(x, y)))
}

fn compare<'a>(args: &[Datum<'a>], f: fn(f64, f64) -> bool) -> Datum<'a> {
    both(args, |text, x, y| {
        text.push_str(if f(x, y) { "true" } else { "false" });
    })
}

fn numbers(args: &[Datum<'_>], idx: usize) -> Option<Vec<f64>> {
    reals(args, idx)?.into_iter().collect()
}

fn reduce<'a>(args: &[Datum<'a>], f: fn(&[f64]) -> f64) -> Datum<'a> {
    numbers(args, 0).map_or(Datum::Null, |v| Datum::Real(f(&v)))
}

fn pair<'a>(args: &[Datum<'a>], f: fn(&[f64], &[f64]) -> f64) -> Datum<'a> {
    match (numbers(args, 0), numbers(args, 1)) {
        (Some(a), Some(b)) if a.len() == b.len() => Datum::Real(f(&a, &b)),
        _ => Datum::Null,
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    let da: Vec<f64> = a.iter().map(|x| x - ma).collect();
    let db: Vec<f64> = b.iter().map(|x| x - mb).collect();
    dot(&da, &db) / (dot(&da, &da) * dot(&db, &db)).sqrt()
}

/// Whether an element counts as missing: null, or equal to the placeholder argument.
fn missing(args: &[Datum<'_>], idx: usize) -> impl Fn(&Value) -> bool {
    let placeholder = args.get(idx).map_or(Value::Null, dynamic::to_json);
    move |v: &Value| v.is_null() || (!placeholder.is_null() && dynamic::equal(v, &placeholder))
}

fn fill_const<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(series), Some(constant)) = (items(args, 0), args.get(1)) else {
        return Datum::Null;
    };
    let (constant, is_missing) = (dynamic::to_json(constant), missing(args, 2));
    json(
        series
            .into_iter()
            .map(|v| if is_missing(&v) { constant.clone() } else { v })
            .collect(),
    )
}

fn fill_from<'a>(args: &[Datum<'a>], backward: bool) -> Datum<'a> {
    let Some(mut series) = items(args, 0) else {
        return Datum::Null;
    };
    let is_missing = missing(args, 1);
    if backward {
        series.reverse();
    }
    let mut last = None;
    for value in &mut series {
        if !is_missing(value) {
            last = Some(value.clone());
        } else if let Some(last) = &last {
            *value = last.clone();
        }
    }
    if backward {
        series.reverse();
    }
    json(series)
}

/// Straight lines between known neighbours; the ends take the nearest known value unless told otherwise.
fn fill_linear<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(series) = items(args, 0) else {
        return Datum::Null;
    };
    let is_missing = missing(args, 1);
    if series.iter().all(&is_missing) {
        // Nothing to draw a line through: a constant, by default 0.
        let constant = args.get(3).map_or_else(|| real(0.0), dynamic::to_json);
        if constant.is_null() {
            return json(series);
        }
        return json(vec![constant; series.len()]);
    }
    let fill_edges = !matches!(args.get(2), Some(Datum::Bool(false)));
    let known: Vec<(usize, f64)> = series
        .iter()
        .enumerate()
        .filter(|(_, v)| !is_missing(v))
        .filter_map(|(i, v)| v.as_f64().map(|v| (i, v)))
        .collect();
    // A series of integers stays one.
    let whole = series.iter().filter(|v| !is_missing(v)).all(Value::is_i64);
    let number = |v: f64| match crate::values::number::real_to_long(v) {
        Some(v) if whole => Value::from(v),
        _ => real(v),
    };
    let value_at = |i: usize, original: &Value| -> Value {
        let at = known.partition_point(|(k, _)| *k < i);
        let after = known.get(at);
        let before = after
            .filter(|(k, _)| *k == i)
            .or_else(|| known.get(at.checked_sub(1)?));
        match (before, after) {
            (Some((a, _)), Some((b, _))) if a == b => original.clone(),
            #[allow(clippy::cast_precision_loss)]
            (Some((a, x)), Some((b, y))) => {
                number(x + (y - x) * ((i - a) as f64) / ((b - a) as f64))
            }
            (Some((_, v)), None) | (None, Some((_, v))) if fill_edges => number(*v),
            _ => original.clone(),
        }
    };
    json(
        series
            .iter()
            .enumerate()
            .map(|(i, v)| value_at(i, v))
            .collect(),
    )
}

/// The bag of `series_stats_dynamic`, in its order; what isn't finite is null.
#[derive(Serialize)]
struct Stats {
    min: f64,
    min_idx: usize,
    max: f64,
    max_idx: usize,
    avg: f64,
    stdev: f64,
    variance: f64,
    sum: f64,
    len: usize,
}

#[allow(clippy::cast_precision_loss)]
fn stats<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(series) = reals(args, 0) else {
        return Datum::Null;
    };
    let known = || {
        series
            .iter()
            .enumerate()
            .filter_map(|(i, v)| Some((i, (*v)?)))
    };
    let Some((min_idx, min)) = known().min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return Datum::Null;
    };
    let (mut max_idx, mut max) = (min_idx, min);
    for (i, x) in known() {
        if x > max {
            (max_idx, max) = (i, x);
        }
    }
    let values: Vec<f64> = known().map(|(_, x)| x).collect();
    let sum = values.iter().sum::<f64>();
    let n = values.len() as f64;
    let avg = sum / n;
    let variance = if n > 1.0 {
        values.iter().map(|x| (x - avg).powi(2)).sum::<f64>() / (n - 1.0)
    } else {
        0.0
    };
    let stats = Stats {
        min,
        min_idx,
        max,
        max_idx,
        avg,
        stdev: variance.sqrt(),
        variance,
        sum,
        len: series.len(),
    };
    serde_json::to_string(&stats).map_or(Datum::Null, |text| Datum::Dynamic(Cow::Owned(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Arrays that are written as text are those that a tree would give.
        #[test]
        fn written_arrays_are_those_of_a_tree(values in prop::collection::vec(prop::option::of(any::<f64>()), 0..6)) {
            let got = written(values.iter(), |text, value| match value {
                Some(value) => push_real(text, *value),
                None => text.push_str("null"),
            });
            let want = values.iter().map(|v| v.map_or(Value::Null, real)).collect();
            prop_assert_eq!(got, json(want));
        }
    }
}
