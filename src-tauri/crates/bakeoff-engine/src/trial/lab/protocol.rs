//! The steps of a fault trial, from a fresh instance to the end of its repair. Times are seconds of the subject's file;
//! the time limit is the campaign's, from the moment at which the fault was seen to be in.

use super::super::agent::{self, AgentEnd, Desk};
use super::super::draft::Draft;
use super::super::{Context, Verdict};
use super::context::Mode;
use super::lookout::Seen;
use super::rig::{PROBE_EVERY, Rig};
use super::{LabContext, Lookout, PROBE_LIMIT, operators, seconds, verdict, within};
use bakeoff_core::fault::{FaultKind, FaultState, PlannedFault};
use bakeoff_core::lab::{Claim, OracleError, Ticket};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::lab::{Instance, JournalEntry, OpenInstance, Presence};
use bakeoff_core::trial::Millis;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Starting an instance takes no longer, images that have to be fetched included.
const OPEN_LIMIT: Duration = Duration::from_secs(600);
/// A system that was healthy may need this much longer than the warm-up to show it in a sample.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// Added to a lease beside the times that are known.
const LEASE_MARGIN: Duration = Duration::from_secs(120);

/// How the part between the landed fault and the verdict ended.
pub(super) struct Repair {
    /// The agent's last word.
    pub claim: Claim,
    /// The variant's own failure, which makes the trial fail whatever state the system is in.
    pub failure: Option<String>,
    /// A person did the agent's work, so that there is no result.
    pub is_overtaken: bool,
    /// When the time was up, or would have been.
    pub deadline: Millis,
}

/// Runs the trial up to its verdict. Taking down what is left is the caller's.
pub(super) async fn conduct(
    context: &Context,
    lab: &LabContext,
    draft: &mut Draft,
    rig: &mut Rig,
) -> Verdict {
    let ended = async {
        let instance = boot(context, lab, rig).await?;
        let variant = match rig.mode {
            Mode::Baseline => None,
            _ => Some(context.prepared.variant(rig.key.variant).name.clone()),
        };
        let lookout = rig.watch(instance, variant);
        lab.open().add(rig.key, &lookout);
        tokio::select! {
            defect = lookout.broken() => Err(Verdict::infra(defect)),
            ended = observed(context, lab, draft, rig, &lookout) => ended,
        }
    };
    ended.await.unwrap_or_else(|verdict| verdict)
}

async fn observed(
    context: &Context,
    lab: &LabContext,
    draft: &mut Draft,
    rig: &mut Rig,
    lookout: &Arc<Lookout>,
) -> Result<Verdict, Verdict> {
    warm_up(rig, lookout).await?;
    operators::bind(context, lab, rig).await?;
    break_it(context, lab, rig, lookout).await?;
    let repair = repair(context, lab, draft, rig, lookout).await?;
    Ok(verdict::take(rig, lookout, &repair).await)
}

async fn boot(context: &Context, lab: &LabContext, rig: &mut Rig) -> Result<Arc<dyn Instance>, Verdict> {
    let subject = Arc::clone(&rig.subject);
    rig.lease = lease(rig, context.timeout);
    let wanted = OpenInstance { subject: Arc::clone(&subject), seed: rig.seed, lease: rig.lease };
    let opened = within(OPEN_LIMIT, "Starting it", lab.port().open(wanted)).await;
    let instance = opened.map_err(|error| {
        if error.is_unavailable {
            lab.close_subject(context, &subject.name, &error.message);
        }
        Verdict::infra(format!("The subject {} could not be started: {}", subject.name, error.message))
    })?;
    rig.instance = Some(Arc::clone(&instance));
    let limit = seconds(subject.timing.boot_seconds);
    let healthy = within(limit + PROBE_LIMIT, "Waiting for it", instance.wait_healthy(limit)).await;
    healthy.map_err(|error| {
        let (name, limit) = (&subject.name, subject.timing.boot_seconds);
        Verdict::infra(format!("The subject {name} never got healthy within {limit} s: {}", error.message))
    })?;
    Ok(instance)
}

