//! Filters per source, in KQL: `source | where ...`, checked when the configuration is read, bound
//! for each table of the source, and evaluated on every batch before it is stored.
//!
//! A source may have several tables (syslog carries CEF). Its filter must fit one of them; rows of
//! the others are all kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use detect::{table_def, ticks};
use intake::{FilterError, RowFilter};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use schema::TableSchema;

/// How long `now()` of a bound filter stands.
const BOUND_FOR: SignedDuration = SignedDuration::from_secs(1);

/// What is wrong with a filter's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}{}", .hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
pub struct FilterFault {
    /// Line in the filter's text, from 1.
    pub line: u32,
    /// Column in it, from 1.
    pub column: u32,
    /// First byte in it.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl FilterFault {
    fn at(text: &str, diagnostic: &kql::Diagnostic) -> Self {
        let found = diagnostic.to_json(text);
        Self {
            line: found.line,
            column: found.column,
            start: found.start,
            end: found.end,
            message: found.message,
            hint: found.hint,
        }
    }

    fn whole(text: &str, message: String) -> Self {
        Self {
            line: 1,
            column: 1,
            start: 0,
            end: u32::try_from(text.len()).unwrap_or(u32::MAX),
            message,
            hint: Some("a filter reads `source | where ...`".into()),
        }
    }
}

