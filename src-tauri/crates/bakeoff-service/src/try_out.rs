//! Trying a subject by hand: start it, do a fault to it, watch it, undo it, remove it. One at a time.

use crate::dto::{Notice, ServiceError, TryOut, TryState};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::fault::{Fault, FaultKind, PlannedFault, Target};
use bakeoff_core::ports::lab::{Instance, OpenInstance, Presence, SubjectError, Subjects};
use bakeoff_core::subject::Subject;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// It removes itself after this.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// Samples that are kept.
const SAMPLES: usize = 240;
/// Between two looks for a fault to land.
const LOOK: Duration = Duration::from_millis(100);

/// The one that is tried.
#[derive(Default)]
pub(crate) struct TryOuts(Mutex<Option<Session>>);

struct Session {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What the session's task and the service's methods share.
struct Shared {
    subject: Arc<Subject>,
    view: Mutex<TryOut>,
    instance: Mutex<Option<Arc<dyn Instance>>>,
    notices: broadcast::Sender<Notice>,
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, TryOut> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut TryOut)) -> TryOut {
        let now = {
            let mut view = self.view();
            change(&mut view);
            view.clone()
        };
        // Nobody may be watching.
        let _ = self.notices.send(Notice::TryOut { try_out: Some(Box::new(now.clone())) });
        now
    }

    fn instance(&self) -> Option<Arc<dyn Instance>> {
        self.instance.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn running(&self) -> Result<Arc<dyn Instance>> {
        self.instance().ok_or_else(|| {
            ServiceError::conflict(format!("{} does not run yet", self.subject.name))
                .with_hint("wait until it has started")
        })
    }
}

impl Service {
    /// Starts a subject to be tried; returns at once.
    pub fn start_try_out(&self, subject: &str) -> Result<TryOut> {
        let subject = Arc::new(self.subject(subject)?);
        let mut current = self.try_outs.lock();
        if let Some(session) = current.as_ref() {
            let name = &session.shared.subject.name;
            return Err(
                ServiceError::conflict(format!("{name} is being tried already")).with_hint("remove it first")
            );
        }
        let view = TryOut {
            subject: subject.name.clone(),
            state: TryState::Starting,
            fault: None,
            seen: None,
            expires_at: Some(self.now() + LEASE.as_millis() as i64),
            samples: Vec::new(),
            error: None,
        };
        let shared = Arc::new(Shared {
            subject,
            view: Mutex::new(view.clone()),
            instance: Mutex::new(None),
            notices: self.notice_sender().clone(),
        });
        let task = self.handle().spawn(run(Arc::clone(&shared), Arc::clone(self.subjects())));
        *current = Some(Session { shared, task });
        Ok(view)
    }

    /// The subject that is tried.
    pub fn try_out(&self) -> Result<Option<TryOut>> {
        Ok(self.try_outs.lock().as_ref().map(|session| session.shared.view().clone()))
    }

    /// Does a fault to it and waits until a probe has seen it, or until it should have.
    pub fn inject_try_out(&self, fault: &Fault) -> Result<TryOut> {
        let shared = self.tried()?;
        if shared.view().fault.is_some() {
            return Err(ServiceError::conflict("a fault is in force already").with_hint("undo it first"));
        }
        check(fault, &shared.subject)?;
        let instance = shared.running()?;
        self.handle().block_on(inject(&shared, instance.as_ref(), fault)).map_err(told)
    }

    /// Undoes the fault and looks whether it is gone.
    pub fn revert_try_out(&self) -> Result<TryOut> {
        let shared = self.tried()?;
        let Some(planned) = shared.view().fault.clone() else { return Ok(shared.view().clone()) };
        let instance = shared.running()?;
        self.handle().block_on(revert(&shared, instance.as_ref(), &planned)).map_err(told)
    }

    /// Removes it, with whatever is in force.
    pub fn close_try_out(&self) -> Result<Option<TryOut>> {
        let Some(session) = self.try_outs.lock().take() else { return Ok(None) };
        session.shared.change(|view| view.state = TryState::Closing);
        session.task.abort();
        let instance = session.shared.instance.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closed = match instance {
            Some(instance) => self.handle().block_on(instance.close()).map_err(told),
            None => Ok(()),
        };
        self.notify(Notice::TryOut { try_out: None });
        closed.map(|()| None)
    }

    fn tried(&self) -> Result<Arc<Shared>> {
        let current = self.try_outs.lock();
        let session = current.as_ref().ok_or_else(|| {
            ServiceError::conflict("no subject is being tried").with_hint("start one first")
        })?;
        Ok(Arc::clone(&session.shared))
    }
}

