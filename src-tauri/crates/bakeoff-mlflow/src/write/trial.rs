//! A trial as a run.

use super::names::{LONGEST_PARAM, compact_time, cut, metric_key, tag_value};
use super::prompt::{PromptUnderTest, prompt_hash, prompt_under_test};
use super::{RunDraft, key, pair};
use crate::run::RunStatus;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::{Outcome, success};
use bakeoff_core::trial::{Step, TrialRecord, Usage};
use bakeoff_core::variant::Variant;
use std::collections::BTreeMap;

/// What a trial belongs to.
#[derive(Debug, Clone, Copy)]
pub struct TrialContext<'a> {
    /// Which database the run is in: two workspaces may write to one server.
    pub origin: &'a str,
    /// The campaign's run.
    pub run: u32,
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The trial's variant.
    pub variant: &'a Variant,
    /// The trial's case.
    pub case: &'a Case,
}

/// The runs of a trial: none for one that never started, two for one that failed without an answer.
pub fn trial_drafts(context: &TrialContext<'_>, trial: &TrialRecord) -> Vec<RunDraft> {
    if trial.outcome == Outcome::Skipped {
        return Vec::new();
    }
    let prompt = prompt_under_test(context.variant);
    let draft = main_draft(context, trial, &prompt);
    let counts = success(trial.outcome, context.campaign.timeout_counts_as);
    if draft.status == RunStatus::Failed && counts == Some(false) {
        let twin = failed_twin(context, trial, &draft);
        return vec![draft, twin];
    }
    vec![draft]
}

/// Which trial of the variant it is, from 1.
fn number(context: &TrialContext<'_>, trial: &TrialRecord) -> u64 {
    let repetitions = u64::from(context.campaign.trials_per_combination.max(1));
    u64::from(trial.key.case) * repetitions + u64::from(trial.key.repetition) + 1
}

/// A trial that has an answer ended well, right or wrong.
fn status(trial: &TrialRecord) -> RunStatus {
    match trial.outcome {
        Outcome::Cancelled | Outcome::Interrupted | Outcome::Skipped => RunStatus::Killed,
        Outcome::Fail if trial.error.is_some() || trial.answer.is_none() => RunStatus::Failed,
        outcome if outcome.has_answer() => RunStatus::Finished,
        _ => RunStatus::Failed,
    }
}

fn main_draft(context: &TrialContext<'_>, trial: &TrialRecord, prompt: &PromptUnderTest<'_>) -> RunDraft {
    let name = named(context, &context.variant.name);
    let number = number(context, trial);
    // A retried trial is a run of its own, so the time is part of its identity.
    let unique = format!(
        "{}/{}/{}-{}-{}/{}",
        context.origin, context.run, trial.key.case, trial.key.variant, trial.key.repetition, trial.ended_at
    );
    let status = status(trial);
    RunDraft {
        name: format!("{name}_run{number}_{}", compact_time(trial.started_at)),
        status,
        started_at: trial.started_at,
        ended_at: trial.ended_at.max(trial.started_at),
        tags: tags(context, trial, prompt, &unique, number),
        more_tags: prompt.more_tags(),
        params: params(context, prompt),
        metrics: metrics(context, trial, status),
        children: children(context, trial, &unique),
        key: unique,
    }
}

/// The prefix that the workflow asks for, and the name.
fn named(context: &TrialContext<'_>, name: &str) -> String {
    let prefix = context.campaign.mlflow.as_ref().and_then(|mlflow| mlflow.run_name.as_deref());
    match prefix.filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{prefix}_{name}"),
        None => name.to_owned(),
    }
}

fn tags(
    context: &TrialContext<'_>,
    trial: &TrialRecord,
    prompt: &PromptUnderTest<'_>,
    unique: &str,
    number: u64,
) -> Vec<(String, String)> {
    let hash: String = context.case.content_hash().chars().take(16).collect();
    let mut tags = vec![
        pair("variant_name", &*context.variant.name),
        pair("prompt_hash", prompt_hash(prompt.text)),
        pair("ab_test", "true"),
        pair("mlflow.source.name", key::WRITER),
        pair(key::KEY, unique),
        pair(key::RUN, format!("{}/{}", context.origin, context.run)),
        pair(key::TRIAL, number.to_string()),
        pair(key::OUTCOME, trial.outcome.name()),
        pair(key::CASE, tag_value(&context.case.id)),
        pair(key::CASE_HASH, hash),
    ];
    if let Some(error) = &trial.error {
        tags.push(pair(key::ERROR, tag_value(error)));
    }
    tags
}

fn params(context: &TrialContext<'_>, prompt: &PromptUnderTest<'_>) -> Vec<(String, String)> {
    let variant = context.variant;
    let mut params = vec![pair("variant_name", &*variant.name)];
    params.extend(prompt.params());
    params.push(pair("inputs", cut(context.case.json.get(), LONGEST_PARAM)));
    let node = variant
        .workflow
        .as_ref()
        .and_then(|workflow| workflow.program.nodes.iter().find(|node| node.id == workflow.node));
    match (node, &variant.workflow) {
        (Some(node), _) => params.extend([
            pair("node_id", &*node.id),
            pair("provider", node.llm.provider.name()),
            pair("model", &*node.llm.model),
        ]),
        // A user's own program has its own models.
        (None, Some(_)) => {}
        (None, None) => {
            params.extend([pair("provider", variant.provider.name()), pair("model", &*variant.model)]);
        }
    }
    if !variant.config_overrides.is_empty() {
        let overrides = serde_json::to_string(&variant.config_overrides).unwrap_or_default();
        params.push(pair("config_overrides", cut(&overrides, LONGEST_PARAM)));
    }
    params.retain(|(_, value)| !value.is_empty());
    params
}

