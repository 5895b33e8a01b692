//! Texts of datetimes and timespans, read and printed.

use super::{DAY, MAX_DATETIME, SECOND, scale, unit_ticks};

/// Ticks of a timespan text: `1d`, `1.02:03:04.5`, `02:03`, `3` (days).
pub fn timespan(text: &str) -> Option<i64> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let magnitude = if body.contains(':') {
        clock_timespan(body)?
    } else {
        let unit = body
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(body.len());
        let (number, unit) = (body[..unit].trim(), &body[unit..]);
        scale(
            number,
            if unit.is_empty() {
                unit_ticks("d")?
            } else {
                unit_ticks(unit)?
            },
        )?
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn clock_timespan(text: &str) -> Option<i64> {
    let mut parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 4 {
        return None;
    }
    let mut days = 0i64;
    if parts.len() == 4 {
        days = parts.remove(0).parse().ok()?;
    } else if let Some((d, hours)) = parts[0].split_once('.') {
        days = d.parse().ok()?;
        parts[0] = hours;
    }
    let hours: i64 = parts[0].parse().ok()?;
    let minutes: i64 = parts.get(1)?.parse().ok()?;
    let seconds = parts.get(2).map_or(Some(0), |s| seconds_ticks(s))?;
    days.checked_mul(DAY)?
        .checked_add(hours.checked_mul(3600 * SECOND)?)?
        .checked_add(minutes.checked_mul(60 * SECOND)?)?
        .checked_add(seconds)
}

/// `12` or `12.3456789` seconds in ticks, cut at 100 ns.
fn seconds_ticks(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
    whole.checked_mul(SECOND)?.checked_add(digits.parse().ok()?)
}

/// Days from 0001-01-01 of a date in the proleptic Gregorian calendar.
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        if leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if !(1..=9999).contains(&year) || day < 1 || day > length {
        return None;
    }
    let before = year - 1;
    let months: i64 = lengths.iter().take(usize::try_from(month - 1).ok()?).sum();
    Some(before * 365 + before / 4 - before / 100 + before / 400 + months + day - 1)
}

/// Ticks of a datetime text: ISO 8601 forms and those the Kusto reference lists (`2014-05-25 08:20:03.123456`,
/// `2014-11-08 15:55:55 UTC`, `8 Nov 2014`, `11/8/2014`, RFC 822 and 850). Without a zone it is UTC.
pub fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    iso_datetime(text)
        .or_else(|| worded_datetime(text))
        .or_else(|| listed_datetime(text))
        .or_else(|| iso_datetime(&spaced_date(text)?))
        .filter(|ticks| (0..=MAX_DATETIME).contains(ticks))
}

/// `2025, 6, 14` and, with the time, `2025, 6, 14, 8, 20, 3.5`.
fn listed_datetime(text: &str) -> Option<i64> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |idx: usize| fields.get(idx).map_or(Some(0), |field| field.parse().ok());
    if !matches!(fields.len(), 3 | 6) {
        return None;
    }
    let (hour, minute) = (number(3)?, number(4)?);
    let seconds = fields
        .get(5)
        .map_or(Some(0), |field| seconds_ticks(field))?;
    let in_range =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60 * SECOND).contains(&seconds);
    let day = day_number(number(0)?, number(1)?, number(2)?)?;
    in_range.then(|| day * DAY + (hour * 3600 + minute * 60) * SECOND + seconds)
}

/// `2017 - 08 - 01` without the spaces; `None` for a text that has none of those.
fn spaced_date(text: &str) -> Option<String> {
    text.contains(" - ").then(|| text.replace(" - ", "-"))
}

fn iso_datetime(text: &str) -> Option<i64> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let separator = if date.contains('-') { '-' } else { '/' };
    let mut parts = date.split(separator);
    let first = parts.next()?;
    if !first.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let numbers: Vec<i64> = std::iter::once(first)
        .chain(parts)
        .map(|p| p.parse().ok())
        .collect::<Option<_>>()?;
    let day = match (separator, numbers.as_slice()) {
        (_, [year, month, day]) if first.len() == 4 => day_number(*year, *month, *day)?,
        ('-', [year, month]) if first.len() == 4 => day_number(*year, *month, 1)?,
        ('-' | '/', [year]) if first.len() == 4 => day_number(*year, 1, 1)?,
        ('/' | '-', [month, day, year]) => day_number(*year, *month, *day)?,
        _ => return None,
    };
    (day * DAY).checked_add(time_of_day(rest)?)
}

