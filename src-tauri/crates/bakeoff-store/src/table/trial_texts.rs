//! What was sent and what came back; and everything about one trial.

use crate::error::StoreError;
use crate::table::trial_page::{self, TrialRow};
use crate::table::{attempts, fault_trials, scores, steps, system_prompts, trials};
use crate::{RunId, Store};
use bakeoff_core::lab::FaultTrial;
use bakeoff_core::trial::{Attempt, Millis, Score, SentPrompt, Step, TrialKey, TrialRecord, Usage};
use rusqlite::{Connection, Row, params};

/// Everything about one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialDetail {
    /// The row of the table.
    pub row: TrialRow,
    /// The case as its JSON text.
    pub case_json: String,
    /// What was sent.
    pub sent: SentPrompt,
    /// What came back.
    pub answer: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// The model that answered.
    pub model_answered: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// ms spent waiting for limits and between retries.
    pub wait_ms: f64,
    /// The latency is artificial.
    pub paced: bool,
    /// When it got its permit.
    pub started_at: Millis,
    /// The class that the case expects.
    pub expected_label: Option<String>,
    /// The class that the answer gave.
    pub answered_label: Option<String>,
    /// Judgements.
    pub scores: Vec<Score>,
    /// Calls, the earlier tries of a retried trial included, numbered over all of them.
    pub attempts: Vec<Attempt>,
    /// The nodes of a workflow, in the order in which they began; of the last try only.
    pub steps: Vec<Step>,
    /// Of a fault campaign; of the last try only.
    pub fault: Option<Box<FaultTrial>>,
}

/// The columns after those of [`trial_page::COLUMNS`].
const COLUMNS: &str = "c.json, s.text, x.prompt, x.answer, x.error, x.stop_reason, x.model_answered,
    t.input_tokens, t.cached_input_tokens, t.output_tokens, t.wait_ms, t.paced, t.started_at,
    t.expected_label, t.answered_label, t.id";

/// The tables after those of [`trial_page::TABLES`].
const TABLES: &str = "JOIN cases c ON c.id = rc.content LEFT JOIN system_prompts s ON s.id = x.system_prompt";

/// SQL's word for no limit.
const ALL: i64 = -1;

impl Store {
    /// Everything about one trial; `None` while it has not ended. Blocks.
    pub fn trial_detail(&self, run: RunId, key: TrialKey) -> Result<Option<TrialDetail>, StoreError> {
        self.read(|transaction| {
            let Some((id, _)) = trials::find(transaction, run, key)? else { return Ok(None) };
            let mut found = None;
            each(transaction, id..id + 1, ALL, |detail| found = Some(detail))?;
            Ok(found)
        })
    }

    /// Hands everything about every trial of a run to `each`, in the order of ending, one at a time (for exports).
    /// Blocks.
    pub fn each_trial(&self, run: RunId, each_one: impl FnMut(TrialDetail)) -> Result<(), StoreError> {
        self.read(|transaction| each(transaction, trials::ids(run), ALL, each_one))
    }

    /// Everything about the trials of a run whose number is over `after_number`, in the order of their numbers, at
    /// most `limit`. A trial that is retried comes again with its new number. Blocks.
    pub fn exported_trials(
        &self,
        run: RunId,
        after_number: u32,
        limit: u32,
    ) -> Result<Vec<TrialDetail>, StoreError> {
        self.read(|transaction| {
            let mut found = Vec::new();
            let ids = trials::id(run, after_number) + 1..trials::ids(run).end;
            each(transaction, ids, limit.into(), |detail| found.push(detail))?;
            Ok(found)
        })
    }
}

fn each(
    connection: &Connection,
    ids: std::ops::Range<i64>,
    limit: i64,
    mut each: impl FnMut(TrialDetail),
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {}, {COLUMNS} FROM {} {TABLES} WHERE t.id >= ?1 AND t.id < ?2 ORDER BY t.id LIMIT ?3",
        trial_page::COLUMNS,
        trial_page::TABLES
    ))?;
    let mut rows = select.query([ids.start, ids.end, limit])?;
    while let Some(row) = rows.next()? {
        let mut detail = read(row)?;
        let id = row.get(trial_page::COUNT + 15)?;
        detail.scores = scores::of_trial(connection, id)?;
        detail.attempts = attempts::of_trial(connection, id)?;
        detail.steps = steps::of_trial(connection, id)?;
        detail.fault = fault_trials::of_trial(connection, id)?;
        each(detail);
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<TrialDetail> {
    const N: usize = trial_page::COUNT;
    Ok(TrialDetail {
        row: trial_page::read(row)?,
        case_json: row.get(N)?,
        sent: SentPrompt { system: row.get(N + 1)?, user: row.get(N + 2)? },
        answer: row.get(N + 3)?,
        error: row.get(N + 4)?,
        stop_reason: row.get(N + 5)?,
        model_answered: row.get(N + 6)?,
        usage: Usage {
            input_tokens: trials::from_tokens(row.get(N + 7)?),
            cached_input_tokens: trials::from_tokens(row.get(N + 8)?),
            output_tokens: trials::from_tokens(row.get(N + 9)?),
        },
        wait_ms: row.get(N + 10)?,
        paced: row.get(N + 11)?,
        started_at: row.get(N + 12)?,
        expected_label: row.get(N + 13)?,
        answered_label: row.get(N + 14)?,
        scores: Vec::new(),
        attempts: Vec::new(),
        steps: Vec::new(),
        fault: None,
    })
}

/// Writes the texts of a trial.
pub(crate) fn insert(connection: &Connection, trial: i64, record: &TrialRecord) -> Result<(), StoreError> {
    let system =
        record.sent.system.as_deref().map(|text| system_prompts::intern(connection, text)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO trial_texts (trial, system_prompt, prompt, answer, error, stop_reason, model_answered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            trial,
            system,
            record.sent.user,
            record.answer,
            record.error,
            record.stop_reason,
            record.model_answered
        ])?;
    Ok(())
}

/// Forgets the texts and scores of a trial that was retried.
pub(crate) fn remove(connection: &Connection, trial: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM trial_texts WHERE trial = ?1")?.execute([trial])?;
    connection.prepare_cached("DELETE FROM scores WHERE trial = ?1")?.execute([trial])?;
    Ok(())
}
