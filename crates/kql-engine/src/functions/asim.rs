//! Lookups of the Advanced Security Information Model: names of numbers on the wire, and kinds of user names.
//!
//! The numbers are those of the IANA registries "DNS Parameters", "ICMP Parameters" and "Protocol Numbers".

use super::regex_fn::{long, text};
use super::{Kernel, lenient};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["_ASIM_LookupDnsQueryType"], |_, args| {
        named(args, DNS_QUERY_TYPES, |code| format!("TYPE{code}"))
    }),
    lenient(&["_ASIM_LookupDnsResponseCode"], |_, args| {
        named(args, DNS_RESPONSE_CODES, |_| "Unassigned".to_owned())
    }),
    lenient(&["_ASIM_LookupICMPType"], |_, args| {
        named(args, ICMP_TYPES, |_| "Unassigned".to_owned())
    }),
    lenient(&["_ASIM_LookupNetworkProtocol"], |_, args| {
        named(args, PROTOCOLS, |_| "Unassigned".to_owned())
    }),
    lenient(&["_ASIM_GetUsernameType"], |_, args| {
        Datum::string(username_type(text(args, 0)))
    }),
    lenient(&["_ASIM_GetWindowsUserType"], |_, args| {
        Datum::string(windows_user_type(text(args, 0), text(args, 1)))
    }),
];

type Names = &'static [(i64, &'static str)];

/// The name of the first argument, "" for a null one.
fn named<'a>(args: &[Datum<'a>], names: Names, other: fn(i64) -> String) -> Datum<'a> {
    let Some(code) = long(args, 0) else {
        return Datum::string("");
    };
    match names.binary_search_by_key(&code, |entry| entry.0) {
        Ok(at) => Datum::string(names.get(at).map_or("", |entry| entry.1)),
        Err(_) => Datum::string(other(code)),
    }
}

/// By the separators in it: `user@domain`, `DOMAIN\user`, `CN=user,...`, or none of them.
fn username_type(name: &str) -> &'static str {
    if name.is_empty() {
        ""
    } else if name.contains('@') {
        "UPN"
    } else if name.contains('\\') {
        "Windows"
    } else if name.contains("CN=") {
        "DN"
    } else {
        "Simple"
    }
}

/// The well-known names and SIDs of Windows ("Security identifiers" in Microsoft's reference).
fn windows_user_type(name: &str, sid: &str) -> &'static str {
    let account = name.rsplit('\\').next().unwrap_or(name).to_uppercase();
    let domain = name.split('\\').next().unwrap_or("").to_uppercase();
    let relative = sid.rsplit('-').next().unwrap_or("");
    let domain_sid = sid.starts_with("S-1-5-21-");
    if sid == "S-1-0-0" || sid == "S-1-5-7" || account == "ANONYMOUS LOGON" {
        "Anonymous"
    } else if matches!(sid, "S-1-5-18" | "S-1-5-19" | "S-1-5-20")
        || matches!(account.as_str(), "SYSTEM" | "LOCAL SYSTEM")
        || matches!(account.as_str(), "LOCAL SERVICE" | "NETWORK SERVICE")
        || matches!(domain.as_str(), "WINDOW MANAGER" | "FONT DRIVER HOST")
        || sid.starts_with("S-1-5-90-")
        || sid.starts_with("S-1-5-96-")
    {
        "System"
    } else if account.ends_with('$') {
        "Machine"
    } else if sid.starts_with("S-1-5-80-") || domain == "NT SERVICE" {
        "Service"
    } else if domain_sid && relative == "500" || account == "ADMINISTRATOR" {
        "Admin"
    } else if domain_sid && relative == "501" || account == "GUEST" {
        "Guest"
    } else if name.is_empty() && sid.is_empty() {
        ""
    } else {
        "Regular"
    }
}

