//! Tells the log what happens to the node.

use super::disk::LEAST_FREE;
use super::server::{NO_SPACE, Node, stopped};
use openraft::{BasicNode, RaftMetrics, ServerState};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks at the disk.
const LOOK: Duration = Duration::from_secs(1);

/// Until the program ends.
pub(crate) async fn watch(node: &Node) {
    let Some(core) = node.core() else { return };
    let mut metrics = core.raft.metrics();
    let mut last = metrics.borrow_and_update().clone();
    let mut full = false;
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = metrics.changed() => {
                let now = metrics.borrow_and_update().clone();
                tell(node, &last, &now);
                if last.running_state.is_ok() && let Some(reason) = stopped(core, &now) {
                    node.journal.error("server", reason);
                }
                last = now;
                if changed.is_err() {
                    // The consensus has stopped; the node is still asked how it is.
                    std::future::pending::<()>().await;
                }
            }
            _ = ticks.tick() => {
                if let Ok(usage) = core.disk.usage() {
                    let now = usage.free < LEAST_FREE;
                    if now && !full {
                        let message = format!("{NO_SPACE}: {} of {} bytes used", usage.used, usage.total);
                        node.journal.error("disk", message);
                    } else if full && !now {
                        node.journal.info("disk", format!("{} bytes free again", usage.free));
                    }
                    full = now;
                }
            }
        }
    }
}

fn tell(node: &Node, last: &RaftMetrics<u64, BasicNode>, now: &RaftMetrics<u64, BasicNode>) {
    let (journal, term) = (&node.journal, now.current_term);
    if now.state != last.state {
        match now.state {
            ServerState::Leader => journal.info("raft", format!("elected leader in term {term}")),
            ServerState::Candidate => journal.warn("raft", format!("election started, term {term}")),
            ServerState::Follower => journal.info("raft", format!("follower in term {term}")),
            ServerState::Learner => journal.info("raft", format!("learner in term {term}")),
            ServerState::Shutdown => journal.warn("raft", "stopped"),
        }
    }
    if now.current_leader != last.current_leader {
        match (now.current_leader, last.current_leader) {
            (Some(leader), _) => {
                node.counters.leader_changes.fetch_add(1, Ordering::Relaxed);
                journal.info("raft", format!("leader is n{leader}, term {term}"));
            }
            (None, Some(leader)) => journal.warn("raft", format!("leader n{leader} lost, term {term}")),
            (None, None) => {}
        }
    }
    if now.membership_config.membership() != last.membership_config.membership() {
        let voters: Vec<String> =
            now.membership_config.membership().voter_ids().map(|id| format!("n{id}")).collect();
        journal.info("raft", format!("members are now {}", voters.join(", ")));
    }
}
