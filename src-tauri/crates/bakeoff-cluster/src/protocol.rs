//! What controller and host say to each other: one JSON object a line, a request with a number and its reply.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The first line that a host reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostOptions {
    /// The instance's own folder. The host makes it and removes it.
    pub dir: PathBuf,
    /// The program that has the node role, and what comes before `cluster-node` on its command line.
    pub binary: PathBuf,
    pub binary_args_prefix: Vec<String>,
    pub nodes: u64,
    pub quota_bytes: u64,
    pub election_ms: (u64, u64),
    pub heartbeat_ms: u64,
    pub restart: RestartPolicy,
    /// The most time that a start of the whole cluster may take, in milliseconds.
    pub ready_ms: u64,
    /// The program at the other end of the pipe.
    pub controller: u32,
}

/// What happens to a node that ends without having been asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// It stays dead until somebody starts it.
    #[default]
    Never,
    /// It is started again a second later, also after [`crate::Cluster::kill_node`]; not after `stop_node`.
    OnFailure,
}

/// One end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Everybody outside the cluster.
    Client,
    /// The node with this number.
    Node(u64),
}

/// How a link treats what passes through it, both connections that exist and new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum LinkMode {
    /// As if it were not there.
    #[default]
    Pass,
    /// What `from` sends arrives later; answers are not delayed a second time.
    Delay {
        /// By this much, in milliseconds.
        ms: u32,
        /// More or less by up to this much, evenly spread, in milliseconds; the order of bytes is kept.
        #[serde(default)]
        jitter_ms: u32,
    },
    /// Nothing arrives and nothing is answered: nothing is read, nobody is accepted, senders run into their own
    /// limits. Leaving it closes every connection that it held.
    #[serde(rename = "stalled")]
    Blackhole,
    /// Connections are accepted and at once reset.
    Reset,
    /// Nobody listens.
    Refuse,
}

/// A link and what it does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// Who opens connections through it.
    pub from: Party,
    /// The node that they reach.
    pub to: u64,
    /// The port of 127.0.0.1 where it listens.
    pub port: u16,
    /// What it does.
    #[serde(flatten)]
    pub mode: LinkMode,
}

/// A request's body.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Command {
    Status,
    StartNode { node: u64 },
    StopNode { node: u64 },
    KillNode { node: u64 },
    RestartNode { node: u64 },
    PauseNode { node: u64 },
    ResumeNode { node: u64 },
    SetLink { from: Party, to: u64, link: LinkMode },
    FillDisk { node: u64, fill: Fill, file: String },
    Disk { node: u64 },
    ListFiles { node: u64 },
    RemoveFile { node: u64, file: String },
    ReadLog { node: u64, lines: usize },
    WipeNode { node: u64 },
    Reset,
    Shutdown,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub id: u64,
    #[serde(flatten)]
    pub command: Command,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub id: u64,
    /// What was asked for, or why it could not be had.
    pub result: Result<serde_json::Value, String>,
}

/// How large a file is that takes a node's disk space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// So that the disk as a whole is used to this percentage of its quota (at most 100).
    Percent(f64),
    /// This many bytes.
    Bytes(u64),
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path below the node's data folder.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A node's disk, as statvfs would tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskUse {
    /// The quota, in bytes.
    pub total: u64,
    /// The lengths of all files in the data folder, in bytes.
    pub used: u64,
    /// What is left, in bytes.
    pub free: u64,
}

/// A file in a node's data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path below the data folder, with `/`.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What a node's process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It runs.
    Running,
    /// It is stopped by a signal (SIGSTOP) and goes on after SIGCONT.
    Paused,
    /// It has ended.
    Exited,
}

/// A node as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its number, from 1.
    pub id: u64,
    /// What its process does.
    pub state: NodeState,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// How the last process ended, such as `signal: 9 (SIGKILL)`.
    pub exit: Option<String>,
    /// How often it was started.
    pub starts: u32,
    /// Where it listens itself, without a link; another one after each start.
    pub direct_url: Option<String>,
}

/// A cluster as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The nodes in order.
    pub nodes: Vec<NodeStatus>,
    /// All links.
    pub links: Vec<LinkState>,
}

/// Where clients reach a node, through its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The node's number.
    pub node: u64,
    /// Its address, such as `http://127.0.0.1:40123`; the same as long as the instance lives.
    pub url: String,
}

/// What a host says once, when its first line has been done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub endpoints: Vec<Endpoint>,
}
