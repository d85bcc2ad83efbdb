//! A lab log in memory that keeps its order and can be told to fail.

use bakeoff_core::fault::FaultState;
use bakeoff_core::lab::{AuditEntry, HealthSample, Ticket};
use bakeoff_core::ports::lab::{JournalEntry, JournalId, LabLog};
use bakeoff_core::ports::{BoxFuture, LogError};
use bakeoff_core::trial::{Millis, TrialKey};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened, in order, in words; fakes that share one tell what came before what.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    /// Adds what happened.
    pub fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The place of the first entry that begins so.
    pub fn position(&self, start: &str) -> Option<usize> {
        self.all().iter().position(|one| one.starts_with(start))
    }
}

/// One row of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRow {
    /// As it was planned.
    pub entry: JournalEntry,
    /// Every state with its time and note, oldest first.
    pub states: Vec<(FaultState, Millis, Option<String>)>,
}

impl JournalRow {
    /// The states alone.
    pub fn path(&self) -> Vec<FaultState> {
        self.states.iter().map(|(state, ..)| *state).collect()
    }
}

#[derive(Debug, Default)]
struct State {
    rows: Vec<JournalRow>,
    samples: Vec<(TrialKey, HealthSample)>,
    tickets: Vec<(TrialKey, Ticket)>,
    audit: Vec<(TrialKey, AuditEntry)>,
    fails: bool,
}

/// A lab log in memory.
#[derive(Debug, Default)]
pub struct MemoryLabLog {
    trace: Trace,
    state: Mutex<State>,
}

impl MemoryLabLog {
    /// An empty log that writes into a trace: `journal STATE` and `ticket NUMBER STATUS`.
    pub fn new(trace: Trace) -> Self {
        Self { trace, state: Mutex::default() }
    }

    /// From now on the journal can't be written (`true`) or can.
    pub fn set_failing(&self, fails: bool) {
        self.state().fails = fails;
    }

    /// The journal.
    pub fn journal(&self) -> Vec<JournalRow> {
        self.state().rows.clone()
    }

    /// Every sample, in order.
    pub fn samples(&self) -> Vec<(TrialKey, HealthSample)> {
        self.state().samples.clone()
    }

    /// Every change of a ticket, in order.
    pub fn tickets(&self) -> Vec<(TrialKey, Ticket)> {
        self.state().tickets.clone()
    }

    /// The audit of all trials, in order.
    pub fn audit(&self) -> Vec<(TrialKey, AuditEntry)> {
        self.state().audit.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(
        &self,
        id: Option<i64>,
        state: FaultState,
        at: Millis,
        note: Option<String>,
    ) -> Result<(), LogError> {
        let mut kept = self.state();
        if kept.fails {
            return Err(LogError { message: "The disk is full.".to_owned() });
        }
        let place = id.map_or(kept.rows.len().checked_sub(1), |id| usize::try_from(id - 1).ok());
        let row = place.and_then(|place| kept.rows.get_mut(place));
        let Some(row) = row else { return Err(LogError { message: "There is no such row.".to_owned() }) };
        row.states.push((state, at, note));
        self.trace.add(format!("journal {state:?}"));
        Ok(())
    }
}

impl LabLog for MemoryLabLog {
    fn plan_fault<'a>(
        &'a self,
        entry: JournalEntry,
        at: Millis,
    ) -> BoxFuture<'a, Result<JournalId, LogError>> {
        Box::pin(async move {
            // As a disk does it: not at once.
            tokio::task::yield_now().await;
            if self.state().fails {
                return Err(LogError { message: "The disk is full.".to_owned() });
            }
            self.state().rows.push(JournalRow { entry, states: Vec::new() });
            self.note(None, FaultState::Planned, at, None)?;
            Ok(JournalId(i64::try_from(self.state().rows.len()).unwrap_or(i64::MAX)))
        })
    }

    fn advance_fault<'a>(
        &'a self,
        id: JournalId,
        state: FaultState,
        at: Millis,
        note: Option<String>,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.note(Some(id.0), state, at, note)
        })
    }

    fn sample(&self, key: TrialKey, sample: HealthSample) {
        self.state().samples.push((key, sample));
    }

    fn ticket(&self, key: TrialKey, ticket: Ticket) {
        self.trace.add(format!("ticket {} {:?}", ticket.number, ticket.status));
        self.state().tickets.push((key, ticket));
    }

    fn audit(&self, key: TrialKey, entry: AuditEntry) {
        self.state().audit.push((key, entry));
    }
}
