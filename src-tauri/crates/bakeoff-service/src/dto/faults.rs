//! What the trials of fault campaigns say.

use super::LeftOut;
use bakeoff_core::analysis::{Comparison, FaultSlice, HeadToHead, VariantSummary};
use bakeoff_core::lab::CommandClass;
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::Provider;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything that the trials of a campaign or run say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Analysis {
    /// What was analysed, such as `run #12` or `repairs`.
    pub target: String,
    /// The runs behind it.
    pub runs: Vec<u32>,
    /// Runs that were left out, and why.
    pub left_out: Vec<LeftOut>,
    /// Scorecards and differences.
    pub comparison: Comparison,
    /// The same fault by fault; empty for campaigns without faults.
    pub faults: Vec<FaultSlice>,
    /// What the agents ran, one a variant; empty for campaigns without faults.
    pub commands: Vec<CommandSummary>,
    /// What came of asking a model for classes, where that was asked for.
    pub classified: Option<Classified>,
}

/// What came of asking a model for the class of commands that the rules don't know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Classified {
    /// Whose model was asked.
    pub provider: Provider,
    /// The model.
    pub model: String,
    /// Different commands of which it had told the class before.
    pub known: u32,
    /// Different commands that it was asked about now.
    pub asked: u32,
    /// Of these, those of which it told the class.
    pub classified: u32,
    /// Commands that are too long to be asked about.
    pub too_long: u32,
    /// Calls, failed ones included.
    pub calls: u32,
    /// Their tokens.
    pub usage: Usage,
    /// What they cost, USD; `None` when any is unknown.
    pub cost_usd: Option<f64>,
    /// Why not all were asked about.
    pub problem: Option<String>,
}

/// What a variant's agents ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CommandSummary {
    /// Index of the variant.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// Trials that have a result.
    pub trials: u32,
    /// Commands that were run in them.
    pub total: u32,
    /// Different ones.
    pub unique: u32,
    /// Trials in which the same command was run three times within 60 seconds.
    pub thrashing_trials: u32,
    /// How many of the commands are of each class.
    pub classes: Vec<ClassCount>,
    /// Commands of which nobody knows the class: no rule, and no model that was asked. They were counted as risky when they
    /// were run.
    pub unclassified: u32,
    /// Every different command, most frequent first; only where asked for.
    pub commands: Vec<CommandCount>,
}

/// How many commands are of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClassCount {
    /// The class.
    pub class: CommandClass,
    /// How many.
    pub count: u32,
}

/// One of the different commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CommandCount {
    /// The line.
    pub command: String,
    /// How often it was run.
    pub count: u32,
    /// In how many trials.
    pub trials: u32,
    /// What it does; absent: nobody knows.
    pub class: Option<CommandClass>,
    /// Who says so.
    pub classified_by: Option<ClassifiedBy>,
    /// Why, in a model's words.
    pub reason: Option<String>,
}

/// Who says what class a command is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ClassifiedBy {
    /// The rules, by its words.
    Rules,
    /// A model of this name.
    Model(String),
}

/// Two campaigns or runs against each other, or agents against nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Duels {
    /// One for each pair of variants that can be compared.
    pub duels: Vec<Duel>,
    /// Faults that only one side has, and other things left out.
    pub cautions: Vec<String>,
}

/// One side of a duel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Side {
    /// As it is called in sentences: `#3 runbook`.
    pub label: String,
    /// The variant's name.
    pub variant: String,
    /// The runs behind it.
    pub runs: Vec<u32>,
    /// Their campaigns.
    pub campaigns: Vec<String>,
}

/// Two variants of two campaigns, or of one, on the faults that both were tried on. Differences are B − A.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Duel {
    /// Variant 0 of the comparison: the baseline.
    pub a: Side,
    /// Variant 1.
    pub b: Side,
    /// Scorecards of both, and the differences B − A.
    pub comparison: Comparison,
    /// The same fault by fault.
    pub faults: Vec<FaultSlice>,
    /// Which of them is better, if an interval supports it.
    pub verdict: HeadToHead,
}

/// Variants beside each other on one fault, over all campaigns that tried it; without a winner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Scorecard {
    /// The subject.
    pub subject: String,
    /// The fault as it was asked for.
    pub fault: String,
    /// The runs behind it.
    pub runs: Vec<u32>,
    /// Runs that were left out, and why.
    pub left_out: Vec<LeftOut>,
    /// Sorted by name.
    pub variants: Vec<VariantSummary>,
    /// What a reader must know before trusting the numbers.
    pub cautions: Vec<String>,
}
