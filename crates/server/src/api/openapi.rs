//! The OpenAPI document around the operations: who may call, and the body that every error has.
//!
//! `ui/openapi.json` is a copy of the document, and the workbench's types are made from that copy.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{OpenApi as _, ToSchema as _};

use crate::auth::COOKIE;
use crate::error::ErrorBody;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Watchfloor",
        description = "Security operations platform: ingest, query, incidents, metrics.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ErrorBody))
)]
struct Document;

/// The document before the operations.
pub(super) fn document() -> OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            COOKIE,
            "A signed-in person. Changes also carry `X-Watchfloor-CSRF` with the session's `csrf`.",
        ))),
    );
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    let none: [String; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::new("session", none.clone()),
        SecurityRequirement::new("token", none),
    ]);
    document
}

/// Gives every operation a name of its own and the error body: for the error statuses it names, and
/// for any other.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            for (status, response) in &mut operation.responses.responses {
                if status.starts_with(['4', '5']) {
                    *response = RefOr::T(error_response(reason(status)));
                }
            }
            operation.responses.responses.insert(
                "default".to_owned(),
                RefOr::T(error_response("Any other failure")),
            );
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// `get_incidents_number_evidence`: functions of two modules may share a name, ids may not.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1/");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    std::iter::once(method)
        .chain(words.filter(|word| !word.is_empty()))
        .collect::<Vec<_>>()
        .join("_")
}

fn reason(status: &str) -> &'static str {
    axum::http::StatusCode::from_bytes(status.as_bytes())
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Failure")
}

fn error_response(description: &str) -> Response {
    let body = Ref::from_schema_name(ErrorBody::name());
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(body)).build(),
        )
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/openapi.json");

    fn served() -> Value {
        serde_json::from_str(&crate::openapi_json()).unwrap()
    }

    #[test]
    fn the_copy_that_the_workbench_is_typed_by_is_what_the_server_serves() {
        let copy = std::fs::read_to_string(COPY).unwrap_or_default();
        assert!(
            copy.trim_end() == crate::openapi_json().trim_end(),
            "ui/openapi.json is not the document of this server: run `make api` and commit both \
             ui/openapi.json and ui/src/api/schema.ts"
        );
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_describes_its_answer_and_errors() {
        let document = served();
        let mut operations = 0;
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations += 1;
                let id = operation["operationId"].as_str().unwrap();
                assert!(
                    ids.insert(id),
                    "{method} {path}: {id} names another operation"
                );
                let responses = operation["responses"].as_object().unwrap();
                for (status, response) in responses {
                    let is_error = !status.starts_with('2');
                    let schema = &response["content"]["application/json"]["schema"]["$ref"];
                    assert!(
                        !is_error || schema == "#/components/schemas/ErrorBody",
                        "{method} {path} {status}"
                    );
                    assert!(
                        is_error || status == "204" || response["content"].is_object(),
                        "{method} {path} {status} has no body"
                    );
                }
                assert!(responses.contains_key("default"), "{method} {path}");
            }
        }
        assert!(operations > 20, "{operations}");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|inner| references(inner, found));
                }
                Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
                _ => {}
            }
        }
        let document = served();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn words_are_written_as_answers_write_them() {
        let document = served();
        let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        assert_eq!(
            words("MetricState"),
            serde_json::json!(["done", "running", "not_applicable", "missing"])
        );
        assert_eq!(
            words("Role"),
            serde_json::json!(["reader", "analyst", "admin"])
        );
        for by in words("FiguresBy").as_array().into_iter().flatten() {
            let by = by.as_str().unwrap();
            assert!(soc::GroupBy::parse(by).is_some(), "{by}");
        }
        for status in soc::Status::ALL {
            assert!(
                words("IncidentStatus")
                    .as_array()
                    .unwrap()
                    .contains(&status.as_str().into()),
                "{status}"
            );
        }
    }
}
