//! What a dialect changes about the tables.

use std::borrow::Cow;

use detect::KqlCatalog;
use kql::{Catalog, Dialect, FunctionDef, TableDef, Type};

/// Tables of Defender XDR's advanced hunting, where the time of an event is `Timestamp`; by what
/// their names begin with. Log Analytics stores them with `TimeGenerated`.
const DEFENDER_TABLES: &[&str] = &[
    "AAD",
    "AlertEvidence",
    "AlertInfo",
    "Behavior",
    "Campaign",
    "CloudAppEvents",
    "CloudAuditEvents",
    "CloudProcess",
    "CloudStorage",
    "Device",
    "Email",
    "Entra",
    "FileMalicious",
    "IdentityDirectoryEvents",
    "IdentityInfo",
    "IdentityLogonEvents",
    "IdentityQueryEvents",
    "MessageEvents",
    "OAuthAppInfo",
    "UrlClickEvents",
];

const TIMESTAMP: &str = "Timestamp";

/// A catalog as queries of a dialect see it.
pub(super) struct InDialect<'a> {
    catalog: KqlCatalog<'a>,
    dialect: Dialect,
}

impl<'a> InDialect<'a> {
    pub(super) fn new(catalog: KqlCatalog<'a>, dialect: Dialect) -> Self {
        Self { catalog, dialect }
    }
}

impl Catalog for InDialect<'_> {
    fn table(&self, name: &str) -> Option<Cow<'_, TableDef>> {
        let mut table = self.catalog.table(name)?;
        let is_defender = DEFENDER_TABLES.iter().any(|start| name.starts_with(start));
        let has_timestamp = table.columns.iter().any(|(column, _)| column == TIMESTAMP);
        if self.dialect == Dialect::DefenderXdr && is_defender && !has_timestamp {
            let columns = &mut table.to_mut().columns;
            columns.push((TIMESTAMP.into(), Type::DateTime));
        }
        Some(table)
    }

    fn table_names(&self) -> Vec<Cow<'_, str>> {
        self.catalog.table_names()
    }

    fn function(&self, name: &str) -> Option<Cow<'_, FunctionDef>> {
        self.catalog.function(name)
    }

    fn function_names(&self) -> Vec<Cow<'_, str>> {
        self.catalog.function_names()
    }

    fn describe(&self, table: &str, column: Option<&str>) -> Option<Cow<'_, str>> {
        self.catalog.describe(table, column)
    }

    fn watchlist(&self, alias: &str) -> Option<Vec<(String, Type)>> {
        self.catalog.watchlist(alias)
    }
}
