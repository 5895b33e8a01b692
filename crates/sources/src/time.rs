//! Instants as vendors write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

/// 0001-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -62_135_596_800;

/// Reads RFC 3339, the same without a zone (UTC) and with a blank for the `T`, the American form
/// of Azure portal exports (`8/2/2021, 1:09:20.123 PM`, UTC), and seconds, milliseconds,
/// microseconds or nanoseconds since 1970 as text. `None` before the year 1, where no table has
/// a `datetime`.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    read_time(text.trim()).filter(|at| at.as_second() >= FIRST_SECOND)
}

fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(civil) = text.parse::<DateTime>()
        && text.len() >= 10
        && text.contains('-')
    {
        return civil
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp());
    }
    if let Ok(number) = text.parse::<f64>() {
        return from_epoch(number);
    }
    // `+0000` and `UTC` are common ways of log shippers to write the zone.
    for (suffix, replacement) in [("+0000", "Z"), (" +0000", "Z"), (" UTC", "Z")] {
        if let Some(stem) = text.strip_suffix(suffix)
            && let Ok(at) = format!("{stem}{replacement}").parse()
        {
            return Some(at);
        }
    }
    let american = text.replacen(", ", " ", 1);
    [
        "%m/%d/%Y %I:%M:%S%.f %p",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %H:%M:%S%.f",
    ]
    .iter()
    .find_map(|format| DateTime::strptime(format, &american).ok())
    .and_then(|civil| civil.to_zoned(TimeZone::UTC).ok())
    .map(|zoned| zoned.timestamp())
}

/// An epoch number; its size tells the unit (a number of seconds passes 10^11 in the year 5138).
pub(crate) fn from_epoch(number: f64) -> Option<Timestamp> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let seconds = match number {
        n if n < 1e11 => n,
        n if n < 1e14 => n / 1e3,
        n if n < 1e17 => n / 1e6,
        n => n / 1e9,
    };
    // Below 10^8 (1973) a number is more likely a count than an instant.
    if seconds < 1e8 {
        return None;
    }
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

/// The same for a JSON value.
pub(crate) fn json_time(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => parse_time(text),
        Json::Number(number) => from_epoch(number.as_f64()?),
        _ => None,
    }
}

/// The first of these members that holds an instant.
pub(crate) fn first_time(map: &Map<String, Json>, keys: &[&str]) -> Option<Timestamp> {
    keys.iter()
        .filter_map(|key| map.get(*key))
        .find_map(json_time)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_in_every_spelling() {
        let expected: Timestamp = "2021-08-02T13:09:20Z".parse().unwrap();
        for text in [
            "2021-08-02T13:09:20Z",
            "2021-08-02T15:09:20+02:00",
            "2021-08-02 13:09:20",
            "2021-08-02T13:09:20",
            "2021-08-02T13:09:20+0000",
            "8/2/2021, 1:09:20.000 PM",
            "8/2/2021 1:09:20 PM",
            "1627909760",
            "1627909760000",
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert!(parse_time("0001-01-01T00:00:00Z").is_some());
        assert!(parse_time("0001-01-01T00:00:00+01:00").is_none());
        for text in ["", "-", "soon", "7", "2021", "NaN", "2021-08-02"] {
            assert!(
                parse_time(text).is_none_or(|at| text == "2021-08-02" && at < expected),
                "{text}"
            );
        }
    }
}
