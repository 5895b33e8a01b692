//! `timespan` ticks (100 ns) to and from text.

/// Ticks in a second, minute, hour and day.
pub(crate) const SECOND: i64 = 10_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// `[-][d.]hh:mm:ss[.fffffff]`, the fraction only when there is one and then with seven digits.
pub(crate) fn format(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let t = ticks.unsigned_abs();
    let (day, second) = (DAY.unsigned_abs(), SECOND.unsigned_abs());
    let days = t / day;
    let (h, m, s) = (
        t % day / HOUR.unsigned_abs(),
        t % HOUR.unsigned_abs() / MINUTE.unsigned_abs(),
        t % MINUTE.unsigned_abs() / second,
    );
    let fraction = t % second;
    let days = if days > 0 {
        format!("{days}.")
    } else {
        String::new()
    };
    if fraction == 0 {
        format!("{sign}{days}{h:02}:{m:02}:{s:02}")
    } else {
        format!("{sign}{days}{h:02}:{m:02}:{s:02}.{fraction:07}")
    }
}

/// Reads `[-][d.]hh:mm[:ss[.f]]`, `1d`, `1.5h`, `10 min`, and a bare number of days.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let ticks = if body.contains(':') {
        parse_clock(body)?
    } else {
        parse_unit(body)?
    };
    Some(if negative { -ticks } else { ticks })
}

fn parse_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    let (days, hours) = match first.split_once('.') {
        Some((days, hours)) => (digits(days)?, digits(hours)?),
        None => (0, digits(first)?),
    };
    let minutes = digits(parts.next()?)?;
    let (seconds, fraction) = match parts.next() {
        Some(part) => match part.split_once('.') {
            Some((seconds, fraction)) => (digits(seconds)?, fraction_ticks(fraction)?),
            None => (digits(part)?, 0),
        },
        None => (0, 0),
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 || (first.contains('.') && hours > 23)
    {
        return None;
    }
    days.checked_mul(DAY)?
        .checked_add(hours.checked_mul(HOUR)?)?
        .checked_add(minutes * MINUTE + seconds * SECOND + fraction)
}

fn parse_unit(text: &str) -> Option<i64> {
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text.get(..split)?.parse().ok()?;
    #[allow(clippy::cast_precision_loss)]
    let unit = match text.get(split..)?.trim() {
        "" | "d" | "day" | "days" => DAY as f64,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR as f64,
        "m" | "min" | "minute" | "minutes" => MINUTE as f64,
        "s" | "sec" | "second" | "seconds" => SECOND as f64,
        "ms" | "millisecond" | "milliseconds" => 10_000.0,
        "microsecond" | "microseconds" => 10.0,
        "tick" | "ticks" => 1.0,
        _ => return None,
    };
    super::number::real_to_long((number * unit).round())
}

/// One to seven digits after the point as ticks; more digits are cut.
pub(crate) fn fraction_ticks(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seven: String = text.chars().chain("0000000".chars()).take(7).collect();
    seven.parse().ok()
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
