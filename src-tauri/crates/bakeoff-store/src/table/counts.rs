//! How many trials of each variant ended in each outcome, kept up to date by every trial.

use crate::RunId;
use crate::error::StoreError;
use crate::outcome_code::{code, outcome};
use bakeoff_core::outcome::Outcome;
use rusqlite::{Connection, params};

/// Trials of one variant by outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantCounts {
    /// The variant's index.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// Outcomes that occurred, with their counts, in the contract's order.
    pub outcomes: Vec<(Outcome, u32)>,
}

impl VariantCounts {
    /// Trials whose outcome fulfils a condition.
    pub fn count(&self, wanted: impl Fn(Outcome) -> bool) -> u32 {
        self.outcomes.iter().filter(|(outcome, _)| wanted(*outcome)).map(|(_, count)| count).sum()
    }
}

/// Moves one trial from an earlier outcome (of a retried trial) to the new one.
pub(crate) fn count(
    connection: &Connection,
    run: RunId,
    variant: u16,
    earlier: Option<Outcome>,
    new: Outcome,
) -> Result<(), StoreError> {
    let mut add = connection.prepare_cached(
        "INSERT INTO run_counts (run, variant, outcome, trials) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET trials = trials + excluded.trials",
    )?;
    if let Some(earlier) = earlier {
        add.execute(params![run, variant, code(earlier), -1])?;
    }
    add.execute(params![run, variant, code(new), 1])?;
    Ok(())
}

/// One for each variant of a run, in order, also those without a trial.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<VariantCounts>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT v.variant, v.name, c.outcome, c.trials
         FROM run_variants v LEFT JOIN run_counts c ON c.run = v.run AND c.variant = v.variant AND c.trials > 0
         WHERE v.run = ?1 ORDER BY v.variant, c.outcome",
    )?;
    let mut counts: Vec<VariantCounts> = Vec::new();
    let mut rows = select.query([run])?;
    while let Some(row) = rows.next()? {
        let variant = row.get(0)?;
        if counts.last().is_none_or(|last| last.variant != variant) {
            counts.push(VariantCounts { variant, name: row.get(1)?, outcomes: Vec::new() });
        }
        if let (Some(last), Some(number)) = (counts.last_mut(), row.get(2)?) {
            let outcome = outcome(number).map_err(rusqlite::Error::from)?;
            last.outcomes.push((outcome, row.get(3)?));
        }
    }
    Ok(counts)
}
