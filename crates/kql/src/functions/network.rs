//! IP address functions.

use super::Function;

/// One entry per function.
pub(super) const ENTRIES: &[Function] = &[
    Function::new(
        "format_ipv4",
        &["(ip: scalar, prefix: long?) -> string"],
        "IPv4 address as text, masked by a prefix.",
    )
    .example("format_ipv4(\"192.168.1.17\", 24) == \"192.168.1.0\""),
    Function::new(
        "format_ipv4_mask",
        &["(ip: scalar, prefix: long) -> string"],
        "IPv4 address in CIDR notation.",
    )
    .example("format_ipv4_mask(\"192.168.1.17\", 24) == \"192.168.1.0/24\""),
    Function::new(
        "has_any_ipv4",
        &[
            "(source: text, ips: string+) -> bool",
            "(source: text, ips: array) -> bool",
        ],
        "True when the text has any of the IPv4 addresses.",
    )
    .example("has_any_ipv4(\"from 10.1.2.3 port 22\", \"192.0.2.1\", \"10.1.2.3\") == true"),
    Function::new(
        "has_any_ipv4_prefix",
        &[
            "(source: text, ip_prefixes: string+) -> bool",
            "(source: text, ip_prefixes: array) -> bool",
        ],
        "True when the text has an IPv4 address with any of the prefixes.",
    )
    .example("has_any_ipv4_prefix(\"from 10.1.2.3 port 22\", \"192.168.\", \"10.\") == true"),
    Function::new(
        "has_ipv4",
        &["(source: text, ip: string) -> bool"],
        "True when the text has the IPv4 address.",
    )
    .example("has_ipv4(\"from 10.1.2.3 port 22\", \"10.1.2.3\") == true"),
    Function::new(
        "has_ipv4_prefix",
        &["(source: text, ip_prefix: string) -> bool"],
        "True when the text has an IPv4 address with the prefix.",
    )
    .example("has_ipv4_prefix(\"from 10.1.2.3 port 22\", \"10.1.\") == true"),
    Function::new(
        "ipv4_compare",
        &["(ip1: string, ip2: string, prefix: long?) -> long"],
        "Compares two IPv4 addresses under their masks.",
    )
    .example("ipv4_compare(\"10.1.2.3\", \"10.1.2.200\", 24) == 0"),
    Function::new(
        "ipv4_is_in_any_range",
        &[
            "(ip: text, ranges: string+) -> bool",
            "(ip: text, ranges: array) -> bool",
        ],
        "True when an IPv4 address is in any of the ranges.",
    )
    .example("ipv4_is_in_any_range(\"10.1.2.3\", \"192.168.0.0/16\", \"10.0.0.0/8\") == true"),
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
    )
    .example("ipv4_is_match(\"10.1.2.3\", \"10.1.2.200\", 24) == true"),
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
    )
    .example("ipv4_netmask_suffix(\"10.1.2.3/16\") == 16"),
    Function::new(
        "ipv4_range_to_cidr_list",
        &["(start_ip: string, end_ip: string) -> dynamic"],
        "Array of the CIDR blocks of a range.",
    )
    .example("ipv4_range_to_cidr_list(\"10.0.0.0\", \"10.0.0.255\")[0] == \"10.0.0.0/24\""),
    Function::new(
        "ipv6_compare",
        &["(ip1: string, ip2: string, prefix: long?) -> long"],
        "Compares two IPv6 addresses under their masks.",
    )
    .example("ipv6_compare(\"2001:db8::1\", \"2001:db8::2\", 64) == 0"),
    Function::new(
        "ipv6_is_in_any_range",
        &[
            "(ip: text, ranges: string+) -> bool",
            "(ip: text, ranges: array) -> bool",
        ],
        "True when an IPv6 address is in any of the ranges.",
    )
    .example("ipv6_is_in_any_range(\"2001:db8::7\", \"fe80::/10\", \"2001:db8::/32\") == true"),
    Function::new(
        "ipv6_is_in_range",
        &["(ip: string, ip_range: string) -> bool"],
        "True when an IPv6 address is in a range in CIDR notation.",
    )
    .example("ipv6_is_in_range(\"2001:db8::7\", \"2001:db8::/32\") == true"),
    Function::new(
        "ipv6_is_match",
        &["(ip1: string, ip2: string, prefix: long?) -> bool"],
        "True when two IPv6 addresses are equal under their masks.",
    )
    .example("ipv6_is_match(\"2001:db8::1\", \"2001:db8::2\", 64) == true"),
    Function::new(
        "parse_ipv4",
        &["(ip: string) -> long"],
        "IPv4 address as a number.",
    )
    .example("parse_ipv4(\"10.0.0.1\") == 167772161"),
    Function::new(
        "parse_ipv4_mask",
        &["(ip: string, prefix: long) -> long"],
        "IPv4 address with a prefix mask as a number.",
    )
    .example("parse_ipv4_mask(\"10.0.0.77\", 24) == 167772160"),
    Function::new(
        "parse_ipv6",
        &["(ip: string) -> string"],
        "IPv6 or IPv4 address in canonical IPv6 form.",
    )
    .example("parse_ipv6(\"127.0.0.1\") == \"0000:0000:0000:0000:0000:ffff:7f00:0001\""),
    Function::new(
        "parse_ipv6_mask",
        &["(ip: string, prefix: long) -> string"],
        "IPv6 or IPv4 address with a prefix mask in canonical form.",
    )
    .example(
        "parse_ipv6_mask(\"192.168.1.77\", 120) == \"0000:0000:0000:0000:0000:ffff:c0a8:0100\"",
    ),
];
