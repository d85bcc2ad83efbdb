//! One trial: its key, what was sent, what came back, what it took, how it was judged.

use crate::lab::FaultTrial;
use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// A moment: milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// Which trial of a run: indices into the run's cases and variants, and the repetition from 0. Unique within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TrialKey {
    /// Index into the run's cases.
    pub case: u32,
    /// Index into the run's variants.
    pub variant: u16,
    /// The repetition, from 0.
    pub repetition: u16,
}

/// Tokens of one call or one trial. `None` where the provider said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    #[ts(type = "number | null")]
    pub input_tokens: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    #[ts(type = "number | null")]
    pub cached_input_tokens: Option<u64>,
    /// Completion tokens, reasoning included.
    #[ts(type = "number | null")]
    pub output_tokens: Option<u64>,
}

impl Usage {
    /// Input plus output; `None` when either is unknown.
    pub fn total_tokens(&self) -> Option<u64> {
        Some(self.input_tokens? + self.output_tokens?)
    }

    /// The sum of two usages; unknown plus known is known.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        };
        Self {
            input_tokens: add(self.input_tokens, other.input_tokens),
            cached_input_tokens: add(self.cached_input_tokens, other.cached_input_tokens),
            output_tokens: add(self.output_tokens, other.output_tokens),
        }
    }
}

/// What an attempt was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AttemptPurpose {
    /// The variant's answer.
    Answer,
    /// A model-graded scorer's verdict.
    Judge,
}

/// One call to a model, whether it worked or not. Every call is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Attempt {
    /// From 1, counted over the whole trial.
    pub number: u32,
    /// Answer or judge.
    pub purpose: AttemptPurpose,
    /// The provider's name, as in a variant file.
    pub provider: String,
    /// The model as sent.
    pub model: String,
    /// When the request went out.
    #[ts(type = "number")]
    pub started_at: Millis,
    /// When the answer or error was there.
    #[ts(type = "number")]
    pub ended_at: Millis,
    /// The HTTP status, where one came back.
    pub status: Option<u16>,
    /// Tokens of this call.
    pub usage: Usage,
    /// USD; `None` when the price or the tokens are unknown.
    pub cost_usd: Option<f64>,
    /// What went wrong; `None` for a good answer.
    pub error: Option<String>,
}

/// One scorer's judgement of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Score {
    /// The scorer's type, such as `json-field`.
    pub scorer: String,
    /// The name under which this score is reported.
    pub metric: String,
    /// 0 to 1.
    pub score: f64,
    /// Its share in the trial's score; 0 reports without counting.
    pub weight: f64,
    /// Whether this scorer alone is content.
    pub passed: bool,
    /// What was compared or found, in one sentence.
    pub reason: String,
}

/// One node of a workflow, run once; also a user's own program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Step {
    /// The node's id; `runner` for a user's own program.
    pub node: String,
    /// Which time this node ran in the trial, from 1.
    pub iteration: u32,
    /// Which item of a parallel edge it ran for, from 0; absent: it ran alone.
    pub item: Option<u32>,
    /// When it began.
    #[ts(type = "number")]
    pub started_at: Millis,
    /// When its outputs were there.
    #[ts(type = "number")]
    pub ended_at: Millis,
    /// The model's own time, its repair turn included, without waiting, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Tokens of its calls.
    pub usage: Usage,
    /// USD of its calls; `None` when any is unknown.
    pub cost_usd: Option<f64>,
    /// What was sent (its last call).
    pub sent: SentPrompt,
    /// What came back, as text; of a user's own program, what it wrote to stderr.
    pub answer: Option<String>,
    /// What was read out of it, by name.
    #[ts(type = "Record<string, unknown>")]
    pub outputs: Map<String, Value>,
    /// The state after it. Of a step for an item: empty, because the items are collected at the end.
    #[ts(type = "Record<string, unknown>")]
    pub state: Map<String, Value>,
    /// What went wrong.
    pub error: Option<String>,
}

/// What was sent to the model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SentPrompt {
    /// The system prompt, rendered.
    pub system: Option<String>,
    /// The user turn, rendered.
    pub user: String,
}

/// Everything that is kept of a trial once it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Which trial.
    pub key: TrialKey,
    /// How it ended.
    pub outcome: Outcome,
    /// The weighted mean of the scores, 0 to 1; `None` when nothing was judged.
    pub score: Option<f64>,
    /// The model's own time in milliseconds, without waiting for permits or retries.
    pub latency_ms: Option<f64>,
    /// Time spent waiting for rate limits and between retries, in milliseconds.
    pub wait_ms: f64,
    /// The latency is artificial (the built-in model's `pace_ms`).
    pub paced: bool,
    /// Tokens of the answer's attempts (the judge's are in the attempts).
    pub usage: Usage,
    /// USD of all attempts, the judge's included; `None` when any is unknown.
    pub cost_usd: Option<f64>,
    /// When the trial got its permit.
    pub started_at: Millis,
    /// When it was judged.
    pub ended_at: Millis,
    /// What was sent.
    pub sent: SentPrompt,
    /// What came back.
    pub answer: Option<String>,
    /// Why the model stopped, in the provider's words.
    pub stop_reason: Option<String>,
    /// The model that answered, in the provider's words.
    pub model_answered: Option<String>,
    /// What went wrong, for outcomes other than pass and fail, or the variant's own error.
    pub error: Option<String>,
    /// The class that the case expects, where a scorer compares with one.
    pub expected_label: Option<String>,
    /// The class that the answer gave, in the same scorer.
    pub answered_label: Option<String>,
    /// One a scorer, in the campaign's order, the row's own last.
    pub scores: Vec<Score>,
    /// Every call made.
    pub attempts: Vec<Attempt>,
    /// Of a workflow: its nodes as they ran. The answer is then the JSON of the outputs.
    pub steps: Vec<Step>,
    /// Of a fault campaign: the fault, its moments and the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<FaultTrial>>,
}
