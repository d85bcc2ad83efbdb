//! What the trials of a run say: a scorecard for each variant, and differences to the baseline.
//!
//! [`compare`] is the whole of it; [`best`] and [`rank`] read a comparison, [`slices`] and [`confusion`] look closer.
//! Nothing here knows files or runs: who pools runs has already given them common indices.

mod best;
mod by_fault;
mod compare;
mod confusion;
mod cost_per_success;
mod difference;
mod distribution;
mod estimate;
mod group;
mod head_to_head;
mod measure;
mod rate;
mod recovery;
mod slices;
mod summarize;
mod verdict;
mod wording;

pub use best::{BestVariant, best, rank};
pub(crate) use best::{aggregated, estimate, trials_with};
pub use by_fault::{FaultCell, FaultName, FaultSlice, by_fault};
pub use compare::compare;
pub use confusion::{LabelPair, confusion};
pub(crate) use estimate::{Notes, counted};
pub use head_to_head::{HeadToHead, head_to_head};
pub use measure::{MeasureSummary, measure};
pub use recovery::{FaultSummary, LabNumbers, SurvivalStep};
pub use slices::slices;
pub use summarize::summarize;
pub(crate) use wording::{amount, significant, value};

use crate::metric::Metric;
use crate::outcome::{Outcome, TimeoutCountsAs};
use crate::stats::Interval;
use crate::trial::TrialKey;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The numbers of one trial, as the analysis needs them. Small, so that a million fit. Runs that are pooled
/// have been given common case and variant indices, and repetitions that don't collide, by the caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialNumbers {
    /// Which trial.
    pub key: TrialKey,
    /// How it ended.
    pub outcome: Outcome,
    /// Weighted mean of the scorers.
    pub score: Option<f64>,
    /// The model's own time, ms.
    pub latency_ms: Option<f64>,
    /// USD.
    pub cost_usd: Option<f64>,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// Both together, where only that is known (other programs' logs); absent: their sum.
    pub total_tokens: Option<u32>,
    /// The latency is artificial.
    pub paced: bool,
    /// Of a fault trial.
    pub lab: Option<LabNumbers>,
}

impl TrialNumbers {
    /// Prompt and completion tokens together.
    pub fn all_tokens(&self) -> Option<f64> {
        let sum = || Some(f64::from(self.input_tokens?) + f64::from(self.output_tokens?));
        self.total_tokens.map(f64::from).or_else(sum)
    }
}

/// What a difference is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The cases stand for others of their kind, so that what varies is the case.
    #[default]
    OthersLikeThem,
    /// Just these cases, such as the faults that two campaigns have in common: what varies is the trial.
    TheseCases,
}

/// What the analysis needs to know besides the trials.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisOptions {
    /// The variants' names, by index.
    pub variants: Vec<String>,
    /// Index of the variant that the others are compared with.
    pub baseline: u16,
    /// Number of cases in the plan.
    pub cases: u32,
    /// Of all intervals, such as 0.95. Values outside 0.5 to 0.9999 are cut to it.
    pub confidence: f64,
    /// The smallest difference of the primary metric that matters.
    pub margin: f64,
    /// The metric that decides.
    pub primary_metric: Metric,
    /// What a time-out means.
    pub timeout_counts_as: TimeoutCountsAs,
    /// Whether every planned trial has ended; no verdict is given before.
    pub complete: bool,
    /// Of the resampling.
    pub seed: u64,
    /// Also compute the intervals that need resampling (slower).
    pub resampling: bool,
    /// What differences are told about.
    pub scope: Scope,
}

/// A number with its uncertainty. `value` and `interval` are absent when they can't be known; `note` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Estimate {
    /// The estimate.
    pub value: Option<f64>,
    /// Its interval at the campaign's confidence.
    pub interval: Option<Interval>,
    /// How many trials or cases it rests on.
    pub n: u32,
    /// The method, such as `Wilson` or `t over case means`.
    pub method: String,
    /// Why something is missing, or a caution, for people.
    pub note: Option<String>,
}

/// The distribution of a metric over a variant's trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Distribution {
    /// Which metric.
    pub metric: Metric,
    /// Trials for which it is known.
    pub n: u32,
    /// Trials that have an answer but not this number (an unknown price, say).
    pub unknown: u32,
    /// Sum over the trials for which it is known.
    pub sum: f64,
    /// Mean over cases, with its t interval.
    pub mean: Estimate,
    /// Median, with its order-statistics interval.
    pub p50: Estimate,
    /// 90th percentile.
    pub p90: Estimate,
    /// 95th percentile.
    pub p95: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// The same percentiles by nearest rank, as system S3 and others define them.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub nearest_rank: Option<NearestRank>,
}

