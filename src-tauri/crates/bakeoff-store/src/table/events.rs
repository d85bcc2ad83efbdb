//! A run's log.

use crate::error::StoreError;
use crate::table::runs;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::{Connection, params};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// Grows over the whole database.
    pub sequence: i64,
    /// When.
    pub at: Millis,
    /// Such as `launched`, `paused`, `budget`.
    pub kind: String,
    /// For people.
    pub message: String,
}

impl Store {
    /// Adds an entry to a run's log; returns its sequence number. Any program may.
    pub async fn append_event(
        &self,
        run: RunId,
        at: Millis,
        kind: impl Into<String>,
        message: impl Into<String>,
    ) -> Result<i64, StoreError> {
        let (kind, message) = (kind.into(), message.into());
        self.write(move |connection| insert(connection, run, at, &kind, &message)).await
    }

    /// Entries of a run's log after a sequence number (0: all), oldest first. Blocks.
    pub fn events(&self, run: RunId, after: i64) -> Result<Vec<RunEvent>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT sequence, at, kind, message FROM events WHERE run = ?1 AND sequence > ?2 ORDER BY sequence",
            )?;
            let events = select
                .query_map(params![run, after], |row| {
                    Ok(RunEvent { sequence: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, message: row.get(3)? })
                })?
                .collect::<Result<_, _>>()?;
            Ok(events)
        })
    }
}

/// Adds an entry.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    at: Millis,
    kind: &str,
    message: &str,
) -> Result<i64, StoreError> {
    runs::require(connection, run)?;
    connection
        .prepare_cached("INSERT INTO events (run, at, kind, message) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![run, at, kind, message])?;
    Ok(connection.last_insert_rowid())
}
