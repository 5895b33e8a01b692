//! The `Usage` table: rows and bytes received per table and UTC day of receipt.
//!
//! The lake counts them with every frame and keeps the counts through crashes, restarts and
//! backups; a query reads the counts as they are, so there is no row to write, to lose or to write
//! twice. Rows that were brought in from another workspace's `Usage` stand beside them.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lake::{Lake, LakeTable};
use schema::{Catalog, Row, RowsBuilder, TableSchema};

use crate::memory_tables::{TableError, padded};

/// The table's name.
pub(crate) const TABLE: &str = "Usage";

/// Bytes of a megabyte, as Log Analytics counts them.
const MEGABYTE: f64 = 1e6;

/// Tables that Watchfloor writes about itself: `IsBillable` is false for them, so that published
/// queries show what the sources cost.
const OWN_TABLES: &[&str] = &[
    "IncidentActivity",
    "IngestRejects_CL",
    "LAQueryLogs",
    "SecurityIncident",
    "SentinelAudit",
    "SentinelHealth",
];

/// The table as it is now; `None` when the catalog does not know it.
pub(crate) fn table(lake: &Lake) -> Option<Arc<dyn TableProvider>> {
    let stored = lake.table(TABLE)?;
    let schema = Catalog::builtin().table(TABLE)?;
    let counted = match counted(lake, schema) {
        Ok(counted) => counted,
        Err(error) => {
            tracing::error!(%error, "the counts of rows and bytes could not be read");
            return None;
        }
    };
    Some(Arc::new(UsageTable { stored, counted }))
}

fn counted(lake: &Lake, schema: &Arc<TableSchema>) -> Result<MemTable, TableError> {
    let mut rows = RowsBuilder::new(Arc::clone(schema), false);
    for usage in lake.usage() {
        let Ok(from) = usage.day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()) else {
            continue;
        };
        rows.push(&row(schema, &usage, from));
    }
    let batch = padded(schema, &rows.finish()?)?;
    Ok(MemTable::try_new(schema.arrow_schema(), vec![vec![batch]])?)
}

fn row(schema: &Arc<TableSchema>, usage: &lake::Usage, from: Timestamp) -> Row {
    let last = SignedDuration::from_hours(24) - SignedDuration::from_micros(1);
    let mut row = Row::new(Arc::clone(schema));
    row.set("TimeGenerated", from);
    row.set("StartTime", from);
    row.set("EndTime", from.saturating_add(last).unwrap_or(from));
    row.set("DataType", usage.table.as_str());
    row.set("Quantity", usage.bytes as f64 / MEGABYTE);
    row.set("QuantityUnit", "MBytes");
    row.set("_RowCount", i64::try_from(usage.rows).unwrap_or(i64::MAX));
    row.set("Solution", "LogManagement");
    row.set("IsBillable", !OWN_TABLES.contains(&usage.table.as_str()));
    row.set("Type", TABLE);
    row.set("SourceSystem", "Watchfloor");
    row.set("_ItemId", format!("usage-{}-{}", usage.table, usage.day));
    row
}

/// Stored rows and counted ones.
struct UsageTable {
    stored: LakeTable,
    counted: MemTable,
}

#[async_trait]
impl TableProvider for UsageTable {
    fn schema(&self) -> SchemaRef {
        self.counted.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let stored = self.stored.scan(state, projection, filters, limit).await?;
        let counted = self.counted.scan(state, projection, &[], limit).await?;
        UnionExec::try_new(vec![stored, counted])
    }
}

impl fmt::Debug for UsageTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageTable").finish_non_exhaustive()
    }
}
