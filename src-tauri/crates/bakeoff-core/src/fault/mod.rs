//! Faults: what is done to a system under test, how it is undone, and the journal that makes sure it is.

mod check;
pub(crate) mod raw;
mod written;

pub(crate) use check::{read, unknown_target};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// Which node a fault hits. A random one is chosen from the trial's seed, the same for all variants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Target {
    /// Any running node, by the seed.
    #[default]
    Any,
    /// The node that leads when the fault comes.
    Leader,
    /// A node that does not lead, by the seed.
    Follower,
    /// The node of this name.
    Node(String),
}

/// Which way a partition cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Direction {
    /// Nothing passes between the node and its peers.
    #[default]
    Symmetric,
    /// The node hears its peers, they don't hear it.
    Asymmetric,
}

/// A fault's name in files.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FaultKind {
    /// Nothing is done: the control, in which the right answer is that nothing is wrong.
    None,
    /// A node's process is killed and stays down.
    NodeKill,
    /// A node's process is killed, and what supervises it may start it again.
    ProcessRestart,
    /// A node is stopped in place: it accepts connections and never answers.
    NodePause,
    /// What a node sends to its peers and clients arrives late.
    Latency,
    /// A share of what a node sends is lost.
    PacketLoss,
    /// A node is cut off from its peers; clients still reach it.
    NetworkPartition,
    /// A node's own volume, which is small, is filled.
    DiskPressure,
}

/// A fault with its parameters, all filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Fault {
    /// What is done.
    pub kind: FaultKind,
    /// To which node.
    pub target: Target,
    /// Of `latency`: the least delay in milliseconds. The delay is (min + max) ÷ 2 with a jitter of (max − min) ÷ 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ms: Option<u32>,
    /// Of `latency`: the largest delay in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u32>,
    /// Of `packet_loss`: how many of 100 packets are lost, over 0, up to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Of `disk_pressure`: how much of what is free is filled, in percent, over 0, up to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill_percent: Option<f64>,
    /// Of `network_partition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl FaultKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [FaultKind; 8] = [
        FaultKind::None,
        FaultKind::NodeKill,
        FaultKind::ProcessRestart,
        FaultKind::NodePause,
        FaultKind::Latency,
        FaultKind::PacketLoss,
        FaultKind::NetworkPartition,
        FaultKind::DiskPressure,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::None => "none",
            FaultKind::NodeKill => "node_kill",
            FaultKind::ProcessRestart => "process_restart",
            FaultKind::NodePause => "node_pause",
            FaultKind::Latency => "latency",
            FaultKind::PacketLoss => "packet_loss",
            FaultKind::NetworkPartition => "network_partition",
            FaultKind::DiskPressure => "disk_pressure",
        }
    }

    /// The fault with its default parameters: those of system S1.
    pub fn with_defaults(self) -> Fault {
        let is = |kind| self == kind;
        Fault {
            kind: self,
            target: Target::Any,
            min_ms: is(FaultKind::Latency).then_some(50),
            max_ms: is(FaultKind::Latency).then_some(150),
            percent: is(FaultKind::PacketLoss).then_some(30.0),
            fill_percent: is(FaultKind::DiskPressure).then_some(80.0),
            direction: is(FaultKind::NetworkPartition).then_some(Direction::Symmetric),
        }
    }
}

impl Fault {
    /// Of `latency`: mean delay and jitter in milliseconds.
    pub fn delay_ms(&self) -> Option<(u32, u32)> {
        let (min, max) = (self.min_ms?, self.max_ms?);
        Some(((min + max) / 2, (max.saturating_sub(min)) / 2))
    }
}

/// How one fault is undone: data that says everything, so that another process can do it after this one died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "snake_case")]
#[ts(export)]
pub enum Undo {
    /// There is nothing to undo.
    Nothing,
    /// Start a node that was killed.
    StartNode {
        /// Its name.
        node: String,
    },
    /// Let a stopped node go on.
    ResumeNode {
        /// Its name.
        node: String,
    },
    /// Let links pass again, each from one node to another (`client` stands for the clients).
    ClearLinks {
        /// From, to.
        links: Vec<(String, String)>,
    },
    /// Remove a file from a node's volume.
    RemoveFile {
        /// Its name.
        node: String,
        /// Within the volume.
        path: String,
    },
    /// Take away the network rules that carry a tag, by ending the helper that holds them.
    RemoveRules {
        /// Its name.
        node: String,
        /// The process or container that holds them.
        helper: String,
        /// What they carry.
        tag: String,
    },
}

/// Where the system under test of one trial runs, told so that a later start of the program can find and remove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
pub enum Place {
    /// Processes of this program; the folder holds their data and `instance.json`.
    Embedded {
        /// Of the instance.
        folder: String,
    },
    /// Docker objects that carry this project's label.
    Docker {
        /// Its label.
        project: String,
    },
}

/// A fault whose target and mechanism are chosen, before anything is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlannedFault {
    /// The fault.
    pub fault: Fault,
    /// The node it hits; `None` for the control.
    pub node: Option<String>,
    /// By what means, such as `signal`, `netem`, `nfqueue`, `link proxy`. Trials with different mechanisms are never
    /// averaged together.
    pub mechanism: String,
    /// How it is undone.
    pub undo: Undo,
    /// Further facts for people, such as the peers that are cut off.
    #[ts(type = "Record<string, unknown>")]
    pub detail: Map<String, Value>,
}

/// How far a fault in the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FaultState {
    /// Written down; nothing was done yet.
    Planned,
    /// Being done: it may or may not be in.
    Injecting,
    /// A probe saw it.
    Landed,
    /// Being undone.
    Reverting,
    /// Undone, and a probe saw that it is.
    Reverted,
    /// Could not be undone or not be seen to be; its instance must be destroyed.
    RevertFailed,
    /// Its instance is gone, and the fault with it.
    Lost,
}

impl FaultState {
    /// Whether something may still be in force.
    pub fn is_open(self) -> bool {
        !matches!(self, FaultState::Reverted | FaultState::Lost)
    }
}
