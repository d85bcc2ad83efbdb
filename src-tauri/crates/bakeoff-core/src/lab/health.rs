//! What is seen of a system under test from outside.

use crate::trial::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// One write and one read through one node, as a client does it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EntryProbe {
    /// The node that was asked.
    pub node: String,
    /// The write was acknowledged.
    pub write_ok: bool,
    /// The value was read back as written.
    pub read_ok: bool,
    /// Write plus read, milliseconds; the time until it was given up when one failed.
    pub latency_ms: f64,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One member as it tells about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MemberState {
    /// Its name.
    pub node: String,
    /// It answers, and says that it is healthy.
    pub healthy: bool,
    /// It leads.
    pub leader: bool,
    /// Its term or epoch, where the system has one.
    #[ts(type = "number | null")]
    pub term: Option<u64>,
    /// The last entry that it applied, where the system has one.
    #[ts(type = "number | null")]
    pub applied: Option<u64>,
    /// Used part of its own volume, 0 to 100; `None` when unknown.
    pub disk_percent: Option<f64>,
    /// What it said instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Everything the oracle sees at one moment. It is taken by this program's own client, outside the agent's reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HealthSample {
    /// When it was complete.
    #[ts(type = "number")]
    pub at: Millis,
    /// Through each node as entry.
    pub entries: Vec<EntryProbe>,
    /// Each member about itself.
    pub members: Vec<MemberState>,
}

/// What must be the same after the repair as before the fault; also a trial's initial and final state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClusterState {
    /// Names of the members that the system itself counts, sorted.
    pub members: Vec<String>,
    /// Settings and versions that no repair has to change, by name.
    #[ts(type = "Record<string, unknown>")]
    pub settings: Map<String, Value>,
    /// Keys or records stored, where it can be counted.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
    /// What the system tells about itself, as it does: shown, not judged.
    #[ts(type = "Record<string, unknown>")]
    pub raw: Map<String, Value>,
}

/// Whether every acknowledged write is still there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DataCheck {
    /// Writes that were acknowledged to our client.
    #[ts(type = "number")]
    pub acknowledged: u64,
    /// Of these, gone.
    #[ts(type = "number")]
    pub missing: u64,
    /// Of these, with another value than the last acknowledged one (or a later one that was never acknowledged).
    #[ts(type = "number")]
    pub wrong: u64,
    /// The check itself could not be done, and why.
    pub error: Option<String>,
    /// Where nothing can be written through the system: what it says of its data instead. `missing` then are the parts of
    /// its data that lack a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub reported: Option<String>,
}

/// One node as the monitor sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NodeObservation {
    /// Its name.
    pub node: String,
    /// It is up, by the system's own word.
    pub up: bool,
    /// p99 of its answers in milliseconds over the last interval, or the one answer's time; `None` when unknown.
    pub latency_ms: Option<f64>,
    /// Used part of its own volume, 0 to 100.
    pub disk_percent: Option<f64>,
}

/// What the monitor sees once per interval. An observation that fails is an `Err` of the port, never an empty one: it
/// resolves no ticket.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Observation {
    /// Every node that belongs to the system, also one that is gone.
    pub nodes: Vec<NodeObservation>,
}
