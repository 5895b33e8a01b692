//! IP address functions; those of IPv4 over columns are in `ipv4_columns`. A missing prefix length is the address's full width; when two are given, the shorter counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::array::items;
use super::regex_fn::{long, text};
use super::{Call, Kernel, lenient};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["ipv6_compare"], |_, args| {
        compare6(args).map_or(Datum::Null, Datum::Long)
    }),
    lenient(&["ipv6_is_match"], |_, args| {
        compare6(args).map_or(Datum::Null, |c| Datum::Bool(c == 0))
    }),
    lenient(&["ipv6_is_in_range"], |_, args| {
        in_range6(text(args, 0), text(args, 1)).map_or(Datum::Null, Datum::Bool)
    }),
    lenient(&["ipv6_is_in_any_range"], in_any_range6),
    lenient(&["parse_ipv6"], |_, args| {
        Datum::string(
            v6(text(args, 0))
                .map(|(ip, len)| long_form(masked6(ip, len)))
                .unwrap_or_default(),
        )
    }),
    lenient(&["parse_ipv6_mask"], |_, args| {
        match (v6(text(args, 0)), long(args, 1)) {
            (Some((ip, len)), Some(mask)) => {
                Datum::string(long_form(masked6(ip, len.min(width(mask, 128)))))
            }
            _ => Datum::string(""),
        }
    }),
    lenient(&["ipv4_range_to_cidr_list"], |_, args| {
        match (text(args, 0).trim().parse(), text(args, 1).trim().parse()) {
            (Ok(start), Ok(end)) => blocks(start, end),
            _ => Datum::Null,
        }
    }),
    lenient(&["has_ipv4"], |_, args| {
        Datum::Bool(has_ipv4(text(args, 0), |ip| ip == text(args, 1)))
    }),
    lenient(&["has_any_ipv4"], |_, args| {
        Datum::Bool(
            rest(args)
                .iter()
                .any(|want| has_ipv4(text(args, 0), |ip| ip == want)),
        )
    }),
    lenient(&["has_ipv4_prefix"], |_, args| {
        Datum::Bool(has_prefix(text(args, 0), text(args, 1)))
    }),
    lenient(&["has_any_ipv4_prefix"], |_, args| {
        Datum::Bool(rest(args).iter().any(|p| has_prefix(text(args, 0), p)))
    }),
];

/// An address and its prefix length.
pub(super) type Address = (u32, u32);

pub(super) fn parse_ipv4<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    v4(text(args, 0)).map_or(Datum::Null, |(ip, len)| {
        Datum::Long(i64::from(masked(ip, len)))
    })
}

pub(super) fn parse_ipv4_mask<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    match (v4(text(args, 0)), long(args, 1)) {
        (Some((ip, _)), Some(len)) => Datum::Long(i64::from(masked(ip, width(len, 32)))),
        _ => Datum::Null,
    }
}

pub(super) fn ipv4_is_private<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    v4(text(args, 0)).map_or(Datum::Null, |address| Datum::Bool(is_private(address)))
}

pub(super) fn ipv4_netmask_suffix<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    v4(text(args, 0)).map_or(Datum::Null, |(_, len)| Datum::Long(i64::from(len)))
}

pub(super) fn ipv4_compare<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    compare4(args).map_or(Datum::Null, Datum::Long)
}

pub(super) fn ipv4_is_match<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    compare4(args).map_or(Datum::Null, |c| Datum::Bool(c == 0))
}

pub(super) fn ipv4_is_in_range<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    in_range(text(args, 0), text(args, 1)).map_or(Datum::Null, Datum::Bool)
}

pub(super) fn format_ipv4<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    format4(args, false)
}

pub(super) fn format_ipv4_mask<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    format4(args, true)
}

pub(super) fn width(len: i64, most: u32) -> u32 {
    u32::try_from(len).unwrap_or(0).min(most)
}

/// Address and prefix length of `a.b.c.d[/n]`.
pub(super) fn v4(text: &str) -> Option<Address> {
    let (address, len) = match text.trim().split_once('/') {
        Some((address, len)) => (address, len.parse().ok().filter(|n| *n <= 32)?),
        None => (text.trim(), 32),
    };
    Some((u32::from(address.parse::<Ipv4Addr>().ok()?), len))
}

