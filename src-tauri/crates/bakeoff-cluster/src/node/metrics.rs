//! Numbers about the node, as Prometheus reads them.

use super::server::Node;
use openraft::ServerState;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is counted while the node runs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub leader_changes: AtomicU64,
    requests: Mutex<BTreeMap<(String, u16), u64>>,
}

impl Counters {
    pub(crate) fn count(&self, method: &str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method.to_owned(), status)).or_default() += 1;
    }
}

/// Prometheus' text format, version 0.0.4.
pub(crate) fn text(node: &Node) -> String {
    let mut text = String::new();
    let healthy = node.trouble().is_none();
    gauge(&mut text, "ledger_healthy", "1 while the node can serve.", u64::from(healthy));
    gauge(&mut text, "ledger_uptime_seconds", "Since the process started.", node.started.elapsed().as_secs());
    gauge(
        &mut text,
        "ledger_unreachable_peers",
        "Peers that did not answer.",
        node.peers.lost().len() as u64,
    );
    if let Some(core) = node.core() {
        let metrics = core.raft.metrics().borrow().clone();
        let leads = u64::from(metrics.state == ServerState::Leader);
        let applied = metrics.last_applied.map_or(0, |id| id.index);
        gauge(&mut text, "ledger_raft_term", "The current term.", metrics.current_term);
        gauge(&mut text, "ledger_raft_is_leader", "1 while the node leads.", leads);
        let has_leader = u64::from(metrics.current_leader.is_some());
        gauge(&mut text, "ledger_raft_has_leader", "1 while a leader is known.", has_leader);
        let last = metrics.last_log_index.unwrap_or(0);
        gauge(&mut text, "ledger_raft_last_log_index", "The log's last entry.", last);
        gauge(&mut text, "ledger_raft_applied_index", "The last entry in the data.", applied);
        gauge(&mut text, "ledger_keys", "Keys in the data.", core.machine.keys() as u64);
        if let Ok(usage) = core.disk.usage() {
            gauge(&mut text, "ledger_disk_used_bytes", "Files in the data directory.", usage.used);
            gauge(&mut text, "ledger_disk_quota_bytes", "The most that they may have.", usage.total);
        }
    }
    let changes = node.counters.leader_changes.load(Ordering::Relaxed);
    head(&mut text, "ledger_raft_leader_changes_total", "Leaders seen.", "counter");
    let _ = writeln!(text, "ledger_raft_leader_changes_total {changes}");
    head(&mut text, "ledger_requests_total", "Requests of clients.", "counter");
    let requests = node.counters.requests.lock().unwrap_or_else(PoisonError::into_inner);
    for ((method, code), count) in requests.iter() {
        let _ = writeln!(text, "ledger_requests_total{{method=\"{method}\",code=\"{code}\"}} {count}");
    }
    text
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a string can't fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    head(text, name, help, "gauge");
    let _ = writeln!(text, "{name} {value}");
}
