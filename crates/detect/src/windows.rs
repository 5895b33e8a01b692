//! Nominal run times of a scheduled rule, and which of them a batch of rows touches.

use jiff::{SignedDuration, Timestamp};

/// Time a run waits after its nominal time, for late rows (Sentinel runs five minutes late).
pub(crate) const RUN_DELAY: SignedDuration = SignedDuration::from_mins(5);

/// The same for near-real-time rules (two minutes in Sentinel).
pub(crate) const NRT_DELAY: SignedDuration = SignedDuration::from_mins(2);

/// One run: it looks at events in `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// Nominal time, and end of the window, exclusive.
    pub to: Timestamp,
    /// Start, inclusive.
    pub from: Timestamp,
}

/// When a rule runs: at `anchor + k * frequency` for every whole `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    /// One nominal time.
    pub anchor: Timestamp,
    /// Time between two.
    pub frequency: SignedDuration,
    /// Length of a window.
    pub period: SignedDuration,
}

impl Timetable {
    /// Rules give whole seconds.
    fn step(&self) -> i64 {
        self.frequency.as_secs().max(1)
    }

    /// Greatest `k` with a nominal time at or before `time`.
    pub(crate) fn index_at(&self, time: Timestamp) -> i64 {
        let distance = time.duration_since(self.anchor);
        // A part of a second before the anchor is a whole one further down.
        let floor = distance.as_secs() - i64::from(distance.subsec_nanos() < 0);
        floor.div_euclid(self.step())
    }

    /// The window with the nominal time `anchor + k * frequency`; `None` beyond the year 9999.
    pub(crate) fn window(&self, k: i64) -> Option<Window> {
        let offset = SignedDuration::from_secs(self.step().checked_mul(k)?);
        let to = self.anchor.checked_add(offset).ok()?;
        Some(Window {
            to,
            from: to.checked_sub(self.period).unwrap_or(Timestamp::MIN),
        })
    }

    /// Windows whose nominal time lies in `(after, until]`.
    pub fn between(&self, after: Timestamp, until: Timestamp) -> Vec<Window> {
        let (first, last) = (self.index_at(after) + 1, self.index_at(until));
        (first..=last).filter_map(|k| self.window(k)).collect()
    }

    /// Windows that contain some event time in `[first, last]` and whose nominal time is at or
    /// before `until`; the newest `limit` of them, in order of time.
    pub fn touching(
        &self,
        first: Timestamp,
        last: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<Window> {
        let lowest = self.index_at(first) + 1;
        let end = last.checked_add(self.period).unwrap_or(Timestamp::MAX);
        let highest = self.index_at(end.min(until));
        let lowest = lowest.max(highest.saturating_sub(limit as i64 - 1));
        (lowest..=highest)
            .filter_map(|k| self.window(k))
            .filter(|window| window.from <= last && window.to > first)
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hourly() -> Timetable {
        Timetable {
            anchor: at("2026-03-06T12:10:00Z"),
            frequency: SignedDuration::from_hours(1),
            period: SignedDuration::from_hours(2),
        }
    }

    #[test]
    fn runs_after_downtime_leave_no_gap() {
        let windows = hourly().between(at("2026-03-06T12:10:00Z"), at("2026-03-06T15:09:59Z"));
        let times: Vec<String> = windows.iter().map(|w| w.to.to_string()).collect();
        assert_eq!(times, ["2026-03-06T13:10:00Z", "2026-03-06T14:10:00Z"]);
        assert_eq!(windows[0].from, at("2026-03-06T11:10:00Z"));
    }

    #[test]
    fn a_row_touches_every_window_that_holds_it() {
        let time = at("2026-03-06T08:30:00Z");
        let windows = hourly().touching(time, time, at("2026-03-06T12:10:00Z"), 100);
        let times: Vec<String> = windows.iter().map(|w| w.to.to_string()).collect();
        assert_eq!(times, ["2026-03-06T09:10:00Z", "2026-03-06T10:10:00Z"]);
    }

    #[test]
    fn a_row_within_the_second_before_a_nominal_time_touches_its_window() {
        let time = at("2026-03-06T11:09:59.5Z");
        let windows = hourly().touching(time, time, at("2026-03-06T12:10:00Z"), 100);
        let times: Vec<String> = windows.iter().map(|w| w.to.to_string()).collect();
        assert_eq!(times, ["2026-03-06T11:10:00Z", "2026-03-06T12:10:00Z"]);
    }

    #[test]
    fn a_row_at_the_nominal_time_belongs_to_the_next_window() {
        let time = at("2026-03-06T12:10:00Z");
        assert!(
            hourly()
                .touching(time, time, time, 100)
                .iter()
                .all(|w| w.to > time)
        );
    }
}
