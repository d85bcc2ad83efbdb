//! What models said of the commands that agents ran, by the hash of the command. The commands themselves are in
//! `audit_entries`; nothing of a trial is changed.

use crate::Store;
use crate::error::StoreError;
use crate::word::Word;
use bakeoff_core::lab::CommandClass;
use bakeoff_core::trial::Millis;
use bakeoff_core::variant::Provider;
use rusqlite::{Row, params};

/// What a model said of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptClass {
    /// SHA-256 of the command's text.
    pub command: String,
    /// Whose model.
    pub provider: Provider,
    /// The model, as it was asked for.
    pub model: String,
    /// Which question it was asked.
    pub question: u32,
    /// Its answer.
    pub class: CommandClass,
    /// Why, in its words.
    pub reason: String,
    /// When.
    pub at: Millis,
}

impl Store {
    /// Keeps what a model said; an earlier answer of the same model to the same question is replaced.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn keep_command_classes(&self, classes: Vec<KeptClass>) -> Result<(), StoreError> {
        self.write(move |connection| {
            // Replacing gives a row a new id, by which others see that something has changed.
            let mut insert = connection.prepare_cached(
                "INSERT OR REPLACE INTO command_classes (command, provider, model, question, class, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for kept in &classes {
                insert.execute(params![
                    kept.command,
                    Word(kept.provider),
                    kept.model,
                    kept.question,
                    Word(kept.class),
                    kept.reason,
                    kept.at
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// All answers to a question, in the order in which they were given. Blocks.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn command_classes(&self, question: u32) -> Result<Vec<KeptClass>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT command, provider, model, question, class, reason, at FROM command_classes
                 WHERE question = ?1 ORDER BY id",
            )?;
            let rows = select.query_map([question], read)?;
            rows.collect::<Result<_, _>>().map_err(Into::into)
        })
    }

    /// A number that grows with each answer that is kept; 0: there is none. Blocks.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn command_classes_revision(&self) -> Result<i64, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached("SELECT coalesce(max(id), 0) FROM command_classes")?;
            Ok(select.query_row([], |row| row.get(0))?)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeptClass> {
    Ok(KeptClass {
        command: row.get(0)?,
        provider: row.get::<_, Word<_>>(1)?.0,
        model: row.get(2)?,
        question: row.get(3)?,
        class: row.get::<_, Word<_>>(4)?.0,
        reason: row.get(5)?,
        at: row.get(6)?,
    })
}
