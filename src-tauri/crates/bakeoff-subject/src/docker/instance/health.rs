//! What an instance looks like from outside: to the monitor, to the oracle, before and after.

mod state;

use super::Inner;
use crate::docker::error::DockerError;
use crate::docker::etcd::Etcd;
use crate::docker::fault;
use crate::docker::pd::{self, Pd, PdView};
use crate::docker::project::Project;
use bakeoff_core::lab::{DataCheck, EntryProbe, MemberState, NodeObservation, Observation};
use bakeoff_core::subject::{ProbeKind, Subject};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long one request may take: together they stay under the 2 s that a sample has.
const LIMIT: Duration = Duration::from_millis(1800);
/// How long Docker may take to say where a node is, before it counts as gone.
const DOCKER_LIMIT: Duration = Duration::from_millis(1000);
/// How old a look at the volumes may be.
const DISK_AGE: Duration = Duration::from_secs(1);
/// Our own keys.
const PREFIX: &str = "health/";
/// So many keys a node are written over and over.
const KEYS: u64 = 100;

/// The client that asks, by the subject's kind of probe.
enum Client {
    Etcd(Etcd),
    Pd(Pd),
}

/// What was written to one key.
#[derive(Debug, Default, Clone)]
struct Written {
    acknowledged: Option<String>,
    /// Written and never acknowledged: it may be there or not, and may come late.
    maybe: Vec<String>,
}

impl Written {
    /// Whether this may be read: the last value that was acknowledged, or one whose write may still arrive.
    fn allows(&self, value: &str) -> bool {
        self.acknowledged.as_deref() == Some(value) || self.maybe.iter().any(|maybe| maybe == value)
    }
}

/// Asks, and remembers what was acknowledged.
pub(super) struct Health {
    client: Client,
    sequence: AtomicU64,
    acknowledged: AtomicU64,
    written: Mutex<BTreeMap<String, Written>>,
    /// Where nodes were reached last. While Docker can't be asked they are still asked there: a Docker that is gone is no
    /// fault of the system that is watched.
    addresses: Mutex<BTreeMap<(String, u16), SocketAddr>>,
    /// When the volumes were looked at, and how full each was, in percent.
    disks: tokio::sync::Mutex<(Option<Instant>, BTreeMap<String, f64>)>,
}

impl Health {
    pub(super) fn new(probe: ProbeKind) -> Result<Self, String> {
        let client = match probe {
            ProbeKind::Etcd => Client::Etcd(Etcd::new(LIMIT)?),
            ProbeKind::Pd => Client::Pd(Pd::new(LIMIT)?),
            ProbeKind::Ledger => return Err("the probe `ledger` is for the embedded store".to_owned()),
        };
        Ok(Self {
            client,
            sequence: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            written: Mutex::new(BTreeMap::new()),
            addresses: Mutex::new(BTreeMap::new()),
            disks: tokio::sync::Mutex::default(),
        })
    }

    /// The node that says it leads.
    pub(super) async fn leader(&self, project: &Project, subject: &Subject) -> Option<String> {
        let Client::Etcd(etcd) = &self.client else { return None };
        let asked = subject.nodes.iter().map(|node| async move {
            let at = self.address(project, &node.name, node.port).await?;
            etcd.status(at)
                .await
                .ok()
                .filter(|status| status.leader)
                .map(|status| (status.term, node.name.clone()))
        });
        // A cut-off leader may still think that it leads: the newest term is right.
        join_all(asked).await.into_iter().flatten().max().map(|(_, name)| name)
    }

    /// What is not yet well.
    pub(super) async fn missing(&self, inner: &Inner) -> Vec<String> {
        let (entries, members) = self.sample(inner).await;
        let entries = entries.into_iter().filter(|entry| !(entry.write_ok && entry.read_ok));
        let entries = entries.map(|entry| format!("{}: {}", entry.node, entry.error.unwrap_or_default()));
        let members = members.into_iter().filter(|member| !member.healthy);
        let members = members.map(|member| format!("{}: {}", member.node, member.error.unwrap_or_default()));
        entries.chain(members).collect()
    }

    pub(super) async fn sample(&self, inner: &Inner) -> (Vec<EntryProbe>, Vec<MemberState>) {
        match &self.client {
            Client::Etcd(etcd) => {
                let asked = inner.subject.nodes.iter().map(|node| async move {
                    let at = self.address(&inner.project, &node.name, node.port).await;
                    tokio::join!(self.entry(etcd, &node.name, at), self.member(inner, etcd, &node.name, at))
                });
                join_all(asked).await.into_iter().unzip()
            }
            // TiKV speaks gRPC only: nothing is written through it, and the verdict says so.
            Client::Pd(pd) => {
                let (view, stopped) = tokio::join!(self.pd_view(inner, pd), stopped(&inner.project));
                let mut members = pd::members(&view, &inner.subject.node_names(), &stopped);
                for member in &mut members {
                    member.disk_percent = self.disk_percent(inner, &member.node).await;
                }
                (Vec::new(), members)
            }
        }
    }

