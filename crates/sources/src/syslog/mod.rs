//! Syslog: RFC 5424, RFC 3164 and what devices make of it, to `Syslog`; CEF inside goes to
//! `CommonSecurityLog`. One line of a file, one datagram or one frame of a stream is one message.

mod framing;
mod header;
mod structured;
mod when;

use std::borrow::Cow;

use schema::{Event, LogSource, Position, Reject, Row};
use serde_json::{Map, Value as Json};

pub use framing::{Frame, Framing};
pub(crate) use header::{Header, Shape};
pub(crate) use when::resolve;

use crate::lines::Lines;
use crate::source::go_on;
use crate::{
    Confidence, DecodeContext, DecodeError, Input, Limits, Sink, Source, SourceSpec, cef_syslog,
};

static SPEC: SourceSpec = SourceSpec {
    name: "syslog",
    title: "Syslog (RFC 3164 and RFC 5424)",
    doc: "Messages of RFC 5424 and RFC 3164 with the variants that devices send. RFC 3164 times \
          have neither year nor zone: the year is the one nearest to the receipt, the zone is the \
          source's (UTC unless set). A line that matches nothing is stored whole, with \
          AdditionalFields.ParseStatus = \"unparsed\". CEF inside goes to CommonSecurityLog.",
    tables: &["Syslog", "CommonSecurityLog"],
    reference: "RFC 3164; RFC 5424; RFC 6587",
};

/// The source.
pub(crate) struct Syslog;

impl Source for Syslog {
    fn spec(&self) -> &'static SourceSpec {
        &SPEC
    }

    fn sniff(&self, head: &[u8], file_name: &str) -> Confidence {
        let ctx = DecodeContext::new(jiff::Timestamp::UNIX_EPOCH);
        let mut best = Confidence::No;
        for line in text_lines(head).take(LINES_LOOKED_AT) {
            best = best.max(match Header::parse(line, &ctx).shape {
                Shape::Rfc5424 => Confidence::Certain,
                Shape::Rfc3164 | Shape::PriorityOnly => Confidence::Likely,
                Shape::Unknown => Confidence::No,
            });
        }
        // Other text is taken only where its name says that it is a log: a folder may hold notes.
        let is_log = file_name.rsplit('.').take(2).any(|part| part == "log");
        if best == Confidence::No && is_log && is_text(head) {
            return Confidence::Fallback;
        }
        best
    }

    fn decode(
        &self,
        input: &mut dyn Input,
        ctx: &DecodeContext<'_>,
        out: &mut dyn Sink,
    ) -> Result<(), DecodeError> {
        decode_lines(input, ctx, out)
    }
}

/// Lines of the head that [`Source::sniff`] looks at.
const LINES_LOOKED_AT: usize = 10;

/// The lines that are text and not empty.
pub(crate) fn text_lines(head: &[u8]) -> impl Iterator<Item = &str> {
    head.split(|byte| *byte == b'\n')
        .filter_map(|line| match std::str::from_utf8(line) {
            Ok(line) => Some(line).filter(|line| !line.trim().is_empty()),
            // Cut by the head within a character, or with a stray byte later on.
            Err(error) if error.valid_up_to() > 16 => {
                std::str::from_utf8(&line[..error.valid_up_to()]).ok()
            }
            Err(_) => None,
        })
}

/// Printable text of any kind: worth storing line by line.
fn is_text(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(4096)];
    let odd = sample
        .iter()
        .filter(|byte| **byte < 0x20 && !b"\t\r\n\x1b".contains(byte))
        .count();
    !sample.is_empty() && odd == 0 && !crate::head::starts_like_json(head)
}

/// Decodes a file of messages, one a line.
pub(crate) fn decode_lines(
    input: &mut dyn Input,
    ctx: &DecodeContext<'_>,
    out: &mut dyn Sink,
) -> Result<(), DecodeError> {
    let file = input.name().to_owned();
    let mut lines = Lines::new(input, &ctx.limits);
    while let Some(line) = lines.next() {
        let position = Position {
            file: file.clone(),
            record: line.number,
            byte_offset: Some(line.offset),
        };
        let decoded = if line.overlong {
            Err(overlong(line.bytes, &ctx.limits))
        } else {
            decode_syslog_message(line.bytes, ctx)
        };
        match decoded {
            Ok(mut event) => {
                event.position = position;
                go_on(out.event(event))?;
            }
            Err(mut reject) => {
                reject.position = position;
                go_on(out.reject(reject))?;
            }
        }
    }
    Ok(lines.finish()?)
}

fn overlong(bytes: &[u8], limits: &Limits) -> Reject {
    Reject {
        reason: format!("longer than {} bytes", limits.max_record_bytes),
        raw: bytes[..bytes.len().min(Limits::OVERLONG_KEPT_BYTES)].to_vec(),
        position: Position::default(),
    }
}

