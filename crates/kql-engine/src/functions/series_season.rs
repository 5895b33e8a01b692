//! Periods and decomposition of series: `series_periods_detect`, `series_periods_validate`, `series_seasonal`,
//! `series_decompose` and what builds on it.
//!
//! The reference says what these functions give, not how a period is scored. Here the score of a period is its
//! autocorrelation, and the least of those at its multiples within half of the series, which agrees with the
//! documented examples.

use serde_json::Value;

use super::array::json as array;
use super::series_filter::{tukey, tukey_range};
use super::series_fit::{line, points, position, reals};
use super::{Kernel, lenient};
use crate::values::{Datum, number};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["series_periods_detect"], |_, a| {
        periods_detect(a).unwrap_or(Datum::Null)
    }),
    lenient(&["series_periods_validate"], |_, a| {
        periods_validate(a).unwrap_or(Datum::Null)
    }),
    lenient(&["series_seasonal"], |_, a| {
        seasonal_of(a).unwrap_or(Datum::Null)
    }),
    lenient(&["series_decompose"], |_, a| {
        decompose_at(a, Slots::DECOMPOSE).map_or(Datum::Null, |parts| parts.columns())
    }),
    lenient(&["series_decompose_forecast"], |_, a| {
        decompose_at(a, Slots::FORECAST).map_or(Datum::Null, |parts| parts.columns())
    }),
    lenient(&["series_decompose_anomalies"], |_, a| {
        anomalies(a).unwrap_or(Datum::Null)
    }),
];

/// Shortest period that is looked for.
const PERIOD_MIN: usize = 4;

/// Least score of a detected period, unless the query says another.
const SCORE_MIN: f64 = 0.6;

/// Autocorrelations of a series by lag, up to half of its length.
struct Autocorrelation {
    by_lag: Vec<f64>,
}

