//! Tickets of all fault trials, and what people say about them.

use crate::error::{Problem, StoreError};
use crate::table::variants::json;
use crate::table::{lab_logs, trials};
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::lab::{Ticket, TicketStatus};
use bakeoff_core::trial::{Millis, TrialKey};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Which tickets are wanted. The default: all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only those in this state.
    pub status: Option<TicketStatus>,
    /// Only those that are not resolved.
    pub unresolved: bool,
}

/// A ticket with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRow {
    /// Its number over all runs.
    pub id: u32,
    /// Its run.
    pub run: RunId,
    /// Its trial.
    pub key: TrialKey,
    /// The case's id.
    pub case_id: String,
    /// The variant's name.
    pub variant: String,
    /// The ticket.
    pub ticket: Ticket,
}

const COLUMNS: &str = "t.number, t.key, t.invariant, t.node, t.severity, t.message, t.status,
    coalesce(t.person_held, t.held), t.occurrences, t.first_seen_at, t.last_seen_at, t.resolved_at, t.resolved_by,
    t.diagnosis, t.variant, t.metrics";

/// The number of these columns.
const COUNT: usize = 16;

const ROWS: &str = "tickets t JOIN lab_logs l ON l.id = t.log
    JOIN run_cases rc ON rc.run = l.run AND rc.case_index = l.case_index
    JOIN run_variants rv ON rv.run = l.run AND rv.variant = l.variant";

const WHERE: &str =
    "(?1 IS NULL OR l.run = ?1) AND (?2 IS NULL OR t.status = ?2) AND (NOT ?3 OR t.status <> 'resolved')";

/// Who resolved a ticket by hand, as [`Ticket::resolved_by`] has it.
const PERSON: &str = "person";

impl Store {
    /// A page of tickets, newest first, and how many match in all. Blocks.
    pub fn tickets(
        &self,
        filter: TicketFilter,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<TicketRow>, u32), StoreError> {
        self.read(|transaction| {
            let status = filter.status.map(Word);
            let total = transaction
                .prepare_cached(&format!("SELECT count(*) FROM {ROWS} WHERE {WHERE}"))?
                .query_row(params![filter.run, status, filter.unresolved], |row| row.get(0))?;
            let mut select = transaction.prepare_cached(&format!(
                "{} WHERE {WHERE} ORDER BY t.id DESC LIMIT ?4 OFFSET ?5",
                select_rows()
            ))?;
            let mut tickets = Vec::new();
            let mut rows = select.query(params![filter.run, status, filter.unresolved, limit, offset])?;
            while let Some(row) = rows.next()? {
                tickets.push(read_row(row)?);
            }
            Ok((tickets, total))
        })
    }

    /// One ticket. Blocks.
    pub fn ticket(&self, id: u32) -> Result<TicketRow, StoreError> {
        self.read(|transaction| find(transaction, id))
    }

    /// The tickets of a fault trial, oldest first; of one that is going on, those so far. While a trial is retried they
    /// are the retry's. Blocks.
    pub fn trial_tickets(&self, run: RunId, key: TrialKey) -> Result<Vec<Ticket>, StoreError> {
        self.read(|transaction| {
            let log = lab_logs::find(transaction, run, key)?;
            log.map_or(Ok(Vec::new()), |log| of_log(transaction, log))
        })
    }

    /// A person resolves a ticket; what its trial writes later does not open it again. Any program may. Fails when it is
    /// resolved already.
    pub async fn resolve_ticket(&self, id: u32, at: Millis) -> Result<TicketRow, StoreError> {
        self.change_ticket(id, "resolved", move |connection| {
            connection
                .prepare_cached(
                    "UPDATE tickets SET status = 'resolved', resolved_at = ?2, resolved_by = ?3 WHERE id = ?1",
                )?
                .execute(params![id, at, PERSON])
        })
        .await
    }

    /// A person keeps a ticket from being resolved by itself. Any program may. Fails when it is resolved already.
    pub async fn hold_ticket(&self, id: u32) -> Result<TicketRow, StoreError> {
        self.set_held(id, true, "held").await
    }

    /// A person lets a ticket be resolved by itself again. Any program may. Fails when it is resolved already.
    pub async fn unhold_ticket(&self, id: u32) -> Result<TicketRow, StoreError> {
        self.set_held(id, false, "released").await
    }

    async fn set_held(&self, id: u32, held: bool, change: &'static str) -> Result<TicketRow, StoreError> {
        self.change_ticket(id, change, move |connection| {
            connection
                .prepare_cached("UPDATE tickets SET person_held = ?2 WHERE id = ?1")?
                .execute(params![id, held])
        })
        .await
    }

