//! Workspaces and their files.

use bakeoff_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The open workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceInfo {
    /// Absolute path.
    pub path: String,
    /// The folder's name.
    pub name: String,
    /// It was just made from the starter files.
    pub fresh: bool,
    /// Where results are kept.
    pub database: String,
    /// This program's version.
    pub version: String,
}

/// What a text file of a workspace defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FileKind {
    /// A variant.
    Variant,
    /// A campaign.
    Campaign,
    /// A data set.
    Dataset,
    /// A workflow.
    Workflow,
    /// A subject.
    Subject,
    /// A topic.
    Topic,
}

impl FileKind {
    /// Every kind, in the order in which people think of them.
    pub const ALL: [FileKind; 6] = [
        FileKind::Variant,
        FileKind::Campaign,
        FileKind::Dataset,
        FileKind::Workflow,
        FileKind::Subject,
        FileKind::Topic,
    ];
}

/// A text file as it is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FileText {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// What it defines.
    pub kind: FileKind,
    /// The whole text.
    pub text: String,
    /// SHA-256 of its bytes; needed to save, so that a change made outside is never overwritten.
    pub hash: String,
    /// What checking it found.
    pub diagnostics: Vec<Diagnostic>,
}

/// A value to write into a YAML text, for the Form tab. Everything else in the text stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TextEdit {
    /// The key at the top of the document, such as `model`.
    pub key: String,
    /// The new value; `null` removes the key. Lists and maps (`scorers`, `sample`) are written whole.
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
}

/// One changed line group of a unified diff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DiffLine {
    /// ` `, `+` or `-`.
    pub sign: String,
    /// Line number in the old text.
    pub old_line: Option<u32>,
    /// Line number in the new text.
    pub new_line: Option<u32>,
    /// The line without its line break.
    pub text: String,
}

/// A file and what checking it found, for `validate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckedFile {
    /// Relative to the workspace, or absolute outside it.
    pub path: String,
    /// What it defines, where that can be told.
    pub kind: Option<FileKind>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}
