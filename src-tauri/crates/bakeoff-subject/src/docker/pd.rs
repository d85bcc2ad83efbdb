//! Asking PD, the keeper of a TiKV cluster's map, how the cluster is. TiKV itself speaks gRPC only, so that nothing is
//! written or read through it here.

use super::etcd::short;
use bakeoff_core::lab::{DataCheck, MemberState};
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
    /// The store that a node serves, by the host of its address.
    pub fn store(&self, node: &str) -> Option<&Store> {
        self.stores.iter().find(|store| store.address.split(':').next() == Some(node))
    }

    /// Whether everything has all its copies: members healthy, stores up, no region check above 0.
    pub fn is_whole(&self) -> bool {
        !self.members.is_empty()
            && !self.stores.is_empty()
            && self.members.values().all(|healthy| *healthy)
            && self.stores.iter().all(|store| store.state == "Up")
            && self.region_checks.values().all(|count| *count == 0)
    }
}

/// What each member is by PD's word and by Docker's: the rule of system S1, a container that runs and a store that is `Up`.
/// `nodes` are the subject's own; PD's members come after them. `stopped`: services whose container does not run as it
/// should, and what it does instead.
pub fn members(
    view: &Result<PdView, String>,
    nodes: &[&str],
    stopped: &BTreeMap<String, String>,
) -> Vec<MemberState> {
    let complaint = |node: &str| -> Option<String> {
        if let Some(what) = stopped.get(node) {
            return Some(what.clone());
        }
        match view {
            Err(error) => Some(format!("PD does not say how it is: {error}")),
            Ok(view) => match (view.store(node), view.members.get(node)) {
                (Some(store), _) => (store.state != "Up").then(|| format!("its store is {}", store.state)),
                (None, Some(healthy)) => {
                    (!healthy).then(|| "PD counts this member as not healthy".to_owned())
                }
                (None, None) => Some("PD does not know it".to_owned()),
            },
        }
    };
    let others = view.iter().flat_map(|view| view.members.keys()).map(String::as_str);
    let names = nodes.iter().copied().chain(others.filter(|name| !nodes.contains(name)));
    let member = |node: &str| {
        let error = complaint(node);
        MemberState {
            node: node.to_owned(),
            healthy: error.is_none(),
            leader: false,
            term: None,
            applied: None,
            disk_percent: None,
            error,
        }
    };
    names.map(member).collect()
}

/// What PD says of the data. Nothing is written and read back: a region that has all its copies and a leader is all that
/// can be asked for.
pub fn data_check(view: &Result<PdView, String>) -> DataCheck {
    let view = match view {
        Ok(view) => view,
        Err(error) => return DataCheck { error: Some(error.clone()), ..DataCheck::default() },
    };
    let regions: u64 = view.stores.iter().map(|store| store.leaders).sum();
    if regions == 0 {
        let error = "PD counts no region with a leader".to_owned();
        return DataCheck { error: Some(error), ..DataCheck::default() };
    }
    let wrong: Vec<String> = view
        .region_checks
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(check, count)| format!("{count} with {check}"))
        .collect();
    let missing = view.region_checks.values().sum();
    let reported = match wrong.is_empty() {
        true => format!("by PD's word all {regions} regions have a leader and all their copies"),
        false => {
            format!("by PD's word not all {regions} regions have all their copies: {}", wrong.join(", "))
        }
    };
    DataCheck { missing, reported: Some(reported), ..DataCheck::default() }
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
