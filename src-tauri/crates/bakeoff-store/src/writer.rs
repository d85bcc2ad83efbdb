//! The one thread that writes. It takes everything that is waiting, does it in one transaction, and answers each
//! caller after the commit: a disk that needs a millisecond for a commit then carries many trials in each.

use crate::error::{Problem, StoreError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The most jobs in one transaction.
const GROUP: usize = 2048;

/// Something to write.
pub(crate) trait Job: Send {
    /// Does it inside the group's transaction. An error is told to the caller; here it only says what to undo.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Tells the caller. `failure`: the group's transaction was undone as a whole.
    fn reply(self: Box<Self>, failure: Option<StoreError>);
    /// Whether it must have survived a power cut when the caller is told.
    fn is_durable(&self) -> bool;
}

/// A job whose caller waits for a result.
struct Call<F, T> {
    work: Option<F>,
    result: Result<T, StoreError>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.result = work(connection);
        }
        self.result.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn reply(self: Box<Self>, failure: Option<StoreError>) {
        let result = failure.map_or(self.result, Err);
        // A caller that no longer waits has nothing to be told.
        let _ = self.caller.send(result);
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// A job that nobody waits for and that need not survive a power cut (it does survive the death of this program).
struct Note<F>(Option<F>);

impl<F: FnOnce(&Connection) -> Result<(), StoreError> + Send> Job for Note<F> {
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.0.take().map_or(Ok(()), |work| work(connection))
    }

    fn reply(self: Box<Self>, _failure: Option<StoreError>) {}

    fn is_durable(&self) -> bool {
        false
    }
}

/// The handle of the thread. Dropping it writes what is waiting and ends the thread.
pub(crate) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on this connection.
    pub(crate) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, StoreError> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("bakeoff-writer".into())
            .spawn(move || work_off(&connection, &queue, &path))
            .map_err(|error| Problem::CannotOpen { detail: error.to_string() })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Queues some work; the receiver gets its result after the commit.
    pub(crate) fn call<T, F>(&self, work: F) -> oneshot::Receiver<Result<T, StoreError>>
    where
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        self.queue(Box::new(Call { work: Some(work), result: Err(Problem::Closed.into()), caller }));
        answer
    }

    /// Queues some work that nobody waits for.
    pub(crate) fn note(&self, work: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
        self.queue(Box::new(Note(Some(work))));
    }

    fn queue(&self, job: Box<dyn Job>) {
        if let Some(jobs) = &self.jobs {
            // When the thread is gone the job is dropped, and its caller sees that as `Closed`.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work_off(connection: &Connection, queue: &Receiver<Box<dyn Job>>, path: &Arc<Path>) {
    let mut synchronous_full = true;
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        let failure =
            synchronise(connection, &mut synchronous_full, group.iter().any(|job| job.is_durable()))
                .and_then(|()| commit(connection, &mut group))
                .err()
                .map(|error| error.at(path));
        for job in group {
            job.reply(failure.clone());
        }
    }
}

/// A group in which nobody waits is not worth waiting for the disk: its pages are synchronised by the next commit.
fn synchronise(connection: &Connection, is_full: &mut bool, wanted: bool) -> Result<(), StoreError> {
    if *is_full != wanted {
        connection.execute_batch(if wanted {
            "PRAGMA synchronous = FULL"
        } else {
            "PRAGMA synchronous = NORMAL"
        })?;
        *is_full = wanted;
    }
    Ok(())
}

/// Runs the group in one transaction. A job that fails by itself is undone alone; a failure of the file undoes all.
fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let done = begin_and_run(connection, group).and_then(|()| execute(connection, "COMMIT"));
    if done.is_err() && !connection.is_autocommit() {
        // The first error is the one to tell; SQLite undoes the rest when the file is opened again.
        let _ = execute(connection, "ROLLBACK");
    }
    done
}

fn begin_and_run(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        execute(connection, "SAVEPOINT job")?;
        if let Err(error) = job.run(connection) {
            if error.is_of_the_file() || connection.is_autocommit() {
                return Err(error);
            }
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
