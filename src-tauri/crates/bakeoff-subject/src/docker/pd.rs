//! Asking PD, the keeper of a TiKV cluster's map, how the cluster is. TiKV itself speaks gRPC only, so that nothing is
//! written or read through it here.

use super::etcd::short;
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The region checks that must be 0 when every region has all its copies.
const CHECKS: [&str; 3] = ["miss-peer", "pending-peer", "down-peer"];

/// One store, as PD sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its id.
    pub id: u64,
    /// Where it serves, for example `tikv0:20160`.
    pub address: String,
    /// PD's word: `Up`, `Disconnected` (no heartbeat for 20 s), `Down`, `Offline`, `Tombstone`.
    pub state: String,
    /// Regions that it leads.
    pub leaders: u64,
    /// Regions of which it has a copy.
    pub regions: u64,
}

/// One look at a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PdView {
    /// PD members by name, and whether each is healthy.
    pub members: BTreeMap<String, bool>,
    /// All stores, also those that are gone for good.
    pub stores: Vec<Store>,
    /// Regions that lack a copy, have one that lags, have one that is down: by PD's name of the check.
    pub region_checks: BTreeMap<String, u64>,
}

impl PdView {
    /// Whether everything has all its copies: members healthy, stores up, no region check above 0.
    pub fn is_whole(&self) -> bool {
        !self.members.is_empty()
            && !self.stores.is_empty()
            && self.members.values().all(|healthy| *healthy)
            && self.stores.iter().all(|store| store.state == "Up")
            && self.region_checks.values().all(|count| *count == 0)
    }
}

/// A client of PD.
#[derive(Debug, Clone)]
pub struct Pd {
    client: Client,
}

impl Pd {
    /// A client whose requests take at most `limit`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(limit: Duration) -> Result<Self, String> {
        let client = Client::builder().timeout(limit).pool_max_idle_per_host(0).no_proxy().build();
        client.map(|client| Self { client }).map_err(|error| error.to_string())
    }

    /// Looks at the cluster through one PD member.
    ///
    /// # Errors
    /// When that member does not answer; another may.
    pub async fn view(&self, member: SocketAddr) -> Result<PdView, String> {
        let (health, stores, checks) = tokio::join!(
            self.get(member, "/pd/api/v1/health"),
            // Without states PD leaves out stores that were removed.
            self.get(member, "/pd/api/v1/stores?state=0&state=1"),
            futures::future::join_all(CHECKS.iter().map(|check| async move {
                self.get(member, &format!("/pd/api/v1/regions/check/{check}")).await
            })),
        );
        let mut view = PdView::default();
        for member in list(&health?)? {
            let name = member["name"].as_str().unwrap_or_default().to_owned();
            view.members.insert(name, member["health"].as_bool().unwrap_or(false));
        }
        for entry in list(&stores?["stores"])? {
            let (store, status) = (&entry["store"], &entry["status"]);
            view.stores.push(Store {
                id: store["id"].as_u64().unwrap_or(0),
                address: store["address"].as_str().unwrap_or_default().to_owned(),
                state: store["state_name"].as_str().unwrap_or_default().to_owned(),
                leaders: status["leader_count"].as_u64().unwrap_or(0),
                regions: status["region_count"].as_u64().unwrap_or(0),
            });
        }
        for (check, answer) in CHECKS.iter().zip(checks) {
            view.region_checks.insert((*check).to_owned(), answer?["count"].as_u64().unwrap_or(0));
        }
        Ok(view)
    }

    async fn get(&self, member: SocketAddr, path: &str) -> Result<Value, String> {
        let answer = self.client.get(format!("http://{member}{path}")).send().await.map_err(short)?;
        let status = answer.status();
        let text = answer.text().await.map_err(short)?;
        // While it is not ready, /health says so with 503 and still lists the members.
        if !status.is_success() && !path.ends_with("/health") {
            return Err(format!("{path}: {}: {}", status.as_u16(), text.trim()));
        }
        serde_json::from_str(&text).map_err(|_| format!("{path}: {}: {}", status.as_u16(), text.trim()))
    }
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    match value {
        Value::Array(list) => Ok(list),
        other => Err(format!("this is no list: {other}")),
    }
}
