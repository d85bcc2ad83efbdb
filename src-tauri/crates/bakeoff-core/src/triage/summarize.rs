//! The numbers of each variant.

use super::select::count;
use super::{TriageAnswer, TriageSummary, TriageTrial};
use crate::analysis::{Estimate, Notes, counted};
use crate::stats::paired::paired_mean;
use crate::stats::wilson::wilson;

/// What is said when an interval would have no width.
const ALL_EQUAL: &str = "all values are equal, so there is no interval";

/// One summary a variant, in the order of `variants`. `confidence` of all intervals, cut to 0.5 to 0.9999.
///
/// A call that was paid may have failed, so an item without an answer counts for tokens, latency and cost where they are
/// known; where a provider's error told neither tokens nor cost, nothing was paid.
pub fn summarize(variants: &[String], trials: &[TriageTrial], confidence: f64) -> Vec<TriageSummary> {
    let confidence = confidence.clamp(0.5, 0.9999);
    let of_variant = |(index, name): (usize, &String)| {
        let own: Vec<&TriageTrial> =
            trials.iter().filter(|trial| usize::from(trial.variant) == index).collect();
        summary(name, &own, confidence)
    };
    variants.iter().enumerate().map(of_variant).collect()
}

fn summary(name: &str, trials: &[&TriageTrial], confidence: f64) -> TriageSummary {
    let answers: Vec<&TriageAnswer> = trials.iter().filter_map(|trial| trial.answer.as_ref()).collect();
    let errors = trials.len() - answers.len();
    let rate_of = |flag: fn(&TriageAnswer) -> bool| {
        let yes = answers.iter().filter(|answer| flag(answer)).count();
        rate(yes, answers.len(), confidence, "no item was answered")
    };
    let was_called = |trial: &TriageTrial| {
        trial.answer.is_some() || trial.input_tokens.is_some() || trial.output_tokens.is_some()
    };
    let known = |value: fn(&TriageTrial) -> Option<f64>| Known {
        values: trials.iter().filter_map(|trial| value(trial)).filter(|value| value.is_finite()).collect(),
        unknown: trials.iter().filter(|trial| was_called(trial) && value(trial).is_none()).count(),
    };
    let scores = Known { values: answers.iter().map(|answer| answer.ai_score).collect(), unknown: 0 };
    let cost = known(|trial| trial.cost_usd);
    let of_tokens = |trial: &&TriageTrial| [trial.input_tokens, trial.output_tokens];
    TriageSummary {
        variant: name.to_owned(),
        items: count(trials.len()),
        errors: count(errors),
        score: scores.mean((0.0, 100.0), confidence, "no item was answered"),
        relevant: rate_of(|answer| answer.is_relevant),
        novel: rate_of(|answer| answer.is_novel),
        deep: rate_of(|answer| answer.should_deep_summarize),
        error_rate: rate(errors, trials.len(), confidence, "there is no result yet"),
        tokens: known(|trial| Some(f64::from(trial.input_tokens?) + f64::from(trial.output_tokens?))).mean(
            (0.0, f64::INFINITY),
            confidence,
            "the provider did not report tokens",
        ),
        tokens_sum: trials.iter().flat_map(of_tokens).flatten().map(u64::from).sum(),
        latency_ms: known(|trial| trial.latency_ms).mean(
            (0.0, f64::INFINITY),
            confidence,
            "no latency was measured",
        ),
        cost_sum_usd: (cost.unknown == 0 && !cost.values.is_empty()).then(|| cost.values.iter().sum()),
        cost_usd: cost.mean(
            (0.0, f64::INFINITY),
            confidence,
            "the price or the tokens are unknown; set the model's price in Settings",
        ),
    }
}

/// A share with Wilson's interval.
pub(super) fn rate(yes: usize, n: usize, confidence: f64, missing: &str) -> Estimate {
    if n == 0 {
        return Estimate::missing(0, "Wilson", Notes::default(), missing);
    }
    let interval = wilson(yes as f64, n as f64, confidence);
    Estimate::new(yes as f64 / n as f64, interval, n, "Wilson", Notes::default())
}

/// Numbers of a variant.
struct Known {
    values: Vec<f64>,
    /// Items that should have the number and don't.
    unknown: usize,
}

impl Known {
    fn mean(&self, range: (f64, f64), confidence: f64, missing: &str) -> Estimate {
        let mut notes = Notes::default();
        let missing =
            if self.unknown == 0 && self.values.is_empty() { "there is no answer" } else { missing };
        if self.unknown > 0 && !self.values.is_empty() {
            notes.add(format!("unknown for {}", counted(count(self.unknown), "item")));
        }
        mean(&self.values, range, confidence, notes, missing)
    }
}

/// A mean with Student's t interval, cut to what the quantity can be.
pub(super) fn mean(
    values: &[f64],
    (least, most): (f64, f64),
    confidence: f64,
    mut notes: Notes,
    missing: &str,
) -> Estimate {
    const METHOD: &str = "t over items";
    let n = values.len();
    if n == 0 {
        return Estimate::missing(0, METHOD, notes, missing);
    }
    let Some(mean) = paired_mean(values, confidence) else {
        notes.add("an interval needs at least 2 items");
        return Estimate::new(values.iter().sum::<f64>() / n as f64, None, n, METHOD, notes);
    };
    // What rounding leaves of no variance is none.
    if mean.standard_error <= 1e-12 * mean.mean.abs() {
        notes.add(ALL_EQUAL);
        return Estimate::new(mean.mean, None, n, METHOD, notes);
    }
    let (interval, is_cut) = mean.interval.clipped(least, most);
    if is_cut {
        notes.add(if most.is_finite() {
            format!("interval clipped to {least}–{most}")
        } else {
            format!("interval clipped at {least}")
        });
    }
    Estimate::new(mean.mean, Some(interval), n, METHOD, notes)
}

#[cfg(test)]
#[path = "summarize_tests.rs"]
mod tests;
