//! Signing in and out, the own password, users.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::words;
use crate::audit::Change;
use crate::auth::{COOKIE, Caller, CanRead, Client, session_cookie};
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(session))
        .routes(routes!(change_password))
        .routes(routes!(users))
}

#[derive(Deserialize, ToSchema)]
struct Login {
    name: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    user: UserView,
    /// To be sent as `X-Watchfloor-CSRF` with every change.
    csrf: String,
}

#[derive(Serialize, ToSchema)]
struct UserView {
    name: String,
    #[schema(value_type = words::Role)]
    role: String,
    must_change_password: bool,
}

fn view(session: &soc::Session) -> SessionView {
    SessionView {
        user: UserView {
            name: session.user.name.clone(),
            role: session.user.role.as_str().to_owned(),
            must_change_password: session.user.must_change_password,
        },
        csrf: session.csrf.clone(),
    }
}

/// Signs a person in and sets the session cookie.
#[utoipa::path(post, path = "/api/v1/login", security(()), request_body = Login, responses((status = 200, body = SessionView), (status = 401), (status = 429)))]
async fn login(
    State(platform): State<Arc<Platform>>,
    client: Client,
    Json(body): Json<Login>,
) -> Result<Response, ApiError> {
    let Client(client) = client;
    let new = platform
        .store
        .login(&body.name, &body.password, &client, platform.now())
        .await?;
    let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", new.token);
    let value = HeaderValue::from_str(&cookie).map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::SET_COOKIE, value)], Json(view(&new.session))).into_response())
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/logout", responses((status = 204)))]
async fn logout(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(token) = session_cookie(&headers) {
        platform.store.logout(token).await?;
    }
    let gone = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// The current session.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = SessionView), (status = 401)))]
async fn session(CanRead(caller): CanRead) -> Result<Json<SessionView>, ApiError> {
    match caller {
        Caller::Person(session) => Ok(Json(view(&session))),
        Caller::Local { .. } | Caller::Token(_) => {
            Err(ApiError::unauthorized("this is no session of a page"))
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct ChangePassword {
    current: String,
    new: String,
}

/// Changes the own password; other sessions end.
#[utoipa::path(post, path = "/api/v1/password", request_body = ChangePassword, responses((status = 204), (status = 401)))]
async fn change_password(
    State(platform): State<Arc<Platform>>,
    CanRead(caller): CanRead,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    let Caller::Person(session) = &caller else {
        return Err(ApiError::forbidden(
            "only a signed-in person has a password",
        ));
    };
    platform
        .store
        .change_password(&session.user.name, &body.current, &body.new, platform.now())
        .await?;
    let change = Change {
        operation: "Password changed",
        kind: "User",
        name: &session.user.name,
        details: serde_json::json!({}),
    };
    platform.audit(&caller, change).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct Users {
    items: Vec<UserName>,
}

#[derive(Serialize, ToSchema)]
struct UserName {
    name: String,
    #[schema(value_type = words::Role)]
    role: String,
}

/// Users one can assign to.
#[utoipa::path(get, path = "/api/v1/users", responses((status = 200, body = Users)))]
async fn users(State(platform): State<Arc<Platform>>, _: CanRead) -> Result<Json<Users>, ApiError> {
    let users = platform.store.users().await?;
    let items = users
        .into_iter()
        .map(|user| UserName {
            name: user.name,
            role: user.role.as_str().to_owned(),
        })
        .collect();
    Ok(Json(Users { items }))
}
