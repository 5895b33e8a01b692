//! Sketches: t-digest and HyperLogLog.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "dcount_hll",
        &["(hll: array) -> long"],
        "Distinct count of a HyperLogLog sketch.",
    )
    .example("dcount_hll(AccountsHll)")
    .prefixed("dcount_hll"),
    Function::new(
        "hll_isvalid",
        &["(hll: array, value: scalar) -> bool"],
        "True when the value is a HyperLogLog sketch.",
    )
    .example("hll_isvalid(AccountsHll, Account)"),
    Function::new(
        "hll_merge",
        &["(hll: array{2}) -> dynamic"],
        "Merges HyperLogLog sketches.",
    )
    .example("hll_merge(AccountsHll, HostsHll)")
    .called("hll_merged_result"),
    Function::new(
        "merge_tdigest",
        &["(tdigest: array{2}) -> dynamic"],
        "Same as tdigest_merge.",
    )
    .example("merge_tdigest(DurationDigest, OtherDigest)")
    .called("tdigests_merge_result")
    .alias_of("tdigest_merge"),
    Function::new(
        "percentile_tdigest",
        &[
            "(tdigest: array, percentile1: real) -> dynamic",
            "(tdigest: array, percentile1: real, type: literal type) -> literal",
        ],
        "Percentile of a t-digest.",
    )
    .example("percentile_tdigest(DurationDigest, 95, typeof(long))")
    .prefixed("percentile_tdigest"),
    Function::new(
        "percentile_array_tdigest",
        &[
            "(tdigest: array, percentile: real+) -> dynamic",
            "(tdigest: array, percentiles: array) -> dynamic",
        ],
        "Same as percentiles_array_tdigest.",
    )
    .example("percentile_array_tdigest(DurationDigest, 50, 95)")
    .prefixed("percentile_tdigest")
    .alias_of("percentiles_array_tdigest"),
    Function::new(
        "percentiles_array_tdigest",
        &[
            "(tdigest: array, percentile: real+) -> dynamic",
            "(tdigest: array, percentiles: array) -> dynamic",
        ],
        "Percentiles of a t-digest as an array.",
    )
    .example("percentiles_array_tdigest(DurationDigest, 50, 95)")
    .prefixed("percentile_tdigest"),
    Function::new(
        "percentrank_tdigest",
        &["(digest: array, value: scalar) -> real"],
        "Percentage rank of a value in a t-digest.",
    )
    .example("percentrank_tdigest(DurationDigest, 500)"),
    Function::new(
        "rank_tdigest",
        &["(digest: array, value: scalar) -> real"],
        "Rank of a value in a t-digest.",
    )
    .example("rank_tdigest(DurationDigest, 500)"),
    Function::new(
        "tdigest_isvalid",
        &["(digest: array, value: scalar) -> bool"],
        "True when the value is a t-digest.",
    )
    .example("tdigest_isvalid(DurationDigest, DurationMs)"),
    Function::new(
        "tdigest_merge",
        &["(tdigest: array{2}) -> dynamic"],
        "Merges t-digests.",
    )
    .example("tdigest_merge(DurationDigest, OtherDigest)")
    .called("tdigests_merge_result"),
];
