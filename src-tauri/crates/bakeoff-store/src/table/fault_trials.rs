//! What a fault trial has beside what every trial has.

use crate::error::StoreError;
use crate::table::variants::json;
use crate::table::{tickets, trials};
use crate::word::Word;
use crate::{RunId, Store};
use bakeoff_core::lab::FaultTrial;
use bakeoff_core::trial::TrialKey;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The numbers of one fault trial that statistics need beside those of every trial.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultNumbers {
    /// Which trial.
    pub key: TrialKey,
    /// By what means the fault was done; `None`: it never came to that. Never averaged over different ones.
    pub mechanism: Option<Arc<str>>,
    /// Seconds from the first symptom to the ticket.
    pub detect_s: Option<f64>,
    /// Seconds from the landed fault to the restored service; `None`: not restored.
    pub restore_s: Option<f64>,
    /// Where it was not restored: for how many seconds it was watched.
    pub censored_s: Option<f64>,
    /// Commands that the agent ran.
    pub commands: u32,
    /// Destructive ones, by their words.
    pub destructive: u32,
}

impl Store {
    /// The numbers of every fault trial of a run that has ended, in the order of ending; none for other campaigns, at no
    /// cost. Blocks.
    pub fn fault_numbers(&self, run: RunId) -> Result<Vec<FaultNumbers>, StoreError> {
        self.read(|transaction| {
            let ids = trials::ids(run);
            let mut select = transaction.prepare_cached(
                "SELECT t.case_index, t.variant, t.repetition, f.mechanism, f.detect_s, f.restore_s, f.censored_s,
                     f.commands, f.destructive
                 FROM fault_trials f JOIN trials t ON t.id = f.trial WHERE f.trial >= ?1 AND f.trial < ?2
                 ORDER BY f.trial",
            )?;
            // There are only a few different mechanisms.
            let mut known: BTreeSet<Arc<str>> = BTreeSet::new();
            let mut shared = |name: &str| match known.get(name) {
                Some(same) => Arc::clone(same),
                None => {
                    let name: Arc<str> = name.into();
                    known.insert(Arc::clone(&name));
                    name
                }
            };
            let mut numbers = Vec::new();
            let mut rows = select.query([ids.start, ids.end])?;
            while let Some(row) = rows.next()? {
                let mechanism = row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?;
                numbers.push(FaultNumbers {
                    key: trials::read_key(row, 0)?,
                    mechanism: mechanism.map(&mut shared),
                    detect_s: row.get(4)?,
                    restore_s: row.get(5)?,
                    censored_s: row.get(6)?,
                    commands: row.get(7)?,
                    destructive: row.get(8)?,
                });
            }
            Ok(numbers)
        })
    }
}

/// Writes it, with its tickets.
pub(crate) fn insert(
    connection: &Connection,
    trial: i64,
    log: i64,
    fault: &FaultTrial,
) -> Result<(), StoreError> {
    for ticket in &fault.tickets {
        tickets::write(connection, log, ticket)?;
    }
    let without_tickets = FaultTrial { tickets: Vec::new(), ..fault.clone() };
    let planned = fault.planned.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO fault_trials (trial, log, subject, kind, mechanism, node, mode, detect_s, restore_s,
                 censored_s, claim_lag_s, commands, unique_commands, destructive, destructive_effects, thrashing,
                 attribution, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            trial,
            log,
            fault.subject,
            fault.fault.kind.name(),
            planned.map(|planned| &planned.mechanism),
            planned.and_then(|planned| planned.node.as_deref()),
            fault.mode,
            fault.detect_s,
            fault.restore_s,
            fault.censored_s,
            fault.claim_lag_s,
            fault.commands,
            fault.unique_commands,
            fault.destructive,
            fault.destructive_effects,
            fault.thrashing,
            fault.attribution.map(Word),
            json(&without_tickets, "a fault trial")?
        ])?;
    Ok(())
}

/// What a trial has of it; `None`: it is no fault trial, or it ended before it became one.
pub(crate) fn of_trial(connection: &Connection, trial: i64) -> Result<Option<Box<FaultTrial>>, StoreError> {
    let mut select = connection.prepare_cached("SELECT record, log FROM fault_trials WHERE trial = ?1")?;
    let found: Option<(String, i64)> =
        select.query_row([trial], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((record, log)) = found else { return Ok(None) };
    let mut fault: Box<FaultTrial> = serde_json::from_str(&record).map_err(|error| {
        StoreError::unreadable(format!("the fault of trial {}", trials::number(trial)), &error)
    })?;
    fault.tickets = tickets::of_log(connection, log)?;
    Ok(Some(fault))
}

/// Forgets that of a trial that was retried.
pub(crate) fn remove(connection: &Connection, trial: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM fault_trials WHERE trial = ?1")?.execute([trial])?;
    Ok(())
}
