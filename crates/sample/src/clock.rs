//! Instants of the story: the window all events lie in, and how vendors print time.
//!
//! Office hours are those of the unshifted window, so that moving a sample to other dates moves
//! every event by the same distance and changes nothing else.

use crate::dice::Dice;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// How many days before the last event the sample begins.
const WINDOW_DAYS: i64 = 3;

/// The span of time a sample covers.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The first instant an event may have.
    pub(crate) start: Timestamp,
    /// The instant of the last event.
    pub(crate) end: Timestamp,
    /// How far the sample was moved from the dates it was made for.
    shift: SignedDuration,
}

impl Window {
    /// Makes the window that ends at `end`, then moves it so that it ends at `shift_to`.
    pub(crate) fn new(end: Timestamp, shift_to: Option<Timestamp>) -> Self {
        let last = shift_to.unwrap_or(end);
        Self {
            start: after(last, -WINDOW_DAYS * 86_400_000),
            end: last,
            shift: last.duration_since(end),
        }
    }

    /// Draws any instant of the window before its end.
    pub(crate) fn any(&self, dice: &mut Dice) -> Timestamp {
        let ms = dice.between(60_000, WINDOW_DAYS * 86_400_000 - 1_500);
        self.micros(after(self.start, ms), dice)
    }

    /// Draws an instant within the first `hours` of the window.
    pub(crate) fn early(&self, dice: &mut Dice, hours: i64) -> Timestamp {
        let ms = dice.between(60_000, hours * 3_600_000);
        self.micros(after(self.start, ms), dice)
    }

    /// Draws an instant that most often lies within office hours (07:00 to 18:00 UTC).
    pub(crate) fn working(&self, dice: &mut Dice) -> Timestamp {
        for _ in 0..6 {
            let at = self.any(dice);
            let told = at.checked_sub(self.shift).unwrap_or(at);
            let hour = TimeZone::UTC.to_datetime(told).hour();
            if (7..18).contains(&hour) {
                return at;
            }
        }
        self.any(dice)
    }

    fn micros(&self, at: Timestamp, dice: &mut Dice) -> Timestamp {
        at.checked_add(SignedDuration::from_micros(dice.between(0, 999)))
            .unwrap_or(at)
    }
}

/// Gives the instant `ms` milliseconds after `at` (`at` itself beyond the calendar's range).
pub(crate) fn after(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms))
        .unwrap_or(at)
}

/// Prints `2026-03-06T16:40:00Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Prints `2026-03-06T16:40:00.123Z`.
pub(crate) fn millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Prints `2026-03-06T16:40:00.1234560Z`, the seven digits Azure writes.
pub(crate) fn ticks(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

/// Prints the header time of RFC 3164 §4.1.2, which has no year.
pub(crate) fn bsd(at: Timestamp) -> String {
    at.strftime("%b %e %H:%M:%S").to_string()
}
