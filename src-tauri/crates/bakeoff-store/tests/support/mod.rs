//! Runs and trials to test with.

use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::trial::{Attempt, AttemptPurpose, Score, SentPrompt, TrialKey, TrialRecord, Usage};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_store::{NewCase, NewRun, NewVariant};
use serde_json::value::RawValue;

/// A moment.
pub const NOW: i64 = 1_760_000_000_000;

/// A variant whose content differs by its prompt.
pub fn variant(name: &str, prompt: &str) -> NewVariant {
    let variant = Variant {
        name: name.into(),
        description: Some(format!("about {name}")),
        provider: Provider::Builtin,
        model: "small".into(),
        base_url: None,
        system_prompt: Some(prompt.into()),
        prompt: None,
        reasoning_effort: None,
        temperature: Some(0.0),
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        tools_config: Default::default(),
        config_overrides: Default::default(),
        tags: vec!["triage".into()],
        pace_ms: None,
        workflow: None,
    };
    NewVariant { variant, text: format!("name: {name}  # a comment\nsystem_prompt: {prompt}\n") }
}

/// The n-th case.
pub fn case(index: u32) -> NewCase {
    let json = format!(r#"{{"id":"case-{index}","input":"Disk /var is at {index} %","expected":"storage"}}"#);
    NewCase {
        case: Case {
            id: format!("case-{index}").into(),
            json: RawValue::from_string(json).expect("it is JSON"),
        },
        expected: Some("storage".into()),
        preview: format!("Disk /var is at {index} %"),
    }
}

/// A run of `cases` cases with the variants `default` and `careful`.
pub fn new_run(campaign: &str, cases: u32, repetitions: u16) -> NewRun {
    let campaign = Campaign {
        name: campaign.into(),
        description: None,
        dataset: "datasets/tickets.jsonl".into(),
        workflow: None,
        inputs: Default::default(),
        sample: None,
        variants: vec!["default".into(), "careful".into()],
        baseline_variant: "default".into(),
        trials_per_combination: repetitions,
        scorers: Vec::new(),
        pass_threshold: 1.0,
        primary_metric: Metric::SuccessRate,
        confidence: 0.95,
        margin: 0.0,
        parallel: 8,
        timeout_seconds: 300.0,
        timeout_counts_as: TimeoutCountsAs::Fail,
        retries: 3,
        cooldown_seconds: 0.0,
        budget_usd: None,
        seed: 42,
        gates: Vec::new(),
        mlflow: None,
        lab: None,
        triage: None,
    };
    NewRun {
        definition: format!("name: {}\n", campaign.name),
        definition_hash: "d".repeat(64),
        campaign,
        seed: u64::MAX,
        app_version: "0.1.0".into(),
        created_at: NOW,
        variants: vec![
            variant("default", "File the ticket."),
            variant("careful", "Look for evidence first."),
        ],
        cases: Box::new((0..cases).map(case)),
    }
}

/// A key.
pub fn key(case: u32, variant: u16, repetition: u16) -> TrialKey {
    TrialKey { case, variant, repetition }
}

/// A trial as an engine would hand it over.
pub fn record(key: TrialKey, outcome: Outcome) -> TrialRecord {
    let place = i64::from(key.case) * 10 + i64::from(key.variant);
    let usage = Usage {
        input_tokens: Some(300 + u64::from(key.case)),
        cached_input_tokens: Some(100),
        output_tokens: Some(12),
    };
    TrialRecord {
        key,
        outcome,
        score: Some(if outcome == Outcome::Pass { 1.0 } else { 0.25 }),
        latency_ms: Some(100.5 + place as f64),
        wait_ms: 3.5,
        paced: key.variant == 1,
        usage,
        cost_usd: Some(0.001),
        started_at: NOW + place,
        ended_at: NOW + place + 200,
        sent: SentPrompt {
            system: Some("File the ticket.".into()),
            user: format!("Disk /var is at {} %", key.case),
        },
        answer: Some(r#"{"label": "storage"}"#.into()),
        stop_reason: Some("stop".into()),
        model_answered: Some("small-1".into()),
        error: None,
        expected_label: Some("storage".into()),
        answered_label: Some("network".into()),
        scores: vec![Score {
            scorer: "json-field".into(),
            metric: "label".into(),
            score: 0.25,
            weight: 1.0,
            passed: false,
            reason: "label is `network`, expected `storage`".into(),
        }],
        attempts: vec![Attempt {
            number: 1,
            purpose: AttemptPurpose::Answer,
            provider: "builtin".into(),
            model: "small".into(),
            started_at: NOW + place,
            ended_at: NOW + place + 100,
            status: Some(200),
            usage,
            cost_usd: Some(0.001),
            error: None,
        }],
        steps: Vec::new(),
        fault: None,
    }
}
