//! The text, number or time a value of an event is compared as.
//!
//! Text is text; numbers and booleans are their JSON text; objects are their JSON. The buffers are
//! reused from event to event, and a value is folded once however many rules look at it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::modifier::TimePart;
use crate::pattern::fold_into;

#[derive(Debug, Clone, Default)]
struct LeafText {
    /// In `rendered`, for values that are not text themselves.
    rendered: Option<Range<usize>>,
    folded: Option<Range<usize>>,
}

/// Text of the values of one event.
#[derive(Debug, Default)]
pub(crate) struct LeafTexts {
    rendered: String,
    folded: String,
    leaves: Vec<LeafText>,
}

/// Buffers that a huge event has blown up are given back.
const KEEP_BYTES_MAX: usize = 1 << 20;

impl LeafTexts {
    /// Forgets the last event and makes room for `count` values.
    pub(crate) fn start(&mut self, count: usize) {
        for buffer in [&mut self.rendered, &mut self.folded] {
            buffer.clear();
            buffer.shrink_to(KEEP_BYTES_MAX);
        }
        self.leaves.clear();
        self.leaves.resize(count, LeafText::default());
    }

    /// The value's text as it stands.
    pub(crate) fn raw<'t>(&'t mut self, leaf: usize, value: &'t Value) -> &'t str {
        if let Value::String(text) = value {
            return text;
        }
        let range = match &self.leaves[leaf].rendered {
            Some(range) => range.clone(),
            None => {
                let start = self.rendered.len();
                render(value, &mut self.rendered);
                let range = start..self.rendered.len();
                self.leaves[leaf].rendered = Some(range.clone());
                range
            }
        };
        &self.rendered[range]
    }

    /// The value's text in lower case.
    pub(crate) fn folded(&mut self, leaf: usize, value: &Value) -> &str {
        let range = match &self.leaves[leaf].folded {
            Some(range) => range.clone(),
            None => {
                let start = self.folded.len();
                match value {
                    Value::String(text) => fold_into(text, &mut self.folded),
                    Value::Number(_) | Value::Bool(_) => render(value, &mut self.folded),
                    _ => {
                        let rendered = self.rendered.len();
                        render(value, &mut self.rendered);
                        let range = rendered..self.rendered.len();
                        fold_into(&self.rendered[range.clone()], &mut self.folded);
                        self.leaves[leaf].rendered = Some(range);
                    }
                }
                let range = start..self.folded.len();
                self.leaves[leaf].folded = Some(range.clone());
                range
            }
        };
        &self.folded[range]
    }

    /// Text that [`LeafTexts::raw`] has made before; empty otherwise.
    pub(crate) fn raw_before<'t>(&'t self, leaf: usize, value: &'t Value) -> &'t str {
        match (value, &self.leaves[leaf].rendered) {
            (Value::String(text), _) => text,
            (_, Some(range)) => &self.rendered[range.clone()],
            (_, None) => "",
        }
    }

    /// Folded text that [`LeafTexts::folded`] has made before; empty otherwise.
    pub(crate) fn folded_before(&self, leaf: usize) -> &str {
        match &self.leaves[leaf].folded {
            Some(range) => &self.folded[range.clone()],
            None => "",
        }
    }
}

/// Appends a value's text.
pub(crate) fn render(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        // Writing to a string doesn't fail.
        _ => drop(write!(out, "{value}")),
    }
}

/// A value as a number.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as an address; an IPv4 address in IPv6 form is the IPv4 address.
pub(crate) fn address(value: &Value) -> Option<IpAddr> {
    let address: IpAddr = value.as_str()?.trim().parse().ok()?;
    Some(address.to_canonical())
}

/// A part of a value that is a time: RFC 3339, or a date and time without zone, taken as UTC.
pub(crate) fn time_part(value: &Value, part: TimePart) -> Option<f64> {
    let text = value.as_str()?.trim();
    let instant: Timestamp = match text.parse() {
        Ok(instant) => instant,
        Err(_) => {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            civil.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    let time = instant.to_zoned(TimeZone::UTC);
    Some(match part {
        TimePart::Minute => f64::from(time.minute()),
        TimePart::Hour => f64::from(time.hour()),
        TimePart::Day => f64::from(time.day()),
        TimePart::Week => f64::from(time.date().iso_week_date().week()),
        TimePart::Month => f64::from(time.month()),
        TimePart::Year => f64::from(time.year()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        let part = |text: &str, part| time_part(&json!(text), part);
        assert_eq!(
            part("2026-01-01T01:30:00+02:00", TimePart::Hour),
            Some(23.0)
        );
        assert_eq!(
            part("2026-01-01T01:30:00+02:00", TimePart::Year),
            Some(2025.0)
        );
        assert_eq!(
            part("2020-10-19 03:30:41.104", TimePart::Minute),
            Some(30.0)
        );
        assert_eq!(part("2021-01-03T00:00:00Z", TimePart::Week), Some(53.0));
        assert_eq!(part("tomorrow", TimePart::Day), None);
    }

    #[test]
    fn mapped_addresses_are_plain_ones() {
        assert_eq!(
            address(&json!("::ffff:10.0.0.1")),
            address(&json!("10.0.0.1"))
        );
    }
}
