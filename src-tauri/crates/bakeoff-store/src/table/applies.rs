//! Prompts that were applied, so that they can be undone.

use crate::error::{Problem, StoreError};
use crate::table::variants::json;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::{OptionalExtension, Row, params};

/// An application to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApply {
    /// When.
    pub at: Millis,
    /// The variant whose prompt was written.
    pub variant: String,
    /// The hash of its content.
    pub variant_hash: String,
    /// The metric's identifier.
    pub metric: String,
    /// Numbers that spoke for it.
    pub evidence: String,
    /// Runs behind it.
    pub runs: Vec<RunId>,
    /// The file that was written, relative to the workspace or absolute.
    pub file: String,
    /// The value that was written, for a file that is no variant.
    pub key_path: Option<String>,
    /// The copy of the file as it was.
    pub backup: String,
    /// SHA-256 of the file as it was.
    pub before_hash: String,
    /// SHA-256 of the file as it was written.
    pub after_hash: String,
    /// What was changed; any text, given back as it is.
    pub diff: String,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number, from 1.
    pub id: u32,
    /// What was done.
    pub apply: NewApply,
    /// When it was undone.
    pub undone_at: Option<Millis>,
}

const COLUMNS: &str =
    "id, undone_at, at, variant, variant_hash, metric, evidence, file, key_path, backup, before_hash,
    after_hash, diff, runs";

impl Store {
    /// Keeps an application; returns its number.
    pub async fn insert_apply(&self, apply: NewApply) -> Result<u32, StoreError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO applies (at, variant, variant_hash, metric, evidence, file, key_path, backup,
                         before_hash, after_hash, diff, runs)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                )?
                .execute(params![
                    apply.at,
                    apply.variant,
                    apply.variant_hash,
                    apply.metric,
                    apply.evidence,
                    apply.file,
                    apply.key_path,
                    apply.backup,
                    apply.before_hash,
                    apply.after_hash,
                    apply.diff,
                    json(&apply.runs, "the runs of an application")?
                ])?;
            Ok(u32::try_from(connection.last_insert_rowid()).unwrap_or(u32::MAX))
        })
        .await
    }

    /// Every application, newest first. Blocks.
    pub fn list_applied(&self) -> Result<Vec<Applied>, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM applies ORDER BY id DESC"))?;
            let mut applied = Vec::new();
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                applied.push(read(row)?);
            }
            Ok(applied)
        })
    }

    /// One application. Blocks.
    pub fn applied(&self, id: u32) -> Result<Option<Applied>, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM applies WHERE id = ?1"))?;
            select.query_row([id], |row| Ok(read(row))).optional()?.transpose()
        })
    }

    /// Notes that an application was undone. Fails when there is none of this number or it was undone before.
    pub async fn mark_undone(&self, id: u32, at: Millis) -> Result<(), StoreError> {
        self.write(move |connection| {
            let changed = connection
                .prepare_cached("UPDATE applies SET undone_at = ?2 WHERE id = ?1 AND undone_at IS NULL")?
                .execute(params![id, at])?;
            let what = format!("application {id} that could be undone");
            if changed == 1 { Ok(()) } else { Err(Problem::NotFound { what }.into()) }
        })
        .await
    }
}

fn read(row: &Row<'_>) -> Result<Applied, StoreError> {
    let id = row.get(0)?;
    let runs = serde_json::from_str(row.get_ref(13)?.as_str().map_err(rusqlite::Error::from)?)
        .map_err(|error| StoreError::unreadable(format!("the runs of application {id}"), &error))?;
    let apply = NewApply {
        at: row.get(2)?,
        variant: row.get(3)?,
        variant_hash: row.get(4)?,
        metric: row.get(5)?,
        evidence: row.get(6)?,
        runs,
        file: row.get(7)?,
        key_path: row.get(8)?,
        backup: row.get(9)?,
        before_hash: row.get(10)?,
        after_hash: row.get(11)?,
        diff: row.get(12)?,
    };
    Ok(Applied { id, apply, undone_at: row.get(1)? })
}
