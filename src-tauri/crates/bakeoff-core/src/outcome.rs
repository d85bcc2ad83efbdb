//! How a trial ended, and which endings count.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a trial ended. `pass`, `fail` and `timeout` are usable results; everything else is shown as a count beside
/// the success rate and never enters it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Outcome {
    /// The weighted score reached the campaign's threshold.
    Pass,
    /// It did not, or the variant itself failed: no valid output, refusal, its own limit used up.
    Fail,
    /// The variant did not answer within the time limit.
    Timeout,
    /// There was no scorer to judge the answer.
    Ungraded,
    /// The provider or the lab was at fault, after retries.
    InfraError,
    /// The judge failed; the answer was never judged.
    JudgeError,
    /// A fault did not land.
    Void,
    /// Stopped by the user while it ran.
    Cancelled,
    /// The program died while it ran.
    Interrupted,
    /// Never started: the budget was used up or the run was stopped.
    Skipped,
}

impl Outcome {
    /// Every outcome, in the order of the contract.
    pub const ALL: [Outcome; 10] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Timeout,
        Outcome::Ungraded,
        Outcome::InfraError,
        Outcome::JudgeError,
        Outcome::Void,
        Outcome::Cancelled,
        Outcome::Interrupted,
        Outcome::Skipped,
    ];

    /// The name in files, the database and `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Timeout => "timeout",
            Outcome::Ungraded => "ungraded",
            Outcome::InfraError => "infra_error",
            Outcome::JudgeError => "judge_error",
            Outcome::Void => "void",
            Outcome::Cancelled => "cancelled",
            Outcome::Interrupted => "interrupted",
            Outcome::Skipped => "skipped",
        }
    }

    /// The outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Whether the variant answered, so that its latency, tokens and cost describe a whole answer. A time-out did not:
    /// its latency is only known to be longer than the limit.
    pub fn has_answer(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Fail | Outcome::Ungraded | Outcome::JudgeError)
    }

    /// Whether Retry failed runs such a trial again. Pass, fail, timeout and ungraded are never re-rolled.
    pub fn can_be_retried(self) -> bool {
        !matches!(self, Outcome::Pass | Outcome::Fail | Outcome::Timeout | Outcome::Ungraded)
    }

    /// Whether a resumed run must still run this trial: it has no result of its own yet.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Outcome::Cancelled | Outcome::Interrupted | Outcome::Skipped)
    }
}

/// What a time-out means for the success rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TimeoutCountsAs {
    /// It counts as a failure of the variant.
    #[default]
    Fail,
    /// It is unusable, like an infrastructure error.
    Unusable,
}

/// Whether a trial of this outcome enters the success rate, and as what.
pub fn success(outcome: Outcome, timeouts: TimeoutCountsAs) -> Option<bool> {
    match outcome {
        Outcome::Pass => Some(true),
        Outcome::Fail => Some(false),
        Outcome::Timeout if timeouts == TimeoutCountsAs::Fail => Some(false),
        _ => None,
    }
}
