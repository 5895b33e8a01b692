//! The HTTP surface. One module a resource; each names its routes in one `routes()`. The OpenAPI
//! document is made from them.

mod account;
mod admin;
mod body;
mod context;
mod editor;
mod export;
mod health;
mod incidents;
mod ingest;
mod live;
mod openapi;
mod query;
mod rejects;
mod rules;
mod sources;
mod wire;
pub(crate) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::assets;
use crate::platform::Platform;

fn api() -> (Router<Arc<Platform>>, OpenApi) {
    let (routes, mut document) = OpenApiRouter::with_openapi(openapi::document())
        .merge(account::routes())
        .merge(incidents::routes())
        .merge(query::routes())
        .merge(editor::routes())
        .merge(ingest::routes())
        .merge(rules::routes())
        .merge(sources::routes())
        .merge(rejects::routes())
        .merge(admin::routes())
        .merge(context::routes())
        .merge(live::routes())
        .split_for_parts();
    openapi::complete(&mut document);
    (routes, document)
}

/// The OpenAPI document, JSON text.
pub fn openapi_json() -> String {
    let (_, document) = api();
    document.to_pretty_json().unwrap_or_default()
}

/// The whole HTTP surface over a platform.
pub fn router(platform: Arc<Platform>) -> Router {
    let (routes, document) = api();
    let document = document.to_json().unwrap_or_default();
    let header = |name, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    routes
        .merge(health::routes())
        .route(
            "/api/openapi.json",
            axum::routing::get(move || async move {
                ([(header::CONTENT_TYPE, "application/json")], document)
            }),
        )
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(platform.config.body_bytes_max))
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            assets::CONTENT_SECURITY_POLICY,
        ))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(CatchPanicLayer::new())
        .with_state(platform)
}
