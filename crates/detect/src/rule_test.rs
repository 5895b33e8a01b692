//! Runs a rule against test records, through the same code as in service: records are decoded by
//! `sources`, Sigma rules run in [`StreamMatcher`], analytics rules over one window.
//!
//! The files of a test are described in `rules/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::error::ArrowError;
use jiff::{SignedDuration, Timestamp};
use kql_engine::Engine;
use lake::{Frame, FrameCounts};
use schema::{Alert, Entity, Event, RowsBuilder, Severity};
use serde_json::json;
use sigma::yaml::{self, Node};
use sources::{Collected, DecodeContext, NamedInput};

use crate::diagnostic::Finding;
use crate::journal::Journal;
use crate::library::RuleLibrary;
use crate::memory_tables::{MemoryTables, TableError};
use crate::queries::{Queries, QueryError};
use crate::stream::StreamMatcher;
use crate::window_run::WindowRun;
use crate::windows::Window;

/// Time between the last record and the end of the window, unless the test names one.
const AFTER_LAST: SignedDuration = SignedDuration::from_secs(60);

/// Why a rule could not be tested.
#[derive(Debug, thiserror::Error)]
pub enum RuleTestError {
    /// A test record could not be decoded.
    #[error("line {line}: {reason}")]
    Record {
        /// Line of the records, 1-based.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The rule can't run.
    #[error("the rule can't run: {}", .0.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("; "))]
    Rule(Vec<Finding>),
    /// The query failed.
    #[error("{}", .0.explained())]
    Query(#[from] QueryError),
    /// The records could not be made into tables.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The records could not be made into columns.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// The expectations can't be read.
    #[error("line {line}: {reason}")]
    Expected {
        /// Line, 1-based.
        line: u32,
        /// Why.
        reason: String,
    },
}

/// What an alert of a test comes to, for comparing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertFacts {
    /// Name.
    pub name: String,
    /// Severity.
    pub severity: Severity,
    /// Stored rows it rests on.
    pub evidence: usize,
    /// Strong keys of its entities ([`Entity::strong_keys`]), sorted.
    pub entities: Vec<String>,
}

impl From<&Alert> for AlertFacts {
    fn from(alert: &Alert) -> Self {
        let mut entities: Vec<String> = alert
            .entities
            .iter()
            .flat_map(Entity::strong_keys)
            .collect();
        entities.sort();
        entities.dedup();
        Self {
            name: alert.name.clone(),
            severity: alert.severity,
            evidence: alert.evidence.len(),
            entities,
        }
    }
}

/// What a rule is to find in its matching records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// End of the window of an analytics rule; `None`: a minute after the last record.
    pub at: Option<Timestamp>,
    /// Alerts, sorted.
    pub alerts: Vec<AlertFacts>,
}

impl Expected {
    /// Reads `expected.yml`.
    ///
    /// # Errors
    /// [`RuleTestError::Expected`] with the first line that is not understood.
    pub fn read(text: &str) -> Result<Self, RuleTestError> {
        let fail = |line: u32, reason: &str| RuleTestError::Expected {
            line,
            reason: reason.to_owned(),
        };
        let root = match yaml::load(text).into_iter().next() {
            Some(Ok(root)) => root,
            Some(Err(error)) => return Err(fail(error.line, &error.message)),
            None => return Err(fail(0, "empty")),
        };
        let at = match root.get("at").and_then(|node| Some((node, node.text()?))) {
            None => None,
            Some((node, text)) => Some(
                text.parse()
                    .map_err(|_| fail(node.line, "`at` is not a time"))?,
            ),
        };
        let listed = root
            .get("alerts")
            .and_then(Node::items)
            .ok_or_else(|| fail(root.line, "`alerts` is missing"))?;
        let mut alerts = listed
            .iter()
            .map(expected_alert)
            .collect::<Result<Vec<_>, _>>()?;
        alerts.sort();
        Ok(Self { at, alerts })
    }
}

fn expected_alert(node: &Node) -> Result<AlertFacts, RuleTestError> {
    let text = |key: &str| {
        node.get(key)
            .and_then(Node::text)
            .ok_or_else(|| RuleTestError::Expected {
                line: node.line,
                reason: format!("`{key}` is missing"),
            })
    };
    let wrong = |key: &str| RuleTestError::Expected {
        line: node.line,
        reason: format!("`{key}` is not understood"),
    };
    let mut entities = node.get("entities").map(Node::texts).unwrap_or_default();
    entities.sort();
    Ok(AlertFacts {
        name: text("name")?.to_owned(),
        severity: Severity::parse(text("severity")?).ok_or_else(|| wrong("severity"))?,
        evidence: text("evidence")?.parse().map_err(|_| wrong("evidence"))?,
        entities,
    })
}

