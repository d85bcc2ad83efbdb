//! Holding gates against numbers.

use super::numbers::GateNumbers;
use super::reading::{Reading, Subject, missing_metric, of_difference, of_variant};
use super::words::{bounds_in_words, share_of_trials, shown, told_apart};
use super::{Gate, GateDecision, GateResult, GateScope, GateVerdict, trials};
use crate::analysis::{MeasureSummary, measure};
use crate::stats::Interval;

/// Checks every gate on every variant. A gate on differences has no result for the baseline itself.
pub fn evaluate(gates: &[Gate], numbers: &GateNumbers<'_>) -> Vec<GateResult> {
    gates.iter().flat_map(|gate| one(gate, numbers)).collect()
}

fn one(gate: &Gate, numbers: &GateNumbers<'_>) -> Vec<GateResult> {
    let subject = Subject::find(&gate.metric, numbers.measures);
    let summaries: Vec<MeasureSummary> = match &subject {
        Some(Subject::Measure(measured, _)) if gate.on != GateScope::Trial => {
            measure(&measured.values, numbers.options)
        }
        _ => Vec::new(),
    };
    let variants = numbers.comparison.variants.iter();
    let judged = variants
        .filter(|variant| gate.on != GateScope::Difference || variant.variant != numbers.comparison.baseline);
    judged
        .map(|variant| {
            let Some(subject) = &subject else {
                return failed(gate, &variant.name, 0, missing_metric(&gate.metric, numbers.measures));
            };
            let of_measure = summaries.get(usize::from(variant.variant));
            match gate.on {
                GateScope::Trial => trials::judge(gate, subject, variant, numbers),
                GateScope::Variant => judge(gate, &variant.name, of_variant(subject, variant, of_measure)),
                GateScope::Difference => {
                    let reading = of_difference(subject, variant, numbers.comparison, of_measure);
                    judge(gate, &variant.name, reading)
                }
            }
        })
        .collect()
}

/// A gate that fails because there is nothing to hold it against.
pub(super) fn failed(gate: &Gate, variant: &str, n: u32, why: String) -> GateResult {
    GateResult {
        gate: gate.clone(),
        variant: variant.to_owned(),
        verdict: GateVerdict::Fail,
        actual: None,
        interval: None,
        n,
        sentence: why,
    }
}

fn judge(gate: &Gate, variant: &str, reading: Reading) -> GateResult {
    let Some(value) = reading.value else {
        let why = reading.note.as_deref().unwrap_or("it is not known");
        let sentence = format!("{} has no value: {why}.", reading.name);
        return failed(gate, variant, reading.n, sentence);
    };
    let (verdict, explanation) = match gate.decide {
        GateDecision::Point => (by_point(gate, value), String::new()),
        GateDecision::Interval => by_interval(gate, value, &reading),
    };
    let shown_value = told_apart(&reading.unit, value, gate);
    let counted = format!("n = {}", reading.n);
    let interval = reading.interval.filter(|_| gate.decide == GateDecision::Interval);
    let shown_interval = interval.map_or_else(String::new, |interval| {
        let bound =
            |bound: Option<f64>| bound.map_or_else(|| "…".to_owned(), |bound| shown(&reading.unit, bound));
        format!(" [{}, {}]", bound(interval.low), bound(interval.high))
    });
    let word = match verdict {
        GateVerdict::Pass => "holds",
        GateVerdict::Fail => "fails",
        GateVerdict::CannotTell => "cannot tell",
    };
    let sentence = format!(
        "{} is {shown_value}{shown_interval} ({counted}), {}: {word}.{explanation}",
        reading.name,
        bounds_in_words(gate, &reading.unit),
    );
    GateResult {
        gate: gate.clone(),
        variant: variant.to_owned(),
        verdict,
        actual: Some(value),
        interval: reading.interval,
        n: reading.n,
        sentence,
    }
}

/// Whether a value is within both bounds, which belong to what is allowed.
pub(super) fn holds(gate: &Gate, value: f64) -> bool {
    gate.max.is_none_or(|max| value <= max) && gate.min.is_none_or(|min| value >= min)
}

fn by_point(gate: &Gate, value: f64) -> GateVerdict {
    if holds(gate, value) { GateVerdict::Pass } else { GateVerdict::Fail }
}

/// Pass when the whole interval is allowed, fail when none of it is; else nobody can tell, and how many more would settle
/// it is a guess from the interval's width, which shrinks with the square root of their number.
fn by_interval(gate: &Gate, value: f64, reading: &Reading) -> (GateVerdict, String) {
    let Some(interval) = reading.interval else {
        let why = reading.note.as_deref().unwrap_or("none can be given for this number");
        return (GateVerdict::CannotTell, format!(" It has no interval: {why}."));
    };
    let Interval { low, high } = interval;
    let is_outside = gate.max.zip(low).is_some_and(|(max, low)| low > max)
        || gate.min.zip(high).is_some_and(|(min, high)| high < min);
    if is_outside {
        return (GateVerdict::Fail, String::new());
    }
    let over = gate.max.filter(|max| high.is_none_or(|high| high > *max)).map(|max| (max, high));
    let under = gate.min.filter(|min| low.is_none_or(|low| low < *min)).map(|min| (min, low));
    let straddled: Vec<(f64, Option<f64>)> = over.into_iter().chain(under).collect();
    if straddled.is_empty() {
        return (GateVerdict::Pass, String::new());
    }
    let needed = straddled.iter().map(|(bound, end)| more_needed(value, *bound, *end, reading.n));
    let explanation = match needed.reduce(worst).unwrap_or(Needed::Unknown) {
        Needed::More(more) => {
            format!(
                " If the value stays where it is, about {} more would settle it.",
                share_of_trials(more, reading.counts)
            )
        }
        Needed::Never => " The value is at the bound itself: no number of trials would settle it.".to_owned(),
        Needed::Unknown => {
            let why = reading.note.as_deref().map_or_else(String::new, |note| format!(" ({note})"));
            format!(" One end of the interval is not known with so few{why}.")
        }
    };
    (GateVerdict::CannotTell, explanation)
}

/// How many more trials would settle a gate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needed {
    More(f64),
    Unknown,
    Never,
}

fn worst(a: Needed, b: Needed) -> Needed {
    match (a, b) {
        (Needed::Never, _) | (_, Needed::Never) => Needed::Never,
        (Needed::Unknown, _) | (_, Needed::Unknown) => Needed::Unknown,
        (Needed::More(a), Needed::More(b)) => Needed::More(a.max(b)),
    }
}

/// The half-width has to shrink from the distance to the interval's end to the distance to the bound. A value that is
/// on the wrong side of the bound needs its other end to get there; the distance is the same.
fn more_needed(value: f64, bound: f64, end: Option<f64>, n: u32) -> Needed {
    let distance = (value - bound).abs();
    if distance == 0.0 {
        return Needed::Never;
    }
    let Some(half) = end.map(|end| (end - value).abs()).filter(|half| *half > 0.0) else {
        return Needed::Unknown;
    };
    let factor = (half / distance).powi(2);
    Needed::More((f64::from(n) * (factor - 1.0)).max(1.0))
}
