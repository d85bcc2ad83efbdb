//! A Docker subject behind the engine's ports.

mod commands;
mod health;
mod offers;

use super::capability::Capabilities;
use super::compose::{Blueprint, Mount, Volume};
use super::container::Phase;
use super::engine::how_to_get;
use super::error::DockerError;
use super::labels::Identity;
use super::project::Project;
use super::shell::{Carry, DockerShell};
use super::{Engine, compose, fault, sweep, warden};
use crate::shell::Labctl;
use crate::shell::door::Door;
use bakeoff_core::fault::{Fault, FaultKind, Place, PlannedFault, Target};
use bakeoff_core::lab::{ClusterState, DataCheck, HealthSample, LabCommand, LabReply, Observation};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{BrokerCall, Instance, OpenInstance, Presence, Shell, SubjectError, Subjects};
use bakeoff_core::subject::{ProbeKind, Subject};
use bakeoff_core::trial::Millis;
use health::Health;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};

/// Reads the words of `labctl` or `docker` (the first argument says which) into a command.
pub type ReadWords = fn(&str, &[String]) -> Result<LabCommand, String>;

/// Where instances come from: the local daemon.
pub struct DockerSubjects {
    engine: OnceCell<Engine>,
    /// By tools image: what the probe of the daemon found.
    capabilities: Mutex<Vec<(String, Arc<Capabilities>)>>,
    read_words: ReadWords,
    /// This program, which has the role of its warden.
    program: PathBuf,
}

impl DockerSubjects {
    /// Connects when the first instance is opened. `program` has the role of the [`warden`](crate::docker::warden).
    pub fn new(read_words: ReadWords, program: PathBuf) -> Self {
        Self { engine: OnceCell::new(), capabilities: Mutex::new(Vec::new()), read_words, program }
    }

    async fn engine(&self) -> Result<&Engine, DockerError> {
        self.engine
            .get_or_try_init(|| async {
                let engine = Engine::connect().await?;
                sweep::dead_owners(&engine).await?;
                Ok(engine)
            })
            .await
    }

    async fn capabilities(&self, engine: &Engine, image: &str) -> Result<Arc<Capabilities>, DockerError> {
        let mut known = self.capabilities.lock().await;
        if let Some((_, found)) = known.iter().find(|(of, _)| of == image) {
            return Ok(Arc::clone(found));
        }
        warden::ensure(&self.program)?;
        let found = Arc::new(Capabilities::probe(engine, image).await?);
        known.push((image.to_owned(), Arc::clone(&found)));
        Ok(found)
    }

    async fn start(&self, wanted: OpenInstance) -> Result<Arc<dyn Instance>, DockerError> {
        let engine = self.engine().await?;
        let subject = wanted.subject;
        let blueprint = blueprint(&subject)?;
        let first_image = blueprint.services.first().map(|service| service.image.clone()).unwrap_or_default();
        let tools_image = subject.tools_image.clone().unwrap_or(first_image);
        if !engine.has_image(&tools_image).await? {
            let reason = format!("the daemon does not have it; {}", how_to_get(&tools_image));
            return Err(DockerError::Unavailable { what: format!("the image {tools_image}"), reason });
        }
        let capabilities = self.capabilities(engine, &tools_image).await?;
        let prefix = if subject.probe == ProbeKind::Pd { "store" } else { "kv" };
        let identity = Identity::new(prefix, subject.name.clone(), format!("{}", wanted.seed));
        warden::ensure(&self.program)?;
        let project = Project::up(engine, identity, blueprint, &tools_image).await?;
        let health =
            Health::new(subject.probe).map_err(|error| DockerError::failed("make a client", error))?;
        let inner = Arc::new(Inner { project, subject, health, capabilities, lease: wanted.lease });
        Ok(Arc::new(DockerInstance {
            door: Door::new(labctl_of(&inner), self.program.clone()),
            inner,
            read_words: self.read_words,
            closed: AtomicBool::new(false),
        }))
    }
}

impl Subjects for DockerSubjects {
    fn open<'a>(&'a self, wanted: OpenInstance) -> BoxFuture<'a, Result<Arc<dyn Instance>, SubjectError>> {
        Box::pin(async move { self.start(wanted).await.map_err(SubjectError::from) })
    }
}

