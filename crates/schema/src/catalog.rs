//! Table schemas: which columns a table has and of which KQL type.
//!
//! The built-in tables are read once from `data/*.tables` (format stated in the file's first
//! lines). Tables of the installation itself (`*_CL`) are added at run time.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The KQL type of a column, by its KQL name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `bool`.
    Bool,
    /// `int`, 32 bits.
    Int,
    /// `long`, 64 bits.
    Long,
    /// `real`, IEEE 754 double.
    Real,
    /// `string`, never null in KQL: a missing one is stored as `""` or left out.
    String,
    /// `datetime`, stored in microseconds, UTC.
    DateTime,
    /// `dynamic`, stored as JSON text.
    Dynamic,
    /// `guid`, stored as lower-case text.
    Guid,
}

impl ColumnType {
    /// Returns the type's name in KQL.
    pub fn kql_name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::Dynamic => "dynamic",
            Self::Guid => "guid",
        }
    }

    /// Reads a type by its KQL name, `None` when there is no such type.
    pub fn from_kql_name(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" => Self::Bool,
            "int" => Self::Int,
            "long" => Self::Long,
            "real" | "double" => Self::Real,
            "string" => Self::String,
            "datetime" | "date" => Self::DateTime,
            "dynamic" => Self::Dynamic,
            "guid" => Self::Guid,
            _ => return None,
        })
    }

    fn from_letter(letter: &str) -> Option<Self> {
        Some(match letter {
            "b" => Self::Bool,
            "i" => Self::Int,
            "l" => Self::Long,
            "r" => Self::Real,
            "s" => Self::String,
            "t" => Self::DateTime,
            "d" => Self::Dynamic,
            "g" => Self::Guid,
            _ => return None,
        })
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, case-sensitive as everywhere in KQL.
    pub name: String,
    /// Type.
    pub ty: ColumnType,
}

/// A table: its name and its columns in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Name, case-sensitive.
    pub name: String,
    /// Columns in the order a query without projection shows them.
    pub columns: Vec<Column>,
    index: HashMap<String, usize>,
}

impl TableSchema {
    /// Builds a schema; a column named twice keeps its first type.
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Self {
        let mut schema = Self {
            name: name.into(),
            columns: Vec::new(),
            index: HashMap::new(),
        };
        for column in columns {
            schema.push(column);
        }
        schema
    }

    fn push(&mut self, column: Column) {
        if !self.index.contains_key(&column.name) {
            self.index.insert(column.name.clone(), self.columns.len());
            self.columns.push(column);
        }
    }

    /// Position of a column, `None` when the table has none of that name.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.index.get(column).copied()
    }

    /// Type of a column, `None` when the table has none of that name.
    pub fn column_type(&self, column: &str) -> Option<ColumnType> {
        self.position(column).map(|at| self.columns[at].ty)
    }

    /// Adds the columns that every stored table has (DESIGN: `TimeGenerated`, `Type`, `TenantId`,
    /// `SourceSystem`, `_ItemId`, `_TimeReceived`, `_TimeQuality`, `AdditionalFields`).
    pub fn with_standard_columns(mut self) -> Self {
        for (name, ty) in STANDARD_COLUMNS {
            self.push(Column {
                name: (*name).to_owned(),
                ty: *ty,
            });
        }
        self
    }
}

/// Columns every stored table has. `_TimeQuality` is `""`, `"future"` or `"late"`
/// ([`crate::TimeQuality`]); `AdditionalFields` keeps what has no column of its own.
const STANDARD_COLUMNS: &[(&str, ColumnType)] = &[
    ("TimeGenerated", ColumnType::DateTime),
    ("Type", ColumnType::String),
    ("TenantId", ColumnType::String),
    ("SourceSystem", ColumnType::String),
    ("_ItemId", ColumnType::String),
    ("_TimeReceived", ColumnType::DateTime),
    ("_TimeQuality", ColumnType::String),
    ("AdditionalFields", ColumnType::Dynamic),
];

