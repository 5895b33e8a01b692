//! Special functions of statistics: gamma, error and beta functions, Welch's test.

use special::Beta;

use super::{Call, Kernel, strict};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    strict(&["gamma"], |_, args| real(args, libm::tgamma)),
    strict(&["loggamma"], |_, args| real(args, libm::lgamma)),
    strict(&["erf"], |_, args| real(args, libm::erf)),
    strict(&["erfc"], |_, args| real(args, libm::erfc)),
    strict(&["beta_cdf"], |_, args| beta(args, cdf)),
    strict(&["beta_pdf"], |_, args| beta(args, pdf)),
    strict(&["beta_inv"], |_, args| beta(args, inverse)),
    strict(&["welch_test"], welch_test),
];

fn real<'a>(args: &[Datum<'a>], f: fn(f64) -> f64) -> Datum<'a> {
    numbers(args).map_or(Datum::Null, |[x]| Datum::Real(f(x)))
}

fn numbers<const N: usize>(args: &[Datum<'_>]) -> Option<[f64; N]> {
    let numbers: Option<Vec<f64>> = args.iter().map(Datum::as_f64).collect();
    numbers?.try_into().ok()
}

/// A parameter that isn't positive gives NaN, whatever the first argument.
fn beta<'a>(args: &[Datum<'a>], f: fn(f64, f64, f64) -> Option<f64>) -> Datum<'a> {
    let Some([x, alpha, beta]) = numbers(args) else {
        return Datum::Null;
    };
    if !(alpha > 0.0 && beta > 0.0) {
        return Datum::Real(f64::NAN);
    }
    f(x, alpha, beta).map_or(Datum::Null, Datum::Real)
}

fn cdf(x: f64, alpha: f64, beta: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&x) {
        return Some(f64::NAN);
    }
    Some(x.inc_beta(alpha, beta, alpha.ln_beta(beta)))
}

fn pdf(x: f64, alpha: f64, beta: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&x) {
        return Some(f64::NAN);
    }
    let log = (alpha - 1.0) * x.ln() + (beta - 1.0) * (-x).ln_1p() - alpha.ln_beta(beta);
    // At the ends a power of zero may have a zero exponent.
    let density = x.powf(alpha - 1.0) * (1.0 - x).powf(beta - 1.0) / alpha.ln_beta(beta).exp();
    Some(if log.is_finite() { log.exp() } else { density })
}

/// Null for something that is no probability.
fn inverse(p: f64, alpha: f64, beta: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    if p == 0.0 || p == 1.0 {
        return Some(p);
    }
    let ln_beta = alpha.ln_beta(beta);
    let mut x = p.inv_inc_beta(alpha, beta, ln_beta);
    // The algorithm stops some digits early; steps of Newton's get the rest.
    for _ in 0..3 {
        let density = pdf(x, alpha, beta)?;
        let next = x - (x.inc_beta(alpha, beta, ln_beta) - p) / density;
        if !(next > 0.0 && next < 1.0) {
            break;
        }
        x = next;
    }
    Some(x)
}

/// The two-sided p-value of Student's t with the Welch-Satterthwaite degrees of freedom. Null when a variance
/// is negative, both are zero, or a count is below two.
fn welch_test<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some([mean1, variance1, count1, mean2, variance2, count2]) = numbers(args) else {
        return Datum::Null;
    };
    let (share1, share2) = (variance1 / count1, variance2 / count2);
    let sum = share1 + share2;
    let sound = variance1 >= 0.0 && variance2 >= 0.0 && count1 >= 2.0 && count2 >= 2.0;
    if !sound || sum <= 0.0 || !sum.is_finite() {
        return Datum::Null;
    }
    let t_squared = (mean1 - mean2).powi(2) / sum;
    let freedom = sum.powi(2) / (share1.powi(2) / (count1 - 1.0) + share2.powi(2) / (count2 - 1.0));
    let x = freedom / (freedom + t_squared);
    cdf(x, freedom / 2.0, 0.5).map_or(Datum::Null, Datum::Real)
}
