//! Least squares over series: `series_fit_line`, `series_fit_2lines`, `series_fit_poly` and their bag forms.
//!
//! The points of a line are numbered from 1, a variance is that of a sample, and `rsquare` is the share of the
//! variance that the fit explains ("series_fit_line()" in the reference). Elements that aren't numbers don't count.

use serde_json::{Value, json};

use super::array::json as array;
use super::series::{self, real};
use super::{Kernel, lenient, strict};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["series_fit_line"], |_, a| {
        line_of(a).map_or(Datum::Null, |fit| {
            let mut all = fit.numbers().to_vec();
            all.push(reals(&fit.points));
            array(all)
        })
    }),
    strict(&["series_fit_line_dynamic"], |_, a| {
        line_of(a).map_or(Datum::Null, |fit| {
            let mut bag = fit.bag();
            bag["line_fit"] = reals(&fit.points);
            Datum::json(&bag)
        })
    }),
    strict(&["series_fit_2lines"], |_, a| two_lines(a, false)),
    strict(&["series_fit_2lines_dynamic"], |_, a| two_lines(a, true)),
    lenient(&["series_fit_poly"], |_, a| {
        polynomial_of(a).unwrap_or(Datum::Null)
    }),
];

/// Highest degree of a fitted polynomial; beyond it the coefficients are noise in double precision.
const DEGREE_MAX: usize = 20;

/// An array of numbers as JSON; what isn't finite is null.
pub(super) fn reals(values: &[f64]) -> Value {
    let number = |v: &f64| {
        if v.is_finite() {
            real(if *v == 0.0 { 0.0 } else { *v })
        } else {
            Value::Null
        }
    };
    Value::Array(values.iter().map(number).collect())
}

/// The elements of a series, NaN for those that aren't numbers.
pub(super) fn points(args: &[Datum<'_>], idx: usize) -> Option<Vec<f64>> {
    let series = series::reals(args, idx)?.into_iter();
    Some(series.map(|v| v.unwrap_or(f64::NAN)).collect())
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn position(idx: usize) -> f64 {
    idx as f64
}

/// Sum of squared deviations from the mean, and how many values it is over; NaN doesn't count.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, usize) {
    let known = values.filter(|v| !v.is_nan());
    let n = known.clone().count();
    let mean = known.clone().sum::<f64>() / position(n.max(1));
    (known.map(|v| (v - mean).powi(2)).sum(), n)
}

fn sample(sum: f64, n: usize) -> f64 {
    sum / position(n.saturating_sub(1).max(1))
}

/// How well `fit` follows `series`: rsquare, variance, residual variance.
fn quality(series: &[f64], fit: &[f64]) -> (f64, f64, f64) {
    let (total, n) = deviation(series.iter().copied());
    let left: f64 = series
        .iter()
        .zip(fit)
        .map(|(y, f)| (y - f).powi(2))
        .filter(|v| !v.is_nan())
        .sum();
    let rsquare = if total > 0.0 {
        (1.0 - left / total).max(0.0)
    } else {
        1.0
    };
    (rsquare, sample(total, n), sample(left, n))
}

/// A fitted line.
pub(super) struct Line {
    rsquare: f64,
    slope: f64,
    variance: f64,
    rvariance: f64,
    interception: f64,
    points: Vec<f64>,
}

impl Line {
    /// The line's value at a position counted from 0, also outside of the series.
    pub(super) fn at(&self, idx: usize) -> f64 {
        self.slope * (position(idx) + 1.0) + self.interception
    }

    fn numbers(&self) -> [Value; 5] {
        [
            real(self.rsquare),
            real(self.slope),
            real(self.variance),
            real(self.rvariance),
            real(self.interception),
        ]
    }

    fn bag(&self) -> Value {
        json!({
            "rsquare": real(self.rsquare), "slope": real(self.slope), "variance": real(self.variance),
            "rvariance": real(self.rvariance), "interception": real(self.interception),
        })
    }
}

/// The line of least squares, or `None` without a number.
pub(super) fn line(series: &[f64]) -> Option<Line> {
    let known = || {
        series
            .iter()
            .enumerate()
            .filter(|(_, y)| y.is_finite())
            .map(|(idx, y)| (position(idx) + 1.0, *y))
    };
    let n = position(known().count());
    if n == 0.0 {
        return None;
    }
    let (x_mean, y_mean) = (
        known().map(|(x, _)| x).sum::<f64>() / n,
        known().map(|(_, y)| y).sum::<f64>() / n,
    );
    let width: f64 = known().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let slope = if width > 0.0 {
        known()
            .map(|(x, y)| (x - x_mean) * (y - y_mean))
            .sum::<f64>()
            / width
    } else {
        0.0
    };
    let interception = y_mean - slope * x_mean;
    let points: Vec<f64> = (0..series.len())
        .map(|idx| slope * (position(idx) + 1.0) + interception)
        .collect();
    let (rsquare, variance, rvariance) = quality(series, &points);
    Some(Line {
        rsquare,
        slope,
        variance,
        rvariance,
        interception,
        points,
    })
}

fn line_of(args: &[Datum<'_>]) -> Option<Line> {
    line(&points(args, 0)?)
}

/// Sums over a prefix, from which the residual of any stretch's line follows in constant time.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        if y.is_finite() {
            self.n += 1.0;
            self.x += x;
            self.y += y;
            self.xx += x * x;
            self.xy += x * y;
            self.yy += y * y;
        }
    }

    fn residual(&self) -> f64 {
        if self.n == 0.0 {
            return 0.0;
        }
        let width = self.xx - self.x * self.x / self.n;
        let both = self.xy - self.x * self.y / self.n;
        let total = self.yy - self.y * self.y / self.n;
        let explained = if width > 0.0 {
            both * both / width
        } else {
            0.0
        };
        (total - explained).max(0.0)
    }
}