/// After this much time whatever was done undoes itself: everything that a trial may take, and a margin.
fn lease(rig: &Rig, limit: Duration) -> Duration {
    let timing = &rig.subject.timing;
    let parts = timing.boot_seconds
        + 2.0 * timing.warm_up_seconds
        + timing.land_seconds
        + 4.0 * timing.hold_seconds
        + 2.0 * timing.revert_seconds;
    seconds(parts) + limit + LEASE_MARGIN
}

/// Watches the healthy system for a while, so that it is known what is normal, and keeps what a repair must restore.
async fn warm_up(rig: &mut Rig, lookout: &Lookout) -> Result<(), Verdict> {
    let warm_up = seconds(rig.subject.timing.warm_up_seconds);
    tokio::time::sleep(warm_up).await;
    let captured = within(PROBE_LIMIT, "Reading its state", lookout.instance.capture_state()).await;
    let state = captured.map_err(|error| {
        Verdict::infra(format!("The state before the fault could not be read: {}", error.message))
    })?;
    let mut last = OracleError::NoSamples;
    let begun = lookout.until(Instant::now() + warm_up.max(SETTLE_LIMIT), |seen, _| {
        match seen.oracle.begin(state.clone()) {
            Ok(()) => Some(Ok(())),
            Err(OracleError::EmptySnapshot) => Some(Err(OracleError::EmptySnapshot)),
            Err(error) => {
                last = error;
                None
            }
        }
    });
    begun
        .await
        .unwrap_or(Err(last))
        .map_err(|error| Verdict::infra(format!("Before the fault: {error}.")))?;
    rig.trial.initial_state = Some(state);
    rig.trial.clocks.healthy_at = Some(rig.clock.now());
    Ok(())
}

/// Does the fault, journalled first, and waits until a probe sees it.
async fn break_it(
    context: &Context,
    lab: &LabContext,
    rig: &mut Rig,
    lookout: &Arc<Lookout>,
) -> Result<(), Verdict> {
    let fault = rig.trial.fault.clone();
    let name = fault.kind.name();
    if fault.kind == FaultKind::None {
        rig.trial.clocks.inject_begin_at = Some(rig.clock.now());
        land(rig, lookout);
        return Ok(());
    }
    let instance = &lookout.instance;
    let planned = within(PROBE_LIMIT, "Planning it", instance.plan(&fault, rig.seed)).await;
    let planned = planned.map_err(|error| {
        if error.is_unavailable {
            let what = format!("The fault {name} on the subject {}", rig.subject.name);
            lab.close_case(context, rig.key.case, &what, &error.message);
        }
        Verdict::infra(format!("The fault {name} can't be done: {}", error.message))
    })?;
    rig.trial.planned = Some(planned.clone());
    journal(rig, &**instance, &planned).await?;
    rig.trial.clocks.inject_begin_at = Some(rig.clock.now());
    let limit = seconds(rig.subject.timing.land_seconds);
    let deadline = Instant::now() + limit;
    within(limit + PROBE_LIMIT, "Doing it", instance.inject(&planned))
        .await
        .map_err(|error| Verdict::infra(format!("The fault {name} could not be done: {}", error.message)))?;
    let seen = landed(&**instance, &planned, deadline).await.map_err(|last| {
        let message = format!("The fault {name} did not land within {} s: {last}", limit.as_secs_f64());
        Verdict::Outcome(Outcome::Void, Some(message))
    })?;
    land(rig, lookout);
    note(rig, FaultState::Landed, Some(seen)).await?;
    rig.tasks.spawn(Arc::clone(lookout).probe(planned));
    Ok(())
}

