//! What the tests share: a small table, and the corpora named by `WATCHFLOOR_CORPORA` with the catalog their queries
//! are bound against.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout)]

pub(crate) mod mutants;
pub(crate) mod printed;

use std::path::{Path, PathBuf};

use kql::{BindOptions, Bound, Catalog, Dialect, StaticCatalog, TableDef, Type, bind};
use serde_json::Value;

/// The folder of the corpora; says so when it isn't given.
pub(crate) fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("WATCHFLOOR_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: WATCHFLOOR_CORPORA is not set");
    }
    folder
}

/// A catalog with a table `T`.
pub(crate) fn table(columns: &[(&str, Type)]) -> StaticCatalog {
    let mut catalog = StaticCatalog::new();
    catalog.add_table(TableDef {
        name: "T".to_owned(),
        columns: columns
            .iter()
            .map(|(name, ty)| ((*name).into(), *ty))
            .collect(),
    });
    catalog
}

/// One JSON value a line.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The corpora's rules and documentation cases; none where the corpora are not given.
pub(crate) fn corpus_queries() -> Vec<Value> {
    let Some(folder) = corpora() else {
        return Vec::new();
    };
    ["kql-rules/queries.jsonl", "kql-docs/conformance.jsonl"]
        .iter()
        .flat_map(|file| lines(&folder.join(file)))
        .collect()
}

/// The tables of a workspace, in both dialects.
pub(crate) struct Workspace {
    sentinel: StaticCatalog,
    defender: StaticCatalog,
}

impl Workspace {
    /// Reads the schema file of the corpora.
    pub(crate) fn load(folder: &Path) -> Self {
        let sentinel = catalog(folder);
        let defender = with_timestamps(sentinel.clone());
        Self { sentinel, defender }
    }

    /// The catalogs: Sentinel's and Defender's.
    pub(crate) fn catalogs(&self) -> [&StaticCatalog; 2] {
        [&self.sentinel, &self.defender]
    }

    /// Binds a query of this dialect.
    pub(crate) fn bind(&self, text: &str, dialect: &Value) -> Bound {
        let catalog = if dialect == "defender-xdr" {
            &self.defender
        } else {
            &self.sentinel
        };
        bind_in(text, catalog)
    }
}

/// Binds against a catalog, at a time of its own.
pub(crate) fn bind_in(text: &str, catalog: &StaticCatalog) -> Bound {
    let options = BindOptions {
        now: 638_000_000_000_000_000,
        dialect: Dialect::Sentinel,
    };
    bind(text, catalog, &options)
}

/// The corpora's tables. Types that no query can have are strings.
fn catalog(folder: &Path) -> StaticCatalog {
    let text = std::fs::read_to_string(folder.join("schemas/log_analytics_tables.csv")).unwrap();
    tables(&text, |ty| Type::parse(ty).unwrap_or(Type::String))
}

/// The tables of `table,column,type` lines under a head; no cell is quoted.
pub(crate) fn tables(csv: &str, type_of: impl Fn(&str) -> Type) -> StaticCatalog {
    let mut catalog = StaticCatalog::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [table, column, ty, ..] = cells[..] else {
            panic!("not a line of a schema: {line}");
        };
        if catalog.table_mut(table).is_none() {
            catalog.add_table(TableDef {
                name: table.to_owned(),
                columns: Vec::new(),
            });
        }
        let columns = &mut catalog.table_mut(table).unwrap().columns;
        columns.push((column.into(), type_of(ty.trim())));
    }
    catalog
}

/// Defender's tables have `Timestamp` too, in this dialect.
fn with_timestamps(mut catalog: StaticCatalog) -> StaticCatalog {
    let names: Vec<String> = catalog
        .table_names()
        .into_iter()
        .map(|name| name.into_owned())
        .collect();
    for name in names {
        let defender = [
            "Device", "Email", "Identity", "Alert", "Cloud", "Url", "AAD", "Behavior", "Exposure",
            "Entra", "Message",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        let columns = &mut catalog.table_mut(&name).unwrap().columns;
        if defender && !columns.iter().any(|(name, _)| name == "Timestamp") {
            columns.push(("Timestamp".into(), Type::DateTime));
        }
    }
    catalog
}
