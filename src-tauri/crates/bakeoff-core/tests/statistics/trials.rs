//! Made-up trials.

use bakeoff_core::analysis::{AnalysisOptions, Scope, TrialNumbers};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::trial::TrialKey;

/// A complete run of these variants, the first of which is the baseline.
pub fn options(variants: &[&str], cases: u32) -> AnalysisOptions {
    AnalysisOptions {
        variants: variants.iter().map(|name| (*name).to_owned()).collect(),
        baseline: 0,
        cases,
        confidence: 0.95,
        margin: 0.02,
        primary_metric: Metric::SuccessRate,
        timeout_counts_as: TimeoutCountsAs::Fail,
        complete: true,
        seed: 42,
        resampling: false,
        scope: Scope::default(),
    }
}

/// A trial with plausible numbers.
pub fn trial(variant: u16, case: u32, repetition: u16, outcome: Outcome) -> TrialNumbers {
    let answered = outcome.has_answer();
    TrialNumbers {
        key: TrialKey { case, variant, repetition },
        outcome,
        score: match outcome {
            Outcome::Pass => Some(1.0),
            Outcome::Fail => Some(0.0),
            _ => None,
        },
        latency_ms: answered.then_some(800.0 + f64::from(case % 7) * 10.0 + f64::from(variant) * 50.0),
        cost_usd: answered.then_some(0.001),
        input_tokens: answered.then_some(300),
        output_tokens: answered.then_some(10),
        total_tokens: None,
        paced: false,
        lab: None,
    }
}

pub fn passed(passed: bool) -> Outcome {
    if passed { Outcome::Pass } else { Outcome::Fail }
}

/// Two variants on the same cases, one trial each: how many cases both, only the second, only the first, and neither
/// of them pass.
pub fn table(both: u32, only_second: u32, only_first: u32, neither: u32) -> Vec<TrialNumbers> {
    let cases =
        [(both, true, true), (only_second, false, true), (only_first, true, false), (neither, false, false)];
    let kinds = cases.into_iter().flat_map(|(count, first, second)| (0..count).map(move |_| (first, second)));
    kinds
        .enumerate()
        .flat_map(|(case, (first, second))| {
            [trial(0, case as u32, 0, passed(first)), trial(1, case as u32, 0, passed(second))]
        })
        .collect()
}