fn v6(text: &str) -> Option<(u128, u32)> {
    let (address, len) = match text.trim().split_once('/') {
        Some((address, len)) => (address, Some(len.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let (ip, is_v4) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V6(ip) => match ip.segments() {
            // `::a.b.c.d` stands for the IPv4 address in it.
            [0, 0, 0, 0, 0, 0, _, _] if address.contains('.') => (u128::from(ip) | V4_MAPPED, true),
            _ => (u128::from(ip), address.contains('.')),
        },
        IpAddr::V4(ip) => (u128::from(ip.to_ipv6_mapped()), true),
    };
    // With IPv4 notation a prefix counts in the last 32 bits.
    let len = match len {
        Some(len) if is_v4 && len <= 32 => len + 96,
        Some(len) => len.min(128),
        None => 128,
    };
    Some((ip, len))
}

/// What marks an IPv4 address among those of IPv6 (RFC 4291 section 2.5.5.2).
const V4_MAPPED: u128 = 0xffff << 32;

pub(super) fn masked(ip: u32, len: u32) -> u32 {
    if len == 0 {
        0
    } else {
        ip & (u32::MAX << (32 - len.min(32)))
    }
}

fn masked6(ip: u128, len: u32) -> u128 {
    if len == 0 {
        0
    } else {
        ip & (u128::MAX << (128 - len.min(128)))
    }
}

fn long_form(ip: u128) -> String {
    let groups: Vec<String> = Ipv6Addr::from(ip)
        .segments()
        .iter()
        .map(|g| format!("{g:04x}"))
        .collect();
    groups.join(":")
}

/// The fewest CIDR blocks that cover exactly the addresses from `start` to `end`; none when `end` comes first.
fn blocks(start: Ipv4Addr, end: Ipv4Addr) -> Datum<'static> {
    let (mut at, end) = (u64::from(u32::from(start)), u64::from(u32::from(end)));
    let mut out = Vec::new();
    while at <= end {
        // A block starts at a multiple of its size.
        let aligned = at.trailing_zeros().min(32);
        let fits = (end - at + 1).ilog2();
        let bits = aligned.min(fits);
        let address = Ipv4Addr::from(u32::try_from(at).unwrap_or(u32::MAX));
        out.push(serde_json::Value::from(format!("{address}/{}", 32 - bits)));
        at += 1 << bits;
    }
    super::array::json(out)
}

pub(super) fn is_private((ip, len): Address) -> bool {
    let inside = |net: u32, net_len: u32| len >= net_len && masked(ip, net_len) == net;
    inside(0x0a00_0000, 8) || inside(0xac10_0000, 12) || inside(0xc0a8_0000, 16)
}

fn compare4(args: &[Datum<'_>]) -> Option<i64> {
    let (a, b) = (v4(text(args, 0))?, v4(text(args, 1))?);
    Some(compare(a, b, long(args, 2)))
}

pub(super) fn compare((a, la): Address, (b, lb): Address, limit: Option<i64>) -> i64 {
    let len = la.min(lb).min(width(limit.unwrap_or(32), 32));
    masked(a, len).cmp(&masked(b, len)) as i64
}

fn compare6(args: &[Datum<'_>]) -> Option<i64> {
    let ((a, la), (b, lb)) = (v6(text(args, 0))?, v6(text(args, 1))?);
    let len = la.min(lb).min(width(long(args, 2).unwrap_or(128), 128));
    Some(masked6(a, len).cmp(&masked6(b, len)) as i64)
}

fn in_range(address: &str, range: &str) -> Option<bool> {
    let (address, range) = (v4(address)?, v4(range)?);
    Some(holds(range, address))
}

/// Whether a range has an address, as far as the shorter prefix goes.
pub(super) fn holds((net, len): Address, (ip, own): Address) -> bool {
    let len = len.min(own);
    masked(ip, len) == masked(net, len)
}

fn in_range6(address: &str, range: &str) -> Option<bool> {
    let ((ip, own), (net, len)) = (v6(address)?, v6(range)?);
    let len = len.min(own);
    Some(masked6(ip, len) == masked6(net, len))
}

/// The texts of the arguments after the first: strings or dynamic arrays of them.
pub(super) fn rest(args: &[Datum<'_>]) -> Vec<String> {
    let mut out = Vec::new();
    for idx in 1..args.len() {
        match items(args, idx) {
            Some(array) => out.extend(array.iter().map(dynamic::to_plain_text)),
            // An array may come as its text.
            None if text(args, idx).starts_with('[') => {
                let parsed = dynamic::parse(text(args, idx));
                out.extend(
                    parsed
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(dynamic::to_plain_text),
                );
            }
            None => out.push(dynamic::to_plain_text(
                &args
                    .get(idx)
                    .map_or(serde_json::Value::Null, dynamic::to_json),
            )),
        }
    }
    out
}

pub(super) fn ipv4_is_in_any_range<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    if v4(text(args, 0)).is_none() {
        return Datum::Null;
    }
    Datum::Bool(
        rest(args)
            .iter()
            .any(|range| in_range(text(args, 0), range) == Some(true)),
    )
}

fn in_any_range6<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    if v6(text(args, 0)).is_none() {
        return Datum::Null;
    }
    Datum::Bool(
        rest(args)
            .iter()
            .any(|range| in_range6(text(args, 0), range) == Some(true)),
    )
}

fn format4<'a>(args: &[Datum<'a>], with_mask: bool) -> Datum<'a> {
    let parsed = match args.first() {
        Some(Datum::Str(address)) => v4(address),
        Some(value) => value
            .as_i64()
            .and_then(|v| u32::try_from(v).ok())
            .map(|ip| (ip, 32)),
        None => None,
    };
    let Some((ip, own)) = parsed else {
        return Datum::string("");
    };
    let len = match long(args, 1) {
        Some(len) if (0..=32).contains(&len) => own.min(width(len, 32)),
        Some(_) => return Datum::string(""),
        None => own,
    };
    let address = Ipv4Addr::from(masked(ip, len));
    Datum::string(if with_mask {
        format!("{address}/{len}")
    } else {
        address.to_string()
    })
}

/// Runs `test` over the IPv4 addresses of a text that stand between characters other than letters and digits.
fn has_ipv4(source: &str, test: impl Fn(&str) -> bool) -> bool {
    source
        .split(|c: char| !(c.is_alphanumeric() || c == '.'))
        .any(|word| {
            word.trim_matches('.').parse::<Ipv4Addr>().is_ok() && test(word.trim_matches('.'))
        })
}

fn has_prefix(source: &str, prefix: &str) -> bool {
    // A prefix is a whole address or ends in a dot.
    let whole = prefix.parse::<Ipv4Addr>().is_ok();
    (whole || prefix.ends_with('.'))
        && has_ipv4(source, |ip| {
            if whole {
                ip == prefix
            } else {
                ip.starts_with(prefix)
            }
        })
}
