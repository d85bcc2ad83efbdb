//! A node as its parts see it, and whether it is well.

use super::config::NodeConfig;
use super::disk::{Disk, LEAST_FREE};
use super::journal::Journal;
use super::machine::Machine;
use super::metrics::Counters;
use super::peers::Peers;
use super::types::Raft;
use openraft::{BasicNode, RaftMetrics, ServerState};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// What ENOSPC is called everywhere.
pub(crate) const NO_SPACE: &str = "no space left on device (ENOSPC)";

/// What there is once the node takes part in its cluster.
#[derive(Clone)]
pub(crate) struct Core {
    pub raft: Raft,
    pub machine: Machine,
    pub disk: Disk,
}

/// A node.
pub(crate) struct Node {
    pub config: NodeConfig,
    pub journal: Arc<Journal>,
    pub peers: Peers,
    pub counters: Counters,
    pub started: Instant,
    core: OnceLock<Core>,
}

impl Node {
    pub(crate) fn new(config: NodeConfig, journal: Arc<Journal>, peers: Peers) -> Self {
        let (counters, started) = (Counters::default(), Instant::now());
        Self { config, journal, peers, counters, started, core: OnceLock::new() }
    }

    /// `None` while the node waits to become part of its cluster.
    pub(crate) fn core(&self) -> Option<&Core> {
        self.core.get()
    }

    pub(crate) fn set_core(&self, core: Core) {
        // A node joins once.
        let _ = self.core.set(core);
    }

    /// Why this node can't serve now, if it can't.
    pub(crate) fn trouble(&self) -> Option<String> {
        let Some(core) = self.core() else {
            return Some("starting: waiting for an answer of the other nodes".to_owned());
        };
        let metrics = core.raft.metrics().borrow().clone();
        if let Some(reason) = stopped(core, &metrics) {
            return Some(reason);
        }
        if core.disk.usage().is_ok_and(|usage| usage.free < LEAST_FREE) {
            return Some(NO_SPACE.to_owned());
        }
        let id = self.config.id;
        let members = metrics.membership_config.membership();
        if members.get_node(&id).is_none() {
            return Some(format!("n{id} is not a member of the cluster"));
        }
        if metrics.current_leader.is_none() {
            return Some("no leader".to_owned());
        }
        let patience = 2 * self.config.election_ms.1;
        let alone = members.voter_ids().count() <= 1;
        if metrics.state == ServerState::Leader
            && !alone
            && metrics.millis_since_quorum_ack.is_none_or(|ms| ms > patience)
        {
            return Some("no leader: this node leads but has lost the majority".to_owned());
        }
        None
    }
}

/// Why the consensus has stopped, if it has.
pub(crate) fn stopped(core: &Core, metrics: &RaftMetrics<u64, BasicNode>) -> Option<String> {
    let fatal = metrics.running_state.as_ref().err()?;
    Some(if core.disk.ran_full() {
        format!(
            "{NO_SPACE}: this node has stopped taking part; free space in its data directory and restart it"
        )
    } else {
        format!("this node has stopped taking part: {fatal}")
    })
}
