//! What a fault trial writes while it runs.

use crate::RunLog;
use crate::table::{audit_entries, fault_journal, health_samples, lab_logs, leases, tickets};
use bakeoff_core::fault::FaultState;
use bakeoff_core::lab::{AuditEntry, HealthSample, Ticket};
use bakeoff_core::ports::lab::{JournalEntry, JournalId, LabLog};
use bakeoff_core::ports::{BoxFuture, LogError};
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::Connection;

impl LabLog for RunLog {
    fn plan_fault<'a>(
        &'a self,
        entry: JournalEntry,
        at: Millis,
    ) -> BoxFuture<'a, Result<JournalId, LogError>> {
        let (run, instance) = (self.run, self.store.instance());
        let written = self
            .store
            .write_own(run, move |connection| fault_journal::insert(connection, run, instance, &entry, at));
        Box::pin(async move { written.await.map_err(LogError::from) })
    }

    // Also without the run's lease: a program that has lost it must still be able to say that it undid what it did.
    fn advance_fault<'a>(
        &'a self,
        id: JournalId,
        state: FaultState,
        at: Millis,
        note: Option<String>,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        let written = self
            .store
            .write(move |connection| fault_journal::advance(connection, id, state, at, note.as_deref()));
        Box::pin(async move { written.await.map_err(LogError::from) })
    }

    fn sample(&self, key: TrialKey, sample: HealthSample) {
        self.note_of_lab(key, sample.at, move |connection, log| {
            health_samples::insert(connection, log, &sample)
        });
    }

    fn ticket(&self, key: TrialKey, ticket: Ticket) {
        self.note_of_lab(key, ticket.last_seen_at, move |connection, log| {
            tickets::write(connection, log, &ticket)
        });
    }

    fn audit(&self, key: TrialKey, entry: AuditEntry) {
        self.note_of_lab(key, entry.at, move |connection, log| {
            audit_entries::insert(connection, log, &entry)
        });
    }
}

impl RunLog {
    /// Queues something that was seen at this moment of a trial; it need not survive a power cut.
    fn note_of_lab(
        &self,
        key: TrialKey,
        at: Millis,
        write: impl FnOnce(&Connection, i64) -> Result<(), crate::StoreError> + Send + 'static,
    ) {
        let (run, instance) = (self.run, self.store.instance());
        self.store.note(move |connection| {
            leases::require(connection, run, instance)?;
            write(connection, lab_logs::at(connection, run, key, at)?)
        });
    }
}
