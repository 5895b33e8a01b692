//! Errors at the HTTP edge: one body shape, and one place where each error gets its status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Stable code.
    code: &'static str,
    /// One sentence.
    message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Findings in a query, with spans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Diagnostic>,
}

/// A finding in a query's text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Diagnostic {
    /// Stable code.
    pub code: String,
    /// Only an `error` keeps a query from running.
    #[schema(value_type = crate::api::words::DiagnosticSeverity)]
    pub severity: String,
    /// One sentence.
    pub message: String,
    /// First byte in the text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedPlace>,
}

/// A place in a query's text that explains a finding at another: where a name was defined first, a bracket was opened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RelatedPlace {
    /// First byte in the text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is there.
    pub message: String,
}

impl Diagnostic {
    pub(crate) fn of(text: &str, diagnostic: &kql::Diagnostic) -> Self {
        let found = diagnostic.to_json(text);
        let related = found.related.into_iter().map(|place| RelatedPlace {
            start: place.start,
            end: place.end,
            line: place.line,
            column: place.column,
            message: place.message,
        });
        Self {
            code: found.code.to_owned(),
            severity: if diagnostic.is_error() {
                "error"
            } else {
                "warning"
            }
            .to_owned(),
            message: found.message,
            start: found.start,
            end: found.end,
            line: found.line,
            column: found.column,
            hint: found.hint,
            related: related.collect(),
        }
    }
}

/// An error answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    detail: ErrorDetail,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            detail: ErrorDetail {
                code,
                message: message.into(),
                hint: None,
                diagnostics: Vec::new(),
            },
            retry_after: None,
        }
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", message)
    }

    /// Our own failure. The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "an internal error; the server's log has the cause",
        )
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.detail.hint = Some(hint.into());
        self
    }

    pub(crate) fn too_many(message: String) -> Self {
        Self {
            retry_after: Some(5),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_queries", message)
        }
    }

    fn busy(message: String) -> Self {
        Self {
            retry_after: Some(30),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
        }
    }

    pub(crate) fn query(text: &str, error: &detect::QueryError) -> Self {
        match error {
            detect::QueryError::Diagnostics(found) => {
                let diagnostics: Vec<_> = found.iter().map(|d| Diagnostic::of(text, d)).collect();
                let first = diagnostics.iter().find(|d| d.severity == "error");
                let message = first.map_or_else(
                    || error.to_string(),
                    |d| format!("{}:{}: {}", d.line, d.column, d.message),
                );
                let mut answer = Self::new(StatusCode::BAD_REQUEST, "query", message);
                answer.detail.diagnostics = diagnostics;
                answer
            }
            detect::QueryError::Engine(error) => match error.span() {
                Some(span) => {
                    let at = kql::Position::of(text, span.range().start);
                    let message = format!("{}:{}: {error}", at.line, at.column);
                    Self::new(StatusCode::BAD_REQUEST, "query", message)
                }
                None => {
                    let status = match error {
                        kql_engine::EngineError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
                        _ => StatusCode::BAD_REQUEST,
                    };
                    Self::new(status, "query_failed", error.to_string())
                }
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.detail })).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<soc::Error> for ApiError {
    fn from(error: soc::Error) -> Self {
        use soc::Error as E;
        let message = error.to_string();
        match &error {
            E::NoIncident(_) | E::NoAlert(_) | E::NoUser(_) => Self::not_found(message),
            E::Merged { .. } | E::Conflict { .. } | E::Transition { .. } | E::UserExists(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", message)
            }
            E::NotAllowed { .. } => Self::forbidden(&message),
            E::Invalid { .. } | E::Csv { .. } => Self::bad(message),
            E::WrongPassword => Self::new(StatusCode::UNAUTHORIZED, "wrong_password", message),
            E::LockedOut { seconds } => Self {
                retry_after: u64::try_from(*seconds).ok(),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "locked_out", message)
            },
            _ => Self::internal(&error),
        }
    }
}

impl From<intake::IntakeError> for ApiError {
    fn from(error: intake::IntakeError) -> Self {
        use intake::IntakeError as E;
        match &error {
            E::UnknownSource { .. } => Self::not_found(error.to_string()),
            E::Unrecognised | E::Open(_) => Self::bad(error.to_string()),
            E::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key_reused",
                error.to_string(),
            )
            .hint("a retry sends the same bytes; new content takes a new Idempotency-Key"),
            E::Lake(lake) => lake_error(lake),
            E::Io(_) | E::Arrow(_) | E::Worker(_) => Self::internal(&error),
        }
    }
}

impl From<lake::LakeError> for ApiError {
    fn from(error: lake::LakeError) -> Self {
        lake_error(&error)
    }
}

fn lake_error(error: &lake::LakeError) -> ApiError {
    match error {
        lake::LakeError::DiskFull { .. } => ApiError::busy(format!(
            "the disk is nearly full, nothing was stored: {error}"
        ))
        .hint("free some space (or lower disk_guard_bytes) and send it again"),
        lake::LakeError::FrameTooLarge { .. } => ApiError::too_large(error.to_string()),
        lake::LakeError::UnknownTable { .. } | lake::LakeError::BadName { .. } => {
            ApiError::bad(error.to_string())
        }
        other => ApiError::internal(other),
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(&format!("{error:#}"))
    }
}
