//! A node's configuration file.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's content, JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeConfig {
    pub id: u64,
    pub data_dir: PathBuf,
    pub log_file: PathBuf,
    /// The most that all files in the data folder may have together, in bytes.
    pub quota_bytes: u64,
    /// Where this node reaches the others.
    pub peers: BTreeMap<u64, String>,
    /// A follower that hears nothing calls an election after a random time between these, in milliseconds.
    pub election_ms: (u64, u64),
    /// A leader is heard this often, in milliseconds.
    pub heartbeat_ms: u64,
}

impl NodeConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, for the person who wrote it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("{}: can't be read: {error}", path.display()))?;
        let config: Self =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if config.peers.contains_key(&config.id) {
            return Err(format!("{}: node {} must not be its own peer", path.display(), config.id));
        }
        Ok(config)
    }

    /// openraft's view of it.
    ///
    /// # Errors
    /// Times that don't fit together.
    pub(crate) fn raft(&self) -> Result<openraft::Config, String> {
        let config = openraft::Config {
            cluster_name: "ledger".to_owned(),
            election_timeout_min: self.election_ms.0,
            election_timeout_max: self.election_ms.1,
            heartbeat_interval: self.heartbeat_ms,
            max_payload_entries: 256,
            snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(SNAPSHOT_EVERY),
            max_in_snapshot_log_to_keep: ENTRIES_KEPT,
            // A request carries bytes as a JSON list of numbers, four times as long.
            snapshot_max_chunk_size: 256 << 10,
            replication_lag_threshold: 2 * SNAPSHOT_EVERY,
            ..openraft::Config::default()
        };
        config.validate().map_err(|error| error.to_string())
    }
}

/// The log is folded into a snapshot after this many entries.
const SNAPSHOT_EVERY: u64 = 1000;

/// This many of them stay in the log, for followers that are a little behind.
const ENTRIES_KEPT: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_is_told_with_its_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("n1.json");
        let check = |text: &str, expected: &str| {
            std::fs::write(&path, text).expect("writable");
            let error = NodeConfig::read(&path).expect_err("it is wrong");
            assert!(error.contains("n1.json") && error.contains(expected), "{error}");
        };
        check("{", "line 1");
        check(r#"{"id": 1, "colour": 2}"#, "unknown field `colour`");
        let rest =
            r#""data_dir": "d", "log_file": "l", "quota_bytes": 1, "election_ms": [2, 3], "heartbeat_ms": 1"#;
        check(&format!(r#"{{"id": 1, "peers": {{"1": "http://127.0.0.1:1"}}, {rest}}}"#), "its own peer");
        let config = serde_json::from_str::<NodeConfig>(&format!(r#"{{"id": 1, "peers": {{}}, {rest}}}"#));
        let config = config.expect("it is right");
        assert!(config.raft().is_ok());
        let slow = NodeConfig { heartbeat_ms: 5, ..config };
        assert!(slow.raft().expect_err("a heartbeat must be quicker than an election").contains("heartbeat"));
    }
}
