//! Events over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use intake::{FileOptions, IngestReport, RequestAnswer, RequestOptions};
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use crate::auth::{Caller, CanAdmin, CanIngest};
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(ingest))
        .routes(routes!(ingest_files))
}

/// Longest idempotency key, bytes.
const KEY_BYTES_MAX: usize = 256;

#[derive(Serialize, ToSchema)]
struct IngestAnswer {
    /// Rows stored.
    accepted: u64,
    /// Records stored by an earlier request with the same key.
    duplicates: u64,
    /// Records that the source's filter dropped.
    filtered: u64,
    /// Records that could not be decoded; they are kept in `IngestRejects_CL`.
    rejected: Vec<RejectedLine>,
}

#[derive(Serialize, ToSchema)]
struct RejectedLine {
    /// Record in the body, from 1.
    line: u64,
    reason: String,
}

/// Stores the records of a body; answers when they are durable. `source` is a source's name or a
/// table's. The body may be compressed (`Content-Encoding: gzip` or `zstd`). With an `Idempotency-Key`
/// header the same body can be sent again for 24 hours; the same key with another body is refused.
#[utoipa::path(
    post, path = "/api/v1/ingest/{source}",
    params(("source" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = IngestAnswer), (status = 401), (status = 403), (status = 404), (status = 413), (status = 415), (status = 422), (status = 503))
)]
async fn ingest(
    State(platform): State<Arc<Platform>>,
    CanIngest(caller): CanIngest,
    Path(source): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<IngestAnswer>, ApiError> {
    if !caller.may_send_to(&source) {
        return Err(ApiError::forbidden(&format!(
            "the token may not send to `{source}`"
        )));
    }
    let idempotency_key = match headers.get("idempotency-key") {
        None => None,
        Some(value) => {
            let text = value
                .to_str()
                .map_err(|_| ApiError::bad("the idempotency key is not text"))?;
            if text.is_empty() || text.len() > KEY_BYTES_MAX {
                return Err(ApiError::bad(format!(
                    "an idempotency key has 1 to {KEY_BYTES_MAX} bytes"
                )));
            }
            Some(text.to_owned())
        }
    };
    let mut nonce = [0; 16];
    rand::rngs::OsRng
        .try_fill_bytes(&mut nonce)
        .map_err(|error| ApiError::internal(&error))?;
    let options = RequestOptions {
        source,
        idempotency_key,
        nonce,
    };
    let answer: RequestAnswer = platform.intake.request(body, options).await?;
    Ok(Json(IngestAnswer {
        accepted: answer.accepted,
        duplicates: answer.duplicates,
        filtered: answer.filtered,
        rejected: answer
            .rejected
            .into_iter()
            .map(|line| RejectedLine {
                line: line.line,
                reason: line.reason,
            })
            .collect(),
    }))
}

#[derive(Deserialize, ToSchema)]
struct FilesBody {
    /// Absolute paths on the server's machine.
    #[schema(value_type = Vec<String>)]
    paths: Vec<std::path::PathBuf>,
    source: Option<String>,
    table: Option<String>,
    #[serde(default)]
    again: bool,
}

/// Reads files of the server's machine. Only for the owner of the data folder: through the local
/// socket, never over the network.
#[utoipa::path(post, path = "/api/v1/local/ingest", request_body = FilesBody, responses((status = 200, body = Object), (status = 403)))]
async fn ingest_files(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    Json(body): Json<FilesBody>,
) -> Result<Json<IngestReport>, ApiError> {
    if !matches!(caller, Caller::Local { .. }) {
        return Err(ApiError::forbidden(
            "files are read for the owner of the data folder only",
        ));
    }
    let options = FileOptions {
        source: body.source,
        table: body.table,
        again: body.again,
        ..FileOptions::default()
    };
    Ok(Json(
        platform.intake.files(body.paths, options, |_| {}).await?,
    ))
}
