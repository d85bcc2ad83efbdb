//! What each node of a workflow trial did.

use crate::error::StoreError;
use crate::table::system_prompts;
use crate::table::trials::{from_tokens, tokens};
use crate::table::variants::json;
use bakeoff_core::trial::{SentPrompt, Step, Usage};
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};

/// Writes the steps of a trial.
pub(crate) fn insert(connection: &Connection, trial: i64, steps: &[Step]) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO steps (trial, position, node, iteration, item, started_at, ended_at, latency_ms, input_tokens,
             cached_input_tokens, output_tokens, cost_usd, system_prompt, prompt, answer, outputs, state, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    for (position, step) in (0_i64..).zip(steps) {
        let system = step.sent.system.as_deref();
        insert.execute(params![
            trial,
            position,
            step.node,
            step.iteration,
            step.item,
            step.started_at,
            step.ended_at,
            step.latency_ms,
            tokens(step.usage.input_tokens),
            tokens(step.usage.cached_input_tokens),
            tokens(step.usage.output_tokens),
            step.cost_usd,
            system.map(|text| system_prompts::intern(connection, text)).transpose()?,
            step.sent.user,
            step.answer,
            json(&step.outputs, "the outputs of a step")?,
            json(&step.state, "the state after a step")?,
            step.error
        ])?;
    }
    Ok(())
}

/// The steps of a trial, in the order in which they began.
pub(crate) fn of_trial(connection: &Connection, trial: i64) -> Result<Vec<Step>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT t.node, t.iteration, t.item, t.started_at, t.ended_at, t.latency_ms, t.input_tokens,
             t.cached_input_tokens, t.output_tokens, t.cost_usd, s.text, t.prompt, t.answer, t.error, t.outputs, t.state
         FROM steps t LEFT JOIN system_prompts s ON s.id = t.system_prompt WHERE t.trial = ?1 ORDER BY t.position",
    )?;
    let mut steps = Vec::new();
    let mut rows = select.query([trial])?;
    while let Some(row) = rows.next()? {
        steps.push(read(row)?);
    }
    Ok(steps)
}

fn read(row: &Row<'_>) -> Result<Step, StoreError> {
    let node: String = row.get(0)?;
    let object = |column: usize, what: &str| -> Result<Map<String, Value>, StoreError> {
        let text = row.get_ref(column)?;
        serde_json::from_str(text.as_str().map_err(rusqlite::Error::from)?)
            .map_err(|error| StoreError::unreadable(format!("the {what} of step `{node}`"), &error))
    };
    Ok(Step {
        iteration: row.get(1)?,
        item: row.get(2)?,
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        latency_ms: row.get(5)?,
        usage: Usage {
            input_tokens: from_tokens(row.get(6)?),
            cached_input_tokens: from_tokens(row.get(7)?),
            output_tokens: from_tokens(row.get(8)?),
        },
        cost_usd: row.get(9)?,
        sent: SentPrompt { system: row.get(10)?, user: row.get(11)? },
        answer: row.get(12)?,
        error: row.get(13)?,
        outputs: object(14, "outputs")?,
        state: object(15, "state")?,
        node,
    })
}

/// Forgets the steps of a trial that was retried.
pub(crate) fn remove(connection: &Connection, trial: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM steps WHERE trial = ?1")?.execute([trial])?;
    Ok(())
}
