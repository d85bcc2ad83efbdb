//! What trials and the scheduler say to each other.

use crate::event::TrialSummary;
use bakeoff_core::ports::{ModelErrorKind, ModelRequest};
use bakeoff_core::trial::{TrialKey, Usage};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// From a trial to the scheduler.
pub(crate) enum Message {
    /// May I make this call?
    Ask(Ask),
    /// A call that was permitted has ended.
    CallEnded { key: TrialKey, report: CallReport },
    /// I'll ask again later.
    BackingOff { key: TrialKey, until: Instant, message: String },
    /// Nothing more will come from this trial.
    Ended { key: TrialKey, end: TrialEnd },
}

/// A question for a permit.
pub(crate) struct Ask {
    pub key: TrialKey,
    /// Who wants to call: a variant's index, or the number of variants plus a scorer's place.
    pub caller: usize,
    pub request: Arc<ModelRequest>,
    pub reply: oneshot::Sender<Permission>,
}

/// The scheduler's reply.
#[derive(Debug)]
pub(crate) enum Permission {
    Granted,
    /// This call will not be made, for this reason; the trial goes on without it.
    Denied(String),
}

/// What came of a call.
pub(crate) struct CallReport {
    pub usage: Usage,
    /// `None` when it can't be known: then what was set aside counts as spent.
    pub cost_usd: Option<f64>,
    pub result: CallResult,
}

pub(crate) enum CallResult {
    Answered,
    Failed { kind: ModelErrorKind, retry_after: Option<Duration>, message: String },
    TimedOut,
}

/// How a trial's task ended.
pub(crate) enum TrialEnd {
    /// Its record is durable.
    Durable(TrialSummary),
    /// Its record could not be written.
    LogFailed(String),
    /// No call was permitted, so there is nothing to record.
    NotRun,
}
