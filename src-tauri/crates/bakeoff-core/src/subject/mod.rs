//! Subjects: systems under test. One YAML file each.

mod check;
mod raw;

pub use check::{check, schema};

use crate::fault::FaultKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// What a subject runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SubjectKind {
    /// A small replicated key-value store that this program brings along: processes, no Docker.
    Embedded,
    /// Containers of a local Docker engine.
    Docker,
}

/// How a subject is asked how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ProbeKind {
    /// The embedded store's own HTTP interface.
    Ledger,
    /// etcd's health and JSON gateway.
    Etcd,
    /// PD's HTTP interface, for TiKV.
    Pd,
}

impl ProbeKind {
    /// Whether something is written and read through the system's nodes while it is watched. Where nothing is (there is no
    /// client of ours for what it speaks), it is judged by its own word, and each layer of the verdict says so.
    pub fn writes(self) -> bool {
        match self {
            ProbeKind::Ledger | ProbeKind::Etcd => true,
            ProbeKind::Pd => false,
        }
    }
}

/// One node that faults may hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubjectNode {
    /// Its name; of Docker, the service's name.
    pub name: String,
    /// The port inside the container at which clients are served; absent for the embedded store.
    pub port: Option<u16>,
    /// Where its own size-limited volume is mounted in the container; absent: no disk faults.
    pub volume: Option<String>,
}

/// What service the system owes its clients; out of these bounds is a symptom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ServiceLevel {
    /// A write and read through a node must take no longer, milliseconds; where three times the time before the fault
    /// is more, that counts.
    pub latency_ms: f64,
    /// The share of failed writes and reads that is allowed in the window, 0 to 1.
    pub error_rate: f64,
}

/// What the monitor looks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MonitorRules {
    /// Between two looks, seconds.
    pub interval_seconds: f64,
    /// `high_latency`: over this many milliseconds …
    pub latency_ms: f64,
    /// … for this many seconds.
    pub latency_for_seconds: f64,
    /// `low_disk`: more than this share of the volume used, 0 to 100.
    pub disk_percent: f64,
}

/// How long a trial's parts take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Timing {
    /// The instance must be healthy after this, seconds.
    pub boot_seconds: f64,
    /// It is watched for this long before the fault, seconds.
    pub warm_up_seconds: f64,
    /// It must hold for this long to count as restored, seconds.
    pub hold_seconds: f64,
    /// Between two samples of the oracle, seconds.
    pub sample_seconds: f64,
    /// A fault must be seen to be in after this, seconds.
    pub land_seconds: f64,
    /// A fault must be undone after this, seconds; else the instance is destroyed.
    pub revert_seconds: f64,
}

/// A checked subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Subject {
    /// The file's name without its extension.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// What it runs on.
    pub kind: SubjectKind,
    /// How it is asked.
    pub probe: ProbeKind,
    /// The nodes that faults may hit.
    pub nodes: Vec<SubjectNode>,
    /// Of `docker`: a compose file, relative to the workspace. Its text is put into `services` when a run starts.
    pub compose: Option<String>,
    /// Of `docker`: services as a compose file writes them. Empty for the embedded store.
    #[ts(type = "Record<string, unknown>")]
    pub services: Map<String, Value>,
    /// Of `docker`: the image that the agent's shell, network faults and keepers use.
    pub tools_image: Option<String>,
    /// Size of a node's own volume, in MiB.
    pub disk_mb: u32,
    /// What service it owes.
    pub service_level: ServiceLevel,
    /// What the monitor looks for.
    pub monitor: MonitorRules,
    /// How long a trial's parts take.
    pub timing: Timing,
    /// Faults that may be done to it; `none` is always allowed.
    pub faults: Vec<FaultKind>,
}
