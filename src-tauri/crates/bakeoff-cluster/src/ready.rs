//! Whether a cluster serves.

use crate::protocol::NodeStatus;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// For one answer.
const ANSWER: Duration = Duration::from_secs(1);

/// Asks a node itself, not through a link.
pub(crate) async fn ask(client: &reqwest::Client, node: &NodeStatus, path: &str) -> Result<Value, String> {
    let id = node.id;
    let url = node.direct_url.as_ref().ok_or_else(|| format!("n{id} does not run"))?;
    let answer = client.get(format!("{url}{path}")).timeout(ANSWER).send().await;
    let answer = answer.map_err(|error| format!("n{id}: {}", crate::node::chain(&error)))?;
    answer.json().await.map_err(|error| format!("n{id}: {}", crate::node::chain(&error)))
}

/// Every node is healthy and they agree on who leads; else what is missing.
pub(crate) async fn look(client: &reqwest::Client, nodes: &[NodeStatus]) -> Result<(), String> {
    let mut leaders = Vec::new();
    for node in nodes {
        let health = ask(client, node, "/health").await?;
        if health["healthy"] != true {
            let reason = health["reason"].as_str().unwrap_or("not healthy");
            return Err(format!("n{}: {reason}", node.id));
        }
        let status = ask(client, node, "/status").await?;
        leaders.push((status["leader"].clone(), status["term"].clone()));
    }
    leaders.dedup();
    if leaders.len() > 1 {
        return Err("the nodes don't agree on a leader yet".to_owned());
    }
    Ok(())
}

/// Looks until all is well; else what was missing last.
pub(crate) async fn wait<E: From<String>>(
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<(), E>,
) -> Result<(), E> {
    let deadline = Instant::now() + limit;
    loop {
        match look().await {
            Ok(()) => return Ok(()),
            Err(missing) if Instant::now() >= deadline => return Err(missing),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}
