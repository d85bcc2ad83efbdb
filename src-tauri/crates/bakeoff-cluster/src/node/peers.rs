//! The other nodes, each reached through a link of its own.

use super::journal::Journal;
use super::types::{PATIENCE, Types};
use openraft::error::{InstallSnapshotError, RPCError, RaftError, RemoteError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use openraft::{AnyError, BasicNode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// After a peer could not be reached it is tried again after this time.
const RETRY: Duration = Duration::from_millis(100);

/// For one answer, a little less than openraft waits, so that it is told why there was none.
const LIMIT: Duration = PATIENCE.saturating_sub(Duration::from_millis(100));

/// A client for loopback: no proxy of the environment, and no certificates to load.
///
/// # Errors
/// The client can't be made.
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).tcp_nodelay(true).build()
}

/// All other nodes.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    urls: Arc<BTreeMap<u64, String>>,
    client: reqwest::Client,
    journal: Arc<Journal>,
    lost: Arc<Mutex<BTreeSet<u64>>>,
}

impl Peers {
    pub(crate) fn new(urls: BTreeMap<u64, String>, client: reqwest::Client, journal: Arc<Journal>) -> Self {
        Self { urls: Arc::new(urls), client, journal, lost: Arc::default() }
    }

    /// Their addresses as this node knows them.
    pub(crate) fn urls(&self) -> &BTreeMap<u64, String> {
        &self.urls
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Peers that could not be reached the last time.
    pub(crate) fn lost(&self) -> Vec<u64> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    async fn post<T: DeserializeOwned>(
        &self,
        target: u64,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Unreachable> {
        let answer = self.try_post(target, path, body).await;
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match &answer {
            Ok(_) if lost.remove(&target) => {
                self.journal.info("peer", format!("n{target} is reachable again"))
            }
            Err(error) if lost.insert(target) => {
                self.journal.warn("peer", format!("n{target} is unreachable: {}", chain(error)));
            }
            _ => {}
        }
        answer.map_err(|error| Unreachable::new(&AnyError::error(chain(&error))))
    }

    async fn try_post<T: DeserializeOwned>(
        &self,
        target: u64,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, reqwest::Error> {
        let url = self.urls.get(&target).map_or("http://127.0.0.1:0", String::as_str);
        let request = self.client.post(format!("{url}{path}")).timeout(LIMIT).json(body);
        request.send().await?.error_for_status()?.json().await
    }

    /// As `post`, for what openraft asks: its answer, or its refusal, or no answer.
    async fn ask<T, E>(
        &self,
        target: u64,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RPCError<u64, BasicNode, RaftError<u64, E>>>
    where
        T: DeserializeOwned,
        E: DeserializeOwned + Error,
    {
        let answer: Result<T, RaftError<u64, E>> = self.post(target, path, body).await?;
        Ok(answer.map_err(|error| RemoteError::new(target, error))?)
    }
}

/// An error with everything that caused it, on one line, without the address that the caller knows.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { innermost.to_string() }
}

impl RaftNetworkFactory<Types> for Peers {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, _node: &BasicNode) -> Peer {
        Peer { peers: self.clone(), target }
    }
}

/// One other node.
#[derive(Debug)]
pub(crate) struct Peer {
    peers: Peers,
    target: u64,
}

impl RaftNetwork<Types> for Peer {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RPCError<u64, BasicNode, RaftError<u64>>> {
        self.peers.ask(self.target, "/raft/append", &request).await
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<Types>,
        _option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, RPCError<u64, BasicNode, RaftError<u64, InstallSnapshotError>>>
    {
        self.peers.ask(self.target, "/raft/snapshot", &request).await
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, RPCError<u64, BasicNode, RaftError<u64>>> {
        self.peers.ask(self.target, "/raft/vote", &request).await
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(RETRY))
    }
}
