//! Comparing: the pooled trials of one or several runs, their scorecards, and what the best variant is.

use crate::dto::{Best, CompareRequest, CompareView, Evaluation, RankedVariant, ServiceError};
use crate::error::Result;
use crate::pool::Pool;
use crate::service::Service;
use bakeoff_core::analysis::{self, AnalysisOptions, Comparison, Estimate, Scope, VariantSummary};
use bakeoff_core::campaign::Campaign;
use bakeoff_core::chart::format;
use bakeoff_core::diagnostic::nearest;
use bakeoff_core::metric::{Aggregate, Metric};
use bakeoff_core::variant::Variant;

impl Service {
    /// Scorecards and differences of what was asked for.
    pub fn compare(&self, request: &CompareRequest) -> Result<CompareView> {
        let pool = self.pool(request)?;
        let options = options(&pool, request)?;
        let mut comparison = analysis::compare(&pool.trials, &options);
        comparison.warnings.extend(pool.caution.clone());
        let best = best(&comparison, comparison.primary_metric, Aggregate::Avg, 1);
        let by_fault = match self.fault_pool_of(String::new(), request)? {
            Some(found) => analysis::by_fault(&pool.trials, &found.names(), &options),
            None => Vec::new(),
        };
        Ok(CompareView {
            best,
            faults: by_fault,
            runs: pool.runs.clone(),
            left_out: pool.left_out.clone(),
            campaigns: pool.campaigns.clone(),
            cases: pool.case_count(),
            slice_fields: self.slice_fields(&pool)?,
            gates: self.evaluate_gates(&comparison, &options, &pool)?,
            comparison,
        })
    }

    /// Ranks the variants of a campaign by a metric with an optional aggregate.
    pub fn evaluate(
        &self,
        experiment: &str,
        metric: &str,
        min_runs: u32,
        mlflow_uri: Option<&str>,
    ) -> Result<Evaluation> {
        let (wanted, aggregate) = parse_metric(metric)?;
        let request = CompareRequest {
            experiment: Some(experiment.to_owned()),
            metric: Some(wanted.id().to_owned()),
            resampling: true,
            mlflow_uri: mlflow_uri.map(str::to_owned),
            ..CompareRequest::default()
        };
        let view = self.compare(&request)?;
        let best = best(&view.comparison, wanted, aggregate, min_runs);
        let ranking = analysis::rank(&view.comparison, wanted, aggregate, min_runs)
            .into_iter()
            .filter_map(|(index, value)| {
                let summary = view.comparison.variants.iter().find(|summary| summary.variant == index)?;
                let spread = summary.distribution(wanted);
                Some(RankedVariant {
                    name: summary.name.clone(),
                    trials: summary.usable,
                    value,
                    min: spread.and_then(|spread| spread.min),
                    max: spread.and_then(|spread| spread.max),
                    distribution: spread.cloned(),
                    best: best.as_ref().is_some_and(|best| best.variant == index),
                })
            })
            .collect();
        Ok(Evaluation {
            experiment: experiment.to_owned(),
            metric: wanted,
            asked: metric.to_owned(),
            label: label(wanted, aggregate),
            ranking,
            caution: best.and_then(|best| best.caution),
            runs: view.runs,
        })
    }

    /// The variant of a comparison as it was when it ran.
    pub(crate) fn variant_as_run(&self, request: &CompareRequest, index: u16) -> Result<Variant> {
        let pool = self.pool(request)?;
        let pooled = pool.variants.get(usize::from(index));
        pooled
            .map(|pooled| pooled.variant.clone())
            .ok_or_else(|| ServiceError::not_found("there is no such variant"))
    }
}

