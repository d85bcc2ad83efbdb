//! Looking at the queue of triage tests, and steering it.

use crate::dto::{Notice, QueueView, ServiceError, TriageRow};
use crate::error::Result;
use crate::service::Service;
use bakeoff_store::JobState;

/// A program that has not looked at the queue for so long works on it no more, milliseconds.
const AWAY_MS: i64 = 6_000;

impl Service {
    /// The queue as it stands.
    ///
    /// # Errors
    /// Triage tests are off.
    pub fn queue_view(&self) -> Result<QueueView> {
        self.require_triage()?;
        self.settle_queue()?;
        let control = self.store().queue_control()?;
        let counts = self.store().job_counts()?;
        let of = |state: JobState| counts.get(state as usize).copied().unwrap_or_default();
        let jobs = self.store().open_jobs()?.into_iter().map(|job| self.triage_row(job));
        Ok(QueueView {
            paused: control.paused,
            emergency_stop: control.emergency_stop,
            workers: self.triage_workers(),
            is_worked_on: self.now() - control.worked_at < AWAY_MS,
            jobs: jobs.collect::<Result<_>>()?,
            completed: of(JobState::Completed),
            failed: of(JobState::Failed),
            cancelled: of(JobState::Cancelled),
        })
    }

    /// Nothing further is started; what runs goes on.
    pub fn pause_queue(&self) -> Result<QueueView> {
        self.steer_queue(Some(true), None)
    }

    /// Goes on after [`Service::pause_queue`].
    pub fn continue_queue(&self) -> Result<QueueView> {
        self.steer_queue(Some(false), None)
    }

    /// Stops every test that runs, in whichever program, and starts none until the stop is cleared. What they have
    /// answered is kept.
    pub fn emergency_stop(&self) -> Result<QueueView> {
        self.steer_queue(None, Some(true))
    }

    /// Lets tests start again after [`Service::emergency_stop`]. What was stopped stays cancelled.
    pub fn clear_emergency_stop(&self) -> Result<QueueView> {
        self.steer_queue(None, Some(false))
    }

    /// Drops everything that waits.
    pub fn drain_queue(&self) -> Result<QueueView> {
        self.require_triage()?;
        self.wait(self.store().drain_queue(self.now()))?;
        self.queue_changed()
    }

    /// Takes a test out of the queue, or stops it when it runs; see [`Service::cancel_triage`].
    pub fn drop_job(&self, run: u32) -> Result<QueueView> {
        self.cancel_triage(run)?;
        self.queue_view()
    }

    /// Cancels a test: one that waits never starts, one that runs is stopped at once, by the program that runs it. What
    /// it has answered is kept. One that has ended stays as it is.
    ///
    /// # Errors
    /// Triage tests are off, or there is no such test.
    pub fn cancel_triage(&self, run: u32) -> Result<TriageRow> {
        self.require_triage()?;
        self.triage_row_of(run)?;
        self.wait(self.store().drop_job(run, "cancelled by the user", self.now()))?;
        self.stop_asked()?;
        self.queue_changed()?;
        self.triage_row_of(run)
    }

    /// Fails while triage tests are off or an emergency stop stands: then nobody may run one, by hand neither.
    pub(crate) fn require_no_emergency(&self) -> Result<()> {
        self.require_triage()?;
        match self.store().queue_control()?.emergency_stop {
            true => Err(ServiceError::conflict("triage tests are stopped in an emergency")
                .with_hint("clear the stop first: in the window, or with `bakeoff abtest queue clear`")),
            false => Ok(()),
        }
    }

    fn steer_queue(&self, paused: Option<bool>, emergency_stop: Option<bool>) -> Result<QueueView> {
        self.require_triage()?;
        self.wait(self.store().steer_queue(paused, emergency_stop))?;
        self.stop_asked()?;
        self.queue_changed()
    }

    fn queue_changed(&self) -> Result<QueueView> {
        self.notify(Notice::Queue);
        self.notify(Notice::Runs);
        self.queue_view()
    }

    /// Tests at the same time.
    pub(crate) fn triage_workers(&self) -> u32 {
        self.current_settings().triage_workers.unwrap_or(1)
    }
}
