//! What an agent did, line by line.

use crate::error::StoreError;
use crate::table::lab_logs;
use crate::table::variants::json;
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::lab::AuditEntry;
use bakeoff_core::trial::TrialKey;
use rusqlite::{Connection, Row, params};

impl Store {
    /// What the agent of a fault trial did, in order; of a trial that is going on, so far. While a trial is retried it is
    /// the retry's. Blocks.
    pub fn trial_audit(&self, run: RunId, key: TrialKey) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(|transaction| {
            let Some(log) = lab_logs::find(transaction, run, key)? else { return Ok(Vec::new()) };
            let mut select = transaction.prepare_cached(
                "SELECT number, at, kind, summary, content, tool, exit_code, class, parameters
                 FROM audit_entries WHERE log = ?1 ORDER BY number",
            )?;
            let mut entries = Vec::new();
            let mut rows = select.query([log])?;
            while let Some(row) = rows.next()? {
                entries.push(read(row)?);
            }
            Ok(entries)
        })
    }
}

fn read(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let number = row.get(0)?;
    let parameters = row.get_ref(8)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let parameters = parameters
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| StoreError::unreadable(format!("the parameters of audit entry {number}"), &error))?;
    Ok(AuditEntry {
        number,
        at: row.get(1)?,
        kind: row.get::<_, Word<_>>(2)?.0,
        summary: row.get(3)?,
        content: row.get(4)?,
        tool: row.get(5)?,
        parameters,
        exit_code: row.get(6)?,
        class: row.get::<_, Option<Word<_>>>(7)?.map(|word| word.0),
    })
}

/// Writes an entry; one with the same number is replaced.
pub(crate) fn insert(connection: &Connection, log: i64, entry: &AuditEntry) -> Result<(), StoreError> {
    let parameters = entry.parameters.as_ref().map(|value| json(value, "a tool's parameters")).transpose()?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO audit_entries
                 (log, number, at, kind, summary, content, tool, parameters, exit_code, class)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            log,
            entry.number,
            entry.at,
            Word(entry.kind),
            entry.summary,
            entry.content,
            entry.tool,
            parameters,
            entry.exit_code,
            entry.class.map(Word)
        ])?;
    Ok(())
}
