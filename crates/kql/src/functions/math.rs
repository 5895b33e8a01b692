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
    .example("abs(-5) == 5")
    .named_as_argument(),
    Function::new("acos", &["(number: number) -> real"], "Arc cosine.").example("acos(1) == 0").named_as_argument(),
    Function::new(
        "around",
        &["(value: scalar, center: scalar, delta: scalar) -> bool"],
        "True when a value lies within a distance of a centre.",
    )
    .example("around(datetime(2026-03-14 12:04), datetime(2026-03-14 12:00), 5m) == true"),
    Function::new("asin", &["(number: number) -> real"], "Arc sine.").example("asin(0) == 0").named_as_argument(),
    Function::new("atan", &["(number: number) -> real"], "Arc tangent.").example("atan(0) == 0").named_as_argument(),
    Function::new(
        "atan2",
        &["(y: number, x: number) -> real"],
        "Angle of a point.",
    )
    .example("round(atan2(1, 1), 4) == 0.7854")
    .named_as_argument(),
    Function::new(
        "beta_cdf",
        &["(x: number, alpha: number, beta: number) -> real"],
        "Cumulative beta distribution.",
    )
    .example("round(beta_cdf(0.5, 2, 2), 4) == 0.5"),
    Function::new(
        "beta_inv",
        &["(probability: number, alpha: number, beta: number) -> real"],
        "Inverse of the cumulative beta distribution.",
    )
    .example("round(beta_inv(0.5, 2, 2), 4) == 0.5"),
    Function::new(
        "beta_pdf",
        &["(x: number, alpha: number, beta: number) -> real"],
        "Density of the beta distribution.",
    )
    .example("round(beta_pdf(0.5, 2, 2), 4) == 1.5"),
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
    .example("bin_at(TimeGenerated, 1d, datetime(2026-01-01 08:00))")
    .named_as_argument(),
    Function::new(
        "bin_auto",
        &["(value: summable) -> promoted"],
        "Rounds down by the query's bin size settings.",
    )
    .example("bin_auto(TimeGenerated)")
    .named_as_argument(),
    Function::new(
        "binary_and",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise and.",
    )
    .example("binary_and(6, 3) == 2")
    .named_as_argument(),
    Function::new(
        "binary_not",
        &["(value: integer) -> long"],
        "Bitwise negation.",
    )
    .example("binary_not(100) == -101")
    .named_as_argument(),
    Function::new(
        "binary_or",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise or.",
    )
    .example("binary_or(6, 1) == 7")
    .named_as_argument(),
    Function::new(
        "binary_shift_left",
        &["(value: integer, shift: integer) -> long"],
        "Shifts bits to the left.",
    )
    .example("binary_shift_left(1, 4) == 16")
    .named_as_argument(),
    Function::new(
        "binary_shift_right",
        &["(value: integer, shift: integer) -> long"],
        "Shifts bits to the right.",
    )
    .example("binary_shift_right(16, 4) == 1")
    .named_as_argument(),
    Function::new(
        "binary_xor",
        &["(value1: integer, value2: integer) -> long"],
        "Bitwise exclusive or.",
    )
    .example("binary_xor(6, 3) == 5")
    .named_as_argument(),
    Function::new(
        "bitset_count_ones",
        &["(value: integer) -> long"],
        "Number of bits that are set.",
    )
    .example("bitset_count_ones(42) == 3")
    .named_as_argument(),
    Function::new(
        "ceiling",
        &["(number: number) -> arg0"],
        "Rounds up to a whole number.",
    )
    .example("ceiling(2.1) == 3")
    .named_as_argument(),
    Function::new("cos", &["(number: number) -> real"], "Cosine.").example("cos(0) == 1").named_as_argument(),
    Function::new("cot", &["(number: number) -> real"], "Cotangent.").example("round(cot(1), 4) == 0.6421"),
    Function::new(
        "degrees",
        &["(radians: number) -> real"],
        "Radians as degrees.",
    )
    .example("round(degrees(pi()), 4) == 180"),
    Function::new("erf", &["(number: number) -> real"], "Error function.").example("erf(0) == 0").named_as_argument(),
    Function::new(
        "erfc",
        &["(number: number) -> real"],
        "Complementary error function.",
    )
    .example("erfc(0) == 1")
    .named_as_argument(),
    Function::new("exp", &["(number: number) -> real"], "e to the power.").example("exp(0) == 1").named_as_argument(),
    Function::new("exp10", &["(number: number) -> real"], "10 to the power.").example("exp10(3) == 1000").named_as_argument(),
    Function::new("exp2", &["(number: number) -> real"], "2 to the power.").example("exp2(10) == 1024").named_as_argument(),
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
    .example("floor(17, 5) == 15")
    .named_as_argument(),
    Function::new("gamma", &["(number: number) -> real"], "Gamma function.").example("round(gamma(5), 4) == 24").named_as_argument(),
    Function::new(
        "isfinite",
        &["(number: real) -> bool"],
        "True when neither infinite nor not a number.",
    )
    .example("isfinite(1.5) == true"),
    Function::new("isinf", &["(number: real) -> bool"], "True when infinite.").example("isinf(1.0 / 0.0) == true"),
    Function::new(
        "isnan",
        &["(number: real) -> bool"],
        "True when not a number.",
    )
    .example("isnan(0.0 / 0.0) == true"),
    Function::new("log", &["(number: number) -> real"], "Natural logarithm.").example("log(1) == 0").named_as_argument(),
    Function::new(
        "log10",
        &["(number: number) -> real"],
        "Logarithm to the base 10.",
    )
    .example("log10(100) == 2")
    .named_as_argument(),
    Function::new(
        "log2",
        &["(number: number) -> real"],
        "Logarithm to the base 2.",
    )
    .example("log2(1024) == 10")
    .named_as_argument(),
    Function::new(
        "loggamma",
        &["(number: number) -> real"],
        "Logarithm of the gamma function.",
    )
    .example("round(loggamma(5), 4) == 3.1781")
    .named_as_argument(),
    Function::new(
        "max_of",
        &["(arg: common_orderable{2}) -> common"],
        "Greatest of the arguments.",
    )
    .example("max_of(10, 17, -3) == 17"),
    Function::new(
        "min_of",
        &["(arg: common_orderable{2}) -> common"],
        "Least of the arguments.",
    )
    .example("min_of(10, 17, -3) == -3"),
    Function::new("pi", &["() -> real"], "Pi.").example("round(pi(), 4) == 3.1416"),
    Function::new(
        "pow",
        &["(base: number, exponent: number) -> real"],
        "Power.",
    )
    .example("pow(2, 10) == 1024")
    .named_as_argument(),
    Function::new(
        "radians",
        &["(degrees: number) -> real"],
        "Degrees as radians.",
    )
    .example("round(radians(180), 4) == 3.1416"),
    Function::new(
        "rand",
        &["(number: integer?) -> real"],
        "Random number from 0 to 1, or a whole one below the argument.",
    )
    .example("rand(100)")
    .named_as_argument(),
    Function::new(
        "round",
        &["(number: number, precision: const long?) -> arg0"],
        "Rounds to a number of decimals.",
    )
    .example("round(3.14159, 2) == 3.14")
    .named_as_argument(),
    Function::new("sign", &["(number: number) -> real"], "-1, 0 or 1.").example("sign(-42) == -1"),
    Function::new("sin", &["(number: number) -> real"], "Sine.").example("sin(0) == 0").named_as_argument(),
    Function::new("sqrt", &["(number: number) -> real"], "Square root.").example("sqrt(256) == 16").named_as_argument(),
    Function::new("tan", &["(number: number) -> real"], "Tangent.").example("tan(0) == 0").named_as_argument(),
    Function::new(
        "welch_test",
        &[
            "(mean1: number, variance1: number, count1: number, mean2: number, variance2: number, count2: number) -> real",
        ],
        "p-value of Welch's t-test.",
    )
    .example("welch_test(50.2, 12.1, 30, 47.8, 9.4, 28) < 0.05"),
];
