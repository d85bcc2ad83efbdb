//! The timeline of a fault trial: its moments and commands on one axis, with the health samples above them.

use crate::fault::FaultKind;
use crate::lab::{AuditEntry, AuditKind, CommandClass, FaultTrial, HealthSample};
use crate::trial::Millis;

/// How one node was at one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It took a write and gave it back in time, and says that it is well.
    Good,
    /// It works, but slowly, or says that it is not well.
    Poor,
    /// A write or a read through it failed.
    Bad,
}

/// One node over the trial.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeLane {
    /// Its name.
    pub node: String,
    /// When, in seconds on the axis, and how it was then.
    pub samples: Vec<(f64, Health)>,
}

/// A moment of the trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Seconds on the axis.
    pub at: f64,
    /// Such as `fault` or `restored`.
    pub label: &'static str,
    /// It is about the fault and not about what was done against it.
    pub is_trouble: bool,
}

/// A command of the agent.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineCommand {
    /// Seconds on the axis.
    pub at: f64,
    /// What it does to the system.
    pub class: CommandClass,
    /// Its words.
    pub text: String,
}

/// What a timeline shows. Seconds count from the fault (of the control: from the end of the warm-up).
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineSpec {
    /// The heading.
    pub title: String,
    /// The same in sentences, for people who can't see it.
    pub description: String,
    /// The axis' ends in seconds; the first is 0 or less.
    pub span: (f64, f64),
    /// While the fault was in force.
    pub fault: Option<(f64, f64)>,
    /// One a node.
    pub lanes: Vec<NodeLane>,
    /// The slowest write plus read of each sample, in milliseconds; failed ones with the time after which they were
    /// given up.
    pub latency: Vec<(f64, f64)>,
    /// The service level's bound, in milliseconds.
    pub bound_ms: f64,
    /// In the order of time.
    pub moments: Vec<Moment>,
    /// In the order of time.
    pub commands: Vec<TimelineCommand>,
}

/// Describes a trial's timeline; `None` when nothing of it happened. `bound_ms` is the service level's latency.
pub fn timeline(
    trial: &FaultTrial,
    samples: &[HealthSample],
    audit: &[AuditEntry],
    bound_ms: f64,
) -> Option<TimelineSpec> {
    let clocks = &trial.clocks;
    let zero = clocks.landed_at.or(clocks.inject_begin_at).or(clocks.healthy_at).or(clocks.boot_at)?;
    let seconds = |at: Millis| (at - zero) as f64 / 1e3;
    let moments = moments(trial, &seconds);
    let commands = commands(audit, &seconds);
    let lanes = lanes(samples, bound_ms, &seconds);
    let latency = samples.iter().filter_map(|sample| {
        let slowest = sample.entries.iter().map(|entry| entry.latency_ms).fold(None, larger)?;
        Some((seconds(sample.at), slowest))
    });
    let all = moments.iter().map(|moment| moment.at);
    let all = all.chain(commands.iter().map(|command| command.at));
    let all: Vec<f64> = all.chain(samples.iter().map(|sample| seconds(sample.at))).collect();
    let first = all.iter().copied().fold(0.0, f64::min);
    let last = all.iter().copied().fold(0.0, f64::max).max(first + 1.0);
    let ends = clocks.reverted_at.or(clocks.verdict_at).map_or(last, seconds);
    let is_fault = trial.fault.kind != FaultKind::None;
    let fault = clocks.landed_at.filter(|_| is_fault).map(|landed| (seconds(landed), ends));
    Some(TimelineSpec {
        title: title(trial),
        description: description(trial, &moments, commands.len()),
        span: (first, last),
        fault,
        lanes,
        latency: latency.collect(),
        bound_ms,
        moments,
        commands,
    })
}

fn larger(most: Option<f64>, value: f64) -> Option<f64> {
    Some(most.map_or(value, |most| most.max(value)))
}

fn title(trial: &FaultTrial) -> String {
    let node = trial.planned.as_ref().and_then(|planned| planned.node.as_deref());
    match node {
        Some(node) => format!("{} on {node} of {}", trial.fault.kind.name(), trial.subject),
        None => format!("{} on {}", trial.fault.kind.name(), trial.subject),
    }
}

fn moments(trial: &FaultTrial, seconds: &impl Fn(Millis) -> f64) -> Vec<Moment> {
    let clocks = &trial.clocks;
    let is_fault = trial.fault.kind != FaultKind::None;
    let all = [
        (clocks.landed_at.filter(|_| is_fault), "fault", true),
        (clocks.onset_at, "symptom", true),
        (clocks.ticket_at, "ticket", false),
        (clocks.agent_at, "agent", false),
        (clocks.restored_at, "restored", false),
        (clocks.resolved_at, "resolved", false),
        (clocks.verdict_at, "verdict", false),
    ];
    let mut moments: Vec<Moment> = all
        .into_iter()
        .filter_map(|(at, label, is_trouble)| Some(Moment { at: seconds(at?), label, is_trouble }))
        .collect();
    moments.sort_by(|one, other| one.at.total_cmp(&other.at));
    moments
}