/// Decodes test records, one a line, each in any format that `sources` recognises.
///
/// # Errors
/// [`RuleTestError::Record`] for a line that gives no event or more than one.
pub fn test_events(records: &str) -> Result<Vec<Event>, RuleTestError> {
    let mut events = Vec::new();
    for (at, line) in records
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let fail = |reason: String| RuleTestError::Record {
            line: at + 1,
            reason,
        };
        let source = sources::detect(line.as_bytes(), "records")
            .ok_or_else(|| fail("no source recognises the record".into()))?;
        let mut input = NamedInput::from_bytes("records", line.as_bytes());
        let mut decoded = Collected::default();
        source
            .decode(
                &mut input,
                &DecodeContext::new(Timestamp::UNIX_EPOCH),
                &mut decoded,
            )
            .map_err(|error| fail(error.to_string()))?;
        if let Some(reject) = decoded.rejects.first() {
            return Err(fail(reject.reason.clone()));
        }
        match <[Event; 1]>::try_from(decoded.events) {
            Ok([event]) if event.time.is_some() => events.push(event),
            Ok(_) => return Err(fail("the record has no time".into())),
            Err(events) => return Err(fail(format!("{} events in one line", events.len()))),
        }
    }
    Ok(events)
}

/// Runs the rules of one file over events. `at` is the end of the window of analytics rules, a
/// minute after the last event if it is not given.
///
/// # Errors
/// [`RuleTestError`].
pub async fn test_rule(
    path: &str,
    rule: &str,
    mut events: Vec<Event>,
    at: Option<Timestamp>,
    engine: Arc<Engine>,
) -> Result<Vec<Alert>, RuleTestError> {
    let last = events
        .iter()
        .filter_map(|event| event.time)
        .max()
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at.unwrap_or_else(|| last.checked_add(AFTER_LAST).unwrap_or(last));
    for (number, event) in events.iter_mut().enumerate() {
        event.finish(at, "", &format!("record-{}", number + 1));
    }
    let mut tables = MemoryTables::default();
    tables.add_events(&events)?;
    let queries = Queries::new(Arc::new(tables), engine, Journal::default());
    let texts = vec![(path.to_owned(), rule.to_owned())];
    let library = RuleLibrary::load(texts, &[], &queries, &|_| true, at);
    let findings: Vec<Finding> = library
        .reports
        .iter()
        .filter(|report| report.state != crate::RuleState::Ready)
        .flat_map(|report| report.diagnostics.clone())
        .collect();
    if !findings.is_empty() || library.reports.is_empty() {
        return Err(RuleTestError::Rule(findings));
    }
    let frame = frame(&events, at)?;
    let mut alerts = StreamMatcher::new(Arc::clone(&library.sigma))
        .frame(&frame, at)
        .alerts;
    alerts.retain(|alert| alert.origin == schema::AlertOrigin::Sigma);
    for rule in &library.analytics {
        let window = Window {
            to: at,
            from: at.checked_sub(rule.period).unwrap_or(Timestamp::MIN),
        };
        let run = WindowRun::run(&queries, rule, window, at).await?;
        if !run.fires() {
            continue;
        }
        for (key, rows) in run.groups() {
            alerts.push(run.alert(&queries, run.new_id(&key), &rows).await);
        }
    }
    Ok(alerts)
}

/// The events as intake hands them to the stream: rows with their native records.
fn frame(events: &[Event], received: Timestamp) -> Result<Frame, ArrowError> {
    let mut tables: BTreeMap<String, RowsBuilder> = BTreeMap::new();
    for event in events {
        let mut event = event.clone();
        event.native.insert(
            "__watchfloor".to_owned(),
            json!({
                "product": event.log_source.product,
                "service": event.log_source.service,
                "category": event.log_source.category,
            }),
        );
        tables
            .entry(event.row.table().name.clone())
            .or_insert_with(|| RowsBuilder::new(Arc::clone(event.row.table()), true))
            .push_event(&event);
    }
    let batches = tables
        .into_iter()
        .map(|(name, builder)| Ok((name, builder.finish()?)))
        .collect::<Result<_, ArrowError>>()?;
    Ok(Frame {
        source: "rule test".to_owned(),
        received,
        receipt: None,
        counts: FrameCounts::default(),
        batches,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_read_or_refused_with_the_line() {
        let text =
            "alerts:\n  - name: A\n    severity: High\n    evidence: 2\n    entities: [b, a]\n";
        let expected = Expected::read(text).unwrap();
        assert_eq!(expected.alerts[0].entities, ["a", "b"]);
        assert_eq!(expected.alerts[0].severity, Severity::High);
        let error = Expected::read("alerts:\n  - name: A\n    severity: Loud\n    evidence: 1\n")
            .unwrap_err();
        assert_eq!(error.to_string(), "line 2: `severity` is not understood");
    }

    #[test]
    fn a_line_that_is_no_record_is_refused() {
        let error = test_events("{\"a\":1}\n")
            .map(|events| events.len())
            .unwrap_err();
        assert!(error.to_string().starts_with("line 1: "), "{error}");
    }
}
