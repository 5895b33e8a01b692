//! The clock: what a security operations centre is measured by. Each metric is the time between
//! two recorded instants and shows both.
//!
//! | metric | from | to | counts |
//! | --- | --- | --- | --- |
//! | time to acknowledge (TTA) | creation of the first alert | first change by a person that takes ownership or sets Active | every incident |
//! | time to contain (TTC) | the same | Contained mark | true positives |
//! | time to remediate (TTR) | the same | Remediated mark | true positives |
//! | time to recover | Remediated mark | Recovered mark | true positives |
//! | time to detect | first malicious event | creation of the first alert | all but false and benign positives, which have no malicious event |
//! | dwell | first malicious event | Contained mark | true positives |
//!
//! - The first alert is the earliest that was there when the incident was acknowledged; one that
//!   joins later has a clock of its own. A merge keeps the earlier of both.
//! - A reopened incident keeps its first acknowledgement. Its marks of containment, remediation and
//!   recovery are the last ones set.
//! - Closing is not remediating: a true positive closed without the mark shows as `missing`.
//! - Alerts from old data (backfill) are left out; an incident of nothing else has no clock.
//! - A vendor's clock that runs ahead of ours would give a negative time: it shows as 0 with a note.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Classification, Status};

/// An instant with who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// The recorded instants that the metrics are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Creation of the first alert; `None` when all are backfill.
    pub first_alert_at: Option<Timestamp>,
    /// First event of any alert that is no backfill.
    pub first_event_at: Option<Timestamp>,
    /// First acknowledgement by a person.
    pub acknowledged: Option<Mark>,
    /// Last containment.
    pub contained: Option<Mark>,
    /// Last remediation.
    pub remediated: Option<Mark>,
    /// Last recovery.
    pub recovered: Option<Mark>,
    /// Last closure; `None` while open.
    pub closed_at: Option<Timestamp>,
    /// Last reopening.
    pub reopened_at: Option<Timestamp>,
}

/// Where a metric stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricState {
    /// Both instants are there.
    Done,
    /// Time still passes.
    Running,
    /// Does not apply to this incident.
    NotApplicable,
    /// The incident is closed and the mark was never set.
    Missing,
}

/// One metric of one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Seconds between the two instants; for a running one, up to now.
    pub seconds: Option<i64>,
    /// Start.
    pub from: Option<Timestamp>,
    /// End; `None` while running.
    pub to: Option<Timestamp>,
    /// State.
    pub state: MetricState,
    /// What a reader should know about it.
    pub note: Option<String>,
}

impl Metric {
    /// Seconds when the metric is done: what medians are taken of.
    pub fn counted(&self) -> Option<i64> {
        (self.state == MetricState::Done)
            .then_some(self.seconds)
            .flatten()
    }

    fn not_applicable(note: &str) -> Self {
        Self {
            seconds: None,
            from: None,
            to: None,
            state: MetricState::NotApplicable,
            note: Some(note.to_owned()),
        }
    }
}

/// The six metrics of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Time to acknowledge.
    pub tta: Metric,
    /// Time to contain.
    pub ttc: Metric,
    /// Time to remediate.
    pub ttr: Metric,
    /// Time to recover.
    pub time_to_recover: Metric,
    /// Time to detect.
    pub time_to_detect: Metric,
    /// Time from the first malicious event to containment.
    pub dwell: Metric,
}

/// Reads the clock of an incident at `now`.
pub fn clock(
    marks: &Marks,
    status: Status,
    classification: Option<Classification>,
    now: Timestamp,
) -> Clock {
    let Some(first_alert) = marks.first_alert_at else {
        let none = Metric::not_applicable("made of old data only (backfill)");
        return Clock {
            tta: none.clone(),
            ttc: none.clone(),
            ttr: none.clone(),
            time_to_recover: none.clone(),
            time_to_detect: none.clone(),
            dwell: none,
        };
    };
    let reader = Reader {
        marks,
        status,
        classification,
        now,
    };
    let at = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.at);
    let remediated = at(&marks.remediated);
    Clock {
        tta: reader.span(
            Some(first_alert),
            at(&marks.acknowledged),
            "closed without being acknowledged",
        ),
        ttc: reader.response(Some(first_alert), at(&marks.contained), "not contained"),
        ttr: reader.response(Some(first_alert), remediated, "not remediated"),
        time_to_recover: reader.recovery(remediated, at(&marks.recovered)),
        time_to_detect: match classification {
            Some(Classification::FalsePositive | Classification::BenignPositive) => {
                Metric::not_applicable("no malicious event")
            }
            _ => reader.span(marks.first_event_at, Some(first_alert), ""),
        },
        dwell: reader.response(marks.first_event_at, at(&marks.contained), "not contained"),
    }
}

struct Reader<'a> {
    marks: &'a Marks,
    status: Status,
    classification: Option<Classification>,
    now: Timestamp,
}

