//! What a program that died left behind.

use crate::error::StoreError;
use crate::table::state::{self, RunState};
use crate::table::{events, leases, started};
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::Connection;

/// A run that was found without its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// The run, now `interrupted`.
    pub run: RunId,
    /// Trials that were in flight, now `interrupted`.
    pub in_flight: u32,
}

/// Told in the run's reason and log.
const REASON: &str = "the program ended while this run was going on";

impl Store {
    /// Marks runs whose program is gone as interrupted, and what was in flight in them too. Cheap when there is
    /// nothing to do. Call it after opening, and whenever lists of runs are refreshed.
    pub async fn recover(&self, now: Millis) -> Result<Vec<Recovered>, StoreError> {
        self.write(move |connection| {
            let mut recovered = Vec::new();
            for run in left_behind(connection, now)? {
                recovered.push(Recovered { run, in_flight: take_over(connection, run, now)? });
            }
            Ok(recovered)
        })
        .await
    }
}

/// Runs with a lease whose holder is gone, and active runs without a lease.
fn left_behind(connection: &Connection, now: Millis) -> Result<Vec<RunId>, StoreError> {
    let mut runs: Vec<RunId> = leases::all(connection)?
        .into_iter()
        .filter(|(_, lease)| lease.is_left(now))
        .map(|(run, _)| run)
        .collect();
    let mut select = connection.prepare_cached(
        "SELECT id FROM runs WHERE state IN ('running', 'paused') AND id NOT IN (SELECT run FROM leases)",
    )?;
    for run in select.query_map([], |row| row.get(0))? {
        runs.push(run?);
    }
    Ok(runs)
}

/// Ends the lease of a program that is gone; returns how many trials were in flight.
pub(crate) fn take_over(connection: &Connection, run: RunId, now: Millis) -> Result<u32, StoreError> {
    let in_flight = started::mark_interrupted(connection, run, now)?;
    leases::remove(connection, run)?;
    state::write(connection, run, RunState::Interrupted, Some(REASON), now)?;
    let message = format!("{REASON}; {in_flight} trials were in flight");
    events::insert(connection, run, now, "interrupted", &message)?;
    Ok(in_flight)
}
