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
    #[schema(format = DateTime)]
    received_at: String,
    /// Whether a replay stored what it holds.
    replayed: bool,
    /// The first 200 characters.
    raw_preview: String,
}

// Rows with `Replayed` are notes of replays; the reject's own row never changes.
const QUERY: &str = "IngestRejects_CL | where Replayed != true | sort by TimeGenerated desc";

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
            replayed: platform.intake.is_replayed(&reject.reject_id),
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

/// Which rejects to decode again, and how. Everything left out means all, with their own source.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ReplayBody {
    /// Only these.
    ids: Vec<String>,
    /// Only those that this source rejected.
    rejected_by: Option<String>,
    /// Decode with this source, or as rows of this table; needs one of the above.
    source: Option<String>,
}

/// Decodes rejects again, each stored once at most.
#[utoipa::path(post, path = "/api/v1/rejects/replay", request_body = Option<ReplayBody>, responses((status = 200, body = Object), (status = 400), (status = 404)))]
async fn replay(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    body: Option<Json<ReplayBody>>,
) -> Result<Json<ReplayReport>, ApiError> {
    let wanted = body.map(|Json(body)| body).unwrap_or_default();
    let all = wanted.ids.is_empty() && wanted.rejected_by.is_none();
    if all && wanted.source.is_some() {
        return Err(ApiError::bad(
            "another source is for rejects that were chosen, by `ids` or `rejected_by`",
        )
        .hint("syslog, for one, takes any text: it would store every reject"));
    }
    let rejects: Vec<StoredReject> = stored(&platform, caller.name(), 500_000)
        .await?
        .into_iter()
        .map(|(reject, _)| reject)
        .filter(|reject| wanted.ids.is_empty() || wanted.ids.contains(&reject.reject_id))
        .filter(|reject| {
            let by = wanted.rejected_by.as_ref();
            by.is_none_or(|by| *by == reject.source)
        })
        .collect();
    if let Some(unknown) = wanted
        .ids
        .iter()
        .find(|id| !rejects.iter().any(|reject| reject.reject_id == **id))
    {
        return Err(ApiError::not_found(format!("no such reject: `{unknown}`")));
    }
    let report = platform
        .intake
        .replay(rejects, wanted.source.as_deref())
        .await?;
    Ok(Json(report))
}
