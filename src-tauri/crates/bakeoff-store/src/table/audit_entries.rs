//! What an agent did, line by line.

use crate::error::StoreError;
use crate::table::variants::json;
use crate::table::{lab_logs, trials};
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::lab::{AuditEntry, AuditKind, CommandClass, command_line};
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::{Connection, Row, params};

/// A command that an agent ran.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRow {
    /// In which trial.
    pub key: TrialKey,
    /// When.
    pub at: Millis,
    /// The line, as a shell would have it.
    pub line: String,
    /// What the rules said of it when it was run.
    pub class: CommandClass,
}

impl Store {
    /// The commands of every trial of a run that has ended, trial by trial, in their order. Calls of tools that ran nothing
    /// are not among them. Blocks.
    pub fn run_commands(&self, run: RunId) -> Result<Vec<CommandRow>, StoreError> {
        self.read(|transaction| {
            let ids = trials::ids(run);
            let mut select = transaction.prepare_cached(
                "SELECT t.case_index, t.variant, t.repetition, a.at, a.tool, a.content, a.class
                 FROM fault_trials f JOIN trials t ON t.id = f.trial JOIN audit_entries a ON a.log = f.log
                 WHERE f.trial >= ?1 AND f.trial < ?2 AND a.kind = ?3 AND a.class IS NOT NULL
                 ORDER BY f.trial, a.number",
            )?;
            let mut rows = select.query(params![ids.start, ids.end, Word(AuditKind::ToolCall)])?;
            let mut commands = Vec::new();
            while let Some(row) = rows.next()? {
                let tool: Option<String> = row.get(4)?;
                commands.push(CommandRow {
                    key: trials::read_key(row, 0)?,
                    at: row.get(3)?,
                    line: command_line(
                        tool.as_deref().unwrap_or_default(),
                        row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?,
                    ),
                    class: row.get::<_, Word<_>>(6)?.0,
                });
            }
            Ok(commands)
        })
    }

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
