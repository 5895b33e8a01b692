//! Running the installation: backup, users, tokens, history.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::audit::Change;
use crate::auth::{Caller, CanAdmin};
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(backup))
        .routes(routes!(add_user))
        .routes(routes!(reset_password))
        .routes(routes!(add_token))
        .routes(routes!(verify_history))
}

#[derive(Deserialize, ToSchema)]
struct BackupBody {
    /// Absolute path of the file to write.
    #[schema(value_type = String)]
    path: PathBuf,
}

#[derive(Serialize, ToSchema)]
struct BackupAnswer {
    bytes: u64,
}

/// Writes a backup of the live installation to a file on the server's machine.
#[utoipa::path(post, path = "/api/v1/local/backup", request_body = BackupBody, responses((status = 200, body = BackupAnswer), (status = 403)))]
async fn backup(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    Json(body): Json<BackupBody>,
) -> Result<Json<BackupAnswer>, ApiError> {
    if !matches!(caller, Caller::Local { .. }) {
        return Err(ApiError::forbidden(
            "a backup is written for the owner of the data folder only",
        ));
    }
    let bytes = platform.backup(&body.path).await?;
    let file = body.path.display().to_string();
    let change = Change {
        operation: "Backup taken",
        kind: "Data folder",
        name: &file,
        details: json!({ "Bytes": bytes }),
    };
    platform.audit(&caller, change).await;
    Ok(Json(BackupAnswer { bytes }))
}

#[derive(Deserialize, ToSchema)]
struct NewUser {
    name: String,
    #[schema(value_type = super::words::Role)]
    role: String,
}

/// A one-time password, shown once.
#[derive(Serialize, ToSchema)]
struct OneTimePassword {
    name: String,
    password: String,
}

/// Adds a user with a one-time password.
#[utoipa::path(post, path = "/api/v1/users", request_body = NewUser, responses((status = 200, body = OneTimePassword), (status = 409)))]
async fn add_user(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    Json(body): Json<NewUser>,
) -> Result<Json<OneTimePassword>, ApiError> {
    let role = soc::Role::parse(&body.role).ok_or_else(|| {
        ApiError::bad(format!("unknown role `{}`", body.role)).hint("admin, analyst or reader")
    })?;
    let password = platform.store.one_time_password();
    let user = platform
        .store
        .add_user(&body.name, role, &password, true, platform.now())
        .await?;
    let change = Change {
        operation: "User added",
        kind: "User",
        name: &user.name,
        details: json!({ "Role": user.role.as_str() }),
    };
    platform.audit(&caller, change).await;
    Ok(Json(OneTimePassword {
        name: user.name,
        password,
    }))
}

/// Gives a user a new one-time password and ends their sessions.
#[utoipa::path(post, path = "/api/v1/users/{name}/reset-password", params(("name" = String, Path)), responses((status = 200, body = OneTimePassword), (status = 404)))]
async fn reset_password(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    Path(name): Path<String>,
) -> Result<Json<OneTimePassword>, ApiError> {
    let password = platform.store.reset_password(&name, platform.now()).await?;
    let change = Change {
        operation: "Password reset",
        kind: "User",
        name: &name,
        details: json!({}),
    };
    platform.audit(&caller, change).await;
    Ok(Json(OneTimePassword { name, password }))
}

#[derive(Deserialize, ToSchema)]
struct NewTokenBody {
    name: String,
    /// ingest, read, write.
    scopes: Vec<String>,
    /// Sources it may send to; empty for all.
    #[serde(default)]
    sources: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    id: String,
    /// Shown once.
    token: String,
}

/// Makes an API token.
#[utoipa::path(post, path = "/api/v1/tokens", request_body = NewTokenBody, responses((status = 200, body = TokenAnswer)))]
async fn add_token(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    Json(body): Json<NewTokenBody>,
) -> Result<Json<TokenAnswer>, ApiError> {
    let scopes = body
        .scopes
        .iter()
        .map(|scope| match scope.as_str() {
            "ingest" => Ok(soc::Scope::Ingest),
            "read" => Ok(soc::Scope::Read),
            "write" => Ok(soc::Scope::Write),
            other => {
                Err(ApiError::bad(format!("unknown scope `{other}`")).hint("ingest, read or write"))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let new = soc::NewToken {
        name: body.name,
        scopes,
        sources: body.sources,
        expires_at: None,
    };
    let (token, stored) = platform
        .store
        .add_token(&new, caller.name(), platform.now())
        .await?;
    let change = Change {
        operation: "Token added",
        kind: "API token",
        name: &new.name,
        details: json!({ "Id": stored.id, "Scopes": body.scopes, "Sources": new.sources }),
    };
    platform.audit(&caller, change).await;
    Ok(Json(TokenAnswer {
        id: stored.id,
        token,
    }))
}

#[derive(Serialize, ToSchema)]
struct HistoryAnswer {
    /// Entries whose chain is whole.
    entries: u64,
}

/// Checks that the history of all cases was not rewritten.
#[utoipa::path(get, path = "/api/v1/history/verify", responses((status = 200, body = HistoryAnswer), (status = 500)))]
async fn verify_history(
    State(platform): State<Arc<Platform>>,
    _: CanAdmin,
) -> Result<Json<HistoryAnswer>, ApiError> {
    Ok(Json(HistoryAnswer {
        entries: platform.store.verify_history().await?,
    }))
}
