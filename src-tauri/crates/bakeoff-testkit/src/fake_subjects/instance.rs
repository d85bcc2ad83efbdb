//! A fake cluster behind core's port.

use super::FakeLab;
use super::cluster::{Cluster, undo_of};
use crate::Trace;
use bakeoff_core::fault::{Fault, FaultKind, Place, PlannedFault, Target};
use bakeoff_core::lab::{ClusterState, DataCheck, HealthSample, LabCommand, LabReply, Observation};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Instance, OpenInstance, Presence, Shell, ShellOutput, SubjectError};
use bakeoff_core::trial::Millis;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A cluster of the subject's nodes in memory.
pub struct FakeInstance {
    wanted: OpenInstance,
    lab: FakeLab,
    trace: Trace,
    names: Vec<String>,
    cluster: Mutex<Cluster>,
    is_closed: AtomicBool,
    looks: AtomicU32,
}

impl FakeInstance {
    pub(super) fn new(wanted: OpenInstance, lab: FakeLab, trace: Trace) -> Self {
        let names: Vec<String> = wanted.subject.nodes.iter().map(|node| node.name.clone()).collect();
        let cluster = Mutex::new(Cluster::new(names.iter().cloned()));
        Self {
            wanted,
            lab,
            trace,
            names,
            cluster,
            is_closed: AtomicBool::new(false),
            looks: AtomicU32::new(0),
        }
    }

    /// What it was opened with.
    pub fn wanted(&self) -> &OpenInstance {
        &self.wanted
    }

    /// Whether it was ended.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Whether no fault is in it and no node is gone.
    pub fn is_whole(&self) -> bool {
        self.cluster().is_whole(Instant::now())
    }

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        let mut cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster.pass_time(Instant::now());
        cluster
    }

    /// Before each method: misbehaves as told.
    async fn enter(&self, method: &str) {
        assert!(!self.lab.panics_in.contains(&method), "the fake instance was told to panic in {method}");
        if self.lab.hangs_in.contains(&method) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    fn choose(&self, target: &Target, seed: u64) -> String {
        let leader = self.cluster().leader(Instant::now());
        let candidates: Vec<&String> = match target {
            Target::Any => self.names.iter().collect(),
            Target::Leader => self.names.iter().filter(|name| Some(*name) == leader.as_ref()).collect(),
            Target::Follower => self.names.iter().filter(|name| Some(*name) != leader.as_ref()).collect(),
            Target::Node(wanted) => self.names.iter().filter(|name| *name == wanted).collect(),
        };
        let place = seed as usize % candidates.len().max(1);
        candidates.get(place).map_or_else(|| "n1".to_owned(), |name| (*name).clone())
    }
}

fn failed(message: &str) -> SubjectError {
    SubjectError { message: message.to_owned(), is_unavailable: false }
}

impl Instance for FakeInstance {
    fn place(&self) -> Place {
        Place::Embedded { folder: "memory".to_owned() }
    }

