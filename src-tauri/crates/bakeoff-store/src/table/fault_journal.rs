//! The write-ahead journal of faults: a row is on the disk before anything is done, and says how it is undone.

use crate::error::{Problem, StoreError};
use crate::process::{self, Presence, ProcessMark};
use crate::table::trials;
use crate::table::variants::json;
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::fault::{FaultState, Place};
use bakeoff_core::ports::lab::{JournalEntry, JournalId};
use bakeoff_core::trial::Millis;
use rusqlite::{Connection, Row, ToSql, params};
use serde::de::DeserializeOwned;

/// The program that wrote a row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultOwner {
    /// Its process.
    pub process: u32,
    /// When that started, in seconds after the machine did.
    pub process_start: i64,
    /// One value from the machine's start to its next.
    pub boot_id: String,
    /// The machine on which it ran.
    pub host: String,
    /// It is this handle.
    pub is_this: bool,
    /// It is surely gone.
    pub is_gone: bool,
    /// The machine was started anew since then: every process of that time is gone.
    pub is_earlier_boot: bool,
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRow {
    /// Its number.
    pub id: JournalId,
    /// Its run, which may have been deleted.
    pub run: RunId,
    /// What was written before it was done.
    pub entry: JournalEntry,
    /// How far it is.
    pub state: FaultState,
    /// When it was written down.
    pub planned_at: Millis,
    /// When it was begun.
    pub injecting_at: Option<Millis>,
    /// When a probe saw it.
    pub landed_at: Option<Millis>,
    /// When its undoing began.
    pub reverting_at: Option<Millis>,
    /// When it was undone, lost or given up.
    pub ended_at: Option<Millis>,
    /// What there is to say about it.
    pub note: Option<String>,
    /// Who did it.
    pub owner: FaultOwner,
}

/// Rows of the journal, by what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalRows {
    /// Those with these numbers.
    Ids(Vec<JournalId>),
    /// Those of the instance that runs (or ran) here.
    Place(Place),
}

/// What has become of faults that are closed from outside their trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// They were undone, and a probe saw that they are.
    Reverted,
    /// Their instance is gone, and they with it.
    Lost,
}

const COLUMNS: &str = "id, run, case_index, variant, repetition, planned, place, expires_at, state, planned_at,
    injecting_at, landed_at, reverting_at, ended_at, note, process_id, process_start, boot_id, host, instance";

/// The states that [`FaultState::is_open`] does not call open.
const IS_OPEN: &str = "state NOT IN ('reverted', 'lost')";

impl Store {
    /// Faults that may still be in force, oldest first, of all runs, deleted ones included. Blocks.
    pub fn open_faults(&self) -> Result<Vec<JournalRow>, StoreError> {
        self.journal_where(&format!("{IS_OPEN} ORDER BY id"), &[])
    }

    /// The newest rows of the journal, of one run or of all, newest first. Blocks.
    pub fn fault_journal(&self, run: Option<RunId>, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        self.journal_where("(?1 IS NULL OR run = ?1) ORDER BY id DESC LIMIT ?2", &[&run, &limit])
    }

    fn journal_where(&self, condition: &str, bound: &[&dyn ToSql]) -> Result<Vec<JournalRow>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction
                .prepare_cached(&format!("SELECT {COLUMNS} FROM fault_journal WHERE {condition}"))?;
            let mut found = Vec::new();
            let mut rows = select.query(bound)?;
            while let Some(row) = rows.next()? {
                found.push(read(row, self.instance())?);
            }
            Ok(found)
        })
    }

    /// Closes faults of the journal that are open, as a sweep does; returns how many. Any program may.
    pub async fn close_faults(
        &self,
        which: JournalRows,
        closing: Closing,
        at: Millis,
        note: Option<String>,
    ) -> Result<u32, StoreError> {
        let state = match closing {
            Closing::Reverted => FaultState::Reverted,
            Closing::Lost => FaultState::Lost,
        };
        self.write(move |connection| {
            let ids = match which {
                JournalRows::Ids(ids) => ids,
                JournalRows::Place(place) => open_at(connection, &place)?,
            };
            let mut closed = 0;
            for id in ids {
                closed += u32::from(change(connection, id, state, at, note.as_deref())?);
            }
            Ok(closed)
        })
        .await
    }
}