/// Percentiles by nearest rank: the value at index ceil(p·n) − 1, always one of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NearestRank {
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// How many trials ended in an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OutcomeCount {
    /// The outcome.
    pub outcome: Outcome,
    /// How many.
    pub count: u32,
}

/// Everything about one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VariantSummary {
    /// Its index in the run (and its colour).
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// Trials that ended, whatever the outcome.
    pub trials: u32,
    /// Trials that enter the success rate.
    pub usable: u32,
    /// Trials that don't.
    pub unusable: u32,
    /// Cases with at least one usable trial.
    pub cases: u32,
    /// Passes among the usable.
    pub passes: u32,
    /// Count of each outcome that occurred, in the contract's order.
    pub outcomes: Vec<OutcomeCount>,
    /// Success rate.
    pub success_rate: Estimate,
    /// If every unusable trial had failed.
    pub success_rate_worst: Option<f64>,
    /// If every unusable trial had passed.
    pub success_rate_best: Option<f64>,
    /// Score.
    pub score: Distribution,
    /// Latency, over trials that have one.
    pub latency_ms: Distribution,
    /// Cost a trial.
    pub cost_usd: Distribution,
    /// Tokens a trial.
    pub total_tokens: Distribution,
    /// Prompt tokens a trial.
    pub input_tokens: Distribution,
    /// Completion tokens a trial.
    pub output_tokens: Distribution,
    /// Sum of cost ÷ successes.
    pub cost_per_success_usd: Estimate,
    /// Some latencies are artificial.
    pub paced: bool,
    /// Of a fault campaign: times, commands and the survival curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub faults: Option<FaultSummary>,
}

/// What a difference means, once the plan is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Verdict {
    /// The interval of the difference lies on the better side of 0, and p (Holm-adjusted for the primary metric) is
    /// below 1 − confidence. The sentence says so when the difference is smaller than the margin.
    Better,
    /// The same on the worse side.
    Worse,
    /// Neither, and the interval lies within ± margin (for other metrics than the primary: it is 0 everywhere).
    NoDifference,
    /// None of these.
    CannotTell,
    /// The plan is not complete yet.
    StillRunning,
}

/// One variant against the baseline, for one metric, paired by case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Difference {
    /// Which metric.
    pub metric: Metric,
    /// Index of the variant.
    pub variant: u16,
    /// Its name.
    pub name: String,
    /// Index of the baseline.
    pub baseline: u16,
    /// Variant minus baseline, over the cases that both have; `n` counts these cases.
    pub difference: Estimate,
    /// Two-sided p of no difference.
    pub p_value: Option<f64>,
    /// The same after Holm over the variants, for the primary metric.
    pub p_adjusted: Option<f64>,
    /// Cases that only the variant passes (one trial a case).
    pub only_variant_passes: Option<u32>,
    /// Cases that only the baseline passes (one trial a case).
    pub only_baseline_passes: Option<u32>,
    /// What it means.
    pub verdict: Verdict,
    /// The smallest difference that this many cases would probably have shown (80 % power), where it can be told.
    pub detectable: Option<f64>,
    /// The verdict in one plain sentence.
    pub sentence: String,
}

/// Scorecards and differences of a set of trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Comparison {
    /// One a variant, in the run's order.
    pub variants: Vec<VariantSummary>,
    /// For every variant but the baseline, in the run's order: the primary metric first, then those of success rate,
    /// score, latency, cost, tokens and (of fault trials) times and commands that aren't primary.
    pub differences: Vec<Difference>,
    /// The metric that decides.
    pub primary_metric: Metric,
    /// Index of the baseline.
    pub baseline: u16,
    /// Of all intervals.
    pub confidence: f64,
    /// The smallest difference that matters.
    pub margin: f64,
    /// Whether the plan is complete.
    pub complete: bool,
    /// Cautions, such as an unusable share that differs between variants.
    pub warnings: Vec<String>,
}

/// Success of one class or metadata value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Slice {
    /// The class or value.
    pub value: String,
    /// The success rate of each variant, by index.
    pub success_rate: Vec<Estimate>,
}

/// Expected class against answered class, for one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Confusion {
    /// Index of the variant.
    pub variant: u16,
    /// Classes that cases expect, sorted.
    pub expected: Vec<String>,
    /// Classes that answers gave: the expected ones first, then `other` for anything else and `none`.
    pub answered: Vec<String>,
    /// `counts[expected][answered]`.
    pub counts: Vec<Vec<u32>>,
}
