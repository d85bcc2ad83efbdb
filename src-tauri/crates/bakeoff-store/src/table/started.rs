//! Trials in flight.

use crate::RunId;
use crate::append;
use crate::error::StoreError;
use crate::table::trials;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, SentPrompt, TrialKey, TrialRecord, Usage};
use rusqlite::{Connection, params};

/// Notes that a trial has begun.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    key: TrialKey,
    at: Millis,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO started (run, case_index, variant, repetition, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![run, key.case, key.variant, key.repetition, at])?;
    Ok(())
}

/// The trial has ended.
pub(crate) fn remove(connection: &Connection, run: RunId, key: TrialKey) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM started WHERE run = ?1 AND case_index = ?2 AND variant = ?3 AND repetition = ?4",
        )?
        .execute(params![run, key.case, key.variant, key.repetition])?;
    Ok(())
}

/// Turns every mark of a run into an interrupted trial, except where a result is there that stays; returns how many.
pub(crate) fn mark_interrupted(connection: &Connection, run: RunId, now: Millis) -> Result<u32, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT case_index, variant, repetition, at FROM started WHERE run = ?1")?;
    let marks: Vec<(TrialKey, Millis)> = select
        .query_map([run], |row| {
            let key = TrialKey { case: row.get(0)?, variant: row.get(1)?, repetition: row.get(2)? };
            Ok((key, row.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut interrupted = 0;
    for (key, at) in marks {
        if trials::find(connection, run, key)?.is_some_and(|(_, outcome)| !outcome.can_be_retried()) {
            remove(connection, run, key)?;
        } else {
            append::write(connection, run, &interrupted_trial(key, at, now))?;
            interrupted += 1;
        }
    }
    Ok(interrupted)
}

fn interrupted_trial(key: TrialKey, started_at: Millis, now: Millis) -> TrialRecord {
    TrialRecord {
        key,
        outcome: Outcome::Interrupted,
        score: None,
        latency_ms: None,
        wait_ms: 0.0,
        paced: false,
        usage: Usage::default(),
        cost_usd: None,
        started_at,
        ended_at: now,
        sent: SentPrompt::default(),
        answer: None,
        stop_reason: None,
        model_answered: None,
        error: Some("the program ended while this trial ran".into()),
        expected_label: None,
        answered_label: None,
        scores: Vec::new(),
        attempts: Vec::new(),
        steps: Vec::new(),
        fault: None,
    }
}
