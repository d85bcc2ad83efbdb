//! Runs that another program ran, taken from its file.

use crate::append;
use crate::error::StoreError;
use crate::table::runs::{self, NewRun};
use crate::table::state::RunState;
use crate::table::{audit_entries, lab_logs};
use crate::{RunId, Store};
use bakeoff_core::lab::AuditEntry;
use bakeoff_core::trial::{Millis, TrialRecord};
use rusqlite::{OptionalExtension, Row, params};

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSource {
    /// The file.
    pub file: String,
    /// The campaign's number there.
    pub campaign: i64,
    /// Which campaign it is, wherever its file lies: the same one is not taken twice.
    pub key: String,
    /// Hash of the campaign with all its trials.
    pub content: String,
}

/// A trial of such a run.
#[derive(Debug, Clone)]
pub struct ImportedTrial {
    /// The record.
    pub record: TrialRecord,
    /// What its agent did, in order.
    pub audit: Vec<AuditEntry>,
}

/// A run that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRun {
    /// Its number.
    pub run: RunId,
    /// Where it came from.
    pub source: ImportSource,
    /// When.
    pub imported_at: Millis,
}

impl Store {
    /// Keeps a run of another program, whole and finished, in one transaction. `planned`: how many trials it was to have.
    pub async fn import_run(
        &self,
        new: NewRun,
        source: ImportSource,
        planned: u32,
        ended_at: Millis,
        trials: Vec<ImportedTrial>,
        now: Millis,
    ) -> Result<RunId, StoreError> {
        self.write(move |connection| {
            let run = runs::insert(connection, new)?;
            connection
                .prepare_cached(
                    "INSERT INTO imported_runs (run, file, campaign, key, content, imported_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![run, source.file, source.campaign, source.key, source.content, now])?;
            let mut unpriced = 0_u32;
            for ImportedTrial { record, audit } in &trials {
                append::write(connection, run, record)?;
                // No call of theirs is known, but that does not mean that they cost nothing.
                unpriced += u32::from(record.cost_usd.is_none() && record.attempts.is_empty());
                if let Some(log) = lab_logs::find(connection, run, record.key)? {
                    for entry in audit {
                        audit_entries::insert(connection, log, entry)?;
                    }
                }
            }
            connection.execute(
                "UPDATE run_progress SET cost_unknown_trials = cost_unknown_trials + ?2 WHERE run = ?1",
                params![run, unpriced],
            )?;
            connection.execute(
                "UPDATE runs SET state = ?2, planned = ?3, ended_at = ?4 WHERE id = ?1",
                params![run, RunState::Finished, planned, ended_at],
            )?;
            Ok(run)
        })
        .await
    }

    /// The run that was taken from a campaign before, by the campaign's key. Blocks.
    pub fn imported_by_key(&self, key: &str) -> Result<Option<ImportedRun>, StoreError> {
        self.find_imported("key = ?1", key)
    }

    /// Where a run came from; `None`: this program ran it. Blocks.
    pub fn imported_run(&self, run: RunId) -> Result<Option<ImportedRun>, StoreError> {
        self.find_imported("run = ?1", run)
    }

    fn find_imported(
        &self,
        condition: &str,
        value: impl rusqlite::ToSql,
    ) -> Result<Option<ImportedRun>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT run, file, campaign, key, content, imported_at FROM imported_runs WHERE {condition}"
            ))?;
            Ok(select.query_row([value], read).optional()?)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ImportedRun> {
    Ok(ImportedRun {
        run: row.get(0)?,
        source: ImportSource {
            file: row.get(1)?,
            campaign: row.get(2)?,
            key: row.get(3)?,
            content: row.get(4)?,
        },
        imported_at: row.get(5)?,
    })
}
