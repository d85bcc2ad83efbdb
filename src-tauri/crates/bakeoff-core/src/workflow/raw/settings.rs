//! Model, time limits, A/B test, logging and the user's own program, as files write them.

use crate::check::whole;
use crate::gate::raw::RawGates;
use crate::scorer::raw::RawScorer;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A model and its settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawModel {
    /// Where it runs. Absent: taken from the model's prefix (claude-, gpt-, o1…, gemini-).
    pub provider: Option<RawProvider>,
    /// The model, sent exactly as written.
    #[schemars(length(min = 1))]
    pub model: Option<String>,
    /// Sampling temperature, 0 to 2. Absent: nothing is sent.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// The most tokens to write.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_tokens: Option<u32>,
    /// Where the server listens, such as http://localhost:8000/v1.
    pub api_base: Option<String>,
    /// Only for `builtin`: it answers no sooner than this many milliseconds.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 600_000))]
    pub pace_ms: Option<u64>,
}

/// Where a model runs; `google` is the other name of gemini.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::workflow) enum RawProvider {
    Builtin,
    Anthropic,
    Openai,
    Google,
    Gemini,
    Ollama,
    OpenaiCompatible,
}

/// Time limit and retries.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawExecution {
    /// The most time of one call, in seconds.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub timeout: Option<f64>,
    /// How often a transient error is tried again.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 100))]
    pub max_retries: Option<u16>,
}

/// Settings of the whole workflow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawConfig {
    /// The model of every node that names none.
    pub llm: Option<RawModel>,
    /// Time limit and retries of every node.
    pub execution: Option<RawExecution>,
    /// Where runs are logged.
    pub mlflow: Option<RawMlflow>,
    /// Variants of a prompt, compared.
    pub ab_test: Option<RawAbTest>,
    /// Bounds that the numbers must hold.
    pub gates: Option<RawGates>,
    /// Logging, in its older place.
    pub observability: Option<RawObservability>,
    /// Not part of this program.
    pub memory: Option<Value>,
    /// Not part of this program.
    pub storage: Option<Value>,
    /// Not part of this program.
    pub webhook: Option<Value>,
    /// Not part of this program.
    pub webhooks: Option<Value>,
}

/// Logging, in its older place.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawObservability {
    /// Where runs are logged; used for what `config.mlflow` doesn't say.
    pub mlflow: Option<RawMlflow>,
    /// Not part of this program.
    pub logging: Option<Value>,
}

/// Where runs are logged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawMlflow {
    /// `false` switches logging off for this workflow.
    pub enabled: Option<bool>,
    /// A server (http), a file (sqlite:///…) or a folder. Absent: MLFLOW_TRACKING_URI, or the program's setting.
    pub tracking_uri: Option<String>,
    /// The experiment there. Default: the A/B test's experiment.
    pub experiment: Option<String>,
    /// The same, in its older form.
    pub experiment_name: Option<String>,
    /// A prefix for the names of runs.
    pub run_name: Option<String>,
    /// Not part of this program: prompts are logged as parameters.
    pub log_prompts: Option<bool>,
    /// Not part of this program.
    pub log_artifacts: Option<bool>,
    /// Not part of this program.
    pub artifact_level: Option<String>,
    /// Not part of this program: logging never holds a run up.
    pub async_logging: Option<bool>,
    /// Not part of this program.
    pub retention_days: Option<Value>,
    /// Not part of this program.
    pub redact_pii: Option<bool>,
}

/// Variants of a prompt, compared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawAbTest {
    /// `bakeoff run` compares the variants instead of running the workflow once. Default false.
    pub enabled: Option<bool>,
    /// The name under which results are kept.
    #[schemars(length(min = 1), required)]
    pub experiment: Option<String>,
    /// The variants.
    #[schemars(with = "Option<Vec<RawVariant>>")]
    pub variants: Option<Vec<Option<RawVariant>>>,
    /// How often each variant is run on each input, 1 to 10. Default 3.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 10))]
    pub run_count: Option<u16>,
    /// Whether trials run at the same time. Default true.
    pub parallel: Option<bool>,
    /// A data set of input rows (.jsonl, .csv or .yaml), relative to the workspace.
    pub dataset: Option<String>,
    /// How outputs are judged.
    #[schemars(with = "Option<Vec<RawScorer>>")]
    pub scorers: Option<Vec<Option<RawScorer>>>,
    /// The variant that the others are compared with. Default: the first.
    pub baseline_variant: Option<String>,
    /// No new call is made once this would be passed, in USD. Default: no limit.
    #[schemars(range(min = 0.0))]
    pub budget_usd: Option<f64>,
}

/// A variant: a prompt, values of the workflow, or a file in variants/.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawVariant {
    /// Its name.
    #[schemars(length(min = 1), required)]
    pub name: Option<String>,
    /// The prompt under test.
    pub prompt: Option<String>,
    /// The system prompt under test.
    pub system_prompt: Option<String>,
    /// The node whose prompt it is. Default: the first.
    pub node_id: Option<String>,
    /// Values of the workflow by dotted path, such as `config.llm.temperature: 0.2` or `nodes.draft.llm.model: gpt-5`.
    pub config_overrides: Option<Map<String, Value>>,
    /// The file in variants/ that it is; its prompts, model and overrides are used.
    pub file: Option<String>,
}

/// Your own program.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::workflow) struct RawRunner {
    /// The program and its arguments, such as [python3, agent.py]; started in the workspace, without a shell.
    #[schemars(with = "Option<Vec<String>>", length(min = 1), required)]
    pub command: Option<Vec<Option<String>>>,
    /// Names of environment variables that it may see besides the usual few.
    #[schemars(with = "Option<Vec<String>>")]
    pub environment: Option<Vec<Option<String>>>,
}
