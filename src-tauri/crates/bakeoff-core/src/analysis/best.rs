//! Which variant is best by a metric, and how far that can be trusted.

use super::estimate::counted;
use super::wording::{p_value, percent, value};
use super::{Comparison, Difference, Distribution, Estimate, VariantSummary, Verdict};
use crate::metric::{Aggregate, Better, Metric};
use std::cmp::Ordering;

/// The best variant by a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct BestVariant {
    /// Its index in the comparison.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// By which metric.
    pub metric: Metric,
    /// By which aggregate of it.
    pub aggregate: Aggregate,
    /// Its value.
    pub value: f64,
    /// Such as `success rate 92.5 % [86.4 %, 96.0 %], n = 120; default 61.7 %; better (p < 0.001)`.
    pub evidence: String,
    /// Why the evidence is weak, if it is.
    pub caution: Option<String>,
}

/// The best variant by an aggregate of a metric among those with at least `minimum_trials` trials for it; `None` when
/// there is no such variant. Equal values: the cheaper one, then the earlier one.
pub fn best(
    comparison: &Comparison,
    metric: Metric,
    aggregate: Aggregate,
    minimum_trials: u32,
) -> Option<BestVariant> {
    let (index, value) = rank(comparison, metric, aggregate, minimum_trials).into_iter().next()?;
    let value = value?;
    let summary = comparison.variants.get(usize::from(index))?;
    let difference = comparison
        .differences
        .iter()
        .find(|difference| difference.variant == index && difference.metric == metric);
    Some(BestVariant {
        variant: index,
        name: summary.name.clone(),
        metric,
        aggregate,
        value,
        evidence: evidence(comparison, summary, metric, aggregate, difference),
        caution: caution(comparison, summary, aggregate, difference),
    })
}

/// Variants from best to worst by an aggregate of a metric. Those without a value, or with fewer than `minimum_runs`
/// trials for it, come last with `None`. Equal values: the cheaper one first, then the earlier one.
pub fn rank(
    comparison: &Comparison,
    metric: Metric,
    aggregate: Aggregate,
    minimum_runs: u32,
) -> Vec<(u16, Option<f64>)> {
    let measured = |summary: &VariantSummary| {
        let enough = trials_with(summary, metric) >= minimum_runs;
        aggregated(summary, metric, aggregate).filter(|_| enough)
    };
    let mut ranked: Vec<(&VariantSummary, Option<f64>)> =
        comparison.variants.iter().map(|summary| (summary, measured(summary))).collect();
    ranked.sort_by(|(a, value_a), (b, value_b)| {
        order(metric, *value_a, *value_b).then_with(|| cheaper(a, b)).then(a.variant.cmp(&b.variant))
    });
    ranked.into_iter().map(|(summary, value)| (summary.variant, value)).collect()
}

/// Better values first, unknown ones last.
fn order(metric: Metric, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if metric.better() == Better::Higher => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Lower mean cost first, unknown cost last.
fn cheaper(a: &VariantSummary, b: &VariantSummary) -> Ordering {
    order(Metric::CostUsd, a.cost_usd.mean.value, b.cost_usd.mean.value)
}

impl VariantSummary {
    /// The distribution of a metric; `None` for those that only a whole variant has, and for those of faults where there
    /// were none.
    pub fn distribution(&self, metric: Metric) -> Option<&Distribution> {
        let faults = self.faults.as_ref();
        match metric {
            Metric::SuccessRate | Metric::CostPerSuccessUsd => None,
            Metric::Score => Some(&self.score),
            Metric::LatencyMs => Some(&self.latency_ms),
            Metric::CostUsd => Some(&self.cost_usd),
            Metric::TotalTokens => Some(&self.total_tokens),
            Metric::InputTokens => Some(&self.input_tokens),
            Metric::OutputTokens => Some(&self.output_tokens),
            Metric::DetectS => faults.map(|faults| &faults.detect_s),
            Metric::RestoreS => faults.map(|faults| &faults.restore_s),
            Metric::Commands => faults.map(|faults| &faults.commands),
            Metric::Destructive => faults.map(|faults| &faults.destructive),
        }
    }

    /// The rate or mean of a metric; `None` for one of faults where there were none.
    pub fn mean(&self, metric: Metric) -> Option<&Estimate> {
        match metric {
            Metric::SuccessRate => Some(&self.success_rate),
            Metric::CostPerSuccessUsd => Some(&self.cost_per_success_usd),
            metric => self.distribution(metric).map(|distribution| &distribution.mean),
        }
    }
}

/// Trials behind a metric.
pub(crate) fn trials_with(summary: &VariantSummary, metric: Metric) -> u32 {
    let without = if metric.is_of_faults() { 0 } else { summary.usable };
    summary.distribution(metric).map_or(without, |distribution| distribution.n)
}

/// The estimate of an aggregate; `None` for the smallest and the largest, which are plain values, and for other
/// aggregates than the mean of a metric that only a whole variant has.
pub(crate) fn estimate(summary: &VariantSummary, metric: Metric, aggregate: Aggregate) -> Option<&Estimate> {
    match (summary.distribution(metric), aggregate) {
        (_, Aggregate::Avg) => summary.mean(metric),
        (Some(distribution), Aggregate::P50) => Some(&distribution.p50),
        (Some(distribution), Aggregate::P90) => Some(&distribution.p90),
        (Some(distribution), Aggregate::P95) => Some(&distribution.p95),
        (Some(distribution), Aggregate::P99) => Some(&distribution.p99),
        (_, _) => None,
    }
}

/// The value of an aggregate.
pub(crate) fn aggregated(summary: &VariantSummary, metric: Metric, aggregate: Aggregate) -> Option<f64> {
    match aggregate {
        Aggregate::Min => summary.distribution(metric)?.min,
        Aggregate::Max => summary.distribution(metric)?.max,
        _ => estimate(summary, metric, aggregate)?.value,
    }
}

fn aggregate_name(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Avg => "",
        Aggregate::Min => " minimum",
        Aggregate::Max => " maximum",
        Aggregate::P50 => " p50",
        Aggregate::P90 => " p90",
        Aggregate::P95 => " p95",
        Aggregate::P99 => " p99",
    }
}

