//! Who answers a client: the leader, asked by whichever node the client came to.

use super::api::problem;
use super::peers::chain;
use super::server::{Core, Node, stopped};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use openraft::error::ForwardToLeader;
use openraft::{BasicNode, ServerState};
use std::time::Duration;

/// The most time that a client's request takes here.
pub(crate) const LIMIT: Duration = Duration::from_secs(3);
/// A request that another node has passed on carries that node's name.
const PASSED_ON: &str = "x-ledger-passed-on-by";

/// What a client asked for, so that it can be asked of the leader.
pub(crate) struct Asked {
    pub method: reqwest::Method,
    /// Path and query.
    pub target: String,
    pub body: Vec<u8>,
    pub limit: Duration,
    passed_on: bool,
}

impl Asked {
    pub(crate) fn new(method: reqwest::Method, target: String, body: Vec<u8>, headers: &HeaderMap) -> Self {
        Self { method, target, body, limit: LIMIT, passed_on: headers.contains_key(PASSED_ON) }
    }
}

/// The core if this node leads; else the leader's answer, or why there is none.
pub(crate) async fn leading<'node>(node: &'node Node, asked: &Asked) -> Result<&'node Core, Response> {
    let unavailable = |reason: &str| problem(StatusCode::SERVICE_UNAVAILABLE, reason);
    let core =
        node.core().ok_or_else(|| unavailable("starting: waiting for an answer of the other nodes"))?;
    let metrics = core.raft.metrics().borrow().clone();
    if let Some(reason) = stopped(core, &metrics) {
        return Err(unavailable(&reason));
    }
    match metrics.current_leader {
        Some(leader) if leader == node.config.id && metrics.state == ServerState::Leader => Ok(core),
        Some(leader) if leader != node.config.id => Err(pass_on(node, leader, asked).await),
        _ => Err(unavailable("no leader")),
    }
}

/// What to do when this node led a moment ago and now another does.
pub(crate) async fn moved(node: &Node, to: &ForwardToLeader<u64, BasicNode>, asked: &Asked) -> Response {
    match to.leader_id.filter(|leader| *leader != node.config.id) {
        Some(leader) => pass_on(node, leader, asked).await,
        None => problem(StatusCode::SERVICE_UNAVAILABLE, "no leader"),
    }
}

async fn pass_on(node: &Node, leader: u64, asked: &Asked) -> Response {
    // Two nodes that each take the other for the leader must not play ball.
    let url = if asked.passed_on { None } else { node.peers.urls().get(&leader) };
    let Some(url) = url else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "no leader: the leadership is changing");
    };
    let request = node
        .peers
        .client()
        .request(asked.method.clone(), format!("{url}{}", asked.target))
        .header(PASSED_ON, format!("n{}", node.config.id))
        .timeout(asked.limit)
        .body(asked.body.clone());
    let answer = match request.send().await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status().as_u16());
            answer.bytes().await.map(|body| (status.unwrap_or(StatusCode::BAD_GATEWAY), body))
        }
        Err(error) => Err(error),
    };
    match answer {
        Ok((status, body)) => (status, [("content-type", "application/json")], body).into_response(),
        Err(error) => {
            let status = if error.is_timeout() {
                StatusCode::GATEWAY_TIMEOUT
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            problem(
                status,
                format!("leader n{leader} is unreachable from n{}: {}", node.config.id, chain(&error)),
            )
        }
    }
}