    async fn change_ticket(
        &self,
        id: u32,
        change: &'static str,
        how: impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<TicketRow, StoreError> {
        self.write(move |connection| {
            if find(connection, id)?.ticket.status == TicketStatus::Resolved {
                let detail = format!("ticket #{id} is resolved, but must be unresolved to be {change}");
                return Err(Problem::Invalid { detail }.into());
            }
            how(connection)?;
            find(connection, id)
        })
        .await
    }
}

fn select_rows() -> String {
    format!(
        "SELECT {COLUMNS}, t.id, l.run, l.case_index, l.variant, l.repetition, rc.case_id, rv.name FROM {ROWS}"
    )
}

fn find(connection: &Connection, id: u32) -> Result<TicketRow, StoreError> {
    let mut select = connection.prepare_cached(&format!("{} WHERE t.id = ?1", select_rows()))?;
    let found = select.query_row([id], |row| Ok(read_row(row))).optional()?;
    found.unwrap_or_else(|| Err(Problem::NotFound { what: format!("ticket #{id}") }.into()))
}

/// The tickets of an attempt.
pub(crate) fn of_log(connection: &Connection, log: i64) -> Result<Vec<Ticket>, StoreError> {
    let mut select = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tickets t WHERE t.log = ?1 ORDER BY t.number"))?;
    let mut tickets = Vec::new();
    let mut rows = select.query([log])?;
    while let Some(row) = rows.next()? {
        tickets.push(read(row)?);
    }
    Ok(tickets)
}

fn read_row(row: &Row<'_>) -> Result<TicketRow, StoreError> {
    Ok(TicketRow {
        ticket: read(row)?,
        id: row.get(COUNT)?,
        run: row.get(COUNT + 1)?,
        key: trials::read_key(row, COUNT + 2)?,
        case_id: row.get(COUNT + 5)?,
        variant: row.get(COUNT + 6)?,
    })
}

fn read(row: &Row<'_>) -> Result<Ticket, StoreError> {
    let key: String = row.get(1)?;
    let metrics = row.get_ref(15)?.as_str().map_err(rusqlite::Error::from)?;
    let metrics = serde_json::from_str(metrics)
        .map_err(|error| StoreError::unreadable(format!("the metrics of ticket `{key}`"), &error))?;
    Ok(Ticket {
        number: row.get(0)?,
        invariant: row.get(2)?,
        node: row.get(3)?,
        severity: row.get::<_, Word<_>>(4)?.0,
        message: row.get(5)?,
        status: row.get::<_, Word<_>>(6)?.0,
        held: row.get(7)?,
        occurrences: row.get(8)?,
        first_seen_at: row.get(9)?,
        last_seen_at: row.get(10)?,
        resolved_at: row.get(11)?,
        resolved_by: row.get(12)?,
        diagnosis: row.get(13)?,
        variant: row.get(14)?,
        metrics,
        key,
    })
}

/// Writes a ticket as its trial has it. One that a person resolved stays resolved.
pub(crate) fn write(connection: &Connection, log: i64, ticket: &Ticket) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO tickets AS t (log, number, key, invariant, node, severity, message, status, held, occurrences,
                 first_seen_at, last_seen_at, resolved_at, resolved_by, diagnosis, variant, metrics)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (log, number) DO UPDATE SET
                 key = ?3, invariant = ?4, node = ?5, severity = ?6, message = ?7, held = ?9, occurrences = ?10,
                 first_seen_at = ?11, last_seen_at = ?12, diagnosis = ?15, variant = ?16, metrics = ?17,
                 status = iif(t.resolved_by IS ?18, t.status, ?8),
                 resolved_at = iif(t.resolved_by IS ?18, t.resolved_at, ?13),
                 resolved_by = iif(t.resolved_by IS ?18, t.resolved_by, ?14)",
        )?
        .execute(params![
            log,
            ticket.number,
            ticket.key,
            ticket.invariant,
            ticket.node,
            Word(ticket.severity),
            ticket.message,
            Word(ticket.status),
            ticket.held,
            ticket.occurrences,
            ticket.first_seen_at,
            ticket.last_seen_at,
            ticket.resolved_at,
            ticket.resolved_by,
            ticket.diagnosis,
            ticket.variant,
            json(&ticket.metrics, "the metrics of a ticket")?,
            PERSON
        ])?;
    Ok(())
}
