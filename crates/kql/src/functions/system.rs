//! The query, the user, the store.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "current_cluster_endpoint",
        &["() -> string"],
        "Name of the service that runs the query.",
    )
    .example("current_cluster_endpoint()"),
    Function::new(
        "current_cursor",
        &["() -> string"],
        "Same as cursor_current.",
    )
    .example("current_cursor()"),
    Function::new(
        "current_database",
        &["() -> string"],
        "Name of the database in scope.",
    )
    .example("current_database()"),
    Function::new(
        "current_node_id",
        &["() -> string"],
        "Id of the node that computes the row.",
    )
    .example("current_node_id()"),
    Function::new(
        "current_principal",
        &["() -> string"],
        "Who runs the query.",
    )
    .example("current_principal()"),
    Function::new(
        "current_principal_details",
        &["() -> dynamic"],
        "Who runs the query, in detail.",
    )
    .example("current_principal_details().DisplayName"),
    Function::new(
        "current_principal_is_member_of",
        &["(group: text_or_array+) -> bool"],
        "True when who runs the query is a member of the group.",
    )
    .example("iff(current_principal_is_member_of(\"aadgroup=soc@example.com\"), Account, \"***\")"),
    Function::new(
        "cursor_after",
        &["(cursor: string) -> bool"],
        "True for rows received after the cursor.",
    )
    .example("cursor_after(\"\") == true"),
    Function::new(
        "cursor_before_or_at",
        &["(cursor: string) -> bool"],
        "True for rows received up to the cursor.",
    )
    .example("cursor_before_or_at(\"638000000000000000\")"),
    Function::new("cursor_current", &["() -> string"], "The cursor of now.")
        .example("cursor_current()"),
    Function::new(
        "estimate_data_size",
        &[
            "(column: column scalar+) -> long",
            "(column: star scalar) -> long",
        ],
        "Estimated size of columns in bytes.",
    )
    .example("estimate_data_size(*)"),
    Function::new(
        "extent_id",
        &["() -> guid"],
        "Id of the row's storage unit.",
    )
    .example("extent_id()"),
    Function::new(
        "extent_tags",
        &["() -> dynamic"],
        "Tags of the row's storage unit.",
    )
    .example("extent_tags()"),
    Function::new("extentid", &["() -> guid"], "Same as extent_id.")
        .example("extentid()")
        .alias_of("extent_id"),
    Function::new(
        "ingestion_time",
        &["() -> datetime"],
        "When the row was received.",
    )
    .example("ingestion_time() - TimeGenerated")
    .called("$IngestionTime"),
    Function::new("new_guid", &["() -> guid"], "A random guid.").example("new_guid()"),
    Function::new(
        "_ASIM_GetUsernameType",
        &["(x: string, y: string?) -> string"],
        "The form a user's name is written in (`UPN`, `Windows`, `DN`, `Simple`).",
    )
    .example("_ASIM_GetUsernameType(\"eve@example.com\") == \"UPN\""),
    Function::new(
        "_ASIM_GetWindowsUserType",
        &["(x: string, y: string?) -> string"],
        "The type of a Windows user, by name and SID.",
    )
    .example("_ASIM_GetWindowsUserType(Account, AccountSid)"),
    Function::new(
        "_ASIM_LookupDnsQueryType",
        &["(x: long) -> string"],
        "The name of a DNS query type.",
    )
    .example("_ASIM_LookupDnsQueryType(28) == \"AAAA\""),
    Function::new(
        "_ASIM_LookupDnsResponseCode",
        &["(x: long) -> string"],
        "The name of a DNS response code.",
    )
    .example("_ASIM_LookupDnsResponseCode(3) == \"NXDOMAIN\""),
    Function::new(
        "_ASIM_LookupICMPType",
        &["(x: long) -> string"],
        "The name of an ICMP type.",
    )
    .example("_ASIM_LookupICMPType(8)"),
    Function::new(
        "_ASIM_LookupNetworkProtocol",
        &["(x: long) -> string"],
        "The name of an IP protocol number.",
    )
    .example("_ASIM_LookupNetworkProtocol(6) == \"TCP\""),
];
