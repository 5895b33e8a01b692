//! The rows of the files that analytics rules read, held in memory for their windows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::error::DataFusionError;
use jiff::Timestamp;
use kql_engine::TableSource;
use schema::{Catalog, TableSchema};

use crate::queries::Tables;
use crate::windows::Window;

/// Columns kept of every table besides those that rules read: what windows, evidence and
/// `ingestion_time()` need.
const ALWAYS: [&str; 4] = ["TimeGenerated", "Type", "_ItemId", "_TimeReceived"];

/// Where in the files an input stood, so that a row's `_ItemId` leads back to its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InputId {
    /// Number of the file in the list of files.
    pub(super) file: usize,
    /// Number of the member of an archive, 0 otherwise.
    pub(super) member: usize,
}

impl InputId {
    /// `_ItemId` of a record: `number` counts the records of the input.
    pub(super) fn item_id(self, number: u64, record: u64) -> String {
        format!("hunt-{}-{}-{number}-{record}", self.file, self.member)
    }

    /// The input and the record's own number, read back.
    fn of(item_id: &str) -> Option<(Self, u64)> {
        let mut parts = item_id.strip_prefix("hunt-")?.split('-');
        let (file, member) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let _number = parts.next()?;
        let record = parts.next()?.parse().ok()?;
        parts
            .next()
            .is_none()
            .then_some((Self { file, member }, record))
    }
}

/// Which tables and columns are kept, by what rules read.
#[derive(Debug, Default)]
pub(super) struct WantedTables(BTreeMap<String, BTreeSet<String>>);

impl WantedTables {
    /// Adds what a query reads.
    pub(super) fn add(&mut self, query: &kql::plan::Query) {
        for read in &query.reads {
            let columns = self.0.entry(read.table.clone()).or_default();
            columns.extend(read.columns.iter().map(|name| name.as_str().to_owned()));
            columns.extend(ALWAYS.map(str::to_owned));
        }
    }

    /// Whether rows of this table are kept.
    pub(super) fn has(&self, table: &str) -> bool {
        self.0.contains_key(table)
    }
}

struct Kept {
    /// First and last event, in Unix seconds rounded down.
    seconds: (i64, i64),
    batch: RecordBatch,
}

struct KeptTable {
    schema: Arc<Schema>,
    batches: Vec<Kept>,
    seconds: Vec<i64>,
}

/// The rows kept.
pub struct HuntRows {
    wanted: Arc<WantedTables>,
    tables: BTreeMap<String, KeptTable>,
    names: BTreeMap<InputId, String>,
    rows: u64,
    bytes: usize,
    limit: usize,
}

impl HuntRows {
    /// Nothing kept; `limit` in bytes.
    pub(super) fn new(wanted: WantedTables, limit: usize) -> Self {
        Self {
            wanted: Arc::new(wanted),
            tables: BTreeMap::new(),
            names: BTreeMap::new(),
            rows: 0,
            bytes: 0,
            limit,
        }
    }

    /// What is kept.
    pub(super) fn wanted(&self) -> &Arc<WantedTables> {
        &self.wanted
    }

    /// Rows held.
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there is nothing for an analytics rule to read.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds rows of one input. `false` when they no longer fit; everything is let go of then, for
    /// a rule over part of the rows would both miss and invent.
    pub(super) fn add(
        &mut self,
        table: &TableSchema,
        batch: &RecordBatch,
        input: InputId,
        name: &str,
    ) -> Result<bool, ArrowError> {
        let Some(columns) = self.wanted.0.get(&table.name) else {
            return Ok(true);
        };
        let kept = self
            .tables
            .entry(table.name.clone())
            .or_insert_with(|| KeptTable {
                schema: reduced(table, columns),
                batches: Vec::new(),
                seconds: Vec::new(),
            });
        let batch = shaped(&kept.schema, batch)?;
        let seconds = seconds(&batch);
        self.bytes += batch.get_array_memory_size() + 8 * seconds.len();
        if self.bytes > self.limit {
            self.tables.clear();
            self.names.clear();
            self.rows = 0;
            return Ok(false);
        }
        self.rows += batch.num_rows() as u64;
        if let (Some(first), Some(last)) = (seconds.iter().min(), seconds.iter().max()) {
            let seconds = (*first, *last);
            kept.batches.push(Kept { seconds, batch });
        }
        kept.seconds.extend(seconds);
        self.names.entry(input).or_insert_with(|| name.to_owned());
        Ok(true)
    }

