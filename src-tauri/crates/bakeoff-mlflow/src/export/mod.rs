//! Sending what waits in an outbox to MLflow, in the background, whatever the server does.
//!
//! The outbox (a table of the store) gives pages and keeps a position for each campaign run: everything up to it is on
//! the server. A page carries the position after which it begins; every run of the page gets that position as a tag.
//! So after a crash or an error one search finds exactly the runs that were already begun, and they are completed
//! instead of written twice.

mod backoff;
mod send;
mod worker;

use crate::error::MlflowError;
use crate::server::Target;
use crate::write::RunDraft;
use bakeoff_core::ports::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What one trial, or one variant's summary, becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it stands in the outbox.
    pub position: i64,
    /// Its runs; none for a trial that never started.
    pub drafts: Vec<RunDraft>,
}

/// Something to send: items of one campaign run, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The campaign's run.
    pub run: u32,
    /// As in the tags of its drafts: which database the run is in.
    pub origin: String,
    /// The name of MLflow's experiment.
    pub experiment: String,
    /// The position that is marked as sent.
    pub after: i64,
    /// Ascending positions, all beyond `after`.
    pub items: Vec<Item>,
}

/// An item that the server does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedItem {
    /// Which one.
    pub position: i64,
    /// The server's words.
    pub reason: String,
}

/// Why the outbox could not be read or marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OutboxError(pub String);

/// Where runs wait. Only one exporter at a time may be given the pages of a campaign's run.
pub trait Outbox: Send + Sync {
    /// The next at most `most` items of a campaign's run that is neither sent nor stopped; `None`: nothing waits.
    fn next_page(&self, most: usize) -> BoxFuture<'_, Result<Option<Page>, OutboxError>>;
    /// Everything of the campaign's run up to this position is on the server, but for what it refused.
    fn mark_sent(
        &self,
        run: u32,
        position: i64,
        refused: Vec<RefusedItem>,
    ) -> BoxFuture<'_, Result<(), OutboxError>>;
    /// Nothing of the campaign's run can be sent (its experiment was deleted, say) until somebody tries again.
    fn mark_failed(&self, run: u32, reason: String) -> BoxFuture<'_, Result<(), OutboxError>>;
}

/// What an exporter is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportState {
    /// Nothing is to be sent, or another program sends it.
    Idle,
    /// Something is to be sent, and the server is asked for its experiment; one that must be started first takes
    /// its time.
    Connecting,
    /// Runs are being sent.
    Sending {
        /// The campaign's run.
        run: u32,
    },
    /// The server can't be used now; it is tried again.
    Waiting {
        /// Why, in plain words.
        reason: String,
        /// When it is tried next, from now.
        retry_in: Duration,
    },
    /// It was stopped.
    Stopped,
}

/// How an exporter works.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions {
    /// Items a page.
    pub page: usize,
    /// Runs that are sent at the same time.
    pub parallel: usize,
    /// The first wait after an error; it doubles.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How often an empty outbox is looked at when nobody calls [`Exporter::wake`].
    pub look_again: Duration,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            page: 100,
            parallel: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            look_again: Duration::from_secs(30),
        }
    }
}

/// Sends what waits, on a task of its own.
#[derive(Debug)]
pub struct Exporter {
    wake: Arc<Notify>,
    stop: CancellationToken,
    state: watch::Receiver<ExportState>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Starts sending. Needs a tokio runtime.
    pub fn start(outbox: Arc<dyn Outbox>, target: Arc<Target>, options: ExportOptions) -> Self {
        let (told, state) = watch::channel(ExportState::Idle);
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let worker = worker::Worker::new(outbox, target, options, Arc::clone(&wake), stop.clone(), told);
        Self { wake, stop, state, task: tokio::spawn(worker.run()) }
    }

    /// Says that something new waits, or that it is worth trying again now.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// What it is doing, now and from now on.
    pub fn state(&self) -> watch::Receiver<ExportState> {
        self.state.clone()
    }

    /// Stops at once. What was being sent is completed by the next exporter.
    pub async fn stop(self) {
        self.stop.cancel();
        // It only fails when the task panicked or the runtime ends: there is nothing left to stop then.
        let _ = self.task.await;
    }
}

impl From<OutboxError> for worker::Trouble {
    fn from(error: OutboxError) -> Self {
        Self::Wait(format!("the outbox can't be used: {error}"))
    }
}

impl From<MlflowError> for worker::Trouble {
    fn from(error: MlflowError) -> Self {
        match error {
            // What is refused here is no single trial but the experiment: its name, say.
            MlflowError::ExperimentDeleted { .. } | MlflowError::Rejected { .. } => {
                Self::RunFailed(error.to_string())
            }
            error => Self::Wait(error.to_string()),
        }
    }
}
