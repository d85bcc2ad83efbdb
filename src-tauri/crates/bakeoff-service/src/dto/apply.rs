//! Apply best prompt.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::DiffLine;

/// Where a prompt is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ApplyTarget {
    /// The file, relative to the workspace (or absolute).
    pub file: String,
    /// For a file that is no variant: the dotted path of the value that takes the system prompt (or, without one,
    /// the prompt), such as `nodes.0.prompt`. Absent: the file is a variant and its prompt fields are written.
    pub key_path: Option<String>,
    /// For a workflow file: the node whose prompts are written; absent: the node that the variant's trials changed.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub node: Option<String>,
}

/// What to apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ApplyRequest {
    /// Which results.
    pub compare: super::CompareRequest,
    /// Which variant; absent: the best by the metric.
    pub variant: Option<String>,
    /// Where to; absent: `variants/default.yaml`.
    pub target: Option<ApplyTarget>,
    /// Model and parameter fields to transfer besides the prompts (`model`, `temperature`, …).
    #[serde(default)]
    pub also: Vec<String>,
    /// Why it is applied to a workflow whose deployment is blocked.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub override_block: Option<String>,
}

/// A field that differs between the chosen variant and the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FieldDifference {
    /// The field.
    pub field: String,
    /// In the target; absent: not set.
    pub from: Option<String>,
    /// In the variant; absent: not set (the key is removed).
    pub to: Option<String>,
    /// Prompts are always transferred; the others only when asked for.
    pub is_prompt: bool,
}

/// What applying would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ApplyPreview {
    /// The chosen variant.
    pub variant: String,
    /// The metric's identifier.
    pub metric: String,
    /// Numbers that speak for it.
    pub evidence: String,
    /// What speaks against it.
    pub caution: Option<String>,
    /// Where it goes.
    pub target: ApplyTarget,
    /// SHA-256 of the target as it is now; apply refuses if it changed.
    pub target_hash: String,
    /// Fields that differ.
    pub differences: Vec<FieldDifference>,
    /// Unified diff of the file, three lines of context.
    pub diff: Vec<DiffLine>,
    /// The target already has this prompt: there is nothing to apply.
    pub nothing_to_do: bool,
    /// Other places that change with it, such as aliases of an anchored value.
    pub warnings: Vec<String>,
    /// Files that could be the target instead.
    pub targets: Vec<String>,
    /// Nodes of the target, when it is a workflow.
    pub nodes: Vec<String>,
    /// The target's deployment is blocked: applying needs a reason.
    pub block: Option<super::DeployBlock>,
}

/// One application, for History.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AppliedRow {
    /// Its number.
    pub id: u32,
    /// ms since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// The variant whose prompt was written.
    pub variant: String,
    /// The metric's identifier.
    pub metric: String,
    /// Numbers that spoke for it.
    pub evidence: String,
    /// Runs behind it.
    pub runs: Vec<u32>,
    /// Where it went.
    pub target: ApplyTarget,
    /// The copy of the file as it was.
    pub backup: String,
    /// ms since 1970, when it was undone.
    #[ts(type = "number | null")]
    pub undone_at: Option<i64>,
    /// The file is still what was written, so Undo restores the exact bytes; otherwise why not.
    pub cannot_undo: Option<String>,
    /// What was written, as a diff.
    pub diff: Vec<DiffLine>,
}
