//! IP address functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "format_ipv4",
        &["(ip: scalar, prefix: long?) -> string"],
        "IPv4 address as text, masked by a prefix.",
    ),
    Function::new(
        "format_ipv4_mask",
        &["(ip: scalar, prefix: long) -> string"],
        "IPv4 address in CIDR notation.",
    ),
    Function::new(
        "has_any_ipv4",
        &[
            "(source: text, ips: string+) -> bool",
            "(source: text, ips: array) -> bool",
        ],
        "True when the text has any of the IPv4 addresses.",
    ),
    Function::new(
        "has_any_ipv4_prefix",
        &[
            "(source: text, ip_prefixes: string+) -> bool",
            "(source: text, ip_prefixes: array) -> bool",
        ],
        "True when the text has an IPv4 address with any of the prefixes.",
    ),
    Function::new(
        "has_ipv4",
        &["(source: text, ip: string) -> bool"],
        "True when the text has the IPv4 address.",
    ),
    Function::new(
        "has_ipv4_prefix",
        &["(source: text, ip_prefix: string) -> bool"],
        "True when the text has an IPv4 address with the prefix.",
    ),
    Function::new(
        "ipv4_compare",
        &["(ip1: string, ip2: string, prefix: long?) -> long"],
        "Compares two IPv4 addresses under their masks.",
    ),
    Function::new(
        "ipv4_is_in_any_range",
        &[
            "(ip: text, ranges: string+) -> bool",
            "(ip: text, ranges: array) -> bool",
        ],
        "True when an IPv4 address is in any of the ranges.",
    ),
    Function::new(
        "ipv4_is_in_range",
        &["(ip: string, ip_range: string) -> bool"],
        "True when an IPv4 address is in a range in CIDR notation.",
    )
    .example("ipv4_is_in_range(\"10.1.2.3\", \"10.0.0.0/8\")"),
    Function::new(
        "ipv4_is_match",
        &["(ip1: string, ip2: string, prefix: long?) -> bool"],
        "True when two IPv4 addresses are equal under their masks.",
    ),
    Function::new(
        "ipv4_is_private",
        &["(ip: string) -> bool"],
        "True for an address of the private ranges.",
    )
    .example("ipv4_is_private(\"10.1.2.3\")"),
    Function::new(
        "ipv4_netmask_suffix",
        &["(ip: string) -> long"],
        "Prefix length of an address in CIDR notation.",
    ),
    Function::new(
        "ipv4_range_to_cidr_list",
        &["(start_ip: string, end_ip: string) -> dynamic"],
        "Array of the CIDR blocks of a range.",
    ),
    Function::new(
        "ipv6_compare",
        &["(ip1: string, ip2: string, prefix: long?) -> long"],
        "Compares two IPv6 addresses under their masks.",
    ),
    Function::new(
        "ipv6_is_in_any_range",
        &[
            "(ip: text, ranges: string+) -> bool",
            "(ip: text, ranges: array) -> bool",
        ],
        "True when an IPv6 address is in any of the ranges.",
    ),
    Function::new(
        "ipv6_is_in_range",
        &["(ip: string, ip_range: string) -> bool"],
        "True when an IPv6 address is in a range in CIDR notation.",
    ),
    Function::new(
        "ipv6_is_match",
        &["(ip1: string, ip2: string, prefix: long?) -> bool"],
        "True when two IPv6 addresses are equal under their masks.",
    ),
    Function::new(
        "parse_ipv4",
        &["(ip: string) -> long"],
        "IPv4 address as a number.",
    ),
    Function::new(
        "parse_ipv4_mask",
        &["(ip: string, prefix: long) -> long"],
        "IPv4 address with a prefix mask as a number.",
    ),
    Function::new(
        "parse_ipv6",
        &["(ip: string) -> string"],
        "IPv6 or IPv4 address in canonical IPv6 form.",
    ),
    Function::new(
        "parse_ipv6_mask",
        &["(ip: string, prefix: long) -> string"],
        "IPv6 or IPv4 address with a prefix mask in canonical form.",
    ),
];
