//! The queue, incidents, what people do to them, and the figures over them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use schema::AlertId;
use serde::{Deserialize, Serialize};
use soc::{Action, Classification, GroupBy, ListFilter, RecoverTo, Status, StatusFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::query::duration;
use super::wire::{IncidentItem, IncidentView};
use super::words;
use crate::auth::{CanRead, CanWrite};
use crate::error::ApiError;
use crate::platform::{FIGURES_SPAN, Live, Platform};

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(summary))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(act))
        .routes(routes!(open_alert))
        .routes(routes!(metrics))
        .merge(super::export::routes())
}

type Answer = Result<Json<IncidentView>, ApiError>;

#[derive(Serialize, ToSchema)]
struct SummaryView {
    open_incidents: u64,
    unacknowledged: u64,
    unacknowledged_alerts: u64,
    by_severity: std::collections::BTreeMap<String, u64>,
    #[schema(required)]
    median_tta_seconds: Option<f64>,
    #[schema(required)]
    median_ttr_seconds: Option<f64>,
    tta_count: u64,
    ttr_count: u64,
    not_remediated: u64,
    #[schema(value_type = String, format = DateTime)]
    server_time: Timestamp,
}

/// Figures of the header, over the last 30 days.
#[utoipa::path(get, path = "/api/v1/summary", responses((status = 200, body = SummaryView)))]
async fn summary(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
) -> Result<Json<SummaryView>, ApiError> {
    let now = platform.now();
    let since = now.checked_sub(FIGURES_SPAN).unwrap_or(now);
    let summary = platform.store.summary(since, now).await?;
    Ok(Json(SummaryView {
        open_incidents: summary.open_incidents,
        unacknowledged: summary.unacknowledged,
        unacknowledged_alerts: summary.unacknowledged_alerts,
        by_severity: summary.by_severity,
        median_tta_seconds: summary.median_tta_seconds,
        median_ttr_seconds: summary.median_ttr_seconds,
        tta_count: summary.tta_count,
        ttr_count: summary.ttr_count,
        not_remediated: summary.not_remediated,
        server_time: now,
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Open ones when not given.
    #[param(value_type = Option<words::QueueScope>, inline)]
    status: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
    search: Option<String>,
    owner: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct IncidentList {
    total: i64,
    items: Vec<IncidentItem>,
}

/// The queue, highest priority first.
#[utoipa::path(get, path = "/api/v1/incidents", params(ListParams), responses((status = 200, body = IncidentList)))]
async fn list(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Query(params): Query<ListParams>,
) -> Result<Json<IncidentList>, ApiError> {
    let status = match params.status.as_deref() {
        None | Some("" | "open") => StatusFilter::Open,
        Some("closed") => StatusFilter::Closed,
        Some("all") => StatusFilter::All,
        Some(other) => {
            return Err(ApiError::bad(format!("status `{other}`")).hint("open, closed or all"));
        }
    };
    let filter = ListFilter {
        status,
        search: params.search.unwrap_or_default(),
        owner: params.owner,
        limit: params.limit.unwrap_or(0),
        offset: params.offset.unwrap_or(0),
        ..ListFilter::default()
    };
    let page = platform.store.list(&filter, platform.now()).await?;
    Ok(Json(IncidentList {
        total: page.total,
        items: page.items.into_iter().map(IncidentItem::from).collect(),
    }))
}

/// One incident.
#[utoipa::path(get, path = "/api/v1/incidents/{number}", params(("number" = i64, Path)), responses((status = 200, body = IncidentView), (status = 404)))]
async fn show(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Path(number): Path<i64>,
) -> Answer {
    view(&platform, number).await
}

async fn view(platform: &Platform, number: i64) -> Answer {
    Ok(Json(
        platform.store.detail(number, platform.now()).await?.into(),
    ))
}

/// What an action needs; each takes the fields it names and leaves the others.
#[derive(Deserialize, ToSchema, Default)]
#[serde(default)]
struct ActionBody {
    /// assign: the owner, null for nobody.
    owner: Option<String>,
    /// status: the new state.
    #[schema(value_type = Option<words::IncidentStatus>)]
    status: Option<String>,
    /// comment: its text.
    text: Option<String>,
    /// contain, remediate, recover, close, reopen: why.
    comment: Option<String>,
    /// recover: how far; Recovered when not given.
    #[schema(value_type = Option<words::RecoveryState>)]
    state: Option<String>,
    /// close: what it was.
    #[schema(value_type = Option<words::Classification>)]
    classification: Option<String>,
    /// close: why so.
    reason: Option<String>,
    /// merge: the incident that stays.
    into: Option<i64>,
    /// split: alert ids.
    alerts: Vec<String>,
    /// labels: all of them.
    labels: Vec<String>,
    /// title: the new one.
    title: Option<String>,
    /// The version the caller saw; refuses the change when it is another one now.
    version: Option<i64>,
}

/// Changes an incident, and answers with it as it is then.
#[utoipa::path(
    post, path = "/api/v1/incidents/{number}/{action}", request_body = ActionBody,
    params(("number" = i64, Path), ("action" = inline(words::ActionName), Path)),
    responses((status = 200, body = IncidentView), (status = 400), (status = 404), (status = 409))
)]
async fn act(
    State(platform): State<Arc<Platform>>,
    CanWrite(caller): CanWrite,
    Path((number, name)): Path<(i64, String)>,
    body: Option<Json<ActionBody>>,
) -> Answer {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let (actor, now, version) = (caller.actor(), platform.now(), body.version);
    let shown = match name.as_str() {
        "merge" => {
            let into = body.into.ok_or_else(|| missing("into"))?;
            platform.store.merge(number, into, &actor, now).await?;
            into
        }
        "split" => {
            let alerts = body
                .alerts
                .iter()
                .map(|id| alert_id(id))
                .collect::<Result<Vec<_>, _>>()?;
            platform
                .store
                .split(number, &alerts, &actor, now)
                .await?
                .number
        }
        name => {
            let action = action(name, body)?;
            platform
                .store
                .act(number, &action, &actor, version, now)
                .await?;
            number
        }
    };
    for number in [number, shown] {
        // Nobody may be listening.
        let _ = platform.live.send(Live::Incident {
            number,
            change: "changed",
        });
    }
    let _ = platform.live.send(Live::Summary);
    view(&platform, shown).await
}

fn missing(field: &str) -> ApiError {
    ApiError::bad(format!("`{field}` is missing"))
}

fn alert_id(text: &str) -> Result<AlertId, ApiError> {
    Uuid::parse_str(text)
        .map(AlertId)
        .map_err(|_| ApiError::bad(format!("`{text}` is no alert id")))
}

fn action(name: &str, body: ActionBody) -> Result<Action, ApiError> {
    let comment = body.comment.unwrap_or_default();
    Ok(match name {
        "acknowledge" => Action::Acknowledge,
        "assign" => Action::Assign { owner: body.owner },
        "status" => {
            let text = body.status.ok_or_else(|| missing("status"))?;
            let status = Status::parse(&text)
                .ok_or_else(|| ApiError::bad(format!("unknown status `{text}`")))?;
            Action::SetStatus { status }
        }
        "comment" => Action::Comment {
            text: body.text.ok_or_else(|| missing("text"))?,
        },
        "contain" => Action::Contain { comment },
        "remediate" => Action::Remediate { comment },
        "recover" => {
            let to = match body.state.as_deref() {
                None | Some("Recovered") => RecoverTo::Recovered,
                Some("Recovering") => RecoverTo::Recovering,
                Some(other) => {
                    return Err(
                        ApiError::bad(format!("state `{other}`")).hint("Recovering or Recovered")
                    );
                }
            };
            Action::Recover { to, comment }
        }
        "close" => {
            let text = body
                .classification
                .ok_or_else(|| missing("classification"))?;
            let classification = Classification::parse(&text).ok_or_else(|| {
                ApiError::bad(format!("unknown classification `{text}`"))
                    .hint("TruePositive, BenignPositive, FalsePositive or Undetermined")
            })?;
            Action::Close {
                classification,
                reason: body.reason,
                comment,
            }
        }
        "reopen" => Action::Reopen { comment },
        "labels" => Action::Labels {
            labels: body.labels,
        },
        "title" => Action::Title {
            title: body.title.ok_or_else(|| missing("title"))?,
        },
        other => return Err(ApiError::not_found(format!("no action `{other}`"))),
    })
}

/// Notes that a person opened an alert, which acknowledges it.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/open", params(("id" = String, Path)), responses((status = 204), (status = 404)))]
async fn open_alert(
    State(platform): State<Arc<Platform>>,
    CanWrite(caller): CanWrite,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    platform
        .store
        .open_alert(alert_id(&id)?, &caller.actor(), platform.now())
        .await?;
    let _ = platform.live.send(Live::Summary);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MetricParams {
    /// `30d`, `24h` ...
    since: Option<String>,
    /// One group of all when not given.
    #[param(value_type = Option<words::FiguresBy>, inline)]
    by: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Metrics {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    groups: Vec<MetricGroupView>,
}

/// Figures of one group. Contain, remediate, recover and dwell are of true positives only.
#[derive(Serialize, ToSchema)]
struct MetricGroupView {
    key: String,
    incidents: u64,
    tta: StatView,
    ttc: StatView,
    ttr: StatView,
    time_to_recover: StatView,
    time_to_detect: StatView,
    dwell: StatView,
    not_remediated: u64,
}

#[derive(Serialize, ToSchema)]
struct StatView {
    count: u64,
    #[schema(required)]
    median_seconds: Option<f64>,
    #[schema(required)]
    p90_seconds: Option<f64>,
}

impl From<soc::Stat> for StatView {
    fn from(stat: soc::Stat) -> Self {
        Self {
            count: stat.count,
            median_seconds: stat.median_seconds,
            p90_seconds: stat.p90_seconds,
        }
    }
}

/// Medians and 90th percentiles of the clock.
#[utoipa::path(get, path = "/api/v1/metrics", params(MetricParams), responses((status = 200, body = Metrics), (status = 400)))]
async fn metrics(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Query(params): Query<MetricParams>,
) -> Result<Json<Metrics>, ApiError> {
    let now = platform.now();
    let span = match params.since.as_deref() {
        None | Some("") => FIGURES_SPAN,
        Some(text) => duration(text).ok_or_else(|| {
            ApiError::bad(format!("since `{text}`")).hint("for example 30d or 24h")
        })?,
    };
    let by = match params.by.as_deref() {
        None | Some("") => None,
        Some(text) => Some(GroupBy::parse(text).ok_or_else(|| {
            ApiError::bad(format!("by `{text}`"))
                .hint("severity, tier, source, rule, owner or shift")
        })?),
    };
    let since = now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH);
    let groups = platform.store.metrics(since, by, now).await?;
    let groups = groups
        .into_iter()
        .map(|group| MetricGroupView {
            key: group.key,
            incidents: group.incidents,
            tta: group.tta.into(),
            ttc: group.ttc.into(),
            ttr: group.ttr.into(),
            time_to_recover: group.time_to_recover.into(),
            time_to_detect: group.time_to_detect.into(),
            dwell: group.dwell.into(),
            not_remediated: group.not_remediated,
        })
        .collect();
    Ok(Json(Metrics { since, groups }))
}
