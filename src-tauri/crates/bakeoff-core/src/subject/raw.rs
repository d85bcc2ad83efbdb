//! A subject as its file writes it. The doc comments here are the help that the editor shows.

use super::{ProbeKind, SubjectKind};
use crate::check::whole;
use crate::fault::FaultKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A system under test: what it runs on, how it is asked how it is, what it owes. The file's name is the subject's name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSubject {
    /// The subject's name; the file's name counts, so leave it out or keep both the same.
    pub name: Option<String>,
    /// What it is, in a few words.
    pub description: Option<String>,
    /// What it runs on: embedded (a small replicated store that Bakeoff brings along) or docker.
    #[schemars(required)]
    pub kind: Option<SubjectKind>,
    /// Of docker: how it is asked, etcd or pd (for TiKV). The embedded store has its own, ledger.
    pub probe: Option<ProbeKind>,
    /// Of embedded: how many nodes, named n1, n2 and so on. Default 3.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 3, max = 7))]
    pub size: Option<u8>,
    /// Of docker: the nodes that faults may hit. Each is a service of the same name.
    #[schemars(with = "Option<Vec<RawNode>>")]
    pub nodes: Option<Vec<Option<RawNode>>>,
    /// Of docker: a compose file with the services, relative to the workspace, such as subjects/etcd/compose.yaml.
    pub compose: Option<String>,
    /// Of docker, instead of `compose`: the services as a compose file writes them.
    pub services: Option<Map<String, Value>>,
    /// Of docker: the image for the agent's shell, for network faults and for keeping volumes.
    #[schemars(length(min = 1))]
    pub tools_image: Option<String>,
    /// Size of a node's own volume, in MiB. Default 32, of docker 256.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 8, max = 1024))]
    pub disk_mb: Option<u32>,
    /// What service it owes its clients.
    pub service_level: Option<RawServiceLevel>,
    /// What the monitor looks for.
    pub monitor: Option<RawMonitor>,
    /// How long a trial's parts take.
    pub timing: Option<RawTiming>,
    /// Faults that may be done to it. Default: all that it can have.
    #[schemars(with = "Option<Vec<FaultKind>>")]
    pub faults: Option<Vec<Option<FaultKind>>>,
}

/// One node that faults may hit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    /// The name of its service.
    #[schemars(length(min = 1), required)]
    pub name: Option<String>,
    /// The port inside the container at which clients are served.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 65_535), required)]
    pub port: Option<u16>,
    /// Where its own size-limited volume is mounted in the container, such as /data. Without one, its disk is never
    /// filled.
    pub volume: Option<String>,
}

/// What service it owes its clients.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServiceLevel {
    /// A write and read through a node must take no longer, in milliseconds. Default 250.
    #[schemars(range(min = 1.0, max = 60_000.0))]
    pub latency_ms: Option<f64>,
    /// The share of failed writes and reads that is allowed, 0 to 1. Default 0.05.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub error_rate: Option<f64>,
}

/// What the monitor looks for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMonitor {
    /// Between two looks, seconds. Default 1, of docker 5.
    #[schemars(range(min = 0.1, max = 3600.0))]
    pub interval_seconds: Option<f64>,
    /// `high_latency`: over this many milliseconds. Default 100.
    #[schemars(range(min = 1.0, max = 60_000.0))]
    pub latency_ms: Option<f64>,
    /// `high_latency`: for this many seconds. Default 2, of docker 60.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub latency_for_seconds: Option<f64>,
    /// `low_disk`: more than this share of the volume used, 0 to 100. Default 70.
    #[schemars(range(max = 100.0), extend("exclusiveMinimum" = 0.0))]
    pub disk_percent: Option<f64>,
}

/// How long a trial's parts take, in seconds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTiming {
    /// It must be healthy after this. Default 20, of docker 120.
    #[schemars(range(min = 1.0, max = 3600.0))]
    pub boot_seconds: Option<f64>,
    /// It is watched for this long before the fault. Default 3, of docker 30.
    #[schemars(range(min = 0.5, max = 3600.0))]
    pub warm_up_seconds: Option<f64>,
    /// It must hold for this long to count as restored. Default 3, of docker 15.
    #[schemars(range(min = 0.5, max = 3600.0))]
    pub hold_seconds: Option<f64>,
    /// Between two samples of the oracle. Default 0.25, of docker 0.5.
    #[schemars(range(min = 0.05, max = 60.0))]
    pub sample_seconds: Option<f64>,
    /// A fault must be seen to be in after this. Default 5, of docker 10.
    #[schemars(range(min = 0.5, max = 600.0))]
    pub land_seconds: Option<f64>,
    /// A fault must be undone after this; else the instance is destroyed. Default 15, of docker 30.
    #[schemars(range(min = 1.0, max = 600.0))]
    pub revert_seconds: Option<f64>,
}
