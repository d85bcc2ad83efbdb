//! What the builders put into a chart.

use super::*;
use crate::outcome::Outcome;
use crate::stats::Interval;

fn estimate(value: f64, spread: f64, n: u32) -> Estimate {
    Estimate {
        value: Some(value),
        interval: Some(Interval { low: Some(value - spread), high: Some(value + spread) }),
        n,
        method: "t over case means".into(),
        note: None,
    }
}

fn distribution(metric: Metric, mean: f64) -> Distribution {
    let at = |factor: f64| estimate(mean * factor, mean * 0.1, 120);
    Distribution {
        metric,
        n: 120,
        unknown: 0,
        sum: mean * 120.0,
        mean: at(1.0),
        p50: at(0.9),
        p90: at(1.5),
        p95: at(1.8),
        p99: at(2.5),
        min: Some(mean * 0.5),
        max: Some(mean * 3.0),
        nearest_rank: None,
    }
}

fn variant(index: u16, name: &str, rate: f64) -> VariantSummary {
    VariantSummary {
        variant: index,
        name: name.into(),
        trials: 120,
        usable: 120,
        unusable: 0,
        cases: 120,
        passes: (rate * 120.0) as u32,
        outcomes: vec![crate::analysis::OutcomeCount {
            outcome: Outcome::Pass,
            count: (rate * 120.0) as u32,
        }],
        success_rate: estimate(rate, 0.05, 120),
        success_rate_worst: Some(rate),
        success_rate_best: Some(rate),
        score: distribution(Metric::Score, rate),
        latency_ms: distribution(Metric::LatencyMs, 800.0),
        cost_usd: distribution(Metric::CostUsd, 0.0012),
        total_tokens: distribution(Metric::TotalTokens, 322.0),
        input_tokens: distribution(Metric::InputTokens, 310.0),
        output_tokens: distribution(Metric::OutputTokens, 12.0),
        cost_per_success_usd: estimate(0.0014, 0.0001, 120),
        paced: false,
        faults: None,
    }
}

fn comparison() -> Comparison {
    Comparison {
        variants: vec![variant(0, "default", 0.617), variant(3, "careful", 0.917)],
        differences: Vec::new(),
        primary_metric: Metric::SuccessRate,
        baseline: 0,
        confidence: 0.95,
        margin: 0.02,
        complete: true,
        warnings: Vec::new(),
    }
}

#[test]
fn the_description_has_the_numbers_and_names_the_baseline() {
    let spec = build(ChartKind::Success, &comparison(), &[]);
    let text = spec.description.replace(format::THIN_SPACE, " ");
    assert_eq!(
        text,
        "Success rate of each variant with its interval. default (baseline): 61.7 % [56.7 %, 66.7 %], n = 120; \
         careful: 91.7 % [86.7 %, 96.7 %], n = 120."
    );
    assert!(spec.unit_interval, "a rate is shown on the whole axis from 0 to 1");
    assert_eq!(spec.baseline, Some(0));
}

#[test]
fn a_variant_keeps_its_own_colour_when_others_are_left_out() {
    let ChartBody::Intervals(points) = build(ChartKind::Cost, &comparison(), &[]).body else {
        panic!("cost is drawn as intervals");
    };
    assert_eq!(points.iter().map(|point| point.series.colour).collect::<Vec<_>>(), [0, 3]);
}

#[test]
fn a_long_tail_makes_the_latency_axis_logarithmic() {
    let short: Vec<f64> = (1..=100).map(|i| 500.0 + f64::from(i)).collect();
    let mut long = short.clone();
    long.push(20_000.0);
    let scale = |values: &[f64]| {
        build(ChartKind::LatencyEcdf, &comparison(), &[values.to_vec(), short.clone()]).scale
    };
    assert_eq!(scale(&short), Scale::Linear);
    assert_eq!(scale(&long), Scale::Logarithmic);
    long.insert(0, 0.0);
    assert_eq!(scale(&long), Scale::Linear, "0 has no place on a logarithmic axis");
}

#[test]
fn what_is_unknown_stays_unknown_with_its_reason() {
    let mut comparison = comparison();
    let cost = &mut comparison.variants[1].cost_usd.mean;
    (cost.value, cost.interval, cost.n, cost.note) = (None, None, 0, Some("the price is not known".into()));
    let spec = build(ChartKind::Cost, &comparison, &[]);
    assert!(spec.description.contains("careful: — (the price is not known), n = 0"), "{}", spec.description);
    comparison.variants[1].output_tokens.mean.value = None;
    let ChartBody::Stacked(bars) = build(ChartKind::Tokens, &comparison, &[]).body else {
        panic!("tokens are drawn as bars");
    };
    assert!(bars[1].parts.is_empty(), "half a total would look like a whole one");
}

#[test]
fn unusable_trials_show_what_they_could_have_changed() {
    let mut comparison = comparison();
    let variant = &mut comparison.variants[1];
    (variant.unusable, variant.success_rate_worst, variant.success_rate_best) = (6, Some(0.873), Some(0.921));
    let ChartBody::Intervals(points) = build(ChartKind::Success, &comparison, &[]).body else {
        panic!("success is drawn as intervals");
    };
    let notes: Vec<_> =
        points.iter().map(|p| p.note.as_ref().map(|n| n.replace(format::THIN_SPACE, " "))).collect();
    let expected = "6 not usable: 87.3 % to 92.1 % had they all failed or passed";
    assert_eq!(notes, [None, Some(expected.to_owned())]);
}

#[test]
fn paced_latencies_and_running_plans_say_so() {
    let mut comparison = comparison();
    comparison.variants[0].paced = true;
    comparison.complete = false;
    let spec = build(ChartKind::Latency, &comparison, &[]);
    assert!(spec.title.contains("paced"), "an artificial latency must not pass for a real one");
    assert!(spec.subtitle.ends_with("still running"));
    assert!(!build(ChartKind::Cost, &comparison, &[]).title.contains("paced"), "pacing does not touch cost");
}

#[test]
fn without_trials_there_is_no_data_yet() {
    let mut comparison = comparison();
    let spec = build(ChartKind::LatencyEcdf, &comparison, &[]);
    assert!(spec.body.is_empty() && spec.description.ends_with("No data yet."));
    comparison.variants.clear();
    assert!(build(ChartKind::Success, &comparison, &[]).body.is_empty());
}
