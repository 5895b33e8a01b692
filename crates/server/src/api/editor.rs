//! Help while a query is written: completion, hover, signatures, layout.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::words;
use crate::auth::CanRead;
use crate::error::Diagnostic;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(complete))
        .routes(routes!(hover))
        .routes(routes!(signature))
        .routes(routes!(format))
}

/// A place in a query.
#[derive(Deserialize, ToSchema)]
struct PlaceBody {
    query: String,
    /// Bytes of UTF-8 before the caret.
    position: usize,
}

#[derive(Serialize, ToSchema)]
struct CompletionsAnswer {
    /// First byte of the word that an item replaces.
    start: u32,
    /// One past its last byte.
    end: u32,
    /// Best first.
    items: Vec<CompletionView>,
    /// More would fit; type on.
    more: bool,
}

#[derive(Serialize, ToSchema)]
struct CompletionView {
    label: String,
    #[schema(value_type = words::CompletionKind)]
    kind: &'static str,
    /// The text to insert: a name that needs it is bracketed.
    insert: String,
    /// A signature, a type.
    detail: String,
    doc: String,
}

/// What may stand at a place.
#[utoipa::path(post, path = "/api/v1/query/complete", request_body = PlaceBody, responses((status = 200, body = CompletionsAnswer)))]
async fn complete(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Json(body): Json<PlaceBody>,
) -> Json<CompletionsAnswer> {
    let found = platform
        .queries
        .in_language(platform.now(), |catalog, options| {
            kql::complete(&body.query, body.position, catalog, options)
        });
    let view = |item: kql::CompletionItem| CompletionView {
        kind: item.kind.name(),
        label: item.label,
        insert: item.insert,
        detail: item.detail,
        doc: item.doc,
    };
    Json(CompletionsAnswer {
        start: found.replace.start,
        end: found.replace.end,
        more: found.more,
        items: found.items.into_iter().map(view).collect(),
    })
}

#[derive(Serialize, ToSchema)]
struct HoverAnswer {
    /// Absent where nothing is known.
    hover: Option<HoverView>,
}

#[derive(Serialize, ToSchema)]
struct HoverView {
    /// First byte of what it speaks of.
    start: u32,
    /// One past its last byte.
    end: u32,
    /// A signature, or a name with its type.
    title: String,
    doc: String,
    /// A query fragment; empty when there is none.
    example: String,
}

/// What stands at a place.
#[utoipa::path(post, path = "/api/v1/query/hover", request_body = PlaceBody, responses((status = 200, body = HoverAnswer)))]
async fn hover(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Json(body): Json<PlaceBody>,
) -> Json<HoverAnswer> {
    let found = platform
        .queries
        .in_language(platform.now(), |catalog, options| {
            kql::hover(&body.query, body.position, catalog, options)
        });
    Json(HoverAnswer {
        hover: found.map(|hover| HoverView {
            start: hover.span.start,
            end: hover.span.end,
            title: hover.title,
            doc: hover.doc,
            example: hover.example,
        }),
    })
}

#[derive(Serialize, ToSchema)]
struct SignatureAnswer {
    /// Every form of the function whose arguments are being written; none outside a call.
    signatures: Vec<String>,
    /// The form that fits what is there.
    active_signature: usize,
    /// The parameter at the caret.
    active_parameter: usize,
    doc: String,
}

/// The call whose arguments stand at a place.
#[utoipa::path(post, path = "/api/v1/query/signature", request_body = PlaceBody, responses((status = 200, body = SignatureAnswer)))]
async fn signature(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    Json(body): Json<PlaceBody>,
) -> Json<SignatureAnswer> {
    let found = platform
        .queries
        .in_language(platform.now(), |catalog, options| {
            kql::signature_help(&body.query, body.position, catalog, options)
        });
    let none = SignatureAnswer {
        signatures: Vec::new(),
        active_signature: 0,
        active_parameter: 0,
        doc: String::new(),
    };
    Json(found.map_or(none, |help| SignatureAnswer {
        signatures: help.signatures,
        active_signature: help.active_signature,
        active_parameter: help.active_parameter,
        doc: help.doc,
    }))
}

#[derive(Deserialize, ToSchema)]
struct FormatBody {
    query: String,
    /// Columns that a line should not exceed; 120 when not given.
    width: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct FormatAnswer {
    /// The query laid out; as it came when it does not read.
    text: String,
    diagnostics: Vec<Diagnostic>,
}

/// Lays a query out. Its words and comments stay.
#[utoipa::path(post, path = "/api/v1/query/format", request_body = FormatBody, responses((status = 200, body = FormatAnswer)))]
async fn format(_: CanRead, Json(body): Json<FormatBody>) -> Json<FormatAnswer> {
    let defaults = kql::FormatOptions::default();
    let options = kql::FormatOptions {
        width: body.width.unwrap_or(defaults.width).clamp(20, 1000),
        ..defaults
    };
    let formatted = kql::format(&body.query, &options);
    let found = formatted.diagnostics.iter();
    Json(FormatAnswer {
        diagnostics: found.map(|d| Diagnostic::of(&body.query, d)).collect(),
        text: formatted.text,
    })
}
