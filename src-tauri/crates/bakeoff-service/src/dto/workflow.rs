//! Workflows, their gates, blocks, and experiments of this program and of MLflow.

use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::gate::GateResult;
use bakeoff_core::workflow::Workflow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::RunRow;

/// One row of the workflows list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkflowRow {
    /// The file's name without extension.
    pub name: String,
    /// Relative to the workspace.
    pub path: String,
    /// The checked workflow; absent when the file has errors.
    pub workflow: Option<Workflow>,
    /// What checking the file found.
    pub diagnostics: Vec<Diagnostic>,
    /// The experiment of its A/B test, or its own name: what its runs are called.
    pub experiment: Option<String>,
    /// The newest run of the experiment.
    pub last_run: Option<RunRow>,
    /// Number of the experiment's runs.
    pub runs: u32,
    /// The gates as the newest finished run left them.
    pub gates: Vec<GateResult>,
    /// The block that stands against deploying it.
    pub block: Option<DeployBlock>,
}

/// How a workflow is launched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkflowLaunch {
    /// Values of state fields; a data set's rows come over them.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Run the workflow as it stands, once for each input, instead of its A/B test.
    #[serde(default)]
    pub alone: bool,
    /// The rest.
    #[serde(default)]
    pub options: super::LaunchOptions,
}

/// Why a workflow may not be deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeployBlock {
    /// Its number.
    pub id: u32,
    /// The workflow file, relative to the workspace.
    pub workflow: String,
    /// The run whose gates failed.
    pub run: u32,
    /// ms since 1970.
    #[ts(type = "number")]
    pub at: i64,
    /// The gates that failed.
    pub failed: Vec<GateResult>,
    /// ms since 1970, when somebody lifted it.
    #[ts(type = "number | null")]
    pub lifted_at: Option<i64>,
    /// Why it was lifted.
    pub lifted_reason: Option<String>,
}

/// Whether a workflow may be deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeployCheck {
    /// The workflow file, relative to the workspace.
    pub workflow: String,
    /// The block that stands; absent: it may be deployed.
    pub block: Option<DeployBlock>,
    /// Every block there was, newest first.
    pub history: Vec<DeployBlock>,
}

/// One experiment: a campaign's runs here, or an experiment in MLflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExperimentRow {
    /// Its name.
    pub name: String,
    /// Runs here; runs in MLflow's sense (single executions) there.
    pub runs: u32,
    /// When the newest one began, ms since 1970.
    #[ts(type = "number | null")]
    pub last_at: Option<i64>,
    /// MLflow's id of it.
    pub mlflow_id: Option<String>,
    /// Its page in MLflow, for the system's browser.
    pub url: Option<String>,
}

/// How the logging to MLflow stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MlflowState {
    /// The tracking URI in force; absent: nothing is logged.
    pub tracking_uri: Option<String>,
    /// Where it comes from: `settings`, `environment` or `workflow`.
    pub source: Option<String>,
    /// Trials that the server does not have yet.
    pub waiting: u32,
    /// Why they wait.
    pub problem: Option<String>,
    /// The server's page, for the system's browser.
    pub url: Option<String>,
}

/// What became of sending to MLflow what waits.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct MlflowSent {
    /// How it stands now.
    #[serde(flatten)]
    pub state: MlflowState,
    /// Finished runs whose trials are all sent, but not the summaries of their variants.
    pub summaries_waiting: u32,
}
