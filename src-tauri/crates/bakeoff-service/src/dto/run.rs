//! Runs and trials.

use super::FaultDetail;
use bakeoff_core::analysis::Estimate;
use bakeoff_core::gate::{GateResult, GateState};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Attempt, Score, SentPrompt, Step, TrialKey, Usage};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RunState {
    /// It waits for its turn in the queue.
    Queued,
    /// Trials are being run.
    Running,
    /// No new trial starts until it is resumed.
    Paused,
    /// Every trial has ended.
    Finished,
    /// Stopped by the user; can be resumed.
    Stopped,
    /// The budget was used up; can be resumed with a larger one.
    OutOfBudget,
    /// The program died; can be resumed.
    Interrupted,
    /// Results could not be written; nothing was lost; can be resumed.
    Failed,
}

/// One variant's success in a run, for the small bars of lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VariantBar {
    /// Its index (and colour).
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// Success rate.
    pub success_rate: Estimate,
}

/// One row of a list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunRow {
    /// The run's number.
    pub id: u32,
    /// The campaign's name.
    pub campaign: String,
    /// Where it stands.
    pub state: RunState,
    /// Why it stands there, for stopped, failed and out-of-budget runs.
    pub reason: Option<String>,
    /// Trials planned.
    pub planned: u32,
    /// Trials ended (with any outcome but cancelled, interrupted and skipped).
    pub done: u32,
    /// Trials that Retry failed would run again.
    pub retriable: u32,
    /// Success a variant.
    pub bars: Vec<VariantBar>,
    /// USD spent; `null` when unknown for any call.
    pub cost_usd: Option<f64>,
    /// ms since 1970.
    #[ts(type = "number")]
    pub created_at: i64,
    /// ms since 1970, once it ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
    /// Another program runs it: its process id. This program can only watch.
    pub owned_by: Option<u32>,
    /// What its gates said, in one word; absent when it has none, or when it has not finished.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub gates: Option<GateState>,
    /// Of a fault campaign: what it breaks, and how.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub faults: Option<RunFaults>,
    /// It is a triage test, which has a view of its own.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub is_triage: bool,
}

/// What a fault campaign breaks, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunFaults {
    /// Names of its subjects.
    pub subjects: Vec<String>,
    /// Its faults, with the parameters that are not at their defaults.
    pub faults: Vec<String>,
}

/// The head of a run's view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunDetail {
    /// The row of the list.
    pub row: RunRow,
    /// The campaign file as it was.
    pub definition: String,
    /// Names of the variants, by index.
    pub variants: Vec<String>,
    /// Number of cases.
    pub cases: u32,
    /// Repetitions a case and variant.
    pub repetitions: u16,
    /// The seed.
    #[ts(type = "number")]
    pub seed: u64,
    /// The version of this program that created it.
    pub app_version: String,
    /// The primary metric's identifier.
    pub primary_metric: String,
    /// Limit of the spend.
    pub budget_usd: Option<f64>,
    /// The workflow file that was run, relative to the workspace; absent: prompts on a data set.
    pub workflow: Option<String>,
    /// The gates as they were when the run ended.
    pub gates: Vec<GateResult>,
}

/// How a launch differs from the campaign file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LaunchOptions {
    /// Another seed.
    #[ts(type = "number | null", optional)]
    #[serde(default)]
    pub seed: Option<u64>,
    /// Another budget.
    #[ts(optional)]
    #[serde(default)]
    pub budget_usd: Option<f64>,
    /// More or fewer trials at the same time.
    #[ts(optional)]
    #[serde(default)]
    pub parallel: Option<u16>,
}

