//! Functions whose result is several columns (`series_stats`, `series_fit_line`, ...).
//!
//! In the plan such a call returns a dynamic array with these values in order; the binder takes it apart.

use crate::types::Type::{self, Dynamic, Long, Real};

const FIT_LINE: &[(&str, Type)] = &[
    ("rsquare", Real),
    ("slope", Real),
    ("variance", Real),
    ("rvariance", Real),
    ("interception", Real),
    ("line_fit", Dynamic),
];
const FIT_TWO_LINES: &[(&str, Type)] = &[
    ("rsquare", Real),
    ("split_idx", Long),
    ("variance", Real),
    ("rvariance", Real),
    ("line_fit", Dynamic),
    ("right_rsquare", Real),
    ("right_slope", Real),
    ("right_interception", Real),
    ("right_variance", Real),
    ("right_rvariance", Real),
    ("left_rsquare", Real),
    ("left_slope", Real),
    ("left_interception", Real),
    ("left_variance", Real),
    ("left_rvariance", Real),
];
const STATS: &[(&str, Type)] = &[
    ("min", Real),
    ("min_idx", Long),
    ("max", Real),
    ("max_idx", Long),
    ("avg", Real),
    ("stdev", Real),
    ("variance", Real),
];

/// The columns of a function with several, named by their suffix.
#[must_use]
pub fn fields(function: &str) -> Option<&'static [(&'static str, Type)]> {
    Some(match function {
        "series_stats" => STATS,
        "series_fit_line" => FIT_LINE,
        "series_fit_2lines" => FIT_TWO_LINES,
        "series_fit_poly" => &[
            ("rsquare", Real),
            ("coefficients", Dynamic),
            ("variance", Real),
            ("rvariance", Real),
            ("poly_fit", Dynamic),
        ],
        "series_decompose" | "series_decompose_forecast" => &[
            ("baseline", Dynamic),
            ("seasonal", Dynamic),
            ("trend", Dynamic),
            ("residual", Dynamic),
        ],
        "series_decompose_anomalies" => &[
            ("ad_flag", Dynamic),
            ("ad_score", Dynamic),
            ("baseline", Dynamic),
        ],
        "series_periods_detect" | "series_periods_validate" => {
            &[("periods", Dynamic), ("scores", Dynamic)]
        }
        "series_fft" | "series_ifft" => &[("real", Dynamic), ("imag", Dynamic)],
        _ => return None,
    })
}
