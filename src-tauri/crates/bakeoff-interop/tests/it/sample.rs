//! A small made-up run, for the tests and for looking at the report.

use bakeoff_core::analysis::{
    Comparison, Difference, Distribution, Estimate, OutcomeCount, VariantSummary, Verdict,
};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::stats::Interval;
use bakeoff_core::trial::{Attempt, AttemptPurpose, Score, SentPrompt, TrialKey, TrialRecord, Usage};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_interop::{DifferingCase, DifferingCell, RunHead, TrialLine, VariantText};
use std::collections::BTreeMap;

pub const HOSTILE: &str = "<script>alert('x')</script> & \"quotes\"";

pub fn head() -> RunHead {
    RunHead {
        run: 12,
        campaign: "tickets".into(),
        state: "finished".into(),
        reason: None,
        created_at: 1_763_630_000_000,
        ended_at: Some(1_763_630_090_500),
        seed: 42,
        app_version: "0.1.0".into(),
        cases: 120,
        planned: 360,
        done: 360,
        cost_usd: Some(0.2713),
        definition:
            "name: tickets\ndataset: datasets/tickets.jsonl\nvariants: [default, definitions, examples]\n"
                .into(),
    }
}

pub fn variants() -> Vec<VariantText> {
    ["default", "definitions", "examples"].map(variant).to_vec()
}

fn variant(name: &str) -> VariantText {
    let variant = Variant {
        name: name.into(),
        description: None,
        provider: Provider::Openai,
        model: "gpt-5-mini".into(),
        base_url: None,
        system_prompt: Some(format!("You triage incident tickets. {HOSTILE}")),
        prompt: None,
        reasoning_effort: None,
        temperature: Some(0.0),
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        tools_config: BTreeMap::new(),
        config_overrides: BTreeMap::new(),
        tags: Vec::new(),
        pace_ms: None,
        workflow: None,
    };
    let text = format!(
        "# {name}\nmodel: gpt-5-mini\nsystem_prompt: |\n  You triage incident tickets.\n  {HOSTILE}\n"
    );
    VariantText { name: name.into(), content_hash: variant.content_hash(), text, variant }
}

fn estimate(value: f64, spread: f64, method: &str) -> Estimate {
    let interval = Interval { low: Some(value - spread), high: Some(value + spread) };
    Estimate { value: Some(value), interval: Some(interval), n: 120, method: method.into(), note: None }
}

fn distribution(metric: Metric, mean: f64) -> Distribution {
    let at = |factor: f64| estimate(mean * factor, mean * 0.08, "order statistics");
    let mut p99 = at(2.4);
    p99.interval = None;
    p99.note = Some("an interval for p99 needs at least 473 trials".into());
    Distribution {
        metric,
        n: 120,
        unknown: 0,
        sum: mean * 120.0,
        mean: estimate(mean, mean * 0.06, "t over case means"),
        p50: at(0.9),
        p90: at(1.5),
        p95: at(1.8),
        p99,
        min: Some(mean * 0.4),
        max: Some(mean * 3.1),
        nearest_rank: None,
    }
}

fn summary(index: u16, name: &str, passes: u32) -> VariantSummary {
    let usable = 118;
    let rate = f64::from(passes) / f64::from(usable);
    let scale = 1.0 + f64::from(index);
    let mut cost = distribution(Metric::CostUsd, 0.0004 * scale);
    if index == 2 {
        cost.mean = Estimate {
            value: None,
            interval: None,
            n: 0,
            method: String::new(),
            note: Some("the price of gpt-5-mini is not known".into()),
        };
    }
    VariantSummary {
        variant: index,
        name: name.into(),
        trials: 120,
        usable,
        unusable: 2,
        cases: 118,
        passes,
        outcomes: vec![
            OutcomeCount { outcome: Outcome::Pass, count: passes },
            OutcomeCount { outcome: Outcome::Fail, count: usable - passes },
            OutcomeCount { outcome: Outcome::InfraError, count: 2 },
        ],
        success_rate: Estimate { n: usable, ..estimate(rate, 0.06, "Wilson") },
        success_rate_worst: Some(f64::from(passes) / 120.0),
        success_rate_best: Some(f64::from(passes + 2) / 120.0),
        score: distribution(Metric::Score, rate),
        latency_ms: distribution(Metric::LatencyMs, 640.0 * scale),
        cost_usd: cost,
        total_tokens: distribution(Metric::TotalTokens, 322.0 * scale),
        input_tokens: distribution(Metric::InputTokens, 310.0 * scale),
        output_tokens: distribution(Metric::OutputTokens, 12.0 * scale),
        cost_per_success_usd: estimate(0.0006, 0.0001, "ratio, bootstrap over cases"),
        paced: false,
        faults: None,
    }
}

