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

    /// The rows of `_GetWatchlist(alias)`. `None` for a watchlist that nobody stored: it has no rows then.
    fn watchlist(&self, _alias: &str) -> Option<Arc<dyn TableProvider>> {
        None
    }

    /// The rows at an address of `externaldata`, by the names of the declared columns. `None`, as it is unless a
    /// source allows addresses of its choice, refuses the query: reading is up to the source, and the engine itself
    /// never reaches anything.
    fn external(
        &self,
        _uri: &str,
        _properties: &[(String, String)],
    ) -> Option<Arc<dyn TableProvider>> {
        None
    }

    /// Whether every row of a table has a `TimeGenerated`. Then the latest rows of wide tables are read in two
    /// steps, by time first.
    fn rows_have_time(&self, _name: &str) -> bool {
        false
    }

    /// Whether a table may hold rows. `false` only when it surely holds none: the engine then leaves
    /// it out of unions.
    fn holds_rows(&self, _name: &str) -> bool {
        true
    }
}

/// Tables held in a map: for loaded files and tests.
#[derive(Default)]
pub struct MemoryTables {
    tables: BTreeMap<String, Arc<dyn TableProvider>>,
    watchlists: BTreeMap<String, Arc<dyn TableProvider>>,
    /// By the beginning of an address.
    external: BTreeMap<String, Arc<dyn TableProvider>>,
}

impl MemoryTables {
    /// No tables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a table.
    pub fn add(&mut self, name: impl Into<String>, table: Arc<dyn TableProvider>) {
        self.tables.insert(name.into(), table);
    }

    /// Adds or replaces a watchlist.
    pub fn add_watchlist(&mut self, alias: impl Into<String>, table: Arc<dyn TableProvider>) {
        self.watchlists.insert(alias.into(), table);
    }

    /// Answers `externaldata` with these rows for all addresses that begin so.
    pub fn allow_external(&mut self, prefix: impl Into<String>, table: Arc<dyn TableProvider>) {
        self.external.insert(prefix.into(), table);
    }
}

impl TableSource for MemoryTables {
    fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.tables.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn watchlist(&self, alias: &str) -> Option<Arc<dyn TableProvider>> {
        self.watchlists.get(alias).cloned()
    }

    fn external(
        &self,
        uri: &str,
        _properties: &[(String, String)],
    ) -> Option<Arc<dyn TableProvider>> {
        let fits = |(prefix, _): &(&String, _)| uri.starts_with(prefix.as_str());
        let longest = self.external.iter().rev().find(fits);
        longest.map(|(_, table)| Arc::clone(table))
    }
}
