//! Which windows a hunt runs an analytics rule over.
//!
//! The windows are those that the scheduler would have run, had it seen the rule for the first
//! time right after the last row: one every frequency, back from the first whole minute after that
//! row. Those that hold no row are left out, except for rules that fire on few rows.

use jiff::{SignedDuration, Timestamp};

use crate::windows::{Timetable, Window};

/// What is asked of a plan.
pub(super) struct Wanted {
    /// Time between windows.
    pub(super) frequency: SignedDuration,
    /// Length of a window.
    pub(super) period: SignedDuration,
    /// Only windows that end after it.
    pub(super) since: Option<Timestamp>,
    /// No window ends after it.
    pub(super) until: Option<Timestamp>,
    /// Windows without rows too.
    pub(super) empty_too: bool,
    /// Windows at most.
    pub(super) most: usize,
}

/// Windows to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// In order of time.
    pub(super) windows: Vec<Window>,
    /// Windows that are not run because there are too many, and that hold no row which the window
    /// before them did not hold.
    pub(super) stale: u64,
    /// Other windows that are not run because there are too many; they are older than the first.
    pub(super) left_out: u64,
}

/// Plans the windows over rows at `seconds` (Unix time, rounded down, sorted). When there are too
/// many, those that bring a new row come first, and of them the newest.
pub(super) fn plan(seconds: &[i64], wanted: &Wanted) -> Plan {
    let (Some(first), Some(last)) = (seconds.first(), seconds.last()) else {
        return Plan::default();
    };
    let timetable = Timetable {
        anchor: anchor(*last, wanted.until),
        frequency: wanted.frequency,
        period: wanted.period,
    };
    let first_after = |at: Timestamp| timetable.index_at(at) + 1;
    let windows = |numbers: &[i64]| {
        let windows = numbers.iter().filter_map(|k| timetable.window(*k));
        windows.collect()
    };
    let least = wanted.since.map_or(i64::MIN, first_after);
    let pick = |ranges: &mut dyn Iterator<Item = (i64, i64)>| pick(ranges, least, wanted.most);
    if wanted.empty_too {
        let whole = (first_after(instant(*first)), 0);
        let (picked, left_out) = pick(&mut std::iter::once(whole));
        return Plan {
            windows: windows(&picked),
            stale: 0,
            left_out,
        };
    }
    let newest_first = || seconds.iter().rev();
    let holding = |at: &i64| {
        let at = instant(*at);
        let last = at.checked_add(wanted.period).unwrap_or(Timestamp::MAX);
        (first_after(at), timetable.index_at(last))
    };
    let (all, too_many) = pick(&mut newest_first().map(holding));
    if too_many == 0 {
        return Plan {
            windows: windows(&all),
            ..Plan::default()
        };
    }
    let entering = |at: &i64| {
        let (first, last) = holding(at);
        (first, last.min(first))
    };
    let (fresh, left_out) = pick(&mut newest_first().map(entering));
    let counted = fresh.len() as u64 + left_out;
    Plan {
        windows: windows(&fresh),
        stale: all.len() as u64 + too_many - counted,
        left_out,
    }
}

/// The greatest `most` numbers of ranges that come in descending order and may overlap, each once
/// and in ascending order, and how many others there are. Numbers are from `least` to 0.
fn pick(ranges: &mut dyn Iterator<Item = (i64, i64)>, least: i64, most: usize) -> (Vec<i64>, u64) {
    let (mut picked, mut others, mut below) = (Vec::new(), 0, 1);
    for (lowest, highest) in ranges {
        let (lowest, highest) = (lowest.max(least), highest.min(below - 1));
        if lowest > highest {
            continue;
        }
        below = lowest;
        let room = i64::try_from(most - picked.len()).unwrap_or(i64::MAX);
        let taken = room.min(highest - lowest + 1);
        picked.extend((highest - taken + 1..=highest).rev());
        others += (highest - lowest + 1 - taken).unsigned_abs();
    }
    picked.reverse();
    (picked, others)
}

/// The first whole minute after the last row, or `until` when that is earlier.
fn anchor(last: i64, until: Option<Timestamp>) -> Timestamp {
    let minute = (last.div_euclid(60) + 1) * 60;
    instant(until.map_or(minute, |until| {
        let part = i64::from(until.subsec_nanosecond() > 0);
        minute.min(until.as_second() + part)
    }))
}

