//! From a comparison to chart descriptions: which numbers, in which words.

use super::{
    ChartBody, ChartKind, ChartSpec, EcdfSeries, PointWithInterval, Scale, SeriesHead, StackedBar, format,
    survival,
};
use crate::analysis::{Comparison, Distribution, Estimate, VariantSummary};
use crate::metric::Metric;

/// Above this ratio of the largest value to the smallest median, equal steps would squeeze most of a
/// distribution into the first few pixels, so the axis becomes logarithmic.
const LOGARITHMIC_FROM: f64 = 12.0;

/// Describes one chart of a comparison. `latencies` are needed by [`ChartKind::LatencyEcdf`] only: for each variant of
/// `comparison.variants`, in that order, its latencies in milliseconds, sorted ascending.
pub fn build(kind: ChartKind, comparison: &Comparison, latencies: &[Vec<f64>]) -> ChartSpec {
    let (metric, body) = match kind {
        ChartKind::Success => (Metric::SuccessRate, success(comparison)),
        ChartKind::LatencyEcdf => (Metric::LatencyMs, ecdf(comparison, latencies)),
        ChartKind::Latency => (
            Metric::LatencyMs,
            intervals(comparison, |variant| &variant.latency_ms.mean, |variant| ticks(&variant.latency_ms)),
        ),
        ChartKind::Cost => {
            (Metric::CostUsd, intervals(comparison, |variant| &variant.cost_usd.mean, |_| Vec::new()))
        }
        ChartKind::Tokens => (Metric::TotalTokens, tokens(comparison)),
        ChartKind::Survival => (Metric::RestoreS, survival::body(comparison, head)),
    };
    let paced = metric == Metric::LatencyMs && comparison.variants.iter().any(|variant| variant.paced);
    ChartSpec {
        title: title(kind, paced),
        subtitle: subtitle(kind, comparison),
        description: describe(kind, comparison, &body, metric),
        metric,
        axis: axis(kind).to_owned(),
        unit_interval: kind == ChartKind::Success,
        scale: scale(kind, &body),
        baseline: Some(comparison.baseline),
        body,
    }
}

fn title(kind: ChartKind, paced: bool) -> String {
    let title = match kind {
        ChartKind::Success => "Success rate",
        ChartKind::LatencyEcdf => "Latency, distribution",
        ChartKind::Latency => "Latency",
        ChartKind::Cost => "Cost per trial",
        ChartKind::Tokens => "Tokens per trial",
        ChartKind::Survival => "Not restored yet",
    };
    if paced { format!("{title} (paced, not the model's own)") } else { title.to_owned() }
}

fn subtitle(kind: ChartKind, comparison: &Comparison) -> String {
    let level = format!("{}{}%", (comparison.confidence * 1000.0).round() / 10.0, format::THIN_SPACE);
    let what = match kind {
        ChartKind::Success => format!("passed ÷ usable trials, {level} intervals"),
        ChartKind::LatencyEcdf => "share of trials answered within a time; marked: p50, p95, p99".to_owned(),
        ChartKind::Latency => format!("mean with {level} interval; ticks: p50 and p95"),
        ChartKind::Cost => format!("mean with {level} interval"),
        ChartKind::Tokens => "mean, input and output".to_owned(),
        ChartKind::Survival => format!("Kaplan–Meier with pointwise {level} band; | censored"),
    };
    if comparison.complete { what } else { format!("{what}; still running") }
}

fn axis(kind: ChartKind) -> &'static str {
    match kind {
        ChartKind::Success => "Success rate",
        ChartKind::LatencyEcdf | ChartKind::Latency => "Latency",
        ChartKind::Cost => "USD per trial",
        ChartKind::Tokens => "Tokens per trial",
        ChartKind::Survival => "Seconds since the fault",
    }
}

fn head(variant: &VariantSummary) -> SeriesHead {
    SeriesHead { name: variant.name.clone(), colour: variant.variant }
}

fn intervals<'a>(
    comparison: &'a Comparison,
    estimate: impl Fn(&'a VariantSummary) -> &'a Estimate,
    ticks: impl Fn(&'a VariantSummary) -> Vec<(String, f64)>,
) -> ChartBody {
    let point = |variant: &'a VariantSummary| {
        let estimate = estimate(variant);
        let interval = estimate.interval.filter(|_| estimate.value.is_some());
        PointWithInterval {
            series: head(variant),
            value: finite(estimate.value),
            low: finite(interval.and_then(|bounds| bounds.low)),
            high: finite(interval.and_then(|bounds| bounds.high)),
            n: estimate.n,
            note: estimate.note.clone(),
            ticks: ticks(variant),
        }
    };
    ChartBody::Intervals(comparison.variants.iter().map(point).collect())
}

/// Success rates; where trials are not usable, the note says what they could have changed.
fn success(comparison: &Comparison) -> ChartBody {
    let mut body = intervals(comparison, |variant| &variant.success_rate, |_| Vec::new());
    if let ChartBody::Intervals(points) = &mut body {
        for (point, variant) in points.iter_mut().zip(&comparison.variants) {
            let (Some(worst), Some(best)) = (variant.success_rate_worst, variant.success_rate_best) else {
                continue;
            };
            if variant.unusable > 0 && point.value.is_some() {
                let (worst, best) = (format::percent(worst), format::percent(best));
                let range = format!(
                    "{} not usable: {worst} to {best} had they all failed or passed",
                    variant.unusable
                );
                point.note = Some(point.note.take().map_or(range.clone(), |note| format!("{note}; {range}")));
            }
        }
    }
    body
}