/// Decodes one message: a datagram, a frame, or a line. CEF goes to `CommonSecurityLog`,
/// everything else to `Syslog`; text that matches nothing is stored whole and flagged. The
/// position is left empty for the caller to fill.
///
/// # Errors
/// A reject for an empty message, one longer than the record limit, and bytes that are neither
/// UTF-8 nor begin as a syslog message does.
pub fn decode_syslog_message(bytes: &[u8], ctx: &DecodeContext<'_>) -> Result<Event, Reject> {
    if bytes.len() > ctx.limits.max_record_bytes {
        return Err(overlong(bytes, &ctx.limits));
    }
    let trimmed = trim_end(bytes);
    if trimmed.is_empty() {
        return Err(Reject {
            reason: "empty message".into(),
            raw: bytes.to_vec(),
            position: Position::default(),
        });
    }
    let (text, encoding) = read_text(trimmed);
    let header = Header::parse(&text, ctx);
    if encoding.is_some() && header.shape == Shape::Unknown {
        return Err(Reject {
            reason: "neither UTF-8 text nor a message with a syslog header".into(),
            raw: bytes.to_vec(),
            position: Position::default(),
        });
    }
    let mut event = match cef_syslog::event(&header, &text, ctx) {
        Some(event) => event,
        None => to_event(header, &text, ctx),
    };
    if let Some(encoding) = encoding {
        event.row.keep("Encoding", encoding.into());
    }
    Ok(event)
}

/// The message as text, and its encoding when that is not UTF-8. Devices that send no UTF-8 mostly
/// send ISO 8859-1; read as that, every byte can be told from the text again. A character that the
/// sender cut off at the end makes no other encoding of what stands before it.
fn read_text(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), None),
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            (String::from_utf8_lossy(bytes), None)
        }
        Err(_) => {
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            (text.into(), Some("iso-8859-1"))
        }
    }
}

/// Senders end messages with line breaks and NUL bytes.
fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0 | b' '));
    &bytes[..end.map_or(0, |end| end + 1)]
}

fn to_event(header: Header<'_>, text: &str, ctx: &DecodeContext<'_>) -> Event {
    let mut row = Row::new(ctx.table_schema("Syslog"));
    row.set("SyslogMessage", header.message);
    fill_host(&mut row, header.host);
    if !header.host.is_empty() {
        row.set("HostName", header.host);
    }
    row.set("ProcessName", header.app);
    match header.pid.parse::<i32>() {
        Ok(pid) => row.set("ProcessID", i64::from(pid)),
        Err(_) if !header.pid.is_empty() => row.keep("ProcId", header.pid.into()),
        Err(_) => {}
    }
    if let Some((facility, severity)) = header.priority {
        row.set("Facility", facility);
        row.set("SeverityLevel", severity);
    }
    if let Some(at) = header.time {
        row.set("EventTime", at);
    }
    if !header.message_id.is_empty() {
        row.keep("MsgId", header.message_id.into());
    }
    if !header.structured.is_empty() {
        row.keep("StructuredData", Json::Object(header.structured.clone()));
    }
    match header.shape {
        Shape::Rfc5424 | Shape::Rfc3164 => {}
        Shape::PriorityOnly => {
            row.keep("ParseStatus", "priority only".into());
            row.keep("RawMessage", text.into());
        }
        Shape::Unknown => row.keep("ParseStatus", "unparsed".into()),
    }
    Event {
        row,
        time: header.time,
        log_source: log_source(&header),
        native: native(header),
        position: Position::default(),
    }
}

/// The sending host's columns.
pub(crate) fn fill_host(row: &mut Row, host: &str) {
    if host.is_empty() {
        return;
    }
    row.set("Computer", host);
    if host.parse::<std::net::IpAddr>().is_ok() && row.table().position("HostIP").is_some() {
        row.set("HostIP", host);
    }
}

/// The message in the names of RFC 5424, with `message` as Sigma's keyword searches want it.
fn native(header: Header<'_>) -> Map<String, Json> {
    let mut native = header.structured;
    if let Some((facility, severity)) = header.priority {
        native.insert("facility".into(), facility.into());
        native.insert("severity".into(), severity.into());
    }
    for (name, value) in [
        ("hostname", header.host),
        ("appname", header.app),
        ("procid", header.pid),
        ("msgid", header.message_id),
        ("message", header.message),
    ] {
        if !value.is_empty() {
            native.insert(name.into(), value.into());
        }
    }
    native
}

/// Sigma's Linux services (SigmaHQ, log sources of product `linux`).
fn log_source(header: &Header<'_>) -> LogSource {
    let app = header.app.to_ascii_lowercase();
    let by_app = match app.as_str() {
        "sshd" | "sshd-session" => "sshd",
        "sudo" => "sudo",
        "cron" | "crond" | "anacron" => "cron",
        "auditd" | "audispd" | "audit" => "auditd",
        "clamd" | "freshclam" | "clamav" => "clamav",
        "vsftpd" => "vsftpd",
        "guacd" | "guacamole" => "guacamole",
        _ => "",
    };
    let service = match (by_app, header.priority) {
        ("", Some(("auth" | "authpriv", _))) => "auth",
        ("", Some(("cron", _))) => "cron",
        ("", _) => "syslog",
        (service, _) => service,
    };
    LogSource::new("linux", service)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
