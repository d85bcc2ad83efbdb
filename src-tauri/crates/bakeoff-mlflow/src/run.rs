//! An MLflow run as it is read.

use bakeoff_core::trial::Millis;
use std::collections::BTreeMap;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Not started yet.
    Scheduled,
    /// Going on, or never closed.
    Running,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Failed,
    /// Stopped by somebody.
    Killed,
}

impl RunStatus {
    /// MLflow's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// The status that MLflow's word or number (in `meta.yaml`) means; an unknown one counts as still running.
    pub fn from_name(name: &str) -> Self {
        match name {
            "SCHEDULED" | "2" => Self::Scheduled,
            "FINISHED" | "3" => Self::Finished,
            "FAILED" | "4" => Self::Failed,
            "KILLED" | "5" => Self::Killed,
            _ => Self::Running,
        }
    }

    /// Whether nothing more will come.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Killed)
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// MLflow's id.
    pub run_id: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// How far it is.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// The latest value of each metric. Not a number where MLflow has NaN.
    pub metrics: BTreeMap<String, f64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Run {
    /// A tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    /// A metric's latest value, unless it is infinite (which databases keep as the largest number) or not a number.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.get(key).copied().filter(|value| value.abs() < f64::MAX)
    }
}
