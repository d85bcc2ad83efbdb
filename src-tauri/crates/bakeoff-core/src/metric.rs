//! The metrics of the contract: their names, units and which way is better.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A metric that every trial or variant has.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Metric {
    /// Share of usable trials that passed.
    #[serde(alias = "success")]
    SuccessRate,
    /// Weighted mean of the scorers, 0 to 1.
    #[serde(alias = "score_mean")]
    Score,
    /// The model's own time, milliseconds, without retry waiting.
    #[serde(alias = "latency", alias = "duration_ms")]
    LatencyMs,
    /// USD a trial.
    #[serde(alias = "cost")]
    CostUsd,
    /// Tokens a trial.
    #[serde(alias = "tokens")]
    TotalTokens,
    /// Prompt tokens a trial.
    InputTokens,
    /// Completion tokens a trial.
    OutputTokens,
    /// Sum of cost ÷ number of successes.
    CostPerSuccessUsd,
    /// Of fault trials: seconds from the symptom to the ticket.
    #[serde(alias = "ttd")]
    DetectS,
    /// Of fault trials: seconds from the fault to the restored system, restricted to the time that was watched.
    #[serde(alias = "ttr")]
    RestoreS,
    /// Of fault trials: commands that the agent ran.
    Commands,
    /// Of fault trials: commands that may lose data or members.
    Destructive,
}

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// Which aggregate of a metric is meant; no suffix means the mean (or the rate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Aggregate {
    /// Mean, or the rate itself.
    Avg,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl Aggregate {
    const NAMES: [(&'static str, Aggregate); 7] = [
        ("avg", Aggregate::Avg),
        ("min", Aggregate::Min),
        ("max", Aggregate::Max),
        ("p50", Aggregate::P50),
        ("p90", Aggregate::P90),
        ("p95", Aggregate::P95),
        ("p99", Aggregate::P99),
    ];

    /// The readings of a name as an aggregate of something, by suffix or prefix: `cost_p95`, `avg_cost`.
    pub fn split(text: &str) -> impl Iterator<Item = (&str, Aggregate)> {
        Self::NAMES.into_iter().filter_map(move |(name, aggregate)| {
            let rest = text
                .strip_suffix(name)
                .and_then(|rest| rest.strip_suffix('_'))
                .or_else(|| text.strip_prefix(name).and_then(|rest| rest.strip_prefix('_')))?;
            Some((rest, aggregate))
        })
    }
}

impl Metric {
    /// Every metric, in the order of the contract.
    pub const ALL: [Metric; 12] = [
        Metric::SuccessRate,
        Metric::Score,
        Metric::LatencyMs,
        Metric::CostUsd,
        Metric::TotalTokens,
        Metric::InputTokens,
        Metric::OutputTokens,
        Metric::CostPerSuccessUsd,
        Metric::DetectS,
        Metric::RestoreS,
        Metric::Commands,
        Metric::Destructive,
    ];

    /// The identifier in files and `--json`.
    pub fn id(self) -> &'static str {
        match self {
            Metric::SuccessRate => "success_rate",
            Metric::Score => "score",
            Metric::LatencyMs => "latency_ms",
            Metric::CostUsd => "cost_usd",
            Metric::TotalTokens => "total_tokens",
            Metric::InputTokens => "input_tokens",
            Metric::OutputTokens => "output_tokens",
            Metric::CostPerSuccessUsd => "cost_per_success_usd",
            Metric::DetectS => "detect_s",
            Metric::RestoreS => "restore_s",
            Metric::Commands => "commands",
            Metric::Destructive => "destructive",
        }
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Metric::SuccessRate => "Success rate",
            Metric::Score => "Score",
            Metric::LatencyMs => "Latency",
            Metric::CostUsd => "Cost",
            Metric::TotalTokens => "Tokens",
            Metric::InputTokens => "Input tokens",
            Metric::OutputTokens => "Output tokens",
            Metric::CostPerSuccessUsd => "Cost per success",
            Metric::DetectS => "Time to detect",
            Metric::RestoreS => "Time to restore",
            Metric::Commands => "Commands",
            Metric::Destructive => "Destructive commands",
        }
    }

    /// Which way is better.
    pub fn better(self) -> Better {
        match self {
            Metric::SuccessRate | Metric::Score => Better::Higher,
            _ => Better::Lower,
        }
    }

    /// Whether only trials of fault campaigns have it.
    pub fn is_of_faults(self) -> bool {
        matches!(self, Metric::DetectS | Metric::RestoreS | Metric::Commands | Metric::Destructive)
    }

    /// The other names that the contract accepts for this metric.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Metric::SuccessRate => &["success"],
            Metric::Score => &["score_mean"],
            Metric::LatencyMs => &["latency", "duration_ms"],
            Metric::CostUsd => &["cost"],
            Metric::TotalTokens => &["tokens"],
            Metric::DetectS => &["ttd"],
            Metric::RestoreS => &["ttr"],
            _ => &[],
        }
    }

    /// The metric with this identifier or alias.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.id() == id || metric.aliases().contains(&id))
    }

    /// Reads a metric with an optional aggregate: `latency_ms_p95`, `avg_cost_usd`, `success`.
    pub fn parse(text: &str) -> Option<(Self, Aggregate)> {
        if let Some(metric) = Self::from_id(text) {
            return Some((metric, Aggregate::Avg));
        }
        Aggregate::split(text).find_map(|(rest, aggregate)| Some((Self::from_id(rest)?, aggregate)))
    }
}
