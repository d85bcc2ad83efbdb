//! Working on the queue of triage tests: whoever does it takes what waits, one after the other, until its program ends.

use crate::dto::{LaunchOptions, Notice};
use crate::error::Result;
use crate::service::Service;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the queue is looked at: an emergency stop is obeyed within this.
const PACE: Duration = Duration::from_millis(200);
/// The queue is told that somebody works on it after this many paces.
const HEARTBEAT: u32 = 10;

/// The thread that works on the queue.
#[derive(Default)]
pub(crate) struct QueueWorker(Mutex<Option<(Arc<Ending>, JoinHandle<()>)>>);

/// Wakes the thread when it is to end.
#[derive(Default)]
struct Ending {
    is_over: Mutex<bool>,
    woken: std::sync::Condvar,
}

impl Ending {
    /// Waits; whether it is over.
    fn wait(&self, most: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.woken.wait_timeout_while(is_over, most, |is_over| !*is_over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn end(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }
}

impl QueueWorker {
    /// Ends the thread and waits for it, unless it is this one.
    pub(crate) fn stop(&self) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((ending, thread)) = taken else { return };
        ending.end();
        if thread.thread().id() != std::thread::current().id() {
            // It has nothing to say when it panicked: its jobs are found by the next worker.
            let _ = thread.join();
        }
    }
}

impl Service {
    /// Works on the queue until this program ends or [`Service::stop_queue_worker`] is called. A second call changes
    /// nothing. While triage tests are off it only looks whether they were turned on.
    pub fn start_queue_worker(self: &Arc<Self>) {
        let mut worker = self.queue_worker.0.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.is_some() {
            return;
        }
        let ending = Arc::new(Ending::default());
        let (service, seen) = (Arc::downgrade(self), Arc::clone(&ending));
        let thread =
            std::thread::Builder::new().name("bakeoff-queue".to_owned()).spawn(move || work(&service, &seen));
        // Without a thread the queue stands still, which its view shows.
        *worker = thread.ok().map(|thread| (ending, thread));
    }

    /// This program works on the queue no more. What runs goes on.
    pub fn stop_queue_worker(&self) {
        self.queue_worker.stop();
    }

    /// Looks at the queue once: stops what is to be stopped, and starts what may be started. For programs that wait for a
    /// test themselves; call it a few times a second.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub fn work_on_queue(&self) -> Result<()> {
        if !self.triage_switch()?.enabled {
            return Ok(());
        }
        self.stop_asked()?;
        self.settle_queue()?;
        let control = self.store().queue_control()?;
        let open = self.store().open_jobs()?;
        let running = open.iter().filter(|job| job.state == bakeoff_store::JobState::Running).count();
        let is_still = control.paused || control.emergency_stop || running >= self.triage_workers() as usize;
        if is_still || running == open.len() {
            return Ok(());
        }
        while let Some(run) = self.wait(self.store().claim_job(self.triage_workers(), self.now()))? {
            self.begin_claimed(run)?;
            self.notify(Notice::Queue);
        }
        Ok(())
    }

    /// Starts the run of a claimed job. What can't be started has failed, and says why.
    fn begin_claimed(&self, run: u32) -> Result<()> {
        let missing = self.store().remaining(run)?;
        let started = match missing.is_empty() {
            // Its program died between the last trial and its end.
            true => Err(None),
            false => self.go_on(run, missing, &LaunchOptions::default(), "started").map_err(Some),
        };
        let (state, reason) = match started {
            Ok(_) => return Ok(()),
            Err(None) => (bakeoff_store::RunState::Finished, None),
            Err(Some(error)) => {
                let findings = error.diagnostics.iter().map(|finding| finding.message.clone());
                let words: Vec<String> = std::iter::once(error.message.clone()).chain(findings).collect();
                (bakeoff_store::RunState::Failed, Some(words.join("; ")))
            }
        };
        self.wait(self.store().set_state(run, state, reason, self.now()))?;
        self.settle_queue()
    }

    /// Stops the runs of this program that somebody wants to be stopped.
    pub(crate) fn stop_asked(&self) -> Result<()> {
        for run in self.store().jobs_to_stop()? {
            if let Some(active) = self.active.get(run) {
                active.steer(|handle| handle.stop());
            }
        }
        Ok(())
    }

    /// Gives jobs whose run has ended the state that follows from it. Writes only when there is something to write.
    pub(crate) fn settle_queue(&self) -> Result<()> {
        let is_left = |run: u32| -> Result<bool> {
            let owner = self.store().owner(run)?;
            Ok(owner.is_none_or(|owner| owner.is_gone))
        };
        for job in self.store().open_jobs()? {
            if job.state == bakeoff_store::JobState::Running && is_left(job.run)? {
                self.wait(self.store().recover(self.now()))?;
                self.wait(self.store().settle_jobs(self.now()))?;
                self.notify(Notice::Queue);
                self.notify(Notice::Runs);
                break;
            }
        }
        Ok(())
    }
}

fn work(service: &Weak<Service>, ending: &Ending) {
    let mut paces = 0;
    loop {
        {
            let Some(service) = service.upgrade() else { return };
            // A database that can't be read now is looked at again; whoever asks for the queue is told.
            let _ = service.work_on_queue();
            if paces % HEARTBEAT == 0 {
                service.store().note_queue_worker(service.now());
            }
        }
        paces += 1;
        if ending.wait(PACE) {
            return;
        }
    }
}