/// The subject's services, with the nodes' ports and a small volume in memory for each node that is to have one.
fn blueprint(subject: &Subject) -> Result<Blueprint, DockerError> {
    // A subject file has services only: the volumes that they name are ordinary ones.
    let volumes: Map<String, Value> = subject
        .services
        .values()
        .flat_map(|service| service["volumes"].as_array().into_iter().flatten())
        .filter_map(|volume| volume.as_str()?.split_once(':').map(|(name, _)| name.to_owned()))
        .filter(|name| !name.starts_with(['.', '/', '~']))
        .map(|name| (name, Value::Null))
        .collect();
    let findings = compose::read(&json!({"services": subject.services, "volumes": volumes}));
    if !findings.errors.is_empty() {
        return Err(DockerError::failed(
            format!("read the services of {}", subject.name),
            findings.errors.join("; "),
        ));
    }
    let mut blueprint = findings.blueprint;
    for node in &subject.nodes {
        let Some(service) = blueprint.services.iter_mut().find(|service| service.name == node.name) else {
            let reason = format!("there is no service {:?}", node.name);
            return Err(DockerError::failed(format!("find the nodes of {}", subject.name), reason));
        };
        if let Some(port) = node.port.filter(|port| !service.ports.contains(port)) {
            service.ports.push(port);
        }
        if let Some(path) = &node.volume {
            let volume = format!("{}-data", node.name);
            service.volumes.retain(|mount| mount.path != *path);
            service.volumes.push(Mount { volume: volume.clone(), path: path.clone(), read_only: false });
            blueprint.volumes.insert(volume, Volume::Memory { size_bytes: u64::from(subject.disk_mb) << 20 });
        }
    }
    let used = |name: &String| {
        blueprint.services.iter().any(|service| service.volumes.iter().any(|mount| mount.volume == *name))
    };
    let unused: Vec<String> = blueprint.volumes.keys().filter(|name| !used(name)).cloned().collect();
    for name in unused {
        blueprint.volumes.remove(&name);
    }
    Ok(blueprint)
}

/// What the commands of an agent need too, so that they can outlive one call.
struct Inner {
    project: Project,
    subject: Arc<Subject>,
    health: Health,
    capabilities: Arc<Capabilities>,
    lease: Duration,
}

impl Inner {
    /// A node by the fault's target: those that run, by the seed.
    async fn target(&self, fault: &Fault, seed: u64) -> Result<String, DockerError> {
        let doing = || format!("choose a node for {}", fault.kind.name());
        if let Target::Node(name) = &fault.target {
            return self.project.node(name).map(|node| node.service.clone());
        }
        let mut running = Vec::new();
        for node in &self.subject.nodes {
            let state = self.project.state(&node.name).await?;
            if state.is_some_and(|state| state.phase == Phase::Running) {
                running.push(node.name.clone());
            }
        }
        if fault.target != Target::Any {
            let leader = self.health.leader(&self.project, &self.subject).await;
            let leader = leader.ok_or_else(|| DockerError::failed(doing(), "nobody leads"))?;
            running.retain(|name| (*name == leader) == (fault.target == Target::Leader));
        }
        let count = u64::try_from(running.len()).unwrap_or(0);
        let index = mixed(seed).checked_rem(count).and_then(|index| usize::try_from(index).ok());
        index
            .and_then(|index| running.get(index).cloned())
            .ok_or_else(|| DockerError::failed(doing(), "none runs"))
    }

    async fn plan(&self, fault: &Fault, seed: u64) -> Result<PlannedFault, DockerError> {
        let node = if fault.kind == FaultKind::None {
            self.subject.nodes.first().map(|node| node.name.clone()).unwrap_or_default()
        } else {
            self.target(fault, seed).await?
        };
        let volume =
            self.subject.nodes.iter().find(|of| of.name == node).and_then(|node| node.volume.clone());
        let tag = format!("{:08x}", mixed(seed ^ 0x5eed) & 0xffff_ffff);
        fault::plan(&self.project, &self.capabilities, fault, &node, volume.as_deref(), &tag).await
    }

    /// The path in the keeper of a node's own volume.
    fn volume(&self, node: &str) -> Option<String> {
        let path = self.subject.nodes.iter().find(|of| of.name == node)?.volume.clone()?;
        self.project.memory_volumes(node).into_iter().find(|(at, _)| *at == path).map(|(_, keeper)| keeper)
    }
}

/// Carries out commands. What outlives the instance must not keep its project alive.
fn labctl_of(inner: &Arc<Inner>) -> Labctl {
    let inner: Weak<Inner> = Arc::downgrade(inner);
    Arc::new(move |command| {
        let inner = inner.upgrade();
        Box::pin(async move {
            match inner {
                Some(inner) => inner.labctl(&command).await,
                None => LabReply {
                    exit_code: 1,
                    stdout: String::new(),
                    stderr: "the cluster is gone\n".to_owned(),
                },
            }
        })
    })
}

/// SplitMix64's last step: neighbouring seeds choose independently.
fn mixed(seed: u64) -> u64 {
    let a = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}