/// Where two lines leave the least residual: the first index of the right one. Each side has two points or more.
fn best_split(series: &[f64]) -> Option<usize> {
    let n = series.len();
    let shift = series.iter().copied().find(|y| y.is_finite())?;
    let sums_of = |order: &mut dyn Iterator<Item = usize>| {
        let mut sums = Sums::default();
        let mut all = vec![sums.residual()];
        for idx in order {
            let y = series.get(idx).copied().unwrap_or(f64::NAN);
            sums.add(position(idx) - position(n) / 2.0, y - shift);
            all.push(sums.residual());
        }
        all
    };
    let left = sums_of(&mut (0..n));
    let right = sums_of(&mut (0..n).rev());
    let residual = |at: usize| {
        left.get(at).copied().unwrap_or(f64::INFINITY)
            + right.get(n - at).copied().unwrap_or(f64::INFINITY)
    };
    (2..n.saturating_sub(1)).min_by(|a, b| residual(*a).total_cmp(&residual(*b)))
}

fn two_lines(args: &[Datum<'_>], as_bag: bool) -> Datum<'static> {
    let Some(series) = points(args, 0) else {
        return Datum::Null;
    };
    let Some(at) = best_split(&series) else {
        return Datum::Null;
    };
    let (before, after) = series.split_at(at);
    let (Some(left), Some(right)) = (line(before), line(after)) else {
        return Datum::Null;
    };
    let fitted = [left.points.as_slice(), right.points.as_slice()].concat();
    let (rsquare, variance, rvariance) = quality(&series, &fitted);
    if as_bag {
        return Datum::json(&json!({
            "rsquare": real(rsquare), "split_idx": at, "variance": real(variance),
            "rvariance": real(rvariance), "line_fit": reals(&fitted), "right": right.bag(), "left": left.bag(),
        }));
    }
    let mut all = vec![
        real(rsquare),
        Value::from(at),
        real(variance),
        real(rvariance),
        reals(&fitted),
    ];
    for side in [right, left] {
        let [
            side_rsquare,
            slope,
            side_variance,
            side_rvariance,
            interception,
        ] = side.numbers();
        all.extend([
            side_rsquare,
            slope,
            interception,
            side_variance,
            side_rvariance,
        ]);
    }
    array(all)
}

fn polynomial_of(args: &[Datum<'_>]) -> Option<Datum<'static>> {
    let y = points(args, 0)?;
    let x = match args.get(1) {
        None | Some(Datum::Null) => (0..y.len()).map(|idx| position(idx) + 1.0).collect(),
        Some(_) => points(args, 1).filter(|x| x.len() == y.len())?,
    };
    let degree = match args.get(2).map(Datum::as_i64) {
        None => 1,
        Some(degree) => usize::try_from(degree?).ok().filter(|d| *d <= DEGREE_MAX)?,
    };
    let coefficients = polynomial(&x, &y, degree)?;
    let fitted: Vec<f64> = x.iter().map(|x| horner(&coefficients, *x)).collect();
    let (rsquare, variance, rvariance) = quality(&y, &fitted);
    let downwards: Vec<f64> = coefficients.iter().rev().copied().collect();
    Some(array(vec![
        real(rsquare),
        reals(&downwards),
        real(variance),
        real(rvariance),
        reals(&fitted),
    ]))
}

fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Coefficients from the lowest power up. Solved over x moved and scaled to -1..1, where powers stay comparable.
fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let known: Vec<(f64, f64)> = x
        .iter()
        .copied()
        .zip(y.iter().copied())
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    if known.len() <= degree {
        return None;
    }
    let least = known.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let most = known.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    let (centre, half) = (f64::midpoint(least, most), (most - least) / 2.0);
    let half = if half > 0.0 { half } else { 1.0 };
    let size = degree + 1;
    let mut matrix = vec![vec![0.0; size + 1]; size];
    for (x, y) in &known {
        let u = (x - centre) / half;
        let powers: Vec<f64> = std::iter::successors(Some(1.0), |p| Some(p * u))
            .take(size)
            .collect();
        for (row, p) in matrix.iter_mut().zip(&powers) {
            for (cell, q) in row.iter_mut().zip(powers.iter().chain([y])) {
                *cell += p * q;
            }
        }
    }
    let scaled = solve(matrix)?;
    // Expands sum(c * ((x - centre) / half)^k), highest power first.
    let mut out: Vec<f64> = Vec::with_capacity(size);
    for c in scaled.iter().rev() {
        let mut next = vec![0.0; out.len() + 1];
        for (k, value) in out.iter().enumerate() {
            if let [low, high] = next.get_mut(k..k + 2)? {
                *low -= value * centre / half;
                *high += value / half;
            }
        }
        *next.first_mut()? += c;
        out = next;
    }
    out.truncate(size);
    Some(out)
}

/// Gauss with pivoting; the last column is the right-hand side. `None` when the system has no single solution.
fn solve(mut matrix: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = matrix.len();
    for col in 0..size {
        let magnitude = |row: &Vec<f64>| row.get(col).copied().unwrap_or(0.0).abs();
        let best = (col..size).max_by(|a, b| {
            let at = |row: &usize| matrix.get(*row).map_or(0.0, magnitude);
            at(a).total_cmp(&at(b))
        })?;
        matrix.swap(col, best);
        let pivot = matrix.get(col)?.clone();
        let lead = *pivot.get(col)?;
        if lead.abs() < 1e-12 {
            return None;
        }
        for (_, row) in matrix.iter_mut().enumerate().filter(|(r, _)| *r != col) {
            let factor = row.get(col)? / lead;
            for (cell, p) in row.iter_mut().zip(&pivot) {
                *cell -= factor * p;
            }
        }
    }
    matrix
        .iter()
        .enumerate()
        .map(|(r, row)| Some(row.last()? / row.get(r)?))
        .collect()
}

/// A bool argument, if given.
pub(super) fn flag(args: &[Datum<'_>], idx: usize) -> Option<bool> {
    match args.get(idx) {
        Some(Datum::Bool(value)) => Some(*value),
        Some(Datum::Dynamic(text)) => dynamic::parse(text).as_bool(),
        _ => None,
    }
}
