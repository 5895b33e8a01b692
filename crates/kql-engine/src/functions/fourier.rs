//! The discrete Fourier transform of any length: radix 2 for powers of two, Bluestein's convolution for the rest.

use std::f64::consts::PI;

/// A complex number as (real, imaginary).
pub(super) type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

#[allow(clippy::cast_precision_loss)]
fn turn(part: usize, of: usize) -> Complex {
    let angle = -2.0 * PI * part as f64 / of as f64;
    (angle.cos(), angle.sin())
}

/// Transforms `values`, unscaled.
pub(super) fn forward(values: &[Complex]) -> Vec<Complex> {
    let n = values.len();
    if n < 2 || n.is_power_of_two() {
        return radix2(values, 1, 0);
    }
    // k*k/2 modulo n, exactly: the square is taken modulo 2n first.
    let chirp: Vec<Complex> = (0..n).map(|k| turn((k * k) % (2 * n), 2 * n)).collect();
    let size = (2 * n - 1).next_power_of_two();
    let mut signal: Vec<Complex> = values
        .iter()
        .zip(&chirp)
        .map(|(v, c)| times(*v, *c))
        .collect();
    signal.resize(size, (0.0, 0.0));
    let kernel: Vec<Complex> = (0..size)
        .map(|k| {
            let near = k.min(size - k);
            chirp.get(near).map_or((0.0, 0.0), |c| (c.0, -c.1))
        })
        .collect();
    let product: Vec<Complex> = radix2(&signal, 1, 0)
        .into_iter()
        .zip(radix2(&kernel, 1, 0))
        .map(|(a, b)| times(a, b))
        .collect();
    inverse(&product)
        .into_iter()
        .zip(chirp)
        .map(|(v, c)| times(v, c))
        .collect()
}

/// The inverse of [`forward`], divided by the length.
#[allow(clippy::cast_precision_loss)]
pub(super) fn inverse(values: &[Complex]) -> Vec<Complex> {
    let n = values.len() as f64;
    let conjugated: Vec<Complex> = values.iter().map(|v| (v.0, -v.1)).collect();
    let transformed = forward(&conjugated);
    transformed
        .into_iter()
        .map(|v| (v.0 / n, -v.1 / n))
        .collect()
}

/// Transforms every `step`-th value from `first` on; their number is a power of two.
fn radix2(values: &[Complex], step: usize, first: usize) -> Vec<Complex> {
    let n = values.len() / step;
    if n < 2 {
        return values.get(first).copied().into_iter().collect();
    }
    let even = radix2(values, 2 * step, first);
    let odd = radix2(values, 2 * step, first + step);
    let odd: Vec<Complex> = odd
        .into_iter()
        .enumerate()
        .map(|(k, v)| times(v, turn(k, n)))
        .collect();
    let low = even.iter().zip(&odd).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
    let high = even.iter().zip(&odd).map(|(a, b)| (a.0 - b.0, a.1 - b.1));
    low.chain(high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_sum_of_its_definition(values in prop::collection::vec((-9.0f64..9.0, -9.0f64..9.0), 0..40)) {
            let n = values.len();
            let fast = forward(&values);
            prop_assert_eq!(fast.len(), n);
            for (k, got) in fast.iter().enumerate() {
                let want = values.iter().enumerate().fold((0.0, 0.0), |sum: Complex, (i, v)| {
                    let term = times(*v, turn(i * k % n, n));
                    (sum.0 + term.0, sum.1 + term.1)
                });
                prop_assert!((got.0 - want.0).abs() < 1e-9 && (got.1 - want.1).abs() < 1e-9);
            }
            for (back, v) in inverse(&fast).iter().zip(&values) {
                prop_assert!((back.0 - v.0).abs() < 1e-9 && (back.1 - v.1).abs() < 1e-9);
            }
        }
    }
}
