//! Trials and comparisons as MLflow runs, in the form that system S3 writes and evaluates. Pure.
//!
//! A trial becomes one run. A trial that failed without an answer becomes two, as there: the run itself, which is
//! `FAILED` and has no `success`, and `…_failed` with `success` 0, so that the mean of `success` over a variant's runs
//! is its success rate. What isn't known is left out, never 0.

mod names;
mod prompt;
mod summary;
mod trial;

pub use prompt::{PromptUnderTest, prompt_hash, prompt_under_test};
pub use summary::{SummaryContext, summary_drafts};
pub use trial::{TrialContext, trial_drafts};

use crate::run::RunStatus;
use bakeoff_core::trial::Millis;

/// Tags, parameters and metrics that this program writes besides S3's.
pub mod key {
    /// Tag: the program.
    pub const WRITER: &str = "bakeoff";
    /// Tag: unique for every run that this program writes; sending again looks for it first.
    pub const KEY: &str = "bakeoff.key";
    /// Tag: the position in the outbox after which it was sent.
    pub const AFTER: &str = "bakeoff.after";
    /// Tag: the workspace's own id, and the number of the campaign's run.
    pub const RUN: &str = "bakeoff.run";
    /// Tag: which trial of the variant, from 1.
    pub const TRIAL: &str = "bakeoff.trial";
    /// Tag: how it ended, in the contract's words.
    pub const OUTCOME: &str = "bakeoff.outcome";
    /// Tag: the case's id.
    pub const CASE: &str = "bakeoff.case";
    /// Tag: the first 16 hexadecimal digits of the case's hash.
    pub const CASE_HASH: &str = "bakeoff.case_hash";
    /// Tag: what went wrong.
    pub const ERROR: &str = "bakeoff.error";
    /// Tag of `…_failed` runs: the key of the run that they belong to.
    pub const TWIN_OF: &str = "bakeoff.twin_of";
    /// Tag: a run for a whole variant.
    pub const SUMMARY: &str = "bakeoff.summary";
    /// Tag: a run for one node of a trial.
    pub const NODE: &str = "bakeoff.node";
    /// Tag: which field of the variant the parameter `prompt` is, when it isn't `prompt`.
    pub const PROMPT_FIELD: &str = "bakeoff.prompt_field";
    /// Tag prefix: a prompt that is too long for a parameter, in parts from 1.
    pub const PROMPT_PART: &str = "bakeoff.prompt.";
}

/// A run to write.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDraft {
    /// Unique among all that this workspace writes; also the tag [`key::KEY`].
    pub key: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// At most 100 tags.
    pub tags: Vec<(String, String)>,
    /// Tags that don't fit into the request which begins the run.
    pub more_tags: Vec<(String, String)>,
    /// Parameters.
    pub params: Vec<(String, String)>,
    /// Finite numbers.
    pub metrics: Vec<(String, f64)>,
    /// Runs that MLflow shows below it.
    pub children: Vec<RunDraft>,
}

fn pair(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}
