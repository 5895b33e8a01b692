//! Numbers.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "abs",
        &[
            "(number: integer) -> long",
            "(number: number) -> arg0",
            "(number: timespan) -> timespan",
        ],
        "Absolute value.",
    )
    .named_as_argument(),
    Function::new("acos", &["(number: number) -> real"], "Arc cosine.").named_as_argument(),
    Function::new(
        "around",
        &["(value: scalar, center: scalar, delta: scalar) -> bool"],
        "True when a value lies within a distance of a centre.",
    ),
    Function::new("asin", &["(number: number) -> real"], "Arc sine.").named_as_argument(),
    Function::new("atan", &["(number: number) -> real"], "Arc tangent.").named_as_argument(),
    Function::new(
        "atan2",
        &["(y: number, x: number) -> real"],
        "Angle of a point.",
    )
    .named_as_argument(),
    Function::new(
        "beta_cdf",
        &["(x: number, alpha: number, beta: number) -> real"],
        "Cumulative beta distribution.",
    ),
    Function::new(
        "beta_inv",
        &["(probability: number, alpha: number, beta: number) -> real"],
        "Inverse of the cumulative beta distribution.",
    ),
    Function::new(
        "beta_pdf",
        &["(x: number, alpha: number, beta: number) -> real"],
        "Density of the beta distribution.",
    ),
    Function::new(
        "bin",
        &[
            "(value: number, round_to: number) -> widest",
            "(value: timespan, round_to: timespan) -> timespan",
            "(value: datetime, round_to: datetime) -> datetime",
            "(value: datetime, round_to: timespan) -> datetime",
        ],
        "Rounds down to a multiple of the bin size.",
    )
    .example("bin(TimeGenerated, 1h)")
    .named_as_argument(),
    Function::new(
        "bin_at",
        &[
            "(value: number, bin_size: number, fixed_point: number) -> widest",
            "(value: timespan, bin_size: number, fixed_point: timespan) -> timespan",
            "(value: timespan, bin_size: timespan, fixed_point: timespan) -> timespan",
            "(value: datetime, bin_size: summable, fixed_point: datetime) -> datetime",
        ],
        "Rounds down to a bin that is aligned with a fixed point.",
    )
    .named_as_argument(),
    Function::new(
        "bin_auto",
        &["(value: summable) -> promoted"],
        "Rounds down by the query's bin size settings.",
    )
    .named_as_argument(),
    Function::new(
        "binary_and",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise and.",
    )
    .named_as_argument(),
    Function::new(
        "binary_not",
        &["(value: integer) -> long"],
        "Bitwise negation.",
    )
    .named_as_argument(),
    Function::new(
        "binary_or",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise or.",
    )
    .named_as_argument(),
    Function::new(
        "binary_shift_left",
        &["(value: integer, shift: integer) -> long"],
        "Shifts bits to the left.",
    )
    .named_as_argument(),
    Function::new(
        "binary_shift_right",
        &["(value: integer, shift: integer) -> long"],
        "Shifts bits to the right.",
    )
    .named_as_argument(),
    Function::new(
        "binary_xor",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise exclusive or.",
    )
    .named_as_argument(),
    Function::new(
        "bitset_count_ones",
        &["(value: integer) -> long"],
        "Number of bits that are set.",
    )
    .named_as_argument(),
    Function::new(
        "ceiling",
        &["(number: number) -> arg0"],
        "Rounds up to a whole number.",
    )
    .named_as_argument(),
    Function::new("cos", &["(number: number) -> real"], "Cosine.").named_as_argument(),
    Function::new("cot", &["(number: number) -> real"], "Cotangent."),
    Function::new(
        "degrees",
        &["(radians: number) -> real"],
        "Radians as degrees.",
    ),
    Function::new("erf", &["(number: number) -> real"], "Error function.").named_as_argument(),
    Function::new(
        "erfc",
        &["(number: number) -> real"],
        "Complementary error function.",
    )
    .named_as_argument(),
    Function::new("exp", &["(number: number) -> real"], "e to the power.").named_as_argument(),
    Function::new("exp10", &["(number: number) -> real"], "10 to the power.").named_as_argument(),
    Function::new("exp2", &["(number: number) -> real"], "2 to the power.").named_as_argument(),
    Function::new(
        "floor",
        &[
            "(value: number, round_to: number) -> widest",
            "(value: timespan, round_to: timespan) -> timespan",
            "(value: datetime, round_to: datetime) -> datetime",
            "(value: datetime, round_to: timespan) -> datetime",
        ],
        "Rounds down to a multiple of the bin size.",
    )
    .named_as_argument(),
    Function::new("gamma", &["(number: number) -> real"], "Gamma function.").named_as_argument(),
    Function::new(
        "isfinite",
        &["(number: real) -> bool"],
        "True when neither infinite nor not a number.",
    ),
    Function::new("isinf", &["(number: real) -> bool"], "True when infinite."),
    Function::new(
        "isnan",
        &["(number: real) -> bool"],
        "True when not a number.",
    ),
    Function::new("log", &["(number: number) -> real"], "Natural logarithm.").named_as_argument(),
    Function::new(
        "log10",
        &["(number: number) -> real"],
        "Logarithm to the base 10.",
    )
    .named_as_argument(),
    Function::new(
        "log2",
        &["(number: number) -> real"],
        "Logarithm to the base 2.",
    )
    .named_as_argument(),
    Function::new(
        "loggamma",
        &["(number: number) -> real"],
        "Logarithm of the gamma function.",
    )
    .named_as_argument(),
    Function::new(
        "max_of",
        &["(arg: common_orderable{2}) -> common"],
        "Greatest of the arguments.",
    ),
    Function::new(
        "min_of",
        &["(arg: common_orderable{2}) -> common"],
        "Least of the arguments.",
    ),
    Function::new("pi", &["() -> real"], "Pi."),
    Function::new(
        "pow",
        &["(base: number, exponent: number) -> real"],
        "Power.",
    )
    .named_as_argument(),
    Function::new(
        "radians",
        &["(degrees: number) -> real"],
        "Degrees as radians.",
    ),
    Function::new(
        "rand",
        &["(number: integer?) -> real"],
        "Random number from 0 to 1, or a whole one below the argument.",
    )
    .named_as_argument(),
    Function::new(
        "round",
        &["(number: number, precision: const long?) -> arg0"],
        "Rounds to a number of decimals.",
    )
    .example("round(3.14159, 2) == 3.14")
    .named_as_argument(),
    Function::new("sign", &["(number: number) -> real"], "-1, 0 or 1."),
    Function::new("sin", &["(number: number) -> real"], "Sine.").named_as_argument(),
    Function::new("sqrt", &["(number: number) -> real"], "Square root.").named_as_argument(),
    Function::new("tan", &["(number: number) -> real"], "Tangent.").named_as_argument(),
    Function::new(
        "welch_test",
        &[
            "(mean1: number, variance1: number, count1: number, mean2: number, variance2: number, count2: number) -> real",
        ],
        "p-value of Welch's t-test.",
    ),
];
