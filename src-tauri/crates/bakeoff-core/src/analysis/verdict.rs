//! From findings to verdicts: Holm over the variants, then what each difference means.

use super::difference::Finding;
use super::wording::{Told, sentence};
use super::{AnalysisOptions, Difference, Verdict};
use crate::metric::{Better, Metric};
use crate::stats::holm::holm;

/// Judges the findings of one metric, one a variant (`None` for the baseline itself).
pub(super) fn judge(
    metric: Metric,
    findings: Vec<Option<Finding>>,
    options: &AnalysisOptions,
) -> Vec<Option<Difference>> {
    let primary = metric == options.primary_metric;
    let p_values: Vec<f64> = findings.iter().flatten().filter_map(|finding| finding.p_value).collect();
    let mut adjusted = holm(&p_values).into_iter();
    findings
        .into_iter()
        .enumerate()
        .map(|(variant, finding)| {
            let finding = finding?;
            let p_adjusted = finding.p_value.and_then(|_| adjusted.next()).filter(|_| primary);
            Some(difference(metric, variant, finding, p_adjusted, options))
        })
        .collect()
}

fn difference(
    metric: Metric,
    variant: usize,
    finding: Finding,
    p_adjusted: Option<f64>,
    options: &AnalysisOptions,
) -> Difference {
    let margin = if metric == options.primary_metric { options.margin.max(0.0) } else { 0.0 };
    let verdict = verdict(metric, &finding, p_adjusted.or(finding.p_value), margin, options);
    let name = options.variants[variant].clone();
    let told = Told {
        metric,
        variant: &name,
        baseline: &options.variants[usize::from(options.baseline)],
        estimate: &finding.estimate,
        detectable: finding.detectable,
        margin,
        confidence: options.confidence,
        is_constant: finding.is_constant,
    };
    let sentence = sentence(&told, verdict);
    Difference {
        metric,
        variant: variant as u16,
        name,
        baseline: options.baseline,
        difference: finding.estimate,
        p_value: finding.p_value,
        p_adjusted,
        only_variant_passes: finding.discordant.map(|(variant, _)| variant),
        only_baseline_passes: finding.discordant.map(|(_, baseline)| baseline),
        verdict,
        detectable: finding.detectable,
        sentence,
    }
}

fn verdict(
    metric: Metric,
    finding: &Finding,
    p: Option<f64>,
    margin: f64,
    options: &AnalysisOptions,
) -> Verdict {
    if !options.complete {
        return Verdict::StillRunning;
    }
    let bounds = match (finding.is_constant, finding.estimate.value) {
        (true, Some(everywhere)) => Some((everywhere, everywhere)),
        _ => finding.estimate.interval.and_then(crate::stats::Interval::bounds),
    };
    let Some((low, high)) = bounds else { return Verdict::CannotTell };
    let significant = p.is_some_and(|p| p < 1.0 - options.confidence);
    let (higher, lower) = match metric.better() {
        Better::Higher => (Verdict::Better, Verdict::Worse),
        Better::Lower => (Verdict::Worse, Verdict::Better),
    };
    match () {
        () if significant && low > 0.0 => higher,
        () if significant && high < 0.0 => lower,
        () if -margin <= low && high <= margin => Verdict::NoDifference,
        () => Verdict::CannotTell,
    }
}
