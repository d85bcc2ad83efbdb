//! What a caller holds of a run.

use crate::event::{EndReason, RunCounts, RunEnd};
use crate::trial::{OpenTrials, TicketChangeError};
use bakeoff_core::lab::Ticket;
use bakeoff_core::lab::TicketChange;
use bakeoff_core::trial::TrialKey;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What a caller can ask of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Pause,
    Resume,
    Stop,
}

/// Steers a run. Clones steer the same run; dropping all of them doesn't stop it (a paused run is stopped, for
/// nobody could resume it).
#[derive(Clone)]
pub struct RunHandle {
    commands: mpsc::UnboundedSender<Command>,
    end: watch::Receiver<Option<RunEnd>>,
    /// Of a fault campaign.
    trials: Option<Arc<OpenTrials>>,
}

impl RunHandle {
    pub(crate) fn new(
        commands: mpsc::UnboundedSender<Command>,
        end: watch::Receiver<Option<RunEnd>>,
        trials: Option<Arc<OpenTrials>>,
    ) -> Self {
        Self { commands, end, trials }
    }

    /// No new trial starts; running ones finish.
    pub fn pause(&self) {
        self.send(Command::Pause);
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.send(Command::Resume);
    }

    /// Cancels running trials at once; they are recorded as cancelled before [`RunHandle::wait`] returns.
    pub fn stop(&self) {
        self.send(Command::Stop);
    }

    /// Changes a ticket of a fault trial that is going on, as a person wants it; the ticket as it is then.
    ///
    /// # Errors
    /// No such trial is going on, or the ticket is in another state than that needs.
    pub fn change_ticket(
        &self,
        key: TrialKey,
        number: u32,
        change: TicketChange,
    ) -> Result<Ticket, TicketChangeError> {
        let trials = self.trials.as_ref().ok_or(TicketChangeError::NotOpen)?;
        trials.change(key, number, change)
    }

    /// Waits until the run has ended and every record is durable. May be called several times.
    pub async fn wait(&self) -> RunEnd {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone(),
            Err(_) => None,
        }
        .unwrap_or_else(|| {
            RunEnd {
            reason: EndReason::Broken(
                "The engine stopped in the midst of the run. What was shown as done is saved; resume the run."
                    .to_owned(),
            ),
            counts: RunCounts::default(),
        }
        })
    }

    /// The end, once it is there.
    pub fn ended(&self) -> Option<RunEnd> {
        self.end.borrow().clone()
    }

    fn send(&self, command: Command) {
        // A run that has ended needs no command any more.
        let _ = self.commands.send(command);
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle").field("end", &self.end).finish_non_exhaustive()
    }
}
