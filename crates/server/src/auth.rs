//! Who is calling, and what they may do. Nothing of the API is reached without one of these
//! extractors, health aside.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use rand::rngs::OsRng;
use rand::{RngCore, TryRngCore as _};
use soc::{Actor, ApiToken, Role, Scope, Session};

use crate::error::ApiError;
use crate::platform::Platform;

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "wf_session";
/// Header that a changing request of a page must carry.
const CSRF_HEADER: &str = "x-watchfloor-csrf";

/// Randomness of the operating system.
pub(crate) fn random() -> Box<dyn RngCore + Send> {
    Box::new(OsRng.unwrap_err())
}

/// The caller of a request.
#[derive(Clone)]
pub enum Caller {
    /// The owner of the data folder, on this machine: through the local socket or in-process.
    Local {
        /// Their name on the operating system.
        name: String,
    },
    /// A signed-in person.
    Person(Box<Session>),
    /// A program with a token.
    Token(Box<ApiToken>),
}

impl Caller {
    /// The name for records.
    pub fn name(&self) -> &str {
        match self {
            Self::Local { name } => name,
            Self::Person(session) => &session.user.name,
            Self::Token(token) => &token.name,
        }
    }

    /// Who changes a case. A token acts as a rule does: it never acknowledges.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Local { name } => Actor::person(name.clone()),
            Self::Person(session) => Actor::person(session.user.name.clone()),
            Self::Token(token) => Actor::rule(format!("token {}", token.name)),
        }
    }

    fn may(&self, need: Need) -> bool {
        match self {
            Self::Local { .. } => true,
            Self::Person(session) => match need {
                Need::Read => true,
                Need::Write | Need::Ingest => session.user.role != Role::Reader,
                Need::Admin => session.user.role == Role::Admin,
            },
            Self::Token(token) => match need {
                Need::Read => token.allows(Scope::Read),
                Need::Write => token.allows(Scope::Write),
                Need::Ingest => token.allows(Scope::Ingest),
                Need::Admin => false,
            },
        }
    }

    pub(crate) fn may_send_to(&self, source: &str) -> bool {
        match self {
            Self::Token(token) => token.allows_source(source),
            other => other.may(Need::Ingest),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Read,
    Write,
    Ingest,
    Admin,
}

macro_rules! permission {
    ($($(#[$doc:meta])* $name:ident = $need:ident),* $(,)?) => {$(
        $(#[$doc])*
        pub(crate) struct $name(pub Caller);

        impl FromRequestParts<Arc<Platform>> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, ApiError> {
                Ok(Self(allowed(parts, platform, Need::$need).await?))
            }
        }
    )*};
}

permission! {
    /// May read and query.
    CanRead = Read,
    /// May change incidents.
    CanWrite = Write,
    /// May send events.
    CanIngest = Ingest,
    /// May change users, rules and the installation.
    CanAdmin = Admin,
}

async fn allowed(parts: &Parts, platform: &Platform, need: Need) -> Result<Caller, ApiError> {
    let caller = caller(parts, platform).await?;
    if caller.may(need) {
        return Ok(caller);
    }
    Err(ApiError::forbidden(
        "your role or token does not allow this",
    ))
}

async fn caller(parts: &Parts, platform: &Platform) -> Result<Caller, ApiError> {
    if let Some(local) = parts.extensions.get::<Caller>() {
        return Ok(local.clone());
    }
    let now = platform.now();
    if let Some(token) = bearer(&parts.headers) {
        return match platform.store.token(token, now).await? {
            Some(token) => Ok(Caller::Token(Box::new(token))),
            None => Err(ApiError::unauthorized("the token is not valid")),
        };
    }
    let Some(token) = session_cookie(&parts.headers) else {
        return Err(ApiError::unauthorized(
            "sign in, or send a token as `Authorization: Bearer`",
        ));
    };
    let Some(session) = platform.store.session(token, now).await? else {
        return Err(ApiError::unauthorized(
            "the session has ended: sign in again",
        ));
    };
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let csrf = parts
        .headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    if changes && !session.csrf_is(csrf.unwrap_or_default()) {
        return Err(ApiError::forbidden(
            "the request does not come from a page of Watchfloor",
        ));
    }
    Ok(Caller::Person(Box::new(session)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The session token of a request's cookies.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Where a request comes from, for the brake on guessing passwords.
pub(crate) struct Client(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(address.map_or_else(
            || "local".into(),
            |info| info.0.ip().to_string(),
        )))
    }
}
