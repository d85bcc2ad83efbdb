//! The trials of a fault campaign fault by fault: what every variant did about each.

use super::compare::compare;
use super::{AnalysisOptions, Estimate, OutcomeCount, Scope, TrialNumbers, VariantSummary};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One fault of one subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultName {
    /// The subject's name.
    pub subject: String,
    /// The fault with the parameters that are not at their defaults, such as `latency(min_ms=200, max_ms=400)`.
    pub fault: String,
}

/// One row of the per-fault table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultSlice {
    /// Which fault, to what.
    pub name: FaultName,
    /// One a variant, in the comparison's order.
    pub cells: Vec<FaultCell>,
    /// What a reader must know before trusting the row.
    pub warnings: Vec<String>,
}

/// What one variant did about one fault. Intervals are over its trials: they are about this fault only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultCell {
    /// Index of the variant.
    pub variant: u16,
    /// Trials that ended, whatever the outcome.
    pub trials: u32,
    /// Trials that don't enter the success rate.
    pub unusable: u32,
    /// Passes.
    pub passes: u32,
    /// Count of each outcome that occurred.
    pub outcomes: Vec<OutcomeCount>,
    /// Success rate.
    pub success_rate: Estimate,
    /// The share of systems that were restored in time; absent for a control.
    pub restored_share: Option<Estimate>,
    /// Mean seconds to the ticket.
    pub detect_s: Option<Estimate>,
    /// Mean seconds to the restored system, restricted to the time that was watched.
    pub restore_s: Option<Estimate>,
    /// Commands a trial.
    pub commands: Option<Estimate>,
    /// Destructive commands a trial.
    pub destructive: Option<Estimate>,
}

/// The table. `name_of[case]` is the fault of each case; several cases of the same name are taken together. Rows are in
/// the order of the cases; faults without any trial are left out.
pub fn by_fault(
    trials: &[TrialNumbers],
    name_of: &[FaultName],
    options: &AnalysisOptions,
) -> Vec<FaultSlice> {
    let mut names: Vec<&FaultName> = Vec::new();
    for name in name_of {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of_name = |name: &FaultName| -> Vec<TrialNumbers> {
        let is_of = |trial: &&TrialNumbers| name_of.get(trial.key.case as usize) == Some(name);
        trials.iter().filter(is_of).copied().collect()
    };
    let row = |name: &FaultName| {
        let trials = of_name(name);
        (!trials.is_empty()).then(|| {
            // The whole campaign's cautions stand beside its scorecard.
            let options = AnalysisOptions { resampling: false, scope: Scope::TheseCases, ..options.clone() };
            let comparison = compare(&trials, &options);
            FaultSlice {
                name: name.clone(),
                cells: comparison.variants.into_iter().map(cell).collect(),
                warnings: comparison.warnings,
            }
        })
    };
    names.into_iter().filter_map(row).collect()
}

fn cell(summary: VariantSummary) -> FaultCell {
    let (restored_share, times) = match summary.faults {
        Some(faults) => (
            Some(faults.restored_share),
            [faults.detect_s, faults.restore_s, faults.commands, faults.destructive].map(|of| Some(of.mean)),
        ),
        None => (None, [const { None }; 4]),
    };
    let [detect_s, restore_s, commands, destructive] = times;
    FaultCell {
        variant: summary.variant,
        trials: summary.trials,
        unusable: summary.unusable,
        passes: summary.passes,
        outcomes: summary.outcomes,
        success_rate: summary.success_rate,
        restored_share,
        detect_s,
        restore_s,
        commands,
        destructive,
    }
}
