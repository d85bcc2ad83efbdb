//! The queue of triage tests. A job follows its run: what became of the run decides what becomes of the job, so that
//! any program can settle what another one left.

use crate::error::StoreError;
use crate::table::runs::{self, NewRun};
use crate::table::{events, leases};
use crate::{RunId, Store};
use bakeoff_core::trial::Millis;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// A program works on its run.
    Running,
    /// Its run has come to its end, with some answers at least.
    Completed,
    /// Its run could not finish, or every call was an error.
    Failed,
    /// Somebody stopped or dropped it.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [JobState; 5] =
        [JobState::Queued, JobState::Running, JobState::Completed, JobState::Failed, JobState::Cancelled];

    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Completed => "completed",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }

    /// Whether anything is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, JobState::Queued | JobState::Running)
    }
}

impl ToSql for JobState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for JobState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(FromSqlError::InvalidType)
    }
}

/// A job of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueJob {
    /// Its run.
    pub run: RunId,
    /// Where it stands.
    pub state: JobState,
    /// When it was put in (for the last time).
    pub queued_at: Millis,
    /// When a program began with it.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Why it failed or was cancelled.
    pub error: Option<String>,
}

/// How the whole queue is steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueControl {
    /// Nothing further is started.
    pub paused: bool,
    /// Nothing may run.
    pub emergency_stop: bool,
    /// When a program last looked for something to do.
    pub worked_at: Millis,
}

const COLUMNS: &str = "run, state, queued_at, started_at, ended_at, error";

impl Store {
    /// Creates a run with its frozen variants and cases, and puts it into the queue, in one transaction. Nobody works on
    /// it yet.
    pub async fn enqueue_run(&self, new: NewRun) -> Result<RunId, StoreError> {
        self.write(move |connection| {
            let at = new.created_at;
            let run = runs::insert(connection, new)?;
            connection.execute("UPDATE runs SET state = 'stopped', started_at = NULL WHERE id = ?1", [run])?;
            connection
                .execute("INSERT INTO queue_jobs (run, state, queued_at) VALUES (?1, 'queued', ?2)", params![run, at])?;
            Ok(run)
        })
        .await
    }

