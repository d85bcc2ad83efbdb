//! Runs: creating, listing, deleting.

use crate::error::{Problem, StoreError};
use crate::table::cases::{self, NewCase};
use crate::table::counts::{self, VariantCounts};
use crate::table::leases::{self, Owner};
use crate::table::progress::{self, RunCost};
use crate::table::state::RunState;
use crate::table::variants::{self, NewVariant, json};
use crate::table::{fault_journal, system_prompts, trials};
use crate::{RunId, Store};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::Millis;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A run to be created.
pub struct NewRun {
    /// The checked campaign, with what was changed at launch.
    pub campaign: Campaign,
    /// The campaign file as it is.
    pub definition: String,
    /// SHA-256 of the definition.
    pub definition_hash: String,
    /// The seed in use.
    pub seed: u64,
    /// This program's version.
    pub app_version: String,
    /// When.
    pub created_at: Millis,
    /// The variants, in the order of columns.
    pub variants: Vec<NewVariant>,
    /// The cases, in order; taken one at a time, so that they need not be in memory twice.
    pub cases: Box<dyn Iterator<Item = NewCase> + Send>,
}

/// One row of a list of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The run's number.
    pub id: RunId,
    /// The campaign's name.
    pub campaign: String,
    /// SHA-256 of the campaign file as it was.
    pub definition_hash: String,
    /// Where it stands.
    pub state: RunState,
    /// Why.
    pub reason: Option<String>,
    /// Trials planned.
    pub planned: u32,
    /// Cases.
    pub cases: u32,
    /// Repetitions a case and variant.
    pub repetitions: u16,
    /// The name of the baseline variant.
    pub baseline: String,
    /// Trials by variant and outcome.
    pub counts: Vec<VariantCounts>,
    /// What it has cost.
    pub cost: RunCost,
    /// When it was created.
    pub created_at: Millis,
    /// When its first trial could start.
    pub started_at: Option<Millis>,
    /// When it ended (for the last time).
    pub ended_at: Option<Millis>,
    /// Who runs it now.
    pub owner: Option<Owner>,
}

impl RunSummary {
    /// Trials whose outcome fulfils a condition.
    pub fn count(&self, wanted: impl Fn(Outcome) -> bool + Copy) -> u32 {
        self.counts.iter().map(|variant| variant.count(wanted)).sum()
    }

    /// Trials with a result of their own: not cancelled, interrupted or skipped.
    pub fn done(&self) -> u32 {
        self.count(|outcome| !outcome.is_unfinished())
    }

    /// Trials that Retry failed would run again.
    pub fn retriable(&self) -> u32 {
        self.count(Outcome::can_be_retried)
    }
}

/// How a run was defined.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDefinition {
    /// The checked campaign.
    pub campaign: Campaign,
    /// The campaign file as it was.
    pub definition: String,
    /// The seed in use.
    pub seed: u64,
    /// The version of the program that created it.
    pub app_version: String,
}

/// A campaign that has runs, whether its file is still there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRuns {
    /// Its name.
    pub name: String,
    /// Number of its runs.
    pub runs: u32,
    /// Its newest run.
    pub last_run: RunId,
}

const SUMMARY: &str = "SELECT r.id, r.campaign, r.definition_hash,
    CASE WHEN EXISTS (SELECT 1 FROM queue_jobs q WHERE q.run = r.id AND q.state = 'queued') THEN 'queued' ELSE r.state END,
    r.reason, r.planned, r.cases,
    r.repetitions, r.baseline, p.cost_known_usd, p.cost_unknown_trials, r.created_at, r.started_at, r.ended_at
    FROM runs r JOIN run_progress p ON p.run = r.id";

