//! Files of Operator: what was taken out of them, and what was written.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What became of one campaign of an `eval.db`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CampaignImport {
    /// It is a run now.
    Imported,
    /// It was one before, with the same trials; nothing was done.
    AlreadyImported,
    /// It was one before, and the file has changed since; nothing was done.
    Changed,
    /// A part of it can't be read, so that none of it was taken.
    LeftOut,
}

/// One campaign of an `eval.db`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportedCampaign {
    /// Its number in the file.
    #[ts(type = "number")]
    pub campaign: i64,
    /// Its subject, as the file has it.
    pub subject: String,
    /// Its faults, as the file has them.
    pub faults: String,
    /// Its variant, as the file has it.
    pub variant: Option<String>,
    /// Trials in the file.
    pub trials: u32,
    /// What became of it.
    pub state: CampaignImport,
    /// The run that it is.
    pub run: Option<u32>,
    /// What a person should know: why it was left out, or what the file does not have.
    pub notes: Vec<String>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvalImport {
    /// The file.
    pub file: String,
    /// Every campaign that could be read, in the file's order.
    pub campaigns: Vec<ImportedCampaign>,
    /// What belongs to no campaign that could be read: file, table, row and what is wrong.
    pub problems: Vec<String>,
}

impl EvalImport {
    /// Whether everything in the file is here now.
    pub fn is_whole(&self) -> bool {
        let is_here = |one: &ImportedCampaign| {
            matches!(one.state, CampaignImport::Imported | CampaignImport::AlreadyImported)
        };
        self.problems.is_empty() && self.campaigns.iter().all(is_here)
    }
}

/// What was written into an `eval.db`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvalExport {
    /// The file.
    pub written: String,
    /// Campaigns: one for each variant on each subject and fault.
    pub campaigns: u32,
    /// Trials.
    pub trials: u32,
    /// Trials without a result, for which such a file has no place.
    pub left_out: u32,
}
