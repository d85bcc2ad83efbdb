//! Quality gates: bounds that a variant's numbers must hold, and what follows when they don't.

pub(crate) mod check;
mod evaluate;
mod numbers;
pub(crate) mod raw;
mod reading;
mod trials;
mod words;

pub use evaluate::evaluate;
pub use numbers::{GateNumbers, Measure, Measures};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One bound. Bounds are inclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Gate {
    /// For people; the metric where the file gives none.
    pub name: String,
    /// Why it is there.
    pub description: Option<String>,
    /// A metric of the contract with an optional aggregate, a scorer's metric, or a number among the outputs.
    pub metric: String,
    /// The value must not be over this.
    pub max: Option<f64>,
    /// The value must not be under this.
    pub min: Option<f64>,
    /// What follows when it doesn't hold.
    pub action: GateAction,
    /// What must hold.
    pub on: GateScope,
    /// How it is decided.
    pub decide: GateDecision,
}

/// What follows when a gate fails, mildest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GateAction {
    /// It is shown.
    Warn,
    /// The run is marked, and the exit code is 1.
    Fail,
    /// The same, and the workflow may not be deployed until somebody lifts the block.
    BlockDeploy,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GateScope {
    /// Every single trial.
    Trial,
    /// The aggregate of each variant.
    Variant,
    /// Each variant minus the baseline.
    Difference,
}

/// How a gate is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GateDecision {
    /// By the point estimate.
    Point,
    /// By the interval: when it straddles the bound nobody can tell, and nothing is blocked.
    Interval,
}

/// What came of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GateVerdict {
    /// It holds.
    Pass,
    /// It doesn't, or its metric is missing.
    Fail,
    /// The interval straddles the bound.
    CannotTell,
}

/// What came of all gates of a run, in one word; mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GateState {
    /// All hold.
    Passed,
    /// None fails, but the interval of one straddles its bound.
    CannotTell,
    /// One that only warns does not hold.
    Warned,
    /// One that fails the run does not hold.
    Failed,
    /// One that blocks deploying does not hold. The block itself may have been lifted since.
    Blocks,
}

/// The gates of a run in one word; `None` without any.
pub fn state(results: &[GateResult]) -> Option<GateState> {
    let of = |result: &GateResult| match (result.verdict, result.gate.action) {
        (GateVerdict::Pass, _) => GateState::Passed,
        (GateVerdict::CannotTell, _) => GateState::CannotTell,
        (GateVerdict::Fail, GateAction::Warn) => GateState::Warned,
        (GateVerdict::Fail, GateAction::Fail) => GateState::Failed,
        (GateVerdict::Fail, GateAction::BlockDeploy) => GateState::Blocks,
    };
    results.iter().map(of).max()
}

/// A gate checked for one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct GateResult {
    /// The gate.
    pub gate: Gate,
    /// The variant's name.
    pub variant: String,
    /// What came of it.
    pub verdict: GateVerdict,
    /// The value that was compared; absent when it is missing.
    pub actual: Option<f64>,
    /// Its interval, where there is one.
    pub interval: Option<crate::stats::Interval>,
    /// On how many trials it rests.
    pub n: u32,
    /// In one sentence: what was compared, why it failed, how many more trials would settle it.
    pub sentence: String,
}
