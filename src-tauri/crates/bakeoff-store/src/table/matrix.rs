//! The heat map of a run: trials counted by case and variant.

use crate::error::StoreError;
use crate::outcome_code::codes_where;
use crate::{RunId, Store};
use bakeoff_core::outcome::Outcome;
use rusqlite::params;

/// One case with one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatrixCell {
    /// Index of the case.
    pub case: u32,
    /// Index of the variant.
    pub variant: u16,
    /// Trials ended, whatever the outcome.
    pub done: u16,
    /// Passes.
    pub passes: u16,
    /// Fails and time-outs.
    pub fails: u16,
    /// Everything else.
    pub unusable: u16,
}

impl Store {
    /// The cells with at least one ended trial of the cases from `offset` on (`limit` of them), by case and
    /// variant. Blocks.
    pub fn matrix(&self, run: RunId, offset: u32, limit: u32) -> Result<Vec<MatrixCell>, StoreError> {
        self.read(|transaction| {
            let passes = codes_where(|outcome| outcome == Outcome::Pass);
            let fails = codes_where(|outcome| matches!(outcome, Outcome::Fail | Outcome::Timeout));
            let mut select = transaction.prepare_cached(&format!(
                "SELECT case_index, variant, count(*), sum(outcome IN ({passes})), sum(outcome IN ({fails}))
                 FROM trials WHERE run = ?1 AND case_index >= ?2 AND case_index < ?3
                 GROUP BY case_index, variant ORDER BY case_index, variant"
            ))?;
            let end = i64::from(offset) + i64::from(limit);
            let cells = select
                .query_map(params![run, offset, end], |row| {
                    let (done, passes, fails): (u16, u16, u16) = (row.get(2)?, row.get(3)?, row.get(4)?);
                    let unusable = done - passes - fails;
                    Ok(MatrixCell { case: row.get(0)?, variant: row.get(1)?, done, passes, fails, unusable })
                })?
                .collect::<Result<_, _>>()?;
            Ok(cells)
        })
    }
}
