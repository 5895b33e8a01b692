//! Records that could not be decoded: look at them, decode them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use detect::{QueryContext, QueryOptions};
use intake::{ReplayReport, StoredReject};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{CanAdmin, CanRead};
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(replay))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Params {
    /// 100 when not given.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct Rejects {
    items: Vec<RejectView>,
}

#[derive(Serialize, ToSchema)]
struct RejectView {
    reject_id: String,
    source: String,
    file: String,
    record: i64,
    reason: String,
    received_at: String,
    /// The first 200 characters.
    raw_preview: String,
}

const QUERY: &str = "IngestRejects_CL | sort by TimeGenerated desc";

/// The latest rejects.
#[utoipa::path(get, path = "/api/v1/rejects", params(Params), responses((status = 200, body = Rejects)))]
async fn list(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Query(params): Query<Params>,
) -> Result<Json<Rejects>, ApiError> {
    let rows = stored(
        &platform,
        caller.name(),
        params.limit.unwrap_or(100).min(10_000),
    )
    .await?;
    let items = rows
        .into_iter()
        .map(|(reject, facts)| RejectView {
            raw_preview: reject.raw.chars().take(200).collect(),
            reject_id: reject.reject_id,
            source: reject.source,
            file: reject.file,
            record: facts.record,
            reason: facts.reason,
            received_at: facts.received_at,
        })
        .collect();
    Ok(Json(Rejects { items }))
}

struct Facts {
    record: i64,
    reason: String,
    received_at: String,
}

async fn stored(
    platform: &Platform,
    who: &str,
    limit: usize,
) -> Result<Vec<(StoredReject, Facts)>, ApiError> {
    let options = QueryOptions {
        max_rows: limit,
        ..QueryOptions::new(platform.now())
    };
    let context = QueryContext {
        who: who.to_owned(),
        purpose: "rejects",
    };
    let outcome = platform
        .queries
        .run(QUERY, &options, &context)
        .await
        .map_err(|error| ApiError::query(QUERY, &error))?;
    let result = outcome.result;
    Ok(result
        .rows
        .iter()
        .map(|row| {
            let text = |column: &str| result.text(row, column);
            let reject = StoredReject {
                reject_id: text("RejectId"),
                source: text("SourceName"),
                file: text("File"),
                raw: text("RawData"),
                encoding: text("RawEncoding"),
            };
            let facts = Facts {
                record: text("Record").parse().unwrap_or(0),
                reason: text("Reason"),
                received_at: text("TimeGenerated"),
            };
            (reject, facts)
        })
        .collect())
}

/// Decodes all rejects again, each stored once at most.
#[utoipa::path(post, path = "/api/v1/rejects/replay", responses((status = 200, body = Object)))]
async fn replay(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
) -> Result<Json<ReplayReport>, ApiError> {
    let rejects = stored(&platform, caller.name(), 500_000).await?;
    let rejects = rejects.into_iter().map(|(reject, _)| reject).collect();
    Ok(Json(platform.intake.replay(rejects).await?))
}
