//! What the gates of a run said when they were checked last.

use crate::error::StoreError;
use crate::table::runs;
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::gate::GateResult;
use bakeoff_core::trial::Millis;
use rusqlite::{OptionalExtension, params};

/// The gates of a run, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct GateCheck {
    /// Every gate for every variant that it looked at.
    pub results: Vec<GateResult>,
    /// When.
    pub at: Millis,
}

impl Store {
    /// Keeps what a run's gates said; it replaces what they said before (a resumed run is checked again). Any program
    /// may.
    pub async fn set_gate_results(&self, run: RunId, check: GateCheck) -> Result<(), StoreError> {
        self.write(move |connection| {
            runs::require(connection, run)?;
            connection
                .prepare_cached("INSERT OR REPLACE INTO gate_results (run, results, at) VALUES (?1, ?2, ?3)")?
                .execute(params![run, json(&check.results, "the results of gates")?, check.at])?;
            Ok(())
        })
        .await
    }

    /// What a run's gates said; `None` when they were not checked. Blocks.
    pub fn gate_results(&self, run: RunId) -> Result<Option<GateCheck>, StoreError> {
        self.read(|transaction| {
            let found: Option<(String, Millis)> = transaction
                .prepare_cached("SELECT results, at FROM gate_results WHERE run = ?1")?
                .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((results, at)) = found else { return Ok(None) };
            let results = serde_json::from_str(&results)
                .map_err(|error| StoreError::unreadable(format!("the gates of run #{run}"), &error))?;
            Ok(Some(GateCheck { results, at }))
        })
    }
}