impl Reader<'_> {
    /// A metric that counts whatever the incident turned out to be.
    fn span(&self, from: Option<Timestamp>, to: Option<Timestamp>, missing: &str) -> Metric {
        let Some(from) = from else {
            return Metric::not_applicable("the start is not known");
        };
        match to {
            Some(to) => {
                let seconds = seconds_between(from, to);
                Metric {
                    seconds: Some(seconds.max(0)),
                    from: Some(from),
                    to: Some(to),
                    state: MetricState::Done,
                    note: (seconds < 0).then(|| {
                        "the end lies before the start: the clock of a source runs ahead".to_owned()
                    }),
                }
            }
            None if self.status.is_open() => Metric {
                seconds: Some(seconds_between(from, self.now).max(0)),
                from: Some(from),
                to: None,
                state: MetricState::Running,
                note: None,
            },
            None => Metric {
                seconds: None,
                from: Some(from),
                to: None,
                state: MetricState::Missing,
                note: Some(missing.to_owned()),
            },
        }
    }

    /// A metric that counts true positives only.
    fn response(&self, from: Option<Timestamp>, to: Option<Timestamp>, missing: &str) -> Metric {
        match self.classification {
            Some(Classification::TruePositive) => self.span(from, to, missing),
            Some(other) => Metric::not_applicable(&format!("counts true positives only: {other}")),
            None => {
                let mut metric = self.span(from, to, missing);
                let note = match self.marks.reopened_at {
                    Some(_) => {
                        "reopened: the last mark stands; counts once closed as true positive"
                    }
                    None => "counts once classified as true positive",
                };
                metric.note.get_or_insert_with(|| note.to_owned());
                metric
            }
        }
    }

    /// Recovery starts at the remediation; a recovery older than the last remediation is void.
    fn recovery(&self, remediated: Option<Timestamp>, recovered: Option<Timestamp>) -> Metric {
        match remediated {
            None => match self.classification {
                Some(Classification::TruePositive) if !self.status.is_open() => Metric {
                    seconds: None,
                    from: None,
                    to: None,
                    state: MetricState::Missing,
                    note: Some("not remediated".to_owned()),
                },
                _ => Metric::not_applicable("starts at the remediation"),
            },
            Some(from) => {
                let to = recovered.filter(|at| *at >= from);
                self.response(Some(from), to, "not recovered")
            }
        }
    }
}

/// Whole seconds from `from` to `to`, rounded towards zero; negative when `to` is earlier.
fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_microsecond() - from.as_microsecond()) / 1_000_000
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn mark(seconds: i64) -> Option<Mark> {
        Some(Mark {
            at: at(seconds),
            by: "ann".into(),
        })
    }

    fn full() -> Marks {
        Marks {
            first_alert_at: Some(at(0)),
            first_event_at: Some(at(-600)),
            acknowledged: mark(60),
            contained: mark(300),
            remediated: mark(900),
            recovered: mark(1_900),
            closed_at: Some(at(2_000)),
            reopened_at: None,
        }
    }

    #[test]
    fn a_true_positive_has_all_six() {
        let clock = clock(
            &full(),
            Status::Closed,
            Some(Classification::TruePositive),
            at(9_999),
        );
        let seconds = [
            clock.tta.counted(),
            clock.ttc.counted(),
            clock.ttr.counted(),
            clock.time_to_recover.counted(),
            clock.time_to_detect.counted(),
            clock.dwell.counted(),
        ];
        assert_eq!(seconds, [60, 300, 900, 1_000, 600, 900].map(Some));
        assert_eq!((clock.ttr.from, clock.ttr.to), (Some(at(0)), Some(at(900))));
    }

    #[test]
    fn response_counts_true_positives_only_but_acknowledgement_counts_always() {
        for classification in Classification::ALL.into_iter().skip(1) {
            let clock = clock(&full(), Status::Closed, Some(classification), at(9_999));
            assert_eq!(clock.tta.counted(), Some(60));
            for metric in [clock.ttc, clock.ttr, clock.time_to_recover, clock.dwell] {
                assert_eq!(metric.state, MetricState::NotApplicable, "{classification}");
            }
        }
    }

    #[test]
    fn closing_is_not_remediating() {
        let marks = Marks {
            remediated: None,
            recovered: None,
            ..full()
        };
        let clock = clock(
            &marks,
            Status::Closed,
            Some(Classification::TruePositive),
            at(9_999),
        );
        assert_eq!(clock.ttr.state, MetricState::Missing);
        assert_eq!(clock.ttr.note.as_deref(), Some("not remediated"));
        assert_eq!(clock.ttr.counted(), None);
        assert_eq!(clock.time_to_recover.state, MetricState::Missing);
    }

    #[test]
    fn an_open_incident_runs_and_old_data_has_no_clock() {
        let marks = Marks {
            acknowledged: None,
            ..full()
        };
        let running = clock(&marks, Status::New, None, at(42)).tta;
        assert_eq!(
            (running.seconds, running.state),
            (Some(42), MetricState::Running)
        );
        let marks = Marks {
            first_alert_at: None,
            ..full()
        };
        let none = clock(&marks, Status::New, None, at(42)).tta;
        assert_eq!(none.state, MetricState::NotApplicable);
    }

    #[test]
    fn a_recovery_before_the_last_remediation_is_void() {
        let marks = Marks {
            remediated: mark(1_950),
            ..full()
        };
        let clock = clock(&marks, Status::Remediated, None, at(2_000));
        assert_eq!(clock.time_to_recover.state, MetricState::Running);
    }
}