impl TryOuts {
    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the subject allows the fault, and its parameters are in their ranges.
fn check(fault: &Fault, subject: &Subject) -> Result<()> {
    if !subject.allows(fault.kind) {
        let allowed: Vec<&str> = subject.faults.iter().map(|kind| kind.name()).collect();
        let message = format!("{} does not allow {}", subject.name, fault.kind.name());
        return Err(ServiceError::bad_input(message).with_hint(format!("it allows {}", allowed.join(", "))));
    }
    if let Target::Node(name) = &fault.target
        && !subject.node_names().contains(&name.as_str())
    {
        return Err(ServiceError::bad_input(format!("{} has no node {name}", subject.name))
            .with_hint(format!("it has {}", subject.node_names().join(", "))));
    }
    let mut params = match serde_json::to_value(fault) {
        Ok(serde_json::Value::Object(params)) => params,
        _ => serde_json::Map::new(),
    };
    params.retain(|name, value| !matches!(name.as_str(), "kind" | "target") && !value.is_null());
    Fault::from_params(fault.kind, &params)
        .map(drop)
        .map_err(|problems| ServiceError::bad_input(problems.join("; ")))
}

fn told(error: SubjectError) -> ServiceError {
    match error.is_unavailable {
        true => ServiceError::unavailable(error.message),
        false => ServiceError::conflict(error.message),
    }
}

/// Starts the instance and samples its health until the lease is over or somebody ends the task.
async fn run(shared: Arc<Shared>, subjects: Arc<bakeoff_subject::LocalSubjects>) {
    let timing = &shared.subject.timing;
    let wanted =
        OpenInstance { subject: Arc::clone(&shared.subject), seed: crate::time::now() as u64, lease: LEASE };
    let opened = async {
        let instance = subjects.open(wanted).await?;
        instance.wait_healthy(Duration::from_secs_f64(timing.boot_seconds)).await?;
        Ok::<_, SubjectError>(instance)
    };
    let instance = match opened.await {
        Ok(instance) => instance,
        Err(error) => {
            shared.change(|view| {
                view.state = TryState::Failed;
                view.error = Some(error.message);
            });
            return;
        }
    };
    *shared.instance.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&instance));
    shared.change(|view| view.state = TryState::Running);
    let until = Instant::now() + LEASE;
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(timing.sample_seconds.max(0.25)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while Instant::now() < until {
        ticks.tick().await;
        let sample = instance.sample(&crate::time::now).await;
        shared.change(|view| {
            view.samples.push(sample);
            let over = view.samples.len().saturating_sub(SAMPLES);
            view.samples.drain(..over);
        });
    }
    let closed = instance.close().await;
    shared.instance.lock().unwrap_or_else(PoisonError::into_inner).take();
    shared.change(|view| {
        view.state = TryState::Failed;
        view.fault = None;
        view.error = Some(match closed {
            Ok(()) => "Its time was over, so it was removed.".to_owned(),
            Err(error) => error.message,
        });
    });
}

async fn inject(
    shared: &Shared,
    instance: &dyn Instance,
    fault: &Fault,
) -> std::result::Result<TryOut, SubjectError> {
    let seed = crate::time::now() as u64;
    let planned = instance.plan(fault, seed).await?;
    // Shown before it is done, so that it can be undone whatever happens next.
    shared.change(|view| view.fault = Some(planned.clone()));
    instance.inject(&planned).await?;
    let seen = seen(shared, instance, &planned, |presence| matches!(presence, Presence::Present(_))).await;
    Ok(shared.change(|view| {
        view.seen = Some(seen);
        if planned.fault.kind == FaultKind::None {
            view.fault = None;
        }
    }))
}

async fn revert(
    shared: &Shared,
    instance: &dyn Instance,
    planned: &PlannedFault,
) -> std::result::Result<TryOut, SubjectError> {
    instance.revert(planned).await?;
    let seen = seen(shared, instance, planned, |presence| matches!(presence, Presence::Absent(_))).await;
    let is_gone = matches!(instance.presence(planned).await, Presence::Absent(_));
    Ok(shared.change(|view| {
        view.seen = Some(seen);
        if is_gone {
            view.fault = None;
        }
    }))
}

/// Looks until it is so or should have been; what was seen last.
async fn seen(
    shared: &Shared,
    instance: &dyn Instance,
    planned: &PlannedFault,
    is_so: impl Fn(&Presence) -> bool,
) -> String {
    let until = Instant::now() + Duration::from_secs_f64(shared.subject.timing.land_seconds);
    loop {
        let presence = instance.presence(planned).await;
        if is_so(&presence) || Instant::now() >= until {
            let (Presence::Present(seen) | Presence::Absent(seen) | Presence::Unknown(seen)) = presence;
            return seen;
        }
        tokio::time::sleep(LOOK).await;
    }
}