    /// Event times of some tables in Unix seconds, sorted, each once.
    pub(super) fn seconds(&self, tables: &[String]) -> Vec<i64> {
        let held = tables.iter().filter_map(|name| self.tables.get(name));
        let mut all: Vec<i64> = held
            .flat_map(|table| table.seconds.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// File and record number of a row.
    pub(super) fn origin(&self, item_id: &str) -> Option<(&str, u64)> {
        let (input, record) = InputId::of(item_id)?;
        Some((self.names.get(&input)?, record))
    }

    /// The tables as a window sees them: batches that can hold a row of it.
    pub(super) fn in_window(
        &self,
        tables: &[String],
        window: Window,
    ) -> Result<WindowTables, DataFusionError> {
        let (from, to) = (window.from.as_second(), window.to.as_second());
        let mut providers: BTreeMap<String, Arc<dyn TableProvider>> = BTreeMap::new();
        for name in tables {
            let (schema, batches) = match self.tables.get(name) {
                Some(table) => {
                    let held = table.batches.iter();
                    let seen = held.filter(|kept| kept.seconds.1 >= from && kept.seconds.0 <= to);
                    let batches = seen.map(|kept| kept.batch.clone()).collect();
                    (Arc::clone(&table.schema), batches)
                }
                None => match (Catalog::builtin().table(name), self.wanted.0.get(name)) {
                    (Some(table), Some(columns)) => (reduced(table, columns), Vec::new()),
                    _ => continue,
                },
            };
            let provider = MemTable::try_new(schema, vec![batches])?;
            providers.insert(name.clone(), Arc::new(provider));
        }
        Ok(WindowTables(providers))
    }
}

/// The wanted columns of a table, in its order.
fn reduced(table: &TableSchema, wanted: &BTreeSet<String>) -> Arc<Schema> {
    let columns = table.columns.iter();
    let fields: Vec<Field> = columns
        .filter(|column| wanted.contains(&column.name))
        .map(|column| Field::new(&column.name, column.ty.arrow_type(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The batch with exactly these columns.
fn shaped(schema: &Arc<Schema>, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let column = |field: &Arc<Field>| -> ArrayRef {
        match batch.column_by_name(field.name()) {
            Some(array) => Arc::clone(array),
            None => new_null_array(field.data_type(), batch.num_rows()),
        }
    };
    let columns = schema.fields().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn seconds(batch: &RecordBatch) -> Vec<i64> {
    let times = batch
        .column_by_name("TimeGenerated")
        .and_then(|array| array.as_any().downcast_ref::<TimestampMicrosecondArray>());
    times
        .into_iter()
        .flat_map(|times| times.iter().flatten())
        .map(|micros| micros.div_euclid(1_000_000))
        .collect()
}

/// What one window sees.
pub(super) struct WindowTables(BTreeMap<String, Arc<dyn TableProvider>>);

impl TableSource for WindowTables {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.0.get(name).map(Arc::clone)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl Tables for WindowTables {
    fn custom_schema(&self, _: &str) -> Option<Arc<TableSchema>> {
        None
    }
}

/// Earliest time of rows that a window can see which ends after `since`.
pub(super) fn earliest(since: Timestamp, longest_period: jiff::SignedDuration) -> Timestamp {
    since.checked_sub(longest_period).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use schema::{Row, RowsBuilder};

    use super::*;

    fn wanted(table: &str, columns: &[&str]) -> WantedTables {
        let columns = columns.iter().chain(&ALWAYS).map(|c| (*c).to_owned());
        WantedTables([(table.to_owned(), columns.collect())].into())
    }

    fn rows(table: &Arc<TableSchema>, times: &[&str]) -> RecordBatch {
        let mut builder = RowsBuilder::new(Arc::clone(table), false);
        for time in times {
            let mut row = Row::new(Arc::clone(table));
            row.set("TimeGenerated", *time);
            row.set("Account", "someone");
            row.set("Computer", "dc1");
            builder.push(&row);
        }
        builder.finish().unwrap()
    }

    #[test]
    fn an_item_id_leads_back_to_its_input_and_record() {
        let input = InputId { file: 7, member: 2 };
        assert_eq!(InputId::of(&input.item_id(3, 4711)), Some((input, 4711)));
        for text in [
            "",
            "hunt-",
            "hunt-1-2-3",
            "hunt-1-2-3-4-5",
            "hunt-1-x-3-4",
            "item-1",
        ] {
            assert_eq!(InputId::of(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_columns_that_rules_read_and_the_batches_of_a_window_are_seen() {
        let table = Arc::clone(Catalog::builtin().table("SecurityEvent").unwrap());
        let mut kept = HuntRows::new(wanted("SecurityEvent", &["Computer"]), 1 << 20);
        for hour in ["09", "12"] {
            let batch = rows(&table, &[&format!("2026-02-10T{hour}:00:00Z")]);
            assert!(kept.add(&table, &batch, InputId::default(), "a").unwrap());
        }
        let names = ["SecurityEvent".to_owned()];
        let window = Window {
            from: "2026-02-10T11:00:00Z".parse().unwrap(),
            to: "2026-02-10T13:00:00Z".parse().unwrap(),
        };
        let seen = kept.in_window(&names, window).unwrap();
        let schema = seen.table("SecurityEvent").unwrap().schema();
        assert!(schema.field_with_name("Computer").is_ok());
        assert!(schema.field_with_name("Account").is_err());
        assert_eq!(kept.seconds(&names).len(), 2);
        assert_eq!(kept.tables["SecurityEvent"].batches.len(), 2);
    }

    #[test]
    fn beyond_the_limit_nothing_is_held_and_it_is_told() {
        let table = Arc::clone(Catalog::builtin().table("SecurityEvent").unwrap());
        let mut kept = HuntRows::new(wanted("SecurityEvent", &["Computer"]), 100);
        let batch = rows(&table, &["2026-02-10T09:00:00Z"]);
        assert!(!kept.add(&table, &batch, InputId::default(), "a").unwrap());
        assert!(kept.is_empty());
    }
}
