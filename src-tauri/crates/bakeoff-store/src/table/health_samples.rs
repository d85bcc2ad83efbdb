//! What the oracle saw, sample by sample.

use crate::error::StoreError;
use crate::table::lab_logs;
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::lab::HealthSample;
use bakeoff_core::trial::TrialKey;
use rusqlite::{Connection, params};

impl Store {
    /// The samples of a fault trial, oldest first; of one that is going on, those so far. While a trial is retried they
    /// are the retry's. Blocks.
    pub fn trial_samples(&self, run: RunId, key: TrialKey) -> Result<Vec<HealthSample>, StoreError> {
        self.read(|transaction| {
            let Some(log) = lab_logs::find(transaction, run, key)? else { return Ok(Vec::new()) };
            let mut select = transaction
                .prepare_cached("SELECT sample FROM health_samples WHERE log = ?1 ORDER BY position")?;
            let mut samples = Vec::new();
            let mut rows = select.query([log])?;
            while let Some(row) = rows.next()? {
                let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                samples.push(serde_json::from_str(text).map_err(|error| {
                    StoreError::unreadable(format!("a health sample of run #{run}"), &error)
                })?);
            }
            Ok(samples)
        })
    }
}

/// Adds a sample at the end.
pub(crate) fn insert(connection: &Connection, log: i64, sample: &HealthSample) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO health_samples (log, position, sample)
             SELECT ?1, coalesce(max(position) + 1, 0), ?2 FROM health_samples WHERE log = ?1",
        )?
        .execute(params![log, json(sample, "a health sample")?])?;
    Ok(())
}