impl Store {
    /// Creates a run with its frozen variants and cases in one transaction. It is `running` and this handle holds
    /// its lease.
    pub async fn create_run(&self, new: NewRun) -> Result<RunId, StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            let now = new.created_at;
            let run = insert(connection, new)?;
            leases::insert(connection, run, instance, now)?;
            Ok(run)
        })
        .await
    }

    /// A page of runs, newest first, and how many there are; of one campaign or of all. Cheap: nothing is counted
    /// over trials. Blocks.
    pub fn list_runs(
        &self,
        campaign: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<RunSummary>, u32), StoreError> {
        self.read(|transaction| {
            let total = transaction
                .prepare_cached("SELECT count(*) FROM runs WHERE ?1 IS NULL OR campaign = ?1")?
                .query_row([campaign], |row| row.get(0))?;
            let condition = if campaign.is_some() { "r.campaign = ?1" } else { "?1 IS NULL" };
            let mut select = transaction.prepare_cached(&format!(
                "{SUMMARY} WHERE {condition} ORDER BY r.id DESC LIMIT ?2 OFFSET ?3"
            ))?;
            let mut runs: Vec<RunSummary> =
                select.query_map(params![campaign, limit, offset], read)?.collect::<Result<_, _>>()?;
            runs.iter_mut().try_for_each(|run| self.complete(transaction, run))?;
            Ok((runs, total))
        })
    }

    /// One run. Blocks.
    pub fn run(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!("{SUMMARY} WHERE r.id = ?1"))?;
            let mut summary =
                select.query_row([run], read).optional()?.ok_or_else(|| StoreError::no_run(run))?;
            self.complete(transaction, &mut summary)?;
            Ok(summary)
        })
    }

    fn complete(&self, connection: &Connection, run: &mut RunSummary) -> Result<(), StoreError> {
        run.counts = counts::of_run(connection, run.id)?;
        run.owner = leases::find(connection, run.id)?.map(|lease| lease.owner(self.instance()));
        Ok(())
    }

    /// How a run was defined. Blocks.
    pub fn definition(&self, run: RunId) -> Result<RunDefinition, StoreError> {
        self.read(|transaction| {
            let mut select = transaction
                .prepare_cached("SELECT checked, definition, seed, app_version FROM runs WHERE id = ?1")?;
            let read = |row: &Row<'_>| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
            };
            let (checked, definition, seed, app_version) =
                select.query_row([run], read).optional()?.ok_or_else(|| StoreError::no_run(run))?;
            let campaign = serde_json::from_str(&checked)
                .map_err(|error| StoreError::unreadable(format!("the campaign of run #{run}"), &error))?;
            Ok(RunDefinition { campaign, definition, seed: seed.cast_unsigned(), app_version })
        })
    }

    /// The runs of a campaign with their states, oldest first. Blocks.
    pub fn campaign_runs(&self, campaign: &str) -> Result<Vec<(RunId, RunState)>, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached("SELECT id, state FROM runs WHERE campaign = ?1 ORDER BY id")?;
            let runs = select
                .query_map([campaign], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            Ok(runs)
        })
    }

    /// Every campaign that has runs, by name. Blocks.
    pub fn campaigns(&self) -> Result<Vec<CampaignRuns>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT campaign, count(*), max(id) FROM runs GROUP BY campaign ORDER BY campaign",
            )?;
            let campaigns = select
                .query_map([], |row| {
                    Ok(CampaignRuns { name: row.get(0)?, runs: row.get(1)?, last_run: row.get(2)? })
                })?
                .collect::<Result<_, _>>()?;
            Ok(campaigns)
        })
    }

    /// Deletes a run with everything that belongs to it, except what was applied from it. Fails with
    /// [`Problem::Owned`] while some program (this one included) runs it.
    pub async fn delete_run(&self, run: RunId, now: Millis) -> Result<(), StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            if let Some(lease) = leases::find(connection, run)?.filter(|lease| !lease.is_left(now)) {
                return Err(Problem::Owned { run, process: lease.owner(instance).process }.into());
            }
            delete(connection, run)
        })
        .await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    Ok(RunSummary {
        id: row.get(0)?,
        campaign: row.get(1)?,
        definition_hash: row.get(2)?,
        state: row.get(3)?,
        reason: row.get(4)?,
        planned: row.get(5)?,
        cases: row.get(6)?,
        repetitions: row.get(7)?,
        baseline: row.get(8)?,
        cost: RunCost { known_usd: row.get(9)?, unknown_trials: row.get(10)? },
        created_at: row.get(11)?,
        started_at: row.get(12)?,
        ended_at: row.get(13)?,
        counts: Vec::new(),
        owner: None,
    })
}

pub(crate) fn insert(connection: &Connection, new: NewRun) -> Result<RunId, StoreError> {
    let campaign = &new.campaign;
    connection
        .prepare_cached(
            "INSERT INTO runs (campaign, definition, definition_hash, checked, seed, state, planned, cases,
                 repetitions, baseline, app_version, created_at, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?9, ?10, ?10)",
        )?
        .execute(params![
            campaign.name,
            new.definition,
            new.definition_hash,
            json(campaign, "the campaign")?,
            new.seed.cast_signed(),
            RunState::Running,
            campaign.trials_per_combination,
            campaign.baseline_variant,
            new.app_version,
            new.created_at
        ])?;
    let run = RunId::try_from(connection.last_insert_rowid())
        .map_err(|_| Problem::Invalid { detail: "this database has no more numbers for runs".into() })?;
    progress::insert(connection, run)?;
    variants::insert(connection, run, &new.variants)?;
    let cases = cases::insert(connection, run, new.cases)?;
    let planned = u64::from(cases) * new.variants.len() as u64 * u64::from(campaign.trials_per_combination);
    let planned = u32::try_from(planned).map_err(|_| Problem::Invalid {
        detail: format!("{planned} trials are more than one run can hold"),
    })?;
    connection
        .prepare_cached("UPDATE runs SET cases = ?2, planned = ?3 WHERE id = ?1")?
        .execute(params![run, cases, planned])?;
    Ok(run)
}

/// Fails when there is no such run.
pub(crate) fn require(connection: &Connection, run: RunId) -> Result<(), StoreError> {
    let known = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?.exists([run])?;
    if known { Ok(()) } else { Err(StoreError::no_run(run)) }
}

fn delete(connection: &Connection, run: RunId) -> Result<(), StoreError> {
    let ids = trials::ids(run);
    // What hangs on trials goes first, in whole ranges: much faster than one by one through the foreign keys.
    for (table, column) in [
        ("scores", "trial"),
        ("attempts", "trial"),
        ("steps", "trial"),
        ("fault_trials", "trial"),
        ("trial_texts", "trial"),
        ("trials", "id"),
    ] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE {column} >= ?1 AND {column} < ?2"),
            [ids.start, ids.end],
        )?;
    }
    if connection.execute("DELETE FROM runs WHERE id = ?1", [run])? == 0 {
        return Err(StoreError::no_run(run));
    }
    fault_journal::remove_closed(connection, run)?;
    cases::remove_unused(connection)?;
    variants::remove_unused(connection)?;
    system_prompts::remove_unused(connection)
}
