//! Gates as files write them, in three dialects. The doc comments here are the help that the editor shows.

use super::{GateDecision, GateScope};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Bounds that the numbers must hold: a list, or a mapping with the list and what follows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawGates {
    /// `{gates: [{metric, max, min}], on_fail: fail}`.
    Mapping(RawGateBlock),
    /// `[{name, metric, threshold, action}]`.
    List(#[schemars(with = "Vec<RawGate>")] Vec<Option<RawGate>>),
}

/// Gates that all have the same consequence.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGateBlock {
    /// The bounds.
    #[schemars(with = "Option<Vec<RawGate>>")]
    pub gates: Option<Vec<Option<RawGate>>>,
    /// What follows when one fails: warn, fail or block_deploy. Default warn.
    #[schemars(schema_with = "action_schema")]
    #[serde(default)]
    pub on_fail: Option<String>,
}

/// One bound.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGate {
    /// For people. Default: the metric.
    pub name: Option<String>,
    /// Why it is there.
    pub description: Option<String>,
    /// `false` leaves it out. Default true.
    pub enabled: Option<bool>,
    /// A metric such as success_rate, cost_usd_avg or latency_ms_p95, a scorer's metric, or a number among the outputs.
    #[schemars(length(min = 1), required)]
    pub metric: Option<String>,
    /// The value must not be over this.
    pub max: Option<f64>,
    /// The value must not be under this.
    pub min: Option<f64>,
    /// The same as `max`; the same as `min` for metrics where more is better, such as success_rate.
    pub threshold: Option<f64>,
    /// The same as `min`.
    pub min_threshold: Option<f64>,
    /// The same as `max`.
    pub max_threshold: Option<f64>,
    /// What follows when it fails: warn, fail or block_deploy, over the block's `on_fail`. Default warn.
    #[schemars(schema_with = "action_schema")]
    #[serde(default)]
    pub action: Option<String>,
    /// What must hold: every trial, each variant's aggregate, or its difference to the baseline. Default variant.
    pub on: Option<GateScope>,
    /// By the point estimate, or by the interval. Default point.
    pub decide: Option<GateDecision>,
}

/// The names of actions, in capitals too.
fn action_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ["warn", "fail", "block_deploy", "WARN", "FAIL", "BLOCK_DEPLOY", null]})
}
