//! Where tables come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::datasource::TableProvider;

/// Stored tables by name. `datetime` columns are `Timestamp(Microsecond, "UTC")`, `timespan` columns Int64
/// ticks, `string`, `guid` and `dynamic` (JSON text) Utf8.
pub trait TableSource: Send + Sync {
    /// The table of this exact name.
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>>;

    /// Names of all tables.
    fn names(&self) -> Vec<String>;

    /// Whether a table may hold rows. `false` only when it surely holds none: the engine then leaves
    /// it out of unions.
    fn holds_rows(&self, _name: &str) -> bool {
        true
    }
}

/// Tables held in a map: for loaded files and tests.
#[derive(Default)]
pub struct MemoryTables(BTreeMap<String, Arc<dyn TableProvider>>);

impl MemoryTables {
    /// No tables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a table.
    pub fn add(&mut self, name: impl Into<String>, table: Arc<dyn TableProvider>) {
        self.0.insert(name.into(), table);
    }
}

impl TableSource for MemoryTables {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}
