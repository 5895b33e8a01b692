//! KQL for people and programs.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use detect::{QueryContext, QueryError, QueryOptions, ResultRows};
use jiff::{SignedDuration, Timestamp};
use schema::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::words;
use crate::auth::{Caller, CanRead};
use crate::error::{ApiError, Diagnostic};
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(explain))
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
    /// Seconds it may take. The server's own limit when not given, and at most that for callers
    /// over the network.
    timeout_seconds: Option<f64>,
    /// What `now()` and `ago()` count from; the present when not given. With the end of the window
    /// that a rule looked at, an alert's query gives the rows that it gave then.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
}

impl QueryBody {
    fn options(&self, platform: &Platform, caller: &Caller) -> Result<QueryOptions, ApiError> {
        let now = platform.now();
        let range = self.timespan.as_deref();
        let limit = Duration::from_secs(platform.config.query_timeout_seconds);
        let asked = match self.timeout_seconds {
            None => limit,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .map_err(|_| ApiError::bad(format!("timeout_seconds `{seconds}`")))?,
        };
        // The owner of the data folder may set any limit: it is their own machine.
        let is_local = matches!(caller, Caller::Local { .. });
        Ok(QueryOptions {
            range: range.map(|text| timespan(text, now)).transpose()?.flatten(),
            max_rows: self.max_rows.unwrap_or(30_000).min(500_000),
            timeout: if is_local { asked } else { asked.min(limit) },
            ..QueryOptions::new(now)
        })
    }
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
    #[schema(value_type = Vec<Vec<words::Cell>>)]
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
    let options = body.options(&platform, &caller)?;
    let context = QueryContext {
        who: caller.name().to_owned(),
        purpose: "query",
    };
    let _slot = platform
        .query_slots
        .take(caller.name(), options.timeout)
        .await?;
    // Only the text is read as of then: the run itself is recorded in the present.
    let bound = platform
        .queries
        .bind(&body.query, body.as_of.unwrap_or(options.now));
    let outcome = match bound.query {
        Some(query) => {
            platform
                .queries
                .run_bound(&body.query, &query, bound.diagnostics, &options, &context)
                .await
        }
        None => Err(QueryError::Diagnostics(bound.diagnostics)),
    };
    let outcome = outcome.map_err(|error| ApiError::query(&body.query, &error))?;
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
fn timespan(text: &str, now: Timestamp) -> Result<Option<(Timestamp, Timestamp)>, ApiError> {
    detect::timespan::window(text, now)
        .map_err(|error| ApiError::bad(error.to_string()).hint(detect::timespan::BadTimespan::HINT))
}

/// `30d`, `24h`, `15m`, or ISO 8601.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    detect::timespan::length(text)
}

#[derive(Serialize, ToSchema)]
struct ExplainAnswer {
    /// The tables and columns it reads, then the engine's plan.
    plan: String,
}

/// Runs a query and says how: what it read and left out, and the time of each operator.
#[utoipa::path(post, path = "/api/v1/query/explain", request_body = QueryBody, responses((status = 200, body = ExplainAnswer), (status = 400)))]
async fn explain(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Json(body): Json<QueryBody>,
) -> Result<Json<ExplainAnswer>, ApiError> {
    let options = body.options(&platform, &caller)?;
    let _slot = platform
        .query_slots
        .take(caller.name(), options.timeout)
        .await?;
    let plan = platform
        .queries
        .explain(&body.query, &options)
        .await
        .map_err(|error| ApiError::query(&body.query, &error))?;
    Ok(Json(ExplainAnswer { plan }))
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
                name: column.name.to_string(),
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
