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
    .example("any(IpAddress)")
    .prefixed("any")
    .alias_of("take_any"),
    Function::new(
        "anyif",
        &["(expr: scalar, predicate: bool) -> arg0"],
        "Older spelling of take_anyif.",
    )
    .example("anyif(IpAddress, isnotempty(IpAddress))")
    .prefixed("anyif")
    .alias_of("take_anyif"),
    Function::new(
        "arg_max",
        &["(maximized: orderable, returned: star_or scalar*) -> custom"],
        "Values of the row in which the first argument is greatest.",
    )
    .example("arg_max(TimeGenerated, *) by Account"),
    Function::new(
        "arg_min",
        &["(minimized: orderable, returned: star_or scalar*) -> custom"],
        "Values of the row in which the first argument is least.",
    )
    .example("arg_min(TimeGenerated, Account, IpAddress)"),
    Function::new(
        "argmax",
        &["(maximized: orderable, returned: star_or scalar*) -> custom"],
        "Older spelling of arg_max.",
    )
    .example("argmax(TimeGenerated, IpAddress)")
    .alias_of("arg_max"),
    Function::new(
        "argmin",
        &["(minimized: orderable, returned: star_or scalar*) -> custom"],
        "Older spelling of arg_min.",
    )
    .example("argmin(TimeGenerated, IpAddress)")
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
    .example("avg(SentBytes)")
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
    .example("avgif(SentBytes, DestinationPort == 443)")
    .prefixed("avgif"),
    Function::new(
        "binary_all_and",
        &["(expr: summable) -> arg0"],
        "Bitwise and of all values.",
    )
    .example("binary_all_and(AccessRights)")
    .named_as_argument(),
    Function::new(
        "binary_all_or",
        &["(expr: summable) -> arg0"],
        "Bitwise or of all values.",
    )
    .example("binary_all_or(AccessRights)")
    .named_as_argument(),
    Function::new(
        "binary_all_xor",
        &["(expr: summable) -> arg0"],
        "Bitwise exclusive or of all values.",
    )
    .example("binary_all_xor(AccessRights)")
    .named_as_argument(),
    Function::new(
        "buildschema",
        &["(expr: bag) -> dynamic"],
        "Least schema that describes all values.",
    )
    .example("buildschema(Properties)")
    .prefixed("schema"),
    Function::new("cnt", &["() -> long"], "Older spelling of count.")
        .example("cnt() by Account")
        .prefixed("cnt")
        .alias_of("count"),
    Function::new(
        "count",
        &["() -> long", "(predicate: bool) -> long"],
        "Number of rows.",
    )
    .example("count() by Account")
    .prefixed("count"),
    Function::new(
        "count_distinct",
        &["(expr: plain) -> long"],
        "Exact number of distinct values.",
    )
    .example("count_distinct(IpAddress) by Account")
    .prefixed("count_distinct"),
    Function::new(
        "count_distinctif",
        &["(expr: plain, predicate: bool) -> long"],
        "Exact number of distinct values where the predicate holds.",
    )
    .example("count_distinctif(IpAddress, ResultType != \"0\")")
    .prefixed("count_distinctif"),
    Function::new(
        "countif",
        &["(predicate: bool) -> long"],
        "Number of rows for which the predicate holds.",
    )
    .example("countif(EventID == 4625)")
    .prefixed("countif"),
    Function::new(
        "covariance",
        &["(expr: summable, expr: summable) -> real"],
        "Covariance of a sample.",
    )
    .example("covariance(SentBytes, ReceivedBytes)")
    .prefixed("covariance"),
    Function::new(
        "covarianceif",
        &["(expr: summable, expr: summable, predicate: bool) -> real"],
        "Covariance of a sample where the predicate holds.",
    )
    .example("covarianceif(SentBytes, ReceivedBytes, DestinationPort == 443)")
    .prefixed("covarianceif"),
    Function::new(
        "covariancep",
        &["(expr: summable, expr: summable) -> real"],
        "Covariance of a population.",
    )
    .example("covariancep(SentBytes, ReceivedBytes)")
    .prefixed("covariancep"),
    Function::new(
        "covariancepif",
        &["(expr: summable, expr: summable, predicate: bool) -> real"],
        "Covariance of a population where the predicate holds.",
    )
    .example("covariancepif(SentBytes, ReceivedBytes, DestinationPort == 443)")
    .prefixed("covariancepif"),
    Function::new(
        "dcount",
        &["(expr: scalar, accuracy: plain?) -> long"],
        "Estimated number of distinct values.",
    )
    .example("dcount(Account)")
    .prefixed("dcount"),
    Function::new(
        "dcountif",
        &["(expr: scalar, predicate: bool, accuracy: plain?) -> long"],
        "Estimated number of distinct values where the predicate holds.",
    )
    .example("dcountif(Account, EventID == 4625) by IpAddress")
    .prefixed("dcountif"),
    Function::new(
        "hll",
        &["(expr: hashable, accuracy: integer?) -> dynamic"],
        "HyperLogLog sketch of the values.",
    )
    .example("hll(Account)")
    .prefixed("hll"),
    Function::new(
        "hll_if",
        &["(expr: hashable, predicate: bool, accuracy: integer?) -> dynamic"],
        "HyperLogLog sketch of the values where the predicate holds.",
    )
    .example("hll_if(Account, EventID == 4625)")
    .prefixed("hll_if"),
    Function::new(
        "hll_merge",
        &["(hll: array) -> dynamic"],
        "Merged HyperLogLog sketch.",
    )
    .example("hll_merge(AccountsHll)")
    .prefixed("hll_merge"),
    Function::new(
        "make_bag",
        &["(expr: bag, max_size: integer?) -> dynamic"],
        "Property bag merged of all bags.",
    )
    .example("make_bag(bag_pack(Account, IpAddress))")
    .prefixed("bag"),
    Function::new(
        "make_bag_if",
        &["(expr: bag, predicate: bool, max_size: integer?) -> dynamic"],
        "Property bag merged of the bags where the predicate holds.",
    )
    .example("make_bag_if(Properties, EventID == 4688)")
    .prefixed("bag"),
    Function::new(
        "make_dictionary",
        &["(expr: bag, max_size: integer?) -> dynamic"],
        "Older spelling of make_bag.",
    )
    .example("make_dictionary(bag_pack(Account, IpAddress))")
    .prefixed("dictionary")
    .alias_of("make_bag"),
    Function::new(
        "make_list",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Array of all values that are not null.",
    )
    .example("make_list(CommandLine, 100) by Computer")
    .prefixed("list"),
    Function::new(
        "make_list_if",
        &["(expr: scalar, predicate: bool, max_size: integer?) -> dynamic"],
        "Array of the values where the predicate holds.",
    )
    .example("make_list_if(CommandLine, EventID == 4688) by Computer")
    .prefixed("list"),
    Function::new(
        "make_list_with_nulls",
        &["(expr: scalar) -> dynamic"],
        "Array of all values, nulls included.",
    )
    .example("make_list_with_nulls(DestinationPort)")
    .prefixed("list"),
    Function::new(
        "make_set",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Array of the distinct values.",
    )
    .example("make_set(IpAddress, 100) by Account")
    .prefixed("set"),
    Function::new(
        "make_set_if",
        &["(expr: scalar, predicate: bool, max_size: integer?) -> dynamic"],
        "Array of the distinct values where the predicate holds.",
    )
    .example("make_set_if(Computer, EventID == 4624, 100) by Account")
    .prefixed("set"),
    Function::new(
        "makelist",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Older spelling of make_list.",
    )
    .example("makelist(CommandLine, 100)")
    .prefixed("list")
    .alias_of("make_list"),
    Function::new(
        "makeset",
        &["(expr: scalar, max_size: integer?) -> dynamic"],
        "Older spelling of make_set.",
    )
    .example("makeset(IpAddress, 100)")
    .prefixed("set")
    .alias_of("make_set"),
    Function::new("max", &["(expr: orderable) -> arg0"], "Greatest value.")
        .example("max(TimeGenerated) by Account")
        .prefixed("max"),
    Function::new(
        "maxif",
        &["(expr: orderable, predicate: bool) -> arg0"],
        "Greatest value where the predicate holds.",
    )
    .example("maxif(TimeGenerated, EventID == 4624)")
    .prefixed("maxif"),
    Function::new(
        "merge_tdigest",
        &["(tdigest: array) -> dynamic"],
        "Older spelling of tdigest_merge.",
    )
    .example("merge_tdigest(DurationDigest)")
    .prefixed("merge_tdigests")
    .alias_of("tdigest_merge"),
    Function::new("min", &["(expr: orderable) -> arg0"], "Least value.")
        .example("min(TimeGenerated) by Account")
        .prefixed("min"),
    Function::new(
        "minif",
        &["(expr: orderable, predicate: bool) -> arg0"],
        "Least value where the predicate holds.",
    )
    .example("minif(TimeGenerated, EventID == 4625)")
    .prefixed("minif"),
    Function::new(
        "percentile",
        &["(expr: scalar, percentile: number) -> custom"],
        "Estimated percentile.",
    )
    .example("percentile(Duration, 95)"),
    Function::new(
        "percentiles",
        &["(expr: scalar, percentile: number+) -> custom"],
        "Estimated percentiles, one column each.",
    )
    .example("percentiles(DurationMs, 50, 95, 99)"),
    Function::new(
        "percentiles_array",
        &[
            "(expr: scalar, percentile: number+) -> custom",
            "(expr: scalar, percentiles: array) -> custom",
        ],
        "Estimated percentiles as an array.",
    )
    .example("percentiles_array(DurationMs, 50, 95, 99)"),
    Function::new(
        "percentilesw",
        &["(expr: scalar, weight: integer, percentile: number+) -> custom"],
        "Estimated weighted percentiles, one column each.",
    )
    .example("percentilesw(DurationMs, Hits, 50, 95)"),
    Function::new(
        "percentilesw_array",
        &[
            "(expr: scalar, weight: integer, percentile: number+) -> custom",
            "(expr: scalar, weight: integer, percentiles: array) -> custom",
        ],
        "Estimated weighted percentiles as an array.",
    )
    .example("percentilesw_array(DurationMs, Hits, 50, 95)"),
    Function::new(
        "percentilew",
        &["(expr: scalar, weight: integer, percentile: number) -> custom"],
        "Estimated weighted percentile.",
    )
    .example("percentilew(DurationMs, Hits, 95)"),
    Function::new(
        "stdev",
        &["(expr: summable) -> real"],
        "Standard deviation of a sample.",
    )
    .example("stdev(SentBytes)")
    .prefixed("stdev"),
    Function::new(
        "stdevif",
        &["(expr: summable, predicate: bool) -> real"],
        "Standard deviation of a sample where the predicate holds.",
    )
    .example("stdevif(SentBytes, DestinationPort == 443)")
    .prefixed("stdevif"),
    Function::new(
        "stdevp",
        &["(expr: summable) -> real"],
        "Standard deviation of a population.",
    )
    .example("stdevp(SentBytes)")
    .prefixed("stdevp"),
    Function::new("sum", &["(expr: summable) -> promoted"], "Sum.")
        .example("sum(Bytes) by Host")
        .prefixed("sum"),
    Function::new(
        "sumif",
        &["(expr: summable, predicate: bool) -> promoted"],
        "Sum of the rows for which the predicate holds.",
    )
    .example("sumif(SentBytes, ipv4_is_private(DestinationIP)) by Account")
    .prefixed("sumif"),
    Function::new(
        "take_any",
        &["(expr: star_or scalar+) -> custom"],
        "Values of any one row.",
    )
    .example("take_any(*) by Host"),
    Function::new(
        "take_anyif",
        &["(expr: scalar, predicate: bool) -> arg0"],
        "Value of any one row for which the predicate holds.",
    )
    .example("take_anyif(IpAddress, isnotempty(IpAddress))")
    .named_as_argument(),
    Function::new(
        "tdigest",
        &["(expr: summable, weight: integer?) -> dynamic"],
        "t-digest sketch of the values.",
    )
    .example("tdigest(DurationMs)")
    .prefixed("tdigest"),
    Function::new(
        "tdigest_merge",
        &["(tdigest: array) -> dynamic"],
        "Merged t-digest.",
    )
    .example("tdigest_merge(DurationDigest)")
    .prefixed("merge_tdigests"),
    Function::new(
        "variance",
        &["(expr: summable) -> real"],
        "Variance of a sample.",
    )
    .example("variance(SentBytes)")
    .prefixed("variance"),
    Function::new(
        "varianceif",
        &["(expr: summable, predicate: bool) -> real"],
        "Variance of a sample where the predicate holds.",
    )
    .example("varianceif(SentBytes, DestinationPort == 443)")
    .prefixed("varianceif"),
    Function::new(
        "variancep",
        &["(expr: summable) -> real"],
        "Variance of a population.",
    )
    .example("variancep(SentBytes)")
    .prefixed("variancep"),
    Function::new(
        "variancepif",
        &["(expr: summable, predicate: bool) -> real"],
        "Variance of a population where the predicate holds.",
    )
    .example("variancepif(SentBytes, DestinationPort == 443)")
    .prefixed("variancepif"),
];
