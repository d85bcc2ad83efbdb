//! Campaigns and what launching one would mean.

use bakeoff_core::analysis::Estimate;
use bakeoff_core::campaign::Campaign;
use bakeoff_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::RunRow;

/// One row of the campaigns list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CampaignRow {
    /// The file's name without extension.
    pub name: String,
    /// Relative to the workspace; absent when the file is gone and only its runs are left.
    pub path: Option<String>,
    /// The checked campaign; absent when the file has errors or is gone.
    pub campaign: Option<Campaign>,
    /// What checking the file found.
    pub diagnostics: Vec<Diagnostic>,
    /// Its newest run.
    pub last_run: Option<RunRow>,
    /// Number of its runs.
    pub runs: u32,
}

/// A data set that a campaign can use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DatasetRow {
    /// Relative to the workspace.
    pub path: String,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
}

/// The first rows of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DatasetPreview {
    /// Relative to the workspace.
    pub path: String,
    /// All rows.
    pub rows: u32,
    /// Names of the fields of the first rows, in order.
    pub fields: Vec<String>,
    /// The first rows as JSON objects.
    #[ts(type = "Record<string, unknown>[]")]
    pub sample: Vec<serde_json::Value>,
    /// What checking it found.
    pub diagnostics: Vec<Diagnostic>,
}

/// What launching a campaign would do, before anything is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanPreview {
    /// The checked campaign; absent when the file has errors.
    pub campaign: Option<Campaign>,
    /// Cases after sampling.
    pub cases: u32,
    /// Ids of the first 200 cases, for the matrix.
    pub case_ids: Vec<String>,
    /// One a variant.
    pub variants: Vec<PlanVariant>,
    /// All trials.
    pub trials: u32,
    /// The first trials in the order of starting: case id, variant, repetition from 1.
    pub first_trials: Vec<(String, String, u16)>,
    /// USD for the whole plan; no value when a price is unknown. Tokens are estimated as characters ÷ 4.
    pub cost_usd: Estimate,
    /// Seconds for the whole plan, from earlier runs of these variants or, without any, unknown.
    pub seconds: Estimate,
    /// Calls go to a provider that charges for them.
    pub spends_money: bool,
    /// What would stop it or should be known, each with the mend.
    pub diagnostics: Vec<Diagnostic>,
}

/// A variant in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanVariant {
    /// Its name.
    pub name: String,
    /// The model.
    pub model: String,
    /// Trials.
    pub trials: u32,
    /// USD; `null` when unknown.
    pub cost_usd: Option<f64>,
}
