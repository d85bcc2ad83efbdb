//! Variants, and importing files.

use bakeoff_core::analysis::Estimate;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::variant::Variant;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::DiffLine;

/// One row of the variants list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VariantRow {
    /// The file's name without extension.
    pub name: String,
    /// Relative to the workspace.
    pub path: String,
    /// The checked variant; absent when the file has errors.
    pub variant: Option<Variant>,
    /// What checking the file found.
    pub diagnostics: Vec<Diagnostic>,
    /// First line of its prompt, at most 120 characters.
    pub preview: String,
    /// Campaign files that name it.
    pub used_in: Vec<String>,
    /// Success rate over its newest finished run.
    pub last_success: Option<Estimate>,
    /// That run.
    pub last_run: Option<u32>,
    /// When the file last changed, ms since 1970.
    #[ts(type = "number")]
    pub modified_at: i64,
}

/// An older version of a variant, kept because a run used it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VariantVersion {
    /// Content hash.
    pub hash: String,
    /// The whole file as it was.
    pub text: String,
    /// The first run that used it.
    pub run: u32,
    /// When that run was created, ms since 1970.
    #[ts(type = "number")]
    pub at: i64,
}

/// What would happen to one file on import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ImportState {
    /// Valid, and the name is free.
    Ready,
    /// Valid, but there is a file of that name with other content.
    NameTaken,
    /// The same file is there already.
    Unchanged,
    /// It has errors.
    Invalid,
    /// Not a kind of file that can be imported.
    Unsupported,
}

/// What to do with a file whose name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ImportChoice {
    /// Write it under its own name (for a file that is ready).
    Import,
    /// Put it in the place of the old file, which goes to the trash.
    Replace,
    /// Write it under the next free name.
    KeepBoth,
    /// Leave it.
    Skip,
}

/// One dropped file (or one found in a dropped folder).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportItem {
    /// Where it comes from, absolute.
    pub source: String,
    /// Where it would go, relative to the workspace.
    pub target: String,
    /// What would happen.
    pub state: ImportState,
    /// What it is, in words: `variant`, `prompt text (becomes a variant)`, `data set`, `campaign`.
    pub what: String,
    /// What checking it found.
    pub diagnostics: Vec<Diagnostic>,
    /// Against the file whose name it has.
    pub diff: Vec<DiffLine>,
    /// The name it would get with `keep_both`.
    pub free_name: String,
    /// SHA-256 of what was read; the import refuses if the file changed in between.
    pub hash: String,
    /// The text of a variant or campaign with errors, to open it in the editor, unsaved, and mend it.
    pub text: Option<String>,
}

/// What to do with one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportDecision {
    /// The item's `source`.
    pub source: String,
    /// The item's `hash`.
    pub hash: String,
    /// What to do.
    pub choice: ImportChoice,
}

/// A file that was moved to the workspace's trash and can be brought back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TrashedFile {
    /// For `restore`.
    pub id: String,
    /// Where it was, relative to the workspace.
    pub path: String,
}
