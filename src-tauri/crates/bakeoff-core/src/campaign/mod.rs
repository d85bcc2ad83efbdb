//! Campaigns: which variants are tried on which cases, how often, and how answers are judged.

mod ad_hoc;
mod against;
mod check;
mod lab;
mod raw;
mod triage;
mod with_workflow;

pub use ad_hoc::AdHoc;
pub use against::{Surroundings, check_against};
pub(crate) use check::read_scorers;
pub use check::{check, schema, variant_name};
pub use lab::{check_against_subjects, lab_cases, subject_name};
pub use triage::{TRIAGE_ITEMS, topic_name};
pub use with_workflow::check_against_workflow;
pub(crate) use with_workflow::check_output;

use crate::fault::Fault;
use crate::gate::Gate;
use crate::metric::Metric;
use crate::outcome::TimeoutCountsAs;
use crate::scorer::Scorer;
use crate::triage::TriageSettings;
use crate::workflow::MlflowSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// A random part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Sample {
    /// At most this many rows.
    pub max_items: u32,
    /// Which ones; the same seed takes the same rows.
    #[serde(default)]
    #[ts(type = "number")]
    pub seed: u64,
}

/// A checked campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Campaign {
    /// The file's name without its extension.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The data set, relative to the workspace. Empty for a workflow that is run on `inputs` alone.
    pub dataset: String,
    /// The workflow file that its variants are variants of, relative to the workspace; absent: prompts on a data set.
    #[serde(default)]
    pub workflow: Option<String>,
    /// Inputs of a workflow that every case has; the fields of a row come over them.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub inputs: Map<String, Value>,
    /// A part of it.
    pub sample: Option<Sample>,
    /// Names of variants, in the order of columns. Of a workflow: files in `variants/` or variants of its A/B test;
    /// none: all of these.
    pub variants: Vec<String>,
    /// The one that the others are compared with; the first when the file names none. Empty: the A/B test's own, when the
    /// variants are all of these.
    pub baseline_variant: String,
    /// How often each case is tried with each variant.
    pub trials_per_combination: u16,
    /// How answers are judged.
    pub scorers: Vec<Scorer>,
    /// The weighted score at or above which a trial passes.
    pub pass_threshold: f64,
    /// The metric that decides.
    pub primary_metric: Metric,
    /// Of all intervals, 0.5 to 0.999.
    pub confidence: f64,
    /// The smallest difference of the primary metric that matters.
    pub margin: f64,
    /// Trials at the same time.
    pub parallel: u16,
    /// The most time a trial's model may take, in seconds.
    pub timeout_seconds: f64,
    /// What a time-out means for the success rate.
    pub timeout_counts_as: TimeoutCountsAs,
    /// How often a transient error of the provider is tried again.
    pub retries: u16,
    /// Waiting time after each trial, in seconds.
    pub cooldown_seconds: f64,
    /// No new call is made once this would be passed, in USD.
    pub budget_usd: Option<f64>,
    /// Of the order of trials.
    #[ts(type = "number")]
    pub seed: u64,
    /// What its numbers must hold.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Where its runs are logged besides.
    #[serde(default)]
    pub mlflow: Option<MlflowSettings>,
    /// Of a fault campaign: what is broken, and who repairs it.
    #[serde(default)]
    pub lab: Option<LabSettings>,
    /// Of a triage campaign: which candidates. Its dataset is empty.
    #[serde(default)]
    pub triage: Option<Box<TriageSettings>>,
}

/// What a fault campaign has beside other campaigns. Its cases are the subjects × the faults; the baseline without an
/// agent is a variant of its own (`lab::NO_AGENT`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LabSettings {
    /// Names of subjects.
    pub subjects: Vec<String>,
    /// What is done to each of them.
    pub faults: Vec<Fault>,
    /// Try each case without an agent, too.
    pub include_baseline: bool,
    /// Who repairs.
    pub agent: Agent,
    /// Model calls of one trial's agent.
    pub max_steps: u32,
    /// Tokens of one trial's agent.
    #[ts(type = "number | null")]
    pub max_tokens: Option<u64>,
    /// USD of one trial's agent.
    pub max_cost_usd: Option<f64>,
    /// One command of the agent may take this long, seconds.
    pub command_seconds: f64,
}

/// Who repairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Agent {
    /// This program's own loop: the variant's model with a shell and `labctl`.
    #[default]
    Managed,
    /// The user's own program: the ticket and the variant as JSON on stdin.
    Command(Vec<String>),
    /// An agent that polls the tickets of an operator.db.
    OperatorDb(String),
}
