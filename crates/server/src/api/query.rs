//! KQL for people and programs.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use detect::{QueryContext, QueryOptions, ResultRows};
use jiff::{SignedDuration, Span, Timestamp};
use schema::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CanRead;
use crate::error::{ApiError, Diagnostic};
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(check))
        .routes(routes!(schema))
}

#[derive(Deserialize, ToSchema)]
struct QueryBody {
    /// KQL.
    query: String,
    /// `24h`, `PT1H`, or `<start>/<end>`; limits `TimeGenerated`.
    timespan: Option<String>,
    /// Rows at most; 30,000 when not given.
    max_rows: Option<usize>,
}

/// A result in the shape of the Azure Monitor Logs API.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueryAnswer {
    pub tables: Vec<Table>,
    pub statistics: Statistics,
    /// Warnings about the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

/// One result table.
#[derive(Serialize, ToSchema)]
pub(crate) struct Table {
    /// `PrimaryResult`, or the stored table's name for evidence.
    pub name: String,
    pub columns: Vec<ColumnView>,
    /// Cells in column order; `dynamic` as JSON text.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<Json_>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ColumnView {
    pub name: String,
    /// KQL type.
    #[serde(rename = "type")]
    pub ty: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Statistics {
    pub elapsed_ms: f64,
    pub rows: usize,
    /// More rows were there than the limit allows.
    pub truncated: bool,
}

pub(crate) fn table(name: &str, result: ResultRows) -> Table {
    Table {
        name: name.to_owned(),
        columns: result
            .columns
            .into_iter()
            .map(|(name, ty)| ColumnView { name, ty })
            .collect(),
        rows: result.rows,
    }
}

/// Runs a query.
#[utoipa::path(post, path = "/api/v1/query", request_body = QueryBody, responses((status = 200, body = QueryAnswer), (status = 400)))]
async fn query(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Json(body): Json<QueryBody>,
) -> Result<Json<QueryAnswer>, ApiError> {
    let now = platform.now();
    let range = body
        .timespan
        .as_deref()
        .map(|text| timespan(text, now))
        .transpose()?
        .flatten();
    let options = QueryOptions {
        range,
        max_rows: body.max_rows.unwrap_or(30_000).min(500_000),
        timeout: Duration::from_secs(platform.config.query_timeout_seconds),
        ..QueryOptions::new(now)
    };
    let context = QueryContext {
        who: caller.name().to_owned(),
        purpose: "query",
    };
    let outcome = platform
        .queries
        .run(&body.query, &options, &context)
        .await
        .map_err(|error| ApiError::query(&body.query, &error))?;
    Ok(Json(QueryAnswer {
        statistics: Statistics {
            elapsed_ms: outcome.elapsed.as_secs_f64() * 1000.0,
            rows: outcome.result.rows.len(),
            truncated: outcome.truncated,
        },
        diagnostics: outcome
            .diagnostics
            .iter()
            .map(|d| Diagnostic::of(&body.query, d))
            .collect(),
        tables: vec![table("PrimaryResult", outcome.result)],
    }))
}

/// Reads a timespan; `None` for an empty one.
pub(crate) fn timespan(
    text: &str,
    now: Timestamp,
) -> Result<Option<(Timestamp, Timestamp)>, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || {
        ApiError::bad(format!("timespan `{text}` is not understood"))
            .hint("use 24h, PT1H or <start>/<end>")
    };
    let (start, end) = match text.split_once('/') {
        None => (
            now.checked_sub(duration(text).ok_or_else(bad)?)
                .map_err(|_| bad())?,
            now,
        ),
        Some((start, end)) => {
            let start: Timestamp = start.parse().map_err(|_| bad())?;
            let end = match end.parse::<Timestamp>() {
                Ok(end) => end,
                Err(_) => start
                    .checked_add(duration(end).ok_or_else(bad)?)
                    .map_err(|_| bad())?,
            };
            (start, end)
        }
    };
    Ok(Some((start, end)))
}

/// `30d`, `24h`, `15m`, or ISO 8601 with days as 24 hours and fractional seconds.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .ok()
}

#[derive(Deserialize, ToSchema)]
struct CheckBody {
    query: String,
}

#[derive(Serialize, ToSchema)]
struct CheckAnswer {
    ok: bool,
    columns: Vec<ColumnView>,
    diagnostics: Vec<Diagnostic>,
}

/// Checks a query without running it.
#[utoipa::path(post, path = "/api/v1/query/check", request_body = CheckBody, responses((status = 200, body = CheckAnswer)))]
async fn check(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Json(body): Json<CheckBody>,
) -> Json<CheckAnswer> {
    let bound = platform.queries.bind(&body.query, platform.now());
    Json(CheckAnswer {
        ok: bound.query.is_some(),
        columns: bound
            .columns
            .iter()
            .map(|column| ColumnView {
                name: column.name.clone(),
                ty: column.ty.name().to_owned(),
            })
            .collect(),
        diagnostics: bound
            .diagnostics
            .iter()
            .map(|d| Diagnostic::of(&body.query, d))
            .collect(),
    })
}

#[derive(Serialize, ToSchema)]
struct SchemaAnswer {
    tables: Vec<TableView>,
    functions: Vec<FunctionView>,
}

#[derive(Serialize, ToSchema)]
struct TableView {
    name: String,
    columns: Vec<ColumnView>,
    /// Rows stored.
    rows: u64,
}

#[derive(Serialize, ToSchema)]
struct FunctionView {
    name: String,
    signature: String,
    doc: String,
}

/// Tables and functions, for completion. Tables with rows come first.
#[utoipa::path(get, path = "/api/v1/schema", responses((status = 200, body = SchemaAnswer)))]
async fn schema(State(platform): State<Arc<Platform>>, _: CanRead) -> Json<SchemaAnswer> {
    let stats = platform.lake.stats();
    let rows = |name: &str| {
        stats
            .tables
            .iter()
            .find(|t| t.name == name)
            .map_or(0, |t| t.rows)
    };
    let custom = platform.lake.custom_tables();
    let mut tables: Vec<TableView> = Catalog::builtin()
        .tables()
        .chain(custom.iter())
        .map(|table| TableView {
            rows: rows(&table.name),
            name: table.name.clone(),
            columns: table
                .columns
                .iter()
                .map(|c| ColumnView {
                    name: c.name.clone(),
                    ty: c.ty.kql_name().to_owned(),
                })
                .collect(),
        })
        .collect();
    tables.sort_by(|a, b| {
        (a.rows == 0)
            .cmp(&(b.rows == 0))
            .then_with(|| a.name.cmp(&b.name))
    });
    let functions = kql::functions::all()
        .into_iter()
        .map(|known| FunctionView {
            name: known.function.name.to_owned(),
            signature: known.function.signatures.join("; "),
            doc: known.function.doc.to_owned(),
        })
        .collect();
    Json(SchemaAnswer { tables, functions })
}
