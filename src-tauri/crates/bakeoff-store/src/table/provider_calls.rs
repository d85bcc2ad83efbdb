//! Reading triage tests: what each trial said, and every call that was made.

use crate::error::StoreError;
use crate::outcome_code::outcome;
use crate::table::trials;
use crate::{RunId, Store};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::Row;

/// A trial of a triage test.
#[derive(Debug, Clone, PartialEq)]
pub struct TriageTrialRow {
    /// Its number within the run.
    pub number: u32,
    /// Which trial.
    pub key: TrialKey,
    /// How it ended.
    pub outcome: Outcome,
    /// What is kept as its answer.
    pub answer: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// ms.
    pub latency_ms: Option<f64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// When it was judged.
    pub ended_at: Millis,
}

/// A call that a triage test made.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderCallRow {
    /// `triage` or `judge`.
    pub purpose: String,
    /// The variant's name.
    pub variant: String,
    /// The item's id.
    pub item: String,
    /// Within its trial, from 1.
    pub number: u32,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// Always 0.
    pub credits: f64,
    /// USD.
    pub cost_usd: Option<f64>,
    /// When it went out.
    pub started_at: Millis,
    /// When the answer or error was there.
    pub ended_at: Millis,
    /// Of HTTP.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Store {
    /// Every trial of a run with its answer, in the order in which they ended. Blocks.
    pub fn triage_trials(&self, run: RunId) -> Result<Vec<TriageTrialRow>, StoreError> {
        let ids = trials::ids(run);
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT t.id, t.case_index, t.variant, t.repetition, t.outcome, x.answer, x.error, t.input_tokens,
                    t.output_tokens, t.latency_ms, t.cost_usd, t.ended_at
                 FROM trials t JOIN trial_texts x ON x.trial = t.id WHERE t.id >= ?1 AND t.id < ?2 ORDER BY t.id",
            )?;
            let read = |row: &Row<'_>| {
                Ok(TriageTrialRow {
                    number: trials::number(row.get(0)?),
                    key: trials::read_key(row, 1)?,
                    outcome: outcome(row.get(4)?)?,
                    answer: row.get(5)?,
                    error: row.get(6)?,
                    input_tokens: row.get(7)?,
                    output_tokens: row.get(8)?,
                    latency_ms: row.get(9)?,
                    cost_usd: row.get(10)?,
                    ended_at: row.get(11)?,
                })
            };
            Ok(select.query_map([ids.start, ids.end], read)?.collect::<Result<_, _>>()?)
        })
    }

    /// A page of the calls of a triage test, in the order in which they went out, and how many there are. Blocks.
    pub fn provider_calls(
        &self,
        run: RunId,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<ProviderCallRow>, u32), StoreError> {
        self.read(|transaction| {
            let total = transaction
                .prepare_cached("SELECT count(*) FROM provider_calls WHERE run = ?1")?
                .query_row([run], |row| row.get(0))?;
            let mut select = transaction.prepare_cached(
                "SELECT purpose, variant, item, number, provider, model, input_tokens, output_tokens, credits,
                    cost_usd, started_at, ended_at, http_status, error
                 FROM provider_calls WHERE run = ?1 ORDER BY started_at, trial, number LIMIT ?2 OFFSET ?3",
            )?;
            let read = |row: &Row<'_>| {
                Ok(ProviderCallRow {
                    purpose: row.get(0)?,
                    variant: row.get(1)?,
                    item: row.get(2)?,
                    number: row.get(3)?,
                    provider: row.get(4)?,
                    model: row.get(5)?,
                    input_tokens: row.get(6)?,
                    output_tokens: row.get(7)?,
                    credits: row.get(8)?,
                    cost_usd: row.get(9)?,
                    started_at: row.get(10)?,
                    ended_at: row.get(11)?,
                    status: row.get(12)?,
                    error: row.get(13)?,
                })
            };
            let calls = select.query_map([run, limit, offset], read)?.collect::<Result<_, _>>()?;
            Ok((calls, total))
        })
    }
}
