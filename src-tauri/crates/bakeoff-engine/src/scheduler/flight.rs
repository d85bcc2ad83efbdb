//! A trial that was started and has not ended.

use crate::endpoint::Permit;
use crate::estimate::Estimate;
use bakeoff_core::ports::ModelRequest;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) struct Flight {
    pub stage: Stage,
    /// It holds one of the run's permits.
    pub permit_held: bool,
    /// Where it calls, or called last.
    pub endpoint: usize,
    /// The endpoint that counts it as engaged.
    pub engaged_at: Option<usize>,
    /// USD set aside for it and not spent yet.
    pub reserved: f64,
    /// A call of it has been permitted.
    pub called: bool,
}

pub(super) enum Stage {
    /// Reading its case, filling in prompts.
    Preparing,
    /// Waiting for a permit.
    Asking,
    /// A call is open.
    Calling { permit: Permit, caller: usize, estimate: Estimate, request: Arc<ModelRequest> },
    /// Waiting to try again.
    BackingOff { until: Instant, message: String },
    /// Judging, writing.
    Finishing,
}

impl Flight {
    pub(super) fn preparing(endpoint: usize) -> Self {
        Self {
            stage: Stage::Preparing,
            permit_held: true,
            endpoint,
            engaged_at: Some(endpoint),
            reserved: 0.0,
            called: false,
        }
    }
}
