//! One run as a trial: its case, outcome and numbers under the names that programs use.

use crate::run::{Run, RunStatus};
use crate::write::{key, prompt_hash};
use bakeoff_core::analysis::TrialNumbers;
use bakeoff_core::hash::sha256_hex;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::TrialKey;

/// From this value on `success` is a success; programs write 0 and 1.
const SUCCESS: f64 = 0.5;

/// The hash of its prompt, as the run says it.
pub(super) fn hash_said(run: &Run) -> Option<&str> {
    let said = run.tag("prompt_hash").or_else(|| run.params.get("prompt_hash").map(String::as_str));
    said.filter(|hash| !hash.is_empty())
}

/// Puts a prompt that was too long for a parameter together again.
pub(super) fn join_prompt_parts(run: &mut Run) {
    let part = |number: usize| run.tags.get(&format!("{}{number}", key::PROMPT_PART));
    let whole: String = (1..).map_while(part).map(String::as_str).collect();
    if !whole.is_empty() && hash_said(run) == Some(prompt_hash(&whole).as_str()) {
        run.params.insert("prompt".to_owned(), whole);
    }
}

/// What tells the run's case apart, and how to show it.
pub(super) fn case_of(run: &Run) -> (String, String) {
    if let Some(hash) = run.tag(key::CASE_HASH) {
        let label = run.tag(key::CASE).unwrap_or(hash);
        return (format!("hash {hash}"), label.to_owned());
    }
    let is_input = |name: &str| {
        let rest = name.strip_prefix("inputs").or_else(|| name.strip_prefix("input"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
    };
    let inputs: Vec<_> = run.params.iter().filter(|(name, _)| is_input(name)).collect();
    if inputs.is_empty() {
        return (String::new(), String::new());
    }
    // The parameters are sorted, and JSON keeps names and values apart.
    let hash = sha256_hex(&serde_json::to_vec(&inputs).unwrap_or_default());
    (format!("inputs {hash}"), hash.chars().take(12).collect())
}

fn outcome(run: &Run) -> Outcome {
    if let Some(outcome) = run.tag(key::OUTCOME).and_then(Outcome::from_name) {
        return outcome;
    }
    match (run.metric("success"), run.status) {
        (Some(success), _) if success >= SUCCESS => Outcome::Pass,
        (Some(_), _) => Outcome::Fail,
        (None, RunStatus::Finished) => Outcome::Pass,
        (None, RunStatus::Killed) => Outcome::Cancelled,
        (None, _) => Outcome::Fail,
    }
}

/// S3's A/B runs write 0 for cost and tokens that they don't know.
pub(super) fn has_false_zeros(run: &Run) -> bool {
    let is_zero = |name: &str| run.metrics.get(name) == Some(&0.0);
    run.tag(key::RUN).is_none()
        && run.tag("ab_test") == Some("true")
        && is_zero("total_tokens")
        && is_zero("cost_usd")
}

/// The run's numbers.
pub(super) fn numbers(run: &Run, key: TrialKey) -> TrialNumbers {
    let first = |names: &[&str]| names.iter().find_map(|name| run.metric(name)).filter(|value| *value >= 0.0);
    let count = |names: &[&str]| first(names).map(|count| count.round() as u32);
    let known = !has_false_zeros(run);
    let input_tokens = count(&["input_tokens", "prompt_tokens"]).filter(|_| known);
    let output_tokens = count(&["output_tokens", "completion_tokens"]).filter(|_| known);
    let both = input_tokens.is_some() && output_tokens.is_some();
    TrialNumbers {
        key,
        outcome: outcome(run),
        score: run
            .metric("score")
            .or_else(|| run.metric("score_mean"))
            .filter(|score| (0.0..=1.0).contains(score)),
        latency_ms: first(&["duration_ms", "latency_ms"]),
        cost_usd: first(&["cost_usd", "total_cost_usd"]).filter(|_| known),
        input_tokens,
        output_tokens,
        total_tokens: count(&["total_tokens"]).filter(|_| known && !both),
        paced: false,
        lab: None,
    }
}
