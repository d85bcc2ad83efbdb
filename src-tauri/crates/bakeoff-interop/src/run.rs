//! What is exported: a run's head, its variants, trials and cases.

use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, Step, TrialRecord};
use bakeoff_core::variant::Variant;
use serde::Serialize;
use std::sync::Arc;

/// A run without its trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunHead {
    /// The run's number.
    pub run: u32,
    /// The campaign's name.
    pub campaign: String,
    /// Where it stands, such as `finished`.
    pub state: String,
    /// Why it stands there, if it did not simply finish.
    pub reason: Option<String>,
    /// ms since 1970 UTC.
    pub created_at: Millis,
    /// ms since 1970 UTC, once it ended.
    pub ended_at: Option<Millis>,
    /// Of the order of trials and of the resampling.
    pub seed: u64,
    /// The version of the program that ran it.
    pub app_version: String,
    /// Number of cases.
    pub cases: u32,
    /// Trials planned.
    pub planned: u32,
    /// Trials ended.
    pub done: u32,
    /// USD spent; `None` when unknown for any call.
    pub cost_usd: Option<f64>,
    /// The campaign file as it was.
    pub definition: String,
}

/// A variant as it was when the run started.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantText {
    /// Its name.
    pub name: String,
    /// SHA-256 of everything that decides a trial.
    pub content_hash: String,
    /// The variant file as it was.
    pub text: String,
    /// What was read from it.
    pub variant: Variant,
}

/// One trial with the names that its key stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialLine {
    /// The run's number.
    pub run: u32,
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// The case's id.
    pub case_id: Arc<str>,
    /// The variant's name.
    pub variant: Arc<str>,
    /// Everything else.
    #[serde(flatten)]
    pub record: TrialRecord,
}

/// A case on which variants differ.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferingCase {
    /// The case's id.
    pub case_id: String,
    /// Beginning of its input.
    pub preview: String,
    /// The class it expects.
    pub expected: Option<String>,
    /// One a variant, in the comparison's order.
    pub cells: Vec<DifferingCell>,
}

/// What one variant made of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferingCell {
    /// Trials that ended.
    pub trials: u32,
    /// Passes.
    pub passes: u32,
    /// Of the only trial, or the most frequent one.
    pub outcome: Option<Outcome>,
    /// Beginning of the answer (or of the error), of the first trial.
    pub answer: Option<String>,
    /// Of a workflow: the nodes that the first trial ran, in order.
    pub steps: Vec<Step>,
}
