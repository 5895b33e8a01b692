//! Tables held in memory: for rule tests, and for queries over files without a data folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::error::DataFusionError;
use kql_engine::TableSource;
use schema::{Catalog, Event, NATIVE_COLUMN, Row, RowsBuilder, TableSchema};

use crate::queries::Tables;

/// Rows could not be made into a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Columns that don't fit together.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// The engine refused the table.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
}

/// Tables in memory, over a catalog of known schemas. A table of the catalog that holds no rows
/// is empty, as in the lake.
pub struct MemoryTables {
    catalog: Catalog,
    tables: BTreeMap<String, Held>,
}

struct Held {
    schema: Arc<TableSchema>,
    batches: Vec<RecordBatch>,
    provider: Arc<dyn TableProvider>,
}

impl Default for MemoryTables {
    /// No rows; the built-in tables.
    fn default() -> Self {
        Self::with_catalog(Catalog::builtin().clone())
    }
}

impl MemoryTables {
    /// No rows; the tables of `catalog`.
    pub fn with_catalog(catalog: Catalog) -> Self {
        Self {
            catalog,
            tables: BTreeMap::new(),
        }
    }

    /// The known tables.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Adds finished events ([`Event::finish`]), each to its table.
    ///
    /// # Errors
    /// [`TableError`]; nothing is added then to the table concerned.
    pub fn add_events<'e>(
        &mut self,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> Result<(), TableError> {
        self.add_rows(events.into_iter().map(|event| &event.row))
    }

    /// Adds rows, each to its table. Fields without a column must have been folded before
    /// ([`Row::fold_extra`]).
    ///
    /// # Errors
    /// [`TableError`]; nothing is added then to the table concerned.
    pub fn add_rows<'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<(), TableError> {
        let mut builders: BTreeMap<String, RowsBuilder> = BTreeMap::new();
        for row in rows {
            builders
                .entry(row.table().name.clone())
                .or_insert_with(|| RowsBuilder::new(Arc::clone(row.table()), false))
                .push(row);
        }
        for builder in builders.into_values() {
            let schema = Arc::clone(builder.table());
            self.add_batch(&schema, &builder.finish()?)?;
        }
        Ok(())
    }

    /// Adds a batch. Columns it leaves out are null; columns the table has not are left out.
    ///
    /// # Errors
    /// [`TableError`] when a column's type is not the table's.
    pub fn add_batch(
        &mut self,
        schema: &Arc<TableSchema>,
        batch: &RecordBatch,
    ) -> Result<(), TableError> {
        let batch = padded(schema, batch)?;
        let mut batches = match self.tables.get(&schema.name) {
            Some(held) if held.schema == *schema => held.batches.clone(),
            _ => Vec::new(),
        };
        batches.push(batch);
        let provider = MemTable::try_new(schema.arrow_schema(), vec![batches.clone()])?;
        let held = Held {
            schema: Arc::clone(schema),
            batches,
            provider: Arc::new(provider),
        };
        self.tables.insert(schema.name.clone(), held);
        Ok(())
    }
}

impl TableSource for MemoryTables {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        if let Some(held) = self.tables.get(name) {
            return Some(Arc::clone(&held.provider));
        }
        let schema = self.catalog.table(name)?.arrow_schema();
        let empty = MemTable::try_new(schema, vec![Vec::new()]).ok()?;
        Some(Arc::new(empty))
    }

    fn names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn holds_rows(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

impl Tables for MemoryTables {
    fn custom_schema(&self, name: &str) -> Option<Arc<TableSchema>> {
        match self.tables.get(name) {
            Some(held) => Some(Arc::clone(&held.schema)),
            None => self.catalog.table(name).cloned(),
        }
    }

    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn views(&self, name: &str) -> bool {
        // A catalog of somebody's own says what is there, and so do loaded rows.
        !self.tables.contains_key(name)
            && self.catalog.table(name) == Catalog::builtin().table(name)
    }
}

/// The batch with exactly the table's columns.
pub(crate) fn padded(schema: &TableSchema, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let full = schema.arrow_schema();
    let column = |field: &Arc<Field>| -> ArrayRef {
        match batch.column_by_name(field.name()) {
            Some(array) if field.name() != NATIVE_COLUMN => Arc::clone(array),
            _ => new_null_array(field.data_type(), batch.num_rows()),
        }
    };
    let columns = full.fields().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(full, columns, &options)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn row(table: &str, time: &str) -> Row {
        let mut row = Row::new(Arc::clone(Catalog::builtin().table(table).unwrap()));
        row.set("TimeGenerated", time);
        row
    }

    #[test]
    fn rows_go_to_their_tables_with_all_columns() {
        let mut tables = MemoryTables::default();
        let rows = [
            row("SecurityEvent", "2026-02-10T09:00:00Z"),
            row("SigninLogs", "2026-02-10T09:00:00Z"),
            row("SecurityEvent", "2026-02-10T09:00:01Z"),
        ];
        tables.add_rows(&rows).unwrap();
        tables.add_rows(&rows[..1]).unwrap();
        assert_eq!(tables.names(), ["SecurityEvent", "SigninLogs"]);
        let held = &tables.tables["SecurityEvent"];
        assert_eq!(
            held.batches
                .iter()
                .map(RecordBatch::num_rows)
                .sum::<usize>(),
            3
        );
        assert_eq!(
            held.provider.schema().fields().len(),
            held.schema.columns.len()
        );
        assert!(tables.custom_schema("AWSCloudTrail").is_some());
    }

    #[test]
    fn a_table_of_the_catalog_without_rows_is_empty_and_any_other_does_not_exist() {
        let own = Catalog::from_csv("table,column,type\nMine,a,long\n").unwrap();
        let tables = MemoryTables::with_catalog(own);
        let empty = tables.table("Mine").unwrap();
        assert_eq!(empty.schema().fields().len(), 1);
        assert!(tables.table("SecurityEvent").is_none());
        assert!(!tables.views("WindowsEvent"));
        assert!(MemoryTables::default().views("WindowsEvent"));
        assert!(MemoryTables::default().table("AWSCloudTrail").is_some());
    }
}
