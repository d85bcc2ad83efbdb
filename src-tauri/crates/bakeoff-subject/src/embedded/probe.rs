//! This program's own client: writes and reads through every node, and remembers what was acknowledged.

use super::instance::{Inner, node_name};
use bakeoff_cluster::NodeState;
use bakeoff_core::lab::{DataCheck, EntryProbe, MemberState};
use futures::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A write or a read that takes longer has failed.
const LIMIT: Duration = Duration::from_millis(900);
/// Keys that are read back at once, under one prefix.
const BATCH: u64 = 100;

/// How one node answered the monitor.
pub(super) struct Look {
    pub node: String,
    pub up: bool,
    pub latency_ms: Option<f64>,
}

/// Writes and reads as a client does.
pub(super) struct Prober {
    client: reqwest::Client,
    endpoints: Vec<(String, String)>,
    next: AtomicU64,
    acknowledged: Mutex<BTreeMap<u64, String>>,
}

impl Prober {
    pub fn new(endpoints: Vec<(String, String)>) -> reqwest::Result<Self> {
        // A connection for each request: one that a link holds must not be used again.
        let client =
            reqwest::Client::builder().no_proxy().timeout(LIMIT).pool_max_idle_per_host(0).build()?;
        Ok(Self { client, endpoints, next: AtomicU64::new(0), acknowledged: Mutex::default() })
    }

    /// One write and one read through each node, all at the same time.
    pub async fn entries(&self) -> Vec<EntryProbe> {
        join_all(self.endpoints.iter().map(|(node, url)| self.entry(node, url))).await
    }

    async fn entry(&self, node: &str, url: &str) -> EntryProbe {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let value = value_of(number);
        let url = format!("{url}/kv/{}", key_of(number));
        let start = Instant::now();
        let mut entry = EntryProbe {
            node: node.to_owned(),
            write_ok: false,
            read_ok: false,
            latency_ms: 0.0,
            error: None,
        };
        match self.put(&url, &value).await {
            Ok(()) => {
                entry.write_ok = true;
                let mut acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
                acknowledged.insert(number, value.clone());
            }
            Err(error) => entry.error = Some(format!("write: {error}")),
        }
        if entry.write_ok {
            match self.get(&url).await {
                Ok(answer) if answer["value"] == value.as_str() => entry.read_ok = true,
                Ok(answer) => entry.error = Some(format!("read: another value: {answer}")),
                Err(error) => entry.error = Some(format!("read: {error}")),
            }
        }
        entry.latency_ms = start.elapsed().as_secs_f64() * 1e3;
        entry
    }

    async fn put(&self, url: &str, value: &str) -> Result<(), String> {
        let answer = self.client.put(url).body(value.to_owned()).send().await.map_err(plain)?;
        if answer.status().is_success() {
            return Ok(());
        }
        let status = answer.status();
        Err(format!("{status}: {}", answer.text().await.unwrap_or_default().trim()))
    }

    /// Asks for a change that removes something; it may take as long as a change of members does.
    pub async fn delete(&self, url: &str) -> Result<(), String> {
        let answer = self.client.delete(url).timeout(Duration::from_secs(10)).send().await.map_err(plain)?;
        if answer.status().is_success() {
            return Ok(());
        }
        let status = answer.status();
        Err(format!("{status}: {}", answer.text().await.unwrap_or_default().trim()))
    }

    async fn get(&self, url: &str) -> Result<Value, String> {
        let answer = self.client.get(url).send().await.map_err(plain)?;
        let status = answer.status();
        let text = answer.text().await.map_err(plain)?;
        if !status.is_success() {
            return Err(format!("{status}: {}", text.trim()));
        }
        serde_json::from_str(&text).map_err(|error| format!("no JSON: {error}"))
    }

    /// How each node answers, as the monitor asks: one read through each, which writes nothing. A node that is there and
    /// can't serve a read takes as long as anybody would wait for it.
    pub async fn look(&self) -> Vec<Look> {
        join_all(self.endpoints.iter().map(async |(node, url)| {
            let start = Instant::now();
            let health = self.client.get(format!("{url}/health")).send().await;
            let read = self.get(&format!("{url}/kv?prefix=orders/&limit=1")).await;
            let took = start.elapsed() / 2;
            let took = if read.is_ok() { took } else { took.max(LIMIT) };
            let latency_ms = health.is_ok().then_some(took.as_secs_f64() * 1e3);
            let up = health.is_ok_and(|answer| answer.status().is_success());
            Look { node: node.clone(), up, latency_ms }
        }))
        .await
    }

