//! Probes and Prometheus metrics. The probes need no caller; the metrics do.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::auth::CanRead;
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> Router<Arc<Platform>> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Ready when rows can be stored and cases read.
async fn ready(State(platform): State<Arc<Platform>>) -> (StatusCode, &'static str) {
    let stats = platform.lake.stats();
    if stats
        .free_bytes
        .is_some_and(|free| free < platform.config.disk_guard_bytes)
    {
        return (StatusCode::SERVICE_UNAVAILABLE, "the disk is nearly full");
    }
    match platform.store.health().await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the case store does not answer",
        ),
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TableLabel {
    table: String,
}

async fn metrics(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
) -> Result<impl IntoResponse, ApiError> {
    let stats = platform.lake.stats();
    let mut registry = Registry::with_prefix("watchfloor");
    let per_source =
        |registry: &mut Registry, name: &str, help: &str, value: fn(&lake::FrameCounts) -> u64| {
            let family = Family::<SourceLabel, Gauge>::default();
            for source in &stats.intake {
                let label = SourceLabel {
                    source: source.source.clone(),
                };
                family
                    .get_or_create(&label)
                    .set(i64::try_from(value(&source.counts)).unwrap_or(i64::MAX));
            }
            registry.register(name, help, family);
        };
    per_source(
        &mut registry,
        "records_in",
        "Records read, by source",
        |c| c.records_in,
    );
    per_source(&mut registry, "rows", "Rows stored, by source", |c| c.rows);
    per_source(
        &mut registry,
        "rejects",
        "Records that could not be decoded, by source",
        |c| c.rejects,
    );
    per_source(
        &mut registry,
        "filtered",
        "Records that a filter dropped, by source",
        |c| c.filtered,
    );
    let table_rows = Family::<TableLabel, Gauge>::default();
    for table in &stats.tables {
        let label = TableLabel {
            table: table.name.clone(),
        };
        table_rows
            .get_or_create(&label)
            .set(i64::try_from(table.rows).unwrap_or(i64::MAX));
    }
    registry.register("table_rows", "Rows there are, by table", table_rows);
    let single = |registry: &mut Registry, name: &str, help: &str, value: u64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    single(
        &mut registry,
        "log_bytes",
        "Size of the write-ahead log",
        stats.log_bytes,
    );
    single(
        &mut registry,
        "disk_free_bytes",
        "Free bytes on the disk",
        stats.free_bytes.unwrap_or(0),
    );
    let summary = platform
        .store
        .summary(jiff::Timestamp::UNIX_EPOCH, platform.now())
        .await?;
    single(
        &mut registry,
        "open_incidents",
        "Incidents that are not closed",
        summary.open_incidents,
    );
    single(
        &mut registry,
        "unacknowledged_incidents",
        "Open incidents nobody acknowledged",
        summary.unacknowledged,
    );
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| ApiError::internal(&error))?;
    Ok((
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        text,
    ))
}
