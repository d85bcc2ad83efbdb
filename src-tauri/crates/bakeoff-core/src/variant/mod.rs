//! Variants: what is compared. One YAML file each.

mod check;
mod raw;

pub(crate) use check::is_http;
pub use check::{BUILTIN_MODEL, BUILTIN_MODELS, check, check_without_prompt, schema};

use crate::workflow::WorkflowVariant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Where a variant's model runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Provider {
    /// The small offline model inside this program.
    Builtin,
    /// Anthropic.
    Anthropic,
    /// OpenAI.
    Openai,
    /// Google Gemini.
    Gemini,
    /// An Ollama server.
    Ollama,
    /// Any server with OpenAI's chat completions API; needs `base_url`.
    OpenaiCompatible,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Provider; 6] = [
        Provider::Builtin,
        Provider::Anthropic,
        Provider::Openai,
        Provider::Gemini,
        Provider::Ollama,
        Provider::OpenaiCompatible,
    ];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Builtin => "builtin",
            Provider::Anthropic => "anthropic",
            Provider::Openai => "openai",
            Provider::Gemini => "gemini",
            Provider::Ollama => "ollama",
            Provider::OpenaiCompatible => "openai-compatible",
        }
    }

    /// The provider that a model's name gives away: `claude-`, `gpt-`, `o1`… and `gemini-`.
    pub fn from_model(model: &str) -> Option<Self> {
        let is_o_series =
            || model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if model.starts_with("claude-") {
            Some(Provider::Anthropic)
        } else if model.starts_with("gpt-") || is_o_series() {
            Some(Provider::Openai)
        } else if model.starts_with("gemini-") {
            Some(Provider::Gemini)
        } else {
            None
        }
    }
}

/// How hard a reasoning model should think. Absent: nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReasoningEffort {
    /// The provider's explicit "off".
    None,
    /// As little as there is.
    Minimal,
    /// A little.
    Low,
    /// The usual amount.
    Medium,
    /// A lot.
    High,
}

/// A checked variant. Its serde form is canonical: the content hash is taken over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Variant {
    /// The file's name without its extension.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where the model runs.
    pub provider: Provider,
    /// The model, sent exactly as written.
    pub model: String,
    /// Where an OpenAI-compatible server listens.
    pub base_url: Option<String>,
    /// System prompt (a template over the case's fields).
    pub system_prompt: Option<String>,
    /// User turn (a template); `{{ input }}` when the file has none.
    pub prompt: Option<String>,
    /// Reasoning effort.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The most tokens to write.
    pub max_output_tokens: Option<u32>,
    /// Stop sequences.
    pub stop: Vec<String>,
    /// Tools of an agent (used by fault campaigns).
    #[ts(type = "Record<string, unknown>")]
    pub tools_config: BTreeMap<String, serde_json::Value>,
    /// Overrides of a workflow's values by dotted path (used by workflows).
    #[ts(type = "Record<string, unknown>")]
    pub config_overrides: BTreeMap<String, serde_json::Value>,
    /// Free words to find it by.
    pub tags: Vec<String>,
    /// The built-in model answers no sooner than this many milliseconds.
    #[ts(type = "number | null")]
    pub pace_ms: Option<u64>,
    /// What it runs instead of one call: a workflow with its prompt and overrides in it. No variant file has it; a
    /// launch puts it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub workflow: Option<Box<WorkflowVariant>>,
}

/// The user turn of a variant that has none of its own.
pub const DEFAULT_PROMPT: &str = "{{ input }}";

impl Variant {
    /// The user-turn template.
    pub fn prompt_template(&self) -> &str {
        self.prompt.as_deref().unwrap_or(DEFAULT_PROMPT)
    }

    /// The identity of everything that decides a trial: name, description and tags left out.
    pub fn content_hash(&self) -> String {
        let deciding = Variant { name: String::new(), description: None, tags: Vec::new(), ..self.clone() };
        crate::hash::content_hash(&deciding)
    }
}
