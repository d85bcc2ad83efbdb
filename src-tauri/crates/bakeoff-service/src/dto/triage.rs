//! Triage tests: the same candidates through several models, their queue, and every call they made.

use super::RunState;
use bakeoff_core::analysis::Estimate;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::triage::{Selection, Topic, Triage, Window};
use bakeoff_core::triage::{TriageAgreement, TriageSummary};
use bakeoff_core::variant::{Provider, ReasoningEffort};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One row of the topics list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TopicRow {
    /// The file's name without extension.
    pub name: String,
    /// Relative to the workspace.
    pub path: String,
    /// The checked topic; absent when the file has errors.
    pub topic: Option<Topic>,
    /// What checking the file found.
    pub diagnostics: Vec<Diagnostic>,
}

/// A triage test to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct TriageRequest {
    /// The topic, by its id or by the name of its file.
    pub topic: String,
    /// The window's start, as `2026-11-01T00:00:00Z` or `2026-11-01` (midnight UTC).
    pub window_start: String,
    /// The window's end, which doesn't belong to it.
    pub window_end: String,
    /// Two or more.
    pub variants: Vec<TriageVariant>,
    /// At most this many items; 50 when absent.
    #[serde(default)]
    pub max_items: Option<u32>,
    /// Of the sample; 42 when absent.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub seed: Option<u64>,
    /// No call is made that would pass it.
    #[serde(default)]
    pub budget_usd: Option<f64>,
}

/// One of the models of a triage test. What is absent is not sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct TriageVariant {
    /// What it is called; unique in the test.
    pub name: String,
    /// Where it runs: a provider of variant files. `None`: the file of this name in `variants/`.
    #[serde(default)]
    pub provider: Option<String>,
    /// The model, sent exactly as written.
    #[serde(default)]
    pub model: Option<String>,
    /// Reasoning effort.
    #[serde(default)]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// The most tokens to write.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// For `openai-compatible`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// What it is asked with. `None`: the topic's prompt, or the one for triage that Bakeoff brings.
    #[serde(default)]
    pub system_prompt: Option<String>,
}

/// What a triage test would take. Nothing is called for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriagePreview {
    /// Which candidates; absent when the request has errors.
    pub selection: Option<Selection>,
    /// Items × variants.
    pub trials: u32,
    /// What it will cost.
    pub cost_usd: Estimate,
    /// It may cost money.
    pub spends_money: bool,
    /// What is wrong, with the place within the request as path, such as `variants[1].model`.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where a job of the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// It is going on.
    Running,
    /// It has come to its end.
    Completed,
    /// It could not finish, or every call was an error.
    Failed,
    /// Somebody stopped or dropped it.
    Cancelled,
}

/// One row of the list of triage tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageRow {
    /// The run's number.
    pub run: u32,
    /// Its campaign: the file's name, or `triage-TOPIC` for a test without one.
    pub campaign: String,
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: String,
    /// The window.
    pub window: Window,
    /// In the queue.
    pub state: JobState,
    /// The run itself, which may be paused.
    pub run_state: RunState,
    /// Why it failed or was cancelled.
    pub error: Option<String>,
    /// The variants' names.
    pub variants: Vec<String>,
    /// The most items that were wanted.
    pub max_items: u32,
    /// The items that were taken.
    pub items: u32,
    /// Trials with a result.
    pub done: u32,
    /// Trials planned.
    pub planned: u32,
    /// What it has cost so far; `None`: unknown.
    pub cost_usd: Option<f64>,
    /// When it was created.
    #[ts(type = "number")]
    pub created_at: i64,
    /// When its first call could go out.
    #[ts(type = "number | null")]
    pub started_at: Option<i64>,
    /// When it ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
}

/// Everything above the items of a triage test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageDetail {
    /// As in the list.
    pub row: TriageRow,
    /// The variants, in order.
    pub variants: Vec<TriageVariantRow>,
    /// How the items were chosen.
    pub selection: Option<Selection>,
    /// A summary for each variant, in order.
    pub summaries: Vec<TriageSummary>,
    /// How far the variants agree.
    pub agreement: TriageAgreement,
}

/// A variant of a triage test as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageVariantRow {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub provider: Provider,
    /// The model.
    pub model: String,
    /// Reasoning effort.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// The most tokens to write.
    pub max_output_tokens: Option<u32>,
    /// Which prompt it was asked with.
    pub prompt_id: String,
}

/// One item with what each variant said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageItem {
    /// Its place in the run: the `case` of its trials' keys.
    pub index: u32,
    /// Its id.
    pub id: String,
    /// Its headline.
    pub title: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The kind of its source.
    pub source_type: String,
    /// Its source.
    pub source_id: String,
    /// The cluster that it stands for.
    pub cluster_id: Option<String>,
    /// When it was published.
    #[ts(type = "number | null")]
    pub published_at: Option<i64>,
    /// The difference between the highest and the lowest score.
    pub score_spread: Option<f64>,
    /// The variants differ in one of the flags.
    pub flags_differ: bool,
    /// One for each variant, in order; `None`: not there yet.
    pub results: Vec<Option<TriageResult>>,
}

/// What a variant said of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageResult {
    /// Number of the trial within the run.
    pub trial: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer, where it could be read.
    pub triage: Option<Triage>,
    /// What went wrong.
    pub error: Option<String>,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// The model's own time.
    pub latency_ms: Option<f64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// When it ended.
    #[ts(type = "number")]
    pub ended_at: i64,
}

/// How the items are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TriageOrder {
    /// Those first about which the variants disagree most.
    #[default]
    Differences,
    /// The highest mean score first.
    Score,
    /// Newest first.
    Newest,
}

/// One call to a provider, whether it worked or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProviderCall {
    /// `triage`.
    pub purpose: String,
    /// The run.
    pub run: u32,
    /// The variant's name.
    pub variant: String,
    /// The item's id.
    pub item: String,
    /// Number of the call within its trial, from 1.
    pub number: u32,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// Always 0: a test uses nobody's credits.
    pub credits: f64,
    /// USD; `None`: unknown.
    pub cost_usd: Option<f64>,
    /// When it went out.
    #[ts(type = "number")]
    pub started_at: i64,
    /// When the answer or error was there.
    #[ts(type = "number")]
    pub ended_at: i64,
    /// The HTTP status, where one came back.
    pub status: Option<u16>,
    /// What went wrong; `None`: it worked.
    pub error: Option<String>,
}

/// The queue of triage tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QueueView {
    /// No further test is started.
    pub paused: bool,
    /// Nothing may run until it is cleared.
    pub emergency_stop: bool,
    /// Tests at the same time, over all programs on this workspace.
    pub workers: u32,
    /// A program (this one or another) works on the queue now.
    pub is_worked_on: bool,
    /// Those that run, then those that wait, in their order.
    pub jobs: Vec<TriageRow>,
    /// How many have completed.
    pub completed: u32,
    /// How many have failed.
    pub failed: u32,
    /// How many were cancelled.
    pub cancelled: u32,
}

/// The local HTTP API as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HttpState {
    /// It is switched on.
    pub running: bool,
    /// Where it is called, such as `http://127.0.0.1:8765`.
    pub address: Option<String>,
    /// What a client sends with each request; only in the answer to the start.
    pub token: Option<String>,
}

/// Whether triage tests may be made here, and how that is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageSwitch {
    /// They may.
    pub enabled: bool,
    /// `ENABLE_ABTESTS` in the environment decides; the switch in Settings has no say.
    pub by_environment: bool,
}