    /// Takes the next job that waits and its run's lease, unless the queue stands still or `workers` jobs run already,
    /// over all programs. Also settles what has ended. The state of the run is for the caller to set.
    pub async fn claim_job(&self, workers: u32, now: Millis) -> Result<Option<RunId>, StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            connection.execute("UPDATE queue_control SET worked_at = ?1", [now])?;
            settle(connection, now)?;
            let control = control(connection)?;
            let running: u32 =
                connection.query_row("SELECT count(*) FROM queue_jobs WHERE state = 'running'", [], |row| row.get(0))?;
            if control.paused || control.emergency_stop || running >= workers {
                return Ok(None);
            }
            let next: Option<RunId> = connection
                .prepare_cached("SELECT run FROM queue_jobs WHERE state = 'queued' AND run NOT IN (SELECT run FROM leases)
                     ORDER BY queued_at, run LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            if let Some(run) = next {
                begin(connection, run, now)?;
                leases::insert(connection, run, instance, now)?;
            }
            Ok(next)
        })
        .await
    }

    /// Notes that a run of the queue is worked on, whoever asked for it. Nothing happens to other runs.
    pub async fn begin_job(&self, run: RunId, now: Millis) -> Result<(), StoreError> {
        self.write(move |connection| begin(connection, run, now)).await
    }

    /// Gives jobs whose run has ended, or whose program is gone, the state that follows from it. Call
    /// [`Store::recover`] before, so that runs of programs that are gone are known as interrupted.
    pub async fn settle_jobs(&self, now: Millis) -> Result<(), StoreError> {
        self.write(move |connection| settle(connection, now)).await
    }

    /// Notes that this program works on the queue. Nobody waits for it.
    pub fn note_queue_worker(&self, now: Millis) {
        self.note(move |connection| {
            connection.execute("UPDATE queue_control SET worked_at = ?1", [now])?;
            Ok(())
        });
    }

    /// Puts jobs of this handle that are going on back into the queue: this program ends, and whoever comes next goes on
    /// with them.
    pub async fn requeue_own_jobs(&self, now: Millis) -> Result<(), StoreError> {
        let instance = self.instance();
        self.write(move |connection| {
            connection.execute(
                "UPDATE queue_jobs SET state = 'queued', queued_at = min(queued_at, ?2), started_at = NULL
                 WHERE state = 'running' AND stop_asked = 0
                   AND run IN (SELECT run FROM leases WHERE instance = ?1)",
                params![instance, now],
            )?;
            Ok(())
        })
        .await
    }

    /// Drops a job: one that waits is cancelled, of one that runs its program is asked to stop it. The job as it is then.
    pub async fn drop_job(&self, run: RunId, why: &'static str, now: Millis) -> Result<QueueJob, StoreError> {
        self.write(move |connection| {
            let job = find(connection, run)?;
            match job.state {
                JobState::Queued => end(connection, run, JobState::Cancelled, Some(why), now)?,
                JobState::Running => {
                    connection.execute("UPDATE queue_jobs SET stop_asked = 1 WHERE run = ?1", [run])?;
                }
                _ => return Ok(job),
            }
            events::insert(connection, run, now, "dropped", why)?;
            find(connection, run)
        })
        .await
    }

    /// Drops everything that waits; how many jobs that were.
    pub async fn drain_queue(&self, now: Millis) -> Result<u32, StoreError> {
        self.write(move |connection| {
            let drained = connection.execute(
                "UPDATE queue_jobs SET state = 'cancelled', error = 'the queue was drained', ended_at = ?1
                 WHERE state = 'queued'",
                [now],
            )?;
            Ok(u32::try_from(drained).unwrap_or(u32::MAX))
        })
        .await
    }

    /// Steers the whole queue; `None` leaves it as it is. An emergency stop asks every program to stop what it runs.
    pub async fn steer_queue(&self, paused: Option<bool>, emergency_stop: Option<bool>) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE queue_control SET paused = coalesce(?1, paused), emergency_stop = coalesce(?2, emergency_stop)",
                params![paused, emergency_stop],
            )?;
            if emergency_stop == Some(true) {
                connection.execute(
                    "UPDATE queue_jobs SET stop_asked = 1, error = 'emergency stop' WHERE state = 'running'",
                    [],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Runs of this handle that somebody wants to be stopped. Blocks.
    pub fn jobs_to_stop(&self) -> Result<Vec<RunId>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT q.run FROM queue_jobs q JOIN leases l ON l.run = q.run
                 WHERE q.state = 'running' AND q.stop_asked = 1 AND l.instance = ?1",
            )?;
            Ok(select.query_map([self.instance()], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// The job of a run; `None`: it never was in the queue. Blocks.
    pub fn job(&self, run: RunId) -> Result<Option<QueueJob>, StoreError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM queue_jobs WHERE run = ?1"))?;
            Ok(select.query_row([run], read).optional()?)
        })
    }

    /// A page of all jobs, newest first, and how many there are. Blocks.
    pub fn jobs(&self, offset: u32, limit: u32) -> Result<(Vec<QueueJob>, u32), StoreError> {
        self.read(|transaction| {
            let total = transaction.query_row("SELECT count(*) FROM queue_jobs", [], |row| row.get(0))?;
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_jobs ORDER BY run DESC LIMIT ?1 OFFSET ?2"
            ))?;
            let jobs = select.query_map([limit, offset], read)?.collect::<Result<_, _>>()?;
            Ok((jobs, total))
        })
    }

    /// The jobs that run, then those that wait, in their order. Blocks.
    pub fn open_jobs(&self) -> Result<Vec<QueueJob>, StoreError> {
        self.read(|transaction| {
            let mut select = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_jobs WHERE state IN ('running', 'queued')
                 ORDER BY state = 'queued', queued_at, run"
            ))?;
            Ok(select.query_map([], read)?.collect::<Result<_, _>>()?)
        })
    }

    /// How many jobs are in each state, in the order of [`JobState::ALL`]. Blocks.
    pub fn job_counts(&self) -> Result<[u32; 5], StoreError> {
        self.read(|transaction| {
            let mut counts = [0; 5];
            let mut select = transaction.prepare_cached("SELECT state, count(*) FROM queue_jobs GROUP BY state")?;
            for row in select.query_map([], |row| Ok((row.get::<_, JobState>(0)?, row.get(1)?)))? {
                let (state, count) = row?;
                counts[state as usize] = count;
            }
            Ok(counts)
        })
    }

    /// How the queue is steered. Blocks.
    pub fn queue_control(&self) -> Result<QueueControl, StoreError> {
        self.read(|transaction| control(transaction))
    }
}

