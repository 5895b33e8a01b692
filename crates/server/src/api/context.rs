//! What the estate consists of: assets and identities, imported from CSV and listed.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{CanAdmin, CanRead};
use crate::error::ApiError;
use crate::platform::Platform;

pub(super) fn routes() -> OpenApiRouter<Arc<Platform>> {
    OpenApiRouter::new()
        .routes(routes!(list_assets, import_assets))
        .routes(routes!(list_identities, import_identities))
}

#[derive(Serialize, ToSchema)]
struct Assets {
    items: Vec<AssetView>,
}

/// A host, cloud resource or network.
#[derive(Serialize, ToSchema)]
struct AssetView {
    id: String,
    name: String,
    kind: String,
    /// 0 (most critical) to 3.
    #[schema(required)]
    criticality: Option<i64>,
    owner: String,
    environment: String,
    /// Business service it is part of.
    service: String,
    tags: Vec<String>,
    /// Everybody uses it: it is no evidence that alerts belong together.
    shared: bool,
    /// The address range of a network, else empty.
    network: String,
    /// Where the row came from.
    source: String,
}

/// All assets, most critical first.
#[utoipa::path(get, path = "/api/v1/assets", responses((status = 200, body = Assets)))]
async fn list_assets(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
) -> Result<Json<Assets>, ApiError> {
    let items = platform.store.assets().await?;
    let view = |asset: soc::Asset| AssetView {
        id: asset.id,
        name: asset.name,
        kind: asset.kind,
        criticality: asset.criticality,
        owner: asset.owner,
        environment: asset.environment,
        service: asset.service,
        tags: asset.tags,
        shared: asset.shared,
        network: asset.network,
        source: asset.source,
    };
    Ok(Json(Assets {
        items: items.into_iter().map(view).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
struct Identities {
    items: Vec<IdentityView>,
}

/// A person or program, with the accounts it has in every environment.
#[derive(Serialize, ToSchema)]
struct IdentityView {
    id: String,
    /// The UPN, else the NT name, else the first account.
    label: String,
    display_name: String,
    /// Empty for none.
    privileged_role: String,
    sensitivity: String,
    department: String,
    manager: String,
    /// The accounts that are this identity, as alerts are matched by.
    accounts: Vec<String>,
    /// Where the row came from.
    source: String,
}

/// All identities by label.
#[utoipa::path(get, path = "/api/v1/identities", responses((status = 200, body = Identities)))]
async fn list_identities(
    State(platform): State<Arc<Platform>>,
    _: CanRead,
) -> Result<Json<Identities>, ApiError> {
    let items = platform.store.identities().await?;
    let mut accounts = platform.store.identity_accounts().await?;
    let view = |identity: soc::Identity| IdentityView {
        accounts: accounts.remove(&identity.id).unwrap_or_default(),
        id: identity.id,
        label: identity.label,
        display_name: identity.display_name,
        privileged_role: identity.privileged_role,
        sensitivity: identity.sensitivity,
        department: identity.department,
        manager: identity.manager,
        source: identity.source,
    };
    Ok(Json(Identities {
        items: items.into_iter().map(view).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
struct ImportAnswer {
    rows: usize,
    stored: usize,
    warnings: Vec<String>,
}

impl From<soc::ImportReport> for ImportAnswer {
    fn from(report: soc::ImportReport) -> Self {
        Self {
            rows: report.rows,
            stored: report.stored,
            warnings: report.warnings,
        }
    }
}

/// Imports assets from CSV.
#[utoipa::path(post, path = "/api/v1/assets", request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ImportAnswer)))]
async fn import_assets(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    body: Bytes,
) -> Result<Json<ImportAnswer>, ApiError> {
    let report = platform
        .store
        .import_assets(&body, "csv", &caller.actor(), platform.now())
        .await?;
    platform.store.relink(platform.now()).await?;
    Ok(Json(report.into()))
}

/// Imports identities from CSV.
#[utoipa::path(post, path = "/api/v1/identities", request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ImportAnswer)))]
async fn import_identities(
    State(platform): State<Arc<Platform>>,
    CanAdmin(caller): CanAdmin,
    body: Bytes,
) -> Result<Json<ImportAnswer>, ApiError> {
    let report = platform
        .store
        .import_identities(&body, "csv", &caller.actor(), platform.now())
        .await?;
    platform.store.relink(platform.now()).await?;
    Ok(Json(report.into()))
}
