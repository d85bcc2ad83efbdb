//! The state of a fake cluster, and what faults and commands do to it. Pure.

use bakeoff_core::fault::{Fault, FaultKind, PlannedFault, Undo};
use bakeoff_core::lab::{
    ClusterState, EntryProbe, HealthSample, LabCommand, LabReply, MemberState, NodeObservation, Observation,
};
use bakeoff_core::ports::lab::Presence;
use bakeoff_core::trial::Millis;
use serde_json::Map;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The file that fills a volume.
const BALLAST: &str = "segment.old";

#[derive(Debug, Clone)]
struct Node {
    up: bool,
    paused: bool,
    /// Not whole before this moment.
    joining_until: Option<Instant>,
    delay_ms: f64,
    cut: bool,
    ballast: bool,
}

impl Node {
    fn new() -> Self {
        Self { up: true, paused: false, joining_until: None, delay_ms: 0.0, cut: false, ballast: false }
    }

    fn answers(&self, now: Instant) -> bool {
        self.up && !self.paused && self.joining_until.is_none_or(|until| until <= now)
    }

    fn is_whole(&self, now: Instant) -> bool {
        self.answers(now) && !self.cut && !self.ballast
    }

    fn disk_percent(&self) -> f64 {
        if self.ballast { 97.0 } else { 10.0 }
    }
}

/// Nodes by name; a deleted one is no longer in it.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    nodes: BTreeMap<String, Node>,
    /// Acknowledged writes.
    pub writes: u64,
    pub heals_at: Option<Instant>,
    applied: u64,
}