fn control(connection: &Connection) -> Result<QueueControl, StoreError> {
    let mut select = connection.prepare_cached("SELECT paused, emergency_stop, worked_at FROM queue_control")?;
    let read = |row: &Row<'_>| {
        Ok(QueueControl { paused: row.get(0)?, emergency_stop: row.get(1)?, worked_at: row.get(2)? })
    };
    Ok(select.query_row([], read)?)
}

fn begin(connection: &Connection, run: RunId, now: Millis) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE queue_jobs SET state = 'running', started_at = coalesce(started_at, ?2), ended_at = NULL, error = NULL,
             stop_asked = 0 WHERE run = ?1",
        params![run, now],
    )?;
    Ok(())
}

fn end(
    connection: &Connection,
    run: RunId,
    state: JobState,
    error: Option<&str>,
    now: Millis,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE queue_jobs SET state = ?2, error = coalesce(error, ?3), ended_at = ?4, stop_asked = 0 WHERE run = ?1",
        params![run, state, error, now],
    )?;
    Ok(())
}

fn settle(connection: &Connection, now: Millis) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT q.run, r.state, r.reason FROM queue_jobs q JOIN runs r ON r.id = q.run
         WHERE q.state = 'running' AND q.run NOT IN (SELECT run FROM leases)",
    )?;
    let left: Vec<(RunId, String, Option<String>)> =
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    for (run, state, reason) in left {
        let reason = reason.as_deref();
        match state.as_str() {
            "finished" => match only_errors(connection, run)? {
                Some(error) => end(connection, run, JobState::Failed, Some(&error), now)?,
                None => end(connection, run, JobState::Completed, None, now)?,
            },
            "stopped" => end(connection, run, JobState::Cancelled, reason, now)?,
            "out_of_budget" | "failed" => end(connection, run, JobState::Failed, reason, now)?,
            // Its program is gone: whoever comes next goes on with it, unless it was to be stopped.
            _ => {
                connection.execute(
                    "UPDATE queue_jobs SET state = CASE stop_asked WHEN 1 THEN 'cancelled' ELSE 'queued' END,
                         ended_at = CASE stop_asked WHEN 1 THEN ?2 END WHERE run = ?1",
                    params![run, now],
                )?;
            }
        }
    }
    Ok(())
}

/// Why a finished run is a failed job: every trial ended with an error.
fn only_errors(connection: &Connection, run: RunId) -> Result<Option<String>, StoreError> {
    let ids = crate::table::trials::ids(run);
    let (trials, errors): (u32, u32) = connection.query_row(
        "SELECT count(*), count(error) FROM trial_texts WHERE trial >= ?1 AND trial < ?2",
        [ids.start, ids.end],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if trials == 0 || errors < trials {
        return Ok(None);
    }
    let most: String = connection.query_row(
        "SELECT error FROM trial_texts WHERE trial >= ?1 AND trial < ?2 GROUP BY error ORDER BY count(*) DESC LIMIT 1",
        [ids.start, ids.end],
        |row| row.get(0),
    )?;
    Ok(Some(format!("none of {trials} trials has a usable answer; the most frequent reason: {most}")))
}

fn find(connection: &Connection, run: RunId) -> Result<QueueJob, StoreError> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM queue_jobs WHERE run = ?1"))?;
    select.query_row([run], read).optional()?.ok_or_else(|| StoreError::no_run(run))
}

fn read(row: &Row<'_>) -> rusqlite::Result<QueueJob> {
    Ok(QueueJob {
        run: row.get(0)?,
        state: row.get(1)?,
        queued_at: row.get(2)?,
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        error: row.get(5)?,
    })
}
