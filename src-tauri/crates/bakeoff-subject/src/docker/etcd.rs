//! Asking etcd members how they are and using them as a client does, over their JSON gateway (etcd 3.4 and later).

use data_encoding::BASE64;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// One member about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcdStatus {
    /// `/health` says yes: it has a leader, no alarm is set, and a read went through.
    pub healthy: bool,
    /// It is the leader.
    pub leader: bool,
    /// Its id in the cluster.
    pub member_id: u64,
    /// Raft term.
    pub term: u64,
    /// The last entry it has in its log.
    pub index: u64,
    /// Size of its database file, in bytes.
    pub database_bytes: u64,
    /// Version of the program.
    pub version: String,
}

/// A client of etcd that asks one member at a time.
#[derive(Debug, Clone)]
pub struct Etcd {
    client: Client,
}

impl Etcd {
    /// A client whose requests take at most `limit`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(limit: Duration) -> Result<Self, String> {
        // A connection that a fault has cut off is not to be used again, so none is kept.
        let client = Client::builder().timeout(limit).pool_max_idle_per_host(0).no_proxy().build();
        client.map(|client| Self { client }).map_err(|error| error.to_string())
    }

    /// Asks a member how it is.
    ///
    /// # Errors
    /// What it said instead, or that it did not answer.
    pub async fn status(&self, member: SocketAddr) -> Result<EtcdStatus, String> {
        let health = self.client.get(format!("http://{member}/health")).send();
        let (health, status) = tokio::join!(health, self.post(member, "/v3/maintenance/status", json!({})));
        let health: Value = health.map_err(short)?.json().await.map_err(short)?;
        let status = status?;
        let member_id = number(&status["header"]["member_id"]);
        Ok(EtcdStatus {
            // A string in all versions; an unhealthy member may add a reason.
            healthy: health["health"] == "true",
            leader: member_id != 0 && number(&status["leader"]) == member_id,
            member_id,
            term: number(&status["raftTerm"]),
            index: number(&status["raftIndex"]),
            database_bytes: number(&status["dbSize"]),
            version: status["version"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The members that the cluster counts, by name; one that never started has none.
    ///
    /// # Errors
    /// As [`Etcd::status`].
    pub async fn members(&self, member: SocketAddr) -> Result<BTreeMap<String, u64>, String> {
        let answer = self.post(member, "/v3/cluster/member/list", json!({})).await?;
        let members = answer["members"].as_array().ok_or_else(|| format!("this is no list: {answer}"))?;
        let pair = |member: &Value| {
            let name = member["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("(never started)");
            (name.to_owned(), number(&member["ID"]))
        };
        Ok(members.iter().map(pair).collect())
    }

    /// Writes a key through a member.
    ///
    /// # Errors
    /// When the write was not acknowledged; it may still have been done.
    pub async fn put(&self, member: SocketAddr, key: &str, value: &str) -> Result<(), String> {
        let body = json!({"key": BASE64.encode(key.as_bytes()), "value": BASE64.encode(value.as_bytes())});
        self.post(member, "/v3/kv/put", body).await.map(drop)
    }

    /// Reads a key through a member, with the agreement of a majority.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, member: SocketAddr, key: &str) -> Result<Option<String>, String> {
        let answer = self.post(member, "/v3/kv/range", json!({"key": BASE64.encode(key.as_bytes())})).await?;
        let Some(value) = answer["kvs"].get(0).map(|pair| pair["value"].as_str().unwrap_or_default()) else {
            return Ok(None);
        };
        let bytes = BASE64.decode(value.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// How many keys begin with `prefix`, with the agreement of a majority.
    ///
    /// # Errors
    /// As [`Etcd::get`].
    pub async fn count(&self, member: SocketAddr, prefix: &str) -> Result<u64, String> {
        let (from, to) = match prefix.as_bytes().split_last() {
            // The first key behind all that begin with the prefix; 0 … 0 stands for all keys.
            Some((last, head)) => (prefix.as_bytes().to_vec(), [head, &[last.saturating_add(1)]].concat()),
            None => (vec![0], vec![0]),
        };
        let body = json!({"key": BASE64.encode(&from), "range_end": BASE64.encode(&to), "count_only": true});
        Ok(number(&self.post(member, "/v3/kv/range", body).await?["count"]))
    }

    async fn post(&self, member: SocketAddr, path: &str, body: Value) -> Result<Value, String> {
        let answer =
            self.client.post(format!("http://{member}{path}")).json(&body).send().await.map_err(short)?;
        let status = answer.status();
        let text = answer.text().await.map_err(short)?;
        if status.is_success() {
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
        } else {
            let said = serde_json::from_str::<Value>(&text).ok();
            let said = said.and_then(|said| said["error"].as_str().map(str::to_owned)).unwrap_or(text);
            Err(format!("{}: {}", status.as_u16(), said.trim()))
        }
    }
}

/// The gateway writes 64-bit numbers as strings and leaves out zeros.
fn number(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64()).unwrap_or(0)
}

/// An HTTP client's error without its address, and with its cause.
pub(super) fn short(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
