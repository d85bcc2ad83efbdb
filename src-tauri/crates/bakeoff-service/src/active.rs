//! The runs that this program is running: their handles, their live numbers, and their end.

use crate::dto::{Notice, RunProgress, RunState};
use crate::live::Live;
use bakeoff_core::lab::{Ticket, TicketChange};
use bakeoff_core::trial::TrialKey;
use bakeoff_engine::{EndReason, EngineEvent, RunHandle, TicketChangeError};
use bakeoff_store::{AskedChange, Store};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// News of a run go out at most this often.
const PACE: Duration = Duration::from_millis(100);
/// What other programs want of its tickets is looked for after this many paces.
const TICKETS: u32 = 2;
/// The lease is renewed after this many paces.
const HEARTBEAT: u32 = 30;

/// The runs that are going on here.
#[derive(Default)]
pub(crate) struct ActiveRuns(Mutex<HashMap<u32, Arc<ActiveRun>>>);

/// One run that is going on.
pub(crate) struct ActiveRun {
    pub run: u32,
    live: Mutex<Live>,
    handle: Mutex<Option<RunHandle>>,
    ended: Mutex<bool>,
    end: Condvar,
    /// Its trials have tickets, which people may change.
    has_tickets: bool,
}

impl ActiveRuns {
    pub fn get(&self, run: u32) -> Option<Arc<ActiveRun>> {
        lock(&self.0).get(&run).cloned()
    }

    pub fn insert(&self, active: Arc<ActiveRun>) {
        lock(&self.0).insert(active.run, active);
    }

    pub fn all(&self) -> Vec<Arc<ActiveRun>> {
        lock(&self.0).values().cloned().collect()
    }

    fn remove(&self, run: u32) {
        lock(&self.0).remove(&run);
    }
}

impl ActiveRun {
    pub fn new(run: u32, live: Live, has_tickets: bool) -> Arc<Self> {
        Arc::new(Self {
            run,
            live: Mutex::new(live),
            handle: Mutex::new(None),
            ended: Mutex::new(false),
            end: Condvar::new(),
            has_tickets,
        })
    }

    pub fn set_handle(&self, handle: RunHandle) {
        *lock(&self.handle) = Some(handle);
    }

    /// Changes a ticket of a trial that is going on.
    pub fn change_ticket(
        &self,
        key: TrialKey,
        number: u32,
        change: TicketChange,
    ) -> Result<Ticket, TicketChangeError> {
        let handle = lock(&self.handle).clone();
        handle.ok_or(TicketChangeError::NotOpen)?.change_ticket(key, number, change)
    }

    /// Does something with the handle.
    pub fn steer(&self, action: impl FnOnce(&RunHandle)) {
        if let Some(handle) = &*lock(&self.handle) {
            action(handle);
        }
    }

    /// Takes in an event of the engine; what belongs into the run's log is returned.
    pub fn take(&self, event: EngineEvent) -> Option<(&'static str, String)> {
        lock(&self.live).take(event, Instant::now())
    }

    pub fn set_state(&self, state: RunState) {
        lock(&self.live).set_state(state);
    }

    pub fn snapshot(&self) -> RunProgress {
        lock(&self.live).snapshot(Instant::now())
    }

    /// Waits until the run has ended, or for `most`.
    pub fn wait(&self, most: Duration) {
        let ended = lock(&self.ended);
        drop(self.end.wait_timeout_while(ended, most, |ended| !*ended));
    }

    fn tell(&self, notices: &broadcast::Sender<Notice>) {
        if let Some(progress) = lock(&self.live).news(Instant::now()) {
            // Nobody may be watching.
            let _ = notices.send(Notice::Progress(progress));
        }
    }
}

/// Accompanies a run to its end: tells its news, keeps its lease, and stores how it ended.
pub(crate) async fn accompany(
    runs: Arc<ActiveRuns>,
    active: Arc<ActiveRun>,
    handle: RunHandle,
    store: Store,
    notices: broadcast::Sender<Notice>,
) {
    let mut ticks = tokio::time::interval(PACE);
    let mut paces = 0;
    let end = loop {
        tokio::select! {
            end = handle.wait() => break end,
            _ = ticks.tick() => {
                active.tell(&notices);
                paces += 1;
                if paces % TICKETS == 0 && active.has_tickets {
                    change_tickets(&store, active.run, &handle).await;
                }
                if paces % HEARTBEAT == 0 && store.heartbeat(active.run, crate::time::now()).await.is_err() {
                    // The run was taken over (this machine slept, say) or the disk is gone: every write would fail.
                    handle.stop();
                }
            }
        }
    };
    let (state, kind, reason) = ending(end.reason);
    let now = crate::time::now();
    let message = reason.clone().unwrap_or_else(|| format!("{} trials were recorded", end.counts.recorded()));
    // Should either fail, the run is found without its owner at the next start and marked interrupted.
    let _ = store.append_event(active.run, now, kind, &message).await;
    let stored = store.set_state(active.run, stored_state(state), reason, now).await;
    active.set_state(if stored.is_ok() { state } else { RunState::Failed });
    runs.remove(active.run);
    active.tell(&notices);
    let _ = notices.send(Notice::Runs);
    *lock(&active.ended) = true;
    active.end.notify_all();
}

/// Carries out what people asked for in other programs. What can't be read now is looked for again.
async fn change_tickets(store: &Store, run: u32, handle: &RunHandle) {
    let reader = store.clone();
    let asked = tokio::task::spawn_blocking(move || reader.asked_ticket_changes(run)).await;
    let Ok(Ok(asked)) = asked else { return };
    for AskedChange { id, key, number, change } in asked {
        let refusal = handle.change_ticket(key, number, change).err().map(|error| error.to_string());
        // Whoever asked gives up after a while; another answer can't be given.
        let _ = store.answer_ticket_change(id, crate::time::now(), refusal).await;
    }
}

fn ending(reason: EndReason) -> (RunState, &'static str, Option<String>) {
    match reason {
        EndReason::Finished => (RunState::Finished, "finished", None),
        EndReason::Stopped => (RunState::Stopped, "stopped", Some("stopped by the user".to_owned())),
        EndReason::OutOfBudget => {
            let reason = "the next call would have passed the budget; resume with a larger one";
            (RunState::OutOfBudget, "budget", Some(reason.to_owned()))
        }
        EndReason::Refused(reason) | EndReason::LogFailed(reason) | EndReason::Broken(reason) => {
            (RunState::Failed, "error", Some(reason))
        }
    }
}

/// The store's name of a state.
pub(crate) fn stored_state(state: RunState) -> bakeoff_store::RunState {
    match state {
        RunState::Queued => bakeoff_store::RunState::Queued,
        RunState::Running => bakeoff_store::RunState::Running,
        RunState::Paused => bakeoff_store::RunState::Paused,
        RunState::Finished => bakeoff_store::RunState::Finished,
        RunState::Stopped => bakeoff_store::RunState::Stopped,
        RunState::OutOfBudget => bakeoff_store::RunState::OutOfBudget,
        RunState::Interrupted => bakeoff_store::RunState::Interrupted,
        RunState::Failed => bakeoff_store::RunState::Failed,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