/// Whether `text` is a filter over rows of one of `tables` at least.
///
/// # Errors
/// What keeps it from that; of several tables, the least that is wrong with any of them.
pub(crate) fn check(text: &str, tables: &[&str], now: Timestamp) -> Result<(), FilterFault> {
    let mut least: Option<Vec<FilterFault>> = None;
    for table in tables {
        match bind(text, table, now).and_then(|query| try_on_no_rows(text, table, &query)) {
            Ok(()) => return Ok(()),
            Err(faults)
                if least
                    .as_ref()
                    .is_none_or(|least| faults.len() < least.len()) =>
            {
                least = Some(faults);
            }
            Err(_) => {}
        }
    }
    match least.and_then(|faults| faults.into_iter().next()) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

fn bind(text: &str, table: &str, now: Timestamp) -> Result<kql::plan::Query, Vec<FilterFault>> {
    let bound = kql::bind(
        text,
        &OneTable { table },
        &kql::BindOptions {
            now: ticks(now),
            dialect: kql::Dialect::Sentinel,
        },
    );
    let errors = bound.diagnostics.iter().filter(|d| d.is_error());
    let faults: Vec<_> = errors.map(|d| FilterFault::at(text, d)).collect();
    match bound.query {
        Some(query) if faults.is_empty() => Ok(query),
        _ if faults.is_empty() => Err(vec![FilterFault::whole(
            text,
            "this is no query over rows".into(),
        )]),
        _ => Err(faults),
    }
}

/// Operators that bind but do not filter show up when the filter is evaluated.
fn try_on_no_rows(
    text: &str,
    table: &str,
    query: &kql::plan::Query,
) -> Result<(), Vec<FilterFault>> {
    let rows = RecordBatch::new_empty(table_schema(table).arrow_schema());
    match kql_engine::filter_mask(query, &rows) {
        Ok(_) => Ok(()),
        Err(error) => Err(vec![FilterFault::whole(text, error.to_string())]),
    }
}

/// A filter bound for one table; `None` when it does not fit it.
struct Bound {
    at: Timestamp,
    query: Option<Arc<kql::plan::Query>>,
}

/// The filters, by source.
pub(crate) struct KqlFilters {
    texts: HashMap<String, String>,
    bound: Mutex<HashMap<(String, String), Bound>>,
    /// The latest failure of each source's filter.
    failed: Mutex<BTreeMap<String, String>>,
    clock: Arc<dyn lake::Clock>,
}

impl KqlFilters {
    /// Takes checked texts.
    pub(crate) fn new(
        texts: impl IntoIterator<Item = (String, String)>,
        clock: Arc<dyn lake::Clock>,
    ) -> Self {
        Self {
            texts: texts.into_iter().collect(),
            bound: Mutex::default(),
            failed: Mutex::default(),
            clock,
        }
    }

    /// Why the source's filter could not be applied to some rows, which were kept; `None` while it
    /// works.
    pub(crate) fn failure(&self, source: &str) -> Option<String> {
        self.failed.lock().get(source).cloned()
    }

    fn query(&self, source: &str, table: &str, text: &str) -> Option<Arc<kql::plan::Query>> {
        let now = self.clock.now();
        let key = (source.to_owned(), table.to_owned());
        let mut all = self.bound.lock();
        match all.get(&key) {
            Some(bound) if now.duration_since(bound.at).abs() < BOUND_FOR => bound.query.clone(),
            _ => {
                let query = bind(text, table, now).ok().map(Arc::new);
                let bound = Bound {
                    at: now,
                    query: query.clone(),
                };
                all.insert(key, bound);
                query
            }
        }
    }
}

impl RowFilter for KqlFilters {
    fn keep(
        &self,
        source: &str,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>, FilterError> {
        let Some(text) = self.texts.get(source) else {
            return Ok(None);
        };
        let Some(query) = self.query(source, table, text) else {
            return Ok(None);
        };
        match kql_engine::filter_mask(&query, batch) {
            Ok(mask) => Ok(Some(mask)),
            Err(error) => {
                let reason = format!("over {table}: {error}");
                self.failed.lock().insert(source.to_owned(), reason.clone());
                Err(FilterError {
                    source_name: source.to_owned(),
                    reason,
                })
            }
        }
    }
}

/// The columns that a source's rows of a table may have; of a custom table those that each has.
fn table_schema(name: &str) -> Arc<TableSchema> {
    match schema::Catalog::builtin().table(name) {
        Some(schema) => Arc::clone(schema),
        None => Arc::new(TableSchema::new(name, Vec::new()).with_standard_columns()),
    }
}

/// The catalog of a filter: `source`, with the columns of the rows' table.
struct OneTable<'a> {
    table: &'a str,
}

impl kql::Catalog for OneTable<'_> {
    fn table(&self, name: &str) -> Option<Cow<'_, kql::TableDef>> {
        if name != "source" {
            return None;
        }
        Some(Cow::Owned(kql::TableDef {
            name: "source".into(),
            ..table_def(&table_schema(self.table))
        }))
    }

    fn table_names(&self) -> Vec<Cow<'_, str>> {
        vec![Cow::Borrowed("source")]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use schema::{Row, RowsBuilder};

    const NOON: &str = "2026-03-06T12:00:00Z";

    fn now() -> Timestamp {
        NOON.parse().unwrap()
    }

    fn rows(messages: &[(&str, Timestamp)]) -> RecordBatch {
        let schema = schema::Catalog::builtin().table("Syslog").unwrap();
        let mut rows = RowsBuilder::new(Arc::clone(schema), true);
        for (message, at) in messages {
            let mut row = Row::new(Arc::clone(schema));
            row.set("SyslogMessage", *message);
            row.set("TimeGenerated", *at);
            rows.push(&row);
        }
        rows.finish().unwrap()
    }

    #[test]
    fn a_filter_that_does_not_bind_or_does_more_than_filter_is_refused_with_its_place() {
        let syslog = ["Syslog", "CommonSecurityLog"];
        check("source | where SeverityLevel != 'debug'", &syslog, now()).unwrap();
        check("source | where DeviceAction != 'deny'", &syslog, now()).unwrap();
        let fault = check("source | where SeverityLevl == 'debug'", &syslog, now()).unwrap_err();
        assert_eq!(
            (fault.line, fault.column, fault.start, fault.end),
            (1, 16, 15, 27)
        );
        assert!(fault.message.contains("SeverityLevl"), "{fault}");
        let fault = check("source\n| whre true", &syslog, now()).unwrap_err();
        assert_eq!((fault.line, fault.column), (2, 3), "{fault}");
        for text in [
            "",
            "Syslog | where true",
            "source | take 5",
            "source | summarize count()",
        ] {
            assert!(check(text, &syslog, now()).is_err(), "{text}");
        }
    }

    #[test]
    fn rows_of_a_table_that_the_filter_does_not_fit_are_kept() {
        let clock = Arc::new(lake::ManualClock::new(now()));
        let text = (
            "syslog".to_owned(),
            "source | where DeviceAction != 'deny'".to_owned(),
        );
        let filters = KqlFilters::new([text], clock);
        assert!(
            filters
                .keep("syslog", "Syslog", &rows(&[("x", now())]))
                .unwrap()
                .is_none()
        );
        assert!(
            filters
                .keep("other", "Syslog", &rows(&[("x", now())]))
                .unwrap()
                .is_none()
        );
        assert_eq!(filters.failure("syslog"), None);
    }

    #[test]
    fn a_column_that_no_row_of_a_batch_sets_reads_as_empty() {
        let clock = Arc::new(lake::ManualClock::new(now()));
        let with = |condition: &str| {
            let text = format!("source | where {condition}");
            check(&text, &["Syslog"], now()).unwrap();
            let filters = KqlFilters::new([("syslog".to_owned(), text)], clock.clone());
            let mask = filters
                .keep("syslog", "Syslog", &rows(&[("x", now())]))
                .unwrap()
                .unwrap();
            assert_eq!(filters.failure("syslog"), None);
            mask.value(0)
        };
        assert!(!with("Facility == 'auth'"));
        assert!(with("Facility != 'auth'"));
        assert!(with("isempty(Facility)"));
        assert!(with("isnull(ProcessID)"));
        assert!(!with("ProcessID > 0"));
        assert!(!with("* has 'nothing'"));
    }

    #[test]
    fn now_in_a_filter_moves_with_the_clock() {
        let clock = lake::ManualClock::new(now());
        let text = (
            "syslog".to_owned(),
            "source | where TimeGenerated > ago(1h)".to_owned(),
        );
        let filters = KqlFilters::new([text], Arc::new(clock.clone()));
        let batch = rows(&[("x", now())]);
        let kept = |filters: &KqlFilters| {
            let mask = filters.keep("syslog", "Syslog", &batch).unwrap().unwrap();
            mask.value(0)
        };
        assert!(kept(&filters));
        clock.advance(SignedDuration::from_hours(2));
        assert!(!kept(&filters));
    }
}
