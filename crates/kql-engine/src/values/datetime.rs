//! `datetime` ticks (100 ns since 0001-01-01T00:00:00Z, proleptic Gregorian) to and from text, calendar
//! fields, and the microseconds since 1970 that stored columns hold.

use super::timespan::{DAY, HOUR, MINUTE, SECOND, fraction_ticks};

/// Ticks at 1970-01-01.
pub(crate) const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
/// Greatest value: 9999-12-31T23:59:59.9999999.
pub(crate) const MAX: i64 = 3_155_378_975_999_999_999;

/// A civil date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    /// Ticks since midnight.
    pub(crate) time: i64,
}

/// Keeps values inside `datetime`'s range; null outside of it.
pub(crate) fn checked(ticks: i64) -> Option<i64> {
    (0..=MAX).contains(&ticks).then_some(ticks)
}

/// Ticks of a stored timestamp (microseconds since 1970). Saturates far outside of `datetime`'s range.
pub(crate) fn from_unix_micros(micros: i64) -> i64 {
    micros.saturating_mul(10).saturating_add(UNIX_EPOCH)
}

/// Days from 0001-01-01 of a civil date (month and day in range).
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 306
}

pub(crate) fn civil(ticks: i64) -> Civil {
    let z = ticks.div_euclid(DAY) + 306;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month,
        day,
        time: ticks.rem_euclid(DAY),
    }
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Ticks of a civil date and time, or `None` when a field is out of range.
pub(crate) fn from_fields(year: i64, month: i64, day: i64, time: i64) -> Option<i64> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
    {
        return None;
    }
    checked(days_from_civil(year, month, day) * DAY + time)
}

/// `2017-01-01T00:00:00.0000000Z`, as `tostring()` prints it.
pub(crate) fn format(ticks: i64) -> String {
    let c = civil(ticks);
    let t = c.time;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        c.year,
        c.month,
        c.day,
        t / HOUR,
        t % HOUR / MINUTE,
        t % MINUTE / SECOND,
        t % SECOND
    )
}

/// RFC 3339 with up to seven digits, trailing zeros cut, as query responses print it.
pub(crate) fn format_trimmed(ticks: i64) -> String {
    let text = format(ticks);
    let body = text
        .trim_end_matches('Z')
        .trim_end_matches('0')
        .trim_end_matches('.');
    // A whole minute ends in `:00`, whose zeros were cut as well when there was no fraction.
    if ticks % SECOND == 0 {
        format!("{}Z", text.get(..19).unwrap_or(body))
    } else {
        format!("{body}Z")
    }
}

/// Reads the forms `todatetime()` takes: ISO 8601 with or without time, fraction and offset; RFC 1123;
/// `month/day/year` with an optional clock; a day, a month name and a year. `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    parse_canonical(text)
        .or_else(|| parse_iso(text))
        .or_else(|| parse_slashes(text))
        .or_else(|| parse_named_month(text))
}

/// `yyyy-MM-ddTHH:mm:ss.fffffffZ`, as datetimes are printed: every digit has its place.
fn parse_canonical(text: &str) -> Option<i64> {
    let bytes: &[u8; 28] = text.as_bytes().try_into().ok()?;
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (27, b'Z'),
    ];
    if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_i64, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    from_fields(
        number(0, 4)?,
        number(5, 7)?,
        number(8, 10)?,
        seconds * 10_000_000 + number(20, 27)?,
    )
}

fn parse_iso(text: &str) -> Option<i64> {
    let mut fields = text.splitn(3, '-');
    let year: i64 = number(fields.next()?, 4, 4)?;
    let month = number(fields.next()?, 1, 2)?;
    let rest = match fields.next() {
        Some(rest) => rest,
        None => return from_fields(year, month, 1, 0),
    };
    let day_len = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let day = number(rest.get(..day_len)?, 1, 2)?;
    let clock = rest.get(day_len..)?;
    if clock.is_empty() {
        return from_fields(year, month, day, 0);
    }
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = parse_clock(clock)?;
    checked(
        from_fields(year, month, day, 0)?
            .checked_add(time)?
            .checked_sub(offset)?,
    )
}

