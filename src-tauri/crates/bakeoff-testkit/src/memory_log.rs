//! A trial log in memory that keeps its order and can be told to fail.

use bakeoff_core::ports::{BoxFuture, LogError, TrialLog};
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct State {
    records: Vec<TrialRecord>,
    started: Vec<(TrialKey, Millis)>,
    fails_after: Option<usize>,
    delay: Duration,
}

/// A trial log in memory. Every append is kept in order, so that a test sees a key that was written twice.
#[derive(Debug, Default)]
pub struct MemoryLog {
    state: Mutex<State>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A log that takes `records` records and refuses every later one, like a full disk.
    pub fn failing_after(records: usize) -> Self {
        let log = Self::default();
        log.state().fails_after = Some(records);
        log
    }

    /// A log that needs `delay` (tokio's time) for each record.
    pub fn slow(delay: Duration) -> Self {
        let log = Self::default();
        log.state().delay = delay;
        log
    }

    /// From now on every append fails (`true`) or works (`false`).
    pub fn set_failing(&self, failing: bool) {
        self.state().fails_after = failing.then_some(0);
    }

    /// What was appended, in order.
    pub fn records(&self) -> Vec<TrialRecord> {
        self.state().records.clone()
    }

    /// How many records were appended.
    pub fn len(&self) -> usize {
        self.state().records.len()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which trials were started, in order.
    pub fn started(&self) -> Vec<(TrialKey, Millis)> {
        self.state().started.clone()
    }

    /// The last record of a trial.
    pub fn record(&self, key: TrialKey) -> Option<TrialRecord> {
        self.state().records.iter().rev().find(|record| record.key == key).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TrialLog for MemoryLog {
    fn append<'a>(&'a self, record: TrialRecord) -> BoxFuture<'a, Result<(), LogError>> {
        Box::pin(async move {
            let delay = self.state().delay;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let mut state = self.state();
            if state.fails_after.is_some_and(|most| state.records.len() >= most) {
                let message = "The disk is full. Free some space, then resume the run.".to_owned();
                return Err(LogError { message });
            }
            state.records.push(record);
            Ok(())
        })
    }

    fn started(&self, key: TrialKey, at: Millis) {
        self.state().started.push((key, at));
    }
}