/// The seconds are those of event times.
fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(frequency: i64, period: i64) -> Wanted {
        Wanted {
            frequency: SignedDuration::from_secs(frequency),
            period: SignedDuration::from_secs(period),
            since: None,
            until: None,
            empty_too: false,
            most: 10_000,
        }
    }

    fn ends(plan: &Plan) -> Vec<i64> {
        plan.windows.iter().map(|w| w.to.as_second()).collect()
    }

    #[test]
    fn the_last_window_ends_at_the_first_whole_minute_after_the_last_row() {
        let plan = plan(&[7_000, 7_199], &wanted(600, 1_200));
        assert_eq!(ends(&plan), [7_200]);
        assert_eq!(ends(&super::plan(&[7_200], &wanted(600, 1_200))), [7_260]);
    }

    #[test]
    fn a_row_is_seen_by_every_window_that_holds_it() {
        assert_eq!(
            ends(&plan(&[0, 3_599], &wanted(600, 1_200))),
            [600, 1_200, 3_600]
        );
    }

    #[test]
    fn a_rule_that_fires_on_few_rows_runs_over_silence_too() {
        let wanted = Wanted {
            empty_too: true,
            ..wanted(600, 600)
        };
        assert_eq!(
            ends(&plan(&[0, 2_399], &wanted)),
            [600, 1_200, 1_800, 2_400]
        );
    }

    #[test]
    fn too_many_windows_are_cut_to_the_newest_and_counted() {
        let wanted = Wanted {
            most: 2,
            ..wanted(600, 600)
        };
        let plan = plan(&[0, 700, 1_300, 2_399], &wanted);
        assert_eq!(ends(&plan), [1_800, 2_400]);
        assert_eq!(plan.left_out, 2);
    }

    #[test]
    fn since_and_until_bound_the_windows() {
        let at = |second| Timestamp::from_second(second).ok();
        let wanted = Wanted {
            since: at(1_200),
            until: at(1_900),
            ..wanted(600, 600)
        };
        let plan = plan(&[0, 700, 1_300, 1_899], &wanted);
        assert_eq!(ends(&plan), [1_300, 1_900]);
    }

    #[test]
    fn rows_of_1601_and_9999_cost_no_windows_between() {
        let first: Timestamp = "1601-01-01T00:00:00Z".parse().unwrap();
        let last: Timestamp = "9999-12-01T00:00:00Z".parse().unwrap();
        let seconds = [first.as_second(), 0, last.as_second()];
        let plan = plan(&seconds, &wanted(60, 120));
        assert_eq!((plan.windows.len(), plan.left_out), (5, 0));
    }

    #[test]
    fn of_too_many_windows_those_that_bring_a_new_row_are_run() {
        let wanted = Wanted {
            most: 3,
            ..wanted(600, 6_000)
        };
        let plan = plan(&[0, 30_000, 59_999], &wanted);
        assert_eq!(ends(&plan), [600, 30_600, 60_000]);
        // Ten windows hold the first row, ten the second, one the last.
        assert_eq!((plan.stale, plan.left_out), (18, 0));
    }

    /// Ends of the windows that hold a row, in order.
    fn holding(seconds: &[i64], frequency: i64, period: i64) -> Vec<i64> {
        let mut to = (seconds[seconds.len() - 1] / 60 + 1) * 60;
        let mut ends = Vec::new();
        while to > seconds[0] {
            if seconds.iter().any(|at| to - period <= *at && *at < to) {
                ends.push(to);
            }
            to -= frequency;
        }
        ends.reverse();
        ends
    }

    proptest! {
        #[test]
        fn exactly_the_windows_with_rows_are_run(
            mut seconds in prop::collection::vec(0_i64..20_000, 1..40),
            frequency in 3_i64..2_000,
            period in 1_i64..5_000,
        ) {
            seconds.sort_unstable();
            let plan = plan(&seconds, &wanted(frequency, period));
            prop_assert_eq!((plan.stale, plan.left_out), (0, 0));
            prop_assert_eq!(ends(&plan), holding(&seconds, frequency, period));
        }

        #[test]
        fn with_few_windows_every_one_has_a_new_row_and_all_are_counted(
            mut seconds in prop::collection::vec(0_i64..20_000, 1..40),
            frequency in 3_i64..2_000,
            period in 1_i64..5_000,
            most in 0_usize..20,
        ) {
            seconds.sort_unstable();
            let plan = plan(&seconds, &Wanted { most, ..wanted(frequency, period) });
            let all = holding(&seconds, frequency, period);
            let run = plan.windows.len() as u64;
            prop_assert_eq!(run + plan.stale + plan.left_out, all.len() as u64);
            prop_assert!(plan.windows.len() <= most);
            if all.len() > most {
                let fresh = holding(&seconds, frequency, period.min(frequency));
                prop_assert_eq!(run + plan.left_out, fresh.len() as u64);
                prop_assert_eq!(ends(&plan), &fresh[plan.left_out as usize..]);
            }
        }
    }
}
