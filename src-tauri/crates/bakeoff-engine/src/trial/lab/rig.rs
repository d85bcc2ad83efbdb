//! Everything that a fault trial has begun and that must come to an end: the fault, the watching tasks, the system under
//! test. It lives outside of the work on the trial, so that it can be taken down whatever became of that.

use super::super::defect;
use super::context::Mode;
use super::journal::Journal;
use super::lookout::presence;
use super::{Audit, Lookout, TrialClock, seconds};
use bakeoff_core::fault::{Fault, FaultState, PlannedFault};
use bakeoff_core::lab::{Clocks, FaultTrial};
use bakeoff_core::ports::lab::{Instance, LabLog, Presence, SubjectError};
use bakeoff_core::ports::operator::OperatorTrial;
use bakeoff_core::subject::Subject;
use bakeoff_core::trial::{Millis, TrialKey};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Removing an instance takes no longer; then it is dropped, which removes it too.
const CLOSE_LIMIT: Duration = Duration::from_secs(60);
/// Between two probes for a fault that should be gone or should be there.
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Rig {
    pub key: TrialKey,
    pub clock: TrialClock,
    /// Of the instance and of the choice of node; the same for all variants.
    pub seed: u64,
    pub subject: Arc<Subject>,
    pub mode: Mode,
    /// What is kept of the trial.
    pub trial: FaultTrial,
    pub audit: Arc<Audit>,
    pub journal: Journal,
    pub instance: Option<Arc<dyn Instance>>,
    /// The binding of its tickets in Operator's file.
    pub operator: Option<Box<dyn OperatorTrial>>,
    /// What is seen of it.
    pub lookout: Option<Arc<Lookout>>,
    /// When everything that was done undoes itself, counted from the start.
    pub lease: Duration,
    /// When the time is up.
    pub deadline: Option<Millis>,
    /// Sampler, monitor and probe; they end when this is dropped.
    pub tasks: JoinSet<()>,
    log: Arc<dyn LabLog>,
}

impl Rig {
    pub(super) fn new(
        key: TrialKey,
        clock: TrialClock,
        seed: u64,
        log: Arc<dyn LabLog>,
        subject: Arc<Subject>,
        fault: Fault,
        mode: Mode,
    ) -> Self {
        Self {
            trial: blank(&subject, fault, &mode),
            audit: Arc::new(Audit::new(key, clock, Arc::clone(&log))),
            journal: Journal::new(Arc::clone(&log), clock),
            key,
            clock,
            seed,
            subject,
            mode,
            instance: None,
            operator: None,
            lookout: None,
            lease: Duration::ZERO,
            deadline: None,
            tasks: JoinSet::new(),
            log,
        }
    }

    /// Begins to watch an instance.
    pub(super) fn watch(&mut self, instance: Arc<dyn Instance>, variant: Option<String>) -> Arc<Lookout> {
        let parts = (instance, Arc::clone(&self.subject), Arc::clone(&self.audit));
        let lookout = Lookout::new(self.key, self.clock, Arc::clone(&self.log), parts, variant);
        let lookout = Arc::new(lookout);
        self.lookout = Some(Arc::clone(&lookout));
        self.tasks.spawn(Arc::clone(&lookout).sample());
        lookout
    }

    /// Undoes the fault, sees that it is undone, and removes the instance. Nothing in here can fail the trial: what goes
    /// wrong is in the journal and in the audit.
    pub(super) async fn take_down(&mut self) {
        self.tasks.shutdown().await;
        self.take_down_instance().await;
        // Last, because Operator's monitor may tell of a system that is going.
        if let Some(mut operator) = self.operator.take()
            && let Err(why) = contained(CLOSE_LIMIT, "Releasing operator.db", operator.release()).await
        {
            self.audit.note(&format!("The binding in operator.db could not be taken away: {why}"));
        }
    }

    async fn take_down_instance(&mut self) {
        let Some(instance) = self.instance.take() else { return };
        let reverted = self.revert(&instance).await;
        let closed = contained(CLOSE_LIMIT, "Removing it", instance.close()).await;
        if let Err(why) = &closed {
            self.audit.note(&format!("The system under test could not be removed: {why}"));
        }
        if reverted.is_err() && closed.is_ok() {
            let note = "its instance was destroyed".to_owned();
            self.advance(FaultState::Lost, Some(note)).await;
        }
        self.trial.fault_state = self.journal.state();
    }

    async fn revert(&mut self, instance: &Arc<dyn Instance>) -> Result<(), ()> {
        let Some(planned) = self.journal.fault().cloned() else { return Ok(()) };
        self.advance(FaultState::Reverting, None).await;
        let limit = seconds(self.subject.timing.revert_seconds).max(Duration::from_secs(1));
        match undo(&**instance, &planned, limit).await {
            Ok(seen) => {
                self.trial.clocks.reverted_at = Some(self.clock.now());
                self.advance(FaultState::Reverted, Some(seen)).await;
                Ok(())
            }
            Err(why) => {
                self.audit.note(&format!("The fault could not be undone: {why} Its instance is destroyed."));
                self.advance(FaultState::RevertFailed, Some(why)).await;
                Err(())
            }
        }
    }

    /// Notes how far the fault is. What can't be noted now is found by the next sweep.
    async fn advance(&mut self, state: FaultState, note: Option<String>) {
        if let Err(error) = self.journal.advance(state, note).await {
            self.audit.note(&format!("The journal could not be written: {}", error.message));
        }
    }

    pub(super) fn into_record(self) -> FaultTrial {
        self.trial
    }
}

/// Undoes a fault until a probe sees that it is gone; what the probe saw.
async fn undo(instance: &dyn Instance, planned: &PlannedFault, limit: Duration) -> Result<String, String> {
    let deadline = Instant::now() + limit;
    contained(limit, "Undoing it", instance.revert(planned)).await?;
    loop {
        let seen = contained(limit, "The probe", async { Ok(presence(instance, planned).await) }).await?;
        let last = match seen {
            Presence::Absent(seen) => return Ok(seen),
            Presence::Present(seen) => format!("it is still there: {seen}."),
            Presence::Unknown(why) => format!("nobody can see whether it is gone: {why}."),
        };
        if Instant::now() + PROBE_EVERY > deadline {
            return Err(last);
        }
        tokio::time::sleep(PROBE_EVERY).await;
    }
}

/// Something asked of an instance that must neither hang nor panic.
async fn contained<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, SubjectError>>,
) -> Result<T, String> {
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(error.message),
        Ok(Err(panic)) => Err(defect(&*panic)),
        Err(_) => Err(format!("{what} took longer than {} s.", limit.as_secs_f64())),
    }
}

fn blank(subject: &Subject, fault: Fault, mode: &Mode) -> FaultTrial {
    FaultTrial {
        subject: subject.name.clone(),
        fault,
        planned: None,
        fault_state: None,
        mode: mode.name().to_owned(),
        sandbox: None,
        tools: Vec::new(),
        clocks: Clocks::default(),
        detect_s: None,
        restore_s: None,
        censored_s: None,
        claim_lag_s: None,
        commands: 0,
        unique_commands: 0,
        destructive: 0,
        destructive_effects: 0,
        thrashing: false,
        verdict: None,
        attribution: None,
        tickets: Vec::new(),
        initial_state: None,
        final_state: None,
        imported: None,
    }
}
