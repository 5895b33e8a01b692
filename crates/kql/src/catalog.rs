//! What the binder may ask about tables and stored functions. Implemented by whoever holds the schema.

use std::borrow::Cow;

use crate::plan::ColumnName;
use crate::types::Type;

/// A stored table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    /// Name, in the spelling to show.
    pub name: String,
    /// Columns in order. A query that reads the table shares their names.
    pub columns: Vec<(ColumnName, Type)>,
}

/// A stored function: KQL text that is inlined where it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDef {
    /// Name.
    pub name: String,
    /// Parameter list with parentheses as in `let f = (a:string, b:long=1) {...}`; `()` for none.
    pub parameters: String,
    /// The body, without braces.
    pub body: String,
}

/// Tables and functions by name. Names of tables and columns are case-sensitive, as in Kusto.
pub trait Catalog {
    /// The table of this exact name.
    fn table(&self, name: &str) -> Option<Cow<'_, TableDef>>;

    /// Names of all tables, sorted; for wildcards, `search` and "did you mean".
    fn table_names(&self) -> Vec<Cow<'_, str>>;

    /// The stored function of this exact name.
    fn function(&self, _name: &str) -> Option<Cow<'_, FunctionDef>> {
        None
    }

    /// Names of all stored functions, sorted; for completion.
    fn function_names(&self) -> Vec<Cow<'_, str>> {
        Vec::new()
    }

    /// What a table, or a column of it, holds, in a sentence; `None` when nobody wrote that down.
    fn describe(&self, _table: &str, _column: Option<&str>) -> Option<Cow<'_, str>> {
        None
    }

    /// Columns of a watchlist (without the ones all have), or `None` when it isn't known now.
    fn watchlist(&self, _alias: &str) -> Option<Vec<(String, Type)>> {
        None
    }
}

/// A catalog in memory, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct StaticCatalog {
    tables: std::collections::BTreeMap<String, TableDef>,
    functions: std::collections::BTreeMap<String, FunctionDef>,
}

impl StaticCatalog {
    /// A catalog with no table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a table.
    pub fn add_table(&mut self, table: TableDef) {
        self.tables.insert(table.name.clone(), table);
    }

    /// Adds or replaces a stored function.
    pub fn add_function(&mut self, function: FunctionDef) {
        self.functions.insert(function.name.clone(), function);
    }

    /// The table of this name, to change it.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut TableDef> {
        self.tables.get_mut(name)
    }
}

impl Catalog for StaticCatalog {
    fn table(&self, name: &str) -> Option<Cow<'_, TableDef>> {
        self.tables.get(name).map(Cow::Borrowed)
    }

    fn table_names(&self) -> Vec<Cow<'_, str>> {
        self.tables
            .keys()
            .map(|name| Cow::Borrowed(name.as_str()))
            .collect()
    }

    fn function(&self, name: &str) -> Option<Cow<'_, FunctionDef>> {
        self.functions.get(name).map(Cow::Borrowed)
    }

    fn function_names(&self) -> Vec<Cow<'_, str>> {
        self.functions
            .keys()
            .map(|name| Cow::Borrowed(name.as_str()))
            .collect()
    }
}