fn difference(metric: Metric, index: u16, name: &str, value: f64, verdict: Verdict) -> Difference {
    Difference {
        metric,
        variant: index,
        name: name.into(),
        baseline: 0,
        difference: estimate(value, value.abs() * 0.4, "paired t over cases"),
        p_value: Some(0.0004),
        p_adjusted: (metric == Metric::SuccessRate).then_some(0.0008),
        only_variant_passes: (metric == Metric::SuccessRate).then_some(38),
        only_baseline_passes: (metric == Metric::SuccessRate).then_some(3),
        verdict,
        detectable: (metric == Metric::SuccessRate).then_some(0.11),
        sentence: format!("{name} differs from default on {} (made up).", metric.label().to_lowercase()),
    }
}

pub fn comparison() -> Comparison {
    let mut differences = Vec::new();
    for (index, name, success) in [(1, "definitions", Verdict::CannotTell), (2, "examples", Verdict::Better)]
    {
        differences.push(difference(Metric::SuccessRate, index, name, 0.12 * f64::from(index), success));
        differences.push(difference(Metric::LatencyMs, index, name, 640.0, Verdict::Worse));
        differences.push(difference(Metric::CostUsd, index, name, 0.0004, Verdict::Worse));
    }
    Comparison {
        variants: vec![summary(0, "default", 74), summary(1, "definitions", 88), summary(2, "examples", 109)],
        differences,
        primary_metric: Metric::SuccessRate,
        baseline: 0,
        confidence: 0.95,
        margin: 0.02,
        complete: true,
        warnings: vec![format!("2 trials of every variant are not usable {HOSTILE}")],
    }
}

pub fn differing(index: u32) -> DifferingCase {
    let cell = |outcome: Outcome, answer: &str| DifferingCell {
        trials: 1,
        passes: u32::from(outcome == Outcome::Pass),
        outcome: Some(outcome),
        answer: Some(answer.into()),
        steps: Vec::new(),
    };
    DifferingCase {
        case_id: format!("t-{index:03}"),
        preview: "Disk /var is at 97 % on db-3 since the log rotation failed last night <b>urgent</b>".into(),
        expected: Some("storage".into()),
        cells: vec![
            cell(Outcome::Fail, "network"),
            cell(Outcome::InfraError, "503 Service Unavailable, after 3 retries"),
            cell(Outcome::Pass, "storage"),
        ],
    }
}

pub fn trial(case: u32) -> TrialLine {
    let score = |metric: &str, score: f64| Score {
        scorer: "json-field".into(),
        metric: metric.into(),
        score,
        weight: 1.0,
        passed: score > 0.5,
        reason: "found `storage`".into(),
    };
    let usage = Usage { input_tokens: Some(310), cached_input_tokens: None, output_tokens: Some(12) };
    let attempt = Attempt {
        number: 1,
        purpose: AttemptPurpose::Answer,
        provider: "openai".into(),
        model: "gpt-5-mini".into(),
        started_at: 1_763_630_000_123,
        ended_at: 1_763_630_000_935,
        status: Some(200),
        usage,
        cost_usd: Some(0.0004),
        error: None,
    };
    let record = TrialRecord {
        key: TrialKey { case, variant: 1, repetition: 0 },
        outcome: Outcome::Pass,
        score: Some(1.0),
        latency_ms: Some(812.25),
        wait_ms: 0.0,
        paced: false,
        usage,
        cost_usd: Some(0.0004),
        started_at: 1_763_630_000_123,
        ended_at: 1_763_630_000_935,
        sent: SentPrompt { system: Some("You triage.".into()), user: "Disk is full".into() },
        answer: Some("storage".into()),
        stop_reason: Some("stop".into()),
        model_answered: Some("gpt-5-mini-2025".into()),
        error: None,
        expected_label: Some("storage".into()),
        answered_label: Some("storage".into()),
        scores: vec![score("label", 1.0), score("format", 0.5)],
        attempts: vec![attempt],
        steps: Vec::new(),
        fault: None,
    };
    TrialLine {
        run: 12,
        campaign: "tickets".into(),
        case_id: format!("t-{case:03}").into(),
        variant: "definitions".into(),
        record,
    }
}
