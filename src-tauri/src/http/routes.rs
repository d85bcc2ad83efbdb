//! Which path leads where, and the document that says so (OpenAPI, generated from the handlers).

use super::error::{ApiError, Code, ErrorAnswer};
use super::guard::guard;
use super::state::ApiState;
use super::{abtests, answer, docs, events, optimization, queue};
use axum::{Router, middleware};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Paths};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What stands before every path but `/health` and `/optimization/…`; each path also works with and without it.
const PREFIX: &str = "/api";

/// Errors that every call may answer.
const COMMON_ERRORS: [(&str, &str); 6] = [
    ("400", "The path, the query or the body is wrong; the message names the place"),
    ("403", "The request names another host, comes from a page of another origin, or the feature is off"),
    ("408", "The body did not arrive in time"),
    ("413", "The body is larger than 1 MiB"),
    ("500", "A defect or something that is not set up"),
    ("503", "No workspace is open, something needed can't be reached, or the answer took too long"),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bakeoff",
        description = "The local HTTP API of Bakeoff: triage tests and their queue, experiments, comparing and applying \
            prompts, and what happens as server-sent events.\n\nEvery path works with and without `/api` before it. \
            Every answer is JSON (but the events and this page): `{\"ok\": true, …}` or `{\"ok\": false, \"error\": \
            {\"code\", \"message\", \"hint\"}}`. Times are ISO 8601 in UTC."
    ),
    components(schemas(ErrorAnswer)),
    tags(
        (name = "triage", description = "Triage tests: the same candidates through several models"),
        (name = "queue", description = "The queue of triage tests"),
        (name = "optimization", description = "Experiments, comparing, applying the best prompt"),
        (name = "events", description = "News"),
        (name = "service", description = "This program"),
    )
)]
struct Document;

/// Everything that is served.
pub(crate) fn router(state: ApiState) -> Router {
    let (routes, _) = all().split_for_parts();
    // Before it is nested: a method of no route is answered in the envelope, too.
    let routes = routes.method_not_allowed_fallback(no_such_method);
    Router::new()
        .merge(routes.clone())
        .nest(PREFIX, routes)
        .fallback(no_such_path)
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// The document of everything that is served.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = all().into_openapi();
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths = Paths::new();
    for (path, mut item) in paths {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            add_common_errors(operation);
        }
        document.paths.paths.insert(documented(&path), item);
    }
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let key = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    components.add_security_scheme("key", SecurityScheme::ApiKey(key));
    let no_scopes: [&str; 0] = [];
    document.security =
        Some(["bearer", "key"].map(|name| SecurityRequirement::new(name, no_scopes)).to_vec());
    document
}

fn all() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(abtests::list, abtests::create))
        .routes(routes!(abtests::show))
        .routes(routes!(queue::status))
        .routes(routes!(queue::pause))
        .routes(routes!(queue::resume))
        .routes(routes!(queue::drain))
        .routes(routes!(queue::obliterate))
        .routes(routes!(queue::emergency_stop))
        .routes(routes!(queue::clear_emergency_stop))
        .routes(routes!(queue::drop_job))
        .routes(routes!(optimization::experiments_json))
        .routes(routes!(optimization::experiments))
        .routes(routes!(optimization::compare_json))
        .routes(routes!(optimization::compare))
        .routes(routes!(optimization::apply))
        .routes(routes!(events::events))
        .routes(routes!(answer::health))
        .routes(routes!(docs::openapi_json))
        .routes(routes!(docs::page))
        .routes(routes!(docs::style))
}

/// The path that is shown of the two that work.
fn documented(path: &str) -> String {
    if path.starts_with("/optimization") || path == "/health" {
        return path.to_owned();
    }
    format!("{PREFIX}{path}")
}

fn add_common_errors(operation: &mut Operation) {
    let is_public = operation.security.is_some();
    let needs_token = (!is_public).then_some(("401", "No token, or not the right one"));
    for (status, description) in COMMON_ERRORS.into_iter().chain(needs_token) {
        let of_all = RefOr::T(error_response(description));
        operation.responses.responses.entry(status.to_owned()).or_insert(of_all);
    }
}

fn error_response(description: &str) -> Response {
    let schema = Ref::from_schema_name("ErrorAnswer");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

async fn no_such_path() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such path").hint("GET /api/docs lists what there is")
}

async fn no_such_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "this path has no such method")
        .hint("GET /api/docs lists what there is")
}
