//! Pages of a run's trial table.

use crate::error::StoreError;
use crate::outcome_code::{code, outcome};
use crate::table::trials;
use crate::{RunId, Store};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Which trials of a run are wanted. The default: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrialFilter {
    /// Only these outcomes; empty: all.
    pub outcomes: Vec<Outcome>,
    /// Only this variant.
    pub variant: Option<u16>,
    /// Only this case.
    pub case: Option<u32>,
    /// Only cases whose id contains this text (upper and lower case of a–z alike).
    pub search: Option<String>,
}

/// One row of the trial table.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// Its number within the run, from 1, in the order in which trials ended. A retried trial gets a new one and
    /// leaves a gap.
    pub number: u32,
    /// Which trial.
    pub key: TrialKey,
    /// The case's id.
    pub case_id: String,
    /// The variant's name.
    pub variant: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Weighted score.
    pub score: Option<f64>,
    /// ms.
    pub latency_ms: Option<f64>,
    /// Input plus output.
    pub total_tokens: Option<u64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// The first 160 characters of the answer, or of the error where there is no answer.
    pub preview: String,
    /// When it was judged.
    pub ended_at: Millis,
}

/// What [`read`] reads.
pub(crate) const COLUMNS: &str =
    "t.id, t.case_index, t.variant, t.repetition, rc.case_id, rv.name, t.outcome,
    t.score, t.latency_ms, t.input_tokens + t.output_tokens, t.cost_usd,
    substr(coalesce(nullif(x.answer, ''), x.error, ''), 1, 160), t.ended_at";

/// The number of these columns.
pub(crate) const COUNT: usize = 13;

/// Where they come from.
pub(crate) const TABLES: &str = "trials t
    JOIN run_cases rc ON rc.run = t.run AND rc.case_index = t.case_index
    JOIN run_variants rv ON rv.run = t.run AND rv.variant = t.variant
    JOIN trial_texts x ON x.trial = t.id";

impl Store {
    /// A page of a run's trials in the order in which they ended, and how many match in all. Blocks.
    pub fn trials_page(
        &self,
        run: RunId,
        filter: &TrialFilter,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<TrialRow>, u32), StoreError> {
        self.read(|transaction| {
            if *filter == TrialFilter::default() {
                return whole_page(transaction, run, offset, limit);
            }
            let condition = condition(filter);
            let ids = trials::ids(run);
            let search = filter.search.as_deref().map(like).unwrap_or_default();
            let bound = params![ids.start, ids.end, run, search];
            let total = transaction
                .prepare_cached(&format!("SELECT count(*) FROM trials t WHERE {condition}"))?
                .query_row(bound, |row| row.get(0))?;
            let chosen = format!("SELECT t.id FROM trials t WHERE {condition} ORDER BY t.id");
            let rows = page(transaction, &format!("{chosen} LIMIT {limit} OFFSET {offset}"), bound)?;
            Ok((rows, total))
        })
    }
}

/// A page of all trials: without gaps in the numbers, the offset is a number.
fn whole_page(
    connection: &Connection,
    run: RunId,
    offset: u32,
    limit: u32,
) -> Result<(Vec<TrialRow>, u32), StoreError> {
    let counted: Option<(u32, u32)> = connection
        .prepare_cached(
            "SELECT last_number, (SELECT coalesce(sum(trials), 0) FROM run_counts WHERE run = ?1)
             FROM run_progress WHERE run = ?1",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (last_number, total) = counted.ok_or_else(|| StoreError::no_run(run))?;
    let ids = trials::ids(run);
    let (first, skipped) =
        if last_number == total { (trials::id(run, offset) + 1, 0) } else { (ids.start, offset) };
    let chosen = "SELECT id FROM trials WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3 OFFSET ?4";
    let rows = page(connection, chosen, params![first, ids.end, limit, skipped])?;
    Ok((rows, total))
}

/// The rows of the trials that a query chooses. The texts are only read for these.
fn page(
    connection: &Connection,
    chosen: &str,
    bound: &[&dyn rusqlite::ToSql],
) -> Result<Vec<TrialRow>, StoreError> {
    let mut select = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE t.id IN ({chosen}) ORDER BY t.id"))?;
    let rows = select.query_map(bound, read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The condition of a filter over `?1..?2` (ids), `?3` (run), `?4` (pattern). Everything spelt out is a number.
fn condition(filter: &TrialFilter) -> String {
    let mut condition = "t.id >= ?1 AND t.id < ?2 AND t.run = ?3".to_owned();
    if !filter.outcomes.is_empty() {
        let codes: Vec<String> = filter.outcomes.iter().map(|outcome| code(*outcome).to_string()).collect();
        condition += &format!(" AND t.outcome IN ({})", codes.join(", "));
    }
    if let Some(variant) = filter.variant {
        condition += &format!(" AND t.variant = {variant}");
    }
    if let Some(case) = filter.case {
        condition += &format!(" AND t.case_index = {case}");
    }
    // The pattern is bound in any case, so that the parameters are always the same four.
    let search = if filter.search.is_some() {
        "t.case_index IN (SELECT case_index FROM run_cases WHERE run = ?3 AND case_id LIKE ?4 ESCAPE '\\')"
    } else {
        "?4 IS NOT NULL"
    };
    format!("{condition} AND {search}")
}

/// A pattern that finds a text anywhere.
pub(crate) fn like(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Reads [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<TrialRow> {
    Ok(TrialRow {
        number: trials::number(row.get(0)?),
        key: trials::read_key(row, 1)?,
        case_id: row.get(4)?,
        variant: row.get(5)?,
        outcome: outcome(row.get(6)?)?,
        score: row.get(7)?,
        latency_ms: row.get(8)?,
        total_tokens: trials::from_tokens(row.get(9)?),
        cost_usd: row.get(10)?,
        preview: row.get(11)?,
        ended_at: row.get(12)?,
    })
}