    fn wait_healthy(&self, limit: Duration) -> BoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(async move {
            self.enter("wait_healthy").await;
            if self.lab.never_healthy {
                tokio::time::sleep(limit).await;
                return Err(failed("n2 does not answer."));
            }
            Ok(())
        })
    }

    fn capture_state(&self) -> BoxFuture<'_, Result<ClusterState, SubjectError>> {
        Box::pin(async move {
            self.enter("capture_state").await;
            Ok(if self.lab.empty_state { ClusterState::default() } else { self.cluster().state() })
        })
    }

    fn observe(&self) -> BoxFuture<'_, Result<Observation, SubjectError>> {
        Box::pin(async move {
            self.enter("observe").await;
            if self.looks.fetch_add(1, Ordering::Relaxed) < self.lab.failing_looks {
                return Err(failed("the metrics could not be read"));
            }
            Ok(self.cluster().observe(&self.names, Instant::now()))
        })
    }

    fn sample<'a>(&'a self, now: &'a (dyn Fn() -> Millis + Send + Sync)) -> BoxFuture<'a, HealthSample> {
        Box::pin(async move {
            self.enter("sample").await;
            self.cluster().sample(&self.names, Instant::now(), now())
        })
    }

    fn check_data(&self) -> BoxFuture<'_, DataCheck> {
        Box::pin(async move {
            self.enter("check_data").await;
            let acknowledged = self.cluster().writes;
            DataCheck { acknowledged, missing: self.lab.lost_writes, ..DataCheck::default() }
        })
    }

    fn plan<'a>(&'a self, fault: &'a Fault, seed: u64) -> BoxFuture<'a, Result<PlannedFault, SubjectError>> {
        Box::pin(async move {
            self.enter("plan").await;
            if let Some(message) = self.lab.fault_unavailable.clone() {
                return Err(SubjectError { message, is_unavailable: true });
            }
            let node = self.choose(&fault.target, seed);
            Ok(PlannedFault {
                fault: fault.clone(),
                undo: undo_of(fault.kind, &node, &self.names),
                node: (fault.kind != FaultKind::None).then_some(node),
                mechanism: "memory".to_owned(),
                detail: serde_json::Map::new(),
            })
        })
    }

    fn inject<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(async move {
            self.trace.add(format!("inject {}", planned.fault.kind.name()));
            self.enter("inject").await;
            if !self.lab.does_not_land {
                let mut cluster = self.cluster();
                cluster.inject(planned);
                cluster.heals_at = self.lab.heals_after.map(|after| Instant::now() + after);
            }
            Ok(())
        })
    }

    fn presence<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence> {
        Box::pin(async move {
            self.enter("presence").await;
            self.cluster().presence(planned)
        })
    }

    fn revert<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>> {
        Box::pin(async move {
            self.trace.add("revert");
            self.enter("revert").await;
            if self.lab.revert_fails {
                return Err(failed("permission denied."));
            }
            if !self.lab.revert_lies {
                self.cluster().undo(&planned.undo);
            }
            Ok(())
        })
    }

    fn briefing(&self) -> String {
        format!("A ledger of {} nodes: {}.", self.names.len(), self.names.join(", "))
    }

    fn open_shell(&self) -> BoxFuture<'_, Result<Arc<dyn Shell>, SubjectError>> {
        Box::pin(async move {
            self.enter("open_shell").await;
            Ok(Arc::new(FakeShell { trace: self.trace.clone() }) as Arc<dyn Shell>)
        })
    }

    fn labctl<'a>(&'a self, command: &'a LabCommand) -> BoxFuture<'a, LabReply> {
        Box::pin(async move {
            self.trace.add(format!("labctl {command:?}"));
            self.enter("labctl").await;
            self.cluster().labctl(command, Instant::now() + self.lab.start_takes)
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(async move {
            self.trace.add("close");
            self.enter("close").await;
            self.is_closed.store(true, Ordering::Relaxed);
            Ok(())
        })
    }
}

/// A shell that says its commands back; `sleep N` takes N seconds.
struct FakeShell {
    trace: Trace,
}

impl Shell for FakeShell {
    fn tier(&self) -> &str {
        "memory"
    }

    fn run<'a>(
        &'a self,
        command: &'a str,
        limit: Duration,
    ) -> BoxFuture<'a, Result<ShellOutput, SubjectError>> {
        Box::pin(async move {
            self.trace.add(format!("shell {command}"));
            let seconds = command.strip_prefix("sleep ").and_then(|seconds| seconds.parse().ok());
            let takes = seconds.map_or(Duration::from_millis(10), Duration::from_secs);
            tokio::time::sleep(takes.min(limit)).await;
            let exit_code = if takes > limit { 124 } else { 0 };
            Ok(ShellOutput { exit_code, output: format!("{command}\n") })
        })
    }
}
