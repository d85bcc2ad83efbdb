//! Every call that was made to a model.

use crate::error::StoreError;
use crate::table::trials::{from_tokens, tokens};
use bakeoff_core::trial::{Attempt, AttemptPurpose, Usage};
use rusqlite::{Connection, Row, params};

fn purpose_name(purpose: AttemptPurpose) -> &'static str {
    match purpose {
        AttemptPurpose::Answer => "answer",
        AttemptPurpose::Judge => "judge",
    }
}

/// Adds attempts to a trial, numbered on from those that it already has. `is_retry`: it may have some.
pub(crate) fn insert(
    connection: &Connection,
    trial: i64,
    attempts: &[Attempt],
    is_retry: bool,
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let earlier: u32 = if is_retry {
        connection
            .prepare_cached("SELECT coalesce(max(number), 0) FROM attempts WHERE trial = ?1")?
            .query_row([trial], |row| row.get(0))?
    } else {
        0
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO attempts (trial, number, purpose, provider, model, started_at, ended_at, status,
             input_tokens, cached_input_tokens, output_tokens, cost_usd, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for (number, attempt) in (earlier + 1..).zip(attempts) {
        insert.execute(params![
            trial,
            number,
            purpose_name(attempt.purpose),
            attempt.provider,
            attempt.model,
            attempt.started_at,
            attempt.ended_at,
            attempt.status,
            tokens(attempt.usage.input_tokens),
            tokens(attempt.usage.cached_input_tokens),
            tokens(attempt.usage.output_tokens),
            attempt.cost_usd,
            attempt.error
        ])?;
    }
    Ok(())
}

/// The attempts of a trial, earlier tries first, numbered over the whole trial.
pub(crate) fn of_trial(connection: &Connection, trial: i64) -> Result<Vec<Attempt>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT number, purpose, provider, model, started_at, ended_at, status,
             input_tokens, cached_input_tokens, output_tokens, cost_usd, error
         FROM attempts WHERE trial = ?1 ORDER BY number",
    )?;
    let attempts = select.query_map([trial], read)?.collect::<Result<_, _>>()?;
    Ok(attempts)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let is_answer = row.get_ref(1)?.as_str()? == purpose_name(AttemptPurpose::Answer);
    Ok(Attempt {
        number: row.get(0)?,
        purpose: if is_answer { AttemptPurpose::Answer } else { AttemptPurpose::Judge },
        provider: row.get(2)?,
        model: row.get(3)?,
        started_at: row.get(4)?,
        ended_at: row.get(5)?,
        status: row.get(6)?,
        usage: Usage {
            input_tokens: from_tokens(row.get(7)?),
            cached_input_tokens: from_tokens(row.get(8)?),
            output_tokens: from_tokens(row.get(9)?),
        },
        cost_usd: row.get(10)?,
        error: row.get(11)?,
    })
}