/// `hh:mm[:ss[.f]][Z|±hh[:mm]]` with an optional am/pm: ticks of day and offset.
fn parse_clock(text: &str) -> Option<(i64, i64)> {
    let text = text.trim();
    let (text, offset) = split_offset(text)?;
    let (text, pm) = split_meridiem(text.trim());
    let mut parts = text.trim().split(':');
    let mut hour = number(parts.next()?, 1, 2)?;
    let minute = match parts.next() {
        Some(part) => number(part, 1, 2)?,
        None => 0,
    };
    let (second, fraction) = match parts.next() {
        Some(part) => match part.split_once(['.', ',']) {
            Some((second, fraction)) => (number(second, 1, 2)?, fraction_ticks(fraction)?),
            None => (number(part, 1, 2)?, 0),
        },
        None => (0, 0),
    };
    if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    if let Some(pm) = pm {
        hour = hour % 12 + if pm { 12 } else { 0 };
    }
    Some((
        hour * HOUR + minute * MINUTE + second * SECOND + fraction,
        offset,
    ))
}

fn split_meridiem(text: &str) -> (&str, Option<bool>) {
    let Some(at) = text
        .len()
        .checked_sub(2)
        .filter(|at| text.is_char_boundary(*at))
    else {
        return (text, None);
    };
    let (head, tail) = text.split_at(at);
    match tail.to_ascii_lowercase().as_str() {
        "am" => (head, Some(false)),
        "pm" => (head, Some(true)),
        _ => (text, None),
    }
}

fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(text) = text.strip_suffix(['Z', 'z']) {
        return Some((text, 0));
    }
    if let Some(text) = text
        .strip_suffix("GMT")
        .or_else(|| text.strip_suffix("UTC"))
    {
        return Some((text, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, offset) = text.split_at(at);
    let negative = offset.starts_with('-');
    let digits: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
    let minutes = match digits.len() {
        1 | 2 => number(&digits, 1, 2)? * 60,
        4 => number(digits.get(..2)?, 2, 2)? * 60 + number(digits.get(2..)?, 2, 2)?,
        _ => return None,
    };
    Some((clock, if negative { -minutes } else { minutes } * MINUTE))
}

fn parse_slashes(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(' ').unwrap_or((text, ""));
    let mut fields = date.split(['/', '-']);
    let (a, b, c) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, a, b) };
    let base = from_fields(
        number(year, 4, 4)?,
        number(month, 1, 2)?,
        number(day, 1, 2)?,
        0,
    )?;
    if clock.trim().is_empty() {
        return Some(base);
    }
    let (time, offset) = parse_clock(clock)?;
    checked(base + time - offset)
}

/// `[ddd,] dd MMM yyyy [clock]`, `MMM dd[,] yyyy [clock]`, and the same with dashes.
fn parse_named_month(text: &str) -> Option<i64> {
    let cleaned = text.replace([',', '-'], " ");
    let source = if text.contains(':') {
        // A dash beside a letter is one of the date's, any other may begin an offset.
        undashed(&text.replace(',', " "))
    } else {
        cleaned
    };
    let mut words = source.split_whitespace().peekable();
    let weekday = |w: &str| {
        matches!(
            w.get(..3).map(str::to_ascii_lowercase).as_deref(),
            Some("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")
        )
    };
    if words.peek().is_some_and(|w| weekday(w)) {
        words.next();
    }
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    let (day, month) = match month_number(first) {
        Some(month) => (second, month),
        None => (first, month_number(second)?),
    };
    let year = number(third, 2, 4)?;
    let year = if third.len() == 2 {
        year + if year < 50 { 2000 } else { 1900 }
    } else {
        year
    };
    let base = from_fields(year, month, number(day, 1, 2)?, 0)?;
    let clock: Vec<&str> = words.collect();
    if clock.is_empty() {
        return Some(base);
    }
    let (time, offset) = parse_clock(&clock.join(" "))?;
    checked(base + time - offset)
}

fn undashed(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let letter = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(|c| c.is_ascii_alphabetic())
    };
    let plain = |(at, c): (usize, &char)| match c {
        '-' if letter(at.checked_sub(1)) || letter(at.checked_add(1)) => ' ',
        c => *c,
    };
    chars.iter().enumerate().map(plain).collect()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_number(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    if word.len() < 3 {
        return None;
    }
    MONTHS
        .iter()
        .zip(1..)
        .find(|(name, _)| name.to_ascii_lowercase().starts_with(&word))
        .map(|(_, n)| n)
}

/// English name of a month from 1.
pub(crate) fn month_name(month: i64) -> &'static str {
    usize::try_from(month - 1)
        .ok()
        .and_then(|i| MONTHS.get(i))
        .copied()
        .unwrap_or("")
}

/// Day of the week, Sunday is 0.
pub(crate) fn weekday(ticks: i64) -> i64 {
    (ticks.div_euclid(DAY) + 1).rem_euclid(7)
}

fn number(text: &str, least: usize, most: usize) -> Option<i64> {
    ((least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