fn open_at(connection: &Connection, place: &Place) -> Result<Vec<JournalId>, StoreError> {
    let mut select =
        connection.prepare_cached(&format!("SELECT id FROM fault_journal WHERE {IS_OPEN} AND place = ?1"))?;
    let ids = select
        .query_map([json(place, "a place")?], |row| Ok(JournalId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Writes a fault down as planned by this process.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    instance: i64,
    entry: &JournalEntry,
    at: Millis,
) -> Result<JournalId, StoreError> {
    let (own, planned, key) = (process::own(), &entry.planned, entry.key);
    connection
        .prepare_cached(
            "INSERT INTO fault_journal (run, case_index, variant, repetition, kind, node, mechanism, planned, place,
                 state, planned_at, expires_at, instance, process_id, process_start, boot_id, host)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            run,
            key.case,
            key.variant,
            key.repetition,
            planned.fault.kind.name(),
            planned.node,
            planned.mechanism,
            json(planned, "a planned fault")?,
            json(&entry.place, "a place")?,
            Word(FaultState::Planned),
            at,
            entry.expires_at,
            instance,
            own.id,
            own.start,
            own.boot,
            own.host
        ])?;
    Ok(JournalId(connection.last_insert_rowid()))
}

/// Notes how far a fault is. One that is closed stays as it is.
pub(crate) fn advance(
    connection: &Connection,
    id: JournalId,
    state: FaultState,
    at: Millis,
    note: Option<&str>,
) -> Result<(), StoreError> {
    let is_known = change(connection, id, state, at, note)?
        || connection.prepare_cached("SELECT 1 FROM fault_journal WHERE id = ?1")?.exists([id.0])?;
    let unknown = || Problem::NotFound { what: format!("fault #{} in the journal", id.0) }.into();
    if is_known { Ok(()) } else { Err(unknown()) }
}

/// Changes a row that is open; whether it was.
fn change(
    connection: &Connection,
    id: JournalId,
    state: FaultState,
    at: Millis,
    note: Option<&str>,
) -> Result<bool, StoreError> {
    let moment = match state {
        FaultState::Planned => "planned_at",
        FaultState::Injecting => "injecting_at",
        FaultState::Landed => "landed_at",
        FaultState::Reverting => "reverting_at",
        FaultState::Reverted | FaultState::RevertFailed | FaultState::Lost => "ended_at",
    };
    let changed = connection
        .prepare_cached(&format!(
            "UPDATE fault_journal SET state = ?2, {moment} = ?3, note = coalesce(?4, note)
             WHERE id = ?1 AND {IS_OPEN}"
        ))?
        .execute(params![id.0, Word(state), at, note])?;
    Ok(changed > 0)
}

/// Forgets the closed faults of a run that is deleted.
pub(crate) fn remove_closed(connection: &Connection, run: RunId) -> Result<(), StoreError> {
    connection.execute(&format!("DELETE FROM fault_journal WHERE run = ?1 AND NOT ({IS_OPEN})"), [run])?;
    Ok(())
}

fn read(row: &Row<'_>, instance: i64) -> Result<JournalRow, StoreError> {
    let id = row.get(0)?;
    Ok(JournalRow {
        id: JournalId(id),
        run: row.get(1)?,
        entry: JournalEntry {
            key: trials::read_key(row, 2)?,
            planned: from_json(row, 5, id)?,
            place: from_json(row, 6, id)?,
            expires_at: row.get(7)?,
        },
        state: row.get::<_, Word<_>>(8)?.0,
        planned_at: row.get(9)?,
        injecting_at: row.get(10)?,
        landed_at: row.get(11)?,
        reverting_at: row.get(12)?,
        ended_at: row.get(13)?,
        note: row.get(14)?,
        owner: read_owner(row, instance)?,
    })
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize, id: i64) -> Result<T, StoreError> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text)
        .map_err(|error| StoreError::unreadable(format!("fault #{id} in the journal"), &error))
}

fn read_owner(row: &Row<'_>, instance: i64) -> Result<FaultOwner, StoreError> {
    let mark = ProcessMark { id: row.get(15)?, start: row.get(16)?, boot: row.get(17)?, host: row.get(18)? };
    let its_instance = row.get(19)?;
    let own = process::own();
    Ok(FaultOwner {
        process: mark.id,
        process_start: mark.start,
        is_this: its_instance == instance,
        is_gone: process::presence(&mark, its_instance) == Presence::Gone,
        is_earlier_boot: mark.host == own.host && mark.boot != own.boot,
        boot_id: mark.boot,
        host: mark.host,
    })
}
