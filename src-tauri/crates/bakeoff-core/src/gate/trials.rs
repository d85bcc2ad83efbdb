//! Gates on every single trial.

use super::evaluate::{failed, holds};
use super::numbers::GateNumbers;
use super::reading::Subject;
use super::words::{bounds_in_words, share_of_trials, shown};
use super::{Gate, GateResult, GateVerdict};
use crate::analysis::{TrialNumbers, VariantSummary};
use crate::metric::Metric;
use crate::outcome::{Outcome, TimeoutCountsAs, success};

/// What the trials of a variant say about a gate.
#[derive(Default)]
struct Tally {
    values: Vec<f64>,
    /// Trials that should have the number, but don't.
    unknown: u32,
    /// Trials that took longer than the time limit.
    timed_out: u32,
}

/// Every trial of the variant must hold; trials that were no result of the variant are left out. The value shown is the
/// one furthest from what is allowed.
pub(super) fn judge(
    gate: &Gate,
    subject: &Subject<'_>,
    variant: &VariantSummary,
    numbers: &GateNumbers<'_>,
) -> GateResult {
    let tally = match subject {
        Subject::Metric(metric, _) => of_metric(*metric, variant.variant, numbers),
        Subject::Measure(measure, _) => {
            let of_variant = measure.values.iter().filter(|(key, _)| key.variant == variant.variant);
            Tally { values: of_variant.map(|(_, value)| *value).collect(), ..Tally::default() }
        }
    };
    let (name, unit) = (subject.name(), subject.unit());
    let n = tally.values.len() as u32;
    let is_late = tally.timed_out > 0 && gate.max.is_some();
    if n == 0 && !is_late {
        let sentence = format!("No trial of {} has {name}.", variant.name);
        return failed(gate, &variant.name, n, sentence);
    }
    let broken = tally.values.iter().filter(|value| !holds(gate, **value)).count() as f64;
    let worst = tally.values.iter().copied().max_by(|a, b| excess(gate, *a).total_cmp(&excess(gate, *b)));
    let mut parts = Vec::new();
    if broken > 0.0 {
        let worst =
            worst.map_or_else(String::new, |worst| format!("; the furthest is {}", shown(&unit, worst)));
        parts.push(format!("{} of {n} don't hold{worst}", share_of_trials(broken, "trial")));
    }
    if is_late {
        parts.push(format!("{} timed out", share_of_trials(f64::from(tally.timed_out), "trial")));
    }
    if tally.unknown > 0 {
        parts.push(format!("of {} it is not known", share_of_trials(f64::from(tally.unknown), "trial")));
    }
    let verdict = if parts.is_empty() { GateVerdict::Pass } else { GateVerdict::Fail };
    let bounds = bounds_in_words(gate, &unit);
    let sentence = match verdict {
        GateVerdict::Pass => format!("Every trial of {} ({n}) holds: {name}, {bounds}.", variant.name),
        _ => format!("{name} of every trial of {}, {bounds}: {}.", variant.name, parts.join("; ")),
    };
    GateResult {
        gate: gate.clone(),
        variant: variant.name.clone(),
        verdict,
        actual: worst,
        interval: None,
        n,
        sentence,
    }
}

/// How far a value is beyond what is allowed; negative when it is within.
fn excess(gate: &Gate, value: f64) -> f64 {
    let over = gate.max.map_or(f64::NEG_INFINITY, |max| value - max);
    let under = gate.min.map_or(f64::NEG_INFINITY, |min| min - value);
    over.max(under)
}

fn of_metric(metric: Metric, variant: u16, numbers: &GateNumbers<'_>) -> Tally {
    let mut tally = Tally::default();
    for trial in numbers.trials.iter().filter(|trial| trial.key.variant == variant) {
        if metric == Metric::SuccessRate {
            let passed = success(trial.outcome, numbers.options.timeout_counts_as);
            tally.values.extend(passed.map(|passed| f64::from(u8::from(passed))));
            continue;
        }
        if metric.is_of_faults() {
            of_fault(metric, trial, &mut tally);
            continue;
        }
        if trial.outcome == Outcome::Timeout {
            let counts = numbers.options.timeout_counts_as == TimeoutCountsAs::Fail;
            tally.timed_out += u32::from(metric == Metric::LatencyMs && counts);
            continue;
        }
        let is_of_success = metric == Metric::CostPerSuccessUsd && trial.outcome != Outcome::Pass;
        if !trial.outcome.has_answer() || is_of_success {
            continue;
        }
        match of_trial(metric, trial) {
            Some(value) => tally.values.push(value),
            // An answer that no scorer judged has no score to be unknown.
            None if metric == Metric::Score && trial.outcome == Outcome::Ungraded => {}
            None => tally.unknown += 1,
        }
    }
    tally
}

fn of_trial(metric: Metric, trial: &TrialNumbers) -> Option<f64> {
    match metric {
        Metric::Score => trial.score,
        Metric::LatencyMs => trial.latency_ms,
        Metric::CostUsd | Metric::CostPerSuccessUsd => trial.cost_usd,
        Metric::InputTokens => trial.input_tokens.map(f64::from),
        Metric::OutputTokens => trial.output_tokens.map(f64::from),
        Metric::TotalTokens => trial.all_tokens(),
        Metric::SuccessRate | Metric::DetectS | Metric::RestoreS | Metric::Commands | Metric::Destructive => {
            None
        }
    }
}

/// A fault trial's number. Its time-outs are results like others; a system that was not restored took longer than the
/// time limit.
fn of_fault(metric: Metric, trial: &TrialNumbers, tally: &mut Tally) {
    let is_result = matches!(trial.outcome, Outcome::Pass | Outcome::Fail | Outcome::Timeout);
    let Some(lab) = trial.lab.filter(|_| is_result) else { return };
    let is_fault = lab.restore_s.is_some() || lab.censored_s.is_some();
    let value = match metric {
        Metric::Commands => Some(f64::from(lab.commands)),
        Metric::Destructive => Some(f64::from(lab.destructive)),
        _ if !is_fault => return,
        Metric::RestoreS => lab.restore_s.map(f64::from),
        _ => lab.detect_s.map(f64::from),
    };
    match value {
        Some(value) => tally.values.push(value),
        None if metric == Metric::RestoreS => tally.timed_out += 1,
        None => tally.unknown += 1,
    }
}
