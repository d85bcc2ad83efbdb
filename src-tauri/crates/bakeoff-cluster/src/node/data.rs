//! Keys and values over HTTP. Reads and writes are linearizable whichever node is asked.

use super::api::{Shared, problem};
use super::forward::{Asked, LIMIT, leading, moved};
use super::server::{Core, Node, stopped};
use super::types::Change;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use openraft::error::{CheckIsLeaderError, ClientWriteError, RaftError};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

/// A value's most bytes.
pub(crate) const MAX_VALUE: usize = 256 << 10;
/// A key's most bytes.
const MAX_KEY: usize = 512;
/// The most keys that are listed at once.
const MAX_LISTED: usize = 1000;

pub(crate) async fn read(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Response {
    let asked = Asked::new(Method::GET, target(&uri), Vec::new(), &headers);
    match current(&node, &asked).await {
        Ok(core) => match core.machine.get(&key) {
            Some(value) => Json(json!({ "key": key, "value": value })).into_response(),
            None => problem(StatusCode::NOT_FOUND, format!("no key {key:?}")),
        },
        Err(answer) => answer,
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    prefix: String,
    limit: Option<usize>,
}

pub(crate) async fn list(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query(listing): Query<Listing>,
) -> Response {
    let asked = Asked::new(Method::GET, target(&uri), Vec::new(), &headers);
    match current(&node, &asked).await {
        Ok(core) => {
            let limit = listing.limit.unwrap_or(MAX_LISTED).min(MAX_LISTED);
            let (items, count) = core.machine.range(&listing.prefix, limit);
            let items: Vec<_> =
                items.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
            Json(json!({ "count": count, "items": items })).into_response()
        }
        Err(answer) => answer,
    }
}

pub(crate) async fn write(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    let value = match String::from_utf8(body.to_vec()) {
        Ok(value) if value.len() <= MAX_VALUE && (1..=MAX_KEY).contains(&key.len()) => value,
        Ok(_) => {
            let allowed = format!("a key has 1 to {MAX_KEY} bytes, a value at most {MAX_VALUE}");
            return problem(StatusCode::PAYLOAD_TOO_LARGE, allowed);
        }
        Err(error) => return problem(StatusCode::BAD_REQUEST, format!("the value is not UTF-8: {error}")),
    };
    let asked = Asked::new(Method::PUT, target(&uri), body.to_vec(), &headers);
    change(&node, &asked, &key.clone(), Change::Put { key, value }).await
}

pub(crate) async fn delete(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Response {
    let asked = Asked::new(Method::DELETE, target(&uri), Vec::new(), &headers);
    change(&node, &asked, &key.clone(), Change::Delete { key }).await
}

pub(crate) fn target(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

/// The core, when it leads and a majority has just confirmed it.
async fn current<'node>(node: &'node Node, asked: &Asked) -> Result<&'node Core, Response> {
    let core = leading(node, asked).await?;
    match timeout(LIMIT, core.raft.ensure_linearizable()).await {
        Ok(Ok(_)) => Ok(core),
        Ok(Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to)))) => {
            Err(moved(node, &to, asked).await)
        }
        Ok(Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_)))) | Err(_) => Err(problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "no majority of the nodes confirms that this node leads",
        )),
        Ok(Err(RaftError::Fatal(_))) => Err(has_stopped(core)),
    }
}

async fn change(node: &Node, asked: &Asked, key: &str, change: Change) -> Response {
    let core = match leading(node, asked).await {
        Ok(core) => core,
        Err(answer) => return answer,
    };
    match timeout(LIMIT, core.raft.client_write(change)).await {
        Ok(Ok(done)) => Json(json!({
            "key": key,
            "existed": done.data.existed,
            "index": done.log_id.index,
            "term": done.log_id.leader_id.term,
        }))
        .into_response(),
        Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to)))) => moved(node, &to, asked).await,
        Ok(Err(RaftError::APIError(error))) => problem(StatusCode::CONFLICT, error.to_string()),
        Ok(Err(RaftError::Fatal(_))) => has_stopped(core),
        Err(_) => problem(
            StatusCode::GATEWAY_TIMEOUT,
            "no majority of the nodes has answered in time; the change may still happen",
        ),
    }
}

/// The consensus has ended while it was asked.
pub(crate) fn has_stopped(core: &Core) -> Response {
    let metrics = core.raft.metrics().borrow().clone();
    let reason = stopped(core, &metrics);
    let reason = reason.unwrap_or_else(|| {
        // Its last word is not there yet.
        if core.disk.ran_full() {
            super::server::NO_SPACE.to_owned()
        } else {
            "this node is stopping".to_owned()
        }
    });
    problem(StatusCode::SERVICE_UNAVAILABLE, reason)
}