/// Live news of a run, at most ten a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunProgress {
    /// Which run.
    pub run: u32,
    /// Grows with every message of this run; a later one replaces an earlier one.
    #[ts(type = "number")]
    pub sequence: u64,
    /// Where it stands.
    pub state: RunState,
    /// Trials planned.
    pub planned: u32,
    /// Trials ended.
    pub done: u32,
    /// Trials running now.
    pub running: u32,
    /// Passes, fails and the rest, so far.
    pub passes: u32,
    /// Fails and time-outs so far.
    pub fails: u32,
    /// Unusable outcomes so far.
    pub unusable: u32,
    /// Trials a second over the last ten seconds.
    pub rate: Option<f64>,
    /// Seconds to go at that rate.
    pub eta_seconds: Option<f64>,
    /// USD so far; `null` when unknown for any call.
    pub cost_usd: Option<f64>,
    /// Why it waits, such as `waiting for openai's rate limit`.
    pub waiting_for: Option<String>,
    /// The matrix cells that changed since the last message.
    pub cells: Vec<MatrixCell>,
}

/// One case × variant of the heat map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MatrixCell {
    /// Index of the case.
    pub case: u32,
    /// Index of the variant.
    pub variant: u16,
    /// Trials ended.
    pub done: u16,
    /// Passes.
    pub passes: u16,
    /// Fails and time-outs.
    pub fails: u16,
    /// Unusable ones.
    pub unusable: u16,
}

/// The heat map of a run: a page of cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Matrix {
    /// Ids of the cases of this page; the first has index `offset`.
    pub case_ids: Vec<String>,
    /// Index of the first case.
    pub offset: u32,
    /// All cases.
    pub cases: u32,
    /// Trials planned in each cell.
    pub repetitions: u16,
    /// Cells with at least one ended trial.
    pub cells: Vec<MatrixCell>,
}

/// Which trials of a run are wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TrialFilter {
    /// Only these outcomes; empty: all.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// Only this variant.
    #[serde(default)]
    pub variant: Option<u16>,
    /// Only this case.
    #[serde(default)]
    pub case: Option<u32>,
    /// Only cases whose id contains this text.
    #[serde(default)]
    pub search: Option<String>,
}

/// One row of the trial table, in the order in which the trials ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TrialRow {
    /// Its number within the run, from 1, in the order in which trials ended.
    pub number: u32,
    /// Which trial.
    pub key: TrialKey,
    /// The case's id.
    pub case_id: String,
    /// The variant's name.
    pub variant: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Weighted score.
    pub score: Option<f64>,
    /// ms.
    pub latency_ms: Option<f64>,
    /// Input plus output.
    #[ts(type = "number | null")]
    pub total_tokens: Option<u64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// Beginning of the answer, or of the error.
    pub preview: String,
    /// ms since 1970.
    #[ts(type = "number")]
    pub ended_at: i64,
}

/// Everything about one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TrialDetail {
    /// Which run.
    pub run: u32,
    /// The row of the table.
    pub row: TrialRow,
    /// The case as a JSON object.
    #[ts(type = "Record<string, unknown>")]
    pub case: serde_json::Value,
    /// What was sent.
    pub sent: SentPrompt,
    /// What came back.
    pub answer: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// The model that answered.
    pub model_answered: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// ms spent waiting for limits and between retries.
    pub wait_ms: f64,
    /// The latency is artificial.
    pub paced: bool,
    /// ms since 1970.
    #[ts(type = "number")]
    pub started_at: i64,
    /// ms since 1970.
    #[ts(type = "number")]
    pub ended_at: i64,
    /// Judgements.
    pub scores: Vec<Score>,
    /// Calls, the earlier tries of a retried trial included.
    pub attempts: Vec<Attempt>,
    /// Of a workflow: its nodes as they ran.
    pub steps: Vec<Step>,
    /// Of a fault campaign.
    pub fault: Option<Box<FaultDetail>>,
}

/// One entry of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunEvent {
    /// Grows.
    #[ts(type = "number")]
    pub sequence: i64,
    /// ms since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// `launched`, `paused`, `resumed`, `stopped`, `finished`, `interrupted`, `retry`, `budget`, `limit`, `error`.
    pub kind: String,
    /// For people.
    pub message: String,
}
