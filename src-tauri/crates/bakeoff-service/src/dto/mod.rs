//! What crosses the edge: the same types for the window (TypeScript is generated from them), the command line's
//! `--json` and later the HTTP API.

mod apply;
mod campaign;
mod compare;
mod faults;
mod files;
mod notice;
mod operator;
mod run;
mod settings;
mod subject;
mod triage;
mod variant;
mod workflow;

pub use apply::*;
pub use campaign::*;
pub use compare::*;
pub use faults::*;
pub use files::*;
pub use notice::*;
pub use operator::*;
pub use run::*;
pub use settings::*;
pub use subject::*;
pub use triage::*;
pub use variant::*;
pub use workflow::*;

use bakeoff_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An error at the edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ServiceError {
    /// What kind, for programs and for the exit code.
    pub code: ErrorCode,
    /// What is wrong, naming the thing.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Findings in files, where that is the reason.
    pub diagnostics: Vec<Diagnostic>,
}

/// Kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ErrorCode {
    /// A file, an argument or a value is wrong (exit code 3).
    BadInput,
    /// There is no such thing (exit code 3).
    NotFound,
    /// It changed since it was read, or exists already (exit code 3).
    Conflict,
    /// Something needed is missing: a key, a font, a tool (exit code 1).
    Unavailable,
    /// Reading or writing failed: disk full, locked, corrupt (exit code 1).
    Storage,
    /// It is turned off here (exit code 1).
    Disabled,
    /// The run could not finish (exit code 1).
    RunFailed,
    /// A defect of this program (exit code 1).
    Internal,
}

/// A page of a long list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// All rows that match, not only this page.
    pub total: u32,
    /// Index of the first row of this page.
    pub offset: u32,
}
