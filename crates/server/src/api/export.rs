//! The rows behind an incident: its evidence, and everything else its entities did.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use detect::{QueryContext, QueryOptions};
use jiff::{SignedDuration, Timestamp};
use schema::Entity;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::query::{Table, table};
use crate::auth::CanRead;
use crate::error::ApiError;
use crate::platform::Platform;

/// Rows of one table at most.
const ROWS_MAX: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(evidence))
        .routes(routes!(scope))
}

/// Rows by stored table.
#[derive(Serialize, ToSchema)]
struct Rows {
    tables: Vec<Table>,
    /// More rows were there than are shown.
    truncated: bool,
}

/// The rows that the incident's alerts rest on.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/evidence", params(("number" = i64, Path)), responses((status = 200, body = Rows)))]
async fn evidence(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Path(number): Path<i64>,
) -> Result<Json<Rows>, ApiError> {
    let alerts = platform.store.alerts(number).await?;
    let mut by_table: BTreeMap<String, Vec<(String, Timestamp)>> = BTreeMap::new();
    for reference in alerts.iter().flat_map(|alert| &alert.evidence) {
        by_table
            .entry(reference.table.clone())
            .or_default()
            .push((reference.item_id.clone(), reference.time));
    }
    let mut rows = Rows {
        tables: Vec::new(),
        truncated: false,
    };
    for (name, mut items) in by_table {
        items.sort();
        items.dedup();
        rows.truncated |= items.len() > ROWS_MAX;
        items.truncate(ROWS_MAX);
        let ids: Vec<String> = items.iter().map(|(id, _)| quoted(id)).collect();
        let text = format!(
            "{} | where _ItemId in ({}) | sort by TimeGenerated asc",
            bracketed(&name),
            ids.join(", ")
        );
        let span = items
            .iter()
            .map(|(_, time)| *time)
            .fold(None, |span, time| match span {
                None => Some((time, time)),
                Some((first, last)) => Some((time.min(first), time.max(last))),
            });
        // References of native alerts carry the vendor's time: an hour on either side finds them.
        let range = span.map(|(first, last)| widened(first, last, SignedDuration::from_hours(1)));
        add(
            &platform,
            caller.name(),
            "evidence",
            &name,
            &text,
            range,
            &mut rows,
        )
        .await?;
    }
    Ok(Json(rows))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ScopeParams {
    /// Hours before the first and after the last event; 24 when not given.
    hours: Option<u32>,
}

/// Everything that the incident's entities did around it, by table.
#[utoipa::path(get, path = "/api/v1/incidents/{number}/scope", params(("number" = i64, Path), ScopeParams), responses((status = 200, body = Rows)))]
async fn scope(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Path(number): Path<i64>,
    Query(params): Query<ScopeParams>,
) -> Result<Json<Rows>, ApiError> {
    let alerts = platform.store.alerts(number).await?;
    let Some(first) = alerts.iter().map(|alert| alert.start_at).min() else {
        return Err(ApiError::not_found(format!(
            "incident {number} has no alerts"
        )));
    };
    let last = alerts
        .iter()
        .map(|alert| alert.end_at)
        .max()
        .unwrap_or(first);
    let around = SignedDuration::from_hours(i64::from(params.hours.unwrap_or(24).min(24 * 14)));
    let range = Some(widened(first, last, around));
    let mut entities: Vec<Entity> = alerts
        .iter()
        .flat_map(|alert| alert.entities.clone())
        .collect();
    entities.sort_by_key(|entity| format!("{entity:?}"));
    entities.dedup();
    let mut rows = Rows {
        tables: Vec::new(),
        truncated: false,
    };
    for name in platform.lake.table_names() {
        let Some(condition) = detect::entity_condition(&name, &entities) else {
            continue;
        };
        let text = format!(
            "{} | where {condition} | sort by TimeGenerated asc",
            bracketed(&name)
        );
        add(
            &platform,
            caller.name(),
            "scope",
            &name,
            &text,
            range,
            &mut rows,
        )
        .await?;
    }
    Ok(Json(rows))
}

async fn add(
    platform: &Platform,
    who: &str,
    purpose: &'static str,
    name: &str,
    text: &str,
    range: Option<(Timestamp, Timestamp)>,
    rows: &mut Rows,
) -> Result<(), ApiError> {
    let options = QueryOptions {
        range,
        max_rows: ROWS_MAX,
        ..QueryOptions::new(platform.now())
    };
    let context = QueryContext {
        who: who.to_owned(),
        purpose,
    };
    let outcome = platform
        .queries
        .run(text, &options, &context)
        .await
        .map_err(|error| ApiError::query(text, &error))?;
    rows.truncated |= outcome.truncated;
    if !outcome.result.rows.is_empty() {
        rows.tables
            .push(table(name, outcome.result.without_empty_columns()));
    }
    Ok(())
}

fn widened(first: Timestamp, last: Timestamp, by: SignedDuration) -> (Timestamp, Timestamp) {
    (
        first.checked_sub(by).unwrap_or(first),
        last.checked_add(by).unwrap_or(last),
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A table name in a query; names that are no identifiers stand in brackets.
fn bracketed(name: &str) -> String {
    match name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        true => name.to_owned(),
        false => format!("[{}]", quoted(name)),
    }
}
