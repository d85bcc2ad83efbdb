//! One running embedded cluster as the port wants it.

use super::probe::Prober;
use super::{faults, labctl};
use crate::error::refused;
use crate::shell;
use crate::shell::door::Door;
use bakeoff_cluster::{Cluster, NodeStatus, Party};
use bakeoff_core::fault::{Fault, Place, PlannedFault};
use bakeoff_core::lab::{
    ClusterState, DataCheck, HealthSample, LabCommand, LabReply, NodeObservation, Observation,
};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{BrokerCall, Instance, Presence, Shell, SubjectError};
use bakeoff_core::trial::Millis;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Between two looks at a cluster that is not healthy yet.
const LOOK: Duration = Duration::from_millis(50);
/// Between two looks whether the last request has ended.
const CLOSING: Duration = Duration::from_millis(10);

/// A running embedded cluster. Dropping it ends and removes it, as does the death of this program.
pub struct EmbeddedInstance {
    inner: Arc<Inner>,
    /// For a user's own program.
    door: Door,
}

/// What the instance shares with the broker of its shells.
pub(super) struct Inner {
    /// `None` once it is closed.
    cluster: Mutex<Option<Arc<Cluster>>>,
    pub prober: Prober,
    /// Name and client address of each node, in order.
    pub endpoints: Vec<(String, String)>,
    program: PathBuf,
    folder: PathBuf,
}

impl EmbeddedInstance {
    pub(super) fn new(cluster: Cluster, program: PathBuf, folder: PathBuf) -> Result<Self, SubjectError> {
        let endpoints: Vec<(String, String)> =
            cluster.endpoints().iter().map(|end| (node_name(end.node), end.url.clone())).collect();
        let prober = Prober::new(endpoints.clone()).map_err(refused)?;
        let inner = Arc::new(Inner {
            cluster: Mutex::new(Some(Arc::new(cluster))),
            prober,
            endpoints,
            program: program.clone(),
            folder,
        });
        let door = Door::new(labctl_of(&inner), program);
        Ok(Self { inner, door })
    }
}

/// Carries out commands. What outlives the instance must not keep its cluster alive.
fn labctl_of(inner: &Arc<Inner>) -> shell::Labctl {
    let inner: Weak<Inner> = Arc::downgrade(inner);
    Arc::new(move |command| {
        let inner = inner.upgrade();
        Box::pin(async move {
            match inner {
                Some(inner) => labctl::execute(&inner, &command).await,
                None => labctl::failed("the cluster is gone"),
            }
        })
    })
}

/// `n2` for 2.
pub(super) fn node_name(id: u64) -> String {
    format!("n{id}")
}

/// 2 for `n2`.
pub(super) fn node_id(name: &str) -> Option<u64> {
    name.strip_prefix('n')?.parse().ok()
}

/// A link's end in words.
pub(super) fn party_name(party: Party) -> String {
    match party {
        Party::Client => "client".to_owned(),
        Party::Node(id) => node_name(id),
    }
}

impl Inner {
    /// The cluster while it is open.
    pub fn cluster(&self) -> Result<Arc<Cluster>, SubjectError> {
        let cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cluster.ok_or_else(|| refused("The instance has been closed."))
    }

    pub async fn nodes(&self) -> Result<Vec<NodeStatus>, SubjectError> {
        Ok(self.cluster()?.status().await.map_err(refused)?.nodes)
    }

    /// What a running node says of itself.
    pub async fn status_of(&self, node: u64) -> Result<Value, SubjectError> {
        self.cluster()?.ask_node(node, "/status").await.map_err(refused)
    }

    async fn capture(&self) -> Result<ClusterState, SubjectError> {
        let nodes = self.nodes().await?;
        let mut state = ClusterState::default();
        let mut best: Option<Value> = None;
        for node in &nodes {
            let told = self.status_of(node.id).await;
            let told = told.unwrap_or_else(|error| serde_json::json!({"error": error.message}));
            let applied = |value: &Value| value["applied_index"].as_u64();
            if applied(&told).is_some() && best.as_ref().is_none_or(|best| applied(&told) > applied(best)) {
                best = Some(told.clone());
            }
            state.raw.insert(node_name(node.id), told);
        }
        // The node that has applied most knows the cluster best.
        let Some(best) = best else { return Ok(state) };
        let members = best["members"].as_array().map_or(&[][..], Vec::as_slice);
        state.members = members.iter().filter_map(Value::as_u64).map(node_name).collect();
        state.members.sort();
        state.records = best["keys"].as_u64();
        let mut settings = Map::new();
        for name in ["version", "quota_bytes"] {
            settings.insert(name.to_owned(), best[name].clone());
        }
        state.settings = settings;
        Ok(state)
    }