    async fn entry(&self, etcd: &Etcd, node: &str, at: Option<SocketAddr>) -> EntryProbe {
        let begun = Instant::now();
        let outcome = match at {
            None => Err((false, "it does not run".to_owned())),
            Some(at) => {
                let exchange = self.write_and_read(etcd, node, at);
                let late = || Err((false, "no answer in time".to_owned()));
                tokio::time::timeout(LIMIT, exchange).await.unwrap_or_else(|_| late())
            }
        };
        let latency_ms = begun.elapsed().as_secs_f64() * 1000.0;
        let (write_ok, read_ok, error) = match outcome {
            Ok(()) => (true, true, None),
            Err((write_ok, error)) => (write_ok, false, Some(error)),
        };
        EntryProbe { node: node.to_owned(), write_ok, read_ok, latency_ms, error }
    }

    /// The error says whether the write had been acknowledged.
    async fn write_and_read(&self, etcd: &Etcd, node: &str, at: SocketAddr) -> Result<(), (bool, String)> {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let (key, value) = (format!("{PREFIX}{node}/{}", sequence % KEYS), format!("{sequence}"));
        self.note(&key, |written| written.maybe.push(value.clone()));
        etcd.put(at, &key, &value).await.map_err(|error| (false, error))?;
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.note(&key, |written| {
            written.acknowledged = Some(value.clone());
            written.maybe.retain(|maybe| *maybe != value);
        });
        match etcd.get(at, &key).await {
            Ok(Some(read)) if read == value => Ok(()),
            Ok(other) => Err((true, format!("wrote {value}, read {other:?}"))),
            Err(error) => Err((true, error)),
        }
    }

    fn note(&self, key: &str, change: impl FnOnce(&mut Written)) {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(written.entry(key.to_owned()).or_default());
    }

    async fn member(&self, inner: &Inner, etcd: &Etcd, node: &str, at: Option<SocketAddr>) -> MemberState {
        let status = async {
            match at {
                Some(at) => etcd.status(at).await,
                None => Err("it does not run".to_owned()),
            }
        };
        let (status, disk_percent) = tokio::join!(status, self.disk_percent(inner, node));
        match status {
            Ok(status) => MemberState {
                node: node.to_owned(),
                healthy: status.healthy,
                leader: status.leader,
                term: Some(status.term),
                applied: Some(status.index),
                disk_percent,
                error: (!status.healthy).then(|| "it says that it is not healthy".to_owned()),
            },
            Err(error) => MemberState { disk_percent, ..plain_member(node, false, Some(error)) },
        }
    }

    /// How full a node's own volume is, at most [`DISK_AGE`] ago. Monitor and oracle share one look at all volumes: a
    /// command in a container costs far more than a request to a node.
    async fn disk_percent(&self, inner: &Inner, node: &str) -> Option<f64> {
        let volume = inner.volume(node)?;
        let mut disks = self.disks.lock().await;
        if disks.0.is_none_or(|at| at.elapsed() >= DISK_AGE) {
            let volumes: Vec<String> =
                inner.subject.nodes.iter().filter_map(|node| inner.volume(&node.name)).collect();
            let looked = tokio::time::timeout(LIMIT, fault::disk_uses(&inner.project, &volumes)).await;
            let uses = looked.ok().and_then(Result::ok).unwrap_or_default();
            let percents = uses.into_iter().map(fault::DiskUse::percent);
            *disks = (Some(Instant::now()), volumes.into_iter().zip(percents).collect());
        }
        disks.1.get(&volume).copied()
    }

    /// Where a node is reached now; none when it does not run.
    async fn address(&self, project: &Project, node: &str, port: Option<u16>) -> Option<SocketAddr> {
        let key = (node.to_owned(), port?);
        let found = tokio::time::timeout(DOCKER_LIMIT, project.address(node, key.1)).await;
        let mut known = self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match found {
            Ok(Ok(Some(at))) => {
                known.insert(key, at);
                Some(at)
            }
            Ok(Ok(None)) => None,
            Ok(Err(_)) | Err(_) => known.get(&key).copied(),
        }
    }

    /// What is known of a key at this moment.
    fn now(&self, key: &str) -> Written {
        let written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        written.get(key).cloned().unwrap_or_default()
    }

