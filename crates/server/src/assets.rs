//! The web workbench, built into the binary from `ui/dist`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Ui;

/// Nothing from elsewhere, no inline script, no framing: log text that reached a page as markup
/// would still do nothing.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; connect-src 'self'; \
    img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><title>Watchfloor</title><p>The web workbench is not part \
    of this build. Run <code>make run</code>, or <code>npm ci &amp;&amp; npm run build</code> in \
    <code>ui/</code> before building the server. The API is at <code>/api/openapi.json</code>.";

/// Serves a file of the workbench; any other path gets the page itself, which routes on its own.
pub(crate) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Ui::get(path).filter(|_| !path.is_empty()) {
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mime = file.metadata.mimetype().to_owned();
        return (
            [
                (header::CONTENT_TYPE, mime.as_str()),
                (header::CACHE_CONTROL, cache),
            ],
            Body::from(file.data),
        )
            .into_response();
    }
    if path.starts_with("assets/") || path.starts_with("api/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    match Ui::get("index.html") {
        Some(page) => (
            [
                (header::CONTENT_TYPE, html),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            ],
            Body::from(page.data),
        )
            .into_response(),
        None => ([(header::CONTENT_TYPE, html)], NOT_BUILT).into_response(),
    }
}