/// `08:20:03.123Z`, `8:20 PM`, `08:20+02:00`, `00:00:00 UTC`; empty is midnight. The zone's offset is subtracted.
fn time_of_day(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let mut body = text.trim_end_matches([';', ',']);
    let mut offset = 0;
    for zone in ["GMT", "UTC", "Z", "z"] {
        body = body.strip_suffix(zone).unwrap_or(body).trim_end();
    }
    if let Some(at) = body.rfind(['+', '-']) {
        let sign = if body.as_bytes()[at] == b'-' { -1 } else { 1 };
        let zone = &body[at + 1..];
        let (hours, minutes) = match zone.split_once(':') {
            Some((h, m)) => (h, m),
            None if zone.len() == 4 => (zone.get(..2)?, zone.get(2..)?),
            None => (zone, "0"),
        };
        offset =
            sign * (hours.trim().parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60);
        body = body[..at].trim_end();
    }
    let lower = body.to_ascii_lowercase();
    let half = if lower.ends_with("pm") {
        Some(12)
    } else {
        lower.ends_with("am").then_some(0)
    };
    if half.is_some() {
        body = body.get(..body.len() - 2)?.trim_end();
    }
    let mut parts = body.split(':');
    let mut hours: i64 = parts.next()?.trim().parse().ok()?;
    let minutes: i64 = parts.next().map_or(Some(0), |m| m.parse().ok())?;
    let seconds = parts.next().map_or(Some(0), seconds_ticks)?;
    if parts.next().is_some()
        || !(0..=24).contains(&hours)
        || !(0..60).contains(&minutes)
        || seconds >= 61 * SECOND
    {
        return None;
    }
    if let Some(half) = half {
        hours = hours % 12 + half;
    }
    Some((hours * 3600 + minutes * 60 - offset) * SECOND + seconds)
}

/// `Sat, 8 Nov 14 15:05:02 GMT`, `Saturday, 08-Nov-14 15:05:02 UTC`, `8 Nov 2014 15:05`, `Nov 8, 2014`.
fn worded_datetime(text: &str) -> Option<i64> {
    let cleaned = text.replace(',', " ");
    let mut day = None;
    let mut month = None;
    let mut year = None;
    let mut rest = Vec::new();
    let words = cleaned.split_whitespace().flat_map(|w| {
        // `08-Nov-14` is three words; a numeric zone `+0000` is not.
        if w.contains('-') && w.chars().any(char::is_alphabetic) {
            w.split('-').collect()
        } else {
            vec![w]
        }
    });
    for word in words {
        if month.is_none() && word.len() >= 3 && month_number(word).is_some() {
            month = month_number(word);
        } else if word.contains(':') || !rest.is_empty() {
            rest.push(word);
        } else if let Ok(number) = word.parse::<i64>() {
            if day.is_none() {
                day = Some(number);
            } else if year.is_none() {
                year = Some(if word.len() == 2 {
                    2000 + number
                } else {
                    number
                });
            }
        } else if !word.chars().all(char::is_alphabetic) {
            return None;
        }
    }
    let date = day_number(year?, month?, day?)?;
    (date * DAY).checked_add(time_of_day(&rest.join(" "))?)
}

fn month_number(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| month.starts_with(&word))?;
    i64::try_from(at).ok().map(|at| at + 1)
}

/// `2017-01-01T00:00:00.0000000Z`.
#[must_use]
pub fn print_datetime(ticks: i64) -> String {
    let ticks = ticks.clamp(0, MAX_DATETIME);
    let (days, of_day) = (ticks / DAY, ticks % DAY);
    // Civil date from a day number, by 400-year cycles with years beginning in March.
    let z = days + 306;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let seconds = of_day / SECOND;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:07}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        of_day % SECOND
    )
}

/// `[-][d.]hh:mm:ss[.fffffff]`.
#[must_use]
pub fn print_timespan(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let magnitude = ticks.unsigned_abs();
    let (day, second) = (DAY.unsigned_abs(), SECOND.unsigned_abs());
    let (days, seconds, fraction) = (
        magnitude / day,
        magnitude % day / second,
        magnitude % second,
    );
    let days = if days > 0 {
        format!("{days}.")
    } else {
        String::new()
    };
    let fraction = if fraction > 0 {
        format!(".{fraction:07}")
    } else {
        String::new()
    };
    format!(
        "{sign}{days}{:02}:{:02}:{:02}{fraction}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_in_the_documented_forms() {
        let expected = datetime("2014-11-08 15:05:02").map(print_datetime);
        assert_eq!(expected.as_deref(), Some("2014-11-08T15:05:02.0000000Z"));
        for text in [
            "2014-11-08T15:05:02Z",
            "2014-11-08 15:05:02 UTC",
            "Sat, 8 Nov 14 15:05:02 GMT",
            "Saturday, 08-Nov-14 15:05:02 UTC",
            "8 Nov 2014 15:05:02",
            "11/8/2014 3:05:02 PM",
            "2014-11-08T17:05:02+02:00",
            "2014 - 11 - 08 15:05:02",
        ] {
            assert_eq!(datetime(text).map(print_datetime), expected, "{text}");
        }
        assert_eq!(datetime("0001-01-01"), Some(0));
        assert_eq!(datetime("9999-12-31 23:59:59.9999999"), Some(MAX_DATETIME));
        assert_eq!(datetime("2014-02-30"), None);
    }

    #[test]
    fn timespans() {
        assert_eq!(timespan("1d"), Some(DAY));
        assert_eq!(
            timespan("1.02:03:04.5"),
            Some(DAY + 7384 * SECOND + 5_000_000)
        );
        assert_eq!(timespan("-02:00"), Some(-7200 * SECOND));
        assert_eq!(print_timespan(-DAY - SECOND), "-1.00:00:01");
        assert_eq!(scale("1.5", 36e9), Some(54_000_000_000));
    }
}