/// One running system under test in Docker.
struct DockerInstance {
    inner: Arc<Inner>,
    read_words: ReadWords,
    /// For a user's own program.
    door: Door,
    closed: AtomicBool,
}

impl Drop for DockerInstance {
    fn drop(&mut self) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let name = self.inner.project.identity().name.clone();
        // The runtime of the trial may be going away: the removal has one of its own. What it can't do, the next sweep
        // does.
        let spawned = std::thread::Builder::new().name("remove".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let _ = runtime.block_on(async { sweep::project(&Engine::connect().await?, &name).await });
            Ok::<(), std::io::Error>(())
        });
        drop(spawned);
    }
}

impl Instance for DockerInstance {
    fn place(&self) -> Place {
        Place::Docker { project: self.inner.project.identity().name.clone() }
    }

    fn wait_healthy(&self, limit: Duration) -> BoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(async move {
            let wait = async {
                self.inner.project.wait_healthy(limit).await?;
                loop {
                    let missing = self.inner.health.missing(&self.inner).await;
                    if missing.is_empty() {
                        return Ok::<(), DockerError>(());
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            match tokio::time::timeout(limit, wait).await {
                Ok(waited) => Ok(waited?),
                Err(_) => {
                    let missing = self.inner.health.missing(&self.inner).await.join("; ");
                    let doing = format!("wait until {} is healthy ({missing})", self.inner.subject.name);
                    Err(DockerError::TimedOut { doing, after: limit }.into())
                }
            }
        })
    }

    fn capture_state(&self) -> BoxFuture<'_, Result<ClusterState, SubjectError>> {
        Box::pin(async move { Ok(self.inner.health.capture(&self.inner).await?) })
    }

    fn observe(&self) -> BoxFuture<'_, Result<Observation, SubjectError>> {
        Box::pin(async move { Ok(self.inner.health.observe(&self.inner).await?) })
    }

    fn sample<'a>(&'a self, now: &'a (dyn Fn() -> Millis + Send + Sync)) -> BoxFuture<'a, HealthSample> {
        Box::pin(async move {
            let (entries, members) = self.inner.health.sample(&self.inner).await;
            HealthSample { at: now(), entries, members }
        })
    }

    fn check_data(&self) -> BoxFuture<'_, DataCheck> {
        Box::pin(self.inner.health.check_data(&self.inner))
    }

    fn plan<'a>(&'a self, fault: &'a Fault, seed: u64) -> BoxFuture<'a, Result<PlannedFault, SubjectError>> {
        Box::pin(async move { Ok(self.inner.plan(fault, seed).await?) })
    }

    fn inject<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(async move { Ok(fault::inject(&self.inner.project, planned, self.inner.lease).await?) })
    }

    fn presence<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence> {
        Box::pin(fault::presence(&self.inner.project, planned))
    }

    fn landed<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence> {
        Box::pin(fault::landed(&self.inner.project, planned))
    }

    fn revert<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(async move { Ok(fault::revert(&self.inner.project, planned).await?) })
    }

    fn briefing(&self) -> String {
        let nodes = self.inner.subject.nodes.iter().map(|node| match node.port {
            Some(port) => format!("{} (clients at {}:{port})", node.name, node.name),
            None => node.name.clone(),
        });
        format!(
            "Your commands run in a container on the network of the nodes {}. `labctl help` lists what can be done to \
             nodes; `docker` (ps, logs, inspect, start, stop, restart, unpause, exec) works on these nodes too.",
            nodes.collect::<Vec<_>>().join(", ")
        )
    }

    fn open_shell(&self) -> BoxFuture<'_, Result<Arc<dyn Shell>, SubjectError>> {
        Box::pin(async move {
            let (inner, read_words) = (Arc::clone(&self.inner), self.read_words);
            let carry: Carry = Arc::new(move |program, words| {
                let inner = Arc::clone(&inner);
                Box::pin(async move {
                    match read_words(&program, &words) {
                        Ok(command) => inner.labctl(&command).await,
                        Err(message) => {
                            LabReply { exit_code: 2, stdout: String::new(), stderr: message + "\n" }
                        }
                    }
                })
            });
            let shell = DockerShell::open(&self.inner.project, carry).await?;
            Ok(Arc::new(shell) as Arc<dyn Shell>)
        })
    }

    fn labctl<'a>(&'a self, command: &'a LabCommand) -> BoxFuture<'a, LabReply> {
        Box::pin(self.inner.labctl(command))
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
        Box::pin(async move {
            self.inner.project.down().await?;
            self.closed.store(true, Ordering::Relaxed);
            Ok(())
        })
    }
}