impl Autocorrelation {
    fn new(series: &[f64]) -> Self {
        let known: Vec<f64> = series.iter().copied().filter(|v| v.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / position(known.len().max(1));
        let centred: Vec<f64> = series
            .iter()
            .map(|v| if v.is_finite() { v - mean } else { 0.0 })
            .collect();
        let n = centred.len();
        let total: f64 = centred.iter().map(|v| v * v).sum();
        let lag = |k: usize| {
            let sum: f64 = centred
                .iter()
                .zip(centred.iter().skip(k))
                .map(|(a, b)| a * b)
                .sum();
            // A lag of k has n - k products: their mean is compared with the mean of all n squares.
            sum / position(n - k) * position(n) / total
        };
        let by_lag = if total > 0.0 {
            (0..=n / 2).map(lag).collect()
        } else {
            Vec::new()
        };
        Self { by_lag }
    }

    fn at(&self, lag: usize) -> f64 {
        self.by_lag.get(lag).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// 0 to 1; 0 for anything that isn't the top of its surroundings.
    fn score(&self, period: usize) -> f64 {
        if period < PERIOD_MIN || period + 1 >= self.by_lag.len() {
            return 0.0;
        }
        let reach = (period / 4).max(1);
        let top = self.at(period);
        let around = (period - reach)..=(period + reach);
        if around.into_iter().any(|lag| self.at(lag) > top) {
            return 0.0;
        }
        let multiples = (period..self.by_lag.len()).step_by(period);
        let least = multiples
            .map(|lag| self.at(lag))
            .fold(f64::INFINITY, f64::min);
        least.clamp(0.0, 1.0)
    }

    /// Periods within the bounds, best first. A multiple of a better one is left out.
    fn periods(&self, least: f64, most: f64) -> Vec<(usize, f64)> {
        let mut scored: Vec<(usize, f64)> = (PERIOD_MIN..self.by_lag.len())
            .filter(|p| (least..=most).contains(&position(*p)))
            .map(|p| (p, self.score(p)))
            .filter(|(_, score)| *score > 0.0)
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut kept: Vec<(usize, f64)> = Vec::new();
        for (period, score) in scored {
            if !kept.iter().any(|(known, _)| period.is_multiple_of(*known)) {
                kept.push((period, score));
            }
        }
        kept
    }
}

fn count(args: &[Datum<'_>], idx: usize) -> Option<i64> {
    let value = args.get(idx)?;
    value
        .as_i64()
        .or_else(|| value.as_f64().and_then(number::real_to_long))
}

fn periods_detect(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let series = points(args, 0)?;
    let (least, most) = (args.get(1)?.as_f64()?, args.get(2)?.as_f64()?);
    let wanted = usize::try_from(count(args, 3)?).ok()?.min(series.len());
    let mut found = Autocorrelation::new(&series).periods(least, most);
    found.resize(wanted, (0, 0.0));
    let periods = found.iter().map(|(p, _)| position(*p)).collect::<Vec<_>>();
    let scores = found.iter().map(|(_, s)| *s).collect::<Vec<_>>();
    Some(array(vec![reals(&periods), reals(&scores)]))
}

fn periods_validate(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let correlation = Autocorrelation::new(&points(args, 0)?);
    let periods: Vec<f64> = args
        .iter()
        .skip(1)
        .map(|p| p.as_f64().unwrap_or(f64::NAN))
        .collect();
    let score = |p: &f64| {
        let whole = number::real_to_long(p.round()).and_then(|p| usize::try_from(p).ok());
        whole.map_or(0.0, |p| correlation.score(p))
    };
    let scores: Vec<f64> = periods.iter().map(score).collect();
    Some(array(vec![reals(&periods), reals(&scores)]))
}

/// The period an argument asks for: -1 (and nothing) is the best one detected, 0 none.
fn period(series: &[f64], asked: Option<i64>, threshold: f64) -> Option<usize> {
    match asked.unwrap_or(-1) {
        -1 => Autocorrelation::new(series)
            .periods(0.0, f64::INFINITY)
            .first()
            .filter(|(_, score)| *score >= threshold)
            .map(|(period, _)| *period),
        asked => usize::try_from(asked).ok().filter(|p| *p > 0),
    }
}

/// The median of each phase of the period, over `len` points; zeros without a period.
fn season(trained: &[f64], period: Option<usize>, len: usize) -> Vec<f64> {
    let Some(period) = period else {
        return vec![0.0; len];
    };
    let phase = |at: usize| {
        let mut values: Vec<f64> = trained
            .iter()
            .skip(at)
            .step_by(period)
            .copied()
            .filter(|v| v.is_finite())
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        let half = values.len() / 2;
        match (
            values.get(half),
            half.checked_sub(1).and_then(|low| values.get(low)),
        ) {
            (Some(high), Some(low)) if values.len().is_multiple_of(2) => f64::midpoint(*low, *high),
            (Some(middle), _) => *middle,
            _ => 0.0,
        }
    };
    let phases: Vec<f64> = (0..period.min(len)).map(phase).collect();
    phases.iter().copied().cycle().take(len).collect()
}

fn trained(series: &[f64], held_out: Option<i64>) -> &[f64] {
    let held_out = usize::try_from(held_out.unwrap_or(0)).unwrap_or(0);
    series
        .get(..series.len().saturating_sub(held_out))
        .unwrap_or(series)
}

fn seasonal_of(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let series = points(args, 0)?;
    let known = trained(&series, count(args, 2));
    let period = period(known, count(args, 1), SCORE_MIN);
    Some(Datum::json(&reals(&season(known, period, series.len()))))
}

/// Where a function has the arguments of the decomposition.
#[derive(Clone, Copy)]
struct Slots {
    period: usize,
    trend: usize,
    held_out: usize,
    threshold: usize,
}

impl Slots {
    const DECOMPOSE: Self = Self {
        period: 1,
        trend: 2,
        held_out: 3,
        threshold: 4,
    };
    const FORECAST: Self = Self {
        period: 2,
        trend: 3,
        held_out: 1,
        threshold: 4,
    };
    const ANOMALIES: Self = Self {
        period: 2,
        trend: 3,
        held_out: 4,
        threshold: 6,
    };
}

struct Parts {
    series: Vec<f64>,
    seasonal: Vec<f64>,
    trend: Vec<f64>,
    held_out: usize,
}

impl Parts {
    fn baseline(&self) -> Vec<f64> {
        self.seasonal
            .iter()
            .zip(&self.trend)
            .map(|(s, t)| s + t)
            .collect()
    }

    /// What rounding leaves of an exact fit is zero: it must not count as an outlier among its like.
    fn residual(&self) -> Vec<f64> {
        let left = |(y, b): (&f64, f64)| match y - b {
            rest if rest.abs() <= 1e-12 * y.abs().max(b.abs()) => 0.0,
            rest => rest,
        };
        self.series.iter().zip(self.baseline()).map(left).collect()
    }

    fn columns(&self) -> Datum<'static> {
        array(vec![
            reals(&self.baseline()),
            reals(&self.seasonal),
            reals(&self.trend),
            reals(&self.residual()),
        ])
    }
}

/// Trend first, season of what is left, both learned without the last `held_out` points and continued over them.
fn decompose_at(args: &[Datum<'_>], slots: Slots) -> Option<Parts> {
    let series = points(args, 0)?;
    let known = trained(&series, count(args, slots.held_out));
    let kind = args.get(slots.trend).map_or("", Datum::text);
    let len = series.len();
    let trend = match kind {
        // A forecast follows the trend by default, the others are flat.
        "linefit" => linear(known, len),
        "" if slots.trend == Slots::FORECAST.trend
            && slots.held_out == Slots::FORECAST.held_out =>
        {
            linear(known, len)
        }
        "" | "avg" => {
            let finite: Vec<f64> = known.iter().copied().filter(|v| v.is_finite()).collect();
            vec![finite.iter().sum::<f64>() / position(finite.len().max(1)); len]
        }
        "none" => vec![0.0; len],
        _ => return None,
    };
    let flat: Vec<f64> = known.iter().zip(&trend).map(|(y, t)| y - t).collect();
    let threshold = args.get(slots.threshold).and_then(Datum::as_f64);
    let period = period(
        &flat,
        count(args, slots.period),
        threshold.unwrap_or(SCORE_MIN),
    );
    let seasonal = season(&flat, period, len);
    let held_out = len - known.len();
    Some(Parts {
        series,
        seasonal,
        trend,
        held_out,
    })
}

fn linear(known: &[f64], len: usize) -> Vec<f64> {
    line(known).map_or_else(
        || vec![0.0; len],
        |fit| (0..len).map(|idx| fit.at(idx)).collect(),
    )
}

fn anomalies(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let parts = decompose_at(args, Slots::ANOMALIES)?;
    let threshold = args.get(1).and_then(Datum::as_f64).unwrap_or(1.5);
    let method = args.get(5).map_or("", Datum::text);
    let (low, high) = tukey_range(if method.is_empty() { "ctukey" } else { method })?;
    let scores = tukey(&parts.residual(), low, high, parts.held_out);
    let flag = |score: &f64| {
        Value::from(match *score {
            s if s > threshold => 1,
            s if s < -threshold => -1,
            _ => 0,
        })
    };
    Some(array(vec![
        Value::Array(scores.iter().map(flag).collect()),
        reals(&scores),
        reals(&parts.baseline()),
    ]))
}
