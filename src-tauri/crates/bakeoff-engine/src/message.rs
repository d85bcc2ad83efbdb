//! What trials and the scheduler say to each other.

use crate::event::TrialSummary;
use bakeoff_core::ports::{ModelErrorKind, ModelRequest};
use bakeoff_core::trial::{TrialKey, Usage};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A line of work: a trial itself, or one item of a workflow's parallel edge. Each has at most one open call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub trial: TrialKey,
    /// The place of the item; `None`: the trial itself.
    pub branch: Option<u32>,
}

impl Line {
    /// The trial itself.
    pub(crate) fn of(trial: TrialKey) -> Self {
        Self { trial, branch: None }
    }
}

/// Who wants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A variant: its node at this place in its workflow; 0 for a variant that is one call or a program.
    Variant { variant: u16, node: usize },
    /// A scorer, by its place: the campaign's, then the row's own.
    Judge(usize),
}

/// What is to be called.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A model.
    Model(Arc<ModelRequest>),
    /// The variant's own program.
    Program,
}

/// From a trial to the scheduler.
pub(crate) enum Message {
    /// May I make this call? The first one of a branch also says that there is a branch.
    Ask(Ask),
    /// A call that was permitted has ended.
    CallEnded { line: Line, report: CallReport },
    /// I'll ask again later.
    BackingOff { line: Line, until: Instant, message: String },
    /// Nothing more will come from this branch.
    BranchEnded(Line),
    /// A trial has begun that does more than call.
    Began(TrialKey),
    /// What further trials of a fault campaign need is not there: for people, with what to do.
    Unavailable(String),
    /// Nothing more will come from this trial, its branches included.
    Ended { key: TrialKey, end: TrialEnd },
}

/// A question for a permit.
pub(crate) struct Ask {
    pub line: Line,
    pub caller: Caller,
    pub work: Work,
    pub reply: oneshot::Sender<Permission>,
}

/// The scheduler's reply.
#[derive(Debug)]
pub(crate) enum Permission {
    Granted,
    /// This call will not be made; the trial goes on without it.
    Denied(Denial),
}

/// Why a call will not be made, in words.
#[derive(Debug)]
pub(crate) enum Denial {
    /// It would pass the run's budget.
    Money(String),
    /// Whoever would be called accepts nothing from this caller, or the run is over.
    Refusal(String),
}

impl Denial {
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Money(words) | Self::Refusal(words) => words,
        }
    }
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
    Failed {
        kind: ModelErrorKind,
        retry_after: Option<Duration>,
        message: String,
    },
    TimedOut,
    /// The user's own program could not be started.
    NotStarted(String),
    /// The user's own program was started and gave nothing usable.
    ProgramFailed,
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
