//! Where a run stands, and moving it there.

use crate::error::StoreError;
use crate::table::{leases, started};
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// It waits in the queue (a row there says so; this is never written).
    Queued,
    /// Trials are being run.
    Running,
    /// No new trial starts until it is continued.
    Paused,
    /// Every trial has ended.
    Finished,
    /// Stopped by the user.
    Stopped,
    /// The budget was used up.
    OutOfBudget,
    /// The program died.
    Interrupted,
    /// Results could not be written.
    Failed,
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 8] = [
        RunState::Queued,
        RunState::Running,
        RunState::Paused,
        RunState::Finished,
        RunState::Stopped,
        RunState::OutOfBudget,
        RunState::Interrupted,
        RunState::Failed,
    ];

    /// The name in the database and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Paused => "paused",
            RunState::Finished => "finished",
            RunState::Stopped => "stopped",
            RunState::OutOfBudget => "out_of_budget",
            RunState::Interrupted => "interrupted",
            RunState::Failed => "failed",
        }
    }

    /// Whether some program is working on the run (so it has a lease).
    pub fn is_active(self) -> bool {
        matches!(self, RunState::Running | RunState::Paused)
    }
}

impl ToSql for RunState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for RunState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(FromSqlError::InvalidType)
    }
}

impl Store {
    /// Moves a run of this handle to a state. An active state (running, paused) keeps the lease; any other ends it,
    /// notes `at` as the end, and marks trials that never came to an end as interrupted (there are none unless
    /// their results could not be written).
    pub async fn set_state(
        &self,
        run: RunId,
        state: RunState,
        reason: Option<String>,
        at: Millis,
    ) -> Result<(), StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            leases::require(connection, run, instance)?;
            if !state.is_active() {
                started::mark_interrupted(connection, run, at)?;
                leases::remove(connection, run)?;
            }
            write(connection, run, state, reason.as_deref(), at)
        })
        .await
    }
}

/// Writes the state alone.
pub(crate) fn write(
    connection: &Connection,
    run: RunId,
    state: RunState,
    reason: Option<&str>,
    at: Millis,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?2, reason = ?3,
                 started_at = CASE WHEN ?4 THEN coalesce(started_at, ?5) ELSE started_at END,
                 ended_at = CASE WHEN ?4 THEN NULL ELSE ?5 END
             WHERE id = ?1",
        )?
        .execute(params![run, state, reason, state.is_active(), at])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_back_by_name() {
        for state in RunState::ALL {
            assert_eq!(RunState::column_result(ValueRef::Text(state.name().as_bytes())).ok(), Some(state));
        }
        assert!(RunState::column_result(ValueRef::Text(b"walking")).is_err());
    }
}
