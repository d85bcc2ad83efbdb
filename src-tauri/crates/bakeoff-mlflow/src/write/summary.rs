//! A variant's comparison as a run.

use super::names::{metric_key, tag_value};
use super::prompt::{prompt_hash, prompt_under_test};
use super::{RunDraft, key, pair};
use crate::run::RunStatus;
use bakeoff_core::analysis::{Comparison, Difference, Distribution, Estimate, VariantSummary};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::trial::Millis;
use bakeoff_core::variant::Variant;
use std::collections::BTreeMap;

/// What a comparison belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SummaryContext<'a> {
    /// Which database the run is in.
    pub origin: &'a str,
    /// The campaign's run.
    pub run: u32,
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The variants, by index.
    pub variants: &'a [Variant],
    /// The mean of each scorer's metric, by variant; empty: they are left out.
    pub scorer_means: &'a [BTreeMap<String, f64>],
    /// When the campaign's run began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
}

/// One run for each variant of a comparison, with `<metric>/mean` and, against the baseline,
/// `compare/<first 8 digits of the baseline's content hash>/<metric>/{diff,ci_low,ci_high,p_value,n_paired}`.
pub fn summary_drafts(context: &SummaryContext<'_>, comparison: &Comparison) -> Vec<RunDraft> {
    comparison.variants.iter().filter_map(|summary| summary_draft(context, comparison, summary)).collect()
}

fn summary_draft(
    context: &SummaryContext<'_>,
    comparison: &Comparison,
    summary: &VariantSummary,
) -> Option<RunDraft> {
    let variant = context.variants.get(usize::from(summary.variant))?;
    let baseline = context.variants.get(usize::from(comparison.baseline));
    let prompt = prompt_under_test(variant);
    let unique =
        format!("{}/{}/summary-{}/{}", context.origin, context.run, summary.variant, context.ended_at);
    let mut tags = vec![
        pair("variant_name", &*summary.name),
        pair("prompt_hash", prompt_hash(prompt.text)),
        pair("mlflow.source.name", key::WRITER),
        pair(key::KEY, &*unique),
        pair(key::RUN, format!("{}/{}", context.origin, context.run)),
        pair(key::SUMMARY, "true"),
        pair("bakeoff.campaign", tag_value(&context.campaign.name)),
        pair("bakeoff.variant_hash", variant.content_hash()),
        pair("bakeoff.primary_metric", comparison.primary_metric.id()),
        pair("bakeoff.confidence", comparison.confidence.to_string()),
    ];
    let mut metrics = scorecard(summary);
    if let Some(means) = context.scorer_means.get(usize::from(summary.variant)) {
        for (name, mean) in means {
            let name = format!("{}/mean", metric_key(name));
            if metrics.iter().all(|(taken, _)| *taken != name) {
                metrics.push((name, *mean));
            }
        }
    }
    if let Some(baseline) = baseline {
        tags.push(pair("bakeoff.baseline", tag_value(&baseline.name)));
        let of_baseline: String = baseline.content_hash().chars().take(8).collect();
        for difference in comparison.differences.iter().filter(|found| found.variant == summary.variant) {
            metrics.extend(compared(&of_baseline, difference));
            tags.push(pair(
                &format!("bakeoff.verdict.{}", difference.metric.id()),
                tag_value(&difference.sentence),
            ));
        }
    }
    metrics.retain(|(_, value)| value.is_finite());
    let mut params = vec![pair("variant_name", &*summary.name)];
    params.extend(prompt.params());
    Some(RunDraft {
        name: format!("{}_summary_run{}", summary.name, context.run),
        status: RunStatus::Finished,
        started_at: context.started_at,
        ended_at: context.ended_at.max(context.started_at),
        tags,
        more_tags: prompt.more_tags(),
        params,
        metrics,
        children: Vec::new(),
        key: unique,
    })
}

fn scorecard(summary: &VariantSummary) -> Vec<(String, f64)> {
    let counts = [
        ("trials", summary.trials),
        ("usable_trials", summary.usable),
        ("unusable_trials", summary.unusable),
        ("passed_trials", summary.passes),
    ];
    let mut metrics: Vec<(String, f64)> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), f64::from(count))).collect();
    metrics.extend(estimated("success_rate", &summary.success_rate));
    metrics.extend(estimated("cost_per_success_usd", &summary.cost_per_success_usd));
    let distributions = [
        &summary.score,
        &summary.latency_ms,
        &summary.cost_usd,
        &summary.total_tokens,
        &summary.input_tokens,
        &summary.output_tokens,
    ];
    metrics.extend(distributions.into_iter().flat_map(distributed));
    metrics
}

/// A mean with its interval.
fn estimated(name: &str, estimate: &Estimate) -> Vec<(String, f64)> {
    let interval = estimate.interval;
    let known = [
        ("mean", estimate.value),
        ("ci_low", interval.and_then(|interval| interval.low)),
        ("ci_high", interval.and_then(|interval| interval.high)),
    ];
    known.into_iter().filter_map(|(part, value)| Some((format!("{name}/{part}"), value?))).collect()
}

fn distributed(distribution: &Distribution) -> Vec<(String, f64)> {
    let name = distribution.metric.id();
    let mut metrics = estimated(name, &distribution.mean);
    let known = [
        ("p50", distribution.p50.value),
        ("p90", distribution.p90.value),
        ("p95", distribution.p95.value),
        ("p99", distribution.p99.value),
        ("min", distribution.min),
        ("max", distribution.max),
    ];
    metrics.extend(known.into_iter().filter_map(|(part, value)| Some((format!("{name}/{part}"), value?))));
    metrics
}

fn compared(baseline: &str, difference: &Difference) -> Vec<(String, f64)> {
    let prefix = format!("compare/{baseline}/{}", difference.metric.id());
    let interval = difference.difference.interval;
    let known = [
        ("diff", difference.difference.value),
        ("ci_low", interval.and_then(|interval| interval.low)),
        ("ci_high", interval.and_then(|interval| interval.high)),
        ("p_value", difference.p_value),
        ("p_adjusted", difference.p_adjusted),
        ("n_paired", Some(f64::from(difference.difference.n))),
    ];
    known.into_iter().filter_map(|(part, value)| Some((format!("{prefix}/{part}"), value?))).collect()
}
