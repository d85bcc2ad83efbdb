//! How a cluster is to be, and why it did not do what it was asked.

use crate::protocol::RestartPolicy;
use std::path::PathBuf;
use std::time::Duration;

/// How a cluster is to be.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// A program that calls [`crate::host_main`] for the argument `cluster-host` and [`crate::node_main`] for
    /// `cluster-node`.
    pub binary: PathBuf,
    /// What comes before these arguments on its command line.
    pub binary_args_prefix: Vec<String>,
    /// The instance's own folder: new or empty, and removed at the end. Give all instances one parent, so that
    /// [`crate::sweep`] finds them.
    pub dir: PathBuf,
    /// How many nodes; 1 to 9, usually 3 or 5.
    pub nodes: u64,
    /// A node's disk space in bytes: the lengths of all files in its data folder together.
    pub quota_bytes: u64,
    /// A follower that hears nothing calls an election after a random time between these, in milliseconds.
    pub election_ms: (u64, u64),
    /// How often a leader is heard, in milliseconds; less than the shorter election time.
    pub heartbeat_ms: u64,
    /// What happens to a node that ends without having been asked to.
    pub restart: RestartPolicy,
    /// The most time that starting or resetting the cluster may take.
    pub ready_limit: Duration,
}

impl ClusterOptions {
    /// Three nodes of 32 MiB with quick elections.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            binary_args_prefix: Vec::new(),
            dir: dir.into(),
            nodes: 3,
            quota_bytes: 32 << 20,
            election_ms: (250, 500),
            heartbeat_ms: 75,
            restart: RestartPolicy::Never,
            ready_limit: Duration::from_secs(20),
        }
    }
}

/// Why a cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The options can't be right.
    #[error("{0}")]
    Options(String),
    /// The host could not be started.
    #[error("the cluster could not be started: {0}")]
    NotStarted(String),
    /// The host refused, with its reason.
    #[error("{0}")]
    Refused(String),
    /// The host is gone, and all nodes with it.
    #[error("the cluster's host process has ended{0}")]
    Gone(String),
    /// There was no answer in time.
    #[error("the cluster's host process has not answered in time")]
    Silent,
    /// The cluster does not serve after the time that it was given; what was missing last.
    #[error("the cluster is not ready: {0}")]
    NotReady(String),
}

impl From<String> for ClusterError {
    fn from(missing: String) -> Self {
        Self::NotReady(missing)
    }
}

/// Whether options can be right.
pub(crate) fn check(options: &ClusterOptions) -> Result<(), ClusterError> {
    let (least, most) = options.election_ms;
    let wrong = |message: String| Err(ClusterError::Options(message));
    if !(1..=9).contains(&options.nodes) {
        return wrong(format!("nodes: {} is not from 1 to 9", options.nodes));
    }
    if options.quota_bytes < 1 << 20 {
        return wrong(format!("quota_bytes: {} is less than 1 MiB", options.quota_bytes));
    }
    if options.heartbeat_ms == 0 || options.heartbeat_ms >= least || least >= most {
        return wrong(format!(
            "heartbeat_ms {} must be above 0 and less than election_ms {least}, which must be less than {most}",
            options.heartbeat_ms
        ));
    }
    Ok(())
}
