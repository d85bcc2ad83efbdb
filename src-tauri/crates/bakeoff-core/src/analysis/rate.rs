//! A success rate: Wilson with one trial a case, or with several of only one case; else t over cases.

use super::Estimate;
use super::estimate::Notes;
use crate::stats::clustered::{CaseTotal, clustered_mean};
use crate::stats::wilson::wilson;

/// Below this many cases with several trials each, the interval says little about other cases.
pub(super) const FEW_CASES: u32 = 10;

/// What is said below [`FEW_CASES`].
pub(super) const THESE_CASES_ONLY: &str = "fewer than 10 cases: about these cases only";

/// What is said of a single case with several trials: they are alike, and say nothing about another case.
pub(super) const THIS_CASE_ONLY: &str = "one case: about this case only";

/// The rate of passes; `sum` counts passes and `count` usable trials of each case.
pub(super) fn rate(totals: &[CaseTotal], confidence: f64) -> Estimate {
    let mut notes = Notes::default();
    let Some(mean) = clustered_mean(totals) else {
        return Estimate::missing(0, "Wilson", notes, "no usable trial");
    };
    if mean.values == u64::from(mean.cases) {
        let interval = wilson(mean.mean * mean.values as f64, mean.values as f64, confidence);
        return Estimate::new(mean.mean, interval, mean.values as usize, "Wilson", notes);
    }
    if mean.cases < 2 {
        notes.add(THIS_CASE_ONLY);
        let interval = wilson(mean.mean * mean.values as f64, mean.values as f64, confidence);
        return Estimate::new(mean.mean, interval, mean.values as usize, "Wilson over trials", notes);
    }
    let cases = f64::from(mean.cases);
    if mean.cases < FEW_CASES {
        notes.add(THESE_CASES_ONLY);
    }
    if mean.is_constant() || mean.standard_error == Some(0.0) {
        notes.add("all cases have the same rate, so the interval counts cases instead of trials");
        let interval = wilson((mean.mean * cases).clamp(0.0, cases), cases, confidence);
        return Estimate::new(mean.mean, interval, mean.cases as usize, "Wilson over cases", notes);
    }
    let clipped = mean.interval(confidence).map(|interval| interval.clipped(0.0, 1.0));
    if clipped.is_some_and(|(_, clipped)| clipped) {
        notes.add("interval clipped to 0–100 %");
    }
    let interval = clipped.map(|(interval, _)| interval);
    Estimate::new(mean.mean, interval, mean.cases as usize, over_cases(mean.balanced), notes)
}

/// The name of the method, which differs when cases have different numbers of trials.
pub(super) fn over_cases(balanced: bool) -> &'static str {
    if balanced { "t over case means" } else { "t over cases, clustered (CR1)" }
}
