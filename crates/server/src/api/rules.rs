//! Rules and their state.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{CanAdmin, CanRead};
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(reload))
}

#[derive(Serialize, ToSchema)]
struct Rules {
    items: Vec<RuleView>,
}

#[derive(Serialize, ToSchema)]
struct RuleView {
    id: String,
    name: String,
    /// sigma or sentinel.
    kind: String,
    severity: String,
    /// ready, no_data, broken or unroutable.
    #[schema(value_type = String)]
    state: serde_json::Value,
    enabled: bool,
    /// Why it is in that state; empty when it is ready.
    reason: String,
    tactics: Vec<String>,
    author: String,
    path: String,
}

/// Every rule found, with the reason when it can't run.
#[utoipa::path(get, path = "/api/v1/rules", responses((status = 200, body = Rules)))]
async fn list(State(platform): State<Arc<Platform>>, _: CanRead) -> Json<Rules> {
    let library = Arc::clone(&platform.rules.read());
    let items = library
        .reports
        .iter()
        .map(|report| RuleView {
            id: report.id.clone(),
            name: report.name.clone(),
            kind: report.kind.clone(),
            severity: report.severity.clone(),
            state: serde_json::to_value(report.state).unwrap_or_default(),
            enabled: report.enabled,
            reason: report
                .diagnostics
                .iter()
                .filter(|finding| finding.is_error())
                .map(|f| format!("{}:{}: {}", f.line, f.column, f.message))
                .collect::<Vec<_>>()
                .join("; "),
            tactics: report.tactics.clone(),
            author: report.author.clone(),
            path: report.path.clone(),
        })
        .collect();
    Json(Rules { items })
}

/// Reads all rule files anew.
#[utoipa::path(post, path = "/api/v1/rules/reload", responses((status = 204)))]
async fn reload(State(platform): State<Arc<Platform>>, _: CanAdmin) -> StatusCode {
    platform.reload_rules().await;
    StatusCode::NO_CONTENT
}
