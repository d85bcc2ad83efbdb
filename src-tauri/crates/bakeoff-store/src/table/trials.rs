//! The narrow row of each trial, and what is read from all rows of a run.

use crate::error::StoreError;
use crate::outcome_code::{code, codes_where, outcome};
use crate::{RunId, Store};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{TrialKey, TrialRecord};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::ops::Range;

/// The classes of one trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialLabels {
    /// Which trial.
    pub key: TrialKey,
    /// How it ended.
    pub outcome: Outcome,
    /// The class that the case expects, where a scorer compares with one.
    pub expected: Option<String>,
    /// The class that the answer gave.
    pub answered: Option<String>,
}

impl Store {
    /// Variant and latency (ms) of every trial of a run that has one. Blocks.
    pub fn latencies(&self, run: RunId) -> Result<Vec<(u16, f64)>, StoreError> {
        self.read(|transaction| {
            let ids = ids(run);
            let mut select = transaction.prepare_cached(
                "SELECT variant, latency_ms FROM trials WHERE id >= ?1 AND id < ?2 AND latency_ms IS NOT NULL",
            )?;
            let latencies = select
                .query_map([ids.start, ids.end], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            Ok(latencies)
        })
    }

    /// Hands the classes of every trial of a run that expects one to `each`, in the order of ending. Blocks.
    pub fn each_label(&self, run: RunId, mut each: impl FnMut(TrialLabels)) -> Result<(), StoreError> {
        self.read(|transaction| {
            let ids = ids(run);
            let mut select = transaction.prepare_cached(
                "SELECT case_index, variant, repetition, outcome, expected_label, answered_label
                 FROM trials WHERE id >= ?1 AND id < ?2 AND expected_label IS NOT NULL",
            )?;
            let mut rows = select.query([ids.start, ids.end])?;
            while let Some(row) = rows.next()? {
                each(TrialLabels {
                    key: read_key(row, 0)?,
                    outcome: outcome(row.get(3)?).map_err(rusqlite::Error::from)?,
                    expected: row.get(4)?,
                    answered: row.get(5)?,
                });
            }
            Ok(())
        })
    }

    /// Trials of the plan that have no result yet: never started, cancelled, interrupted or skipped; in the order of
    /// their keys. These are what Resume runs. Blocks.
    pub fn remaining(&self, run: RunId) -> Result<Vec<TrialKey>, StoreError> {
        self.read(|transaction| {
            let (cases, repetitions): (u32, u16) = transaction
                .prepare_cached("SELECT cases, repetitions FROM runs WHERE id = ?1")?
                .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .ok_or_else(|| StoreError::no_run(run))?;
            let variants: u16 = transaction
                .prepare_cached("SELECT count(*) FROM run_variants WHERE run = ?1")?
                .query_row([run], |row| row.get(0))?;
            let keys = Keys { cases, variants, repetitions };
            let mut ended = vec![false; keys.count()];
            for key in keys_where(transaction, run, |outcome| !outcome.is_unfinished())? {
                if let Some(place) = keys.place(key).and_then(|place| ended.get_mut(place)) {
                    *place = true;
                }
            }
            Ok(keys.all().zip(ended).filter(|(_, ended)| !ended).map(|(key, _)| key).collect())
        })
    }

    /// The key of the trial with this number within the run; `None` when there is none (any more: a retried trial gets
    /// a new number). Blocks.
    pub fn trial_key(&self, run: RunId, number: u32) -> Result<Option<TrialKey>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction
                .prepare_cached("SELECT case_index, variant, repetition FROM trials WHERE id = ?1")?;
            Ok(select.query_row([id(run, number)], |row| read_key(row, 0)).optional()?)
        })
    }

    /// Trials that Retry failed runs again: ended, but by no doing of the variant; in the order of ending. Blocks.
    pub fn retriable(&self, run: RunId) -> Result<Vec<TrialKey>, StoreError> {
        self.read(|transaction| keys_where(transaction, run, Outcome::can_be_retried))
    }
}

/// Every key of a plan.
struct Keys {
    cases: u32,
    variants: u16,
    repetitions: u16,
}

impl Keys {
    fn count(&self) -> usize {
        self.cases as usize * usize::from(self.variants) * usize::from(self.repetitions)
    }

    /// The position of a key in [`Keys::all`].
    fn place(&self, key: TrialKey) -> Option<usize> {
        if key.variant >= self.variants || key.repetition >= self.repetitions {
            return None;
        }
        let cell = key.case as usize * usize::from(self.variants) + usize::from(key.variant);
        Some(cell * usize::from(self.repetitions) + usize::from(key.repetition))
    }