fn metrics(context: &TrialContext<'_>, trial: &TrialRecord, status: RunStatus) -> Vec<(String, f64)> {
    let mut metrics = measured("", trial.latency_ms, trial.cost_usd, trial.usage);
    // As in S3 a run that failed has its `success` in the second run.
    let counts = success(trial.outcome, context.campaign.timeout_counts_as);
    if let Some(passed) = counts.filter(|_| status == RunStatus::Finished) {
        metrics.push(("success".to_owned(), f64::from(u8::from(passed))));
    }
    metrics.extend(trial.score.map(|score| ("score".to_owned(), score)));
    for (name, score) in scorer_means(trial) {
        let taken = metrics.iter().any(|(key, _)| *key == name);
        metrics.push((if taken { format!("scorer/{name}") } else { name }, score));
    }
    if !trial.steps.is_empty() {
        metrics.push(("node_count".to_owned(), trial.steps.len() as f64));
    }
    for (node, steps) in by_node(trial) {
        metrics.extend(node_metrics(node, &steps));
    }
    metrics.retain(|(_, value)| value.is_finite());
    metrics
}

/// Time, cost and tokens, where known.
fn measured(prefix: &str, latency: Option<f64>, cost: Option<f64>, usage: Usage) -> Vec<(String, f64)> {
    let count = |count: Option<u64>| count.map(|count| count as f64);
    let known = [
        ("duration_ms", latency),
        ("cost_usd", cost),
        ("total_tokens", count(usage.total_tokens())),
        ("input_tokens", count(usage.input_tokens)),
        ("output_tokens", count(usage.output_tokens)),
    ];
    known.into_iter().filter_map(|(key, value)| Some((format!("{prefix}{key}"), value?))).collect()
}

/// Scores by name; several scorers may report under one.
fn scorer_means(trial: &TrialRecord) -> Vec<(String, f64)> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for score in &trial.scores {
        let (sum, count) = sums.entry(metric_key(&score.metric)).or_default();
        *sum += score.score;
        *count += 1.0;
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

/// The steps of each node.
fn by_node(trial: &TrialRecord) -> BTreeMap<&str, Vec<&Step>> {
    let mut nodes: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &trial.steps {
        nodes.entry(&step.node).or_default().push(step);
    }
    nodes
}

/// What all steps of a node took together; a number that one of them doesn't know is not known.
fn node_metrics(node: &str, steps: &[&Step]) -> Vec<(String, f64)> {
    let time = |step: &&Step| step.latency_ms.unwrap_or((step.ended_at - step.started_at).max(0) as f64);
    let tokens =
        |of: fn(&Usage) -> Option<u64>| steps.iter().map(|step| of(&step.usage)).sum::<Option<u64>>();
    let usage = Usage {
        input_tokens: tokens(|usage| usage.input_tokens),
        cached_input_tokens: None,
        output_tokens: tokens(|usage| usage.output_tokens),
    };
    let cost = steps.iter().map(|step| step.cost_usd).sum::<Option<f64>>();
    measured(&metric_key(&format!("node_{node}_")), Some(steps.iter().map(time).sum()), cost, usage)
}

/// A run for each node that asks for one of its own.
fn children(context: &TrialContext<'_>, trial: &TrialRecord, unique: &str) -> Vec<RunDraft> {
    let Some(settings) = &context.campaign.mlflow else { return Vec::new() };
    let nodes = by_node(trial);
    let asked = settings.nodes.iter().filter_map(|(node, name)| Some((node, name, nodes.get(&**node)?)));
    asked
        .map(|(node, name, steps)| {
            let failed = steps.iter().any(|step| step.error.is_some());
            let key = format!("{unique}/{node}");
            RunDraft {
                name: name.clone(),
                status: if failed { RunStatus::Failed } else { RunStatus::Finished },
                started_at: steps.iter().map(|step| step.started_at).min().unwrap_or(trial.started_at),
                ended_at: steps.iter().map(|step| step.ended_at).max().unwrap_or(trial.ended_at),
                tags: vec![
                    pair("variant_name", &*context.variant.name),
                    pair("mlflow.source.name", key::WRITER),
                    pair(key::KEY, &*key),
                    pair(key::RUN, format!("{}/{}", context.origin, context.run)),
                    pair(key::NODE, node),
                ],
                more_tags: Vec::new(),
                params: vec![pair("node_id", node)],
                metrics: node_metrics(node, steps),
                children: Vec::new(),
                key,
            }
        })
        .collect()
}

/// The second run of a failed one.
fn failed_twin(context: &TrialContext<'_>, trial: &TrialRecord, main: &RunDraft) -> RunDraft {
    let key = format!("{}/failed", main.key);
    let mut tags = main.tags.clone();
    for (name, value) in &mut tags {
        if name == key::KEY {
            value.clone_from(&key);
        }
    }
    tags.push(pair(key::TWIN_OF, &*main.key));
    let name = named(context, &context.variant.name);
    RunDraft {
        name: format!("{name}_run{}_failed", number(context, trial)),
        status: RunStatus::Finished,
        started_at: main.ended_at,
        ended_at: main.ended_at,
        tags,
        more_tags: Vec::new(),
        params: Vec::new(),
        metrics: vec![("success".to_owned(), 0.0)],
        children: Vec::new(),
        key,
    }
}