    pub(super) async fn check_data(&self, inner: &Inner) -> DataCheck {
        let acknowledged = self.acknowledged.load(Ordering::Relaxed);
        let mut check = DataCheck { acknowledged, ..DataCheck::default() };
        let etcd = match &self.client {
            Client::Etcd(etcd) => etcd,
            Client::Pd(pd) => return pd::data_check(&self.pd_view(inner, pd).await),
        };
        let written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut entries = Vec::new();
        for node in &inner.subject.nodes {
            entries.extend(self.address(&inner.project, &node.name, node.port).await);
        }
        for (key, written) in written {
            if written.acknowledged.is_none() {
                continue;
            }
            let mut read = Err("no node runs".to_owned());
            for at in &entries {
                read = etcd.get(*at, &key).await;
                if read.is_ok() {
                    break;
                }
            }
            match read {
                Ok(None) => check.missing += 1,
                // Samples go on meanwhile: what they write to this key since it was looked up is right too.
                Ok(Some(value)) if written.allows(&value) || self.now(&key).allows(&value) => {}
                Ok(Some(_)) => check.wrong += 1,
                Err(error) => {
                    check.error = Some(error);
                    return check;
                }
            }
        }
        check
    }

    pub(super) async fn observe(&self, inner: &Inner) -> Result<Observation, DockerError> {
        let view = match &self.client {
            Client::Pd(pd) => {
                let doing = || format!("look at {}", inner.subject.name);
                let (view, stopped) = tokio::join!(self.pd_view(inner, pd), stopped(&inner.project));
                Some((view.map_err(|error| DockerError::failed(doing(), error))?, stopped))
            }
            Client::Etcd(_) => None,
        };
        let looks = inner.subject.nodes.iter().map(|node| {
            let view = view.as_ref();
            async move {
                let disk_percent = self.disk_percent(inner, &node.name).await;
                let (up, latency_ms) = match (&self.client, view) {
                    (Client::Etcd(etcd), _) => {
                        match self.address(&inner.project, &node.name, node.port).await {
                            None => (false, None),
                            Some(at) => {
                                let begun = Instant::now();
                                let read = etcd.get(at, PREFIX).await;
                                let took = begun.elapsed().as_secs_f64() * 1000.0;
                                (read.is_ok(), read.is_ok().then_some(took))
                            }
                        }
                    }
                    (_, Some((view, stopped))) => {
                        let is_up = view.store(&node.name).is_some_and(|store| store.state == "Up");
                        (is_up && !stopped.contains_key(&node.name), None)
                    }
                    (_, None) => (false, None),
                };
                NodeObservation { node: node.name.clone(), up, latency_ms, disk_percent }
            }
        });
        Ok(Observation { nodes: join_all(looks).await })
    }

    /// The first PD member that answers; PDs are services that are not nodes, or nodes too.
    async fn pd_view(&self, inner: &Inner, pd: &Pd) -> Result<PdView, String> {
        let mut error = "no service publishes PD's port 2379".to_owned();
        for node in inner.project.nodes() {
            let Some(at) = self.address(&inner.project, &node.service, Some(2379)).await else { continue };
            match pd.view(at).await {
                Ok(view) => return Ok(view),
                Err(said) => error = format!("{}: {said}", node.service),
            }
        }
        Err(error)
    }
}

/// Services whose container does not run as it should, and what it does. One of which Docker can't tell is not among them:
/// a Docker that is gone is no fault of the system that is watched.
async fn stopped(project: &Project) -> BTreeMap<String, String> {
    let looks = project.nodes().iter().map(|node| async move {
        let found = tokio::time::timeout(DOCKER_LIMIT, project.state(&node.service)).await;
        let what = match found {
            Ok(Ok(None)) => Some("its container is gone".to_owned()),
            Ok(Ok(Some(state))) => state.complaint(),
            Ok(Err(_)) | Err(_) => None,
        };
        what.map(|what| (node.service.clone(), what))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn plain_member(node: &str, healthy: bool, error: Option<String>) -> MemberState {
    MemberState {
        node: node.to_owned(),
        healthy,
        leader: false,
        term: None,
        applied: None,
        disk_percent: None,
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health::new(ProbeKind::Etcd).expect("a client can be made")
    }

    #[test]
    fn what_is_written_while_the_data_are_checked_is_no_wrong_value() {
        let health = health();
        health.note("k", |written| written.acknowledged = Some("1".to_owned()));
        let looked_up = health.now("k");
        health.note("k", |written| written.maybe.push("2".to_owned()));
        assert!(!looked_up.allows("2") && health.now("k").allows("2"), "on its way since");
        assert!(health.now("k").allows("1"), "not yet there");
        health.note("k", |written| {
            written.acknowledged = Some("2".to_owned());
            written.maybe.clear();
        });
        assert!(health.now("k").allows("2") && !health.now("k").allows("1"), "an old value is wrong again");
        assert!(!health.now("other").allows("1"), "nobody wrote it");
    }
}