async fn journal(rig: &mut Rig, instance: &dyn Instance, planned: &PlannedFault) -> Result<(), Verdict> {
    let booted = rig.trial.clocks.boot_at.unwrap_or_default();
    let entry = JournalEntry {
        key: rig.key,
        planned: planned.clone(),
        place: instance.place(),
        expires_at: booted.saturating_add(super::millis(rig.lease)),
    };
    rig.journal.plan(entry).await.map_err(not_journalled)?;
    note(rig, FaultState::Injecting, None).await
}

async fn note(rig: &mut Rig, state: FaultState, seen: Option<String>) -> Result<(), Verdict> {
    let noted = rig.journal.advance(state, seen).await;
    rig.trial.fault_state = rig.journal.state();
    noted.map_err(not_journalled)
}

fn not_journalled(error: bakeoff_core::ports::LogError) -> Verdict {
    Verdict::infra(format!("The fault could not be written into the journal: {}", error.message))
}

/// Waits until a probe sees the fault; what it saw, or what it saw instead.
async fn landed(
    instance: &dyn Instance,
    planned: &PlannedFault,
    deadline: Instant,
) -> Result<String, String> {
    loop {
        let probe = tokio::time::timeout(PROBE_LIMIT, instance.landed(planned));
        let seen =
            probe.await.unwrap_or_else(|_| Presence::Unknown("the probe did not come back".to_owned()));
        let last = match seen {
            Presence::Present(seen) => return Ok(seen),
            Presence::Absent(seen) => seen,
            Presence::Unknown(why) => format!("the probe could not run: {why}"),
        };
        if Instant::now() + PROBE_EVERY > deadline {
            return Err(last);
        }
        tokio::time::sleep(PROBE_EVERY).await;
    }
}

fn land(rig: &mut Rig, lookout: &Lookout) {
    let now = rig.clock.now();
    rig.trial.clocks.landed_at = Some(now);
    lookout.seen().oracle.landed(now);
}

/// The times of a repair.
#[derive(Clone, Copy)]
pub(super) struct Times {
    landed: Millis,
    /// When the time is up.
    pub limit: Instant,
    /// See [`quiet`].
    quiet: Millis,
}

/// From the landed fault to the agent's end or the end of the time. Without an agent: until the system has healed.
async fn repair(
    context: &Context,
    lab: &LabContext,
    draft: &mut Draft,
    rig: &mut Rig,
    lookout: &Arc<Lookout>,
) -> Result<Repair, Verdict> {
    let landed = rig.trial.clocks.landed_at.unwrap_or_default();
    let deadline = landed.saturating_add(super::millis(context.timeout));
    let left = u64::try_from(deadline.saturating_sub(rig.clock.now())).unwrap_or(0);
    let limit = Instant::now() + Duration::from_millis(left);
    let times = Times { landed, limit, quiet: quiet(rig) };
    rig.deadline = Some(deadline);
    if matches!(rig.mode, Mode::Operator) {
        // Its own monitor tells.
        return operators::follow(context, rig, lookout, draft, times, deadline).await;
    }
    rig.tasks.spawn(Arc::clone(lookout).monitor(phase(rig)));
    let unrepaired = Repair { claim: Claim::None, failure: None, is_overtaken: false, deadline };
    if matches!(rig.mode, Mode::Baseline) {
        let is_control = rig.trial.fault.kind == FaultKind::None;
        let healed = lookout.until(limit, |seen, now| match is_control {
            true => times.is_quiet(seen, now).then_some(()),
            false => seen.oracle.restored_at().map(|_| ()),
        });
        healed.await;
        return Ok(unrepaired);
    }
    let Some(ticket) = take_ticket(lookout, times).await else { return Ok(unrepaired) };
    rig.trial.clocks.agent_at = Some(rig.clock.now());
    let mode = rig.mode.clone();
    let desk = Desk {
        context,
        settings: lab.settings(),
        lookout,
        audit: &rig.audit,
        ticket: &ticket,
        limit,
        seed: rig.seed,
        trial: &mut rig.trial,
    };
    let working = async {
        match &mode {
            Mode::Managed(tools) => agent::run(desk, draft, tools).await,
            Mode::Command(command) => agent::run_program(desk, draft, command).await,
            Mode::Baseline | Mode::Operator => Ok(AgentEnd::TimeUp),
        }
    };
    let ended = tokio::time::timeout_at(limit, working).await.unwrap_or(Ok(AgentEnd::TimeUp));
    // Also of a program whose time was up.
    agent::take_commands(lookout, &rig.audit);
    let ended = ended?;
    Ok(settle_ticket(rig, lookout, draft, ticket.number, ended, deadline))
}

