//! The header of a syslog message.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use serde_json::{Map, Value as Json};

use super::structured;
use super::when::resolve;
use crate::DecodeContext;

/// Which form the header had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// RFC 5424.
    Rfc5424,
    /// RFC 3164 or a variant: at least a time was found.
    Rfc3164,
    /// A priority and nothing else.
    PriorityOnly,
    /// Nothing was recognised; the message is the whole text.
    Unknown,
}

/// Header fields; `""` where the message has none.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) shape: Shape,
    /// Names of facility and severity.
    pub(crate) priority: Option<(&'static str, &'static str)>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) host: &'a str,
    pub(crate) app: &'a str,
    pub(crate) pid: &'a str,
    pub(crate) message_id: &'a str,
    pub(crate) structured: Map<String, Json>,
    pub(crate) message: &'a str,
}

/// RFC 5424 §6.2.1, table 1; names as syslog daemons and Log Analytics write them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// RFC 5424 §6.2.1, table 2.
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

impl<'a> Header<'a> {
    /// Reads what can be read; never fails.
    pub(crate) fn parse(text: &'a str, ctx: &DecodeContext<'_>) -> Self {
        let (priority, rest) = priority(text);
        let mut header = Header {
            shape: if priority.is_some() {
                Shape::PriorityOnly
            } else {
                Shape::Unknown
            },
            priority,
            time: None,
            host: "",
            app: "",
            pid: "",
            message_id: "",
            structured: Map::new(),
            message: rest,
        };
        let done = header.rfc5424(rest) || header.rfc3164(rest, ctx) || header.fortigate(rest, ctx);
        if !done && header.shape == Shape::Unknown {
            header.message = text;
        }
        header
    }

    /// `1 TIME HOST APP PROCID MSGID SD MSG` (RFC 5424 §6).
    fn rfc5424(&mut self, rest: &'a str) -> bool {
        let Some(rest) = rest.strip_prefix("1 ") else {
            return false;
        };
        let mut fields = rest.splitn(6, ' ');
        let mut field = || {
            fields
                .next()
                .map(|field| if field == "-" { "" } else { field })
        };
        let (Some(time), Some(host), Some(app), Some(pid), Some(message_id)) =
            (field(), field(), field(), field(), field())
        else {
            return false;
        };
        let parsed = time.parse::<Timestamp>();
        if parsed.is_err() && !time.is_empty() {
            return false;
        }
        let tail = fields.next().unwrap_or_default();
        let Some((structured, message)) = structured::parse(tail) else {
            return false;
        };
        self.shape = Shape::Rfc5424;
        self.time = parsed.ok();
        (self.host, self.app, self.pid, self.message_id) = (host, app, pid, message_id);
        self.structured = structured;
        self.message = message.strip_prefix('\u{feff}').unwrap_or(message);
        true
    }

    /// `Mmm dd hh:mm:ss HOST TAG[pid]: MSG` (RFC 3164 §4.1) with years, zones, sequence numbers
    /// and ISO times as devices send them.
    fn rfc3164(&mut self, rest: &'a str, ctx: &DecodeContext<'_>) -> bool {
        let mut at = skip_sequence(rest).trim_start();
        // Cisco marks a clock that is not synchronised.
        at = at.trim_start_matches(['*', '.']);
        let Some((time, after)) = read_time(at, ctx) else {
            return false;
        };
        self.shape = Shape::Rfc3164;
        self.time = time;
        let after = after.trim_start();
        let first = after.split(' ').next().unwrap_or_default();
        let is_tag = first.ends_with(':') || first.contains('[') || first.starts_with('%');
        // A host is followed by something; `host:` before `%` is Cisco's.
        let mut body = after;
        if first == ":" {
            body = after[1..].trim_start();
        } else if !first.is_empty() && !is_tag && is_host(first) && after.len() > first.len() {
            self.host = first;
            body = after[first.len()..].trim_start();
        }
        self.message = body;
        self.tag(body.strip_prefix(": ").unwrap_or(body));
        true
    }

    /// `TAG[pid]: ` or `TAG: ` before the message.
    fn tag(&mut self, body: &'a str) {
        let Some(end) = body.find(|c: char| c == ':' || c == '[' || c.is_whitespace()) else {
            return;
        };
        let name = &body[..end];
        if name.is_empty()
            || name.len() > 64
            || name.contains([',', '=', '"', '|'])
            || name == "CEF"
        {
            return;
        }
        let rest = &body[end..];
        if let Some(message) = rest.strip_prefix(':') {
            self.app = name;
            self.message = message.trim_start();
        } else if let Some(inner) = rest.strip_prefix('[')
            && let Some((pid, message)) = inner.split_once(']')
            && !pid.contains(' ')
        {
            self.app = name;
            self.pid = pid;
            self.message = message.strip_prefix(':').unwrap_or(message).trim_start();
        }
    }

