//! Durations as rules spell them (Sentinel rule format, section 1): `hh:mm:ss` or `d.hh:mm:ss`,
//! `5m` / `1h` / `14d`, and ISO 8601 (`PT1H`, `P14D`).

use jiff::SignedDuration;

/// Reads a duration; `None` when it is none of the three spellings, or is negative.
pub(crate) fn parse(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    clock(text).or_else(|| unit(text)).or_else(|| iso(text))
}

fn clock(text: &str) -> Option<SignedDuration> {
    let (days, rest) = match text.split_once('.') {
        Some((days, rest)) => (days.parse::<u32>().ok()?, rest),
        None => (0, text),
    };
    let parts: Vec<u32> = rest
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else {
        return None;
    };
    let total = i64::from(days) * 86_400
        + i64::from(hours) * 3_600
        + i64::from(minutes) * 60
        + i64::from(seconds);
    Some(SignedDuration::from_secs(total))
}

fn unit(text: &str) -> Option<SignedDuration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u32 = text[..at].parse().ok()?;
    let seconds = match text[at..].to_ascii_lowercase().as_str() {
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(i64::from(number) * seconds))
}

/// `P[nW][nD][T[nH][nM][nS]]`; months and years have no fixed length and are refused.
fn iso(text: &str) -> Option<SignedDuration> {
    let text = text.to_ascii_uppercase();
    let mut rest = text.strip_prefix('P')?;
    let (mut total, mut in_time, mut found) = (0_i64, false, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_time = true;
            rest = after;
            continue;
        }
        let at = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..at].parse().ok()?;
        let seconds = match (rest.as_bytes().get(at)?, in_time) {
            (b'W', false) => 604_800,
            (b'D', false) => 86_400,
            (b'H', true) => 3_600,
            (b'M', true) => 60,
            (b'S', true) => 1,
            _ => return None,
        };
        total += i64::from(number) * seconds;
        found = true;
        rest = &rest[at + 1..];
    }
    found.then(|| SignedDuration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_spellings_read() {
        for (text, seconds) in [
            ("5m", 300),
            ("1h", 3_600),
            ("14d", 1_209_600),
            ("PT1H", 3_600),
            ("P1D", 86_400),
            ("P14D", 1_209_600),
            ("PT1H30M", 5_400),
            ("01:30:00", 5_400),
            ("1.00:00:00", 86_400),
        ] {
            assert_eq!(
                parse(text),
                Some(SignedDuration::from_secs(seconds)),
                "{text}"
            );
        }
        for text in ["", "P", "1", "h", "P1M", "-5m", "5 fortnights"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
