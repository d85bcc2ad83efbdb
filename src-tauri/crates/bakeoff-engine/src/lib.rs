//! Runs a plan: which trial starts when, retries, limits of providers, the budget, pause, stop.
//!
//! One scheduler task owns everything that changes during a run; each trial is a tokio task that asks it before every
//! call and tells it what came of it. A workflow's trial makes a call for each node, and the items of a parallel edge are
//! branches of its task with permits of their own; a user's own program is one call. A fault trial holds its permit from
//! the start of its system under test to its end, and calls as often as its agent wants. A trial is told to the observer only
//! after the log made it durable. Nothing here knows a provider, a database or the wall clock: they come in as ports.

mod backoff;
mod bucket;
mod budget;
mod endpoint;
mod estimate;
mod event;
mod handle;
mod message;
mod prepare;
mod queue;
mod scheduler;
mod spec;
mod trial;
mod words;

pub use bakeoff_core::lab::TicketChange;
pub use event::{EndReason, EngineEvent, RunCounts, RunEnd, TrialSummary};
pub use handle::RunHandle;
pub use prepare::StartError;
pub use scheduler::{UNSAVED_WINDOW, start};
pub use spec::{CaseSource, Lab, Ports, PriceSource, ProviderLimits, RunSpec};
pub use trial::TicketChangeError;
