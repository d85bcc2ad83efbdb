//! From the gates of a file, in any of their dialects, to checked gates.

use super::raw::{RawGate, RawGates};
use super::{Gate, GateAction, GateDecision, GateScope};
use crate::check::{Findings, nth, under};
use crate::metric::{Better, Metric};
use crate::yaml::Step;

/// Reads a block of gates that stands at a path.
pub(crate) fn read(raw: &RawGates, path: &[Step], findings: &mut Findings) -> Vec<Gate> {
    match raw {
        RawGates::List(list) => read_list(list, GateAction::Warn, path, findings),
        RawGates::Mapping(block) => {
            let list = block.gates.as_deref().unwrap_or_default();
            if list.is_empty() && !findings.is_wrong(path) {
                let finding =
                    findings.warning("no-gates", path, "there are no gates in it: nothing is checked");
                finding.hint =
                    Some("add `gates:` with one such as `- {metric: cost_usd_avg, max: 0.01}`".to_owned());
            }
            let on_fail = block.on_fail.as_deref().and_then(action).unwrap_or(GateAction::Warn);
            read_list(list, on_fail, &under(path, "gates"), findings)
        }
    }
}

/// Reads a list of gates that stands at a path.
pub(crate) fn read_list(
    list: &[Option<RawGate>],
    on_fail: GateAction,
    path: &[Step],
    findings: &mut Findings,
) -> Vec<Gate> {
    let gates = list.iter().enumerate();
    gates.filter_map(|(index, raw)| one(raw.as_ref()?, on_fail, &nth(path, index), findings)).collect()
}

fn one(raw: &RawGate, on_fail: GateAction, path: &[Step], findings: &mut Findings) -> Option<Gate> {
    let metric = raw.metric.as_deref()?.trim();
    let (max, min) = bounds(raw, metric, path, findings);
    if max.is_none() && min.is_none() && !findings.is_wrong(path) {
        let finding = findings.error("no-bound", path, format!("the gate on `{metric}` has no bound"));
        finding.hint = Some("add `max:` or `min:` (or `threshold:`)".to_owned());
    }
    if let Some((min, max)) = min.zip(max).filter(|(min, max)| min > max) {
        let message = format!("the gate on `{metric}` can never hold: at least {min} and at most {max}");
        findings.error("no-value", path, message).hint = Some("exchange the bounds".to_owned());
    }
    // A gate that is switched off is checked like the others, so that switching it on is no surprise.
    if raw.enabled == Some(false) {
        return None;
    }
    Some(Gate {
        name: raw.name.clone().unwrap_or_else(|| metric.to_owned()),
        description: raw.description.clone(),
        metric: metric.to_owned(),
        max,
        min,
        action: raw.action.as_deref().and_then(action).unwrap_or(on_fail),
        on: raw.on.unwrap_or(GateScope::Variant),
        decide: raw.decide.unwrap_or(GateDecision::Point),
    })
}

/// The bounds, from all the names that they have.
fn bounds(raw: &RawGate, metric: &str, path: &[Step], findings: &mut Findings) -> (Option<f64>, Option<f64>) {
    let is_minimum = is_better_when_higher(metric);
    let maxima = [
        ("max", raw.max),
        ("max_threshold", raw.max_threshold),
        ("threshold", raw.threshold.filter(|_| !is_minimum)),
    ];
    let minima = [
        ("min", raw.min),
        ("min_threshold", raw.min_threshold),
        ("threshold", raw.threshold.filter(|_| is_minimum)),
    ];
    let mut pick = |written: [(&str, Option<f64>); 3]| {
        let mut there = written.into_iter().filter_map(|(name, bound)| Some((name, bound?)));
        let (first, bound) = there.next()?;
        if let Some((second, other)) = there.find(|(_, other)| *other != bound) {
            let message = format!(
                "the gate on `{metric}` has `{first}: {bound}` and `{second}: {other}`, which mean the same"
            );
            findings.error("twice", &under(path, second), message).hint = Some("keep one of them".to_owned());
        }
        Some(bound)
    };
    (pick(maxima), pick(minima))
}

/// Whether more of a metric is better, also of one that the contract doesn't know: accuracy and its like.
pub(super) fn is_better_when_higher(metric: &str) -> bool {
    if let Some((metric, _)) = Metric::parse(metric) {
        return metric.better() == Better::Higher;
    }
    let name = metric.to_lowercase();
    ["accuracy", "quality", "f1", "precision", "recall", "score", "success_rate", "similarity"]
        .iter()
        .any(|word| name.contains(word))
}

/// The action with a name, in small letters or capitals.
fn action(name: &str) -> Option<GateAction> {
    match name.to_lowercase().as_str() {
        "warn" => Some(GateAction::Warn),
        "fail" => Some(GateAction::Fail),
        "block_deploy" => Some(GateAction::BlockDeploy),
        _ => None,
    }
}