#[rustfmt::skip]
const DNS_QUERY_TYPES: Names = &[
    (0, "Reserved"), (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"), (8, "MG"),
    (9, "MR"), (10, "NULL"), (11, "WKS"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"), (15, "MX"), (16, "TXT"),
    (17, "RP"), (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"), (22, "NSAP"), (23, "NSAP-PTR"), (24, "SIG"),
    (25, "KEY"), (26, "PX"), (27, "GPOS"), (28, "AAAA"), (29, "LOC"), (30, "NXT"), (31, "EID"), (32, "NIMLOC"),
    (33, "SRV"), (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (38, "A6"), (39, "DNAME"), (40, "SINK"),
    (41, "OPT"), (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"), (46, "RRSIG"), (47, "NSEC"),
    (48, "DNSKEY"), (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"), (52, "TLSA"), (53, "SMIMEA"), (55, "HIP"),
    (56, "NINFO"), (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"), (61, "OPENPGPKEY"), (62, "CSYNC"),
    (63, "ZONEMD"), (64, "SVCB"), (65, "HTTPS"), (99, "SPF"), (100, "UINFO"), (101, "UID"), (102, "GID"),
    (103, "UNSPEC"), (104, "NID"), (105, "L32"), (106, "L64"), (107, "LP"), (108, "EUI48"), (109, "EUI64"),
    (249, "TKEY"), (250, "TSIG"), (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"), (255, "ANY"),
    (256, "URI"), (257, "CAA"), (258, "AVC"), (259, "DOA"), (32_768, "TA"), (32_769, "DLV"),
];

#[rustfmt::skip]
const DNS_RESPONSE_CODES: Names = &[
    (0, "NOERROR"), (1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED"), (6, "YXDOMAIN"),
    (7, "YXRRSET"), (8, "NXRRSET"), (9, "NOTAUTH"), (10, "NOTZONE"), (11, "DSOTYPENI"), (16, "BADVERS"),
    (17, "BADKEY"), (18, "BADTIME"), (19, "BADMODE"), (20, "BADNAME"), (21, "BADALG"), (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

#[rustfmt::skip]
const ICMP_TYPES: Names = &[
    (0, "Echo Reply"), (3, "Destination Unreachable"), (4, "Source Quench"), (5, "Redirect"),
    (6, "Alternate Host Address"), (8, "Echo"), (9, "Router Advertisement"), (10, "Router Solicitation"),
    (11, "Time Exceeded"), (12, "Parameter Problem"), (13, "Timestamp"), (14, "Timestamp Reply"),
    (15, "Information Request"), (16, "Information Reply"), (17, "Address Mask Request"), (18, "Address Mask Reply"),
    (30, "Traceroute"), (31, "Datagram Conversion Error"), (32, "Mobile Host Redirect"), (33, "IPv6 Where-Are-You"),
    (34, "IPv6 I-Am-Here"), (35, "Mobile Registration Request"), (36, "Mobile Registration Reply"),
    (37, "Domain Name Request"), (38, "Domain Name Reply"), (39, "SKIP"), (40, "Photuris"),
    (42, "Extended Echo Request"), (43, "Extended Echo Reply"),
];

#[rustfmt::skip]
const PROTOCOLS: Names = &[
    (0, "HOPOPT"), (1, "ICMP"), (2, "IGMP"), (3, "GGP"), (4, "IPv4"), (5, "ST"), (6, "TCP"), (7, "CBT"), (8, "EGP"),
    (9, "IGP"), (10, "BBN-RCC-MON"), (11, "NVP-II"), (12, "PUP"), (13, "ARGUS"), (14, "EMCON"), (15, "XNET"),
    (16, "CHAOS"), (17, "UDP"), (18, "MUX"), (19, "DCN-MEAS"), (20, "HMP"), (21, "PRM"), (22, "XNS-IDP"),
    (23, "TRUNK-1"), (24, "TRUNK-2"), (25, "LEAF-1"), (26, "LEAF-2"), (27, "RDP"), (28, "IRTP"), (29, "ISO-TP4"),
    (30, "NETBLT"), (31, "MFE-NSP"), (32, "MERIT-INP"), (33, "DCCP"), (34, "3PC"), (35, "IDPR"), (36, "XTP"),
    (37, "DDP"), (38, "IDPR-CMTP"), (39, "TP++"), (40, "IL"), (41, "IPv6"), (42, "SDRP"), (43, "IPv6-Route"),
    (44, "IPv6-Frag"), (45, "IDRP"), (46, "RSVP"), (47, "GRE"), (48, "DSR"), (49, "BNA"), (50, "ESP"), (51, "AH"),
    (52, "I-NLSP"), (53, "SWIPE"), (54, "NARP"), (55, "MOBILE"), (56, "TLSP"), (57, "SKIP"), (58, "IPv6-ICMP"),
    (59, "IPv6-NoNxt"), (60, "IPv6-Opts"), (62, "CFTP"), (64, "SAT-EXPAK"), (65, "KRYPTOLAN"), (66, "RVD"),
    (67, "IPPC"), (69, "SAT-MON"), (70, "VISA"), (71, "IPCV"), (72, "CPNX"), (73, "CPHB"), (74, "WSN"), (75, "PVP"),
    (76, "BR-SAT-MON"), (77, "SUN-ND"), (78, "WB-MON"), (79, "WB-EXPAK"), (80, "ISO-IP"), (81, "VMTP"),
    (82, "SECURE-VMTP"), (83, "VINES"), (84, "TTP"), (85, "NSFNET-IGP"), (86, "DGP"), (87, "TCF"), (88, "EIGRP"),
    (89, "OSPFIGP"), (90, "Sprite-RPC"), (91, "LARP"), (92, "MTP"), (93, "AX.25"), (94, "IPIP"), (95, "MICP"),
    (96, "SCC-SP"), (97, "ETHERIP"), (98, "ENCAP"), (100, "GMTP"), (101, "IFMP"), (102, "PNNI"), (103, "PIM"),
    (104, "ARIS"), (105, "SCPS"), (106, "QNX"), (107, "A/N"), (108, "IPComp"), (109, "SNP"), (110, "Compaq-Peer"),
    (111, "IPX-in-IP"), (112, "VRRP"), (113, "PGM"), (115, "L2TP"), (116, "DDX"), (117, "IATP"), (118, "STP"),
    (119, "SRP"), (120, "UTI"), (121, "SMP"), (122, "SM"), (123, "PTP"), (124, "ISIS"), (125, "FIRE"), (126, "CRTP"),
    (127, "CRUDP"), (128, "SSCOPMCE"), (129, "IPLT"), (130, "SPS"), (131, "PIPE"), (132, "SCTP"), (133, "FC"),
    (134, "RSVP-E2E-IGNORE"), (135, "Mobility Header"), (136, "UDPLite"), (137, "MPLS-in-IP"), (138, "manet"),
    (139, "Shim6"), (140, "WESP"), (141, "ROHC"), (142, "Ethernet"), (143, "AGGFRAG"), (255, "Reserved"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_for_searching() {
        for names in [DNS_QUERY_TYPES, DNS_RESPONSE_CODES, ICMP_TYPES, PROTOCOLS] {
            assert!(names.is_sorted_by_key(|entry| entry.0));
        }
    }
}