    /// FortiGate sends `date=... time=... devname="..."` without a header.
    fn fortigate(&mut self, rest: &'a str, ctx: &DecodeContext<'_>) -> bool {
        if !rest.starts_with("date=") {
            return false;
        }
        let value = |key: &str| {
            let found = rest.find(&format!(" {key}=")).map(|at| at + 1);
            let at = if rest.starts_with(&format!("{key}=")) {
                Some(0)
            } else {
                found
            };
            let value = &rest[at? + key.len() + 1..];
            match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split(' ').next(),
            }
        };
        let (Some(date), Some(time)) = (value("date"), value("time")) else {
            return false;
        };
        let Ok(civil) = format!("{date}T{time}").parse::<DateTime>() else {
            return false;
        };
        let zoned = value("tz").and_then(|tz| {
            let tz = if tz.len() == 5 {
                format!("{}:{}", tz.get(..3)?, tz.get(3..)?)
            } else {
                tz.to_owned()
            };
            format!("{date}T{time}{tz}").parse::<Timestamp>().ok()
        });
        self.time = zoned.or_else(|| resolve(civil, None, ctx));
        self.host = value("devname").unwrap_or_default();
        self.shape = Shape::Rfc3164;
        self.message = rest;
        true
    }
}

/// `<0>` to `<191>` (RFC 5424 §6.2.1).
fn priority(text: &str) -> (Option<(&'static str, &'static str)>, &str) {
    let parsed = text.strip_prefix('<').and_then(|rest| {
        let (digits, rest) = rest.split_once('>')?;
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        let value: usize = digits.parse().ok()?;
        Some((
            (*FACILITIES.get(value / 8)?, *SEVERITIES.get(value % 8)?),
            rest,
        ))
    });
    match parsed {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, text),
    }
}

/// Cisco's sequence number: `000123: `.
fn skip_sequence(text: &str) -> &str {
    match text.split_once(": ") {
        Some((digits, rest))
            if !digits.is_empty()
                && digits.len() < 12
                && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest
        }
        _ => text,
    }
}

fn is_host(word: &str) -> bool {
    word.len() < 256
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || ".-_:/".contains(c))
}

/// The time at the start and what follows it. The instant is `None` when the calendar has no such
/// date.
fn read_time<'a>(text: &'a str, ctx: &DecodeContext<'_>) -> Option<(Option<Timestamp>, &'a str)> {
    let first = text.split(' ').next()?;
    let bare = first.trim_end_matches(':');
    if bare.len() >= 19 && bare.as_bytes().get(4) == Some(&b'-') {
        let rest = &text[first.len()..];
        if let Ok(at) = bare.parse::<Timestamp>() {
            return Some((Some(at), rest));
        }
        if let Ok(civil) = bare.parse::<DateTime>() {
            return Some((resolve(civil, None, ctx), rest));
        }
    }
    month_day_time(text, ctx)
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// `Mmm dd [yyyy] hh:mm:ss[.fff] [yyyy] [zone]`.
fn month_day_time<'a>(
    text: &'a str,
    ctx: &DecodeContext<'_>,
) -> Option<(Option<Timestamp>, &'a str)> {
    let name = text.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|month| *month == name)? as i8 + 1;
    let (day, rest) = word(text.get(3..)?)?;
    let day: i8 = day.parse().ok()?;
    let (mut clock, mut rest) = word(rest)?;
    let mut year = year_of(clock);
    if year.is_some() {
        (clock, rest) = word(rest)?;
    }
    let clock = clock.trim_end_matches(':');
    let time = clock_time(clock)?;
    if year.is_none()
        && let Some((next, after)) = word(rest)
        && let Some(found) = year_of(next.trim_end_matches(':'))
    {
        (year, rest) = (Some(found), after);
    }
    // A zone that can be told for sure; other abbreviations are ambiguous and read as the host.
    let mut utc = false;
    if let Some((next, after)) = word(rest)
        && matches!(next.trim_end_matches(':'), "UTC" | "GMT" | "Z")
    {
        (utc, rest) = (true, after);
    }
    let at = match year {
        Some(year) => Date::new(year, month, day)
            .ok()
            .map(|date| date.to_datetime(time)),
        // The year is put in by `resolve`; 2000 was a leap year and takes every day.
        None => Date::new(2000, month, day)
            .ok()
            .map(|date| date.to_datetime(time)),
    };
    let zone = utc.then_some(jiff::tz::TimeZone::UTC);
    let at = at.and_then(|civil| match year {
        Some(_) => super::when::fixed(civil, zone.as_ref(), ctx),
        None => super::when::nearest_year(civil, zone.as_ref(), ctx),
    });
    Some((at, rest))
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    if text.is_empty() {
        return None;
    }
    Some(text.split_at(text.find(' ').unwrap_or(text.len())))
}

fn year_of(word: &str) -> Option<i16> {
    let year: i16 = (word.len() == 4).then(|| word.parse().ok())??;
    (1970..2200).contains(&year).then_some(year)
}

/// `hh:mm:ss` with an optional fraction.
fn clock_time(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = whole.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    // A leap second is read as the last one before it.
    Time::new(hour, minute, second.min(59), nanoseconds).ok()
}
