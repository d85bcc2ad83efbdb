//! Small things that several answers need.

use axum::Json;
use bakeoff_core::trial::Millis;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The program is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always true.
    ok: bool,
    /// Always `ok`.
    status: String,
    /// The program's version.
    version: String,
}

/// A sign of life
///
/// Needs no token and says nothing of the workspace.
#[utoipa::path(get, path = "/health", tag = "service", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(Health { ok: true, status: "ok".to_owned(), version })
}

/// A moment as ISO 8601 in UTC, such as `2026-11-20T14:03:59.120Z`.
pub(crate) fn iso(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}