    fn all(&self) -> impl Iterator<Item = TrialKey> {
        let (variants, repetitions) = (self.variants, self.repetitions);
        (0..self.cases).flat_map(move |case| {
            (0..variants).flat_map(move |variant| {
                (0..repetitions).map(move |repetition| TrialKey { case, variant, repetition })
            })
        })
    }
}

/// The id of a trial.
pub(crate) fn id(run: RunId, number: u32) -> i64 {
    (i64::from(run) << 32) | i64::from(number)
}

/// The number of a trial within its run.
pub(crate) fn number(id: i64) -> u32 {
    (id & 0xFFFF_FFFF) as u32
}

/// The ids of all trials of a run.
pub(crate) fn ids(run: RunId) -> Range<i64> {
    id(run, 0)..(i64::from(run) + 1) << 32
}

/// Tokens as SQLite's signed numbers.
pub(crate) fn tokens(count: Option<u64>) -> Option<i64> {
    count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// Tokens from SQLite's signed numbers.
pub(crate) fn from_tokens(count: Option<i64>) -> Option<u64> {
    count.and_then(|count| u64::try_from(count).ok())
}

/// The key in three columns from `first` on.
pub(crate) fn read_key(row: &Row<'_>, first: usize) -> rusqlite::Result<TrialKey> {
    Ok(TrialKey { case: row.get(first)?, variant: row.get(first + 1)?, repetition: row.get(first + 2)? })
}

/// Keys of the trials of a run whose outcome fulfils a condition, in the order of ending.
fn keys_where(
    connection: &Connection,
    run: RunId,
    wanted: impl Fn(Outcome) -> bool,
) -> Result<Vec<TrialKey>, StoreError> {
    let ids = ids(run);
    let mut select = connection.prepare_cached(&format!(
        "SELECT case_index, variant, repetition FROM trials WHERE id >= ?1 AND id < ?2 AND outcome IN ({})",
        codes_where(wanted)
    ))?;
    let keys = select.query_map([ids.start, ids.end], |row| read_key(row, 0))?.collect::<Result<_, _>>()?;
    Ok(keys)
}

/// The id and outcome of a trial.
pub(crate) fn find(
    connection: &Connection,
    run: RunId,
    key: TrialKey,
) -> Result<Option<(i64, Outcome)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT id, outcome FROM trials WHERE run = ?1 AND case_index = ?2 AND variant = ?3 AND repetition = ?4",
    )?;
    let found = select
        .query_row(params![run, key.case, key.variant, key.repetition], |row| {
            Ok((row.get(0)?, outcome(row.get(1)?)?))
        })
        .optional()?;
    Ok(found)
}

/// Writes a new trial.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    id: i64,
    record: &TrialRecord,
) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO trials (outcome, paced, score, latency_ms, cost_usd, input_tokens, output_tokens,
             cached_input_tokens, wait_ms, started_at, ended_at, expected_label, answered_label,
             id, run, case_index, variant, repetition)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    let key = record.key;
    with_result(record, |result| {
        let place: [&dyn ToSql; 5] = [&id, &run, &key.case, &key.variant, &key.repetition];
        insert.execute(&*[result, &place].concat())
    })?;
    Ok(())
}

/// Gives a retried trial its new result and number; attempts and artifacts follow it.
pub(crate) fn replace(
    connection: &Connection,
    old: i64,
    id: i64,
    record: &TrialRecord,
) -> Result<(), StoreError> {
    let mut update = connection.prepare_cached(
        "UPDATE trials SET outcome = ?1, paced = ?2, score = ?3, latency_ms = ?4, cost_usd = ?5, input_tokens = ?6,
             output_tokens = ?7, cached_input_tokens = ?8, wait_ms = ?9, started_at = ?10, ended_at = ?11,
             expected_label = ?12, answered_label = ?13, id = ?14
         WHERE id = ?15",
    )?;
    with_result(record, |result| {
        let place: [&dyn ToSql; 2] = [&id, &old];
        update.execute(&*[result, &place].concat())
    })?;
    Ok(())
}

/// Binds the columns from `outcome` to `answered_label` in the order of the two statements above.
fn with_result<T>(record: &TrialRecord, execute: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
    let input = tokens(record.usage.input_tokens);
    let output = tokens(record.usage.output_tokens);
    let cached = tokens(record.usage.cached_input_tokens);
    // `max` also turns NaN, which SQLite does not have, into 0.
    let wait_ms = record.wait_ms.max(0.0);
    execute(&[
        &code(record.outcome),
        &record.paced,
        &record.score,
        &record.latency_ms,
        &record.cost_usd,
        &input,
        &output,
        &cached,
        &wait_ms,
        &record.started_at,
        &record.ended_at,
        &record.expected_label,
        &record.answered_label,
    ])
}