fn evidence(
    comparison: &Comparison,
    summary: &VariantSummary,
    metric: Metric,
    aggregate: Aggregate,
    difference: Option<&Difference>,
) -> String {
    let shown = |number: f64| value(metric, number);
    let measure = metric.label().to_lowercase();
    let name = aggregate_name(aggregate);
    let mut parts = vec![match aggregated(summary, metric, aggregate) {
        Some(number) => format!("{measure}{name} {}", shown(number)),
        None => format!("{measure}{name} unknown"),
    }];
    let bounds = estimate(summary, metric, aggregate).and_then(|estimate| estimate.interval);
    if let Some((low, high)) = bounds.and_then(crate::stats::Interval::bounds) {
        parts[0] += &format!(" [{}, {}]", shown(low), shown(high));
    }
    parts[0] += &format!(", n = {}", trials_with(summary, metric));
    let baseline = comparison.variants.get(usize::from(comparison.baseline));
    if let Some(baseline) = baseline.filter(|baseline| baseline.variant != summary.variant)
        && let Some(number) = aggregated(baseline, metric, aggregate)
    {
        parts.push(format!("{} {}", baseline.name, shown(number)));
    }
    if let (Some(difference), Aggregate::Avg) = (difference, aggregate) {
        let word = match difference.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NoDifference => "no difference that matters",
            Verdict::CannotTell => "cannot tell",
            Verdict::StillRunning => "still running",
        };
        let p = difference.p_adjusted.or(difference.p_value);
        parts.push(p.map_or(word.to_owned(), |p| format!("{word} ({})", p_value(p))));
    }
    parts.join("; ")
}

fn caution(
    comparison: &Comparison,
    summary: &VariantSummary,
    aggregate: Aggregate,
    difference: Option<&Difference>,
) -> Option<String> {
    let mut cautions = Vec::new();
    if !comparison.complete {
        cautions.push("The run is still going on, so this may change.".to_owned());
    }
    let baseline =
        comparison.variants.get(usize::from(comparison.baseline)).map(|baseline| baseline.name.as_str());
    match (difference.map(|difference| difference.verdict), baseline) {
        _ if summary.variant == comparison.baseline => {
            cautions.push(format!("{} is the baseline itself: no variant was ahead of it.", summary.name));
        }
        (_, Some(_)) if aggregate != Aggregate::Avg => {
            cautions.push("Only the means were tested against the baseline, not this aggregate.".to_owned());
        }
        (Some(Verdict::Better | Verdict::StillRunning), _) => {}
        (_, Some(baseline)) => {
            let percent = percent(comparison.confidence);
            let name = &summary.name;
            cautions
                .push(format!("{name} is not shown to be better than {baseline} at {percent} % confidence."));
        }
        (_, None) => cautions.push("There is no baseline to compare with.".to_owned()),
    }
    if summary.unusable > 0 {
        let (trials, name) = (counted(summary.unusable, "trial"), &summary.name);
        cautions.push(format!("{trials} of {name} can't be used; retry the failed ones first."));
    }
    (!cautions.is_empty()).then(|| cautions.join(" "))
}
