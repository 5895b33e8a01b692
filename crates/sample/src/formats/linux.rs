//! Syslog of Linux hosts: RFC 3164 from the older ones, RFC 5424 from those set up later.

use crate::clock::{bsd, millis};
use jiff::Timestamp;

/// A program's message.
pub(crate) struct Message<'a> {
    /// Facility times eight plus severity (RFC 5424 §6.2.1).
    pub(crate) priority: u8,
    pub(crate) program: &'a str,
    pub(crate) pid: i64,
    pub(crate) text: &'a str,
}

/// Builds the line, without its line feed; `modern` picks RFC 5424.
pub(crate) fn line(at: Timestamp, host: &str, modern: bool, what: &Message<'_>) -> String {
    let Message {
        priority,
        program,
        pid,
        text,
    } = what;
    if modern {
        format!(
            "<{priority}>1 {} {host} {program} {pid} - - {text}",
            millis(at)
        )
    } else {
        format!("<{priority}>{} {host} {program}[{pid}]: {text}", bsd(at))
    }
}
