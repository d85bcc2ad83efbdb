//! One old trial as a record: its outcome by Operator's rule, its times, and what is kept of it.

use super::ConvertedTrial;
use super::agent::Work;
use crate::eval_db::{EvalDb, OldCampaign, OldTrial};
use crate::health::is_healthy;
use crate::own;
use bakeoff_core::fault::{Fault, FaultKind, PlannedFault, Undo};
use bakeoff_core::lab::{
    Clocks, ClusterState, CommandClass, Executed, FaultTrial, Imported, is_thrashing, unique_commands,
};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Millis, SentPrompt, TrialKey, TrialRecord, Usage};
use serde_json::{Map, Value};

/// Of trials that Operator ran.
const JUDGED_BY_OPERATOR: &str = "Judged by Operator's rule: resolved, and healthy at the end. Its files have no samples \
    of the system, so there are no layers, and the time to restore is that to the resolved ticket.";
/// Of trials without an agent.
const JUDGED_WITHOUT_AGENT: &str = "Judged by the state at the end alone: Operator resolves no ticket without an agent. \
    Its files have no samples of the system, so there are no layers, and nobody knows when it was restored.";
/// Of trials that went from here into the file.
pub(super) const JUDGED_BY_BAKEOFF: &str = "Bakeoff ran it, and wrote its verdict into the file with it.";

/// Where a trial comes from.
pub(super) fn imported(file: &EvalDb, campaign: &OldCampaign, trial: &OldTrial, judged: &str) -> Imported {
    Imported { file: file.file.clone(), campaign: campaign.id, trial: trial.id, judged: judged.to_owned() }
}

#[expect(clippy::too_many_arguments, reason = "everything that a record is made of")]
pub(super) fn converted(
    file: &EvalDb,
    campaign: &OldCampaign,
    old: &OldTrial,
    subject: &str,
    fault: Fault,
    work: Work,
    is_baseline: bool,
    key: TrialKey,
) -> ConvertedTrial {
    let is_healthy = is_healthy(subject, &old.final_state);
    let (outcome, error) = outcome(is_baseline, work.resolved_at.is_some(), is_healthy);
    let times = Times::of(old, &work, outcome, is_baseline, fault.kind);
    let commands: Vec<Executed> = work.executed().collect();
    let judged = if is_baseline { JUDGED_WITHOUT_AGENT } else { JUDGED_BY_OPERATOR };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let lines: Vec<(Millis, &str)> = commands.iter().map(|one| (one.began_at, one.line.as_str())).collect();
    let record = FaultTrial {
        subject: subject.to_owned(),
        planned: planned(&fault, &old.metadata),
        fault,
        fault_state: None,
        mode: if is_baseline { "baseline" } else { "operator_db" }.to_owned(),
        sandbox: None,
        tools: Vec::new(),
        clocks: Clocks {
            boot_at: Some(old.started_at),
            inject_begin_at: Some(old.injected_at),
            ticket_at: work.ticket_at,
            agent_at: work.began_at,
            resolved_at: work.resolved_at,
            ..Clocks::default()
        },
        detect_s: times.detect_s,
        restore_s: times.restore_s,
        censored_s: times.censored_s,
        claim_lag_s: None,
        commands: count(commands.len()),
        unique_commands: unique_commands(commands.iter().map(|one| one.line.as_str())),
        destructive: count(commands.iter().filter(|one| one.class == CommandClass::Destructive).count()),
        destructive_effects: 0,
        thrashing: is_thrashing(&lines),
        verdict: None,
        attribution: None,
        tickets: work.tickets,
        initial_state: Some(state(&old.initial_state)),
        final_state: Some(state(&old.final_state)),
        imported: Some(imported(file, campaign, old, judged)),
    };
    let record = TrialRecord {
        key,
        outcome,
        score: None,
        latency_ms: None,
        wait_ms: 0.0,
        paced: false,
        usage: Usage::default(),
        cost_usd: is_baseline.then_some(0.0),
        started_at: old.started_at,
        ended_at: old.ended_at,
        sent: SentPrompt { system: work.system_prompt, user: String::new() },
        answer: work.answer,
        stop_reason: None,
        model_answered: None,
        error: error.map(str::to_owned),
        expected_label: None,
        answered_label: None,
        scores: Vec::new(),
        attempts: Vec::new(),
        steps: Vec::new(),
        fault: Some(Box::new(record)),
    };
    ConvertedTrial { record, audit: work.audit }
}

/// Operator's rule; without an agent the state alone, because there nothing ever resolves a ticket.
fn outcome(is_baseline: bool, is_resolved: bool, is_healthy: bool) -> (Outcome, Option<&'static str>) {
    match (is_resolved || is_baseline, is_healthy) {
        (true, true) => (Outcome::Pass, None),
        (false, true) => (Outcome::Fail, Some("Healthy at the end, but the ticket was never resolved.")),
        (true, false) if !is_baseline => {
            (Outcome::Fail, Some("The ticket was resolved, but the system was not healthy."))
        }
        (_, false) => (Outcome::Timeout, Some("Not healthy when the time was up.")),
    }
}

/// The times that are compared, in seconds.
#[derive(Default)]
struct Times {
    detect_s: Option<f64>,
    restore_s: Option<f64>,
    censored_s: Option<f64>,
}

impl Times {
    /// A moment from before the fault is of another trial's ticket, and tells nothing of this one.
    fn of(old: &OldTrial, work: &Work, outcome: Outcome, is_baseline: bool, kind: FaultKind) -> Self {
        if kind == FaultKind::None {
            return Self::default();
        }
        let since = |at: Millis| (at >= old.injected_at).then(|| (at - old.injected_at) as f64 / 1000.0);
        let restored = work.resolved_at.and_then(since).filter(|_| outcome == Outcome::Pass && !is_baseline);
        Self {
            detect_s: work.ticket_at.and_then(since),
            restore_s: restored,
            censored_s: (outcome != Outcome::Pass).then(|| since(old.ended_at)).flatten(),
        }
    }
}

fn planned(fault: &Fault, metadata: &Map<String, Value>) -> Option<PlannedFault> {
    if fault.kind == FaultKind::None {
        return None;
    }
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let mechanism = match fault.kind {
        FaultKind::Latency | FaultKind::PacketLoss => "netem",
        FaultKind::NetworkPartition => "iptables",
        FaultKind::DiskPressure => "fallocate",
        _ => "signal",
    };
    let mut detail = metadata.clone();
    detail.remove(own::KEY);
    Some(PlannedFault {
        fault: fault.clone(),
        node: text("target_container").or_else(|| text("isolated_container")),
        mechanism: mechanism.to_owned(),
        undo: Undo::Nothing,
        detail,
    })
}

/// A state as the file has it: shown, not judged by our rules. Of TiKV the stores are its members.
fn state(state: &Value) -> ClusterState {
    let name = |store: &Value| {
        let name = store.get("address").or_else(|| store.get("id"))?;
        Some(name.as_str().map_or_else(|| name.to_string(), str::to_owned))
    };
    let stores = state.get("stores").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut members: Vec<String> = stores.iter().filter_map(name).collect();
    members.sort();
    let raw = match state {
        Value::Object(raw) => raw.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("state".to_owned(), other.clone())]),
    };
    ClusterState { members, raw, ..ClusterState::default() }
}
