//! What comes in, by source.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CanRead;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct Sources {
    items: Vec<SourceView>,
}

/// Counts of one source. records_in = rows + duplicates + filtered + rejects.
#[derive(Serialize, ToSchema)]
struct SourceView {
    source: String,
    /// Tables its rows went to, with commas.
    table: String,
    records_in: u64,
    rows: u64,
    duplicates: u64,
    filtered: u64,
    rejects: u64,
    #[schema(value_type = String, format = DateTime)]
    last_received: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_event: Option<Timestamp>,
    /// Zone of times that name none.
    zone: String,
    /// KQL that says which rows are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// Why the filter could not be applied to some rows; they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_failure: Option<String>,
}

/// Every source that sent something.
#[utoipa::path(get, path = "/api/v1/sources", responses((status = 200, body = Sources)))]
async fn list(State(platform): State<Arc<Platform>>, _: CanRead) -> Json<Sources> {
    let stats = platform.lake.stats();
    let items = stats
        .intake
        .iter()
        .map(|intake| {
            let settings = platform.config.sources.get(&intake.source);
            let tables: Vec<_> = stats
                .sources
                .iter()
                .filter(|s| s.source == intake.source)
                .collect();
            SourceView {
                source: intake.source.clone(),
                table: tables
                    .iter()
                    .map(|s| s.table.as_str())
                    .collect::<Vec<_>>()
                    .join(","),
                records_in: intake.counts.records_in,
                rows: intake.counts.rows,
                duplicates: intake.counts.duplicates,
                filtered: intake.counts.filtered,
                rejects: intake.counts.rejects,
                last_received: intake.last_received,
                last_event: tables.iter().filter_map(|s| s.last_event).max(),
                zone: settings
                    .and_then(|s| s.zone.clone())
                    .unwrap_or_else(|| "UTC".into()),
                filter: settings.and_then(|s| s.filter.clone()),
                filter_failure: platform.filters.failure(&intake.source),
            }
        })
        .collect();
    Json(Sources { items })
}
