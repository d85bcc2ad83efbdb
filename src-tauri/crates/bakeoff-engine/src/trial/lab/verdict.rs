//! The end of a fault trial's work: the hold time, the verdict, and what the record says of it all. The verdict is taken
//! before anything is undone.

use super::super::Verdict;
use super::lookout::presence;
use super::protocol::Repair;
use super::rig::Rig;
use super::{Lookout, PROBE_LIMIT, millis, seconds, within};
use bakeoff_core::fault::FaultKind;
use bakeoff_core::lab::{
    Claim, CommandClass, DataCheck, Ending, Evidence, Executed, OracleVerdict, Times, attribute,
    is_thrashing, unique_commands,
};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::lab::Presence;
use bakeoff_core::trial::Millis;
use std::time::Duration;
use tokio::time::Instant;

/// Reading back all writes may take this long.
const DATA_LIMIT: Duration = Duration::from_secs(60);

/// Waits for the hold time, judges, and gives the trial's outcome.
pub(super) async fn take(rig: &mut Rig, lookout: &Lookout, repair: &Repair) -> Verdict {
    hold(rig, lookout, repair).await;
    let verdict = judge(rig, lookout).await;
    let in_time = |restored: &Millis| *restored <= repair.deadline;
    let restored = lookout.seen().oracle.restored_at().filter(in_time);
    let verdict_at = rig.trial.clocks.verdict_at.unwrap_or_default();
    let expires = rig.trial.clocks.boot_at.map(|boot| boot.saturating_add(millis(rig.lease)));
    let lease_expired = expires.is_some_and(|expires| verdict_at >= expires);
    let commands = rig.audit.commands();
    let ending = Ending {
        fault: rig.trial.fault.kind,
        landed: rig.trial.clocks.landed_at.is_some(),
        lease_expired,
        restored: restored.is_some(),
        claim: repair.claim,
        changes: changes(&commands).count().try_into().unwrap_or(u32::MAX),
        verdict: Some(&verdict),
    };
    let (outcome, why) = ending.outcome();
    let planned = rig.trial.planned.as_ref();
    rig.trial.attribution =
        planned.and_then(|planned| attribute(planned, &commands, restored, lease_expired));
    if repair.claim == Claim::Resolved && restored.is_none() {
        // It was claimed too early. By how much is known if the system gets whole while its hold time would go on.
        let until = Instant::now() + window(rig);
        lookout.until(until, |seen, _| seen.oracle.restored_at()).await;
    }
    if repair.is_overtaken {
        let words = "The ticket was resolved by a person while the agent was at work, so this is no result of the agent.";
        return Verdict::Outcome(Outcome::Cancelled, Some(format!("{words} The oracle says: {why}.")));
    }
    match (&repair.failure, outcome) {
        // The contract: a variant's own error fails the trial, whatever became of the system.
        (Some(failure), Outcome::Pass | Outcome::Fail | Outcome::Timeout) => {
            Verdict::Outcome(Outcome::Fail, Some(format!("{failure} The oracle says: {why}.")))
        }
        (_, Outcome::Pass) => Verdict::Outcome(Outcome::Pass, None),
        _ => Verdict::Outcome(outcome, Some(format!("{}.", capitalised(&why)))),
    }
}

/// The hold time and as long as it takes to see that it is over.
fn window(rig: &Rig) -> Duration {
    seconds(rig.subject.timing.hold_seconds + 4.0 * rig.subject.timing.sample_seconds)
}

/// Waits until it can be told whether the system is restored. An agent may say so a little before it is: by as much as
/// the hold time. When the time was up before, only what held by then counts.
async fn hold(rig: &Rig, lookout: &Lookout, repair: &Repair) {
    if repair.claim != Claim::None {
        tokio::time::sleep(seconds(rig.subject.timing.hold_seconds)).await;
    }
    lookout.until(Instant::now() + window(rig), |seen, _| seen.oracle.restored_at()).await;
}

async fn judge(rig: &mut Rig, lookout: &Lookout) -> OracleVerdict {
    let instance = &lookout.instance;
    let data = tokio::time::timeout(DATA_LIMIT, instance.check_data()).await;
    let data = data.unwrap_or_else(|_| DataCheck {
        error: Some("reading the writes back took too long".to_owned()),
        ..DataCheck::default()
    });
    let presence = match &rig.trial.planned {
        Some(planned) if rig.trial.fault.kind != FaultKind::None => presence(&**instance, planned).await,
        _ => Presence::Absent("nothing was done".to_owned()),
    };
    let state = within(PROBE_LIMIT, "Reading its state", instance.capture_state()).await;
    let at = rig.clock.now();
    let verdict = {
        let state = state.as_ref().map_err(|error| error.message.as_str());
        let evidence = Evidence { at, data: &data, presence: &presence, state };
        lookout.seen().oracle.judge(&evidence)
    };
    rig.trial.clocks.verdict_at = Some(at);
    rig.trial.final_state = state.ok();
    rig.trial.verdict = Some(verdict.clone());
    let layers = verdict.layers().map(|(name, layer)| format!("{name}: {:?}, {}", layer.state, layer.reason));
    rig.audit.note(&format!("Verdict. {}", layers.join("; ")));
    verdict
}

/// Fills the record with everything that was seen so far; also of a trial that was stopped or failed.
pub(super) fn keep(rig: &mut Rig) {
    let Some(lookout) = rig.lookout.clone() else { return };
    let commands = rig.audit.commands();
    let seen = lookout.seen();
    let trial = &mut rig.trial;
    trial.tickets = seen.tickets.all().to_vec();
    let first = trial.tickets.first();
    trial.clocks.ticket_at = first.map(|ticket| ticket.first_seen_at);
    let claimed = trial.clocks.resolved_at.is_some();
    if !claimed {
        trial.clocks.resolved_at = first.and_then(|ticket| ticket.resolved_at);
    }
    if trial.fault.kind != FaultKind::None && trial.clocks.landed_at.is_some() {
        let deadline = rig.deadline.unwrap_or(Millis::MAX);
        trial.clocks.onset_at = seen.oracle.onset();
        trial.clocks.restored_at = seen.oracle.restored_at().filter(|restored| *restored <= deadline);
        let watched_until = trial.clocks.verdict_at.unwrap_or_else(|| rig.clock.now()).min(deadline);
        let times = Times::of(&trial.clocks, watched_until, claimed);
        (trial.detect_s, trial.restore_s) = (times.detect_s, times.restore_s);
        (trial.censored_s, trial.claim_lag_s) = (times.censored_s, times.claim_lag_s);
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let changing: Vec<(Millis, Millis)> =
        changes(&commands).map(|command| (command.began_at, command.ended_at)).collect();
    let lines: Vec<(Millis, String)> =
        commands.iter().map(|command| (command.began_at, command.line.clone())).collect();
    trial.commands = count(commands.len());
    trial.unique_commands = unique_commands(commands.iter().map(|command| command.line.as_str()));
    trial.destructive =
        count(commands.iter().filter(|command| command.class == CommandClass::Destructive).count());
    trial.destructive_effects = seen.oracle.destructive_effects(&changing);
    trial.thrashing = is_thrashing(&lines);
}

/// Commands that do more than look.
fn changes(commands: &[Executed]) -> impl Iterator<Item = &Executed> {
    commands.iter().filter(|command| command.class > CommandClass::Read)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
