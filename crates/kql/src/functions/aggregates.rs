//! Aggregate functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "any",
        &[
            "(expr: scalar) -> arg0",
            "(expr: scalar{2}) -> custom",
            "(expr: star scalar) -> custom",
        ],
        "Older spelling of take_any.",
    )
    .prefixed("any")
    .alias_of("take_any"),
    Function::new(
        "anyif",
        &["(expr: scalar, predicate: bool) -> arg0"],
        "Older spelling of take_anyif.",
    )
    .prefixed("anyif")
    .alias_of("take_anyif"),
    Function::new(
        "arg_max",
        &["(maximized: orderable, returned: star_or scalar*) -> custom"],
        "Values of the row in which the first argument is greatest.",
    )
    .example("summarize arg_max(TimeGenerated, *) by Account"),
    Function::new(
        "arg_min",
        &["(minimized: orderable, returned: star_or scalar*) -> custom"],
        "Values of the row in which the first argument is least.",
    ),
    Function::new(
        "argmax",
        &["(maximized: orderable, returned: star_or scalar*) -> custom"],
        "Older spelling of arg_max.",
    )
    .alias_of("arg_max"),
    Function::new(
        "argmin",
        &["(minimized: orderable, returned: star_or scalar*) -> custom"],
        "Older spelling of arg_min.",
    )
    .alias_of("arg_min"),
    Function::new(
        "avg",
        &[
            "(expr: integer) -> real",
            "(expr: real) -> real",
            "(expr: decimal) -> decimal",
            "(expr: timespan) -> timespan",
            "(expr: datetime) -> datetime",
        ],
        "Mean.",
    )
    .prefixed("avg"),
    Function::new(
        "avgif",
        &[
            "(expr: integer, predicate: bool) -> real",
            "(expr: real, predicate: bool) -> real",
            "(expr: decimal, predicate: bool) -> decimal",
            "(expr: timespan, predicate: bool) -> timespan",
            "(expr: datetime, predicate: bool) -> datetime",
        ],
        "Mean where the predicate holds.",
    )
    .prefixed("avgif"),
    Function::new(
        "binary_all_and",
        &["(expr: summable) -> arg0"],
        "Bitwise and of all values.",
    )
    .named_as_argument(),
    Function::new(
        "binary_all_or",
        &["(expr: summable) -> arg0"],
        "Bitwise or of all values.",
    )
    .named_as_argument(),
    Function::new(
        "binary_all_xor",
        &["(expr: summable) -> arg0"],
        "Bitwise exclusive or of all values.",
    )
    .named_as_argument(),
    Function::new(
        "buildschema",
        &["(expr: bag) -> dynamic"],
        "Least schema that describes all values.",
    )
    .prefixed("schema"),
    Function::new("cnt", &["() -> long"], "Older spelling of count.")
        .prefixed("cnt")
        .alias_of("count"),
    Function::new(
        "count",
        &["() -> long", "(predicate: bool) -> long"],
        "Number of rows.",
    )
    .example("summarize count() by Account")
    .prefixed("count"),
    Function::new(
        "count_distinct",
        &["(expr: plain) -> long"],
        "Exact number of distinct values.",
    )
    .prefixed("count_distinct"),
    Function::new(
        "count_distinctif",
        &["(expr: plain, predicate: bool) -> long"],
        "Exact number of distinct values where the predicate holds.",
    )
    .prefixed("count_distinctif"),
    Function::new(
        "countif",
        &["(predicate: bool) -> long"],
        "Number of rows for which the predicate holds.",
    )
    .prefixed("countif"),
    Function::new(
        "covariance",
        &["(expr: summable, expr: summable) -> real"],
        "Covariance of a sample.",
    )
    .prefixed("covariance"),
    Function::new(
        "covarianceif",
        &["(expr: summable, expr: summable, predicate: bool) -> real"],
        "Covariance of a sample where the predicate holds.",
    )
    .prefixed("covarianceif"),
    Function::new(
        "covariancep",
        &["(expr: summable, expr: summable) -> real"],
        "Covariance of a population.",
    )
    .prefixed("covariancep"),
    Function::new(
        "covariancepif",
        &["(expr: summable, expr: summable, predicate: bool) -> real"],
        "Covariance of a population where the predicate holds.",
    )
    .prefixed("covariancepif"),
    Function::new(
        "dcount",
        &["(expr: scalar, accuracy: plain?) -> long"],
        "Estimated number of distinct values.",
    )
    .example("summarize dcount(Account)")
    .prefixed("dcount"),
    Function::new(
        "dcountif",
        &["(expr: scalar, predicate: bool, accuracy: plain?) -> long"],
        "Estimated number of distinct values where the predicate holds.",
    )
    .prefixed("dcountif"),
    Function::new(
        "hll",
        &["(expr: hashable, accuracy: integer?) -> dynamic"],
        "HyperLogLog sketch of the values.",
    )
    .prefixed("hll"),
    Function::new(
        "hll_if",
        &["(expr: hashable, predicate: bool, accuracy: integer?) -> dynamic"],
        "HyperLogLog sketch of the values where the predicate holds.",
    )
    .prefixed("hll_if"),
    Function::new(
        "hll_merge",
        &["(hll: array) -> dynamic"],
        "Merged HyperLogLog sketch.",
    )
    .prefixed("hll_merge"),
    Function::new(
        "make_bag",
        &["(expr: bag, max_size: integer?) -> dynamic"],
        "Property bag merged of all bags.",
    )
    .prefixed("bag"),
    Function::new(
        "make_bag_if",
        &["(expr: bag, predicate: bool, max_size: integer?) -> dynamic"],
        "Property bag merged of the bags where the predicate holds.",
    )
    .prefixed("bag"),
    Function::new(
        "make_dictionary",
        &["(expr: bag, max_size: integer?) -> dynamic"],
        "Older spelling of make_bag.",
    )
    .prefixed("dictionary")
    .alias_of("make_bag"),
    Function::new(
        "make_list",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Array of all values that are not null.",
    )
    .prefixed("list"),
    Function::new(
        "make_list_if",
        &["(expr: scalar, predicate: bool, max_size: integer?) -> dynamic"],
        "Array of the values where the predicate holds.",
    )
    .prefixed("list"),
    Function::new(
        "make_list_with_nulls",
        &["(expr: scalar) -> dynamic"],
        "Array of all values, nulls included.",
    )
    .prefixed("list"),
    Function::new(
        "make_set",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Array of the distinct values.",
    )
    .example("summarize make_set(IpAddress, 100) by Account")
    .prefixed("set"),
    Function::new(
        "make_set_if",
        &["(expr: scalar, predicate: bool, max_size: integer?) -> dynamic"],
        "Array of the distinct values where the predicate holds.",
    )
    .prefixed("set"),
    Function::new(
        "makelist",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Older spelling of make_list.",
    )
    .prefixed("list")
    .alias_of("make_list"),
    Function::new(
        "makeset",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Older spelling of make_set.",
    )
    .prefixed("set")
    .alias_of("make_set"),
    Function::new("max", &["(expr: orderable) -> arg0"], "Greatest value.").prefixed("max"),
    Function::new(
        "maxif",
        &["(expr: orderable, predicate: bool) -> arg0"],
        "Greatest value where the predicate holds.",
    )
    .prefixed("maxif"),
    Function::new(
        "merge_tdigest",
        &["(tdigest: array) -> dynamic"],
        "Older spelling of tdigest_merge.",
    )
    .prefixed("merge_tdigests")
    .alias_of("tdigest_merge"),
    Function::new("min", &["(expr: orderable) -> arg0"], "Least value.").prefixed("min"),
    Function::new(
        "minif",
        &["(expr: orderable, predicate: bool) -> arg0"],
        "Least value where the predicate holds.",
    )
    .prefixed("minif"),
    Function::new(
        "percentile",
        &["(expr: scalar, percentile: number) -> custom"],
        "Estimated percentile.",
    )
    .example("summarize percentile(Duration, 95)"),
    Function::new(
        "percentiles",
        &["(expr: scalar, percentile: number+) -> custom"],
        "Estimated percentiles, one column each.",
    ),
    Function::new(
        "percentiles_array",
        &[
            "(expr: scalar, percentile: number+) -> custom",
            "(expr: scalar, percentiles: array) -> custom",
        ],
        "Estimated percentiles as an array.",
    ),
    Function::new(
        "percentilesw",
        &["(expr: scalar, weight: integer, percentile: number+) -> custom"],
        "Estimated weighted percentiles, one column each.",
    ),
    Function::new(
        "percentilesw_array",
        &[
            "(expr: scalar, weight: integer, percentile: number+) -> custom",
            "(expr: scalar, weight: integer, percentiles: array) -> custom",
        ],
        "Estimated weighted percentiles as an array.",
    ),
    Function::new(
        "percentilew",
        &["(expr: scalar, weight: integer, percentile: number) -> custom"],
        "Estimated weighted percentile.",
    ),
    Function::new(
        "stdev",
        &["(expr: summable) -> real"],
        "Standard deviation of a sample.",
    )
    .prefixed("stdev"),
    Function::new(
        "stdevif",
        &["(expr: summable, predicate: bool) -> real"],
        "Standard deviation of a sample where the predicate holds.",
    )
    .prefixed("stdevif"),
    Function::new(
        "stdevp",
        &["(expr: summable) -> real"],
        "Standard deviation of a population.",
    )
    .prefixed("stdevp"),
    Function::new("sum", &["(expr: summable) -> promoted"], "Sum.")
        .example("summarize sum(Bytes) by Host")
        .prefixed("sum"),
    Function::new(
        "sumif",
        &["(expr: summable, predicate: bool) -> promoted"],
        "Sum of the rows for which the predicate holds.",
    )
    .prefixed("sumif"),
    Function::new(
        "take_any",
        &["(expr: star_or scalar+) -> custom"],
        "Values of any one row.",
    )
    .example("summarize take_any(*) by Host"),
    Function::new(
        "take_anyif",
        &["(expr: scalar, predicate: bool) -> arg0"],
        "Value of any one row for which the predicate holds.",
    )
    .named_as_argument(),
    Function::new(
        "tdigest",
        &["(expr: summable, weight: integer?) -> dynamic"],
        "t-digest sketch of the values.",
    )
    .prefixed("tdigest"),
    Function::new(
        "tdigest_merge",
        &["(tdigest: array) -> dynamic"],
        "Merged t-digest.",
    )
    .prefixed("merge_tdigests"),
    Function::new(
        "variance",
        &["(expr: summable) -> real"],
        "Variance of a sample.",
    )
    .prefixed("variance"),
    Function::new(
        "varianceif",
        &["(expr: summable, predicate: bool) -> real"],
        "Variance of a sample where the predicate holds.",
    )
    .prefixed("varianceif"),
    Function::new(
        "variancep",
        &["(expr: summable) -> real"],
        "Variance of a population.",
    )
    .prefixed("variancep"),
    Function::new(
        "variancepif",
        &["(expr: summable, predicate: bool) -> real"],
        "Variance of a population where the predicate holds.",
    )
    .prefixed("variancepif"),
];
