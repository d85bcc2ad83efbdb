//! One variant against the baseline on the same cases: paired by case, and over independent trials where there is only
//! one case.

use super::distribution::no_spread;
use super::estimate::{Notes, count, counted};
use super::group::Column;
use super::rate::{FEW_CASES, THESE_CASES_ONLY, THIS_CASE_ONLY};
use super::{AnalysisOptions, Estimate, Scope};
use crate::stats::clustered::CaseTotal;
use crate::stats::distributions::{normal_critical, t_critical};
use crate::stats::independent::{Shares, exact_p, newcombe, welch};
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
    /// Every case differs by the same: there is no interval, but the signs alone say something.
    pub(super) is_constant: bool,
}

impl Finding {
    /// A finding that is only an estimate.
    pub(super) fn unsure(estimate: Estimate) -> Self {
        Self { estimate, p_value: None, discordant: None, detectable: None, is_constant: false }
    }
}

/// The cases that both have; the others leave both sides.
fn pairs<'a>(variant: &'a Column, baseline: &'a Column) -> impl Iterator<Item = (CaseTotal, CaseTotal)> + 'a {
    let all = variant.cases.iter().copied().zip(baseline.cases.iter().copied());
    all.filter(|(a, b)| a.count > 0 && b.count > 0)
}

/// The notes that hold for any paired difference.
fn notes(variant: &Column, baseline: &Column) -> Notes {
    let mut notes = Notes::default();
    let of_one =
        variant.cases.iter().zip(&baseline.cases).filter(|(a, b)| (a.count > 0) != (b.count > 0)).count();
    if of_one > 0 {
        let cases = counted(count(of_one), "case");
        notes.add(format!("{cases} left out because only one of the two has a usable result"));
    }
    notes
}

