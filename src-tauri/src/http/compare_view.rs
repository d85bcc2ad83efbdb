//! What the API says of experiments and of the variants in one.

use super::answer::iso;
use bakeoff_core::analysis::{Estimate, VariantSummary};
use bakeoff_core::metric::Metric;
use bakeoff_service::dto::{CompareView, Evaluation, ExperimentRow, RankedVariant};
use serde::Serialize;
use utoipa::ToSchema;

/// The experiments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExperimentsAnswer {
    /// Always true.
    pub ok: bool,
    /// Newest first.
    pub experiments: Vec<ExperimentView>,
    /// A tracking URI is set and nothing is known to be wrong with it: `source=mlflow` may be asked for.
    pub mlflow_available: bool,
}

/// One experiment: a campaign's runs here, or an experiment in MLflow.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExperimentView {
    /// Its name.
    pub name: String,
    /// MLflow's id of it.
    pub experiment_id: Option<String>,
    /// Runs here; in MLflow single executions.
    pub run_count: u32,
    /// When the newest one began (of MLflow: when it was created), ISO 8601 in UTC.
    pub last_run_at: Option<String>,
    /// Where its variants are compared.
    pub compare: String,
    /// Its page in MLflow.
    pub url: Option<String>,
}

impl ExperimentView {
    /// A row of the list; `query` is what comes after the name in the link, such as `&source=mlflow`.
    pub fn of(row: ExperimentRow, query: &str) -> Self {
        Self {
            compare: format!("/optimization/compare.json?experiment={}{query}", encoded(&row.name)),
            name: row.name,
            experiment_id: row.mlflow_id,
            run_count: row.runs,
            last_run_at: row.last_at.map(iso),
            url: row.url,
        }
    }
}

/// A text as a value in a query.
fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The variants of an experiment, ranked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompareAnswer {
    /// Always true.
    pub ok: bool,
    /// The experiment.
    pub experiment: String,
    /// The metric as it was asked for.
    pub metric: String,
    /// Its name for people.
    pub label: String,
    /// The best variant; absent when none has the number.
    pub best_variant: Option<String>,
    /// Why to be careful with that.
    pub caution: Option<String>,
    /// Numbers that speak for it, with their interval and n.
    pub evidence: Option<String>,
    /// The runs behind it.
    pub runs: Vec<String>,
    /// Cases in them.
    pub cases: u32,
    /// Best first; those without the number come last.
    pub variants: Vec<RankedView>,
}

/// A variant in a ranking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankedView {
    /// From 1.
    pub rank: usize,
    /// Its name.
    pub variant_name: String,
    /// It is the best.
    pub is_best: bool,
    /// Its usable trials.
    pub run_count: u32,
    /// The number by which it is ranked.
    pub value: Option<f64>,
    /// The smallest of a trial.
    pub min: Option<f64>,
    /// The largest of a trial.
    pub max: Option<f64>,
    /// Share of its usable trials that passed.
    pub success_rate: NumberView,
    /// USD a trial.
    pub cost_usd_avg: NumberView,
    /// Milliseconds a trial, the models' own time.
    pub duration_ms_avg: NumberView,
    /// Tokens a trial.
    pub total_tokens_avg: NumberView,
}

/// A number with what it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberView {
    /// The estimate; absent when it is not known.
    pub value: Option<f64>,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end of its interval.
    pub high: Option<f64>,
    /// How many trials or cases it rests on.
    pub n: u32,
}

impl CompareAnswer {
    /// From the ranking by the wanted metric and the comparison with all of them.
    pub fn of(evaluation: Evaluation, view: &CompareView) -> Self {
        let summary_of = |name: &str| view.comparison.variants.iter().find(|summary| summary.name == name);
        let best = evaluation.ranking.iter().find(|variant| variant.best).map(|variant| variant.name.clone());
        let is_same = |chosen: &str| best.as_deref() == Some(chosen);
        let evidence = view.best.as_ref().filter(|chosen| is_same(&chosen.name));
        let ranking = evaluation.ranking.iter().enumerate();
        Self {
            ok: true,
            variants: ranking
                .map(|(place, variant)| RankedView::of(place + 1, variant, summary_of(&variant.name)))
                .collect(),
            evidence: evidence.map(|chosen| chosen.evidence.clone()),
            best_variant: best,
            experiment: evaluation.experiment,
            metric: evaluation.asked,
            label: evaluation.label,
            caution: evaluation.caution,
            runs: evaluation.runs.iter().map(u32::to_string).collect(),
            cases: view.cases,
        }
    }
}

impl RankedView {
    fn of(rank: usize, ranked: &RankedVariant, summary: Option<&VariantSummary>) -> Self {
        let mean = |metric: Metric| NumberView::of(summary.and_then(|summary| summary.mean(metric)));
        Self {
            rank,
            variant_name: ranked.name.clone(),
            is_best: ranked.best,
            run_count: ranked.trials,
            value: ranked.value,
            min: ranked.min,
            max: ranked.max,
            success_rate: mean(Metric::SuccessRate),
            cost_usd_avg: mean(Metric::CostUsd),
            duration_ms_avg: mean(Metric::LatencyMs),
            total_tokens_avg: mean(Metric::TotalTokens),
        }
    }
}

impl NumberView {
    fn of(estimate: Option<&Estimate>) -> Self {
        let interval = estimate.and_then(|estimate| estimate.interval.as_ref());
        Self {
            value: estimate.and_then(|estimate| estimate.value),
            low: interval.and_then(|interval| interval.low),
            high: interval.and_then(|interval| interval.high),
            n: estimate.map_or(0, |estimate| estimate.n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_value_in_a_link() {
        assert_eq!(encoded("tickets_2.v-1"), "tickets_2.v-1");
        assert_eq!(encoded("a b&c=ä"), "a%20b%26c%3D%C3%A4");
    }
}
