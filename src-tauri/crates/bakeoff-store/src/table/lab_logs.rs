//! Which attempt of a fault trial something belongs to that is written while it runs.

use crate::RunId;
use crate::error::StoreError;
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord};
use rusqlite::{Connection, OptionalExtension, params};

/// The log of one attempt.
struct LabLogRow {
    id: i64,
    closed_at: Option<Millis>,
}

/// The newest attempt's.
fn newest(connection: &Connection, run: RunId, key: TrialKey) -> Result<Option<LabLogRow>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT id, closed_at FROM lab_logs WHERE run = ?1 AND case_index = ?2 AND variant = ?3 AND repetition = ?4
         ORDER BY id DESC LIMIT 1",
    )?;
    Ok(select
        .query_row(params![run, key.case, key.variant, key.repetition], |row| {
            Ok(LabLogRow { id: row.get(0)?, closed_at: row.get(1)? })
        })
        .optional()?)
}

/// The id of the newest attempt's log; `None`: nothing was ever written for this trial.
pub(crate) fn find(connection: &Connection, run: RunId, key: TrialKey) -> Result<Option<i64>, StoreError> {
    Ok(newest(connection, run, key)?.map(|log| log.id))
}

/// The log that something of this moment belongs to: the open one; a closed one, when the moment is not after its end
/// (it only came late); else a new one.
pub(crate) fn at(connection: &Connection, run: RunId, key: TrialKey, at: Millis) -> Result<i64, StoreError> {
    match newest(connection, run, key)? {
        Some(log) if log.closed_at.is_none_or(|closed_at| at <= closed_at) => Ok(log.id),
        _ => open(connection, run, key, at),
    }
}

fn open(connection: &Connection, run: RunId, key: TrialKey, at: Millis) -> Result<i64, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO lab_logs (run, case_index, variant, repetition, opened_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![run, key.case, key.variant, key.repetition, at])?;
    Ok(connection.last_insert_rowid())
}

/// Ends the log of a trial that has its result, and forgets those of earlier attempts. Returns the ended one, which a
/// trial with a fault always gets.
pub(crate) fn close(
    connection: &Connection,
    run: RunId,
    record: &TrialRecord,
) -> Result<Option<i64>, StoreError> {
    let key = record.key;
    let newest = newest(connection, run, key)?;
    let open_one = match (&newest, &record.fault) {
        (Some(log), _) if log.closed_at.is_none() => Some(log.id),
        (_, Some(_)) => Some(open(connection, run, key, record.started_at)?),
        (_, None) => None,
    };
    if let Some(id) = open_one {
        connection
            .prepare_cached("UPDATE lab_logs SET closed_at = ?2 WHERE id = ?1")?
            .execute([id, end_of(record)])?;
    }
    if newest.is_some() {
        connection
            .prepare_cached(
                "DELETE FROM lab_logs
                 WHERE run = ?1 AND case_index = ?2 AND variant = ?3 AND repetition = ?4 AND id <> ?5",
            )?
            .execute(params![run, key.case, key.variant, key.repetition, open_one.unwrap_or(0)])?;
    }
    Ok(open_one)
}

/// The last moment that belongs to a trial. One that is never retried keeps whatever comes late.
fn end_of(record: &TrialRecord) -> Millis {
    if !record.outcome.can_be_retried() {
        return Millis::MAX;
    }
    let reverted_at = record.fault.as_ref().and_then(|fault| fault.clocks.reverted_at);
    record.ended_at.max(reverted_at.unwrap_or(record.ended_at))
}

/// A program takes a run over: what its trials wrote before this is of attempts that came to no end.
pub(crate) fn close_all(connection: &Connection, run: RunId, now: Millis) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE lab_logs SET closed_at = ?2 WHERE run = ?1 AND closed_at IS NULL")?
        .execute(params![run, now])?;
    Ok(())
}