/// What the analysis needs to know, from the newest run's campaign and the request.
pub(crate) fn options(pool: &Pool, request: &CompareRequest) -> Result<AnalysisOptions> {
    let campaign = &pool.campaign;
    let names: Vec<String> = pool.variants.iter().map(|variant| variant.name.clone()).collect();
    let position = |name: &str| names.iter().position(|known| known == name);
    let baseline = match &request.baseline {
        Some(name) => position(name).ok_or_else(|| {
            ServiceError::not_found(format!("{name:?} is not among the compared variants"))
                .with_hint(format!("choose one of {}", names.join(", ")))
        })?,
        None => position(&campaign.baseline_variant).unwrap_or(0),
    };
    let primary_metric = match &request.metric {
        Some(metric) => parse_metric(metric)?.0,
        None => campaign.primary_metric,
    };
    // The campaign's margin is in the unit of its own metric.
    let margin = if primary_metric == campaign.primary_metric { campaign.margin } else { 0.0 };
    Ok(AnalysisOptions {
        baseline: baseline as u16,
        margin,
        primary_metric,
        complete: pool.complete,
        resampling: request.resampling,
        ..options_of_campaign(campaign, names.clone(), pool.case_count())
    })
}

/// What a campaign itself says of its analysis: for a finished run, without resampling.
pub(crate) fn options_of_campaign(campaign: &Campaign, variants: Vec<String>, cases: u32) -> AnalysisOptions {
    let baseline = variants.iter().position(|name| *name == campaign.baseline_variant).unwrap_or(0);
    AnalysisOptions {
        variants,
        baseline: baseline as u16,
        cases,
        confidence: campaign.confidence,
        margin: campaign.margin,
        primary_metric: campaign.primary_metric,
        timeout_counts_as: campaign.timeout_counts_as,
        complete: true,
        seed: campaign.seed,
        resampling: false,
        scope: Scope::default(),
    }
}

/// The best variant by a metric, with the numbers that speak for it.
fn best(comparison: &Comparison, metric: Metric, aggregate: Aggregate, minimum: u32) -> Option<Best> {
    let best = analysis::best(comparison, metric, aggregate, minimum)?;
    let summary = comparison.variants.iter().find(|summary| summary.variant == best.variant)?;
    Some(Best {
        variant: best.variant,
        name: summary.name.clone(),
        metric: metric.id().to_owned(),
        evidence: evidence(comparison, summary),
        caution: best.caution,
    })
}

/// Such as `success rate 92.5 % [86.4 %, 96.0 %], n = 120; default 61.7 %; careful passes …`.
pub(crate) fn evidence(comparison: &Comparison, summary: &VariantSummary) -> String {
    let metric = comparison.primary_metric;
    let none = Estimate { value: None, interval: None, n: 0, method: String::new(), note: None };
    let estimate = |of: &VariantSummary| of.mean(metric).cloned().unwrap_or_else(|| none.clone());
    let own = estimate(summary);
    let mut parts = vec![format!("{} {}", metric.label().to_lowercase(), format::estimate(metric, &own))];
    if summary.variant != comparison.baseline {
        let baseline = comparison.variants.iter().find(|other| other.variant == comparison.baseline);
        if let Some(baseline) = baseline {
            parts.push(format!("{} {}", baseline.name, format::optional(metric, estimate(baseline).value)));
        }
        let difference = comparison
            .differences
            .iter()
            .find(|difference| difference.variant == summary.variant && difference.metric == metric);
        parts.extend(difference.map(|difference| difference.sentence.clone()));
    }
    parts.join("; ")
}

/// A metric with an optional aggregate, or an error that lists what there is.
pub(crate) fn parse_metric(text: &str) -> Result<(Metric, Aggregate)> {
    Metric::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Metric::ALL.into_iter().map(Metric::id).collect();
        let names = Metric::ALL
            .into_iter()
            .flat_map(|metric| std::iter::once(metric.id()).chain(metric.aliases().iter().copied()));
        let meant = nearest(text, names).and_then(Metric::from_id).map(Metric::id);
        let did_you_mean = meant.map(|meant| format!("did you mean {meant}? ")).unwrap_or_default();
        ServiceError::bad_input(format!("there is no metric {text:?}")).with_hint(format!(
            "{did_you_mean}there are {}, each also with _avg, _min, _max, _p50, _p90, _p95 or _p99",
            known.join(", ")
        ))
    })
}

fn label(metric: Metric, aggregate: Aggregate) -> String {
    let suffix = match aggregate {
        Aggregate::Avg => return metric.label().to_owned(),
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::P50 => "p50",
        Aggregate::P90 => "p90",
        Aggregate::P95 => "p95",
        Aggregate::P99 => "p99",
    };
    format!("{} {suffix}", metric.label())
}
