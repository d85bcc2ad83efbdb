//! The scorecard of each variant.

use super::TrialNumbers;
use super::cost_per_success::Spending;
use super::distribution::distribution;
use super::estimate::counted;
use super::group::{Column, Grouped};
use super::rate::rate;
use super::{AnalysisOptions, Distribution, OutcomeCount, VariantSummary};
use crate::metric::Metric;
use crate::outcome::{Outcome, success};

/// The metrics that every answer has, in the order of a scorecard.
pub(super) const NUMERIC: [Metric; 6] = [
    Metric::Score,
    Metric::LatencyMs,
    Metric::CostUsd,
    Metric::TotalTokens,
    Metric::InputTokens,
    Metric::OutputTokens,
];

/// How a variant's trials ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Endings {
    counts: [u32; Outcome::ALL.len()],
    paced: bool,
}

impl Endings {
    fn of(self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    /// Trials that ended.
    pub(super) fn trials(self) -> u32 {
        self.counts.iter().sum()
    }

    /// Trials that enter the success rate.
    pub(super) fn usable(self, options: &AnalysisOptions) -> u32 {
        let usable = |outcome: &Outcome| success(*outcome, options.timeout_counts_as).is_some();
        Outcome::ALL.into_iter().filter(usable).map(|outcome| self.of(outcome)).sum()
    }
}

/// Counts the outcomes of each variant.
pub(super) fn endings(grouped: &Grouped) -> Vec<Endings> {
    (0..grouped.variants())
        .map(|variant| {
            let mut endings = Endings { paced: grouped.paced[variant], ..Endings::default() };
            for outcome in grouped.outcomes(variant) {
                endings.counts[*outcome as usize] += 1;
            }
            endings
        })
        .collect()
}

/// The scorecard of each variant, without differences.
pub fn summarize(trials: &[TrialNumbers], options: &AnalysisOptions) -> Vec<VariantSummary> {
    super::compare(trials, options).variants
}

/// What a variant's scorecard is made of.
pub(super) struct Parts<'a> {
    pub(super) endings: Endings,
    pub(super) success: &'a Column,
    /// In the order of [`NUMERIC`].
    pub(super) distributions: [Distribution; NUMERIC.len()],
    pub(super) spending: &'a Spending,
}

/// Puts a scorecard together.
pub(super) fn scorecard(variant: usize, parts: Parts<'_>, options: &AnalysisOptions) -> VariantSummary {
    let Parts { endings, success, distributions, spending } = parts;
    let (trials, usable) = (endings.trials(), endings.usable(options));
    let passes = endings.of(Outcome::Pass);
    let share = |count: u32| (trials > 0).then(|| f64::from(count) / f64::from(trials));
    let [score, latency_ms, cost_usd, total_tokens, input_tokens, output_tokens] = distributions;
    VariantSummary {
        variant: variant as u16,
        name: options.variants[variant].clone(),
        trials,
        usable,
        unusable: trials - usable,
        cases: success.cases.iter().filter(|total| total.count > 0).count() as u32,
        passes,
        outcomes: Outcome::ALL
            .into_iter()
            .map(|outcome| OutcomeCount { outcome, count: endings.of(outcome) })
            .filter(|counted| counted.count > 0)
            .collect(),
        success_rate: rate(&success.cases, options.confidence),
        success_rate_worst: share(passes),
        success_rate_best: share(passes + (trials - usable)),
        score,
        latency_ms,
        cost_usd,
        total_tokens,
        input_tokens,
        output_tokens,
        cost_per_success_usd: spending.estimate(options),
        paced: endings.paced,
        faults: None,
    }
}

/// The distribution of a metric, with the cautions that hold for it.
pub(super) fn describe(metric: Metric, column: Column, endings: Endings, confidence: f64) -> Distribution {
    let mut notes = Vec::new();
    let timeouts = endings.of(Outcome::Timeout);
    if timeouts > 0 {
        notes.push(match metric {
            Metric::LatencyMs if timeouts == 1 => {
                "1 time-out is not in these numbers; it took longer".to_owned()
            }
            Metric::LatencyMs => format!("{timeouts} time-outs are not in these numbers; they took longer"),
            _ => format!("without {}", counted(timeouts, "time-out")),
        });
    }
    if metric == Metric::LatencyMs && endings.paced {
        notes.push("paced: this latency is artificial".to_owned());
    }
    if column.unknown > 0 {
        notes.push(format!("unknown for {}", counted(column.unknown, "answered trial")));
    }
    let missing = if column.unknown == 0 {
        "no answered trial".to_owned()
    } else {
        match metric {
            Metric::CostUsd => {
                "the price or the tokens are unknown; set the model's price in Settings".to_owned()
            }
            Metric::Score => "no answer was judged".to_owned(),
            Metric::LatencyMs => "no latency was measured".to_owned(),
            _ => "the provider did not report tokens".to_owned(),
        }
    };
    distribution(metric, column, &notes, &missing, confidence)
}