/// The difference of two success rates.
pub(super) fn success(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Finding {
    if variant.one_a_case() && baseline.one_a_case() {
        return one_trial_a_case(variant, baseline, options);
    }
    if let Some(cases) = strata(variant, baseline, options) {
        return shares_within(variant, baseline, &cases, options);
    }
    let differences = case_differences(variant, baseline);
    match paired_mean(&differences, options.confidence).filter(PairedMean::is_constant) {
        Some(paired) => same_share(&paired, differences.len(), notes(variant, baseline), options),
        None => within_bounds(means(&differences, notes(variant, baseline), true, options)),
    }
}

/// Student's interval may go beyond what a difference of shares can be.
fn within_bounds(mut finding: Finding) -> Finding {
    let clipped = finding.estimate.interval.map(|interval| interval.clipped(-1.0, 1.0));
    if let Some((interval, true)) = clipped {
        let notes =
            finding.estimate.note.take().into_iter().chain(["interval clipped to ±100 points".to_owned()]);
        finding.estimate.note = Some(notes.collect::<Vec<_>>().join("; "));
        finding.estimate.interval = Some(interval);
    }
    finding
}

/// Student's interval would have no width; that no case differs from another is no certainty.
fn same_share(paired: &PairedMean, cases: usize, mut notes: Notes, options: &AnalysisOptions) -> Finding {
    if cases < FEW_CASES as usize {
        notes.add(THESE_CASES_ONLY);
    }
    let n = cases as f64;
    let (more, fewer) = (paired.mean.max(0.0) * n, (-paired.mean).max(0.0) * n);
    let interval = tango(more, fewer, n, options.confidence);
    let estimate = Estimate::new(paired.mean, interval, cases, "Tango over cases", notes);
    Finding {
        detectable: detectable_by(&estimate, normal_critical(options.confidence), options),
        estimate,
        p_value: Some(p_of_equal(paired.mean, cases)),
        discordant: None,
        is_constant: false,
    }
}

/// McNemar's mid-p and Tango's interval.
fn one_trial_a_case(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Finding {
    let notes = notes(variant, baseline);
    let (mut n, mut only_variant, mut only_baseline) = (0_usize, 0_u32, 0_u32);
    for (a, b) in pairs(variant, baseline) {
        n += 1;
        only_variant += u32::from(a.sum > b.sum);
        only_baseline += u32::from(a.sum < b.sum);
    }
    let (b, c) = (f64::from(only_variant), f64::from(only_baseline));
    let method = "Tango, McNemar mid-p";
    if n == 0 {
        return Finding::unsure(Estimate::missing(n, method, notes, "no case has a usable result of both"));
    }
    let interval = tango(b, c, n as f64, options.confidence);
    let estimate = Estimate::new((b - c) / n as f64, interval, n, method, notes);
    Finding {
        detectable: detectable_by(&estimate, normal_critical(options.confidence), options),
        estimate,
        p_value: Some(mcnemar::mid_p(only_variant.into(), only_baseline.into())),
        discordant: Some((only_variant, only_baseline)),
        is_constant: false,
    }
}

/// The cases that both have, when the comparison is about just these and there are several trials of both in each: then
/// trials are what varies. That is so of a single case, and of more where [`Scope::TheseCases`] says so.
fn strata(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Option<Vec<usize>> {
    let both = variant.cases.iter().zip(&baseline.cases).enumerate();
    let both: Vec<_> = both.filter(|(_, (a, b))| a.count > 0 && b.count > 0).collect();
    let is_meant = both.len() == 1 || (both.len() > 1 && options.scope == Scope::TheseCases);
    let is_able = both.iter().all(|(_, (a, b))| a.count > 1 && b.count > 1);
    (is_meant && is_able).then(|| both.into_iter().map(|(case, _)| case).collect())
}

/// What is said of a difference over strata.
fn only_these(cases: &[usize]) -> &'static str {
    if cases.len() == 1 { THIS_CASE_ONLY } else { "about these cases only" }
}

/// Shares of independent trials of the same cases.
fn shares_within(variant: &Column, baseline: &Column, cases: &[usize], options: &AnalysisOptions) -> Finding {
    let mut notes = notes(variant, baseline);
    notes.add(only_these(cases));
    let counts = |column: &Column, case: usize| {
        let total = column.cases[case];
        (total.sum as u64, u64::from(total.count))
    };
    let strata: Vec<Shares> = cases
        .iter()
        .map(|case| Shares { first: counts(variant, *case), second: counts(baseline, *case) })
        .collect();
    let value = mean_difference(variant, baseline, cases);
    let interval = newcombe(&strata, options.confidence);
    let estimate = Estimate::new(value, interval, cases.len(), "Newcombe over trials, exact p", notes);
    Finding {
        detectable: detectable_by(&estimate, normal_critical(options.confidence), options),
        estimate,
        p_value: Some(exact_p(&strata)),
        discordant: None,
        is_constant: false,
    }
}

/// Means of independent trials of the same cases.
fn means_within(variant: &Column, baseline: &Column, cases: &[usize], options: &AnalysisOptions) -> Finding {
    let mut notes = notes(variant, baseline);
    notes.add(only_these(cases));
    let strata: Vec<(&[f64], &[f64])> =
        cases.iter().map(|case| (variant.of_case(*case), baseline.of_case(*case))).collect();
    let (value, method) = (mean_difference(variant, baseline, cases), "Welch's t over trials");
    let Some(welch) = welch(&strata, options.confidence) else {
        notes.add("no trial differs from another of its variant, so there is no interval");
        return Finding::unsure(Estimate::new(value, None, cases.len(), method, notes));
    };
    let estimate = Estimate::new(value, Some(welch.interval), cases.len(), method, notes);
    Finding {
        detectable: detectable_by(&estimate, t_critical(options.confidence, welch.freedom), options),
        estimate,
        p_value: Some(welch.p_value),
        discordant: None,
        is_constant: false,
    }
}

/// The mean of the cases' differences.
fn mean_difference(variant: &Column, baseline: &Column, cases: &[usize]) -> f64 {
    let of = |case: &usize| Some(variant.cases[*case].mean()? - baseline.cases[*case].mean()?);
    cases.iter().filter_map(of).sum::<f64>() / cases.len() as f64
}

/// The difference of two means, over case means.
pub(super) fn numeric(variant: &Column, baseline: &Column, options: &AnalysisOptions) -> Finding {
    if let Some(cases) = strata(variant, baseline, options) {
        return means_within(variant, baseline, &cases, options);
    }
    let several = !(variant.one_a_case() && baseline.one_a_case());
    means(&case_differences(variant, baseline), notes(variant, baseline), several, options)
}

fn case_differences(variant: &Column, baseline: &Column) -> Vec<f64> {
    let mut differences = Vec::with_capacity(variant.cases.len());
    differences.extend(pairs(variant, baseline).filter_map(|(a, b)| Some(a.mean()? - b.mean()?)));
    differences
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
    if paired.is_constant() {
        return same_everywhere(&paired, n, notes);
    }
    let (p_value, method) = p_value(differences, &paired, &mut notes, options);
    let estimate = Estimate::new(paired.mean, Some(paired.interval), n, method, notes);
    Finding {
        detectable: detectable_by(&estimate, t_critical(options.confidence, n as f64 - 1.0), options),
        estimate,
        p_value: Some(p_value),
        discordant: None,
        is_constant: false,
    }
}

/// Every case differs by the same, as prompt tokens do when one prompt is longer. There is no spread to make an interval of.
fn same_everywhere(paired: &PairedMean, n: usize, mut notes: Notes) -> Finding {
    notes.add(no_spread(n, "cases"));
    Finding {
        estimate: Estimate::new(paired.mean, None, n, "exact sign-flip p", notes),
        p_value: Some(p_of_equal(paired.mean, n)),
        discordant: None,
        detectable: None,
        is_constant: true,
    }
}

/// The exact sign-flip p of n equal differences: 2 of 2ⁿ patterns are as extreme; of no difference every one is.
fn p_of_equal(difference: f64, n: usize) -> f64 {
    let exponent = 1 - i32::try_from(n).unwrap_or(i32::MAX);
    if difference == 0.0 { 1.0 } else { 2f64.powi(exponent) }
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
