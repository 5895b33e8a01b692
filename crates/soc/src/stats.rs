//! Exact order statistics: no sketch, no interpolation surprises.

use serde::Serialize;

/// Count, median and 90th percentile of some durations, in seconds.
///
/// The median is the middle value, or the mean of the two middle ones. The percentile is the
/// nearest-rank one: the smallest value that at least 90 % of the values do not exceed. Both are
/// `None` of nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stat {
    /// How many values.
    pub count: u64,
    /// Median.
    pub median_seconds: Option<f64>,
    /// 90th percentile.
    pub p90_seconds: Option<f64>,
}

impl Stat {
    /// Computes the statistics of `values`, in any order.
    pub fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        let count = values.len();
        let at = |index: usize| values.get(index).map(|value| *value as f64);
        let median = if count % 2 == 1 {
            at(count / 2)
        } else {
            at(count / 2).and_then(|high| {
                let low = at((count / 2).checked_sub(1)?)?;
                Some(low.midpoint(high))
            })
        };
        let rank = (count * 9).div_ceil(10);
        let p90 = rank.checked_sub(1).and_then(at);
        Self {
            count: count as u64,
            median_seconds: median,
            p90_seconds: p90,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_p90_by_their_definitions() {
        let cases: &[(&[i64], Option<f64>, Option<f64>)] = &[
            (&[], None, None),
            (&[7], Some(7.0), Some(7.0)),
            (&[3, 1], Some(2.0), Some(3.0)),
            (&[5, 1, 3], Some(3.0), Some(5.0)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Some(5.5), Some(9.0)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], Some(6.0), Some(10.0)),
        ];
        for (values, median, p90) in cases {
            let stat = Stat::of(values.to_vec());
            assert_eq!(
                (stat.median_seconds, stat.p90_seconds),
                (*median, *p90),
                "{values:?}"
            );
        }
    }
}
