//! Writing one trial into all its tables.

use crate::error::{Problem, StoreError};
use crate::table::{
    attempts, counts, fault_trials, lab_logs, leases, progress, scores, started, steps, trial_texts, trials,
};
use crate::{RunId, Store};
use bakeoff_core::ports::{BoxFuture, LogError, TrialLog};
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord};
use rusqlite::Connection;

/// Where the trials of one run go. The run must be owned by this handle while trials are appended.
#[derive(Clone)]
pub struct RunLog {
    pub(crate) store: Store,
    pub(crate) run: RunId,
}

impl Store {
    /// The log of a run that this handle owns (it created or acquired it).
    pub fn trial_log(&self, run: RunId) -> RunLog {
        RunLog { store: self.clone(), run }
    }
}

impl RunLog {
    /// Makes one record durable; it is queued at once, and the future resolves when it has survived a power cut. It
    /// replaces an earlier record of the same key, whose attempts are kept; a pass, fail, timeout or ungraded
    /// result is never replaced ([`Problem::AlreadyFinal`]).
    pub fn append_record(
        &self,
        record: TrialRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let run = self.run;
        self.store.write_own(run, move |connection| write(connection, run, &record))
    }
}

impl TrialLog for RunLog {
    fn append<'a>(&'a self, record: TrialRecord) -> BoxFuture<'a, Result<(), LogError>> {
        let written = self.append_record(record);
        Box::pin(async move { written.await.map_err(LogError::from) })
    }

    fn started(&self, key: TrialKey, at: Millis) {
        let (run, instance) = (self.run, self.store.instance());
        self.store.note(move |connection| {
            leases::require(connection, run, instance)?;
            started::insert(connection, run, key, at)
        });
    }
}

/// Writes a trial and moves the run's counters.
pub(crate) fn write(connection: &Connection, run: RunId, record: &TrialRecord) -> Result<(), StoreError> {
    let key = record.key;
    let earlier = trials::find(connection, run, key)?;
    if earlier.is_some_and(|(_, outcome)| !outcome.can_be_retried()) {
        let what = format!(
            "trial (case {}, variant {}, repetition {}) of run #{run}",
            key.case, key.variant, key.repetition
        );
        return Err(Problem::AlreadyFinal { what }.into());
    }
    let id = trials::id(run, progress::advance(connection, run, record)?);
    if let Some((old, _)) = earlier {
        trial_texts::remove(connection, old)?;
        steps::remove(connection, old)?;
        fault_trials::remove(connection, old)?;
        trials::replace(connection, old, id, record)?;
    } else {
        trials::insert(connection, run, id, record)?;
    }
    trial_texts::insert(connection, id, record)?;
    scores::insert(connection, id, &record.scores)?;
    attempts::insert(connection, id, &record.attempts, earlier.is_some())?;
    steps::insert(connection, id, &record.steps)?;
    let log = lab_logs::close(connection, run, record)?;
    if let (Some(log), Some(fault)) = (log, &record.fault) {
        fault_trials::insert(connection, id, log, fault)?;
    }
    counts::count(connection, run, key.variant, earlier.map(|(_, outcome)| outcome), record.outcome)?;
    started::remove(connection, run, key)
}
