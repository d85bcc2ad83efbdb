//! What is seen of the system under test during a trial: the oracle's samples, the monitor's looks and the tickets that
//! come of them, and probes for the fault itself. Each comes from a task of its own, so that nothing that the agent does
//! holds it up.

use super::super::defect;
use super::{Audit, PROBE_LIMIT, TrialClock, seconds, within};
use bakeoff_core::fault::PlannedFault;
use bakeoff_core::lab::{Monitor, Oracle, Ticket, Tickets};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Instance, LabLog, Presence};
use bakeoff_core::subject::Subject;
use bakeoff_core::trial::{Millis, TrialKey};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// No two looks are closer, whatever a file says.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);

/// Everything seen so far.
pub(in crate::trial) struct Seen {
    pub oracle: Oracle,
    pub tickets: Tickets,
    monitor: Monitor,
    /// Why the monitor's last look failed.
    blind: Option<String>,
}

pub(in crate::trial) struct Lookout {
    pub instance: Arc<dyn Instance>,
    pub audit: Arc<Audit>,
    pub subject: Arc<Subject>,
    key: TrialKey,
    clock: TrialClock,
    log: Arc<dyn LabLog>,
    seen: Mutex<Seen>,
    /// Counts what was seen.
    changed: watch::Sender<u64>,
    /// Why one of the tasks is gone.
    broken: watch::Sender<Option<String>>,
}

impl Lookout {
    /// Has seen nothing yet. Every ticket is bound to `variant` from its first moment.
    pub(super) fn new(
        key: TrialKey,
        clock: TrialClock,
        log: Arc<dyn LabLog>,
        (instance, subject, audit): (Arc<dyn Instance>, Arc<Subject>, Arc<Audit>),
        variant: Option<String>,
    ) -> Self {
        let seen = Seen {
            oracle: Oracle::new(&subject),
            tickets: Tickets::new(variant),
            monitor: Monitor::new(subject.monitor.clone(), subject.service_level.clone()),
            blind: None,
        };
        Self {
            instance,
            audit,
            subject,
            key,
            clock,
            log,
            seen: Mutex::new(seen),
            changed: watch::Sender::new(0),
            broken: watch::Sender::new(None),
        }
    }

    pub(in crate::trial) fn now(&self) -> Millis {
        self.clock.now()
    }

    pub(in crate::trial) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` gives something; asked again after everything that is seen, and at `deadline` for the last
    /// time.
    pub(in crate::trial) async fn until<T>(
        &self,
        deadline: Instant,
        mut ready: impl FnMut(&mut Seen, Millis) -> Option<T>,
    ) -> Option<T> {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let found = ready(&mut self.seen(), self.now());
            if found.is_some() {
                return found;
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return ready(&mut self.seen(), self.now());
            }
        }
    }

    /// Takes over a ticket that another program keeps, and tells the log when it has changed.
    pub(super) fn adopt(&self, ticket: Ticket) {
        let mut seen = self.seen();
        if seen.tickets.get(ticket.number) == Some(&ticket) {
            return;
        }
        seen.tickets.adopt(ticket.clone());
        self.log.ticket(self.key, ticket);
        drop(seen);
        self.tell();
    }

    /// Changes a ticket, and tells the log.
    pub(super) fn change_ticket<E>(
        &self,
        change: impl FnOnce(&mut Tickets) -> Result<Ticket, E>,
    ) -> Result<Ticket, E> {
        let mut seen = self.seen();
        let ticket = change(&mut seen.tickets)?;
        // Within the lock, so that the log has all changes in their order.
        self.log.ticket(self.key, ticket.clone());
        drop(seen);
        self.tell();
        Ok(ticket)
    }

    /// Resolves once a task of this is gone, with the defect in words.
    pub(super) async fn broken(&self) -> String {
        let mut broken = self.broken.subscribe();
        let words = broken.wait_for(Option::is_some).await.ok().and_then(|words| words.clone());
        // The sender lives in `self`, so there always are words.
        words.unwrap_or_default()
    }

    /// Samples for the oracle, for ever.
    pub(super) async fn sample(self: Arc<Self>) {
        let every = seconds(self.subject.timing.sample_seconds);
        self.guarded(every, Duration::ZERO, |lookout| {
            Box::pin(async move {
                let clock = lookout.clock;
                let sample = lookout.instance.sample(&move || clock.now()).await;
                lookout.log.sample(lookout.key, sample.clone());
                lookout.seen().oracle.add(sample);
            })
        })
        .await;
    }

    /// Looks for the monitor, for ever; the first time after `phase`.
    pub(super) async fn monitor(self: Arc<Self>, phase: Duration) {
        let every = seconds(self.subject.monitor.interval_seconds);
        self.guarded(every, phase, |lookout| Box::pin(lookout.look())).await;
    }

    /// Looks for the fault itself, for ever, so that the oracle knows that it is still there.
    pub(super) async fn probe(self: Arc<Self>, planned: PlannedFault) {
        let every = seconds(self.subject.monitor.interval_seconds);
        let planned = &planned;
        self.guarded(every, Duration::ZERO, |lookout| {
            Box::pin(async move {
                let at = lookout.now();
                let presence = presence(&*lookout.instance, planned).await;
                lookout.seen().oracle.cause(at, &presence);
            })
        })
        .await;
    }

    async fn look(&self) {
        let observed = within(PROBE_LIMIT, "a look at it", self.instance.observe()).await;
        let now = self.now();
        let mut seen = self.seen();
        match observed {
            Ok(observation) => {
                let Seen { monitor, tickets, blind, .. } = &mut *seen;
                *blind = None;
                let violations = monitor.look(&observation, now);
                for ticket in tickets.observe(&violations, &observation, now) {
                    self.log.ticket(self.key, ticket);
                }
            }
            // It says nothing about the system, so no ticket changes. Told once a reason.
            Err(error) if seen.blind.as_ref() != Some(&error.message) => {
                self.audit.note(&format!("The monitor could not look: {}", error.message));
                seen.blind = Some(error.message);
            }
            Err(_) => {}
        }
    }

    /// Does something again and again; a panic in it breaks the trial.
    async fn guarded<'a>(
        &'a self,
        every: Duration,
        phase: Duration,
        work: impl Fn(&'a Self) -> BoxFuture<'a, ()> + Send,
    ) {
        let mut ticks = tokio::time::interval_at(Instant::now() + phase, every.max(SHORTEST_INTERVAL));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(panic) = AssertUnwindSafe(work(self)).catch_unwind().await {
                self.broken.send_replace(Some(defect(&*panic)));
                return;
            }
            self.tell();
        }
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

/// Whether a fault is in force; a probe that hangs doesn't know.
pub(super) async fn presence(instance: &dyn Instance, planned: &PlannedFault) -> Presence {
    let probe = tokio::time::timeout(PROBE_LIMIT, instance.presence(planned));
    probe.await.unwrap_or_else(|_| Presence::Unknown("the probe did not come back".to_owned()))
}
