//! Trials to write.

use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::{Score, SentPrompt, Step, TrialKey, TrialRecord, Usage};
use bakeoff_core::variant::Variant;
use bakeoff_mlflow::write::{RunDraft, TrialContext, trial_drafts};
use serde_json::value::RawValue;

/// When the trials begin.
pub const START: i64 = 1_760_000_000_000;

pub fn campaign() -> Campaign {
    let text = "name: tickets\ndataset: d.jsonl\nvariants: [default, careful]\n";
    let checked = bakeoff_core::campaign::check("tickets", text);
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

pub fn variant(name: &str, text: &str) -> Variant {
    let text = format!("name: {name}\nprovider: builtin\nmodel: lexical-1\n{text}");
    let checked = bakeoff_core::variant::check(name, &text);
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

pub fn case(id: &str, input: &str) -> Case {
    let json = serde_json::json!({"id": id, "input": input}).to_string();
    Case { id: id.into(), json: RawValue::from_string(json).expect("it is JSON") }
}

/// A trial with everything known; tests change what they are about.
pub fn trial(case: u32, variant: u16, outcome: Outcome) -> TrialRecord {
    let started_at = START + i64::from(case) * 1_000 + i64::from(variant);
    let passed = outcome == Outcome::Pass;
    let scores = ["label", "rubric: names \"evidence\""].map(|metric| Score {
        scorer: "contains".into(),
        metric: metric.into(),
        score: if passed { 1.0 } else { 0.25 },
        weight: 1.0,
        passed,
        reason: "found".into(),
    });
    TrialRecord {
        key: TrialKey { case, variant, repetition: 0 },
        outcome,
        score: outcome.has_answer().then_some(if passed { 1.0 } else { 0.25 }),
        latency_ms: Some(120.5 + f64::from(case)),
        wait_ms: 3.0,
        paced: false,
        usage: Usage {
            input_tokens: Some(40),
            cached_input_tokens: None,
            output_tokens: Some(u64::from(case)),
        },
        cost_usd: Some(0.000_123 * f64::from(case + 1)),
        started_at,
        ended_at: started_at + 130,
        sent: SentPrompt { system: None, user: "u".into() },
        answer: outcome.has_answer().then(|| "a".to_owned()),
        stop_reason: None,
        model_answered: None,
        error: (!outcome.has_answer()).then(|| "no answer within 30 s".to_owned()),
        expected_label: None,
        answered_label: None,
        scores: if outcome.has_answer() { scores.into() } else { Vec::new() },
        attempts: Vec::new(),
        steps: Vec::new(),
        fault: None,
    }
}

/// A node of a workflow that ran.
pub fn step(node: &str, iteration: u32, cost_usd: Option<f64>) -> Step {
    Step {
        node: node.into(),
        iteration,
        item: None,
        started_at: START,
        ended_at: START + 40,
        latency_ms: Some(30.0),
        usage: Usage { input_tokens: Some(7), cached_input_tokens: None, output_tokens: Some(2) },
        cost_usd,
        sent: SentPrompt::default(),
        answer: None,
        outputs: serde_json::Map::new(),
        state: serde_json::Map::new(),
        error: None,
    }
}

/// The runs of one trial each of so many cases, all passed.
pub fn drafts(count: u32) -> Vec<Vec<RunDraft>> {
    let (campaign, variant) = (campaign(), variant("default", "prompt: \"{{ input }}?\"\n"));
    (0..count)
        .map(|number| {
            let case = case(&format!("t-{number}"), "Disk full");
            let context = TrialContext {
                origin: super::outbox::ORIGIN,
                run: super::outbox::RUN,
                campaign: &campaign,
                variant: &variant,
                case: &case,
            };
            trial_drafts(&context, &trial(number, 0, Outcome::Pass))
        })
        .collect()
}
