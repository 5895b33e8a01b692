//! The events of a sample before they are put into files, each with its instant and its origin.

use crate::evtx_writer::Record;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which part of the story an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Everyday business.
    Benign,
    /// The hybrid intrusion.
    Hybrid,
    /// The second, unrelated intrusion.
    Second,
}

/// An event with its instant and origin.
#[derive(Clone, Debug)]
pub(crate) struct Row<T> {
    pub(crate) at: Timestamp,
    pub(crate) origin: Origin,
    pub(crate) body: T,
}

/// All rows of one kind of event.
#[derive(Debug)]
pub(crate) struct Stream<T>(Vec<Row<T>>);

impl<T> Default for Stream<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Stream<T> {
    /// Adds a row.
    pub(crate) fn push(&mut self, origin: Origin, at: Timestamp, body: T) {
        self.0.push(Row { at, origin, body });
    }

    /// Gives the rows in order of time; rows of one instant keep the order they were added in.
    pub(crate) fn sorted(mut self) -> Vec<Row<T>> {
        self.0.sort_by_key(|row| row.at);
        self.0
    }

    /// Counts the rows of one origin.
    pub(crate) fn count(&self, origin: Origin) -> usize {
        self.0.iter().filter(|row| row.origin == origin).count()
    }

    /// The rows' instants.
    #[cfg(test)]
    fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().map(|row| row.at)
    }
}

/// Every kind of event of a sample.
#[derive(Default)]
pub(crate) struct Streams {
    /// Windows logs by host name and channel's short name (`Security`, `Sysmon`).
    pub(crate) windows: BTreeMap<(String, &'static str), Stream<Record>>,
    pub(crate) signin: Stream<Value>,
    pub(crate) audit: Stream<Value>,
    pub(crate) activity: Stream<Value>,
    pub(crate) office: Stream<Value>,
    /// CloudTrail events; the region is inside.
    pub(crate) cloudtrail: Stream<Value>,
    pub(crate) firewall: Stream<String>,
    pub(crate) linux: Stream<String>,
    pub(crate) guardduty: Stream<Value>,
    pub(crate) defender_cloud: Stream<Value>,
    pub(crate) defender_xdr: Stream<Value>,
    pub(crate) risk: Stream<Value>,
}

impl Streams {
    /// Adds a Windows event to its host's log.
    pub(crate) fn windows(&mut self, origin: Origin, host: &str, record: Record) {
        let channel = if record.channel == "Security" {
            "Security"
        } else {
            "Sysmon"
        };
        let log = self.windows.entry((host.to_owned(), channel)).or_default();
        log.push(origin, record.at, record);
    }

    /// Counts rows by source for one origin, sources without rows left out.
    pub(crate) fn counts(&self, origin: Origin) -> BTreeMap<String, usize> {
        let windows = |channel| -> usize {
            let logs = self
                .windows
                .iter()
                .filter(|((_, name), _)| *name == channel);
            logs.map(|(_, log)| log.count(origin)).sum()
        };
        [
            ("windows/Security", windows("Security")),
            ("windows/Sysmon", windows("Sysmon")),
            ("azure/SigninLogs", self.signin.count(origin)),
            ("azure/AuditLogs", self.audit.count(origin)),
            ("azure/AzureActivity", self.activity.count(origin)),
            ("m365/OfficeActivity", self.office.count(origin)),
            ("cloudtrail", self.cloudtrail.count(origin)),
            ("syslog/firewall-cef", self.firewall.count(origin)),
            ("syslog/linux", self.linux.count(origin)),
            ("alerts/guardduty", self.guardduty.count(origin)),
            (
                "alerts/defender-for-cloud",
                self.defender_cloud.count(origin),
            ),
            ("alerts/defender-xdr", self.defender_xdr.count(origin)),
            ("alerts/entra-risk-detections", self.risk.count(origin)),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(source, count)| (source.to_owned(), count))
        .collect()
    }

    /// The instants of all rows of any kind.
    #[cfg(test)]
    pub(crate) fn instants(&self) -> Vec<Timestamp> {
        let json = [
            &self.signin,
            &self.audit,
            &self.activity,
            &self.office,
            &self.cloudtrail,
            &self.guardduty,
            &self.defender_cloud,
            &self.defender_xdr,
            &self.risk,
        ];
        let json = json.into_iter().flat_map(Stream::instants);
        let windows = self.windows.values().flat_map(Stream::instants);
        let text = [&self.firewall, &self.linux];
        json.chain(windows)
            .chain(text.into_iter().flat_map(Stream::instants))
            .collect()
    }
}
