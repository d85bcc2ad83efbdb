//! News for whoever watches.

use super::{RunProgress, TryOut};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Notice {
    /// A run went on; at most ten a second for each run.
    Progress(RunProgress),
    /// Files of the workspace changed on disk.
    Files {
        /// Relative to the workspace.
        paths: Vec<String>,
    },
    /// The list of runs changed; read it anew.
    Runs,
    /// The queue of triage tests changed; read it anew.
    Queue,
    /// The subject that is tried changed; `None`: there is none any more.
    TryOut {
        /// As it is now.
        try_out: Option<Box<TryOut>>,
    },
}