    /// The time of a small answer through a node's client link, milliseconds.
    pub async fn round_trip(&self, node: &str) -> Result<f64, String> {
        let url = self.endpoints.iter().find(|(name, _)| name == node).map(|(_, url)| url);
        let url = url.ok_or_else(|| format!("there is no node {node}"))?;
        let start = Instant::now();
        self.client.get(format!("{url}/status")).send().await.map_err(plain)?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    /// Reads back every acknowledged write, through whichever node answers.
    pub async fn check_data(&self) -> DataCheck {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut check = DataCheck { acknowledged: acknowledged.len() as u64, ..DataCheck::default() };
        let batches: std::collections::BTreeSet<u64> =
            acknowledged.keys().map(|number| number / BATCH).collect();
        for batch in batches {
            let found = match self.batch(batch).await {
                Ok(found) => found,
                Err(error) => {
                    check.error = Some(format!("No node could read the writes back: {error}."));
                    return check;
                }
            };
            let written = acknowledged.range(batch * BATCH..(batch + 1) * BATCH);
            for (number, value) in written {
                match found.get(&key_of(*number)) {
                    None => check.missing += 1,
                    Some(there) if there != value => check.wrong += 1,
                    Some(_) => {}
                }
            }
        }
        check
    }

    async fn batch(&self, batch: u64) -> Result<BTreeMap<String, String>, String> {
        let mut last = "there is no node".to_owned();
        for (_, url) in &self.endpoints {
            match self.get(&format!("{url}/kv?prefix={}&limit={BATCH}", prefix_of(batch))).await {
                Ok(answer) => {
                    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    return Ok(items.iter().map(|item| (text(&item["key"]), text(&item["value"]))).collect());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Believable, sortable, and the same for everybody who reads it back. The last two digits are the place in a batch.
fn key_of(number: u64) -> String {
    format!("{}{:02}", prefix_of(number / BATCH), number % BATCH)
}

fn prefix_of(batch: u64) -> String {
    format!("orders-{batch:06}")
}

/// A value that belongs to one key only.
fn value_of(number: u64) -> String {
    format!("{number}:{:016x}", number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A client's error without the address, which says nothing that the node's name doesn't.
fn plain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} ms", LIMIT.as_millis());
    }
    if error.is_connect() {
        return "the connection was refused".to_owned();
    }
    error.without_url().to_string()
}

/// Each member's own word, asked without a link.
pub(super) async fn members(inner: &Inner) -> Vec<MemberState> {
    let nodes = match inner.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => {
            let gone = |(node, _): &(String, String)| absent(node.clone(), error.message.clone());
            return inner.endpoints.iter().map(gone).collect();
        }
    };
    join_all(nodes.iter().map(async |status| {
        let name = node_name(status.id);
        match status.state {
            NodeState::Exited => return absent(name, "its process has ended".to_owned()),
            NodeState::Paused => return absent(name, "its process is stopped".to_owned()),
            NodeState::Running => {}
        }
        let (told, disk_percent) = tokio::join!(inner.status_of(status.id), inner.disk_percent(status.id));
        match told {
            Ok(told) => member(name, status.id, &told, disk_percent),
            Err(error) => MemberState { disk_percent, ..absent(name, error.message) },
        }
    }))
    .await
}

fn member(node: String, id: u64, told: &Value, disk_percent: Option<f64>) -> MemberState {
    let role = told["role"].as_str().unwrap_or_default();
    let belongs =
        told["members"].as_array().is_some_and(|all| all.iter().any(|one| one.as_u64() == Some(id)));
    let healthy = belongs && matches!(role, "leader" | "follower") && told["leader"].is_u64();
    let error = (!healthy).then(|| match belongs {
        false => "it is no member of the cluster".to_owned(),
        true => format!(
            "it is {role} and knows of {}",
            if told["leader"].is_u64() { "a leader" } else { "no leader" }
        ),
    });
    MemberState {
        node,
        healthy,
        leader: role == "leader",
        term: told["term"].as_u64(),
        applied: told["applied_index"].as_u64(),
        disk_percent,
        error,
    }
}

fn absent(node: String, error: String) -> MemberState {
    MemberState {
        node,
        healthy: false,
        leader: false,
        term: None,
        applied: None,
        disk_percent: None,
        error: Some(error),
    }
}
