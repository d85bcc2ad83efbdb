//! What the answers of a triage test say: a summary for each variant, and how far the variants agree.

use super::TriageAnswer;
use crate::analysis::Estimate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What one variant said of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct TriageTrial {
    /// The item's place in the run.
    pub item: u32,
    /// The variant's place in the run.
    pub variant: u16,
    /// Its answer; `None`: an error of any kind.
    pub answer: Option<TriageAnswer>,
    /// Prompt tokens.
    pub input_tokens: Option<u32>,
    /// Completion tokens.
    pub output_tokens: Option<u32>,
    /// The model's own time, ms.
    pub latency_ms: Option<f64>,
    /// USD.
    pub cost_usd: Option<f64>,
}

/// One variant over all items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageSummary {
    /// The variant's name.
    pub variant: String,
    /// Items with a result, errors included.
    pub items: u32,
    /// Items without a usable answer.
    pub errors: u32,
    /// Mean of the scores, 0 to 100.
    pub score: Estimate,
    /// Share of relevant items among the answered.
    pub relevant: Estimate,
    /// Share of novel items among the answered.
    pub novel: Estimate,
    /// Share of items worth a long summary among the answered.
    pub deep: Estimate,
    /// Share of errors among all results.
    pub error_rate: Estimate,
    /// Mean tokens a call, prompt and completion together.
    pub tokens: Estimate,
    /// Sum of the tokens, as far as known.
    #[ts(type = "number")]
    pub tokens_sum: u64,
    /// Mean latency, ms.
    pub latency_ms: Estimate,
    /// Mean cost of an item, USD.
    pub cost_usd: Estimate,
    /// Sum of the cost, USD; `None` when any is unknown.
    pub cost_sum_usd: Option<f64>,
}

/// How far the variants agree.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriageAgreement {
    /// Each pair of variants, in order.
    pub pairs: Vec<PairAgreement>,
    /// Krippendorff's alpha of relevance over all variants (nominal).
    pub alpha_relevant: Option<Estimate>,
    /// Krippendorff's alpha of the scores over all variants (interval).
    pub alpha_score: Option<Estimate>,
}

/// Two variants over the items that both have answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PairAgreement {
    /// The first variant's place.
    pub first: u16,
    /// The second variant's place.
    pub second: u16,
    /// Share of items about whose relevance they agree.
    pub relevant: Estimate,
    /// Cohen's kappa of relevance.
    pub kappa: Estimate,
    /// Spearman's rank correlation of the scores.
    pub rank_correlation: Estimate,
    /// Mean of second minus first score.
    pub score_difference: Estimate,
}