impl Cluster {
    pub(super) fn new(names: impl Iterator<Item = String>) -> Self {
        Self { nodes: names.map(|name| (name, Node::new())).collect(), writes: 0, heals_at: None, applied: 0 }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    /// Whether any fault is in.
    pub(super) fn is_whole(&self, now: Instant) -> bool {
        self.nodes.len() == 3 && self.nodes.values().all(|node| node.is_whole(now) && node.delay_ms == 0.0)
    }

    /// Lets time heal what it heals.
    pub(super) fn pass_time(&mut self, now: Instant) {
        if self.heals_at.is_some_and(|at| at <= now) {
            self.heals_at = None;
            self.nodes.values_mut().for_each(|node| *node = Node::new());
        }
    }

    pub(super) fn inject(&mut self, planned: &PlannedFault) {
        let Fault { kind, .. } = planned.fault;
        let delay = planned.fault.delay_ms().map_or(0.0, |(mean, _)| f64::from(mean));
        let Some(node) = planned.node.as_ref().and_then(|name| self.nodes.get_mut(name)) else { return };
        match kind {
            FaultKind::None => {}
            FaultKind::NodeKill | FaultKind::ProcessRestart => node.up = false,
            FaultKind::NodePause => node.paused = true,
            FaultKind::Latency | FaultKind::PacketLoss => node.delay_ms = delay.max(200.0),
            FaultKind::NetworkPartition => node.cut = true,
            FaultKind::DiskPressure => node.ballast = true,
        }
    }

    pub(super) fn presence(&self, planned: &PlannedFault) -> Presence {
        let Some(node) = planned.node.as_ref().and_then(|name| self.nodes.get(name)) else {
            return Presence::Absent("there is no such node".to_owned());
        };
        let is_there = match planned.fault.kind {
            FaultKind::None => false,
            FaultKind::NodeKill | FaultKind::ProcessRestart => !node.up,
            FaultKind::NodePause => node.paused,
            FaultKind::Latency | FaultKind::PacketLoss => node.delay_ms > 0.0,
            FaultKind::NetworkPartition => node.cut,
            FaultKind::DiskPressure => node.ballast,
        };
        let seen = format!("{} of {node:?}", planned.fault.kind.name());
        if is_there { Presence::Present(seen) } else { Presence::Absent(seen) }
    }

    pub(super) fn undo(&mut self, undo: &Undo) {
        match undo {
            Undo::Nothing => {}
            Undo::StartNode { node } => self.with(node, |node| node.up = true),
            Undo::ResumeNode { node } => self.with(node, |node| node.paused = false),
            Undo::ClearLinks { links } => {
                for (from, _) in links {
                    self.with(from, |node| (node.cut, node.delay_ms) = (false, 0.0));
                }
            }
            Undo::RemoveFile { node, .. } => self.with(node, |node| node.ballast = false),
            Undo::RemoveRules { node, .. } => {
                self.with(node, |node| (node.cut, node.delay_ms) = (false, 0.0))
            }
        }
    }

    fn with(&mut self, name: &str, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(name) {
            change(node);
        }
    }

    /// A write and a read through each node; a write counts when it was acknowledged.
    pub(super) fn sample(&mut self, all: &[String], now: Instant, at: Millis) -> HealthSample {
        self.applied += 1;
        let entries: Vec<EntryProbe> = all.iter().map(|name| self.entry(name, now)).collect();
        self.writes += entries.iter().filter(|entry| entry.write_ok).count() as u64;
        let leader = self.leader(now);
        let member = |name: &String| {
            let node = self.nodes.get(name);
            let healthy = node.is_some_and(|node| node.is_whole(now));
            MemberState {
                node: name.clone(),
                healthy,
                leader: leader.as_ref() == Some(name),
                term: healthy.then_some(1),
                applied: healthy.then_some(self.applied),
                disk_percent: node.filter(|node| node.answers(now)).map(Node::disk_percent),
                error: (!healthy).then(|| "no answer".to_owned()),
            }
        };
        HealthSample { at, entries, members: all.iter().map(member).collect() }
    }

    fn entry(&self, name: &str, now: Instant) -> EntryProbe {
        let node = self.nodes.get(name);
        let works = node.is_some_and(|node| node.is_whole(now)) && self.leader(now).is_some();
        let delay = node.map_or(0.0, |node| 2.0 * node.delay_ms);
        EntryProbe {
            node: name.to_owned(),
            write_ok: works,
            read_ok: works,
            latency_ms: if works { 4.0 + delay } else { 1_000.0 },
            error: (!works).then(|| "no answer".to_owned()),
        }
    }

    /// The first whole node, while most are.
    pub(super) fn leader(&self, now: Instant) -> Option<String> {
        let mut whole = self.nodes.iter().filter(|(_, node)| node.is_whole(now)).map(|(name, _)| name);
        let first = whole.next().cloned();
        first.filter(|_| whole.next().is_some())
    }

    pub(super) fn observe(&self, all: &[String], now: Instant) -> Observation {
        let observe = |name: &String| {
            let node = self.nodes.get(name).filter(|node| node.answers(now));
            NodeObservation {
                node: name.clone(),
                up: node.is_some_and(|node| !node.cut),
                latency_ms: node.map(|node| 4.0 + 2.0 * node.delay_ms),
                disk_percent: node.map(Node::disk_percent),
            }
        };
        Observation { nodes: all.iter().map(observe).collect() }
    }

    pub(super) fn state(&self) -> ClusterState {
        let settings = Map::from_iter([("heartbeat_ms".to_owned(), 100.into())]);
        ClusterState { members: self.names(), settings, records: Some(self.writes), raw: Map::new() }
    }

    /// Carries out a command; a node that is started is whole at `whole_at`.
    pub(super) fn labctl(&mut self, command: &LabCommand, whole_at: Instant) -> LabReply {
        let start = |node: &mut Node| {
            if !node.up || node.paused {
                node.joining_until = Some(whole_at);
            }
            (node.up, node.paused) = (true, false);
        };
        let known = |cluster: &Self, node: &str| cluster.nodes.contains_key(node);
        match command {
            LabCommand::NodeStart { node } if known(self, node) => self.with(node, start),
            LabCommand::NodeRestart { node } if known(self, node) => self.with(node, |node| {
                node.up = false;
                start(node);
            }),
            LabCommand::NodeStop { node } if known(self, node) => self.with(node, |node| node.up = false),
            LabCommand::NodeContinue { node } if known(self, node) => {
                self.with(node, |node| node.paused = false);
            }
            LabCommand::LinkClear { from, to } => {
                for node in [from, to] {
                    self.with(node, |node| (node.cut, node.delay_ms) = (false, 0.0));
                }
            }
            LabCommand::DiskRemove { node, path } if known(self, node) && path == BALLAST => {
                self.with(node, |node| node.ballast = false);
            }
            LabCommand::NodeDelete { node } if known(self, node) => {
                self.nodes.remove(node);
            }
            LabCommand::NodeList => {
                let lines: Vec<String> =
                    self.nodes.iter().map(|(name, node)| format!("{name} {node:?}")).collect();
                return LabReply { stdout: lines.join("\n"), ..LabReply::default() };
            }
            LabCommand::Help | LabCommand::LinkList | LabCommand::NodeLogs { .. } => {}
            other => {
                let stderr = format!("there is nothing to do {other:?} to");
                return LabReply { exit_code: 1, stderr, ..LabReply::default() };
            }
        }
        LabReply { stdout: "done".to_owned(), ..LabReply::default() }
    }
}

/// How a fault on a node is undone.
pub(super) fn undo_of(kind: FaultKind, node: &str, all: &[String]) -> Undo {
    let node = node.to_owned();
    match kind {
        FaultKind::None => Undo::Nothing,
        FaultKind::NodeKill | FaultKind::ProcessRestart => Undo::StartNode { node },
        FaultKind::NodePause => Undo::ResumeNode { node },
        FaultKind::Latency | FaultKind::PacketLoss | FaultKind::NetworkPartition => {
            let others = all.iter().filter(|other| **other != node);
            Undo::ClearLinks { links: others.map(|other| (node.clone(), other.clone())).collect() }
        }
        FaultKind::DiskPressure => Undo::RemoveFile { node, path: BALLAST.to_owned() },
    }
}
