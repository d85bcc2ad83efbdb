//! A campaign as its file writes it. The doc comments here are the help that the editor shows.

use crate::check::whole;
use crate::fault::raw::RawFault;
use crate::gate::raw::RawGates;
use crate::metric::Metric;
use crate::outcome::TimeoutCountsAs;
use crate::scorer::raw::RawScorer;
use crate::triage::{RawMapping, RawSource};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Which variants are tried on which cases, how often, and how answers are judged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCampaign {
    /// The campaign's name; the file's name counts, so leave it out or keep both the same.
    pub name: Option<String>,
    /// What it is about, in a few words.
    pub description: Option<String>,
    /// The workflow whose variants are compared, relative to the workspace, such as workflows/research.yaml.
    pub workflow: Option<String>,
    /// Inputs of the workflow that every case has; the fields of a data set's row come over them.
    pub inputs: Option<Map<String, Value>>,
    /// The data set (.jsonl, .csv or .yaml), relative to the workspace, such as datasets/tickets.jsonl. A workflow may
    /// run on `inputs` alone.
    pub dataset: Option<String>,
    /// Take only a random part of the data set.
    pub sample: Option<RawSample>,
    /// Systems to break, by the names of their files in subjects/, such as embedded. With `chaos_types` this makes a fault
    /// campaign: its cases are the subjects with the faults.
    #[schemars(with = "Option<Vec<String>>")]
    pub subjects: Option<Vec<Option<String>>>,
    /// What is done to each subject.
    #[schemars(with = "Option<Vec<RawFault>>")]
    pub chaos_types: Option<Vec<Option<RawFault>>>,
    /// The topic whose candidates are triaged, by the name of its file in topics/. This makes a triage campaign: its cases
    /// are the topic's candidates.
    pub topic: Option<String>,
    /// Instead of `topic`: where the candidates are.
    pub candidates: Option<RawSource>,
    /// Of `candidates`: how the source's columns are called, where they differ from the fields of a candidate.
    pub mapping: Option<RawMapping>,
    /// Of a triage campaign: only candidates of this time.
    pub window: Option<RawWindow>,
    /// Of a fault campaign: try each case without an agent, too, and compare with that. Default false.
    pub include_baseline: Option<bool>,
    /// Of a fault campaign: who repairs. Default: Bakeoff's own agent with the variant's model.
    pub agent: Option<RawAgent>,
    /// Of a fault campaign: model calls of one trial's agent. Default 30.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_steps: Option<u32>,
    /// Of a fault campaign: tokens of one trial's agent. Default: no limit.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991u64))]
    pub max_tokens: Option<u64>,
    /// Of a fault campaign: USD of one trial's agent. Default: no limit.
    #[schemars(range(min = 0.0))]
    pub max_cost_usd: Option<f64>,
    /// Of a fault campaign: one command of the agent may take this many seconds. Default 120.
    #[schemars(range(min = 1.0, max = 3600.0))]
    pub command_seconds: Option<f64>,
    /// Of a fault campaign: the one variant, as Operator writes it. Default: default.
    pub variant: Option<String>,
    /// Names of the variants to compare, in the order of columns. Of a workflow: those of its A/B test by default. A
    /// triage campaign may define a variant here: `{name: mini, provider: openai, model: gpt-5-mini}`, with the keys of
    /// a variant file.
    #[serde(default)]
    #[schemars(schema_with = "entries_schema")]
    pub variants: Option<Vec<Option<RawEntry>>>,
    /// The variant that the others are compared with. Default: the first.
    pub baseline_variant: Option<String>,
    /// How often each case is tried with each variant. Default 1.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1000))]
    pub trials_per_combination: Option<u16>,
    /// How answers are judged.
    #[schemars(with = "Option<Vec<RawScorer>>")]
    pub scorers: Option<Vec<Option<RawScorer>>>,
    /// Bounds that the numbers must hold.
    pub gates: Option<RawGates>,
    /// The weighted score at or above which a trial passes, 0 to 1. Default 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub pass_threshold: Option<f64>,
    /// The metric that decides. Default success_rate.
    #[serde(default)]
    #[schemars(schema_with = "metric_schema")]
    pub primary_metric: Option<Metric>,
    /// Of all intervals, 0.5 to 0.999. Default 0.95.
    #[schemars(range(min = 0.5, max = 0.999))]
    pub confidence: Option<f64>,
    /// The smallest difference of the primary metric that matters. Default 0.
    #[schemars(range(min = 0.0))]
    pub margin: Option<f64>,
    /// Trials at the same time. Default 8; of a fault campaign 1, and at most 10.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 1024))]
    pub parallel: Option<u16>,
    /// The most time a trial's model may take, in seconds; of a fault campaign, the time from the fault to the verdict.
    /// Default 300.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub timeout_seconds: Option<f64>,
    /// What a time-out means for the success rate. Default fail.
    pub timeout_counts_as: Option<TimeoutCountsAs>,
    /// How often a transient error of the provider (429, 5xx, connection) is tried again. Default 3.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 100))]
    pub retries: Option<u16>,
    /// Waiting time after each trial, in seconds. Default 0.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub cooldown_seconds: Option<f64>,
    /// No new call is made once this would be passed, in USD. Default: no limit.
    #[schemars(range(min = 0.0))]
    pub budget_usd: Option<f64>,
    /// Of the order of trials; the same seed gives the same order. Default 42.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991u64))]
    pub seed: Option<u64>,
}

/// Who repairs, if not Bakeoff's own agent.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAgent {
    /// A program and its arguments. It gets the ticket and the variant as JSON on stdin, and reaches the nodes by labctl.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub command: Option<Vec<Option<String>>>,
    /// The operator.db that an agent of Operator polls.
    pub operator_db: Option<String>,
}

/// From which moment to which.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindow {
    /// Its first moment, such as 2026-11-01T08:00:00Z or 2026-11-01.
    #[schemars(required)]
    pub start: Option<String>,
    /// The first moment after it.
    #[schemars(required)]
    pub end: Option<String>,
}

/// A variant that a campaign names or, of a triage campaign, defines.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawEntry {
    /// The name of a file.
    Name(String),
    /// The variant itself.
    Own(Map<String, Value>),
}

impl RawEntry {
    /// The name as written.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Own(fields) => fields.get("name").and_then(Value::as_str).unwrap_or_default(),
        }
    }
}

/// A random part of the data set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSample {
    /// At most this many rows.
    #[serde(deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000_000), required)]
    pub max_items: Option<u32>,
    /// Which ones; the same seed takes the same rows. Default 0.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991u64))]
    pub seed: Option<u64>,
}

/// A list of names and mappings.
fn entries_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": {"type": ["string", "object"]}})
}

/// The names of metrics and their aliases.
fn metric_schema(_: &mut SchemaGenerator) -> Schema {
    let ids = Metric::ALL.iter().map(|metric| metric.id());
    let aliases = Metric::ALL.iter().flat_map(|metric| metric.aliases().iter().copied());
    let mut names: Vec<Option<&str>> = ids.chain(aliases).map(Some).collect();
    names.push(None);
    json_schema!({"enum": names})
}
