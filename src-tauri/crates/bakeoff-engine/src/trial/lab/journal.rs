//! The fault's row in the journal: written before anything is done, and moved on with every step.

use super::TrialClock;
use bakeoff_core::fault::{FaultState, PlannedFault};
use bakeoff_core::ports::LogError;
use bakeoff_core::ports::lab::{JournalEntry, JournalId, LabLog};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A fault that was written down, or is being written down.
pub(super) struct Journal {
    log: Arc<dyn LabLog>,
    clock: TrialClock,
    row: Option<Row>,
}

struct Row {
    planned: PlannedFault,
    id: Option<JournalId>,
    /// The writing, which goes on when the trial is stopped meanwhile: otherwise nobody would know the row's number.
    writing: Option<JoinHandle<Result<JournalId, LogError>>>,
    state: FaultState,
}

impl Journal {
    pub(super) fn new(log: Arc<dyn LabLog>, clock: TrialClock) -> Self {
        Self { log, clock, row: None }
    }

    /// The fault that may be in force.
    pub(super) fn fault(&self) -> Option<&PlannedFault> {
        self.row.as_ref().map(|row| &row.planned)
    }

    /// How far it is.
    pub(super) fn state(&self) -> Option<FaultState> {
        self.row.as_ref().map(|row| row.state)
    }

    /// Writes a fault down. It may be done only after this.
    pub(super) async fn plan(&mut self, entry: JournalEntry) -> Result<(), LogError> {
        let (log, at, planned) = (Arc::clone(&self.log), self.clock.now(), entry.planned.clone());
        let writing = tokio::spawn(async move { log.plan_fault(entry, at).await });
        self.row = Some(Row { planned, id: None, writing: Some(writing), state: FaultState::Planned });
        let written = self.written().await;
        if written.is_err() {
            self.row = None;
        }
        written
    }

    /// Waits for the row's number.
    async fn written(&mut self) -> Result<(), LogError> {
        let Some(row) = &mut self.row else { return Ok(()) };
        let Some(writing) = &mut row.writing else { return Ok(()) };
        let written = writing.await;
        row.writing = None;
        let id = written.map_err(|error| LogError { message: format!("the journal broke: {error}") })??;
        row.id = Some(id);
        Ok(())
    }

    /// Notes how far the fault is; `note` says what was seen.
    pub(super) async fn advance(&mut self, state: FaultState, note: Option<String>) -> Result<(), LogError> {
        self.written().await?;
        let Some(row) = &mut self.row else { return Ok(()) };
        row.state = state;
        match row.id {
            Some(id) => self.log.advance_fault(id, state, self.clock.now(), note).await,
            None => Err(LogError { message: "the fault has no row in the journal".to_owned() }),
        }
    }
}
