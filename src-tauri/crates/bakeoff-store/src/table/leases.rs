//! Who runs a run: one program at a time.

use crate::error::{Problem, StoreError};
use crate::process::{self, Presence, ProcessMark, SILENCE_MS};
use crate::recover;
use crate::table::lab_logs;
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The holder of a run's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its process.
    pub process: u32,
    /// The machine on which it runs.
    pub host: String,
    /// It is this handle.
    pub is_this: bool,
    /// It is surely gone: [`Store::recover`] or [`Store::acquire`] will take the run over.
    pub is_gone: bool,
    /// When it last said that it was alive.
    pub heartbeat_at: Millis,
}

/// A row of the table.
pub(crate) struct Lease {
    mark: ProcessMark,
    instance: i64,
    heartbeat_ms: Millis,
}

impl Lease {
    /// Whether its holder is gone at this moment.
    pub(crate) fn is_left(&self, now: Millis) -> bool {
        match process::presence(&self.mark, self.instance) {
            Presence::Alive => false,
            Presence::Gone => true,
            Presence::Elsewhere => now - self.heartbeat_ms > SILENCE_MS,
        }
    }

    /// What others may know of it.
    pub(crate) fn owner(&self, instance: i64) -> Owner {
        Owner {
            process: self.mark.id,
            host: self.mark.host.clone(),
            is_this: self.instance == instance,
            is_gone: process::presence(&self.mark, self.instance) == Presence::Gone,
            heartbeat_at: self.heartbeat_ms,
        }
    }
}

impl Store {
    /// Takes the lease of a run (again), so that this handle may write to it. When its holder is gone, what it left
    /// in flight is marked as interrupted first; when it is there, fails with [`Problem::Owned`]. The run's state
    /// stays as it is: set it next.
    pub async fn acquire(&self, run: RunId, now: Millis) -> Result<(), StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            match find(connection, run)? {
                Some(lease) if lease.instance == instance => return insert(connection, run, instance, now),
                Some(lease) if lease.is_left(now) => {
                    recover::take_over(connection, run, now)?;
                }
                Some(lease) => return Err(Problem::Owned { run, process: lease.mark.id }.into()),
                None => {}
            }
            insert(connection, run, instance, now)?;
            lab_logs::close_all(connection, run, now)
        })
        .await
    }

    /// Says that this handle still works on the run. Call it every few seconds. Fails with [`Problem::NotOwner`]
    /// when another program has taken it over.
    pub async fn heartbeat(&self, run: RunId, now: Millis) -> Result<(), StoreError> {
        self.write_own(run, move |connection| {
            connection
                .prepare_cached("UPDATE leases SET heartbeat_ms = ?2 WHERE run = ?1")?
                .execute(params![run, now])?;
            Ok(())
        })
        .await
    }

    /// Gives the lease up without a change of state. [`Store::set_state`] with an inactive state does it too.
    pub async fn release(&self, run: RunId) -> Result<(), StoreError> {
        self.write_own(run, move |connection| remove(connection, run)).await
    }

    /// Who runs a run now; `None`: nobody. Blocks.
    pub fn owner(&self, run: RunId) -> Result<Option<Owner>, StoreError> {
        self.read(|transaction| Ok(find(transaction, run)?.map(|lease| lease.owner(self.instance()))))
    }
}

/// Fails unless this handle holds the lease.
pub(crate) fn require(connection: &Connection, run: RunId, instance: i64) -> Result<(), StoreError> {
    let is_held = connection
        .prepare_cached("SELECT 1 FROM leases WHERE run = ?1 AND instance = ?2")?
        .exists(params![run, instance])?;
    if is_held {
        return Ok(());
    }
    let is_there = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?.exists([run])?;
    Err(if is_there { Problem::NotOwner { run }.into() } else { StoreError::no_run(run) })
}

/// The lease of a run.
pub(crate) fn find(connection: &Connection, run: RunId) -> Result<Option<Lease>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT process_id, process_start, boot_id, host, instance, heartbeat_ms FROM leases WHERE run = ?1",
    )?;
    Ok(select.query_row([run], read).optional()?)
}

/// Every lease.
pub(crate) fn all(connection: &Connection) -> Result<Vec<(RunId, Lease)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT process_id, process_start, boot_id, host, instance, heartbeat_ms, run FROM leases ORDER BY run",
    )?;
    let leases = select.query_map([], |row| Ok((row.get(6)?, read(row)?)))?.collect::<Result<_, _>>()?;
    Ok(leases)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease {
        mark: ProcessMark { id: row.get(0)?, start: row.get(1)?, boot: row.get(2)?, host: row.get(3)? },
        instance: row.get(4)?,
        heartbeat_ms: row.get(5)?,
    })
}

/// Writes the lease of this process.
pub(crate) fn insert(
    connection: &Connection,
    run: RunId,
    instance: i64,
    now: Millis,
) -> Result<(), StoreError> {
    if !connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?.exists([run])? {
        return Err(StoreError::no_run(run));
    }
    let own = process::own();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO leases
                 (run, instance, process_id, process_start, boot_id, host, heartbeat_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![run, instance, own.id, own.start, own.boot, own.host, now])?;
    Ok(())
}

/// Ends the lease.
pub(crate) fn remove(connection: &Connection, run: RunId) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM leases WHERE run = ?1")?.execute([run])?;
    Ok(())
}
