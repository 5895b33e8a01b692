//! Filters, spectra, outliers and statistics of series: `series_fir`, `series_iir`, `series_fft`, `series_ifft`,
//! `series_outliers`, `series_stats`.

use serde_json::Value;

use super::array::{items, json as array};
use super::fourier::{self, Complex};
use super::series::real;
use super::series_fit::{flag, points, position, reals};
use super::{Kernel, lenient};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["series_fir"], |_, a| fir(a).unwrap_or(Datum::Null)),
    lenient(&["series_iir"], |_, a| iir(a).unwrap_or(Datum::Null)),
    lenient(&["series_fft"], |_, a| {
        transform(a, false).unwrap_or(Datum::Null)
    }),
    lenient(&["series_ifft"], |_, a| {
        transform(a, true).unwrap_or(Datum::Null)
    }),
    lenient(&["series_outliers"], |_, a| {
        outliers_of(a).unwrap_or(Datum::Null)
    }),
    lenient(&["series_stats"], |_, a| {
        statistics(a).unwrap_or(Datum::Null)
    }),
];

fn at(values: &[f64], idx: Option<usize>) -> f64 {
    idx.and_then(|idx| values.get(idx)).copied().unwrap_or(0.0)
}

/// Values before and after the series are 0. By default the coefficients are divided by their sum, unless one of
/// them is negative: then a request to do so gives null.
fn fir(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let (series, mut filter) = (points(args, 0)?, points(args, 1)?);
    let negative = filter.iter().any(|c| *c < 0.0);
    let normalize = flag(args, 2).unwrap_or(!negative);
    if filter.is_empty() || (normalize && negative) {
        return None;
    }
    if normalize {
        let sum: f64 = filter.iter().sum();
        filter.iter_mut().for_each(|c| *c /= sum);
    }
    let ahead = if flag(args, 3).unwrap_or(false) {
        filter.len() / 2
    } else {
        0
    };
    let value = |idx: usize| -> f64 {
        let terms = filter.iter().enumerate();
        terms
            .map(|(j, c)| c * at(&series, (idx + ahead).checked_sub(j)))
            .sum()
    };
    Some(Datum::json(&reals(
        &(0..series.len()).map(value).collect::<Vec<_>>(),
    )))
}

fn iir(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let series = points(args, 0)?;
    let (numerators, denominators) = (points(args, 1)?, points(args, 2)?);
    let lead = *denominators.first().filter(|lead| **lead != 0.0)?;
    let mut out: Vec<f64> = Vec::with_capacity(series.len());
    for idx in 0..series.len() {
        let back = |j: usize| idx.checked_sub(j);
        let direct: f64 = numerators
            .iter()
            .enumerate()
            .map(|(j, c)| c * at(&series, back(j)))
            .sum();
        let fed_back: f64 = denominators
            .iter()
            .enumerate()
            .skip(1)
            .map(|(j, c)| c * at(&out, back(j)))
            .sum();
        out.push((direct - fed_back) / lead);
    }
    Some(Datum::json(&reals(&out)))
}

/// The transform is not scaled, its inverse is divided by the length.
fn transform(args: &[Datum<'_>], inverse: bool) -> Option<Datum<'static>> {
    let re = points(args, 0)?;
    let im = match args.get(1) {
        None | Some(Datum::Null) => vec![0.0; re.len()],
        Some(_) => points(args, 1).filter(|im| im.len() == re.len())?,
    };
    if re.iter().chain(&im).any(|v| !v.is_finite()) {
        return None;
    }
    let values: Vec<Complex> = re.into_iter().zip(im).collect();
    let values = if inverse {
        fourier::inverse(&values)
    } else {
        fourier::forward(&values)
    };
    let (re, im): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
    Some(array(vec![reals(&re), reals(&im)]))
}

/// The value below which `percentage` of the sorted values lie, between neighbours in proportion.
fn quantile(sorted: &[f64], percentage: f64) -> Option<f64> {
    let place = percentage / 100.0 * position(sorted.len().checked_sub(1)?);
    let below = usize::try_from(crate::values::number::real_to_long(place.floor())?).ok()?;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * (place - place.floor()))
}

/// How far values lie outside of the range of two percentiles, in multiples of its width: Tukey's test. NaN has
/// score 0, and so has everything when the range is empty and the value in it. The last `held_out` values don't
/// take part in the range.
pub(super) fn tukey(values: &[f64], low: f64, high: f64, held_out: usize) -> Vec<f64> {
    let trained = values.get(..values.len().saturating_sub(held_out));
    let mut sorted: Vec<f64> = trained
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|v| v.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(low), Some(high)) = (quantile(&sorted, low), quantile(&sorted, high)) else {
        return vec![0.0; values.len()];
    };
    // A constant range would make every other value infinitely far away.
    let width = (high - low).max(f64::EPSILON * high.abs().max(low.abs()).max(1.0));
    let score = |v: &f64| match *v {
        v if v > high => (v - high) / width,
        v if v < low => (v - low) / width,
        _ => 0.0,
    };
    values.iter().map(score).collect()
}

/// The percentiles of a kind of test, and whether they can be chosen.
pub(super) fn tukey_range(kind: &str) -> Option<(f64, f64)> {
    match kind {
        "ctukey" => Some((10.0, 90.0)),
        "tukey" => Some((25.0, 75.0)),
        _ => None,
    }
}

fn outliers_of(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let mut series = points(args, 0)?;
    let kind = args.get(1).map_or("ctukey", Datum::text);
    let kind = if kind.is_empty() { "ctukey" } else { kind };
    let (mut low, mut high) = tukey_range(kind)?;
    if let Some(ignored) = args.get(2).and_then(Datum::as_f64) {
        for value in series.iter_mut().filter(|v| **v == ignored) {
            *value = f64::NAN;
        }
    }
    if kind == "ctukey" {
        let chosen = |idx: usize| args.get(idx).and_then(Datum::as_f64);
        low = chosen(3).unwrap_or(low);
        high = chosen(4).unwrap_or(high);
        if !(2.0..=98.0).contains(&low) || !(2.0..=98.0).contains(&high) || low >= high {
            return None;
        }
    }
    let held_out = args.get(5).and_then(Datum::as_i64).unwrap_or(0);
    let scores = tukey(&series, low, high, usize::try_from(held_out).unwrap_or(0));
    Some(Datum::json(&reals(&scores)))
}

/// The columns of `series_stats`; any element that isn't a finite number makes the statistics null unless it is to
/// be left out.
fn statistics(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let series = items(args, 0)?;
    let ignore = flag(args, 1).unwrap_or(false);
    let mut known = Vec::with_capacity(series.len());
    for (idx, value) in series.iter().enumerate() {
        match value.as_f64() {
            Some(v) => known.push((idx, v)),
            // Infinities and NaN are texts within a dynamic; nulls never count.
            None if value.is_null() || ignore => {}
            None => return None,
        }
    }
    let least = known.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let most = known
        .iter()
        .copied()
        .fold(least, |best, v| if v.1 > best.1 { v } else { best });
    let n = position(known.len());
    let mean = known.iter().map(|v| v.1).sum::<f64>() / n;
    let variance = known.iter().map(|v| (v.1 - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    Some(array(vec![
        dynamic::to_json(&Datum::Real(least.1)),
        Value::from(least.0),
        dynamic::to_json(&Datum::Real(most.1)),
        Value::from(most.0),
        real(mean),
        real(variance.sqrt()),
        real(variance),
    ]))
}
