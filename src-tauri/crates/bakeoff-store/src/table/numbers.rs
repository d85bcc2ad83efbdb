//! Reading the numbers of a whole run fast: several connections, each a part of the run.

use crate::error::StoreError;
use crate::outcome_code::outcome;
use crate::table::trials::{id, ids};
use crate::{RunId, Store};
use bakeoff_core::analysis::TrialNumbers;
use bakeoff_core::trial::TrialKey;
use rusqlite::{Connection, OptionalExtension, Row};
use std::ops::Range;

/// A part smaller than this is not worth a thread.
const PART: u32 = 2_000;

/// The most threads.
const PARTS: u32 = 4;

/// A part of a run, and the last number that its reader saw: every new trial moves it, so two readers that saw
/// the same saw the same trials.
struct Part {
    last_number: u32,
    numbers: Vec<TrialNumbers>,
}

impl Store {
    /// The number of the trial of a run that ended last; 0: none has. Blocks.
    pub fn last_trial_number(&self, run: RunId) -> Result<u32, StoreError> {
        self.read(|transaction| last_number(transaction, run))
    }

    /// The numbers of every trial of a run that has ended, in the order of ending. The only reading function that
    /// holds a whole run in memory (80 bytes a trial). Blocks.
    pub fn numbers(&self, run: RunId) -> Result<Vec<TrialNumbers>, StoreError> {
        let last = self.read(|transaction| last_number(transaction, run))?;
        let parts = (last / PART).min(PARTS).min(threads());
        if parts > 1
            && let Some(numbers) = self.numbers_in_parts(run, last, parts)?
        {
            return Ok(numbers);
        }
        self.read(|transaction| read_range(transaction, ids(run), last))
    }

    /// `None` when a trial ended in between, so that the parts don't fit.
    fn numbers_in_parts(
        &self,
        run: RunId,
        last: u32,
        parts: u32,
    ) -> Result<Option<Vec<TrialNumbers>>, StoreError> {
        let bound = |part: u32| id(run, (u64::from(last) * u64::from(part) / u64::from(parts)) as u32) + 1;
        let read: Vec<Result<Part, StoreError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..parts)
                .map(|part| {
                    scope.spawn(move || self.read_part(run, bound(part)..bound(part + 1), last / parts + 1))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("reading does not panic")).collect()
        });
        let mut numbers = Vec::with_capacity(last as usize);
        for part in read {
            let part = part?;
            if part.last_number != last {
                return Ok(None);
            }
            numbers.extend(part.numbers);
        }
        Ok(Some(numbers))
    }

    fn read_part(&self, run: RunId, ids: Range<i64>, expected: u32) -> Result<Part, StoreError> {
        self.read(|transaction| {
            let last_number = last_number(transaction, run)?;
            Ok(Part { last_number, numbers: read_range(transaction, ids, expected)? })
        })
    }
}

fn threads() -> u32 {
    std::thread::available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(PARTS))
}

/// The number of the trial of a run that ended last; 0: there is none.
pub(crate) fn last_number(connection: &Connection, run: RunId) -> Result<u32, StoreError> {
    let mut select = connection.prepare_cached("SELECT last_number FROM run_progress WHERE run = ?1")?;
    Ok(select.query_row([run], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn read_range(
    connection: &Connection,
    ids: Range<i64>,
    expected: u32,
) -> Result<Vec<TrialNumbers>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT (case_index << 32) | (variant << 16) | repetition, (outcome << 1) | paced,
             score, latency_ms, cost_usd, input_tokens, output_tokens
         FROM trials WHERE id >= ?1 AND id < ?2",
    )?;
    let mut numbers = Vec::with_capacity(expected as usize);
    let mut rows = select.query([ids.start, ids.end])?;
    while let Some(row) = rows.next()? {
        numbers.push(read_numbers(row)?);
    }
    Ok(numbers)
}

/// Fetching a column costs more than computing one, so the small ones come packed.
fn read_numbers(row: &Row<'_>) -> rusqlite::Result<TrialNumbers> {
    let narrow = |count: Option<i64>| count.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let (key, ending): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(TrialNumbers {
        key: TrialKey { case: (key >> 32) as u32, variant: (key >> 16) as u16, repetition: key as u16 },
        outcome: outcome(ending >> 1)?,
        paced: ending & 1 == 1,
        score: row.get(2)?,
        latency_ms: row.get(3)?,
        cost_usd: row.get(4)?,
        input_tokens: narrow(row.get(5)?),
        output_tokens: narrow(row.get(6)?),
        total_tokens: None,
        lab: None,
    })
}
