//! Rules and their state.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use detect::{QueryContext, QueryOptions, RuleReport, RuleState};
use jiff::Timestamp;
use schema::Severity;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::words;
use crate::audit::Change;
use crate::auth::{CanAdmin, CanRead};
use crate::error::ApiError;
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
    #[schema(value_type = words::RuleKind)]
    kind: String,
    /// Sentinel's severity; a Sigma level is mapped onto it.
    #[schema(value_type = words::Severity)]
    severity: String,
    #[schema(value_type = words::RuleState)]
    state: serde_json::Value,
    enabled: bool,
    /// Why it is in that state; empty when it is ready.
    reason: String,
    tactics: Vec<String>,
    author: String,
    path: String,
    /// End of the last window that ran; null before the first run, and for Sigma rules, which see
    /// every event.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_run: Option<Timestamp>,
    /// Alerts it raised.
    hits: u64,
}

/// Every rule found, with the reason when it can't run.
#[utoipa::path(get, path = "/api/v1/rules", responses((status = 200, body = Rules)))]
async fn list(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
) -> Result<Json<Rules>, ApiError> {
    let library = Arc::clone(&platform.rules.read());
    let hits = hits(&platform, caller.name()).await?;
    let runs = platform.last_runs();
    let tables = platform.lake.table_names();
    let has_rows = |name: &str| tables.iter().any(|table| table == name);
    let items = library
        .reports
        .iter()
        .map(|report| RuleView {
            kind: match library.analytics.iter().find(|rule| rule.id == report.id) {
                Some(rule) => rule.kind.as_str().to_owned(),
                None if report.kind == "sentinel" => "scheduled".to_owned(),
                None => report.kind.clone(),
            },
            severity: Severity::parse(&report.severity)
                .unwrap_or(Severity::Informational)
                .to_string(),
            state: serde_json::to_value(report.state_now(&has_rows)).unwrap_or_default(),
            enabled: report.enabled,
            reason: reason(report, report.state_now(&has_rows)),
            tactics: report.tactics.clone(),
            author: report.author.clone(),
            path: report.path.clone(),
            last_run: runs.get(&report.id).copied(),
            hits: hits.get(&report.id).copied().unwrap_or(0),
            id: report.id.clone(),
            name: report.name.clone(),
        })
        .collect();
    Ok(Json(Rules { items }))
}

fn reason(report: &RuleReport, state: RuleState) -> String {
    let errors = report
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error());
    let errors: Vec<_> = errors
        .map(|f| format!("{}:{}: {}", f.line, f.column, f.message))
        .collect();
    match (errors.is_empty(), state) {
        (true, RuleState::NoData) => "a table it reads has no rows yet".to_owned(),
        (true, RuleState::Unroutable) => "no log source is known for it".to_owned(),
        _ => errors.join("; "),
    }
}

/// Alerts by rule id. The id is the end of `AlertType`, behind the tenant.
async fn hits(platform: &Platform, who: &str) -> Result<HashMap<String, u64>, ApiError> {
    const QUERY: &str = "SecurityAlert | where VendorName == 'Watchfloor' | summarize n = dcount(SystemAlertId) by AlertType";
    let context = QueryContext {
        who: who.to_owned(),
        purpose: "rules",
    };
    let outcome = platform
        .queries
        .run(QUERY, &QueryOptions::new(platform.now()), &context)
        .await
        .map_err(|error| ApiError::query(QUERY, &error))?;
    let result = outcome.result;
    let prefix = format!("{}_", platform.config.tenant_id);
    Ok(result
        .rows
        .iter()
        .map(|row| {
            let kind = result.text(row, "AlertType");
            let id = kind.strip_prefix(&prefix).unwrap_or(&kind).to_owned();
            (id, result.cell(row, "n").as_u64().unwrap_or(0))
        })
        .collect())
}

/// Reads all rule files anew.
#[utoipa::path(post, path = "/api/v1/rules/reload", responses((status = 204)))]
async fn reload(State(platform): State<Arc<Platform>>, CanAdmin(caller): CanAdmin) -> StatusCode {
    platform.reload_rules().await;
    let change = Change {
        operation: "Rules reloaded",
        kind: "Analytics rule",
        name: "all",
        details: serde_json::json!({}),
    };
    platform.audit(&caller, change).await;
    StatusCode::NO_CONTENT
}
