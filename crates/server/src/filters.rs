//! Filters per source, in KQL: `source | where ...`, bound once per table and evaluated on every
//! batch before it is stored.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use detect::{table_def, ticks};
use intake::{FilterError, RowFilter};
use jiff::Timestamp;
use parking_lot::Mutex;

/// Text of the filters by source.
pub(crate) struct KqlFilters {
    texts: HashMap<String, String>,
    bound: Mutex<HashMap<(String, String), Arc<kql::plan::Query>>>,
    clock: Arc<dyn lake::Clock>,
}

impl KqlFilters {
    pub(crate) fn new(
        texts: impl IntoIterator<Item = (String, String)>,
        clock: Arc<dyn lake::Clock>,
    ) -> Self {
        Self {
            texts: texts.into_iter().collect(),
            bound: Mutex::default(),
            clock,
        }
    }

    fn query(
        &self,
        source: &str,
        table: &str,
        now: Timestamp,
    ) -> Result<Arc<kql::plan::Query>, String> {
        let key = (source.to_owned(), table.to_owned());
        if let Some(query) = self.bound.lock().get(&key) {
            return Ok(Arc::clone(query));
        }
        let text = self.texts.get(source).map_or("source", String::as_str);
        let bound = kql::bind(
            text,
            &OneTable { table },
            &kql::BindOptions {
                now: ticks(now),
                dialect: kql::Dialect::Sentinel,
            },
        );
        let Some(query) = bound.query else {
            let first = bound.diagnostics.first().map(|d| d.message.clone());
            return Err(first.unwrap_or_else(|| "the filter does not bind".into()));
        };
        let query = Arc::new(query);
        self.bound.lock().insert(key, Arc::clone(&query));
        Ok(query)
    }
}

impl RowFilter for KqlFilters {
    fn keep(
        &self,
        source: &str,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>, FilterError> {
        if !self.texts.contains_key(source) {
            return Ok(None);
        }
        let failed = |reason: String| FilterError {
            source_name: source.to_owned(),
            reason,
        };
        let now = self.clock.now();
        let query = self.query(source, table, now).map_err(failed)?;
        kql_engine::filter_mask(&query, batch)
            .map(Some)
            .map_err(|error| failed(error.to_string()))
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
        let schema = schema::Catalog::builtin().table(self.table)?;
        Some(Cow::Owned(kql::TableDef {
            name: "source".into(),
            ..table_def(schema)
        }))
    }

    fn table_names(&self) -> Vec<Cow<'_, str>> {
        vec![Cow::Borrowed("source")]
    }
}