/// What is wrong with a schema file.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A line that is not `table,column,type`.
    #[error("line {line}: {reason}")]
    Line {
        /// 1-based line number.
        line: usize,
        /// What was expected.
        reason: String,
    },
}

/// A set of tables by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    tables: HashMap<String, Arc<TableSchema>>,
}

static BUILTIN: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog = Catalog::default();
    for text in [
        include_str!("../data/log_analytics.tables"),
        include_str!("../data/watchfloor.tables"),
    ] {
        for table in parse_tables(text) {
            catalog.insert(table.with_standard_columns());
        }
    }
    catalog
});

impl Catalog {
    /// The tables every installation knows: Log Analytics' and Watchfloor's own.
    pub fn builtin() -> &'static Catalog {
        &BUILTIN
    }

    /// Reads `table,column,type` with a header line; plain fields, no quoting.
    ///
    /// # Errors
    /// [`SchemaError::Line`] for a line with fewer than three fields or an unknown type; a row
    /// whose type is `type` repeats the header and is passed over.
    pub fn from_csv(text: &str) -> Result<Self, SchemaError> {
        let mut order: Vec<String> = Vec::new();
        let mut columns: HashMap<String, Vec<Column>> = HashMap::new();
        for (at, line) in text.lines().enumerate().skip(1) {
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                continue;
            }
            let fields: Vec<&str> = line.split(',').collect();
            let [table, column, ty, ..] = fields[..] else {
                return Err(SchemaError::Line {
                    line: at + 1,
                    reason: "expected table,column,type".into(),
                });
            };
            if ty == "type" {
                continue;
            }
            let ty = ColumnType::from_kql_name(ty).ok_or_else(|| SchemaError::Line {
                line: at + 1,
                reason: format!("unknown type `{ty}`"),
            })?;
            if !columns.contains_key(table) {
                order.push(table.to_owned());
            }
            columns.entry(table.to_owned()).or_default().push(Column {
                name: column.to_owned(),
                ty,
            });
        }
        let mut catalog = Self::default();
        for table in order {
            let columns = columns.remove(&table).unwrap_or_default();
            catalog.insert(TableSchema::new(table, columns));
        }
        Ok(catalog)
    }

    /// Adds or replaces a table.
    pub fn insert(&mut self, table: TableSchema) -> Arc<TableSchema> {
        let table = Arc::new(table);
        self.tables.insert(table.name.clone(), Arc::clone(&table));
        table
    }

    /// Looks a table up by its exact name.
    pub fn table(&self, name: &str) -> Option<&Arc<TableSchema>> {
        self.tables.get(name)
    }

    /// All tables, in no order.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableSchema>> {
        self.tables.values()
    }
}

fn parse_tables(text: &str) -> Vec<TableSchema> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let columns = words
                .filter_map(|word| {
                    let (name, letter) = word.rsplit_once(':')?;
                    Some(Column {
                        name: name.to_owned(),
                        ty: ColumnType::from_letter(letter)?,
                    })
                })
                .collect();
            TableSchema::new(name, columns)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_line_parses_and_has_the_standard_columns() {
        let catalog = Catalog::builtin();
        assert!(catalog.tables().count() > 890);
        for table in catalog.tables() {
            for (name, ty) in STANDARD_COLUMNS {
                if *name == "AdditionalFields" || *name == "TenantId" {
                    assert!(table.position(name).is_some(), "{} {name}", table.name);
                } else {
                    assert_eq!(table.column_type(name), Some(*ty), "{} {name}", table.name);
                }
            }
        }
        for text in [
            include_str!("../data/log_analytics.tables"),
            include_str!("../data/watchfloor.tables"),
        ] {
            for line in text.lines().filter(|l| !l.starts_with('#')) {
                for word in line.split(' ').skip(1) {
                    let letter = word.rsplit_once(':').map(|(_, letter)| letter);
                    assert!(
                        letter.and_then(ColumnType::from_letter).is_some(),
                        "{line}: {word}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_csv_error_names_its_line() {
        let error = Catalog::from_csv("table,column,type\nT,a,string\nT,b,text\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3: unknown type `text`");
    }
}
