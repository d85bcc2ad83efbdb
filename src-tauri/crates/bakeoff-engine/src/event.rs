//! What a run tells while it goes on, and how it ends.

use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord, Usage};

/// The part of a trial's record that live views need. The record itself is in the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialSummary {
    /// Which trial.
    pub key: TrialKey,
    /// How it ended.
    pub outcome: Outcome,
    /// Weighted score, 0 to 1.
    pub score: Option<f64>,
    /// The model's own time in milliseconds.
    pub latency_ms: Option<f64>,
    /// USD of all attempts; `None` when any is unknown.
    pub cost_usd: Option<f64>,
    /// Tokens of the answer's attempts.
    pub usage: Usage,
    /// When it ended.
    pub ended_at: Millis,
}

impl From<&TrialRecord> for TrialSummary {
    fn from(record: &TrialRecord) -> Self {
        Self {
            key: record.key,
            outcome: record.outcome,
            score: record.score,
            latency_ms: record.latency_ms,
            cost_usd: record.cost_usd,
            usage: record.usage,
            ended_at: record.ended_at,
        }
    }
}

/// News of a run. Events come from one task, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
    /// A trial's first call goes out.
    TrialStarted {
        /// Which trial.
        key: TrialKey,
    },
    /// A trial has ended and its record is durable.
    TrialEnded(TrialSummary),
    /// A transient error will be tried again.
    Retrying {
        /// Which trial.
        key: TrialKey,
        /// The error, and when the next attempt is due.
        message: String,
    },
    /// The run waits for something; `None`: no longer.
    Waiting {
        /// For what, such as `waiting for openai's rate limit`.
        reason: Option<String>,
    },
    /// A provider's adaptive limit was lowered.
    LimitLowered {
        /// For people.
        message: String,
    },
    /// Something that the user should know and that doesn't end the run at once. Told once a cause.
    Warning {
        /// For people, with what to do.
        message: String,
    },
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// Every trial that it was given has a record.
    Finished,
    /// Stopped by the user. Running trials are recorded as cancelled, the others have no record.
    Stopped,
    /// The next call would have passed the budget. Trials that were not started have no record; those in the middle of
    /// a workflow are recorded as cancelled, with what they have cost.
    OutOfBudget,
    /// A provider refuses every call (a wrong key, an unknown model), so the rest was not sent: for people, with what
    /// to do. Trials that were not started have no record.
    Refused(String),
    /// A record could not be written: for people. What was not written was not reported as done.
    LogFailed(String),
    /// A defect of the engine itself; what was reported as done is durable.
    Broken(String),
}

/// How many trials of this run ended how. A retried or resumed run counts only its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunCounts {
    pub(crate) by_outcome: [u32; Outcome::ALL.len()],
    /// Trials without a record.
    pub not_run: u32,
    /// USD spent, earlier parts included, as far as it is known.
    pub known_cost_usd: f64,
}

impl RunCounts {
    /// Trials with this outcome.
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.by_outcome[outcome as usize]
    }

    /// Trials with a durable record.
    pub fn recorded(&self) -> u32 {
        self.by_outcome.iter().sum()
    }

    pub(crate) fn add(&mut self, summary: &TrialSummary) {
        self.by_outcome[summary.outcome as usize] += 1;
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// Why.
    pub reason: EndReason,
    /// With what.
    pub counts: RunCounts,
}
