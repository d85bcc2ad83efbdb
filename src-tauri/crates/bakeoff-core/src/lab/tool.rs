//! `labctl`: the few things that an agent can do to its trial's nodes besides a shell.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One command of `labctl`, read from its words. The words are also those of `docker` where they mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "snake_case")]
#[ts(export)]
pub enum LabCommand {
    /// `help`: what there is.
    Help,
    /// `node list`: each node, its state and its addresses.
    NodeList,
    /// `node start NODE`.
    NodeStart {
        /// Its name.
        node: String,
    },
    /// `node stop NODE`.
    NodeStop {
        /// Its name.
        node: String,
    },
    /// `node restart NODE`.
    NodeRestart {
        /// Its name.
        node: String,
    },
    /// `node cont NODE`: lets a stopped node go on.
    NodeContinue {
        /// Its name.
        node: String,
    },
    /// `node logs NODE [LINES]`: the last lines of its log.
    NodeLogs {
        /// Its name.
        node: String,
        /// How many.
        lines: u32,
    },
    /// `node exec NODE -- COMMAND…`: inside the node's container, where it has one.
    NodeExec {
        /// Its name.
        node: String,
        /// Program and arguments.
        command: Vec<String>,
    },
    /// `node inspect NODE`: its state in JSON.
    NodeInspect {
        /// Its name.
        node: String,
    },
    /// `node delete NODE`: stops it and removes it with its data. A repair never needs it.
    NodeDelete {
        /// Its name.
        node: String,
    },
    /// `link list`: each link between two nodes and whether it passes.
    LinkList,
    /// `link clear FROM TO`: lets it pass again.
    LinkClear {
        /// The sending node.
        from: String,
        /// The receiving node.
        to: String,
    },
    /// `disk df NODE`: size, used and free bytes of its volume.
    DiskFree {
        /// Its name.
        node: String,
    },
    /// `disk ls NODE`: the files of its volume with their sizes.
    DiskList {
        /// Its name.
        node: String,
    },
    /// `disk rm NODE PATH`: removes a file from its volume.
    DiskRemove {
        /// Its name.
        node: String,
        /// Within the volume.
        path: String,
    },
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LabReply {
    /// 0 for success, as a shell command has it.
    pub exit_code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}
