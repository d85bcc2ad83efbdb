//! Words for gates' results.

use super::Gate;
use crate::analysis::{amount, significant, value};
use crate::metric::Metric;

/// In what a value is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Of(Metric),
    DifferenceOf(Metric),
    None,
}

/// A value with its unit.
pub(super) fn shown(unit: &Unit, number: f64) -> String {
    match unit {
        Unit::Of(metric) => value(*metric, number),
        Unit::DifferenceOf(metric) => amount(*metric, number),
        Unit::None => significant(number),
    }
}

/// A value with its unit; with all its digits where fewer would show it as the bound that it isn't.
pub(super) fn told_apart(unit: &Unit, number: f64, gate: &Gate) -> String {
    let short = shown(unit, number);
    let bounds = [gate.min, gate.max];
    let looks_equal = |bound: &f64| *bound != number && shown(unit, *bound) == short;
    if bounds.iter().flatten().any(looks_equal) { format!("{short} ({number})") } else { short }
}

/// `at least 0.9 and at most 1 is allowed`; bounds have all the digits that the file gives them.
pub(super) fn bounds_in_words(gate: &Gate, unit: &Unit) -> String {
    let min = gate.min.map(|min| format!("at least {}", bound(unit, min)));
    let max = gate.max.map(|max| format!("at most {}", bound(unit, max)));
    let bounds: Vec<String> = min.into_iter().chain(max).collect();
    format!("{} is allowed", bounds.join(" and "))
}

fn bound(unit: &Unit, bound: f64) -> String {
    // 0.07 · 100 has a rounding error that nobody wrote.
    let percent = (bound * 1e12).round() / 1e10;
    match unit {
        Unit::Of(Metric::SuccessRate) => format!("{percent} %"),
        Unit::DifferenceOf(Metric::SuccessRate) => format!("{percent} points"),
        Unit::Of(Metric::LatencyMs) | Unit::DifferenceOf(Metric::LatencyMs) => format!("{bound} ms"),
        Unit::Of(Metric::DetectS | Metric::RestoreS)
        | Unit::DifferenceOf(Metric::DetectS | Metric::RestoreS) => {
            format!("{bound} s")
        }
        Unit::Of(metric) | Unit::DifferenceOf(metric)
            if matches!(metric, Metric::CostUsd | Metric::CostPerSuccessUsd) =>
        {
            format!("{bound} USD")
        }
        _ => bound.to_string(),
    }
}

/// `1 trial`, `240 cases`: a count with two significant digits from 100 on.
pub(super) fn share_of_trials(count: f64, noun: &str) -> String {
    const MOST: f64 = 1e9;
    let rounded = if count < 100.0 {
        count.ceil()
    } else {
        let unit = 10f64.powf(count.log10().floor() - 1.0);
        (count / unit).ceil() * unit
    };
    if rounded > MOST {
        return format!("a thousand million {noun}s");
    }
    let plural = if rounded == 1.0 { "" } else { "s" };
    format!("{rounded:.0} {noun}{plural}")
}
