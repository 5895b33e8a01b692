//! The query, the user, the store.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "current_cluster_endpoint",
        &["() -> string"],
        "Name of the service that runs the query.",
    ),
    Function::new(
        "current_cursor",
        &["() -> string"],
        "Same as cursor_current.",
    ),
    Function::new(
        "current_database",
        &["() -> string"],
        "Name of the database in scope.",
    ),
    Function::new(
        "current_node_id",
        &["() -> string"],
        "Id of the node that computes the row.",
    ),
    Function::new(
        "current_principal",
        &["() -> string"],
        "Who runs the query.",
    ),
    Function::new(
        "current_principal_details",
        &["() -> dynamic"],
        "Who runs the query, in detail.",
    ),
    Function::new(
        "current_principal_is_member_of",
        &["(group: text_or_array+) -> bool"],
        "True when who runs the query is a member of the group.",
    ),
    Function::new(
        "cursor_after",
        &["(cursor: string) -> bool"],
        "True for rows received after the cursor.",
    ),
    Function::new(
        "cursor_before_or_at",
        &["(cursor: string) -> bool"],
        "True for rows received up to the cursor.",
    ),
    Function::new("cursor_current", &["() -> string"], "The cursor of now."),
    Function::new(
        "estimate_data_size",
        &[
            "(column: column scalar+) -> long",
            "(column: star scalar) -> long",
        ],
        "Estimated size of columns in bytes.",
    ),
    Function::new(
        "extent_id",
        &["() -> guid"],
        "Id of the row's storage unit.",
    ),
    Function::new(
        "extent_tags",
        &["() -> dynamic"],
        "Tags of the row's storage unit.",
    ),
    Function::new("extentid", &["() -> guid"], "Same as extent_id.").alias_of("extent_id"),
    Function::new(
        "ingestion_time",
        &["() -> datetime"],
        "When the row was received.",
    )
    .called("$IngestionTime"),
    Function::new("new_guid", &["() -> guid"], "A random guid."),
    Function::new(
        "_ASIM_GetUsernameType",
        &["(x: string, y: string?) -> string"],
        "The form a user's name is written in (`UPN`, `Windows`, `DN`, `Simple`).",
    ),
    Function::new(
        "_ASIM_GetWindowsUserType",
        &["(x: string, y: string?) -> string"],
        "The type of a Windows user, by name and SID.",
    ),
    Function::new(
        "_ASIM_LookupDnsQueryType",
        &["(x: long) -> string"],
        "The name of a DNS query type.",
    ),
    Function::new(
        "_ASIM_LookupDnsResponseCode",
        &["(x: long) -> string"],
        "The name of a DNS response code.",
    ),
    Function::new(
        "_ASIM_LookupICMPType",
        &["(x: long) -> string"],
        "The name of an ICMP type.",
    ),
    Function::new(
        "_ASIM_LookupNetworkProtocol",
        &["(x: long) -> string"],
        "The name of an IP protocol number.",
    ),
];
