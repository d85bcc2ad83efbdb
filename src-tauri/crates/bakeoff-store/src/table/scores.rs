//! Scorers' judgements.

use crate::error::StoreError;
use bakeoff_core::trial::Score;
use rusqlite::{Connection, params};

/// Writes the scores of a trial.
pub(crate) fn insert(connection: &Connection, trial: i64, scores: &[Score]) -> Result<(), StoreError> {
    if scores.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO scores (trial, position, scorer, metric, score, weight, passed, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, score) in (0_i64..).zip(scores) {
        insert.execute(params![
            trial,
            position,
            score.scorer,
            score.metric,
            number(score.score),
            number(score.weight),
            score.passed,
            score.reason
        ])?;
    }
    Ok(())
}

/// SQLite has no NaN; a scorer that gives one has found nothing.
fn number(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// The scores of a trial, in the campaign's order.
pub(crate) fn of_trial(connection: &Connection, trial: i64) -> Result<Vec<Score>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT scorer, metric, score, weight, passed, reason FROM scores WHERE trial = ?1 ORDER BY position",
    )?;
    let scores = select
        .query_map([trial], |row| {
            Ok(Score {
                scorer: row.get(0)?,
                metric: row.get(1)?,
                score: row.get(2)?,
                weight: row.get(3)?,
                passed: row.get(4)?,
                reason: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(scores)
}
