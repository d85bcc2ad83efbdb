//! Who belongs to the cluster.

use super::api::{Shared, problem};
use super::data::{has_stopped, target};
use super::forward::{Asked, leading, moved};
use super::server::Node;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use openraft::error::{ClientWriteError, RaftError};
use openraft::{BasicNode, ChangeMembers};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::timeout;

/// A node that is added may take this long to be given the data.
const LIMIT: Duration = Duration::from_secs(10);

/// How a member is written down: by its name, because every node has its own addresses of the others.
pub(crate) fn node(id: u64) -> BasicNode {
    BasicNode::new(format!("n{id}"))
}

pub(crate) async fn list(State(node): Shared) -> Response {
    let Some(core) = node.core() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "starting");
    };
    let metrics = core.raft.metrics().borrow().clone();
    let members = metrics.membership_config.membership();
    let voters: BTreeSet<u64> = members.voter_ids().collect();
    let list: Vec<_> = members
        .nodes()
        .map(|(id, named)| {
            let vote = if voters.contains(id) { "voter" } else { "learner" };
            json!({ "id": id, "name": named.addr, "role": vote, "url": node.peers.urls().get(id) })
        })
        .collect();
    Json(json!({ "leader": metrics.current_leader, "members": list })).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMember {
    id: u64,
}

pub(crate) async fn add(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let new: NewMember = match serde_json::from_slice(&body) {
        Ok(new) => new,
        Err(error) => {
            return problem(StatusCode::BAD_REQUEST, format!("expected {{\"id\": NUMBER}}: {error}"));
        }
    };
    if let Some(answer) = unknown(&node, new.id) {
        return answer;
    }
    let asked = Asked::new(Method::POST, target(&uri), body.to_vec(), &headers);
    let ids = BTreeSet::from([new.id]);
    let learner = ChangeMembers::AddNodes(BTreeMap::from([(new.id, self::node(new.id))]));
    change(&node, asked, vec![learner, ChangeMembers::AddVoterIds(ids)], format!("adding n{}", new.id)).await
}

pub(crate) async fn remove(
    State(node): Shared,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Path(id): Path<u64>,
) -> Response {
    if let Some(answer) = unknown(&node, id) {
        return answer;
    }
    let asked = Asked::new(Method::DELETE, target(&uri), Vec::new(), &headers);
    let ids = BTreeSet::from([id]);
    // A voter, or the learner that an unfinished addition has left.
    let is_voter = node.core().is_some_and(|core| {
        core.raft.metrics().borrow().membership_config.membership().voter_ids().any(|voter| voter == id)
    });
    let steps =
        vec![if is_voter { ChangeMembers::RemoveVoters(ids) } else { ChangeMembers::RemoveNodes(ids) }];
    change(&node, asked, steps, format!("removing n{id}")).await
}

/// The answer to a request about a node that there is not.
fn unknown(node: &Node, id: u64) -> Option<Response> {
    let mut all: Vec<u64> = node.peers.urls().keys().copied().chain([node.config.id]).collect();
    all.sort_unstable();
    let told = || problem(StatusCode::NOT_FOUND, format!("there is no node {id}; nodes are {all:?}"));
    (!all.contains(&id)).then(told)
}

async fn change(
    node: &Node,
    mut asked: Asked,
    steps: Vec<ChangeMembers<u64, BasicNode>>,
    what: String,
) -> Response {
    asked.limit = LIMIT;
    let core = match leading(node, &asked).await {
        Ok(core) => core,
        Err(answer) => return answer,
    };
    node.journal.info("members", format!("{what}, asked by a client"));
    let work = async {
        for step in steps {
            core.raft.change_membership(step, false).await?;
        }
        Ok(())
    };
    match timeout(LIMIT, work).await {
        Ok(Ok(())) => {
            let members =
                core.raft.metrics().borrow().membership_config.membership().voter_ids().collect::<Vec<_>>();
            Json(json!({ "done": what, "members": members })).into_response()
        }
        Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to)))) => moved(node, &to, &asked).await,
        Ok(Err(RaftError::APIError(error))) => {
            problem(StatusCode::CONFLICT, format!("{what} failed: {error}"))
        }
        Ok(Err(RaftError::Fatal(_))) => has_stopped(core),
        Err(_) => problem(
            StatusCode::GATEWAY_TIMEOUT,
            format!("{what}: no majority of the nodes has answered in time; it may still happen"),
        ),
    }
}
