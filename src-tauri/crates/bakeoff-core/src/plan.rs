//! The plan: every trial of a campaign, in the order in which they are started.

use crate::trial::TrialKey;

/// All trials of a run. Cases and variants are indices; 8 bytes a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order of starting: the cases shuffled by the seed, and within a case its trials shuffled too, so that
    /// the variants are interleaved and a slow drift of the provider meets them all alike.
    pub trials: Vec<TrialKey>,
}
