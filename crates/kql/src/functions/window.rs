//! Window functions, over rows in a defined order.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "next",
        &["(column: column scalar, offset: long?, default_value: const scalar?) -> arg0"],
        "Value of a later row.",
    )
    .example("next(TimeGenerated) - TimeGenerated"),
    Function::new(
        "prev",
        &["(column: column scalar, offset: long?, default_value: const scalar?) -> arg0"],
        "Value of an earlier row.",
    )
    .example("prev(TimeGenerated, 1)"),
    Function::new(
        "row_cumsum",
        &["(term: number, restart: bool?) -> arg0"],
        "Running sum, with an optional restart.",
    )
    .example("row_cumsum(SentBytes, Account != prev(Account))"),
    Function::new(
        "row_number",
        &["(starting_index: long?, restart: bool?) -> long"],
        "Number of the row, from a start, with an optional restart.",
    )
    .example("row_number(1)"),
    Function::new(
        "row_rank",
        &["(column: plain, dense: const bool?) -> long"],
        "Older form of row_rank_min, and of row_rank_dense when the second argument is true.",
    )
    .example("row_rank(EventID)"),
    Function::new(
        "row_rank_dense",
        &["(term: plain, restart: bool?) -> long"],
        "Rank of the row without gaps.",
    )
    .example("row_rank_dense(Account)"),
    Function::new(
        "row_rank_min",
        &["(term: plain, restart: bool?) -> long"],
        "Rank of the row with gaps.",
    )
    .example("row_rank_min(Account)"),
    Function::new(
        "row_window_session",
        &[
            "(expr: datetime, max_distance_from_first: timespan, max_distance_between_neighbors: timespan, restart: bool?) -> arg0",
        ],
        "Start of the session a row belongs to.",
    )
    .example("row_window_session(TimeGenerated, 1h, 5m, Account != prev(Account))"),
];
