//! Workflows: model calls (nodes) that read and write a common state, and edges that say which comes next. The file
//! format is `schema_version: "1.0"` of the workflow tools that this program stands in for.
//!
//! [`check`] reads a file; [`Workflow::program`] is what runs. A variant of a workflow carries a whole program of its
//! own ([`WorkflowVariant`]), so that a stored run never depends on the file again.

mod answer;
mod check;
pub mod condition;
mod field_type;
mod next;
mod overrides;
pub mod placeholder;
mod raw;
mod render;
mod state;
#[cfg(test)]
mod tests;
mod variant;
mod words;

pub use answer::{answer_instruction, answer_schema, is_strict, read_outputs, wants_json};
pub use check::{check, schema};
pub use next::{MAX_STEPS, Where, next};
pub use render::{Item, render};
pub use state::{case_inputs, collect, initial_state, output_names, outputs, runner_outputs};
pub use variant::{as_variant, prompt_paths, variant};

use crate::gate::Gate;
use crate::scorer::Scorer;
use crate::variant::Provider;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A checked workflow file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Workflow {
    /// `flow.name`.
    pub name: String,
    /// `flow.description`.
    pub description: Option<String>,
    /// `flow.version`.
    pub version: Option<String>,
    /// What runs.
    pub program: Program,
    /// Its variants and how often they are run.
    pub ab_test: Option<AbTest>,
    /// What its numbers must hold.
    pub gates: Vec<Gate>,
    /// Where its runs are logged.
    pub mlflow: Option<MlflowSettings>,
}

/// Everything of a workflow that decides a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Program {
    /// The state's fields, in the file's order.
    pub state: Vec<StateField>,
    /// The nodes, in the file's order. Empty only with a runner.
    pub nodes: Vec<Node>,
    /// What comes after each node; [`START`] begins. Every node has at most one.
    pub edges: Vec<Edge>,
    /// The user's own program, which runs instead of the nodes.
    pub runner: Option<Runner>,
}

/// The edge from here begins a workflow.
pub const START: &str = "START";
/// An edge to here ends a workflow.
pub const END: &str = "END";

/// A field of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StateField {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// It must come with the inputs.
    pub required: bool,
    /// Its value when the inputs have none; absent: null.
    #[ts(type = "unknown")]
    pub default: Option<Value>,
    /// For people and models.
    pub description: Option<String>,
}

/// The type of a state field or of a node's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FieldType {
    /// Text.
    Str,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// A list of one type; absent: of anything.
    List(Option<Box<FieldType>>),
    /// A mapping from texts to one type; absent: to anything.
    Dict(Option<Box<FieldType>>),
    /// A mapping with these fields; none: any.
    Object(Vec<(String, FieldType)>),
}

/// One model call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Node {
    /// Its name, an identifier.
    pub id: String,
    /// What it is about.
    pub description: Option<String>,
    /// The user turn, with `{field}`, `{state.field}` and `{a.b}` placeholders. Other braces are text.
    pub prompt: String,
    /// The system prompt, with the same placeholders.
    pub system_prompt: Option<String>,
    /// Local names for the prompt: a placeholder `{name}` stands for this template over the state.
    pub inputs: BTreeMap<String, String>,
    /// What the model must give, each a state field.
    pub outputs: Vec<Output>,
    /// The model.
    pub llm: NodeModel,
    /// The most time of one call, in seconds; absent: the campaign's.
    pub timeout_seconds: Option<f64>,
    /// How often a transient error is tried again; absent: the campaign's.
    pub retries: Option<u16>,
}

/// One output of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Output {
    /// The state field that it becomes.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// For the model.
    pub description: Option<String>,
}

/// The model of a node, its own settings over the workflow's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NodeModel {
    /// Where it runs.
    pub provider: Provider,
    /// The model, sent exactly as written.
    pub model: String,
    /// `api_base`.
    pub base_url: Option<String>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// `max_tokens`.
    pub max_output_tokens: Option<u32>,
    /// The built-in model answers no sooner than this many milliseconds.
    #[ts(type = "number | null")]
    pub pace_ms: Option<u64>,
}

