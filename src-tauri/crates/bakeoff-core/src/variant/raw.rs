//! A variant as its file writes it. The doc comments here are the help that the editor shows.

use super::{Provider, ReasoningEffort};
use crate::check::whole;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is compared: a model with its prompts and parameters. The file's name is the variant's name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVariant {
    /// The variant's name; the file's name counts, so leave it out or keep both the same.
    pub name: Option<String>,
    /// What it is about, in a few words.
    pub description: Option<String>,
    /// Where the model runs. Absent: taken from the model's prefix (claude-, gpt-, o1…, gemini-).
    pub provider: Option<Provider>,
    /// The model, sent exactly as written. The built-in provider has lexical-1 and, for fault campaigns, no-agent, noop,
    /// always-restart, runbook-1 and vandal.
    #[schemars(length(min = 1))]
    pub model: Option<String>,
    /// Where the server listens, for `openai-compatible` (or to reach another provider through a proxy), such as
    /// http://localhost:8000/v1.
    pub base_url: Option<String>,
    /// System prompt. `{{ field }}` puts in a field of the case.
    pub system_prompt: Option<String>,
    /// User turn. `{{ field }}` puts in a field of the case; by default `{{ input }}`.
    pub prompt: Option<String>,
    /// How hard a reasoning model should think. Absent: nothing is sent.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Sampling temperature, 0 to 2. Absent: nothing is sent.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1. Absent: nothing is sent.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub top_p: Option<f64>,
    /// The most tokens to write. Absent: the provider's default.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_output_tokens: Option<u32>,
    /// Texts at which the model stops writing.
    #[schemars(with = "Option<Vec<String>>")]
    pub stop: Option<Vec<Option<String>>>,
    /// Tools of an agent; used by fault campaigns.
    pub tools_config: Option<BTreeMap<String, Value>>,
    /// Overrides of a workflow's values by dotted path; used by workflows.
    pub config_overrides: Option<BTreeMap<String, Value>>,
    /// Free words to find it by.
    #[schemars(with = "Option<Vec<String>>")]
    pub tags: Option<Vec<Option<String>>>,
    /// Only for `builtin`: it answers no sooner than this many milliseconds, so that a run can be watched.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 600_000))]
    pub pace_ms: Option<u64>,
}
