//! The values of literals: numbers, timespan units, escapes, and the typed forms `datetime(...)`, `dynamic(...)`, ...
//!
//! Ticks are 100 ns. A datetime counts from 0001-01-01T00:00:00 ("The datetime data type" in the Kusto reference).

use crate::syntax::tree::Constant;
use crate::types::Type;
mod dynamic;
mod text;
mod time;
pub(super) use dynamic::{dynamic, repeated_keys};
pub(crate) use text::place_in_string;
pub use time::{datetime, print_datetime, print_timespan, timespan};

/// Ticks of a second.
pub const SECOND: i64 = 10_000_000;

/// Ticks of a day.
pub const DAY: i64 = 86_400 * SECOND;

/// The greatest datetime, 9999-12-31T23:59:59.9999999.
pub const MAX_DATETIME: i64 = 3_155_378_975_999_999_999;

/// Ticks of a timespan unit (`d`, `hours`, `ms`, ...).
pub fn unit_ticks(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" | "day" | "days" => 864e9,
        "h" | "hr" | "hrs" | "hour" | "hours" => 36e9,
        "m" | "min" | "minute" | "minutes" => 6e8,
        "s" | "sec" | "second" | "seconds" => 1e7,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => 1e4,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 10.0,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => 0.01,
        "tick" | "ticks" => 1.0,
        _ => return None,
    })
}

/// `number` of units of `ticks` each; `None` when it leaves the range.
pub fn scale(number: &str, ticks: f64) -> Option<i64> {
    if ticks >= 1.0
        && let Ok(whole) = number.parse::<i64>()
    {
        // Units of a tick and more are whole numbers of ticks; exact for every count that fits.
        #[allow(clippy::cast_possible_truncation)]
        return whole.checked_mul(ticks as i64);
    }
    let value = number.parse::<f64>().ok()? * ticks;
    #[allow(clippy::cast_possible_truncation)]
    (value.abs() < 9.2e18).then_some(value.round() as i64)
}

/// Decodes what follows a backslash: the character (or `None` for an unknown escape) and the bytes it took.
pub fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(c) = rest.chars().next() else {
        return (None, 0);
    };
    let simple = match c {
        '\\' | '"' | '\'' => Some(c),
        't' => Some('\t'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        '0' => Some('\0'),
        _ => None,
    };
    if let Some(decoded) = simple {
        return (Some(decoded), c.len_utf8());
    }
    let length = match c {
        'u' => 4,
        'U' => 8,
        'x' => 2,
        _ => {
            return (
                None,
                if c == '\n' || c == '\r' {
                    0
                } else {
                    c.len_utf8()
                },
            );
        }
    };
    let code = rest
        .get(1..=length)
        .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let decoded = code
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32);
    (decoded, if code.is_some() { 1 + length } else { 1 })
}

/// The `)` that closes the `(` at `open`: of `dynamic`, where quotes and nesting count; of others the first one.
pub fn closing_parenthesis(text: &str, open: usize, ty: Type) -> Option<usize> {
    let bytes = text.as_bytes();
    if ty != Type::Dynamic {
        let rest = &text[open + 1..];
        let end = rest.find([')', '\n'])?;
        // A bracket on another line is not the one that is missing here, unless only blanks lie between.
        let after = rest[end..].trim_start();
        return after.starts_with(')').then_some(text.len() - after.len());
    }
    let mut depth = 0usize;
    let mut at = open;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return (b == b')').then_some(at);
                }
            }
            b'"' | b'\'' => at = end_of_quoted(bytes, at)?,
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while bytes.get(at + 1).is_some_and(|b| *b != b'\n') {
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn end_of_quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let verbatim = start > 0 && bytes[start - 1] == b'@';
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\n' => return None,
            b'\\' if !verbatim => at += 1,
            b if *b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

/// Reads the inside of a typed literal.
pub fn typed(ty: Type, content: &str) -> Option<Constant> {
    let content = content.trim();
    if content == "null" {
        return Some(Constant::Null(ty));
    }
    let unquoted = unquote(content);
    Some(match ty {
        Type::Bool => Constant::Bool(match unquoted.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            other => other.parse::<i64>().ok()? != 0,
        }),
        Type::Int => Constant::Int(integer(unquoted)?.try_into().ok()?),
        Type::Long => Constant::Long(integer(unquoted)?),
        Type::Real => Constant::Real(match unquoted.to_ascii_lowercase().as_str() {
            "nan" => f64::NAN,
            "+inf" | "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            other => other.parse().ok()?,
        }),
        Type::Decimal => Constant::Decimal(decimal(unquoted)?),
        Type::DateTime => Constant::DateTime(datetime(unquoted)?),
        Type::TimeSpan => Constant::TimeSpan(timespan(unquoted)?),
        Type::Guid => Constant::Guid(guid(unquoted)?),
        Type::Dynamic | Type::String | Type::Unknown => return None,
    })
}

fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.trim();
        }
    }
    text
}

fn integer(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(u64::cast_signed);
    }
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    compact.parse().ok()
}

fn decimal(text: &str) -> Option<String> {
    let digits = text.trim_start_matches(['-', '+']);
    let plain = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    (plain && digits.parse::<f64>().is_ok()).then(|| text.to_owned())
}

/// Reads a guid with or without dashes and braces; gives the canonical lower-case form.
pub fn guid(text: &str) -> Option<String> {
    let inner = text.trim().trim_matches(['{', '}', '(', ')']);
    let digits: String = inner
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    Some(parts.join("-"))
}
