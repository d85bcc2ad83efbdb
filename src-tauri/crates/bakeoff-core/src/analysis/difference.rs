//! One variant against the baseline on the same cases.

use super::estimate::{Notes, counted};
use super::group::Column;
use super::rate::{FEW_CASES, THESE_CASES_ONLY};
use super::{AnalysisOptions, Estimate};
use crate::stats::clustered::CaseTotal;
use crate::stats::distributions::{normal_critical, t_critical};
use crate::stats::paired::{PairedMean, paired_mean};
use crate::stats::power::detectable;
use crate::stats::tango::tango;
use crate::stats::{mcnemar, sign_flip};

/// How many random sign patterns are tried.
const FLIPS: u32 = 10_000;
/// Above this many cases the sign-flip test and t agree, and it isn't worth the time.
const FLIP_UP_TO: usize = 5_000;

/// A difference before it is judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// Variant minus baseline.
    pub(super) estimate: Estimate,
    /// Two-sided.
    pub(super) p_value: Option<f64>,
    /// Cases that only the variant, and only the baseline passes.
    pub(super) discordant: Option<(u32, u32)>,
    /// At 80 % power.
    pub(super) detectable: Option<f64>,
}

impl Finding {
    /// A finding that is only an estimate.
    pub(super) fn unsure(estimate: Estimate) -> Self {
        Self { estimate, p_value: None, discordant: None, detectable: None }
    }
}

/// Pairs the cases that both have; the others leave both sides.
fn pairs(variant: &Column, baseline: &Column) -> (Vec<(CaseTotal, CaseTotal)>, u32) {
    let mut left_out = 0;
    let mut pairs = Vec::new();
    for (a, b) in variant.cases.iter().zip(&baseline.cases) {
        match (a.count > 0, b.count > 0) {
            (true, true) => pairs.push((*a, *b)),
            (false, false) => {}
            _ => left_out += 1,
        }
    }
    (pairs, left_out)
}

/// The notes that hold for any paired difference.
fn notes(left_out: u32) -> Notes {
    let mut notes = Notes::default();
    if left_out > 0 {
        notes.add(format!(
            "{} left out because only one of the two has a usable result",
            counted(left_out, "case")
        ));
    }
    notes
}

/// The difference of two success rates.
pub(super) fn success(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Finding {
    let (pairs, left_out) = pairs(variant, baseline);
    if variant.one_a_case() && baseline.one_a_case() {
        return one_trial_a_case(&pairs, notes(left_out), options);
    }
    let differences = case_differences(&pairs);
    let mut finding = means(&differences, notes(left_out), true, options);
    let same = differences.windows(2).all(|pair| pair[0] == pair[1]);
    if let (true, true, Some(value)) = (same, differences.len() > 1, finding.estimate.value) {
        let n = differences.len() as f64;
        finding.estimate.interval = tango(value.max(0.0) * n, (-value).max(0.0) * n, n, options.confidence);
        finding.estimate.method = "Tango over cases".to_owned();
        finding.detectable = detectable_by(&finding.estimate, normal_critical(options.confidence), options);
    }
    finding
}

/// McNemar's mid-p and Tango's interval.
fn one_trial_a_case(pairs: &[(CaseTotal, CaseTotal)], notes: Notes, options: &AnalysisOptions) -> Finding {
    let n = pairs.len();
    let only_variant = pairs.iter().filter(|(a, b)| a.sum > b.sum).count();
    let only_baseline = pairs.iter().filter(|(a, b)| a.sum < b.sum).count();
    let (b, c) = (only_variant as f64, only_baseline as f64);
    let method = "Tango, McNemar mid-p";
    if n == 0 {
        return Finding::unsure(Estimate::missing(n, method, notes, "no case has a usable result of both"));
    }
    let interval = tango(b, c, n as f64, options.confidence);
    let estimate = Estimate::new((b - c) / n as f64, interval, n, method, notes);
    Finding {
        detectable: detectable_by(&estimate, normal_critical(options.confidence), options),
        estimate,
        p_value: Some(mcnemar::mid_p(only_variant as u64, only_baseline as u64)),
        discordant: Some((only_variant as u32, only_baseline as u32)),
    }
}

/// The difference of two means, over case means.
pub(super) fn numeric(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Finding {
    let (pairs, left_out) = pairs(variant, baseline);
    let several = !(variant.one_a_case() && baseline.one_a_case());
    means(&case_differences(&pairs), notes(left_out), several, options)
}

fn case_differences(pairs: &[(CaseTotal, CaseTotal)]) -> Vec<f64> {
    pairs.iter().filter_map(|(a, b)| Some(a.mean()? - b.mean()?)).collect()
}

/// Student's paired t over the cases' differences; p by sign flips when there are few cases.
fn means(differences: &[f64], mut notes: Notes, several: bool, options: &AnalysisOptions) -> Finding {
    let n = differences.len();
    let method = "paired t over case means";
    if n == 0 {
        return Finding::unsure(Estimate::missing(n, method, notes, "no case has this number for both"));
    }
    let Some(paired) = paired_mean(differences, options.confidence) else {
        notes.add("an interval needs at least 2 cases");
        return Finding::unsure(Estimate::new(differences[0], None, n, method, notes));
    };
    if several && n < FEW_CASES as usize {
        notes.add(THESE_CASES_ONLY);
    }
    let (p_value, method) = p_value(differences, &paired, &mut notes, options);
    let estimate = Estimate::new(paired.mean, Some(paired.interval), n, method, notes);
    Finding {
        detectable: detectable_by(&estimate, t_critical(options.confidence, n as f64 - 1.0), options),
        estimate,
        p_value: Some(p_value),
        discordant: None,
    }
}

/// Exact sign flips up to 20 cases, Student's t above; with resampling, random sign flips are told beside it.
fn p_value(
    differences: &[f64],
    paired: &PairedMean,
    notes: &mut Notes,
    options: &AnalysisOptions,
) -> (f64, &'static str) {
    if let Some(p) = sign_flip::exact(differences) {
        return (p, "paired t over case means, exact sign-flip p");
    }
    if options.resampling && differences.len() <= FLIP_UP_TO {
        let p = sign_flip::monte_carlo(differences, FLIPS, options.seed);
        notes.add(format!("sign-flip p {p:.4} of {FLIPS} flips"));
    }
    (paired.p_value, "paired t over case means")
}

/// The detectable difference that goes with an estimate.
pub(super) fn detectable_by(estimate: &Estimate, critical: f64, options: &AnalysisOptions) -> Option<f64> {
    detectable(estimate.interval?, critical, options.confidence)
}
