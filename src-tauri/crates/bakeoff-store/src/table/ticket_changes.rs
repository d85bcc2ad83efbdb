//! What people want of the tickets of trials that another program runs: asked for here, carried out there.

use crate::error::StoreError;
use crate::table::trials;
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::lab::TicketChange;
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::{OptionalExtension, params};

/// A change that nobody has looked at yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedChange {
    /// Its own number.
    pub id: i64,
    /// The trial whose ticket it is.
    pub key: TrialKey,
    /// The ticket's number within its trial.
    pub number: u32,
    /// What is wanted.
    pub change: TicketChange,
}

impl Store {
    /// Asks the program that runs a ticket's trial for a change. Any program may. The number is that of the request.
    pub async fn ask_ticket_change(
        &self,
        ticket: u32,
        change: TicketChange,
        at: Millis,
    ) -> Result<i64, StoreError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO ticket_changes (ticket, run, change, asked_at)
                     SELECT t.id, l.run, ?2, ?3 FROM tickets t JOIN lab_logs l ON l.id = t.log WHERE t.id = ?1",
                )?
                .execute(params![ticket, Word(change), at])?;
            Ok(connection.last_insert_rowid())
        })
        .await
    }

    /// What was asked for of a run and not answered yet, oldest first. Blocks.
    pub fn asked_ticket_changes(&self, run: RunId) -> Result<Vec<AskedChange>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT c.id, l.case_index, l.variant, l.repetition, t.number, c.change
                 FROM ticket_changes c JOIN tickets t ON t.id = c.ticket JOIN lab_logs l ON l.id = t.log
                 WHERE c.run = ?1 AND c.answered_at IS NULL ORDER BY c.id",
            )?;
            let asked = select.query_map([run], |row| {
                Ok(AskedChange {
                    id: row.get(0)?,
                    key: trials::read_key(row, 1)?,
                    number: row.get(4)?,
                    change: row.get::<_, Word<_>>(5)?.0,
                })
            })?;
            Ok(asked.collect::<Result<_, _>>()?)
        })
    }

    /// Says what came of a request; `refusal`: why it was not done.
    pub async fn answer_ticket_change(
        &self,
        id: i64,
        at: Millis,
        refusal: Option<String>,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE ticket_changes SET answered_at = ?2, refusal = ?3 WHERE id = ?1 AND answered_at IS NULL",
                )?
                .execute(params![id, at, refusal])?;
            Ok(())
        })
        .await
    }

    /// What came of a request; `None`: nobody has looked at it yet. Blocks.
    pub fn ticket_change_answer(&self, id: i64) -> Result<Option<Result<(), String>>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT refusal FROM ticket_changes WHERE id = ?1 AND answered_at IS NOT NULL",
            )?;
            let refusal: Option<Option<String>> = select.query_row([id], |row| row.get(0)).optional()?;
            Ok(refusal.map(|refusal| refusal.map_or(Ok(()), Err)))
        })
    }
}
