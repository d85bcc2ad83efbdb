//! A workflow as its file writes it. The doc comments here are the help that the editor shows.
//!
//! Nothing is required for reading: what is missing is told with everything else.

mod settings;

pub(super) use settings::*;

use crate::check::whole;
use crate::gate::raw::{RawGate, RawGates};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Model calls (nodes) that read and write a common state, and edges that say which comes next.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkflow {
    /// The version of this format, in quotes.
    #[serde(rename = "schema_version")]
    #[schemars(schema_with = "version_schema", required)]
    pub _schema_version: Option<String>,
    /// What the workflow is.
    pub flow: Option<RawFlow>,
    /// The values that nodes read and write.
    pub state: Option<RawState>,
    /// The model calls.
    #[schemars(with = "Option<Vec<RawNode>>")]
    pub nodes: Option<Vec<Option<RawNode>>>,
    /// What comes after what: from START to END.
    #[schemars(with = "Option<Vec<RawEdge>>")]
    pub edges: Option<Vec<Option<RawEdge>>>,
    /// Model, time limits, A/B test, gates and logging.
    pub config: Option<RawConfig>,
    /// Where runs are logged. Also under `config`.
    pub mlflow: Option<RawMlflow>,
    /// Variants of a prompt, compared. Also under `config`.
    pub ab_test: Option<RawAbTest>,
    /// Bounds that the numbers must hold. Also under `config`.
    pub gates: Option<RawGates>,
    /// Gates in their oldest form; optimisation by DSPy is not part of this program.
    pub optimization: Option<RawOptimization>,
    /// Your own program, which runs instead of the nodes: JSON in on stdin, JSON out on stdout.
    pub runner: Option<RawRunner>,
    /// Not part of this program.
    pub memory: Option<Value>,
    /// Not part of this program.
    pub storage: Option<Value>,
    /// Not part of this program.
    pub webhook: Option<Value>,
    /// Not part of this program.
    pub webhooks: Option<Value>,
}

/// What the workflow is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlow {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Its own version, such as "1.2".
    pub version: Option<String>,
    /// Who wrote it.
    #[serde(rename = "author")]
    pub _author: Option<String>,
    /// Free words to find it by.
    #[serde(rename = "tags")]
    #[schemars(with = "Option<Vec<String>>")]
    pub _tags: Option<Value>,
}

/// The values that nodes read and write.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawState {
    /// One entry a field: its name and what it is.
    #[schemars(with = "Option<std::collections::BTreeMap<String, RawStateField>>")]
    pub fields: Option<Map<String, Value>>,
}

/// A field of the state.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStateField {
    /// str, int, float, bool, list, list[T], dict, dict[str, T] or object.
    #[serde(rename = "type")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// It must come with the inputs. Default false.
    pub required: Option<bool>,
    /// Its value when the inputs have none.
    pub default: Option<Value>,
    /// For people and models.
    pub description: Option<String>,
    /// For `type: object`: its fields, each with its type; a mapping is an object again.
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub schema: Option<Map<String, Value>>,
}

/// One model call.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    /// Its name: letters, digits and `_`.
    #[schemars(length(min = 1), required)]
    pub id: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What the model is asked. `{field}` puts in a field of the state; other braces are text.
    #[schemars(required)]
    pub prompt: Option<String>,
    /// System prompt, with the same placeholders.
    pub system_prompt: Option<String>,
    /// Local names for the prompt, such as `query: "{state.topic} in {state.year}"`.
    #[schemars(with = "Option<std::collections::BTreeMap<String, String>>")]
    pub inputs: Option<Map<String, Value>>,
    /// What the model must give, with types.
    pub output_schema: Option<RawOutputSchema>,
    /// The state fields that the outputs become.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub outputs: Option<Vec<Option<String>>>,
    /// The model, over `config.llm`.
    pub llm: Option<RawModel>,
    /// Time limit and retries, over `config.execution`.
    pub execution: Option<RawExecution>,
    /// How its calls are logged.
    pub mlflow: Option<RawMlflow>,
    /// Not part of this program: an error when it is switched on.
    pub optimize: Option<RawOptimize>,
    /// Not part of this program.
    pub tools: Option<Value>,
    /// Not part of this program.
    pub sandbox: Option<Value>,
    /// Not part of this program.
    pub code: Option<Value>,
    /// Not part of this program.
    pub memory: Option<Value>,
    /// Not part of this program.
    pub log_prompts: Option<bool>,
    /// Not part of this program.
    pub log_artifacts: Option<bool>,
}

/// What a node's model must give.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutputSchema {
    /// `object` with `fields`, or the type of the only output.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// For the model.
    pub description: Option<String>,
    /// The fields of the object.
    #[schemars(with = "Option<Vec<RawOutputField>>")]
    pub fields: Option<Vec<Option<RawOutputField>>>,
}

/// One output.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutputField {
    /// The state field that it becomes.
    #[schemars(length(min = 1), required)]
    pub name: Option<String>,
    /// str, int, float, bool, list, list[T], dict, dict[str, T] or object.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// For the model.
    pub description: Option<String>,
    /// For `type: object`: its fields, each with its type.
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub schema: Option<Map<String, Value>>,
}

/// DSPy, which is not part of this program.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct RawOptimize {
    /// An error when it is true.
    pub enabled: Option<bool>,
}

/// Gates in their oldest form, and DSPy, which is not part of this program.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct RawOptimization {
    /// An error when it is true.
    pub enabled: Option<bool>,
    /// Bounds that the numbers must hold.
    #[schemars(with = "Option<Vec<RawGate>>")]
    pub quality_gates: Option<Vec<Option<RawGate>>>,
}

/// What comes after a node: exactly one of `to`, `routes`, `loop` and `parallel`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEdge {
    /// A node's id, or START.
    #[schemars(length(min = 1), required)]
    pub from: Option<String>,
    /// A node's id, or END.
    #[schemars(length(min = 1))]
    pub to: Option<String>,
    /// The first whose condition holds.
    #[schemars(with = "Option<Vec<RawRoute>>", length(min = 1))]
    pub routes: Option<Vec<Option<RawRoute>>>,
    /// The node again, until a state field is true.
    #[serde(rename = "loop")]
    pub repeat: Option<RawLoop>,
    /// A node once for each item of a list.
    pub parallel: Option<RawParallel>,
}

/// One way out of a node.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    /// When it is taken.
    #[schemars(required)]
    pub condition: Option<RawCondition>,
    /// A node's id, or END.
    #[schemars(length(min = 1), required)]
    pub to: Option<String>,
}

/// When a route is taken.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCondition {
    /// An expression over the state such as `state.score >= 0.8 and not state.spam`, or `default`.
    #[schemars(required)]
    pub logic: Option<String>,
}

/// The node again, until a state field is true.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLoop {
    /// How often the node runs at most, 1 to 100. Default 10.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 100))]
    pub max_iterations: Option<u32>,
    /// The state field (bool) that ends the loop when it is true.
    #[schemars(required)]
    pub condition_field: Option<String>,
    /// Where it goes on after the loop: a node's id, or END.
    #[schemars(required)]
    pub exit_to: Option<String>,
}

/// A node once for each item of a list, at the same time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParallel {
    /// The state field with the list. The target's prompt has `{item}` and `{index}`.
    #[schemars(required)]
    pub items_field: Option<String>,
    /// The node that runs for each item.
    #[schemars(required)]
    pub target_node: Option<String>,
    /// The state field (a list) that gets the outputs.
    #[schemars(required)]
    pub collect_field: Option<String>,
}

fn version_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["1.0"]})
}
