//! The whole comparison: scorecards, differences, cautions.

use super::TrialNumbers;
use super::difference::{self, Finding};
use super::estimate::counted;
use super::group::{Column, Grouped};
use super::recovery::{self, LAB, Recovery};
use super::summarize::{Endings, NUMERIC, Parts, describe, endings, scorecard};
use super::verdict::judge;
use super::wording::p_value;
use super::{AnalysisOptions, Comparison, Difference, Distribution, VariantSummary, cost_per_success};
use crate::metric::Metric;
use crate::stats::fisher::fisher_exact;

/// The metrics that are always compared, after the primary one.
const COMPARED: [Metric; 5] =
    [Metric::SuccessRate, Metric::Score, Metric::LatencyMs, Metric::CostUsd, Metric::TotalTokens];

/// Compares the variants: one scorecard each, and the differences to the baseline.
///
/// Every count, rate and interval follows the contract's rules; nothing here ever is infinite or not a number.
pub fn compare(trials: &[TrialNumbers], options: &AnalysisOptions) -> Comparison {
    let options = &checked(options);
    let grouped = Grouped::new(trials, options);
    let endings = endings(&grouped);
    let success = grouped.success(options);
    let spending = cost_per_success::spending(&grouped, options);

    let mut judged: Vec<(Metric, Vec<Option<Difference>>)> = Vec::new();
    let pair = |finding: &dyn Fn(usize, usize) -> Finding| against_baseline(options, finding);
    let rates =
        pair(&|variant, baseline| difference::success(&success[variant], &success[baseline], options));
    judged.push((Metric::SuccessRate, judge(Metric::SuccessRate, rates, options)));
    if options.primary_metric == Metric::CostPerSuccessUsd {
        let ratios = pair(&|variant, baseline| {
            let (estimate, p_value) =
                cost_per_success::difference(&spending[variant], &spending[baseline], options);
            Finding { p_value, ..Finding::unsure(estimate) }
        });
        judged.push((options.primary_metric, judge(options.primary_metric, ratios, options)));
    }
    let distributions = NUMERIC.map(|metric| {
        let columns = grouped.metric(metric);
        if COMPARED.contains(&metric) || metric == options.primary_metric {
            let means = pair(&|variant, baseline| {
                difference::numeric(&columns[variant], &columns[baseline], options)
            });
            judged.push((metric, judge(metric, means, options)));
        }
        described(metric, columns, &endings, options)
    });

    let recovery = grouped.has_lab().then(|| Recovery::new(&grouped, options));
    let of_faults = recovery.as_ref().map(|recovery| {
        LAB.map(|metric| {
            let columns = match metric {
                Metric::RestoreS => recovery.columns(),
                metric => grouped.metric(metric),
            };
            let means = pair(&|variant, baseline| {
                difference::numeric(&columns[variant], &columns[baseline], options)
            });
            judged.push((metric, judge(metric, means, options)));
            columns
        })
    });

    let by_variant = by_variant(distributions);
    let parts = endings.iter().zip(&success).zip(by_variant).zip(&spending);
    let faults = |variant: usize| {
        let [detect, _, commands, destructive] = of_faults.as_ref()?;
        let others =
            [(Metric::DetectS, detect), (Metric::Commands, commands), (Metric::Destructive, destructive)];
        let others = others.map(|(metric, columns)| {
            recovery::describe(metric, columns[variant].clone(), options.confidence)
        });
        recovery.as_ref()?.summary(variant, others, options.confidence)
    };
    let variants = parts
        .map(|(((endings, success), distributions), spending)| Parts {
            endings: *endings,
            success,
            distributions,
            spending,
        })
        .enumerate()
        .map(|(variant, parts)| VariantSummary {
            faults: faults(variant),
            ..scorecard(variant, parts, options)
        })
        .collect();
    Comparison {
        variants,
        differences: by_variant_then_metric(judged, options),
        primary_metric: options.primary_metric,
        baseline: options.baseline,
        confidence: options.confidence,
        margin: options.margin,
        complete: options.complete,
        warnings: warnings(&grouped, &endings, options),
    }
}

/// Options within the bounds that the formulas need.
fn checked(options: &AnalysisOptions) -> AnalysisOptions {
    let within = |value: f64, default: f64| if value.is_finite() { value } else { default };
    AnalysisOptions {
        confidence: within(options.confidence, 0.95).clamp(0.5, 0.9999),
        margin: within(options.margin, 0.0).max(0.0),
        ..options.clone()
    }
}

/// One finding for each variant but the baseline.
fn against_baseline(
    options: &AnalysisOptions,
    finding: &dyn Fn(usize, usize) -> Finding,
) -> Vec<Option<Finding>> {
    let baseline = usize::from(options.baseline);
    let known = baseline < options.variants.len();
    (0..options.variants.len())
        .map(|variant| (known && variant != baseline).then(|| finding(variant, baseline)))
        .collect()
}

fn described(
    metric: Metric,
    columns: Vec<Column>,
    endings: &[Endings],
    options: &AnalysisOptions,
) -> Vec<Distribution> {
    columns
        .into_iter()
        .zip(endings)
        .map(|(column, endings)| describe(metric, column, *endings, options.confidence))
        .collect()
}

/// From one list a metric to one array a variant.
fn by_variant(metrics: [Vec<Distribution>; NUMERIC.len()]) -> Vec<[Distribution; NUMERIC.len()]> {
    let mut metrics = metrics.map(Vec::into_iter);
    let mut variants = Vec::new();
    while let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] = metrics.each_mut().map(Iterator::next)
    {
        variants.push([a, b, c, d, e, f]);
    }
    variants
}

/// For each variant the primary metric first, then the others in their order.
fn by_variant_then_metric(
    mut judged: Vec<(Metric, Vec<Option<Difference>>)>,
    options: &AnalysisOptions,
) -> Vec<Difference> {
    judged.sort_by_key(|(metric, _)| (*metric != options.primary_metric, *metric));
    let mut differences = Vec::new();
    for variant in 0..options.variants.len() {
        differences.extend(judged.iter_mut().filter_map(|(_, of_variants)| of_variants[variant].take()));
    }
    differences
}

/// What a reader must know before trusting the numbers.
fn warnings(grouped: &Grouped, endings: &[Endings], options: &AnalysisOptions) -> Vec<String> {
    let mut warnings = Vec::new();
    if grouped.outside > 0 {
        let trials = counted(grouped.outside, "trial");
        warnings.push(format!("{trials} of variants that are not in this comparison left out."));
    }
    warnings.extend(recovery::mechanism_warning(grouped.other_mechanism));
    let Some(baseline) = endings.get(usize::from(options.baseline)) else {
        warnings.push(
            "The baseline is not among the variants, so there are no differences. Choose another.".into(),
        );
        return warnings;
    };
    for (name, variant) in options.variants.iter().zip(endings) {
        let counts = [variant, baseline].map(|endings| {
            let trials = endings.trials();
            (u64::from(trials - endings.usable(options)), u64::from(trials))
        });
        let p = fisher_exact(counts[0], counts[1]);
        if p < 0.05 {
            let [(unusable, trials), (unusable_baseline, trials_baseline)] = counts;
            let baseline = &options.variants[usize::from(options.baseline)];
            warnings.push(format!(
                "Unusable trials differ: {name} {unusable} of {trials}, {baseline} {unusable_baseline} of \
                 {trials_baseline} (Fisher {}). The rates may rest on different cases; retry the failed trials or \
                 look at the worst and best case.",
                p_value(p)
            ));
        }
    }
    warnings
}
