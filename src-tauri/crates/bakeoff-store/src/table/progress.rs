//! A run's counters that every trial moves: its last number and what was spent.

use crate::error::StoreError;
use crate::{RunId, Store};
use bakeoff_core::trial::TrialRecord;
use rusqlite::{Connection, Row, params};

/// What a run has cost so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunCost {
    /// USD that are known, over every call of the run.
    pub known_usd: f64,
    /// Trials that made a call whose cost is unknown.
    pub unknown_trials: u32,
}

impl Store {
    /// What a run has cost so far, every retried trial included. Blocks.
    pub fn cost(&self, run: RunId) -> Result<RunCost, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT cost_known_usd, cost_unknown_trials FROM run_progress WHERE run = ?1",
            )?;
            let cost = |row: &Row<'_>| Ok(RunCost { known_usd: row.get(0)?, unknown_trials: row.get(1)? });
            select.query_row([run], cost).map_err(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => StoreError::no_run(run),
                other => other.into(),
            })
        })
    }
}

/// The number of the next trial of a run; counts its cost. What a trial cost stays counted when it is retried.
pub(crate) fn advance(connection: &Connection, run: RunId, record: &TrialRecord) -> Result<u32, StoreError> {
    let (known, unknown) = cost(record);
    Ok(connection
        .prepare_cached(
            "UPDATE run_progress SET last_number = last_number + 1,
                 cost_known_usd = cost_known_usd + ?2, cost_unknown_trials = cost_unknown_trials + ?3
             WHERE run = ?1 RETURNING last_number",
        )?
        .query_row(params![run, known, u8::from(unknown)], |row| row.get(0))?)
}

/// What is known of a trial's cost, and whether some of it is unknown. A trial without a call cost nothing.
fn cost(record: &TrialRecord) -> (f64, bool) {
    match record.cost_usd {
        Some(usd) => (usd, false),
        None => {
            let known = record.attempts.iter().filter_map(|attempt| attempt.cost_usd).sum();
            (known, !record.attempts.is_empty())
        }
    }
}

/// The counters of a new run.
pub(crate) fn insert(connection: &Connection, run: RunId) -> Result<(), StoreError> {
    connection.prepare_cached("INSERT INTO run_progress (run) VALUES (?1)")?.execute([run])?;
    Ok(())
}
