//! Scorers' judgements.

use crate::error::StoreError;
use crate::outcome_code::codes_where;
use crate::table::trials;
use crate::{RunId, Store};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::Score;
use rusqlite::{Connection, params};

/// What a variant's scorers found under one name, over its graded trials.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorerMean {
    /// The variant's index.
    pub variant: u16,
    /// The name under which the scores are reported.
    pub metric: String,
    /// The mean, 0 to 1.
    pub mean: f64,
}

impl Store {
    /// The mean of every scorer's judgements by variant and metric, over trials that passed or failed (what another
    /// trial's scorers found before it broke off counts nowhere). Sorted. Blocks.
    pub fn scorer_means(&self, run: RunId) -> Result<Vec<ScorerMean>, StoreError> {
        self.read(|transaction| {
            let graded = codes_where(|outcome| matches!(outcome, Outcome::Pass | Outcome::Fail));
            let ids = trials::ids(run);
            let mut select = transaction.prepare_cached(&format!(
                "SELECT t.variant, s.metric, avg(s.score) FROM trials t JOIN scores s ON s.trial = t.id
                 WHERE t.id >= ?1 AND t.id < ?2 AND t.outcome IN ({graded})
                 GROUP BY t.variant, s.metric ORDER BY t.variant, s.metric"
            ))?;
            let means = select
                .query_map([ids.start, ids.end], |row| {
                    Ok(ScorerMean { variant: row.get(0)?, metric: row.get(1)?, mean: row.get(2)? })
                })?
                .collect::<Result<_, _>>()?;
            Ok(means)
        })
    }
}

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