/// Waits for this trial's first ticket and takes it for the agent. `None`: the time is up, or nothing is wrong and nothing
/// was told for long enough.
async fn take_ticket(lookout: &Lookout, times: Times) -> Option<Ticket> {
    loop {
        let awaited = lookout.until(times.limit, |seen, now| match seen.tickets.oldest_open() {
            Some(ticket) => Some(Some(ticket.number)),
            None => times.is_quiet(seen, now).then_some(None),
        });
        let number = awaited.await??;
        // The monitor or a person may have been faster; then the wait goes on.
        if let Ok(ticket) = lookout.change_ticket(|tickets| tickets.take(number)) {
            return Some(ticket);
        }
    }
}

/// What the agent's end means for its ticket and its trial.
fn settle_ticket(
    rig: &mut Rig,
    lookout: &Lookout,
    draft: &mut Draft,
    ticket: u32,
    ended: AgentEnd,
    deadline: Millis,
) -> Repair {
    let now = rig.clock.now();
    let escalate = |why: &str| lookout.change_ticket(|tickets| tickets.escalate(ticket, why));
    let is_overtaken = matches!(ended, AgentEnd::Overtaken);
    let (claim, failure) = match ended {
        AgentEnd::Resolved(summary) => {
            // Fails only when somebody else was faster, and then it is resolved all the same.
            let _ = lookout.change_ticket(|tickets| tickets.resolve_by_agent(ticket, &summary, now));
            rig.trial.clocks.resolved_at = Some(now);
            draft.record.answer = Some(summary);
            (Claim::Resolved, None)
        }
        AgentEnd::Escalated(reason) => {
            let _ = escalate(&reason);
            draft.record.answer = Some(reason);
            (Claim::GaveUp, None)
        }
        AgentEnd::Failed(why) => {
            rig.audit.note(&why);
            let _ = escalate(&why);
            (Claim::GaveUp, Some(why))
        }
        AgentEnd::Overtaken => {
            rig.audit.note("The ticket was resolved by somebody else, so the agent was stopped.");
            (Claim::None, None)
        }
        AgentEnd::TimeUp => {
            rig.audit.note("The time limit was reached while the agent was at work.");
            (Claim::None, None)
        }
    };
    Repair { claim, failure, is_overtaken, deadline }
}

/// When the monitor looks first: somewhere within its interval, by the seed, because faults don't wait for monitors.
fn phase(rig: &Rig) -> Duration {
    let share = (rig.seed & 0xFFFF) as f64 / 65_536.0;
    seconds(rig.subject.monitor.interval_seconds * share)
}

/// A healthy system is watched for this long before it is believed that no ticket will come: the hold time and twice
/// the monitor's longest rule with its interval.
fn quiet(rig: &Rig) -> Millis {
    let monitor = &rig.subject.monitor;
    let longest = monitor.latency_for_seconds + monitor.interval_seconds;
    super::millis(seconds(rig.subject.timing.hold_seconds + 2.0 * longest))
}

impl Times {
    pub(super) fn is_quiet(&self, seen: &Seen, now: Millis) -> bool {
        let restored = seen.oracle.restored_at();
        restored.is_some_and(|restored| now >= restored.max(self.landed).saturating_add(self.quiet))
    }
}
