//! A trial that was started and has not ended, and its lines of work.

use crate::endpoint::Permit;
use crate::estimate::Estimate;
use crate::message::{Caller, Work};
use tokio::time::Instant;

/// What all lines of a trial share.
#[derive(Default)]
pub(super) struct Flight {
    /// USD set aside for it and not spent yet, for open calls and for what comes after them.
    pub reserved: f64,
    /// The part of it that its open calls may take.
    pub calling: f64,
    /// A call of it has been permitted.
    pub called: bool,
    /// It was told as started: with its first call, or before that when there is more to it than calls.
    pub started: bool,
    /// Its branches that have asked and not ended.
    pub branches: Vec<u32>,
}

impl Flight {
    /// USD that a further call may take out of what is set aside already.
    pub(super) fn to_hand(&self) -> f64 {
        (self.reserved - self.calling).max(0.0)
    }
}

/// A trial itself or one of its branches.
pub(super) struct LineState {
    pub stage: Stage,
    /// It holds one of the run's permits.
    pub permit_held: bool,
    /// Where it calls, or called last.
    pub endpoint: usize,
    /// The endpoint that counts it as engaged.
    pub engaged_at: Option<usize>,
}

pub(super) enum Stage {
    /// Reading its case, filling in prompts.
    Preparing,
    /// Waiting for a permit.
    Asking,
    /// A call is open.
    Calling { permit: Permit, caller: Caller, estimate: Estimate, work: Work },
    /// Waiting to try again.
    BackingOff { until: Instant, message: String },
    /// Waiting for its branches.
    Joining,
    /// Judging, writing, going on to the next node.
    Finishing,
}

impl LineState {
    /// A trial that has just been started, with a permit.
    pub(super) fn preparing(endpoint: usize) -> Self {
        Self { stage: Stage::Preparing, permit_held: true, endpoint, engaged_at: Some(endpoint) }
    }

    /// A branch that asks for the first time.
    pub(super) fn branch(endpoint: usize) -> Self {
        Self { stage: Stage::Asking, permit_held: false, endpoint, engaged_at: None }
    }
}
