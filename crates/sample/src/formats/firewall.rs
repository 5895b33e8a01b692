//! Firewall traffic logs in CEF over syslog (RFC 3164 header), with FortiOS' documented names.
//! `rt` is added so that the year, which the header lacks, is never guessed.

use crate::clock::bsd;
use jiff::Timestamp;

/// One connection the firewall decided on.
pub(crate) struct Traffic<'a> {
    pub(crate) source: (&'a str, i64),
    pub(crate) destination: (&'a str, i64),
    pub(crate) allowed: bool,
    pub(crate) inbound: bool,
    pub(crate) app: &'a str,
    pub(crate) sent: i64,
    pub(crate) received: i64,
    pub(crate) session: i64,
}

/// Builds the line, without its line feed.
pub(crate) fn line(at: Timestamp, host: &str, what: &Traffic<'_>) -> String {
    let (action, severity) = if what.allowed {
        ("close", 3)
    } else {
        ("deny", 5)
    };
    let (from, to) = if what.inbound {
        ("wan1", "dmz")
    } else {
        ("lan", "wan1")
    };
    let priority = if what.allowed { 189 } else { 188 };
    format!(
        "<{priority}>{} {host} CEF:0|Fortinet|Fortigate|v7.4.3|00013|traffic:forward {action}|{severity}|\
         rt={} deviceExternalId=FGVM010000000417 FTNTFGTlogid=0000000013 cat=traffic:forward \
         src={} spt={} deviceInboundInterface={from} dst={} dpt={} deviceOutboundInterface={to} \
         proto=6 act={action} app={} externalId={} out={} in={}",
        bsd(at),
        at.as_millisecond(),
        what.source.0,
        what.source.1,
        what.destination.0,
        what.destination.1,
        what.app,
        what.session,
        what.sent,
        what.received,
    )
}