fn ticks(distribution: &Distribution) -> Vec<(String, f64)> {
    [("p50", &distribution.p50), ("p95", &distribution.p95)]
        .into_iter()
        .filter_map(|(name, estimate)| Some((name.to_owned(), finite(estimate.value)?)))
        .collect()
}

fn ecdf(comparison: &Comparison, latencies: &[Vec<f64>]) -> ChartBody {
    let series = comparison.variants.iter().enumerate().map(|(index, variant)| {
        let values: Vec<f64> =
            latencies.get(index).into_iter().flatten().copied().filter(|v| v.is_finite()).collect();
        let latency = &variant.latency_ms;
        let percentiles = [("p50", &latency.p50), ("p95", &latency.p95), ("p99", &latency.p99)]
            .into_iter()
            .filter(|_| !values.is_empty())
            .filter_map(|(name, estimate)| Some((name.to_owned(), finite(estimate.value)?)))
            .collect();
        EcdfSeries { series: head(variant), values, percentiles }
    });
    ChartBody::Ecdf(series.collect())
}

fn tokens(comparison: &Comparison) -> ChartBody {
    let bar = |variant: &VariantSummary| {
        let parts: Vec<_> = [("input", &variant.input_tokens), ("output", &variant.output_tokens)]
            .into_iter()
            .filter_map(|(name, distribution)| Some((name.to_owned(), finite(distribution.mean.value)?)))
            .collect();
        let whole = parts.len() == 2;
        StackedBar {
            series: head(variant),
            parts: if whole { parts } else { Vec::new() },
            n: variant.total_tokens.n,
            note: variant.total_tokens.mean.note.clone(),
        }
    };
    ChartBody::Stacked(comparison.variants.iter().map(bar).collect())
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Logarithmic when a distribution or its means span more than [`LOGARITHMIC_FROM`] and everything is positive.
fn scale(kind: ChartKind, body: &ChartBody) -> Scale {
    let (smallest, middle, largest) = match (kind, body) {
        (ChartKind::LatencyEcdf, ChartBody::Ecdf(series)) => {
            let filled = || series.iter().map(|series| &series.values).filter(|values| !values.is_empty());
            let of =
                |pick: fn(&[f64]) -> f64, fold: fn(f64, f64) -> f64| filled().map(|v| pick(v)).reduce(fold);
            (
                of(|values| values[0], f64::min),
                of(|values| values[values.len() / 2], f64::min),
                of(|values| values[values.len() - 1], f64::max),
            )
        }
        (ChartKind::Latency, ChartBody::Intervals(points)) => {
            let all =
                || points.iter().flat_map(|p| p.ticks.iter().map(|tick| tick.1).chain(p.value).chain(p.high));
            let low = points.iter().flat_map(|p| p.low.into_iter().chain(p.value)).reduce(f64::min);
            (low, all().reduce(f64::min), all().reduce(f64::max))
        }
        _ => return Scale::Linear,
    };
    match (smallest, middle, largest) {
        (Some(smallest), Some(middle), Some(largest))
            if smallest > 0.0 && largest / middle > LOGARITHMIC_FROM =>
        {
            Scale::Logarithmic
        }
        _ => Scale::Linear,
    }
}

/// The numbers of a chart in sentences.
fn describe(kind: ChartKind, comparison: &Comparison, body: &ChartBody, metric: Metric) -> String {
    let what = match kind {
        ChartKind::Success => "Success rate of each variant with its interval",
        ChartKind::LatencyEcdf => "Distribution of latency of each variant",
        ChartKind::Latency => "Mean latency of each variant with its interval",
        ChartKind::Cost => "Mean cost per trial of each variant with its interval",
        ChartKind::Tokens => "Mean tokens per trial of each variant",
        ChartKind::Survival => {
            "Share of systems not restored yet, over the time since the fault, of each variant"
        }
    };
    if comparison.variants.is_empty() || body.is_empty() {
        return format!("{what}. No data yet.");
    }
    let named = |variant: &VariantSummary, text: String| {
        let baseline = if variant.variant == comparison.baseline { " (baseline)" } else { "" };
        format!("{}{baseline}: {text}", variant.name)
    };
    let part = |variant: &VariantSummary| match kind {
        ChartKind::Success => named(variant, format::estimate(metric, &variant.success_rate)),
        ChartKind::Latency => named(variant, format::estimate(metric, &variant.latency_ms.mean)),
        ChartKind::Cost => named(variant, format::estimate(metric, &variant.cost_usd.mean)),
        ChartKind::LatencyEcdf => named(variant, percentiles(&variant.latency_ms)),
        ChartKind::Survival => {
            let words = variant.faults.as_ref().map_or_else(|| "no fault trials".to_owned(), survival::words);
            named(variant, words)
        }
        ChartKind::Tokens => named(
            variant,
            format!(
                "{} input, {} output, n = {}",
                format::optional(Metric::InputTokens, variant.input_tokens.mean.value),
                format::optional(Metric::OutputTokens, variant.output_tokens.mean.value),
                format::count(u64::from(variant.total_tokens.n))
            ),
        ),
    };
    let parts: Vec<String> = comparison.variants.iter().map(part).collect();
    let running = if comparison.complete { "" } else { " The run is still running." };
    format!("{what}. {}.{running}", parts.join("; "))
}

fn percentiles(latency: &Distribution) -> String {
    let of = |estimate: &Estimate| format::optional(Metric::LatencyMs, estimate.value);
    let n = format::count(u64::from(latency.n));
    format!("p50 {}, p95 {}, p99 {}, n = {n}", of(&latency.p50), of(&latency.p95), of(&latency.p99))
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