fn commands(audit: &[AuditEntry], seconds: &impl Fn(Millis) -> f64) -> Vec<TimelineCommand> {
    let calls = audit.iter().filter(|entry| entry.kind == AuditKind::ToolCall);
    let command = |entry: &AuditEntry| {
        Some(TimelineCommand { at: seconds(entry.at), class: entry.class?, text: entry.summary.clone() })
    };
    calls.filter_map(command).collect()
}

fn lanes(samples: &[HealthSample], bound_ms: f64, seconds: &impl Fn(Millis) -> f64) -> Vec<NodeLane> {
    let mut lanes: Vec<NodeLane> = Vec::new();
    for sample in samples {
        for entry in &sample.entries {
            let member = sample.members.iter().find(|member| member.node == entry.node);
            let health = match () {
                () if !entry.write_ok || !entry.read_ok => Health::Bad,
                () if entry.latency_ms > bound_ms => Health::Poor,
                () if member.is_some_and(|member| !member.healthy) => Health::Poor,
                () => Health::Good,
            };
            let point = (seconds(sample.at), health);
            match lanes.iter_mut().find(|lane| lane.node == entry.node) {
                Some(lane) => lane.samples.push(point),
                None => lanes.push(NodeLane { node: entry.node.clone(), samples: vec![point] }),
            }
        }
    }
    lanes
}

fn description(trial: &FaultTrial, moments: &[Moment], commands: usize) -> String {
    let mut text = format!("{}.", title(trial));
    for moment in moments {
        text.push_str(&format!(" {} after {:.1} s.", moment.label, moment.at));
    }
    let plural = if commands == 1 { "command" } else { "commands" };
    text.push_str(&format!(" {commands} {plural}."));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Clocks, EntryProbe, MemberState};

    fn sample(at: Millis, latencies: [Option<f64>; 2]) -> HealthSample {
        let entry = |(index, latency): (usize, Option<f64>)| EntryProbe {
            node: format!("n{}", index + 1),
            write_ok: latency.is_some(),
            read_ok: latency.is_some(),
            latency_ms: latency.unwrap_or(900.0),
            error: latency.is_none().then(|| "refused".to_owned()),
        };
        let member = |index: usize| MemberState {
            node: format!("n{index}"),
            healthy: true,
            leader: index == 1,
            term: Some(1),
            applied: Some(9),
            disk_percent: None,
            error: None,
        };
        HealthSample {
            at,
            entries: latencies.into_iter().enumerate().map(entry).collect(),
            members: vec![member(1), member(2)],
        }
    }

    fn trial(kind: FaultKind, clocks: Clocks) -> FaultTrial {
        FaultTrial {
            subject: "embedded".to_owned(),
            fault: kind.with_defaults(),
            planned: None,
            fault_state: None,
            mode: "managed".to_owned(),
            sandbox: None,
            tools: Vec::new(),
            clocks,
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

    #[test]
    fn seconds_count_from_the_fault_and_each_node_has_a_lane() {
        let clocks = Clocks {
            healthy_at: Some(7_000),
            landed_at: Some(10_000),
            ticket_at: Some(12_500),
            restored_at: Some(15_000),
            verdict_at: Some(18_000),
            ..Clocks::default()
        };
        let samples = [
            sample(9_000, [Some(3.0), Some(4.0)]),
            sample(11_000, [Some(3.0), None]),
            sample(16_000, [Some(300.0), Some(4.0)]),
        ];
        let spec = timeline(&trial(FaultKind::NodeKill, clocks), &samples, &[], 250.0).expect("a timeline");
        assert_eq!(spec.span, (-1.0, 8.0));
        assert_eq!(spec.fault, Some((0.0, 8.0)));
        let labels: Vec<_> = spec.moments.iter().map(|moment| (moment.label, moment.at)).collect();
        assert_eq!(labels, [("fault", 0.0), ("ticket", 2.5), ("restored", 5.0), ("verdict", 8.0)]);
        let lanes: Vec<_> =
            spec.lanes.iter().map(|lane| (lane.node.as_str(), lane.samples.clone())).collect();
        assert_eq!(lanes[0], ("n1", vec![(-1.0, Health::Good), (1.0, Health::Good), (6.0, Health::Poor)]));
        assert_eq!(lanes[1], ("n2", vec![(-1.0, Health::Good), (1.0, Health::Bad), (6.0, Health::Good)]));
        assert_eq!(spec.latency, [(-1.0, 4.0), (1.0, 900.0), (6.0, 300.0)]);
        assert_eq!(
            spec.description,
            "node_kill on embedded. fault after 0.0 s. ticket after 2.5 s. restored after 5.0 s. verdict after 8.0 s. 0 commands."
        );
    }

    #[test]
    fn a_control_has_no_fault_and_nothing_gives_nothing() {
        let clocks = Clocks { healthy_at: Some(5_000), verdict_at: Some(9_000), ..Clocks::default() };
        let spec = timeline(&trial(FaultKind::None, clocks), &[], &[], 250.0).expect("a timeline");
        assert_eq!((spec.fault, spec.span), (None, (0.0, 4.0)));
        assert_eq!(timeline(&trial(FaultKind::None, Clocks::default()), &[], &[], 250.0), None);
    }
}