/// What comes after a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Edge {
    /// A node's id or [`START`].
    pub from: String,
    /// Where it goes on.
    pub next: Next,
}

/// Where it goes on; targets are node ids or [`END`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Next {
    /// Always here.
    To(String),
    /// The first route whose condition holds; the one without a condition (`default`) when none does.
    Routes(Vec<Route>),
    /// The same node again, until its state field is true or it ran so often.
    Loop {
        /// How often the node runs at most, 1 to 100.
        max_iterations: u32,
        /// The state field that ends the loop when it is true.
        condition_field: String,
        /// Where it goes on after the loop.
        exit_to: String,
    },
    /// The target once for each item of a list, at the same time; it goes on after the target.
    Parallel {
        /// The state field with the list. The target's prompt sees `{item}` and `{index}`
        /// (also `{_parallel_item}` and `{_parallel_index}`).
        items_field: String,
        /// The node that runs for each item.
        target_node: String,
        /// The state field that gets the list of its outputs: of the value itself when the target has one output,
        /// else of objects.
        collect_field: String,
    },
}

/// One way out of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Route {
    /// An expression over the state; absent: `default`.
    pub condition: Option<String>,
    /// A node's id or [`END`].
    pub to: String,
}

/// The user's own program: JSON in on stdin, JSON out on stdout, once a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Runner {
    /// Program and arguments; started in the workspace, without a shell.
    pub command: Vec<String>,
    /// Names of environment variables that it may see besides the usual few.
    pub environment: Vec<String>,
}

/// The `ab_test` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AbTest {
    /// `run` compares the variants instead of running the workflow once.
    pub enabled: bool,
    /// The campaign's name.
    pub experiment: String,
    /// The variants, in the file's order.
    pub variants: Vec<AbVariant>,
    /// How often each variant is run on each input, 1 to 10.
    pub run_count: u16,
    /// Whether trials run at the same time.
    pub parallel: bool,
    /// A data set of input rows, relative to the workspace.
    pub dataset: Option<String>,
    /// The one that the others are compared with; the first when the file names none.
    pub baseline_variant: Option<String>,
    /// How outputs are judged.
    pub scorers: Vec<Scorer>,
    /// No new call is made once this would be passed, in USD.
    pub budget_usd: Option<f64>,
}

/// A variant as the workflow file writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AbVariant {
    /// Its name.
    pub name: String,
    /// The prompt under test.
    pub prompt: Option<String>,
    /// The system prompt under test.
    pub system_prompt: Option<String>,
    /// The node whose prompt it is; absent: the first.
    pub node_id: Option<String>,
    /// Values of the workflow by dotted path, such as `config.llm.temperature` or `nodes.draft.llm.model`.
    #[ts(type = "Record<string, unknown>")]
    pub config_overrides: BTreeMap<String, Value>,
    /// The file in `variants/` that it is; its prompts, model and overrides are used.
    pub file: Option<String>,
}

/// The `mlflow` block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MlflowSettings {
    /// Absent: the environment's `MLFLOW_TRACKING_URI`, or the user's setting.
    pub tracking_uri: Option<String>,
    /// The experiment there; absent: the campaign's name.
    pub experiment: Option<String>,
    /// A prefix for run names.
    pub run_name: Option<String>,
    /// `enabled: false` switches logging off for this workflow.
    pub enabled: bool,
    /// Nodes that name a run of their own: node id to run name.
    pub nodes: BTreeMap<String, String>,
}

/// The part of a variant that makes it a variant of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkflowVariant {
    /// The node under test; empty with a runner.
    pub node: String,
    /// The program with the variant's prompt and overrides in it.
    pub program: Program,
}

/// The values of a workflow's state.
pub type State = Map<String, Value>;
