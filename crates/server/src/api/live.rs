//! Live updates for pages: Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};
use serde::Serialize;
use tokio_stream::wrappers::BroadcastStream;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CanRead;
use crate::platform::{Live, Platform};

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Data of an `incident` event; the other events carry none.
#[derive(Serialize, ToSchema)]
struct IncidentChange {
    number: i64,
    /// What happened to it.
    change: &'static str,
}

/// A stream of changes: `incident` with number and change, `summary`, `heartbeat`. A page that
/// fell behind gets `summary` and reads anew.
#[utoipa::path(get, path = "/api/v1/events", responses((status = 200, body = IncidentChange, content_type = "text/event-stream")))]
async fn events(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = BroadcastStream::new(platform.live.subscribe()).map(|change| {
        Ok(match change {
            Ok(Live::Incident { number, change }) => {
                let data = serde_json::to_string(&IncidentChange { number, change });
                Event::default()
                    .event("incident")
                    .data(data.unwrap_or_default())
            }
            Ok(Live::Summary) | Err(_) => Event::default().event("summary").data("{}"),
        })
    });
    let heartbeat = Event::default().event("heartbeat").data("{}");
    Sse::new(changes).keep_alive(
        KeepAlive::new()
            .interval(Duration::from_secs(15))
            .event(heartbeat),
    )
}
