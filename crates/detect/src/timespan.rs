//! Time windows as people and API clients spell them (Azure Monitor Logs API, `timespan`).

use jiff::{SignedDuration, Span, Timestamp};

/// A window that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("timespan `{text}` {why}")]
pub struct BadTimespan {
    text: String,
    why: &'static str,
}

impl BadTimespan {
    /// What to write instead.
    pub const HINT: &'static str = "use 24h, PT1H or <start>/<end>";
}

/// Reads `30d`, `24h`, `15m`, or ISO 8601 with days as 24 hours and fractional seconds; `None` for
/// anything else, negative lengths too.
pub fn length(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .ok()
        .filter(|length| !length.is_negative())
}

/// Reads a length up to `now`, `<start>/<end>` or `<start>/<length>`; start inclusive, end
/// exclusive. An empty text is no window.
///
/// # Errors
/// [`BadTimespan`].
pub fn window(text: &str, now: Timestamp) -> Result<Option<(Timestamp, Timestamp)>, BadTimespan> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |why| BadTimespan {
        text: text.to_owned(),
        why,
    };
    let read = |(start, end): (&str, &str)| {
        let start: Timestamp = start.trim().parse().ok()?;
        let end = match end.trim().parse::<Timestamp>() {
            Ok(end) => end,
            Err(_) => start.checked_add(length(end)?).ok()?,
        };
        Some((start, end))
    };
    let window = match text.split_once('/') {
        None => length(text)
            .and_then(|length| now.checked_sub(length).ok())
            .map(|start| (start, now)),
        Some(parts) => read(parts),
    };
    match window {
        None => Err(bad("is not understood")),
        Some((start, end)) if end < start => Err(bad("ends before it starts")),
        window => Ok(window),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn windows_read_in_every_spelling_and_others_are_refused() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-10T12:00:00Z");
        let cases = [
            ("24h", "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"),
            ("P1D", "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"),
            ("PT3600.0S", "2026-03-10T11:00:00Z", "2026-03-10T12:00:00Z"),
            (
                "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-01-02T00:00:00Z",
            ),
            (
                "2026-01-01T00:00:00Z/PT1H",
                "2026-01-01T00:00:00Z",
                "2026-01-01T01:00:00Z",
            ),
        ];
        for (text, start, end) in cases {
            assert_eq!(window(text, now), Ok(Some((at(start), at(end)))), "{text}");
        }
        assert_eq!(window("  ", now), Ok(None));
        for text in [
            "soon",
            "-5d",
            "9999999d",
            "2026-01-01T00:00:00Z/",
            "/",
            "1/2",
        ] {
            let error = window(text, now).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let reversed = window("2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", now).unwrap_err();
        assert!(reversed.to_string().contains("ends before"), "{reversed}");
    }
}
