//! Numbers and differences in plain words.

use super::{Estimate, Verdict};
use crate::metric::{Better, Metric};

/// A value of a metric with its unit: `92.5 %`, `812 ms`, `0.0012 USD`, `31.5`.
pub(crate) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::SuccessRate => format!("{:.1} %", value * 100.0),
        Metric::Score => format!("{value:.3}"),
        Metric::LatencyMs => format!("{} ms", significant(value)),
        Metric::CostUsd | Metric::CostPerSuccessUsd => format!("{} USD", significant(value)),
        Metric::DetectS | Metric::RestoreS => format!("{} s", significant(value)),
        _ => significant(value),
    }
}

/// A number without needless digits: three significant ones below 100, none after the point from 100 on.
pub(crate) fn significant(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || size == 0.0 {
        return format!("{value:.0}");
    }
    let decimals = (2.0 - size.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

/// The size of a difference without its sign or unit.
fn size(metric: Metric, difference: f64) -> String {
    match metric {
        Metric::SuccessRate => format!("{:.1}", difference * 100.0),
        Metric::Score => format!("{difference:.3}"),
        _ => significant(difference),
    }
}

/// The size of a difference with its unit: `2.0 points`, `120 ms`.
pub(crate) fn amount(metric: Metric, difference: f64) -> String {
    let unit = match metric {
        Metric::SuccessRate => " points",
        Metric::Score => "",
        Metric::LatencyMs => " ms",
        Metric::CostUsd | Metric::CostPerSuccessUsd => " USD",
        Metric::TotalTokens | Metric::InputTokens | Metric::OutputTokens => " tokens",
        Metric::DetectS | Metric::RestoreS => " s",
        Metric::Commands => " commands",
        Metric::Destructive => " destructive commands",
    };
    format!("{}{unit}", size(metric, difference))
}

/// The verb and the two directions: more and less.
fn words(metric: Metric) -> (&'static str, &'static str, &'static str) {
    match metric {
        Metric::SuccessRate => ("passes", "more often", "less often"),
        Metric::Score => ("scores", "higher", "lower"),
        Metric::LatencyMs => ("is", "slower", "faster"),
        Metric::CostUsd => ("costs", "more a trial", "less a trial"),
        Metric::CostPerSuccessUsd => ("costs", "more a success", "less a success"),
        Metric::TotalTokens => ("uses", "more a trial", "less a trial"),
        Metric::InputTokens => ("sends", "more a trial", "less a trial"),
        Metric::OutputTokens => ("writes", "more a trial", "less a trial"),
        Metric::DetectS => ("is detected", "later", "earlier"),
        Metric::RestoreS => ("restores", "later", "earlier"),
        Metric::Commands | Metric::Destructive => ("runs", "more a trial", "less a trial"),
    }
}

/// What a sentence about a difference is made of.
pub(super) struct Told<'a> {
    pub(super) metric: Metric,
    pub(super) variant: &'a str,
    pub(super) baseline: &'a str,
    pub(super) estimate: &'a Estimate,
    pub(super) detectable: Option<f64>,
    pub(super) margin: f64,
    pub(super) confidence: f64,
    /// Every case differs by the same.
    pub(super) is_constant: bool,
}

/// The verdict in one plain sentence.
pub(super) fn sentence(told: &Told<'_>, verdict: Verdict) -> String {
    let Told { metric, variant, baseline, estimate, margin, .. } = *told;
    let Some(difference) = estimate.value else {
        let why = estimate.note.as_deref().unwrap_or("no case has a usable result of both");
        let measure = metric.label().to_lowercase();
        return format!("{variant} and {baseline} can't be compared by {measure}: {why}.");
    };
    let statement = statement(told, difference);
    let evidence = evidence(told, difference);
    match verdict {
        Verdict::Better | Verdict::Worse => {
            let small = if margin > 0.0 && difference.abs() < margin {
                format!(" This is less than the margin of {}.", amount(metric, margin))
            } else {
                String::new()
            };
            format!("{variant} {statement} {evidence}.{small}")
        }
        Verdict::NoDifference if margin > 0.0 => format!(
            "{variant} and {baseline} don't differ by more than the margin of {}: {variant} {statement} {evidence}.",
            amount(metric, margin)
        ),
        Verdict::NoDifference => {
            format!("{variant} and {baseline} don't differ: {variant} {statement} {evidence}.")
        }
        Verdict::CannotTell => {
            let size = told.detectable.map_or(String::new(), |detectable| {
                format!(" A difference of {} would probably have shown.", amount(metric, detectable))
            });
            let question = question(metric);
            format!(
                "Cannot tell whether {variant} is {question} than {baseline}: it {statement} {evidence}.{size}"
            )
        }
        Verdict::StillRunning => format!("Still running: so far {variant} {statement} {evidence}."),
    }
}

/// `passes 28.3 points more often than default`.
fn statement(told: &Told<'_>, difference: f64) -> String {
    let (verb, more, less) = words(told.metric);
    let direction = if difference < 0.0 { less } else { more };
    if difference == 0.0 {
        return match told.metric {
            Metric::SuccessRate => format!("passes exactly as often as {}", told.baseline),
            _ => format!("has exactly the same mean as {}", told.baseline),
        };
    }
    format!("{verb} {} {direction} than {}", amount(told.metric, difference.abs()), told.baseline)
}

/// `(95 % interval 19.6 to 36.9, 120 cases)`, with the signs of the statement.
fn evidence(told: &Told<'_>, difference: f64) -> String {
    let estimate = told.estimate;
    let cases = if estimate.n == 1 { "1 case".to_owned() } else { format!("{} cases", estimate.n) };
    if told.is_constant {
        return format!("(the same in each of {cases}, so there is no interval)");
    }
    let Some((low, high)) = estimate.interval.and_then(crate::stats::Interval::bounds) else {
        return format!("(no interval, {cases})");
    };
    let (from, to) = if difference < 0.0 { (-high, -low) } else { (low, high) };
    let percent = percent(told.confidence);
    format!("({percent} % interval {} to {}, {cases})", signed(told.metric, from), signed(told.metric, to))
}

/// A size with a real minus sign, and no minus before a zero.
fn signed(metric: Metric, difference: f64) -> String {
    let text = size(metric, difference.abs());
    let zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    if difference < 0.0 && !zero { format!("−{text}") } else { text }
}

/// The question that could not be answered.
fn question(metric: Metric) -> &'static str {
    match (metric, metric.better()) {
        (Metric::LatencyMs | Metric::DetectS | Metric::RestoreS, _) => "faster",
        (Metric::Commands, _) => "more sparing",
        (Metric::Destructive, _) => "safer",
        (_, Better::Higher) => "better",
        (_, Better::Lower) => "cheaper",
    }
}

/// A confidence in per cent: `95`, `99.5`.
pub(super) fn percent(confidence: f64) -> String {
    let percent = format!("{:.2}", confidence * 100.0);
    percent.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A p value as people write it.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}
