//! The node's HTTP interface: what clients, operators and the other nodes ask.

use super::server::{Node, stopped};
use super::types::{Raft, Types};
use super::{data, members, metrics};
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use openraft::raft::{AppendEntriesRequest, InstallSnapshotRequest, VoteRequest};
use openraft::{BasicNode, ServerState};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most that another node sends at once: a snapshot's part or a batch of entries, in bytes.
const PEER_BODY: usize = 64 << 20;

pub(crate) type Shared = State<Arc<Node>>;

pub(crate) fn routes(node: Arc<Node>) -> Router {
    let clients = Router::new()
        .route("/health", get(health))
        .route("/status", get(status))
        .route("/metrics", get(prometheus))
        .route("/log", get(log))
        .route("/kv", get(data::list))
        .route("/kv/{key}", get(data::read).put(data::write).delete(data::delete))
        .route("/members", get(members::list).post(members::add))
        .route("/members/{id}", delete(members::remove))
        .route_layer(middleware::from_fn_with_state(node.clone(), count))
        .layer(DefaultBodyLimit::max(data::MAX_VALUE + 1));
    let nodes = Router::new()
        .route("/raft/append", post(append))
        .route("/raft/vote", post(vote))
        .route("/raft/snapshot", post(snapshot))
        .route("/raft/initialize", post(initialize))
        .layer(DefaultBodyLimit::max(PEER_BODY));
    clients.merge(nodes).fallback(unknown).with_state(node)
}

async fn count(State(node): Shared, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let response = next.run(request).await;
    node.counters.count(&method, response.status().as_u16());
    response
}

/// An answer that says what is wrong.
pub(crate) fn problem(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({ "error": message.into() }))).into_response()
}

async fn unknown() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "no such resource; there are /health /status /metrics /log?lines=N /kv?prefix=P /kv/{key} /members /members/{id}",
    )
}

async fn health(State(node): Shared) -> Response {
    match node.trouble() {
        None => Json(json!({ "healthy": true })).into_response(),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "healthy": false, "reason": reason })))
                .into_response()
        }
    }
}

async fn status(State(node): Shared) -> Json<Value> {
    let id = node.config.id;
    let mut status = json!({
        "id": id,
        "name": format!("n{id}"),
        "role": "starting",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": node.started.elapsed().as_secs_f64(),
        "unreachable_peers": node.peers.lost(),
        "quota_bytes": node.config.quota_bytes,
    });
    if let Some(core) = node.core() {
        let metrics = core.raft.metrics().borrow().clone();
        let members = metrics.membership_config.membership();
        let is_stopped = stopped(core, &metrics).is_some();
        let fields = json!({
            "role": if is_stopped { "stopped" } else { role(metrics.state) },
            "term": metrics.current_term,
            "leader": metrics.current_leader,
            "last_log_index": metrics.last_log_index,
            "applied_index": metrics.last_applied.map(|id| id.index),
            "snapshot_index": metrics.snapshot.map(|id| id.index),
            "members": members.voter_ids().collect::<Vec<u64>>(),
            "learners": members.learner_ids().collect::<Vec<u64>>(),
            "keys": core.machine.keys(),
            "data_bytes": core.disk.usage().ok().map(|usage| usage.used),
        });
        if let (Value::Object(status), Value::Object(fields)) = (&mut status, fields) {
            status.extend(fields);
        }
    }
    Json(status)
}

fn role(state: ServerState) -> &'static str {
    match state {
        ServerState::Learner => "learner",
        ServerState::Follower => "follower",
        ServerState::Candidate => "candidate",
        ServerState::Leader => "leader",
        ServerState::Shutdown => "stopped",
    }
}

async fn prometheus(State(node): Shared) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::text(&node)).into_response()
}

#[derive(Debug, Deserialize)]
struct Lines {
    lines: Option<usize>,
}

async fn log(State(node): Shared, Query(query): Query<Lines>) -> Response {
    match node.journal.tail(query.lines.unwrap_or(100)) {
        Ok(lines) => lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, format!("the log can't be read: {error}")),
    }
}

/// The consensus, or the answer that a node gets which asks too early or too late.
fn consensus(node: &Node) -> Result<&Raft, StatusCode> {
    let core = node.core().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let is_running = core.raft.metrics().borrow().running_state.is_ok();
    if is_running { Ok(&core.raft) } else { Err(StatusCode::SERVICE_UNAVAILABLE) }
}

async fn append(
    State(node): Shared,
    Json(request): Json<AppendEntriesRequest<Types>>,
) -> Result<impl IntoResponse, StatusCode> {
    Ok(Json(consensus(&node)?.append_entries(request).await))
}

async fn vote(
    State(node): Shared,
    Json(request): Json<VoteRequest<u64>>,
) -> Result<impl IntoResponse, StatusCode> {
    Ok(Json(consensus(&node)?.vote(request).await))
}

async fn snapshot(
    State(node): Shared,
    Json(request): Json<InstallSnapshotRequest<Types>>,
) -> Result<impl IntoResponse, StatusCode> {
    Ok(Json(consensus(&node)?.install_snapshot(request).await))
}

/// Makes this node and all its peers the members of a new cluster; only a cluster that never was can be made.
async fn initialize(State(node): Shared) -> Response {
    let raft = match consensus(&node) {
        Ok(raft) => raft,
        Err(status) => return problem(status, "starting"),
    };
    let ids = node.peers.urls().keys().copied().chain([node.config.id]);
    let members: BTreeMap<u64, BasicNode> = ids.map(|id| (id, members::node(id))).collect();
    match raft.initialize(members).await {
        Ok(()) => Json(json!({ "initialized": true })).into_response(),
        Err(error) => problem(StatusCode::CONFLICT, error.to_string()),
    }
}