    /// Every member healthy, one of them leading, and a write taken through each.
    async fn wait_healthy(&self, limit: Duration) -> Result<(), SubjectError> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let members = super::probe::members(self).await;
            let unhealthy = members.iter().find(|member| !member.healthy);
            let leaders = members.iter().filter(|member| member.leader).count();
            let missing = match unhealthy {
                Some(member) => {
                    format!("{}: {}", member.node, member.error.as_deref().unwrap_or("it is not healthy"))
                }
                None if leaders != 1 => format!("{leaders} nodes lead"),
                None => {
                    let entries = self.prober.entries().await;
                    match entries.into_iter().find_map(|entry| Some((entry.node, entry.error?))) {
                        Some((node, error)) => format!("{node}: {error}"),
                        None => return Ok(()),
                    }
                }
            };
            if tokio::time::Instant::now() >= deadline {
                let seconds = limit.as_secs_f64();
                return Err(refused(format!("It was not healthy after {seconds} s: {missing}.")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn observe(&self) -> Result<Observation, SubjectError> {
        let statuses = self.nodes().await?;
        let entries = self.prober.look().await;
        let mut nodes = Vec::with_capacity(entries.len());
        for (entry, status) in entries.into_iter().zip(statuses) {
            let disk = self.disk_percent(status.id).await;
            nodes.push(NodeObservation {
                node: entry.node,
                up: entry.up,
                latency_ms: entry.latency_ms,
                disk_percent: disk,
            });
        }
        Ok(Observation { nodes })
    }

    pub async fn disk_percent(&self, node: u64) -> Option<f64> {
        let disk = self.cluster().ok()?.disk(node).await.ok()?;
        Some(disk.used as f64 * 100.0 / disk.total.max(1) as f64)
    }
}

impl Instance for EmbeddedInstance {
    fn place(&self) -> Place {
        Place::Embedded { folder: self.inner.folder.to_string_lossy().into_owned() }
    }

    fn wait_healthy(&self, limit: Duration) -> BoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(self.inner.wait_healthy(limit))
    }

    fn capture_state(&self) -> BoxFuture<'_, Result<ClusterState, SubjectError>> {
        Box::pin(self.inner.capture())
    }

    fn observe(&self) -> BoxFuture<'_, Result<Observation, SubjectError>> {
        Box::pin(self.inner.observe())
    }

    fn sample<'a>(&'a self, now: &'a (dyn Fn() -> Millis + Send + Sync)) -> BoxFuture<'a, HealthSample> {
        Box::pin(async move {
            let (entries, members) =
                tokio::join!(self.inner.prober.entries(), super::probe::members(&self.inner));
            HealthSample { at: now(), entries, members }
        })
    }

    fn check_data(&self) -> BoxFuture<'_, DataCheck> {
        Box::pin(self.inner.prober.check_data())
    }

    fn plan<'a>(&'a self, fault: &'a Fault, seed: u64) -> BoxFuture<'a, Result<PlannedFault, SubjectError>> {
        Box::pin(faults::plan(&self.inner, fault, seed))
    }

    fn inject<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(faults::inject(&self.inner, planned))
    }

    fn presence<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence> {
        Box::pin(faults::presence(&self.inner, planned))
    }

    fn revert<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(faults::revert(&self.inner, planned))
    }

    fn briefing(&self) -> String {
        labctl::briefing(&self.inner.endpoints)
    }

    fn open_shell(&self) -> BoxFuture<'_, Result<Arc<dyn Shell>, SubjectError>> {
        let labctl = labctl_of(&self.inner);
        let urls = self.inner.endpoints.iter().map(|(_, url)| url.clone()).collect();
        Box::pin(shell::open(self.inner.program.clone(), labctl, urls))
    }

    fn labctl<'a>(&'a self, command: &'a LabCommand) -> BoxFuture<'a, LabReply> {
        Box::pin(labctl::execute(&self.inner, command))
    }

    fn broker(&self) -> Option<String> {
        self.door.socket()
    }

    fn labctl_program(&self) -> Option<String> {
        self.door.program()
    }

    fn broker_calls(&self) -> Vec<BrokerCall> {
        self.door.calls()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(async {
            let cluster = self.inner.cluster.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(mut cluster) = cluster else { return Ok(()) };
            // Requests that are on their way still hold it; each of them ends by its own limit.
            loop {
                match Arc::try_unwrap(cluster) {
                    Ok(owned) => return owned.shutdown().await.map_err(refused),
                    Err(shared) => cluster = shared,
                }
                tokio::time::sleep(CLOSING).await;
            }
        })
    }
}
